"""What HR does besides the night, and what both parties say of an agreement in force: which rows and which notices."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from agreements.actions import ErrandKind
from agreements.case import Case, ChangeOutcome, FilingKind, Requirement, RequirementKind, State
from config.sharepoint import ACCEPTANCES, APPLICATIONS, CHANGES, ListDefinition
from integrations.database.inbox import Arrival, receive
from integrations.database.tables import cases, events, filings, notices, rejected_rows
from tasks.imposing import NobodyToImposeOnError, impose, revert
from tasks.night import night, this_night
from tasks.opening import open_cases
from tasks.pausing import CaseNotFoundError, HoldChoice, NotPossibleError, set_or_lift
from tasks.receiving import take_in_answers
from tests.database.samples import TODAY, decide_all, load_staff, new_case, person, read, rows, staff, store
from tests.graph.town import Town

NUMBER = "HK-2027-00077"
EMPLOYEE, MANAGER, COLLEAGUE, ADVISER = "0077", "0900", "0078", "0001"
NEXT_WEEK = TODAY + timedelta(days=7)
FORTY_DAYS_AGO = TODAY - timedelta(days=40)
DELIVERED = (
    Requirement(RequirementKind.PHOTO, FORTY_DAYS_AGO, "a1" * 32),
    Requirement(RequirementKind.ANSWERS, FORTY_DAYS_AGO, answers=(("Lys", "Vindu"),)),
    Requirement(RequirementKind.SIGNED_AGREEMENT, FORTY_DAYS_AGO),
)


@pytest.fixture
def agreed(town: Town) -> Town:
    """Two more people at work; one has an agreement in force, that may be renewed already."""
    load_staff(town.database, staff(EMPLOYEE, COLLEAGUE))
    case = new_case(
        77,
        EMPLOYEE,
        state=State.ACTIVE,
        start_on=TODAY - timedelta(days=30),
        end_on=TODAY + timedelta(days=50),
        requirements=DELIVERED,
    )
    with night(TODAY) as running:
        store(town.database, running.policy, case)
    return town


def say(town: Town, definition: ListDefinition, who: str, **fields: object) -> None:
    """An item in this list, by this person."""
    said = {"Saksnummer": NUMBER, **fields}
    ordinal = f"{definition.name}-{len(rows(town.database, rejected_rows))}-{sorted(fields.items())}-{who}"
    with town.database.transaction() as connection:
        receive(connection, definition.name, [Arrival(ordinal, "1", who, person(who).email, said)], "token", TODAY)


def a_night(on: date = TODAY) -> None:
    with night(on):
        take_in_answers.fn([CHANGES, ACCEPTANCES])
        decide_tonight()


def decide_tonight() -> None:
    """Every case, without Prefect around it."""
    running = this_night()
    numbers = [row.number for row in rows(running.database, cases)]
    decide_all(running.database, running.policy, numbers, running.on)


def told(town: Town, number: str = NUMBER) -> list[tuple[str, str]]:
    return sorted((row.template, row.role) for row in rows(town.database, notices) if row.case_number == number)


def case_now(town: Town) -> Case:
    return read(town.database, NUMBER)[1]


def propose(town: Town, who: str = EMPLOYEE, days_per_week: float = 3.0) -> None:
    say(town, CHANGES, who, DagerPerUke=days_per_week, Ukedager="mandag", FraDato=NEXT_WEEK.isoformat())


# --- A change ---------------------------------------------------------------------------------------------------


def test_a_change_that_both_want_is_a_new_version_of_the_agreement(agreed: Town) -> None:
    propose(agreed)
    a_night()
    assert told(agreed) == [("change_ask", "manager")]
    say(agreed, ACCEPTANCES, MANAGER, Svar="Godtar")
    a_night()
    assert told(agreed) == [("change_agreed", "employee"), ("change_agreed", "manager"), ("change_ask", "manager")]
    assert (case_now(agreed).application.days_per_week, case_now(agreed).version) == (2.0, 1)

    a_night(NEXT_WEEK)
    a_night(NEXT_WEEK)

    changed = case_now(agreed)
    assert (changed.application.days_per_week, changed.application.weekdays, changed.version) == (3.0, "mandag", 2)
    assert [(row.kind, row.sequence) for row in rows(agreed.database, filings) if row.case_number == NUMBER] == [
        (FilingKind.AGREEMENT, 2)
    ]
    assert [row.key for row in agreed.outbox(ErrandKind.FILE_DOCUMENT) if row.case_number == NUMBER] == [
        f"{NUMBER}/file_document/agreement-2"
    ]


def test_the_manager_proposes_and_the_employee_says_no(agreed: Town) -> None:
    propose(agreed, MANAGER)
    a_night()
    say(agreed, ACCEPTANCES, EMPLOYEE, Svar="Godtar ikke")
    a_night()
    assert told(agreed) == [("change_ask", "employee"), ("change_declined", "manager")]
    [change] = case_now(agreed).changes
    assert (change.outcome, change.answered_by) == (ChangeOutcome.DECLINED, EMPLOYEE)
    assert case_now(agreed).version == 1


@pytest.mark.parametrize(
    ("who", "answerer", "sentence"),
    [
        (COLLEAGUE, None, "Bare den ansatte, nærmeste leder eller HR kan foreslå en endring."),
        (EMPLOYEE, EMPLOYEE, "Den som foreslår en endring, kan ikke også godta den."),
        (EMPLOYEE, COLLEAGUE, "Bare den ansatte, nærmeste leder eller HR kan svare på en endring."),
    ],
)
def test_nobody_agrees_for_another(agreed: Town, who: str, answerer: str | None, sentence: str) -> None:
    propose(agreed, who)
    a_night()
    if answerer is not None:
        say(agreed, ACCEPTANCES, answerer, Svar="Godtar")
        a_night()
    assert [row.reason for row in rows(agreed.database, rejected_rows)] == [sentence]
    assert case_now(agreed).version == 1


# --- A renewal --------------------------------------------------------------------------------------------------


def test_a_renewal_brings_with_it_what_is_still_valid(agreed: Town) -> None:
    fields = {"DagerPerUke": 2.0, "FraDato": NEXT_WEEK.isoformat(), "Sted": "Hjemme"}
    say(agreed, APPLICATIONS, EMPLOYEE, **fields)
    with night(TODAY):
        open_cases.fn()
        decide_tonight()
    [row] = [row for row in rows(agreed.database, cases) if row.renews == NUMBER]
    renewal = read(agreed.database, row.number)[1]
    assert renewal.missing == (RequirementKind.SIGNED_AGREEMENT,)
    assert {each.carried_from for each in renewal.requirements if each.received_on} == {NUMBER}
    assert renewal.application.start_on == TODAY + timedelta(days=51)
    [notice] = [each for each in rows(agreed.database, notices) if each.case_number == row.number]
    assert f"Det du leverte i sak {NUMBER} gjelder fortsatt" in notice.detail

    say(agreed, ACCEPTANCES, EMPLOYEE, Saksnummer=row.number, Svar="Godtar")
    with night(TODAY):
        take_in_answers.fn([ACCEPTANCES])
        decide_tonight()
    assert read(agreed.database, row.number)[1].state is State.IN_ASSESSMENT


# --- A pause ----------------------------------------------------------------------------------------------------


def test_a_case_on_hold_and_taken_up_again(agreed: Town) -> None:
    with night(TODAY):
        for _ in range(2):
            set_or_lift.fn(NUMBER.lower(), HoldChoice.PAUSE, NEXT_WEEK, ADVISER)
            decide_tonight()
    assert told(agreed) == [("paused", "employee"), ("paused", "manager")]
    paused = [row.rule for row in rows(agreed.database, events) if row.rule.startswith("hold")]
    assert paused == ["hold.set.1", "hold.begun.1"]
    assert case_now(agreed).paused_on == TODAY
    with night(TODAY + timedelta(days=2)):
        set_or_lift.fn(NUMBER, HoldChoice.RESUME, None, ADVISER)
        decide_tonight()
    assert told(agreed)[2:] == [("resumed", "employee"), ("resumed", "manager")]
    assert (case_now(agreed).hold, case_now(agreed).paused_on) == (None, None)


@pytest.mark.parametrize(
    ("number", "choice", "days", "sentence"),
    [
        ("HK-2027-99999", HoldChoice.PAUSE, 7, "Saken HK-2027-99999 finnes ikke."),
        (NUMBER, HoldChoice.PAUSE, None, "Skriv siste dag av pausen."),
        (NUMBER, HoldChoice.PAUSE, -1, "Pausen må vare til en dag fra i dag"),
        (NUMBER, HoldChoice.PAUSE, 400, "inntil ett år fram"),
        (NUMBER, HoldChoice.RESUME, None, "Saken er ikke satt på pause."),
    ],
)
def test_a_pause_that_cannot_be_is_one_sentence(
    agreed: Town, number: str, choice: HoldChoice, days: int | None, sentence: str
) -> None:
    until = None if days is None else TODAY + timedelta(days=days)
    with night(TODAY), pytest.raises((CaseNotFoundError, NotPossibleError), match=sentence):
        set_or_lift.fn(number, choice, until, ADVISER)
    assert case_now(agreed).hold is None


# --- Imposed home office ----------------------------------------------------------------------------------------


def test_everybody_is_sent_home_and_called_back(agreed: Town) -> None:
    with night(TODAY):
        for _ in range(2):
            impose.fn(None, TODAY, NEXT_WEEK, TODAY, ADVISER)
            decide_tonight()
    sent_home = [row for row in rows(agreed.database, cases) if row.imposed]
    assert COLLEAGUE in {row.employee_number for row in sent_home}
    assert EMPLOYEE not in {row.employee_number for row in sent_home}
    assert {row.discussed_on for row in sent_home} == {TODAY}
    assert told(agreed) == [("imposed", "employee")]
    assert all(told(agreed, row.number) == [("imposed", "employee")] for row in sent_home)

    with night(TODAY):
        for _ in range(2):
            revert.fn(None, TODAY + timedelta(days=2), ADVISER)
    with night(TODAY + timedelta(days=3)):
        decide_tonight()
    ended = [row for row in rows(agreed.database, cases) if row.imposed]
    assert {(row.state, row.end_reason) for row in ended} == {("ended", "reverted")}
    assert told(agreed, ended[0].number) == [
        (each, "employee") for each in ("imposed", "imposed_shortened", "reverted")
    ]
    assert case_now(agreed).state is State.ACTIVE


def test_nothing_is_imposed_that_has_not_been_discussed(agreed: Town) -> None:
    with night(TODAY), pytest.raises(NobodyToImposeOnError, match="må være holdt"):
        impose.fn(None, TODAY, NEXT_WEEK, TODAY + timedelta(days=1), ADVISER)
    assert not any(row.imposed for row in rows(agreed.database, cases))


def test_what_is_accepted_before_it_is_asked_for_is_set_aside(agreed: Town) -> None:
    say(agreed, ACCEPTANCES, MANAGER, Svar="Godtar")
    a_night()
    assert [row.reason for row in rows(agreed.database, rejected_rows)] == ["Saken venter ikke på svar på en endring."]
    assert replace(case_now(agreed), changes=()) == case_now(agreed)
