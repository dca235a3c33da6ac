"""The words of the documents: agreement, evaluation record, end note, and what the files are called."""

import dataclasses
from datetime import date
from typing import get_args

import pytest
from msgspec.structs import replace

from agreements.case import (
    Change,
    ChangeOutcome,
    EndReason,
    EvaluationOutcome,
    FilingKind,
    Requirement,
    RequirementKind,
    State,
)
from agreements.documents import Answer, Clause, Confirmation, Language, Term
from agreements.paperwork import (
    People,
    agreed_on,
    agreement,
    end_note,
    evaluation_record,
    file_name,
    information_letter,
)
from agreements.policy import PLACEHOLDERS, ClauseText
from config.policy_files import SHIPPED_NAMES, load_policy
from tests.agreements.factories import (
    EMPLOYEE,
    MANAGER,
    MONDAY,
    NUMBER,
    active,
    answered,
    application,
    approved,
    assessment,
    chase,
    collecting,
    days,
    evaluation,
    imposed,
    policy,
    shipped_policy,
    termination,
)

PEOPLE = People("Åse Regnglimt", "Plan og bygg", "Bo Strand", {EMPLOYEE: "Åse Regnglimt", MANAGER: "Bo Strand"})
SIGNED_ON, APPROVED_ON = date(2026, 3, 10), date(2026, 3, 12)
FORBIDDEN_IN_SHAREPOINT = set('"*:<>?/\\|#%')
HASH = "c3" * 32


def signed(document: str | None = None) -> tuple[Requirement, ...]:
    answers = Requirement(RequirementKind.ANSWERS, SIGNED_ON, answers=(("Hvordan er lyset?", "Godt"),))
    return (answers, Requirement(RequirementKind.SIGNED_AGREEMENT, SIGNED_ON, document))


COMPLETE = approved(requirements=signed(), assessment=assessment(given_on=APPROVED_ON))


def clause_of(text: str, weekdays: str | None = "Tirsdag, Torsdag", **changes: object) -> str:
    asked_for = application(weekdays=weekdays, **changes)
    case = collecting(application=asked_for)
    rules = policy(clauses=(ClauseText(letter="a", heading="Omfang", text=text), *policy().clauses[1:]))
    return agreement(case, rules, PEOPLE, MONDAY, is_draft=True).clauses[0].text


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        pytest.param("{days_per_week} per uke", {}, "2 dager per uke", id="whole-days"),
        pytest.param("{days_per_week} per uke", {"days_per_week": 1.0}, "1 dag per uke", id="one-day"),
        pytest.param("{days_per_week} per uke", {"days_per_week": 2.5}, "2,5 dager per uke", id="half-days"),
        pytest.param("Dager: {weekdays}.", {}, "Dager: tirsdag og torsdag.", id="weekdays"),
        pytest.param("Dager: {weekdays}.", {"weekdays": None}, "Dager: etter avtale med leder.", id="no-weekdays"),
        pytest.param("Fra {start_on}", {"start_on": date(2026, 4, 1)}, "Fra 01.04.2026", id="start"),
        pytest.param("Til {end_on}", {"end_on": date(2026, 12, 24)}, "Til 24.12.2026", id="end"),
        pytest.param("Til {end_on}", {}, "Til 31.03.2027", id="a-whole-period-when-no-end-is-asked-for"),
        pytest.param("Til {end_on}", {"end_on": date(2029, 1, 1)}, "Til 31.03.2027", id="never-longer-than-the-period"),
        pytest.param("{municipality} låner ut", {}, "Sandvik kommune låner ut", id="municipality"),
        pytest.param("Tegnet {{}}", {}, "Tegnet {}", id="braces"),
        pytest.param("{weekdays}", {"weekdays": "{municipality}"}, "{municipality}", id="an-answer-is-no-placeholder"),
    ],
)
def test_placeholders(text: str, changes: dict[str, object], expected: str) -> None:
    assert clause_of(text, **changes) == expected  # type: ignore[arg-type] # a table of keyword arguments


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_every_placeholder_the_policy_allows_is_filled(placeholder: str) -> None:
    assert "{" not in clause_of(f"{{{placeholder}}}")


def test_the_shipped_clauses_are_the_regulations_in_order() -> None:
    words = agreement(COMPLETE, shipped_policy(), PEOPLE, APPROVED_ON, is_draft=False)
    assert [clause.letter for clause in words.clauses] == [*"abcdefgh", ""]
    assert all("{" not in clause.text and clause.heading for clause in words.clauses)
    assert words.clauses[3] == Clause(
        "d",
        "Varighet",
        "Avtalen gjelder fra og med 02.03.2026 til og med 01.03.2027. Ønskes den videreført, søkes det på nytt.",
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param(None, (), id="none"),
        pytest.param("  ", (), id="only-space"),
        pytest.param("Tirsdag", ("tirsdag",), id="one"),
        pytest.param("torsdag, tirsdag, onsdag", ("tirsdag", "onsdag", "torsdag"), id="in-the-order-of-the-week"),
        pytest.param("tirsdag;torsdag ;", ("tirsdag", "torsdag"), id="semicolons"),
        pytest.param("Man-ons og fre.", ("mandag", "tirsdag", "onsdag", "fredag"), id="a-span"),
        pytest.param("torsdag eller tirsdag", ("torsdag eller tirsdag",), id="one-of-them-as-it-was-written"),
        pytest.param("Fredag, annenhver uke", ("Fredag, annenhver uke",), id="more-than-days-as-it-was-written"),
    ],
)
def test_weekdays(written: str | None, read: tuple[str, ...]) -> None:
    case = collecting(application=application(weekdays=written))
    assert agreement(case, shipped_policy(), PEOPLE, MONDAY, is_draft=True).weekdays == read


def test_the_agreement_says_what_the_case_says() -> None:
    words = agreement(COMPLETE, shipped_policy(), PEOPLE, APPROVED_ON, is_draft=False)
    assert (words.case_number, words.employee_number, words.employee_name) == (NUMBER, EMPLOYEE, "Åse Regnglimt")
    assert (words.unit_name, words.manager_name, words.municipality) == ("Plan og bygg", "Bo Strand", "Sandvik kommune")
    assert (words.start_on, words.end_on, words.dated_on) == (MONDAY, date(2027, 3, 1), APPROVED_ON)
    assert (words.answers, words.measures) == ((Answer("Hvordan er lyset?", "Godt"),), "Ny lampe")
    assert not words.is_draft


def test_a_draft_is_confirmed_by_nobody() -> None:
    words = agreement(COMPLETE, shipped_policy(), PEOPLE, MONDAY, is_draft=True)
    assert (words.is_draft, words.confirmations) == (True, ())


@pytest.mark.parametrize(
    ("document", "given_by", "expected"),
    [
        pytest.param(
            None,
            MANAGER,
            (
                Confirmation("Åse Regnglimt", "Arbeidstaker", SIGNED_ON, "Godtok avtalen i SharePoint-skjema"),
                Confirmation("Bo Strand", "Leder", APPROVED_ON, "Godkjente i SharePoint-skjema"),
            ),
            id="in-the-forms",
        ),
        pytest.param(
            HASH,
            "HR",
            (
                Confirmation("Åse Regnglimt", "Arbeidstaker", SIGNED_ON, "Lastet opp signert avtale", HASH),
                Confirmation("HR, på vegne av nærmeste leder", "Leder", APPROVED_ON, "Godkjenning registrert av HR"),
            ),
            id="signed-file-and-hr-on-behalf",
        ),
    ],
)
def test_confirmations(document: str | None, given_by: str, expected: tuple[Confirmation, ...]) -> None:
    case = replace(
        COMPLETE, requirements=signed(document), assessment=assessment(given_on=APPROVED_ON, given_by=given_by)
    )
    assert agreement(case, shipped_policy(), PEOPLE, APPROVED_ON, is_draft=False).confirmations == expected


def test_nobody_confirmed_what_was_not_received() -> None:
    case = replace(COMPLETE, requirements=(Requirement(RequirementKind.SIGNED_AGREEMENT),), assessment=None)
    words = agreement(case, shipped_policy(), dataclasses.replace(PEOPLE, unit_name=""), MONDAY, is_draft=False)
    assert (words.confirmations, words.answers, words.measures, words.unit_name) == ((), (), None, None)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (EvaluationOutcome.CONTINUE, "Avtalen fortsetter"),
        (EvaluationOutcome.ADJUST, "Avtalen fortsetter med justeringer"),
        (EvaluationOutcome.END, "Avtalen avsluttes"),
    ],
)
def test_evaluation_record(outcome: EvaluationOutcome, result: str) -> None:
    given = replace(answered(1, outcome, date(2026, 9, 9)), due_on=date(2026, 9, 2))
    record = evaluation_record(active(evaluations=(given,)), given, shipped_policy(), PEOPLE)
    assert record.title == "Evaluering 1 av avtale om hjemmekontor"
    assert record.terms == (
        Term("Arbeidstaker", "Åse Regnglimt"),
        Term("Evaluert av", "Bo Strand"),
        Term("Evaluert", "09.09.2026"),
        Term("Evaluering planlagt fra", "02.09.2026"),
        Term("Resultat", result),
    )
    assert (record.paragraphs, record.dated_on) == (("Går fint",), date(2026, 9, 9))


def test_an_evaluation_without_a_note_by_somebody_unknown() -> None:
    given = replace(answered(2, EvaluationOutcome.CONTINUE, MONDAY), note=None, given_by="HR")
    record = evaluation_record(active(), given, shipped_policy(), PEOPLE)
    assert (record.paragraphs, record.terms[1]) == ((), Term("Evaluert av", "HR, på vegne av nærmeste leder"))


def test_an_extra_evaluation_was_planned_for_no_day() -> None:
    given = replace(answered(1, EvaluationOutcome.CONTINUE, MONDAY), is_extra=True)
    names = [term.name for term in evaluation_record(active(), given, shipped_policy(), PEOPLE).terms]
    assert names == ["Arbeidstaker", "Evaluert av", "Evaluert", "Resultat"]


def test_what_was_answered_in_numbers_stands_in_the_record() -> None:
    """In the policy's order, and last what it asks no more, by its column."""
    given = replace(
        answered(1, EvaluationOutcome.CONTINUE, MONDAY), answers=(("Borte", 2), ("Samarbeid", 4), ("Tjenester", 5))
    )
    scale = "(1 er helt uenig, 5 er helt enig)."
    assert evaluation_record(active(), given, shipped_policy(), PEOPLE).paragraphs == (
        f"«Tjenestene til innbyggere og brukere er like gode de dagene den ansatte er hjemme.» 5 av 5 {scale}",
        f"«Samarbeidet med kollegaene fungerer godt.» 4 av 5 {scale}",
        f"«Borte» 2 av 5 {scale}",
        "Går fint",
    )


def test_an_unanswered_evaluation_has_no_record() -> None:
    with pytest.raises(AssertionError, match="not answered"):
        evaluation_record(active(), evaluation(1, chase()), shipped_policy(), PEOPLE)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (EndReason.REJECTED, "Søknaden er ikke innvilget"),
        (EndReason.WITHDRAWN, "Søknaden er trukket"),
        (EndReason.LAPSED, "Dokumentasjonen kom ikke innen fristen"),
        (EndReason.EXPIRED, "Avtaleperioden er over"),
        (EndReason.RENEWED, "Avtalen er avløst av en ny avtale"),
        (EndReason.TERMINATED, "Avtalen er sagt opp"),
        (EndReason.LEFT, "Arbeidsforholdet er avsluttet"),
        (EndReason.REVERTED, "Perioden med pålagt hjemmekontor er over"),
    ],
)
def test_end_note(reason: EndReason, words: str) -> None:
    note = end_note(active().ended(reason, date(2026, 11, 3)), shipped_policy(), PEOPLE)
    assert note.terms == (
        Term("Arbeidstaker", "Åse Regnglimt"),
        Term("Avtalen gjaldt fra", "02.03.2026"),
        Term("Avtalen gjaldt til og med", "01.03.2027"),
        Term("Saken ble avsluttet", "03.11.2026"),
        Term("Grunn", words),
    )
    assert note.dated_on == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("given_by", "said"),
    [(EMPLOYEE, "Fra arbeidstaker"), (MANAGER, "Fra arbeidsgiver"), ("HR Kari", "Registrert av HR")],
)
def test_an_end_note_says_who_gave_notice_and_the_last_day(given_by: str, said: str) -> None:
    case = active(termination=termination(date(2026, 11, 2), given_by))
    note = end_note(case.ended(EndReason.TERMINATED, date(2026, 11, 5)), shipped_policy(), PEOPLE)
    assert note.terms[2] == Term("Avtalen gjaldt til og med", "02.11.2026")
    assert note.terms[-1] == Term("Oppsigelse", said)


def test_an_agreement_that_ended_before_it_began_held_on_no_day() -> None:
    case = active(termination=termination(MONDAY - days(1)))
    note = end_note(case.ended(EndReason.TERMINATED, MONDAY), shipped_policy(), PEOPLE)
    assert [term.name for term in note.terms] == ["Arbeidstaker", "Saken ble avsluttet", "Grunn", "Oppsigelse"]


IMPOSED = imposed(discussed_on=date(2026, 2, 20)).moved(State.ACTIVE)
IMPOSED = replace(IMPOSED, start_on=MONDAY, end_on=MONDAY + days(14))


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_the_letter_that_replaces_an_agreement(name: str) -> None:
    """Regulation § 2: written information, after discussion with the unions; what holds otherwise holds then too."""
    rules = load_policy(name)
    letter = information_letter(IMPOSED, rules, PEOPLE)
    assert [term.value for term in letter.terms] == [
        "Åse Regnglimt",
        "Plan og bygg",
        "02.03.2026 til og med 16.03.2026",
        "20.02.2026",
    ]
    headings = [clause.heading for clause in rules.clauses if clause.letter in {"b", "c", "g", "h"}]
    packages = [package.name for package in rules.equipment_packages if package.only_when_imposed]
    said = zip(letter.paragraphs[1:], [*headings, *packages], strict=True)
    assert [name for paragraph, name in said if not paragraph.startswith(f"{name}: ")] == []
    assert "§ 2" in letter.paragraphs[0]
    assert letter.dated_on == MONDAY


def test_what_was_imposed_ends_with_a_note_that_speaks_of_no_agreement() -> None:
    note = end_note(IMPOSED.ended(EndReason.REVERTED, MONDAY + days(15)), shipped_policy(), PEOPLE)
    assert (note.title, note.terms[1].name) == ("Sluttnotat: pålagt hjemmekontor", "Pålagt hjemmekontor fra")
    assert note.terms[2] == Term("Pålagt hjemmekontor til og med", "16.03.2026")


def test_an_agreement_has_no_letter() -> None:
    with pytest.raises(AssertionError, match="not imposed"):
        information_letter(active(), shipped_policy(), PEOPLE)


def test_an_end_note_of_what_never_began_names_no_start() -> None:
    note = end_note(collecting().ended(EndReason.LAPSED, MONDAY), shipped_policy(), PEOPLE)
    assert [term.name for term in note.terms] == ["Arbeidstaker", "Saken ble avsluttet", "Grunn"]


def test_an_open_case_has_no_end_note() -> None:
    with pytest.raises(AssertionError, match="has not ended"):
        end_note(active(), shipped_policy(), PEOPLE)


def test_a_new_version_is_dated_by_its_change_and_names_who_agreed_on_it() -> None:
    first, later = date(2026, 3, 9), date(2026, 5, 4)
    proposed = Change(1, EMPLOYEE, first, by_employee=True, days_per_week=3.0, weekdays="mandag", start_on=later)
    accepted = replace(proposed, outcome=ChangeOutcome.AGREED, answered_by=MANAGER, answered_on=first)
    declined = replace(proposed, sequence=2, outcome=ChangeOutcome.DECLINED, answered_by=MANAGER, answered_on=later)
    changes = (replace(accepted, settled_on=first, in_force_on=later), declined)
    case = active(changes=changes)
    document = agreement(case, policy(), PEOPLE, later, is_draft=False)
    assert (agreed_on(case), agreed_on(active()), document.version) == (later, MONDAY, 2)
    assert [(each.role, each.how) for each in document.confirmations[-2:]] == [
        ("Arbeidstaker", "Foreslo endring 1 av avtalen i SharePoint-skjema"),
        ("Leder", "Godtok endring 1 av avtalen i SharePoint-skjema"),
    ]


def test_hr_registers_on_behalf_of_either_party() -> None:
    by_hr = Change(1, "HR Kari", MONDAY, by_employee=True, days_per_week=3.0, weekdays=None, start_on=MONDAY)
    by_hr = replace(by_hr, outcome=ChangeOutcome.AGREED, answered_by="HR Kari", answered_on=MONDAY, in_force_on=MONDAY)
    document = agreement(active(changes=(by_hr,)), policy(), PEOPLE, MONDAY, is_draft=False)
    assert [(each.who, each.role, each.how) for each in document.confirmations[-2:]] == [
        ("HR, på vegne av arbeidstaker", "Arbeidstaker", "Forslag til endring 1 av avtalen registrert av HR"),
        ("HR, på vegne av nærmeste leder", "Leder", "Godkjenning av endring 1 av avtalen registrert av HR"),
    ]


def test_a_change_that_was_answered_late_holds_from_the_answer() -> None:
    first, answered_on = date(2026, 4, 6), date(2026, 4, 9)
    late = Change(1, EMPLOYEE, MONDAY, by_employee=True, days_per_week=3.0, weekdays=None, start_on=first)
    late = replace(late, outcome=ChangeOutcome.AGREED, answered_by=MANAGER, answered_on=answered_on)
    case = active(changes=(replace(late, in_force_on=answered_on + days(1)),))
    assert agreement(case, policy(), PEOPLE, answered_on, is_draft=False).changed_from == answered_on
    assert agreement(active(), policy(), PEOPLE, answered_on, is_draft=False).changed_from is None


def test_a_version_that_waited_says_what_it_was_agreed_to_say() -> None:
    """The archive was out of reach when the second version came into force, and still when the third did."""
    second, third = date(2026, 4, 6), date(2026, 5, 4)
    agreed = Change(1, EMPLOYEE, MONDAY, by_employee=True, days_per_week=3.0, weekdays="mandag", start_on=second)
    agreed = replace(agreed, outcome=ChangeOutcome.AGREED, answered_by=MANAGER, answered_on=MONDAY)
    changes = (
        replace(agreed, in_force_on=second),
        replace(agreed, sequence=2, days_per_week=1.0, weekdays="fredag", start_on=third, in_force_on=third),
    )
    case = active(changes=changes, application=application(days_per_week=1.0, weekdays="fredag"))
    found = [agreement(case.at_version(version), policy(), PEOPLE, MONDAY, is_draft=False) for version in (2, 3)]
    assert [(each.version, each.days_per_week, each.weekdays) for each in found] == [
        (2, 3.0, ("mandag",)),
        (3, 1.0, ("fredag",)),
    ]
    assert [len(each.confirmations) for each in found] == [4, 6]
    assert [(each.start_on, each.end_on, each.changed_from) for each in found] == [
        (MONDAY, date(2027, 3, 1), second),
        (MONDAY, date(2027, 3, 1), third),
    ]
    assert [agreed_on(case.at_version(version)) for version in (2, 3)] == [second, third]


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("kind", FilingKind)
def test_file_names_are_legal_in_sharepoint(kind: FilingKind, language: Language) -> None:
    name = file_name(kind, 1, NUMBER, language)
    assert FORBIDDEN_IN_SHAREPOINT.isdisjoint(name)
    assert name == name.strip(" .")
    assert len(name) <= 128
    assert NUMBER in name


@pytest.mark.parametrize("language", get_args(Language))
def test_file_names_of_one_case_are_all_different(language: Language) -> None:
    names = [file_name(kind, sequence, NUMBER, language) for kind in FilingKind for sequence in (1, 2)]
    numbered = {FilingKind.AGREEMENT, FilingKind.EVALUATION, FilingKind.ARKIVMELDING}
    assert len(set(names)) == len(FilingKind) + len(numbered)


# --- Nynorsk ----------------------------------------------------------------------------------------------------

NYNORSK = policy(
    language="nn",
    clauses=(ClauseText(letter="a", heading="Omfang", text="{days_per_week}: {weekdays}"), *policy().clauses[1:]),
)


@pytest.mark.parametrize(
    ("document", "how"), [(None, "Godtok avtalen i SharePoint-skjema"), (HASH, "Lasta opp signert avtale")]
)
def test_an_agreement_in_nynorsk(document: str | None, how: str) -> None:
    case = replace(COMPLETE, requirements=signed(document), application=application(weekdays=None))
    words = agreement(case, NYNORSK, PEOPLE, APPROVED_ON, is_draft=False)
    assert (words.language, words.clauses[0].text) == ("nn", "2 dagar: etter avtale med leiar")
    assert words.confirmations == (
        Confirmation("Åse Regnglimt", "Arbeidstakar", SIGNED_ON, how, document),
        Confirmation("Bo Strand", "Leiar", APPROVED_ON, "Godkjende i SharePoint-skjema"),
    )


def test_an_evaluation_record_in_nynorsk() -> None:
    given = replace(answered(2, EvaluationOutcome.ADJUST, date(2026, 9, 9)), due_on=date(2026, 9, 2))
    record = evaluation_record(active(evaluations=(given,)), given, NYNORSK, PEOPLE)
    assert (record.language, record.title) == ("nn", "Evaluering 2 av avtale om heimekontor")
    assert [term.name for term in record.terms] == [
        *("Arbeidstakar", "Evaluert av", "Evaluert", "Evaluering planlagd frå", "Resultat")
    ]
    assert record.terms[-1].value == "Avtalen held fram med justeringar"


def test_an_end_note_in_nynorsk() -> None:
    given_notice = active(termination=termination(date(2026, 11, 2), MANAGER))
    note = end_note(given_notice.ended(EndReason.TERMINATED, date(2026, 11, 3)), NYNORSK, PEOPLE)
    assert (note.language, note.title) == ("nn", "Sluttnotat: avtale om heimekontor")
    assert note.terms == (
        Term("Arbeidstakar", "Åse Regnglimt"),
        Term("Avtalen gjaldt frå", "02.03.2026"),
        Term("Avtalen gjaldt til og med", "02.11.2026"),
        Term("Saka vart avslutta", "03.11.2026"),
        Term("Grunn", "Avtalen er sagd opp"),
        Term("Oppseiing", "Frå arbeidsgivaren"),
    )


def test_weekdays_in_nynorsk() -> None:
    case = replace(COMPLETE, application=application(weekdays="tirsdag, man"))
    words = agreement(case, NYNORSK, PEOPLE, APPROVED_ON, is_draft=False)
    assert (words.weekdays, words.clauses[0].text) == (("måndag", "tysdag"), "2 dagar: måndag og tysdag")
