"""The e-mails: every text for everybody it goes to, several in one, and names that are never more than names."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest
from jinja2 import UndefinedError

from agreements.actions import Notice, Role
from agreements.case import RequirementKind
from agreements.documents import Language
from config.policy_files import TEMPLATES
from integrations.letters import Letter, Links, Message, mail_key, write_letter
from tests.agreements.factories import NUMBER
from tests.agreements.rows import ROWS

ROOT = Path(__file__).parents[1]
LINKS = Links("https://sandvik.sharepoint.com/sites/hjemmekontor")
REFUSED = Notice("upload_refused", Role.EMPLOYEE, detail="Filen er større enn 25 MB.")
OF_OTHER_POLICIES = (
    Notice("rejected_abroad", Role.EMPLOYEE),
    Notice("rejected_attendance_day", Role.EMPLOYEE, detail="onsdag"),
    *(Notice("change_rejected_attendance_day", role, detail="onsdag") for role in (Role.EMPLOYEE, Role.MANAGER)),
    Notice("documentation_escalation_hr", Role.HR, date(2026, 4, 9)),
    Notice("change_escalation", Role.HR, date(2026, 4, 9), "3 dager i uken fra 1. april 2026"),
    Notice("imposed_shortened", Role.EMPLOYEE, detail="31. mars 2026"),
)
"""The rows are of one policy; these come about under others."""
BY_TEXT_AND_ROLE = {
    (notice.template, notice.to): notice
    for notice in (
        REFUSED,
        *OF_OTHER_POLICIES,
        *(notice for row in ROWS for outcome in row.outcomes for notice in outcome.notices),
    )
}
ABOUT_NO_CASE = {"scheme_report"}
"""Told to HR of the scheme as a whole; written where the report is filed."""
NOTICES = [BY_TEXT_AND_ROLE[pair] for pair in sorted(BY_TEXT_AND_ROLE)]
FACTS = ("case_number", "employee_name", "days_per_week", "start_on", "end_on", "missing", "detail")
LANGUAGES = get_args(Language)
NASTY = "<script>alert('Å')</script> & {{ links }} {% include 'mail.html' %}"


class Reader(HTMLParser):
    """What a mail program shows of a letter: its text, its links, and which elements there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.elements: set[str] = set()
        self._text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self._text).split())


def message(notice: Notice, key: str = "k1", **facts: Any) -> Message:  # noqa: ANN401 - whatever a text needs
    ordinary = {
        "case_number": NUMBER,
        "employee_name": "Åse Regnglimt",
        "days_per_week": 2.0,
        "start_on": date(2026, 4, 1),
        "end_on": date(2027, 3, 31),
        "assessment_measures": None,
        "evaluation_months": 6,
        "discussed_on": date(2026, 3, 2),
        "to_manager": notice.to is Role.MANAGER,
        "extra_when": ["oppgavene"],
        "assessed_by": "personalenheten",
        "imposed_packages": [],
        "lent_equipment": ["Skjerm 27 tommer", "Hev- og senkbart bord"],
        "detail": notice.detail,
        "missing": {str(kind) for kind in RequirementKind},
    }
    return Message(key, notice.template, notice.reply_by, {**ordinary, **facts})


def letter(*messages: Message, given_name: str | None = "Åse", language: Language = "nb") -> Letter:
    return write_letter(messages, given_name, language, "Sandvik kommune", LINKS)


def source_of(template: str) -> str:
    """A text with what it includes."""
    source = (TEMPLATES / "nb" / f"{template}.html").read_text(encoding="utf-8")
    return source + "".join(source_of(name) for name in re.findall(r'include "(\w+)\.html"', source))


def noticed_in_source() -> Iterator[tuple[str, str]]:
    """Every `Notice("template", Role.SOMEBODY, ...)` in the code."""
    for file in [*(ROOT / "agreements").rglob("*.py"), *(ROOT / "tasks").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Notice":
                yield ast.unparse(node.args[0]).strip("'"), ast.unparse(node.args[1])


def test_the_rules_were_asked_for_all_their_notices() -> None:
    tried = {(notice.template, f"Role.{notice.to.name}") for notice in NOTICES}
    # Helpers are given the name of the text: their callers have rows of their own.
    noticed = {pair for pair in noticed_in_source() if pair[0].isidentifier() and pair[0] != "template"}
    to_either = {template for template, role in noticed if not role.startswith("Role.")}
    assert {pair for pair in noticed if pair[0] not in to_either} <= tried
    assert {(template, role) for template in to_either for role in ("Role.EMPLOYEE", "Role.MANAGER")} <= tried
    assert {template for template, _ in tried} == {
        file.stem for file in (TEMPLATES / "nb").glob("*.html") if file.stem != "mail" and not file.stem.startswith("_")
    } - ABOUT_NO_CASE


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.template}-{notice.to}")
def test_every_text_for_everybody_it_goes_to(notice: Notice, language: Language) -> None:
    written = letter(message(notice), language=language)
    shown = Reader(written.html)
    assert NUMBER in written.subject
    assert written.subject == " ".join(written.subject.split())
    assert not set("<{") & set(written.subject)
    assert shown.text.startswith(f"{written.subject} Hei Åse,")
    assert "Sandvik kommune, HR" in shown.text
    assert "None" not in shown.text
    assert "{" not in shown.text
    assert notice.detail is None or notice.detail in shown.text
    assert all(link.startswith(LINKS.site) for link in shown.links)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.template}-{notice.to}")
def test_there_is_one_form_at_most_and_the_folder_is_where_files_are(notice: Notice) -> None:
    """One link to act on. A folder beside it is there to read, or the photo's own step of two.

    The agreement that is ready asks nothing: it leads to what either party may want one day.
    """
    links = Reader(letter(message(notice)).html).links
    forms = [link for link in links if "/Lists/" in link]
    folders = [link for link in links if link.startswith(f"{LINKS.site}/Hjemmekontor/")]
    assert len(forms) <= (2 if notice.template == "agreement_active" else 1)
    assert len(folders) <= 1
    assert len(links) == len(forms) + len(folders)


INFORMED_ABOUT_ANOTHERS_DEADLINE = {
    ("documentation_escalation", Role.MANAGER),
    ("documentation_escalation_hr", Role.HR),
    ("evaluation_escalation", Role.HR),
    ("change_escalation", Role.HR),
}


@pytest.mark.parametrize(
    "notice",
    [notice for notice in NOTICES if notice.reply_by is not None],
    ids=lambda notice: f"{notice.template}-{notice.to}",
)
def test_what_is_asked_says_by_when_and_where(notice: Notice) -> None:
    """Whoever has to see to it that another answers has nothing to fill in."""
    written = letter(message(notice))
    assert notice.reply_by is not None
    assert f"{notice.reply_by.day}. " in written.subject
    assert str(notice.reply_by.year) in written.subject
    answers_here = any("/Lists/" in link for link in Reader(written.html).links)
    assert answers_here == ((notice.template, notice.to) not in INFORMED_ABOUT_ANOTHERS_DEADLINE)


def test_equipment_on_loan_is_in_the_subject() -> None:
    left = Notice("left", Role.MANAGER)
    assert letter(message(left)).subject.startswith("Få tilbake lånt utstyr: Åse Regnglimt har sluttet")
    assert letter(message(left, lent_equipment=[])).subject.startswith("Åse Regnglimt har sluttet")


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.template}-{notice.to}")
def test_a_text_never_guesses_what_it_is_not_told(notice: Notice, name: str) -> None:
    """A fact that a text speaks of has to be there; any other makes no difference."""
    whole = message(notice)
    facts = {known: value for known, value in whole.facts.items() if known != name}
    less = Message(whole.key, whole.template, whole.reply_by, facts)
    if name in source_of(notice.template):
        with pytest.raises((UndefinedError, TypeError)):
            letter(less)
    else:
        assert letter(less) == letter(whole)


def ask(case_number: str = NUMBER, reply_by: date = date(2026, 4, 9), **facts: Any) -> Message:  # noqa: ANN401 - same
    notice = Notice("assessment_ask", Role.MANAGER, reply_by)
    return message(notice, key=f"{case_number}/ask", case_number=case_number, **facts)


def test_one_message_keeps_its_own_subject() -> None:
    written = letter(ask())
    assert written.subject == f"Vurder hjemmekontor for Åse Regnglimt innen 9. april 2026 ({NUMBER})"
    assert "h2" not in Reader(written.html).elements


def test_several_messages_are_one_digest() -> None:
    over = message(Notice("expired", Role.MANAGER), key="k2", case_number="HK-2026-00007")
    written = letter(ask(), ask("HK-2026-00043", date(2026, 4, 7)), over)
    shown = Reader(written.html)
    assert written.subject == "3 meldinger om hjemmekontor, første frist 7. april 2026"
    positions = [shown.text.index(f"({number})") for number in (NUMBER, "HK-2026-00043", "HK-2026-00007")]
    assert positions == sorted(positions)
    assert shown.text.count("Hei Åse") == 1
    assert f"{LINKS.site}/Lists/Vurderinger/NewForm.aspx?Saksnummer=HK-2026-00043" in shown.links


def test_a_digest_without_deadlines_names_none() -> None:
    over = [message(Notice("expired", Role.MANAGER), key=key) for key in ("k1", "k2")]
    assert letter(*over).subject == "2 meldinger om hjemmekontor"


def test_nobody_in_particular_is_greeted_without_a_name() -> None:
    assert "Hei," in Reader(letter(ask(), given_name=None).html).text


@pytest.mark.parametrize("several", [False, True], ids=["one", "digest"])
def test_a_name_with_markup_stays_a_name(several: bool) -> None:  # noqa: FBT001 - a parameter of the test
    messages = [ask(employee_name=NASTY), ask("HK-2026-00043", employee_name=NASTY)]
    written = letter(*messages[: 2 if several else 1], given_name=NASTY)
    shown = Reader(written.html)
    assert shown.text.count(NASTY) >= 3
    assert "script" not in shown.elements
    assert several or NASTY in written.subject
    assert written.text.count(NASTY) >= 2
    assert "&" not in written.text.replace(NASTY, "")


def test_a_line_break_in_a_name_breaks_no_subject() -> None:
    written = letter(ask(employee_name="Åse\r\nBcc: alle@example.no"))
    assert "\n" not in written.subject
    assert "\r" not in written.subject


@pytest.mark.parametrize(
    ("template", "fact"),
    [
        ("agreement_active", "assessment_measures"),
        ("upload_refused", "detail"),
        ("withdrawn", "employee_name"),
    ],
)
def test_free_text_reaches_nothing(template: str, fact: str) -> None:
    """A text is data: what looks like a template in it is shown, never run."""
    hostile = "{{ ''.__class__.__mro__ }} <img src=x onerror=y>"
    shown = Reader(letter(message(Notice(template, Role.EMPLOYEE), **{fact: hostile})).html)
    assert hostile in shown.text
    assert "img" not in shown.elements


@pytest.mark.parametrize(
    ("missing", "folder", "forms"),
    [
        pytest.param({"photo", "answers", "signed_agreement"}, True, ["Svar"], id="everything"),
        pytest.param({"photo"}, True, [], id="photo"),
        pytest.param({"answers"}, False, ["Svar"], id="answers"),
        pytest.param({"signed_agreement"}, False, ["Aksept"], id="agreement"),
    ],
)
@pytest.mark.parametrize("template", ["documentation_ask", "documentation_reminder", "documentation_again"])
def test_only_what_is_missing_is_asked_for(template: str, missing: set[str], folder: bool, forms: list[str]) -> None:  # noqa: FBT001 - parameters of the test
    notice = Notice(template, Role.EMPLOYEE, date(2026, 4, 9))
    links = Reader(letter(message(notice, missing=missing)).html).links
    assert (LINKS.folder("Hjemmekontor", NUMBER) in links) == folder
    assert [link for link in links if "/Lists/" in link] == [LINKS.form(form, NUMBER) for form in forms]
    assert len(links) == folder + len(forms)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("nb", "Rapporten om ordningen med hjemmekontor er klar"),
        ("nn", "Rapporten om ordninga med heimekontor er klar"),
    ],
)
def test_hr_is_led_to_the_report(language: Language, subject: str) -> None:
    path = "Evaluering av ordningen/Rapport & tall #1 2027-01-16.pdf"
    written = letter(Message("k1", "scheme_report", None, {"detail": path}), given_name=None, language=language)
    shown = Reader(written.html)
    assert written.subject == subject
    assert shown.links == [
        f"{LINKS.site}/Rapporter/Evaluering%20av%20ordningen/Rapport%20%26%20tall%20%231%202027-01-16.pdf"
    ]
    assert "Rapport & tall #1 2027-01-16.pdf" in shown.text


def test_links() -> None:
    assert LINKS.folder("Hjemmekontor", NUMBER) == f"{LINKS.site}/Hjemmekontor/{NUMBER}"
    assert LINKS.form("Soknader") == f"{LINKS.site}/Lists/Soknader/NewForm.aspx"
    assert LINKS.form("Svar", NUMBER) == f"{LINKS.site}/Lists/Svar/NewForm.aspx?Saksnummer={NUMBER}"


@pytest.mark.parametrize(
    ("days_per_week", "words"),
    [(0.5, "0,5 dager"), (1.0, "1 dag"), (1.5, "1,5 dager"), (2.0, "2 dager"), (2.5, "2,5 dager"), (5.0, "5 dager")],
)
def test_days_in_norwegian(days_per_week: float, words: str) -> None:
    asked = ask(days_per_week=days_per_week)
    assert f" hjemmefra {words} i uken " in Reader(letter(asked).html).text
    assert f" heimanfrå {words.replace('dager', 'dagar')} i veka " in letter(asked, language="nn").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.template}-{notice.to}")
def test_one_day_is_in_the_singular_in_every_text(notice: Notice, language: Language) -> None:
    shown = Reader(letter(message(notice, days_per_week=1.0), language=language).html).text
    assert not re.search(r"\b1 dag[ae]r|\bdag dag[ae]r", shown)


def test_the_manager_is_not_promised_what_the_policy_may_not_require() -> None:
    shown = Reader(letter(ask()).html).text
    assert "har levert dokumentasjonen" in shown
    assert not re.search("bilde|foto", shown, re.IGNORECASE)


def test_measures_are_named_when_there_are_any() -> None:
    active = Notice("agreement_active", Role.EMPLOYEE)
    assert "tiltakene" not in Reader(letter(message(active)).html).text
    assert "Ny lampe" in Reader(letter(message(active, assessment_measures="Ny lampe")).html).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agreement_shorter_than_the_cadence_is_not_said_to_be_evaluated(language: Language) -> None:
    active, start_on = Notice("agreement_active", Role.EMPLOYEE), date(2026, 4, 1)
    said = [
        Reader(letter(message(active, start_on=start_on, end_on=end_on), language=language).html).text
        for end_on in (date(2026, 9, 30), date(2026, 10, 1))
    ]
    assert ["evaluerer" in text for text in said] == [False, True]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agreement_that_is_ready_leads_to_the_forms_that_change_and_end_it(language: Language) -> None:
    links = Reader(letter(message(Notice("agreement_active", Role.MANAGER)), language=language).html).links
    assert links == [LINKS.form("Endringer", NUMBER), LINKS.form("Oppsigelser", NUMBER)]


@pytest.mark.parametrize("template", ["withdrawn", "lapsed", "expired", "terminated"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_over_says_whose_it_was_in_its_heading(template: str, language: Language) -> None:
    assert " for Åse Regnglimt " in letter(message(Notice(template, Role.MANAGER)), language=language).subject


@pytest.mark.parametrize("template", ["change_ask", "change_reminder"])
def test_a_proposal_says_who_proposed_it(template: str) -> None:
    detail = "3 dager i uken fra 1. april 2026"
    to_manager, to_employee = (
        Reader(letter(message(Notice(template, role, date(2026, 4, 9), detail))).html).text
        for role in (Role.MANAGER, Role.EMPLOYEE)
    )
    assert re.search("Åse Regnglimt (har foreslått|om) å endre avtalen|forslaget fra Åse Regnglimt", to_manager)
    assert re.search("[Ll]ederen din (har foreslått|om) å endre avtalen din", to_employee)


def test_the_key_of_a_mail() -> None:
    key = mail_key(date(2026, 4, 7), "ase@example.no", ["b", "a"])
    assert key == mail_key(date(2026, 4, 7), "ase@example.no", ["a", "b"])
    others = {
        mail_key(date(2026, 4, 8), "ase@example.no", ["a", "b"]),
        mail_key(date(2026, 4, 7), "bo@example.no", ["a", "b"]),
        mail_key(date(2026, 4, 7), "ase@example.no", ["a"]),
    }
    assert key not in others
    assert len(others) == 3
    assert key.startswith("mail/2026-04-07/")
