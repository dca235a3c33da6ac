"""Cases in and out: whole, in one transaction, in as many statements for five hundred as for five."""

from collections.abc import Sequence
from datetime import date

import pytest
from msgspec import NODEFAULT
from msgspec.structs import fields, replace
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import (
    OPEN_STATES,
    Application,
    Assessment,
    Case,
    Change,
    Chase,
    Evaluation,
    Hold,
    Place,
    Requirement,
    State,
    Termination,
)
from agreements.decide import next_action_on
from agreements.policy import Policy
from integrations.database.cases import (
    CaseChangedError,
    Decided,
    add_cases,
    due_case_numbers,
    load_cases,
    mark_renewed,
    next_case_ordinal,
    open_cases_of,
    save_decisions,
)
from integrations.database.engine import Database
from integrations.database.tables import cases, events, notices, outbox
from tests.database.samples import (
    STAMP,
    TODAY,
    TOMORROW,
    YESTERDAY,
    case_with_everything,
    decide_all,
    decided,
    everything,
    load_staff,
    new_case,
    read,
    rows,
    staff,
    statements,
    store,
)

# --- Whole ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [Case, Application, Chase, Assessment, Termination, Requirement, Evaluation, Change, Hold],
    ids=lambda part: part.__name__,
)
def test_the_case_with_everything_leaves_no_field_at_its_default(part: type) -> None:
    """What keeps the round trip honest when somebody adds a field."""
    case = case_with_everything()
    all_parts: dict[type, Sequence[object]] = {
        Case: [case],
        Application: [case.application],
        Chase: [case.documentation, case.assessment_request],
        Assessment: [case.assessment],
        Termination: [case.termination],
        Requirement: case.requirements,
        Evaluation: case.evaluations,
        Change: case.changes,
        Hold: [case.hold],
    }
    optional = {field.name: field.default for field in fields(part) if field.default is not NODEFAULT}
    for name, default in optional.items():
        assert any(getattr(each, name) != default for each in all_parts[part]), name


def test_a_case_with_everything_comes_back_as_it_was(staffed: Database, policy: Policy) -> None:
    case = case_with_everything()
    store(staffed, policy, case)
    assert read(staffed, case.number) == (1, case)


def test_a_new_case_comes_back_as_it_was(staffed: Database) -> None:
    with staffed.transaction() as connection:
        add_cases(connection, [new_case(manager_number=None)])
    assert read(staffed, "HK-2027-00001") == (0, new_case(manager_number=None))


def test_parts_that_are_gone_from_the_case_are_gone_from_the_database(staffed: Database, policy: Policy) -> None:
    case = case_with_everything()
    store(staffed, policy, case)
    fewer = replace(case, requirements=case.requirements[:1], evaluations=(), documentation=None, termination=None)
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, fewer)], policy, STAMP)
    assert read(staffed, case.number) == (2, fewer)


def test_filings_are_only_added_to(staffed: Database, policy: Policy) -> None:
    case = case_with_everything()
    store(staffed, policy, case)
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, replace(case, filings=case.filings[:1]))], policy, STAMP)
    assert read(staffed, case.number)[1].filings == case.filings


def test_what_differs_from_the_case_as_it_was_read_is_written(staffed: Database, policy: Policy) -> None:
    """Two cases that differ in different columns and parts, and one that does not differ at all."""
    first, second = case_with_everything(), new_case(2, "0002", requirements=case_with_everything().requirements)
    third = new_case(3, "0003", evaluations=case_with_everything().evaluations)
    store(staffed, policy, first, second, third)
    fewer = replace(first, evaluations=first.evaluations[:1], documentation=None, end_on=date(2028, 3, 9))
    more = replace(second, requirements=second.requirements[:2], state=State.COLLECTING, filings=first.filings)
    with staffed.transaction() as connection:
        changed = [Decided(1, fewer, before=first), Decided(1, more, before=second), Decided(1, third, before=third)]
        save_decisions(connection, changed, policy, STAMP)
    assert [read(staffed, case.number) for case in (fewer, more, third)] == [(2, fewer), (2, more), (2, third)]


def test_every_place_and_state_can_be_stored(staffed: Database, policy: Policy) -> None:
    states = [new_case(ordinal, state=state) for ordinal, state in enumerate(State, start=1)]
    places = [
        new_case(100 + ordinal, application=replace(new_case().application, place=place))
        for ordinal, place in enumerate(Place)
    ]
    store(staffed, policy, *states, *places)
    with staffed.transaction() as connection:
        loaded = load_cases(connection, [case.number for case in (*states, *places)])
    assert [case for _, case in loaded.values()] == [*states, *places]


# --- Decisions --------------------------------------------------------------------------------------------------


def test_decisions_write_case_event_notices_and_errands(staffed: Database, policy: Policy) -> None:
    with staffed.transaction() as connection:
        add_cases(connection, [new_case()])
    decide_all(staffed, policy, ["HK-2027-00001"])

    version, case = read(staffed, "HK-2027-00001")
    assert (version, case.state) == (1, State.COLLECTING)
    assert rows(staffed, cases)[0].next_action_on == next_action_on(case, policy)
    [happened] = rows(staffed, events)
    assert (happened.business_date, happened.at, happened.actor) == (TODAY, STAMP.at, "nightly")
    assert (happened.from_state, happened.to_state, happened.rule) == ("received", "collecting", "documentation.ask")
    assert happened.policy_version == policy.version
    [notice] = rows(staffed, notices)
    assert notice.key == "HK-2027-00001/documentation.ask/employee"
    assert (notice.template, notice.role, notice.outbox_key) == ("documentation_ask", "employee", None)
    [errand] = rows(staffed, outbox)
    assert (errand.key, errand.kind, errand.status) == ("HK-2027-00001/open_folder", "open_folder", "pending")
    assert (errand.attempts, errand.payload) == (0, {"filing": None, "sequence": 1})


def test_an_action_names_the_person_who_brought_it_about(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    answered = Action("fact.answers.7", new_case(), new_case(), actor="0001")
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, new_case(), [answered])], policy, STAMP)
    assert [row.actor for row in rows(staffed, events)] == ["0001"]


def test_deciding_again_the_same_day_brings_nothing_more(staffed: Database, policy: Policy) -> None:
    with staffed.transaction() as connection:
        add_cases(connection, [new_case()])
    decide_all(staffed, policy, ["HK-2027-00001"])
    before = [rows(staffed, table) for table in (events, notices, outbox)]
    decide_all(staffed, policy, ["HK-2027-00001"])
    assert [rows(staffed, table) for table in (events, notices, outbox)] == before


def test_each_document_is_one_errand(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    kinds = case_with_everything().filings
    errands = tuple(Errand(ErrandKind.FILE_DOCUMENT, filing.kind, filing.sequence) for filing in kinds)
    with staffed.transaction() as connection:
        filing = Action("filing.prepare", new_case(), new_case(), errands=errands)
        save_decisions(connection, [Decided(1, new_case(), [filing])], policy, STAMP)
    assert [row.key for row in rows(staffed, outbox)] == [
        "HK-2027-00001/file_document/agreement-1",
        "HK-2027-00001/file_document/photo-1",
        "HK-2027-00001/file_document/evaluation-1",
        "HK-2027-00001/file_document/evaluation-2",
        "HK-2027-00001/file_document/end_note-1",
    ]


def test_a_failure_in_the_middle_leaves_nothing(staffed: Database, policy: Policy) -> None:
    """The second case repeats a notice, which is found out after cases and events have been written."""
    store(staffed, policy, new_case(1), new_case(2, "0002"))
    told_twice = (Notice("documentation_ask", Role.EMPLOYEE),) * 2
    moved = new_case(2, "0002", state=State.COLLECTING)
    twice = Action("documentation.ask", new_case(2, "0002"), moved, told_twice, (Errand(ErrandKind.OPEN_FOLDER),))
    before = everything(staffed)
    with pytest.raises(IntegrityError), staffed.transaction() as connection:
        save_decisions(connection, [decided(1, new_case(1), policy), Decided(1, moved, [twice])], policy, STAMP)
    assert everything(staffed) == before


def test_a_case_that_somebody_wrote_meanwhile_undoes_the_batch(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case(1), new_case(2, "0002"))
    with staffed.transaction() as connection:
        mine = [decided(version, case, policy) for version, case in load_cases(connection, _numbers(2)).values()]
    theirs = new_case(2, "0002", manager_number="0003")
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, theirs)], policy, STAMP)
    before = everything(staffed)
    with (
        pytest.raises(CaseChangedError, match="nothing of this batch was written"),
        staffed.transaction() as connection,
    ):
        save_decisions(connection, mine, policy, STAMP)
    assert everything(staffed) == before


def test_nothing_decided_is_nothing_written(staffed: Database, policy: Policy) -> None:
    with statements(staffed) as sent, staffed.transaction() as connection:
        save_decisions(connection, [], policy, STAMP)
        mark_renewed(connection, [], TODAY)
    assert [statement for statement, _ in sent if not statement.startswith("BEGIN")] == []


# --- What is due ------------------------------------------------------------------------------------------------


def test_only_cases_that_are_due_in_these_states_are_selected(staffed: Database, policy: Policy) -> None:
    def active(ordinal: int, end_on: date | None) -> Case:
        return new_case(ordinal, state=State.ACTIVE, start_on=TODAY, end_on=end_on, expiry_notified_on=TODAY)

    store(
        staffed,
        policy,
        active(1, YESTERDAY),
        active(2, TODAY),
        new_case(3, state=State.ENDED),
        new_case(4, left_on=YESTERDAY),
        active(5, date(2026, 12, 31)),
    )
    with staffed.transaction() as connection:
        assert due_case_numbers(connection, [State.ACTIVE], TODAY) == ["HK-2027-00001", "HK-2027-00005"]
        assert due_case_numbers(connection, OPEN_STATES, TODAY) == [f"HK-2027-0000{each}" for each in (1, 4, 5)]
        assert due_case_numbers(connection, [State.ACTIVE], TOMORROW) == [f"HK-2027-0000{each}" for each in (1, 2, 5)]


def test_what_is_due_is_found_by_index(staffed: Database, policy: Policy) -> None:
    load_staff(staffed, staff(*_employees(300)))
    store(staffed, policy, *(new_case(each, f"{each:04d}", state=State.ACTIVE) for each in range(1, 301)))
    with staffed.transaction() as connection:
        with statements(staffed) as sent:
            due_case_numbers(connection, [State.ACTIVE, State.APPROVED], TODAY)
        [(statement, parameters)] = sent
        if staffed.engine.dialect.name == "postgresql":
            # On a table this small it would rather read everything; the question is whether it could.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if staffed.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))
    assert "ix_cases_state_next_action_on" in plan


def test_the_open_case_of_an_employee_is_the_renewal(staffed: Database, policy: Policy) -> None:
    store(
        staffed,
        policy,
        new_case(1, state=State.ACTIVE),
        new_case(2, renews="HK-2027-00001"),
        new_case(3, "0002", state=State.ENDED),
        new_case(4, "0003", state=State.NO_AGREEMENT_NEEDED),
    )
    with staffed.transaction() as connection:
        found = open_cases_of(connection, ["0001", "0002", "0003", "9999"])
    assert {employee: case.number for employee, case in found.items()} == {"0001": "HK-2027-00002"}


def test_ordinals_go_on_from_the_last_case(staffed: Database) -> None:
    with staffed.transaction() as connection:
        assert next_case_ordinal(connection) == 1
        add_cases(connection, [new_case(1), new_case(2, "0002")])
        assert next_case_ordinal(connection) == 3


def test_an_agreement_learns_which_case_took_over(staffed: Database, policy: Policy) -> None:
    old = [new_case(1, state=State.ACTIVE, end_on=TOMORROW), new_case(2, "0002", state=State.ACTIVE, end_on=TOMORROW)]
    store(staffed, policy, *old)
    with staffed.transaction() as connection:
        mark_renewed(connection, [new_case(8, renews=old[0].number), new_case(9, renews=old[1].number)], TODAY)
    for before, renewal in zip(old, ("HK-2027-00008", "HK-2027-00009"), strict=True):
        assert read(staffed, before.number) == (2, replace(before, renewed_by=renewal))
    with staffed.transaction() as connection:
        assert due_case_numbers(connection, [State.ACTIVE], TODAY) == [case.number for case in old]


# --- How much it costs ------------------------------------------------------------------------------------------


def test_a_large_batch_takes_as_many_statements_as_a_small_one(database: Database, policy: Policy) -> None:
    load_staff(database, staff(*_employees(505)))
    with database.transaction() as connection:
        add_cases(connection, [new_case(each, f"{each:04d}") for each in range(1, 506)])
    few, many = _numbers(505)[:5], _numbers(505)[5:]
    assert _cost(database, policy, many) == _cost(database, policy, few)
    with database.transaction() as connection:
        in_all = connection.scalar(select(func.count()).select_from(cases).where(cases.c.state == "collecting"))
    assert in_all == 505


def _cost(database: Database, policy: Policy, numbers: Sequence[str]) -> int:
    with statements(database) as sent:
        decide_all(database, policy, numbers)
    return len(sent)


def _numbers(count: int) -> list[str]:
    return [f"HK-2027-{each:05d}" for each in range(1, count + 1)]


def _employees(count: int) -> list[str]:
    return [f"{each:04d}" for each in range(1, count + 1) if each != 900]
