"""The staff picture: only what changed is written, and open cases hear of what concerns them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from agreements.case import State
from agreements.people import Leave, ManagerFoundBy, Position, RejectedRow, Snapshot, Unit
from agreements.policy import Policy
from agreements.staff import StaffDiff
from integrations.database.engine import Database
from integrations.database.staff import StaffEntry, employed_in_unit, staff_entries
from integrations.database.tables import cases, employees, events, leaves, positions, units
from tests.database.samples import (
    TODAY,
    TOMORROW,
    UNIT,
    YESTERDAY,
    changed,
    everything,
    load_staff,
    new_case,
    person,
    read,
    rows,
    staff,
    statements,
    store,
    without,
)

DAY_AFTER = date(2027, 3, 3)
PICTURE = staff("0001", "0002", "0003")


def employee(database: Database, number: str) -> StaffEntry:
    with database.transaction() as connection:
        return staff_entries(connection, [number])[number]


def absent_since(database: Database, number: str) -> date | None:
    with database.transaction() as connection:
        wanted = select(employees.c.absent_since).where(employees.c.employee_number == number)
        found: date | None = connection.execute(wanted).scalar_one()
    return found


# --- Who works where --------------------------------------------------------------------------------------------


def test_the_first_load_stores_everybody(database: Database) -> None:
    diff = load_staff(database, PICTURE)
    assert len(diff.new) == 4
    stored = {row.employee_number: row for row in rows(database, employees)}
    assert stored.keys() == {"0001", "0002", "0003", "0900"}
    row = stored["0001"]
    assert (row.given_name, row.family_name, row.unit_id) == ("Åse", "Regnglimt", "helse")
    assert (row.manager_number, row.manager_found_by) == ("0900", ManagerFoundBy.UNIT)
    assert (row.start_on, row.end_on, row.left_on, row.absent_since) == (date(2020, 1, 1), None, None, None)
    assert stored["0900"].manager_number is None
    assert [(row.employee_number, row.position_id, row.is_main) for row in rows(database, positions)] == [
        (number, f"p-{number}", True) for number in ("0001", "0002", "0003", "0900")
    ]
    assert [(row.unit_id, row.name, row.manager_number) for row in rows(database, units)] == [
        ("helse", "Helse og mestring", "0900")
    ]


def test_the_same_picture_again_writes_nothing(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    before = everything(staffed)
    diff = load_staff(staffed, PICTURE, TOMORROW)
    assert (diff.unchanged, diff.new, diff.changed) == (4, (), ())
    assert everything(staffed) == before


def test_only_the_one_who_changed_is_written(staffed: Database) -> None:
    before = {row.employee_number: row for row in rows(staffed, employees)}
    diff = load_staff(staffed, changed(PICTURE, "0002", family_name="Moe", email=None))
    assert [staffing.employee.employee_number for staffing in diff.changed] == ["0002"]
    after = {row.employee_number: row for row in rows(staffed, employees)}
    assert (after["0002"].family_name, after["0002"].email) == ("Moe", None)
    assert [number for number in after if after[number] != before[number]] == ["0002"]


def test_positions_are_replaced(staffed: Database) -> None:
    two = (
        Position("p-a", "helse", 60.0, is_main=True, manager_number="0003", start_on=YESTERDAY),
        Position("p-b", None, 40.0, end_on=TOMORROW),
    )
    load_staff(staffed, changed(PICTURE, "0001", positions=two))
    held = [row for row in rows(staffed, positions) if row.employee_number == "0001"]
    assert [
        Position(
            row.position_id,
            row.unit_id,
            row.percentage,
            is_main=row.is_main,
            manager_number=row.manager_number,
            start_on=row.start_on,
            end_on=row.end_on,
        )
        for row in held
    ] == list(two)
    assert employee(staffed, "0001").manager_number == "0003"
    assert len(rows(staffed, positions)) == 5

    load_staff(staffed, changed(PICTURE, "0001", positions=()))
    assert [row for row in rows(staffed, positions) if row.employee_number == "0001"] == []


def test_units_are_changed_and_added_and_never_removed(staffed: Database) -> None:
    school = Unit("skole", "Skole", None, None)
    load_staff(staffed, replace(PICTURE, units=(replace(UNIT, name="Helse"), school)))
    assert [(row.unit_id, row.name) for row in rows(staffed, units)] == [("helse", "Helse"), ("skole", "Skole")]
    load_staff(staffed, replace(PICTURE, units=(school,)))
    assert [row.unit_id for row in rows(staffed, units)] == ["helse", "skole"]


# --- Who has left -----------------------------------------------------------------------------------------------


def test_one_absence_is_only_noted(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    load_staff(staffed, without(PICTURE, "0001"))
    assert absent_since(staffed, "0001") == TODAY
    assert employee(staffed, "0001").left_on is None
    assert read(staffed, "HK-2027-00001") == (1, new_case())


def test_absent_from_two_walks_on_one_day_is_not_gone(staffed: Database) -> None:
    load_staff(staffed, without(PICTURE, "0001"))
    load_staff(staffed, without(PICTURE, "0001"))
    assert employee(staffed, "0001").left_on is None


def test_absent_on_two_days_is_gone(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    load_staff(staffed, without(PICTURE, "0001"))
    load_staff(staffed, without(PICTURE, "0001"), TOMORROW)
    assert employee(staffed, "0001").left_on == TODAY
    assert read(staffed, "HK-2027-00001")[1].left_on == TODAY


def test_who_returns_after_one_absence_was_never_away(staffed: Database) -> None:
    before = everything(staffed)
    load_staff(staffed, without(PICTURE, "0001"))
    load_staff(staffed, PICTURE, TOMORROW)
    assert everything(staffed) == before


def test_who_returns_after_having_gone_is_employed_again(staffed: Database, policy: Policy) -> None:
    """The last day was our own conclusion, so it goes when HR lists the person again just as before."""
    store(staffed, policy, new_case())
    load_staff(staffed, without(PICTURE, "0001"))
    load_staff(staffed, without(PICTURE, "0001"), TOMORROW)
    load_staff(staffed, PICTURE, DAY_AFTER)
    assert absent_since(staffed, "0001") is None
    assert employee(staffed, "0001").left_on is None
    assert read(staffed, "HK-2027-00001")[1].left_on is None


def test_who_is_listed_again_in_a_row_that_cannot_be_read_is_employed_again(staffed: Database) -> None:
    load_staff(staffed, without(PICTURE, "0001"))
    load_staff(staffed, without(PICTURE, "0001"), TOMORROW)
    load_staff(
        staffed, replace(without(PICTURE, "0001"), rejected=(RejectedRow("0001", "navn", "mangler"),)), DAY_AFTER
    )
    assert absent_since(staffed, "0001") is None
    assert employee(staffed, "0001").left_on is None


def test_who_returns_keeps_the_last_day_hr_has_said(staffed: Database) -> None:
    ends_later = changed(PICTURE, "0001", end_on=date(2027, 6, 30))
    with staffed.transaction() as connection:
        connection.execute(
            employees.update().where(employees.c.employee_number == "0001").values(absent_since=YESTERDAY)
        )
    load_staff(staffed, ends_later)
    assert absent_since(staffed, "0001") is None
    assert employee(staffed, "0001").left_on == date(2027, 6, 30)


def test_a_row_that_cannot_be_read_counts_as_present(staffed: Database) -> None:
    unreadable = replace(without(PICTURE, "0001"), rejected=(RejectedRow("0001", "navn", "mangler"),))
    load_staff(staffed, unreadable)
    load_staff(staffed, unreadable, TOMORROW)
    assert absent_since(staffed, "0001") is None
    assert employee(staffed, "0001").left_on is None


# --- What the cases hear ----------------------------------------------------------------------------------------


def test_an_open_case_learns_the_last_day(staffed: Database, policy: Policy) -> None:
    case = new_case(state=State.ACTIVE, start_on=YESTERDAY, end_on=date(2028, 2, 28))
    store(staffed, policy, case, new_case(2, "0002"))
    before = rows(staffed, cases)[1]
    load_staff(staffed, changed(PICTURE, "0001", end_on=TOMORROW))
    assert read(staffed, case.number) == (2, structs.replace(case, left_on=TOMORROW))
    first, second = rows(staffed, cases)
    assert first.next_action_on == TODAY
    assert second == before
    [happened] = rows(staffed, events)
    assert (happened.case_number, happened.rule, happened.actor) == (case.number, "hr.last-day", "sync-employees")
    assert (happened.from_state, happened.to_state) == ("active", "active")
    assert (happened.business_date, happened.policy_version) == (TODAY, "2026-11-01")


@pytest.mark.parametrize("manager_number", ["0003", None])
def test_an_open_case_learns_of_a_new_manager(staffed: Database, policy: Policy, manager_number: str | None) -> None:
    store(staffed, policy, new_case())
    load_staff(staffed, replace(PICTURE, units=(replace(UNIT, manager_number=manager_number),)))
    assert read(staffed, "HK-2027-00001") == (2, new_case(manager_number=manager_number))
    assert [row.rule for row in rows(staffed, events)] == ["hr.manager"]
    assert rows(staffed, cases)[0].next_action_on == TODAY


def test_both_at_once_are_two_events(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    news = replace(PICTURE, units=(replace(UNIT, manager_number="0003"),))
    load_staff(staffed, changed(news, "0001", end_on=TODAY))
    assert read(staffed, "HK-2027-00001") == (3, new_case(manager_number="0003", left_on=TODAY))
    assert [row.rule for row in rows(staffed, events)] == ["hr.last-day", "hr.manager"]


@pytest.mark.parametrize("state", [State.ENDED, State.NO_AGREEMENT_NEEDED])
def test_closed_cases_are_left_alone(staffed: Database, policy: Policy, state: State) -> None:
    store(staffed, policy, new_case(state=state))
    before = rows(staffed, cases)
    news = replace(PICTURE, units=(replace(UNIT, manager_number="0003"),))
    load_staff(staffed, changed(news, "0001", end_on=YESTERDAY))
    assert rows(staffed, cases) == before
    assert rows(staffed, events) == []


# --- Who is in a unit -------------------------------------------------------------------------------------------


def test_a_unit_lists_those_employed_on_the_day(database: Database) -> None:
    load_staff(
        database,
        Snapshot(
            (UNIT, Unit("skole", "Skole", "helse", None)),
            (
                person("0001"),
                person("0002", end_on=TODAY),
                person("0003", end_on=YESTERDAY),
                person("0004", start_on=TODAY),
                person("0005", start_on=TOMORROW),
                person("0006", start_on=None),
                person("0007", positions=(Position("p", "skole", 100.0),)),
            ),
        ),
    )
    with database.transaction() as connection:
        assert list(employed_in_unit(connection, "helse", TODAY)) == ["0001", "0002", "0004", "0006"]
        assert employed_in_unit(connection, "nowhere", TODAY) == {}


# --- How much it costs ------------------------------------------------------------------------------------------


def test_two_thousand_employees_take_as_many_statements_as_twenty(database: Database) -> None:
    few, many = ([f"{each:05d}" for each in range(count)] for count in (20, 2000))
    assert _costs(database, staff(*few)) == _costs(database, staff(*many))


def _costs(database: Database, picture: Snapshot) -> list[int]:
    """Statements of a first load, of one where everybody changed, and of one where all but the manager are gone."""
    married = replace(picture, employees=tuple(replace(who, family_name="Lie") for who in picture.employees))
    alone = replace(picture, employees=picture.employees[-1:])
    walks = ((picture, TODAY), (married, TODAY), (alone, TODAY), (alone, TOMORROW), (married, DAY_AFTER))
    with database.transaction() as connection:
        for table in (positions, employees, units):
            connection.execute(table.delete())
    counts: list[int] = []
    for walk, today in walks:
        with statements(database) as sent:
            diff = load_staff(database, walk, today)
        counts.append(len(sent))
        assert _size(diff) >= len(picture.employees) - 1
    return counts


def _size(diff: StaffDiff) -> int:
    return len(diff.new) + len(diff.changed) + len(diff.absent) + len(diff.gone) + len(diff.returned)


# --- Who is on leave --------------------------------------------------------------------------------------------


def leaves_of(database: Database) -> list[tuple[str, date, date | None]]:
    return [(row.employee_number, row.start_on, row.end_on) for row in rows(database, leaves)]


def test_leaves_are_stored_and_written_anew(staffed: Database) -> None:
    two = (Leave(date(2026, 1, 5), date(2026, 3, 5)), Leave(date(2027, 9, 1)))
    on_leave = changed(changed(PICTURE, "0001", leaves=two), "0002", leaves=two[:1])
    load_staff(staffed, on_leave)
    assert leaves_of(staffed) == [
        ("0001", date(2026, 1, 5), date(2026, 3, 5)),
        ("0001", date(2027, 9, 1), None),
        ("0002", date(2026, 1, 5), date(2026, 3, 5)),
    ]
    prolonged = (Leave(date(2026, 1, 5), date(2026, 6, 5)),)
    load_staff(staffed, changed(on_leave, "0001", leaves=prolonged), TOMORROW)
    assert leaves_of(staffed) == [
        ("0001", date(2026, 1, 5), date(2026, 6, 5)),
        ("0002", date(2026, 1, 5), date(2026, 3, 5)),
    ]
    load_staff(staffed, PICTURE, DAY_AFTER)
    assert leaves_of(staffed) == []


@pytest.mark.parametrize("last_days", [(TODAY, TOMORROW), (TOMORROW, TODAY), (None, TODAY), (TODAY, None)])
def test_of_leaves_that_begin_on_one_day_the_longest_is_kept(
    staffed: Database, last_days: tuple[date | None, date | None]
) -> None:
    """From two positions, for instance: one is enough to know who is away, and no reason to stop the whole sync."""
    load_staff(staffed, changed(PICTURE, "0001", leaves=tuple(Leave(YESTERDAY, last_day) for last_day in last_days)))
    assert leaves_of(staffed) == [("0001", YESTERDAY, None if None in last_days else TOMORROW)]


@pytest.mark.parametrize(
    ("changes", "is_away"),
    [
        ({"leaves": (Leave(YESTERDAY, YESTERDAY),)}, False),
        ({"leaves": (Leave(YESTERDAY, TODAY),)}, True),
        ({"leaves": (Leave(TODAY),)}, True),
        ({"leaves": (Leave(TOMORROW),)}, False),
        ({"positions": (Position("p", "helse", 100.0, end_on=YESTERDAY),)}, True),
        ({"positions": ()}, False),
    ],
    ids=["over", "last day", "first day", "still to come", "no position that holds", "no position at all"],
)
def test_who_is_away_today(staffed: Database, changes: dict[str, Any], *, is_away: bool) -> None:
    load_staff(staffed, changed(PICTURE, "0001", **changes))
    assert employee(staffed, "0001").is_away is is_away
    assert employee(staffed, "0002").is_away is False


def test_a_leave_begins_and_ends_by_itself(staffed: Database, policy: Policy) -> None:
    """HR says the same every day, and still something has happened."""
    store(staffed, policy, new_case())
    on_leave = changed(PICTURE, "0001", leaves=(Leave(TOMORROW, TOMORROW),))
    seen = []
    for day in (TODAY, TOMORROW, DAY_AFTER):
        load_staff(staffed, on_leave, day)
        seen.append((employee(staffed, "0001").is_away, read(staffed, "HK-2027-00001")[1].away))
    assert seen == [(False, False), (True, True), (False, False)]
    assert [(row.rule, row.business_date) for row in rows(staffed, events)] == [
        ("hr.leave", TOMORROW),
        ("hr.leave", DAY_AFTER),
    ]


def test_an_open_case_follows_unit_and_leave(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case(), new_case(2, "0002"))
    moved = (Position("p-0001", "skole", 100.0, manager_number="0900"),)
    picture = changed(PICTURE, "0001", positions=moved, leaves=(Leave(TODAY),))
    load_staff(staffed, picture)
    assert read(staffed, "HK-2027-00001") == (3, new_case(unit_id="skole", away=True))
    assert read(staffed, "HK-2027-00002") == (1, new_case(2, "0002"))
    assert [(row.case_number, row.rule) for row in rows(staffed, events)] == [
        ("HK-2027-00001", "hr.unit"),
        ("HK-2027-00001", "hr.leave"),
    ]
    assert rows(staffed, cases)[0].next_action_on == TODAY
    load_staff(staffed, picture, TOMORROW)
    assert len(rows(staffed, events)) == 2


def test_what_a_new_case_needs_to_know(staffed: Database) -> None:
    everything_set = changed(PICTURE, "0001", end_on=TOMORROW, leaves=(Leave(TODAY),))
    load_staff(staffed, changed(everything_set, "0002", positions=()))
    with staffed.transaction() as connection:
        found = staff_entries(connection, ["0001", "0002", "0900", "nobody"])
    assert found == {
        "0001": StaffEntry("0900", TOMORROW, "helse", is_away=True, is_leader=False, position_percentage=100.0),
        "0002": StaffEntry(None, None, None, is_away=False, is_leader=False, position_percentage=None),
        "0900": StaffEntry(None, None, "helse", is_away=False, is_leader=True, position_percentage=100.0),
    }
