"""What people do to their answers between two readings, and what becomes of it: which rows, which cases."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from agreements.case import AssessmentOutcome, Case, RequirementKind, State
from agreements.intake import too_late
from config.sharepoint import ANSWERS, APPLICATIONS, ASSESSMENTS, CASE_LIBRARY
from integrations.database.cases import add_cases
from integrations.database.inbox import (
    DELETED,
    LIST_OF,
    Arrival,
    Verdict,
    conclude,
    mark_in,
    receive,
    register,
    wait_again,
)
from integrations.database.rejected import NOT_READ, open_rejections
from integrations.database.retention import purge
from integrations.database.tables import inbox, notices, rejected_rows, watermarks
from integrations.documents.apart import Examiner
from integrations.documents.examining import UNREADABLE, Finding
from integrations.graph.client import Graph
from integrations.graph.drive import ensure_folder, share
from sandbox.graph import Actor, Fault, TenantUser
from tasks.night import night
from tasks.reading import DELETED_AFTER, DELETED_BEFORE, UNREAD, UPLOADS_UNREAD
from tasks.receiving import TAKEN_IN, UNEXPECTED, take_in_uploads
from tests.database.samples import TODAY, changed, decide_all, load_staff, new_case, rows, staff
from tests.documents.samples import jpeg
from tests.graph.conftest import Office
from tests.graph.desk import AASE, WANTED, Desk
from tests.graph.town import user

BRIT, UNKNOWN, OTHER_LEADER, LEADER = user("0002"), user("0003"), user("0004"), user("0900")
FLOW = Actor("0f0f0f0f-1111-4111-8111-111111111111", "En flyt", is_application=True)
FOR_CASES = (ANSWERS, ASSESSMENTS)


# --- Applications -----------------------------------------------------------------------------------------------


def test_whoever_applies_twice_in_one_minute_has_one_case(desk: Desk) -> None:
    desk.apply()
    desk.apply(DagerPerUke=3)
    desk.open()
    [(number, who)] = desk.numbers()
    assert (who, desk.case(number).application.days_per_week) == ("0001", 2.0)
    assert [status for _, status in desk.statuses()] == ["taken_in", "set_aside"]
    assert desk.reasons() == [f"Den som søker, har allerede en åpen sak: {number}."]


def test_an_application_by_somebody_hr_does_not_know(desk: Desk) -> None:
    desk.tenant.add_list_item("Soknader", WANTED, UNKNOWN)
    desk.open()
    assert desk.numbers() == []
    assert desk.reasons() == ["Den som søker, finnes ikke blant de ansatte i HR-systemet."]


def test_an_application_edited_before_it_is_taken_in_is_what_it_says_now(desk: Desk) -> None:
    item_id = desk.apply()
    desk.read(APPLICATIONS)
    desk.tenant.edit_list_item("Soknader", item_id, {"DagerPerUke": 1.5}, AASE)
    desk.open()
    [(number, _)] = desk.numbers()
    assert desk.case(number).application.days_per_week == 1.5
    assert desk.statuses() == [(item_id, "replaced"), (item_id, "taken_in")]
    assert desk.reasons() == []


def test_an_application_edited_before_any_rule_has_looked_at_it(desk: Desk) -> None:
    item_id = desk.apply()
    desk.open()
    desk.tenant.edit_list_item("Soknader", item_id, {"DagerPerUke": 3, "Ukedager": "fredag"}, AASE)
    assert desk.open() == {"nye saker": 0, "endrede søknader": 1, "søknader satt til side": 0}
    [(number, _)] = desk.numbers()
    assert (desk.case(number).application.days_per_week, desk.case(number).application.weekdays) == (3.0, "fredag")


@pytest.mark.parametrize(
    ("editor", "reason"),
    [
        (AASE, "Søknaden er endret etter at den ble behandlet i sak {}. Endringen er ikke tatt inn."),
        (BRIT, "Søknaden er endret av en annen enn den som søkte. Endringen er ikke tatt inn."),
    ],
)
def test_an_application_edited_after_it_was_decided(desk: Desk, editor: Any, reason: str) -> None:  # noqa: ANN401 - a TenantUser
    item_id = desk.apply()
    desk.open()
    [(number, _)] = desk.numbers()
    decide_all(desk.database, desk.policy, [number])
    before = desk.case(number)
    assert before.state is State.COLLECTING
    desk.tenant.edit_list_item("Soknader", item_id, {"DagerPerUke": 5}, editor)
    desk.open()
    assert desk.numbers() == [(number, "0001")]
    assert desk.case(number) == before
    assert desk.reasons() == [reason.format(number)]
    assert desk.statuses() == [(item_id, "taken_in"), (item_id, "set_aside")]


def test_an_edit_that_cannot_be_is_set_aside(desk: Desk) -> None:
    item_id = desk.apply()
    desk.open()
    desk.tenant.edit_list_item("Soknader", item_id, {"TilDato": "2027-03-02"}, AASE)
    desk.open()
    assert desk.reasons() == ["Søknaden slutter før den begynner."]


def test_an_app_that_touches_an_application_changes_nothing(desk: Desk) -> None:
    item_id = desk.apply()
    desk.open()
    desk.tenant.edit_list_item("Soknader", item_id, {"Ukedager": "mandag"}, FLOW)
    desk.tenant.edit_list_item("Soknader", item_id, {"Ukedager": None}, FLOW)
    assert desk.read(APPLICATIONS) == {}
    assert desk.statuses() == [(item_id, "taken_in")]


def test_an_application_deleted_before_it_is_taken_in_is_none(desk: Desk) -> None:
    item_id, kept = desk.apply(), desk.tenant.add_list_item("Soknader", WANTED, BRIT)
    desk.read(APPLICATIONS)
    desk.tenant.delete_list_item("Soknader", item_id)
    desk.open()
    assert [who for _, who in desk.numbers()] == ["0002"]
    assert desk.statuses() == [(item_id, "withdrawn"), (kept, "taken_in")]
    assert desk.reasons() == []


def test_an_application_deleted_afterwards_is_noted(desk: Desk) -> None:
    item_id = desk.apply()
    desk.open()
    [(number, _)] = desk.numbers()
    before = desk.case(number)
    desk.tenant.delete_list_item("Soknader", item_id)
    desk.open()
    assert desk.case(number) == before
    [noted] = rows(desk.database, rejected_rows)
    assert (noted.source, noted.path, noted.reason) == ("Soknader", number, DELETED)


def test_one_that_was_set_aside_and_is_deleted_needs_nobody_any_more(desk: Desk) -> None:
    item_id = desk.tenant.add_list_item("Soknader", WANTED, UNKNOWN)
    desk.open()
    desk.tenant.delete_list_item("Soknader", item_id)
    desk.open()
    assert desk.statuses() == [(item_id, "withdrawn")]
    assert desk.reasons() == []


def test_a_list_that_is_read_from_its_beginning_gives_nothing_twice(desk: Desk) -> None:
    desk.tenant.page_size = 2
    taken, gone = desk.apply(), desk.tenant.add_list_item("Soknader", WANTED, BRIT)
    desk.open()
    waits = desk.tenant.add_list_item("Soknader", WANTED, OTHER_LEADER)
    withdrawn = desk.tenant.add_list_item("Soknader", WANTED, LEADER)
    desk.read(APPLICATIONS)
    before = desk.numbers()
    desk.tenant.delete_list_item("Soknader", withdrawn)
    desk.tenant.delete_list_item("Soknader", gone)
    desk.tenant.expire_delta_tokens()
    desk.open()
    assert desk.open() == {"nye saker": 0, "endrede søknader": 0, "søknader satt til side": 0}
    [number] = [number for number, who in before if who == "0002"]
    [noted] = rows(desk.database, rejected_rows)
    assert (noted.path, noted.reason) == (number, DELETED)
    assert desk.numbers()[: len(before)] == before
    assert [who for _, who in desk.numbers()[len(before) :]] == ["0004"]
    assert desk.statuses() == [
        (taken, "taken_in"),
        (gone, "taken_in"),
        (waits, "taken_in"),
        (withdrawn, "withdrawn"),
    ]


@pytest.mark.parametrize("is_known", [True, False], ids=["list known", "from before lists were remembered"])
@pytest.mark.parametrize("who", [AASE, BRIT], ids=["the same employee", "another"])
def test_a_list_that_was_made_anew_has_other_items(desk: Desk, who: TenantUser, *, is_known: bool) -> None:
    """It counts from 1 again."""
    first = desk.apply()
    desk.open()
    [(number, _)] = desk.numbers()
    decide_all(desk.database, desk.policy, [number])
    waits = desk.tenant.add_list_item("Soknader", WANTED, OTHER_LEADER)
    desk.read(APPLICATIONS)
    if not is_known:
        with desk.database.transaction() as connection:
            connection.execute(delete(watermarks).where(watermarks.c.source.startswith(LIST_OF)))
    desk.tenant.remake_list("Soknader")
    assert desk.tenant.add_list_item("Soknader", WANTED, who) == first
    assert desk.read(APPLICATIONS) == {"Søknad om hjemmekontor": 1, DELETED_BEFORE: 1, DELETED_AFTER: 1}
    desk.open()
    assert [status for _, status in desk.statuses()] == [
        "taken_in",
        "withdrawn",
        "set_aside" if who is AASE else "taken_in",
    ]
    assert [item.endswith(f":{known}") for (item, _), known in zip(desk.statuses(), [first, waits], strict=False)] == [
        True
    ] * 2
    again = f"Den som søker, har allerede en åpen sak: {number}."
    assert desk.reasons() == [DELETED, *([again] if who is AASE else [])]
    desk.tenant.edit_list_item("Soknader", first, {"DagerPerUke": 1}, who)
    assert desk.read(APPLICATIONS) == {"Søknad om hjemmekontor": 1}, "it is a list like any other"


def test_a_list_that_was_made_anew_after_a_purge(desk: Desk) -> None:
    first = desk.apply()
    desk.open()
    [(number, _)] = desk.numbers()
    with desk.database.transaction() as connection:
        purge(connection, [number], TODAY)
    desk.tenant.remake_list("Soknader")
    assert desk.apply() == first
    assert desk.open()["nye saker"] == 1


def test_a_list_that_comes_back_out_of_the_recycle_bin_gives_nothing_twice(desk: Desk) -> None:
    with desk.database.transaction() as connection:
        mark_in(connection, "Soknader", "a-list")
        receive(connection, "Soknader", [Arrival("1", "1", None, None, {})], "token", TODAY)
        register(connection, "Soknader", WANTED, "0900", TODAY)
    registered = desk.statuses()[1]
    for list_id, token, item in [("another", None, "a-list:1"), ("A-LIST", None, "1"), ("a-list", "token", "1")]:
        with desk.database.transaction() as connection:
            assert mark_in(connection, "Soknader", list_id) == token
            receive(connection, "Soknader", [], "token", TODAY)
        assert desk.statuses() == [(item, "new"), registered]


@pytest.mark.parametrize("forgotten", [False, True], ids=["by its tombstone", "read from the beginning"])
def test_an_application_that_was_set_aside_and_deleted_is_never_taken_in(desk: Desk, *, forgotten: bool) -> None:
    item_id = desk.tenant.add_list_item("Soknader", WANTED, UNKNOWN)
    desk.open()
    desk.tenant.delete_list_item("Soknader", item_id)
    if forgotten:
        desk.tenant.expire_delta_tokens()
    desk.open()
    assert (desk.statuses(), desk.reasons()) == ([(item_id, "withdrawn")], [])
    load_staff(desk.database, staff("0001", "0002", "0003", "0004"))
    with desk.database.transaction() as connection:
        assert wait_again(connection, ["Soknader"]) == 0
    desk.open()
    assert desk.numbers() == []


@pytest.mark.parametrize("forgotten", [False, True], ids=["by its tombstone", "read from the beginning"])
def test_what_was_taken_in_and_deleted_is_counted_and_noted_once(desk: Desk, *, forgotten: bool) -> None:
    """And what HR registered is in no list at any time."""
    item_id, kept = desk.apply(), desk.tenant.add_list_item("Soknader", WANTED, BRIT)
    desk.open()
    with desk.database.transaction() as connection:
        registered = register(connection, "Soknader", WANTED, "0900", TODAY)
        conclude(connection, "Soknader", [Verdict(registered.id, "HK-1")], TODAY)
    desk.tenant.delete_list_item("Soknader", item_id)
    counted = []
    for _ in range(3):
        if forgotten:
            desk.tenant.expire_delta_tokens()
        counted.append(desk.read(APPLICATIONS))
    assert counted == [{DELETED_AFTER: 1}, {}, {}]
    assert [status for _, status in desk.statuses()] == ["taken_in"] * 3
    assert desk.reasons() == [DELETED]
    desk.tenant.delete_list_item("Soknader", kept)
    assert desk.read(APPLICATIONS) == {DELETED_AFTER: 1}


@pytest.mark.parametrize("forgotten", [False, True], ids=["by its tombstone", "read from the beginning"])
def test_a_refused_file_that_is_deleted_needs_nobody_any_more(desk: Desk, office: Office, *, forgotten: bool) -> None:
    number = desk.have_case()
    folder = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, number))
    office.run(lambda graph: share(graph, CASE_LIBRARY, folder, [AASE.mail or ""]))
    item_id = desk.tenant.upload(CASE_LIBRARY, number, "a.txt", b"hei", AASE)
    desk.read(uploads=True)
    with night(TODAY + timedelta(days=desk.day)):
        take_in_uploads.fn()
    assert desk.statuses() == [(item_id, "refused")]
    _delete_file(office, item_id)
    if forgotten:
        desk.tenant.expire_delta_tokens()
    desk.read(uploads=True)
    assert (desk.statuses(), desk.reasons()) == ([(item_id, "withdrawn")], [])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param({"TilDato": "2027-03-31"}, "Søknaden slutter før den begynner.", id="ends-before-it-begins"),
        pytest.param(
            {"DagerPerUke": 0}, "Søknaden må ha mellom én halv og sju dager hjemme per uke.", id="no-days-at-home"
        ),
        pytest.param({"FraDato": None}, "Feltet FraDato er ikke fylt ut.", id="no-first-day"),
    ],
)
def test_an_application_that_cannot_be_is_set_aside(desk: Desk, wrong: dict[str, Any], sentence: str) -> None:
    desk.apply(**wrong)
    desk.open()
    assert (desk.numbers(), desk.reasons()) == ([], [sentence])


@pytest.mark.parametrize(
    ("unusual", "state", "template"),
    [
        pytest.param({"FraDato": "2027-01-01"}, State.COLLECTING, "documentation_ask", id="first-day-in-the-past"),
        pytest.param({"DagerPerUke": 5}, State.COLLECTING, "documentation_ask", id="the-whole-week"),
        pytest.param({"Ukedager": "<b>fre</b>\x00dag"}, State.COLLECTING, "documentation_ask", id="markup-and-control"),
        pytest.param({"DagerPerUke": 5.5}, State.ENDED, "rejected_too_many_days", id="more-than-a-week-of-work"),
    ],
)
def test_an_unusual_application_is_sorted_by_the_policy(
    desk: Desk, unusual: dict[str, Any], state: State, template: str
) -> None:
    desk.apply(**unusual)
    desk.open()
    [(number, _)] = desk.numbers()
    decide_all(desk.database, desk.policy, [number])
    assert desk.case(number).state is state
    assert [(row.template, row.role) for row in rows(desk.database, notices)] == [(template, "employee")]
    assert desk.case(number).application.weekdays == ("<b>fre</b>dag" if "Ukedager" in unusual else None)
    assert desk.reasons() == []


def test_who_has_left_applies_in_vain(desk: Desk) -> None:
    load_staff(desk.database, changed(staff("0001", "0002", "0004"), "0001", end_on=TODAY - timedelta(days=1)))
    desk.apply()
    desk.open()
    assert (desk.numbers(), desk.reasons()) == ([], ["Den som søker, er ikke lenger ansatt."])


# --- Answers ----------------------------------------------------------------------------------------------------


def answers(number: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any column
    replies = {"Erfaring": "Gode", "Lys": "Vindu", "Stoy": "Stille", "Pauser": "Tur"}
    return {"Saksnummer": number, **replies, "GodtarAvtalen": True, **changes}


def given(case: Case) -> list[str]:
    requirement = case.requirement(RequirementKind.ANSWERS)
    assert requirement is not None
    return [answer for _, answer in requirement.answers]


def test_the_newer_version_of_an_answer_wins_while_the_case_collects(desk: Desk) -> None:
    number = desk.have_case()
    item_id = desk.tenant.add_list_item("Svar", answers(number), AASE)
    desk.take_in(*FOR_CASES)
    assert RequirementKind.SIGNED_AGREEMENT not in desk.case(number).missing
    desk.tenant.edit_list_item("Svar", item_id, {"Lys": "Lampe", "GodtarAvtalen": False}, AASE)
    desk.take_in(*FOR_CASES)
    assert given(desk.case(number)) == ["Gode", "Lampe", "Stille", "Tur"]
    assert RequirementKind.SIGNED_AGREEMENT in desk.case(number).missing, "the tick was taken away again"
    assert desk.reasons() == []


def test_an_answer_edited_after_it_was_used_is_set_aside_and_says_so(desk: Desk) -> None:
    number = desk.have_case(state=State.IN_ASSESSMENT)
    item_id = desk.tenant.add_list_item("Vurderinger", {"Saksnummer": number, "Resultat": "Godkjent"}, LEADER)
    desk.take_in(*FOR_CASES)
    decide_all(desk.database, desk.policy, [number])
    desk.tenant.edit_list_item("Vurderinger", item_id, {"Resultat": "Avslått"}, LEADER)
    desk.take_in(*FOR_CASES)
    case = desk.case(number)
    assert case.assessment is not None
    assert (case.state, case.assessment.outcome) == (State.APPROVED, AssessmentOutcome.APPROVED)
    assert desk.reasons() == [too_late("Saken venter ikke på en vurdering.")]


def test_an_answer_deleted_after_it_was_taken_in_stands(desk: Desk) -> None:
    number = desk.have_case()
    item_id = desk.tenant.add_list_item("Svar", answers(number), AASE)
    desk.take_in(*FOR_CASES)
    desk.tenant.delete_list_item("Svar", item_id)
    desk.take_in(*FOR_CASES)
    assert given(desk.case(number)) == ["Gode", "Vindu", "Stille", "Tur"]
    assert desk.reasons() == [DELETED]


@pytest.mark.parametrize(
    ("list_name", "sender", "reason"),
    [
        ("Svar", BRIT, "Svaret kom fra en annen enn den saken gjelder."),
        ("Svar", LEADER, "Svaret kom fra en annen enn den saken gjelder."),
        ("Svar", UNKNOWN, "Den som svarte, finnes ikke blant de ansatte i HR-systemet."),
        ("Vurderinger", AASE, "Svaret kom fra en annen enn nærmeste leder."),
        ("Vurderinger", OTHER_LEADER, "Svaret kom fra en annen enn nærmeste leder."),
    ],
)
def test_only_whose_question_it_is_may_answer(desk: Desk, list_name: str, sender: Any, reason: str) -> None:  # noqa: ANN401 - a TenantUser
    is_assessment = list_name == "Vurderinger"
    number = desk.have_case(state=State.IN_ASSESSMENT) if is_assessment else desk.have_case()
    before = desk.case(number)
    fields = {"Saksnummer": number, "Resultat": "Godkjent"} if is_assessment else answers(number)
    desk.tenant.add_list_item(list_name, fields, sender)
    desk.take_in(*FOR_CASES)
    assert desk.case(number) == before
    assert desk.reasons() == [reason]


@pytest.mark.parametrize(
    ("state", "wrong", "sentence"),
    [
        pytest.param(State.ENDED, {}, "Saken er avsluttet.", id="the-case-is-over"),
        pytest.param(None, {"Lys": "å" * 50_000}, "Svaret på «Hvor", id="100-kB-of-text"),
    ],
)
def test_an_answer_that_cannot_be_taken_in(
    desk: Desk, state: State | None, wrong: dict[str, Any], sentence: str
) -> None:
    number = desk.have_case() if state is None else desk.have_case(state=state)
    before = desk.case(number)
    desk.tenant.add_list_item("Svar", answers(number, **wrong), AASE)
    desk.take_in(*FOR_CASES)
    [reason] = desk.reasons()
    assert reason.startswith(sentence)
    assert len(reason) < 500
    assert desk.case(number) == before


def test_markup_in_an_answer_is_kept_word_for_word_and_control_characters_are_not(desk: Desk) -> None:
    number = desk.have_case()
    desk.tenant.add_list_item("Svar", answers(number, Lys="<script>\x00alert('Åse & Bø')\x07</script>"), AASE)
    desk.take_in(*FOR_CASES)
    assert given(desk.case(number))[1] == "<script>alert('Åse & Bø')</script>"


def test_an_answer_that_an_app_has_touched_is_still_the_employees(desk: Desk) -> None:
    number = desk.have_case()
    item_id = desk.tenant.add_list_item("Svar", answers(number), AASE)
    desk.tenant.edit_list_item("Svar", item_id, {"Title": "Mottatt"}, FLOW)
    desk.take_in(*FOR_CASES)
    assert given(desk.case(number)) == ["Gode", "Vindu", "Stille", "Tur"]
    assert [row.sender_mail for row in rows(desk.database, inbox)] == [AASE.mail]


# --- Files ------------------------------------------------------------------------------------------------------


def test_a_file_deleted_before_it_is_taken_in_keeps_no_night_from_the_others(desk: Desk, office: Office) -> None:
    number = desk.have_case()
    folder = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, number))
    office.run(lambda graph: share(graph, CASE_LIBRARY, folder, [AASE.mail or ""]))
    item_id = desk.tenant.upload(CASE_LIBRARY, number, "a.txt", b"hei", AASE)
    desk.read(uploads=True)
    _delete_file(office, item_id)
    desk.read(uploads=True)
    with night(TODAY + timedelta(days=desk.day)):
        take_in_uploads.fn()
    assert desk.statuses() == [(item_id, "withdrawn")]


def test_a_file_put_in_place_of_another_is_another_file(desk: Desk, office: Office) -> None:
    number = desk.have_case()
    folder = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, number))
    office.run(lambda graph: share(graph, CASE_LIBRARY, folder, [AASE.mail or ""]))
    item_id = desk.tenant.upload(CASE_LIBRARY, number, "a.txt", b"one", AASE)
    desk.read(uploads=True)
    desk.tenant.upload(CASE_LIBRARY, number, "a.txt", b"two", AASE)
    desk.read(uploads=True)
    assert desk.statuses() == [(item_id, "replaced"), (item_id, "new")]


def test_a_file_that_nobody_expected_is_its_uploaders_affair_alone(
    desk: Desk, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered like any file that cannot be used, and the night says that a program should be mended."""
    number, other = with_folders(desk, office)
    desk.tenant.upload(CASE_LIBRARY, number, "avtale.pdf", BURSTS, AASE)
    desk.tenant.upload(CASE_LIBRARY, other, "pult.jpg", jpeg(), BRIT)
    fault = "UnicodeDecodeError in uploads.py:156 (_filters)"
    monkeypatch.setattr(Examiner, "examine", bursting(Finding(refusal=UNREADABLE, fault=fault)))
    desk.read(uploads=True)

    assert take_in_files(desk) == {TAKEN_IN: 1, "svar satt til side": 1, UNEXPECTED: 1}

    assert [status for _, status in desk.statuses()] == ["refused", "taken_in"]
    assert desk.reasons() == [f"{UNREADABLE} (Uventet feil: {fault})"]
    told = [row for row in rows(desk.database, notices) if row.template == "upload_refused"]
    assert [(row.case_number, row.detail) for row in told] == [(number, UNREADABLE)]
    assert RequirementKind.PHOTO not in desk.case(other).missing


def test_what_was_taken_in_before_everything_broke_stays_taken_in(
    desk: Desk, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, other = with_folders(desk, office)
    desk.tenant.upload(CASE_LIBRARY, other, "pult.jpg", jpeg(), BRIT)
    desk.tenant.upload(CASE_LIBRARY, number, "avtale.pdf", BURSTS, AASE)
    monkeypatch.setattr(Examiner, "examine", bursting(None))
    desk.read(uploads=True)
    with pytest.raises(ZeroDivisionError):
        take_in_files(desk)
    assert [status for _, status in desk.statuses()] == ["taken_in", "new"]


def test_files_wait_when_nobody_can_look_at_them(desk: Desk, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    number, other = with_folders(desk, office)
    desk.tenant.upload(CASE_LIBRARY, number, "pult.jpg", jpeg(), AASE)
    desk.tenant.upload(CASE_LIBRARY, other, "pult.jpg", jpeg(), BRIT)
    desk.read(uploads=True)
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        assert take_in_files(desk) == {UPLOADS_UNREAD: 2}
    assert [row for row in rows(desk.database, notices) if row.template == "upload_refused"] == []
    assert take_in_files(desk) == {TAKEN_IN: 2}
    assert desk.reasons() == []


BURSTS = b"%PDF-1.7 nobody has seen the like"


def bursting(finding: Finding | None) -> Callable[..., Finding]:
    """Looks at files as it does, but for one: what comes of that, or an end of everything."""
    look = Examiner.examine

    def examine(examiner: Examiner, content: bytes, *about: Any) -> Finding:  # noqa: ANN401 - passed on
        if content != BURSTS:
            return look(examiner, content, *about)
        if finding is None:
            raise ZeroDivisionError
        return finding

    return examine


def with_folders(desk: Desk, office: Office) -> tuple[str, str]:
    """Two cases that wait for documentation, each with its folder."""
    number, other = desk.have_case(), new_case(2, "0002")
    with desk.database.transaction() as connection:
        add_cases(connection, [other])
    decide_all(desk.database, desk.policy, [other.number])

    async def share_both(graph: Graph) -> None:
        for case_number, who in ((number, AASE), (other.number, BRIT)):
            folder = await ensure_folder(graph, CASE_LIBRARY, case_number)
            await share(graph, CASE_LIBRARY, folder, [who.mail or ""])

    office.run(share_both)
    return number, other.number


def take_in_files(desk: Desk) -> dict[str, int]:
    with night(TODAY + timedelta(days=desk.day)):
        return dict(take_in_uploads.fn())


def _delete_file(office: Office, item_id: str) -> None:
    async def work(graph: Any) -> None:  # noqa: ANN401 - a Graph
        drives = (await graph.get(f"{graph.site}/drives", "GET"))["value"]
        drive = next(each["id"] for each in drives if each["name"] == CASE_LIBRARY)
        await graph.repeatable("DELETE", f"/drives/{drive}/items/{item_id}", "DELETE")

    office.run(work)


# --- What is said of it -----------------------------------------------------------------------------------------


def open_ones(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.database.transaction() as connection:
        return [(each.who, each.item, each.path) for each in open_rejections(connection)]


def test_a_deviation_says_who_sent_what_and_where_it_is(desk: Desk, office: Office) -> None:
    number, other = with_folders(desk, office)
    late = desk.tenant.add_list_item("Svar", answers(number), BRIT)
    desk.take_in(ANSWERS)
    desk.tenant.upload(CASE_LIBRARY, number, "a.txt", b"hei", AASE)
    desk.read(uploads=True)
    take_in_files(desk)
    with desk.database.transaction() as connection:
        row = register(connection, "Soknader", WANTED, "0900", TODAY)
        conclude(connection, "Soknader", [Verdict(row.id, None, "Nei.")], TODAY)
    assert open_ones(desk) == [
        (AASE.mail, f"{number}/a.txt", number),
        ("registrert av 0900", "", ""),
        (BRIT.mail, f"element {late}", number),
    ]
    desk.tenant.remake_list("Svar")
    desk.tenant.add_list_item("Svar", answers(other), BRIT)
    desk.read(ANSWERS)
    assert len(open_ones(desk)) == 2, "what was set aside went with its list"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_answer_that_cannot_be_read_is_a_deviation_and_costs_one_request_a_night(
    desk: Desk, office: Office, status: int
) -> None:
    number = desk.have_case()
    bad = desk.tenant.add_list_item("Svar", {"Saksnummer": number}, AASE)
    office.fail(Fault(path_pattern=rf"/items/{bad}$", times=None, status=status))
    asked = []
    for _ in range(3):
        desk.tenant.add_list_item("Svar", {"Saksnummer": number}, AASE)
        office.gate.requests.clear()
        assert desk.read(ANSWERS) == {ANSWERS.title: 1, UNREAD: 1}
        asked.append(len({each for each in office.gate.requests if "/items/" in each}))
    assert asked == [3, 3, 3], "delta, the new one, and the one that cannot be read"
    assert desk.read(ANSWERS) == {UNREAD: 1}, "one alone is no outage"
    assert open_ones(desk) == [("ukjent avsender", f"element {bad}", "")]
    [reason] = desk.reasons()
    assert (reason.startswith(NOT_READ), str(status) in reason) == (True, True)
    office.tenant.faults.clear()
    assert desk.read(ANSWERS) == {ANSWERS.title: 1}
    assert (open_ones(desk), desk.read(ANSWERS)) == ([], {})


@pytest.mark.parametrize("forgotten", [False, True], ids=["by its tombstone", "read from the beginning"])
def test_one_that_could_not_be_read_and_is_deleted_needs_nobody_any_more(
    desk: Desk, office: Office, *, forgotten: bool
) -> None:
    bad = desk.tenant.add_list_item("Svar", {"Saksnummer": "HK-1"}, AASE)
    office.fail(Fault(path_pattern=rf"/items/{bad}$", times=None, status=403))
    desk.read(ANSWERS)
    desk.tenant.delete_list_item("Svar", bad)
    if forgotten:
        desk.tenant.expire_delta_tokens()
    assert (desk.read(ANSWERS), open_ones(desk)) == ({}, [])
