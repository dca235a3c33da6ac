"""Who leads whom, and which position counts."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from agreements.people import (
    Employee,
    Leave,
    ManagerFinding,
    ManagerFoundBy,
    Organisation,
    Overrides,
    Position,
    Snapshot,
    Unit,
)

TODAY = date(2026, 3, 2)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

UNITS = (
    Unit("top", "Kommunen", None, "chief"),
    Unit("sector", "Sektor", "top", "head"),
    Unit("team", "Avdeling", "sector", "lead"),
)
LEADERS = ("chief", "head", "lead", "deputy")


def person(number: str, *positions: Position, start_on: date | None = None, end_on: date | None = None) -> Employee:
    return Employee(number, "Åse", "Regnglimt", start_on=start_on, end_on=end_on, positions=positions)


def work(unit_id: str | None = "team", manager_number: str | None = None, position_id: str = "p1") -> Position:
    return Position(position_id, unit_id, 100.0, manager_number=manager_number)


AWAY = person("lead", Position("p1", "team", 100.0, end_on=YESTERDAY), Position("p2", "team", 100.0, start_on=TOMORROW))


def organisation(who: Employee, *others: Employee, units: tuple[Unit, ...] = UNITS) -> Organisation:
    """`others` take the place of leaders with the same number."""
    people = {number: person(number) for number in LEADERS}
    people.update({employee.employee_number: employee for employee in (*others, who)})
    return Organisation.of(Snapshot(units=units, employees=tuple(people.values())), TODAY)


@pytest.mark.parametrize(
    ("who", "others", "manager", "found_by"),
    [
        pytest.param(person("ada", work()), (), "lead", ManagerFoundBy.UNIT, id="unit"),
        pytest.param(
            person("ada", work(manager_number="deputy")), (), "deputy", ManagerFoundBy.POSITION, id="own-manager"
        ),
        pytest.param(person("ada", work(manager_number="ada")), (), "lead", ManagerFoundBy.UNIT, id="own-is-self"),
        pytest.param(person("ada", work(manager_number="x")), (), "lead", ManagerFoundBy.UNIT, id="own-unknown"),
        pytest.param(
            person("ada", work(manager_number="deputy")),
            (person("deputy", end_on=YESTERDAY),),
            "lead",
            ManagerFoundBy.UNIT,
            id="own-has-left",
        ),
        pytest.param(person("lead", work()), (), "head", ManagerFoundBy.PARENT_UNIT, id="leader-of-the-unit"),
        pytest.param(
            person("ada", work()),
            (person("lead", end_on=YESTERDAY),),
            "head",
            ManagerFoundBy.PARENT_UNIT,
            id="leader-has-left",
        ),
        pytest.param(
            person("ada", work()), (person("lead", end_on=TODAY),), "lead", ManagerFoundBy.UNIT, id="leaders-last-day"
        ),
        pytest.param(
            person("ada", work()),
            (person("lead", start_on=TOMORROW),),
            "head",
            ManagerFoundBy.PARENT_UNIT,
            id="leader-not-begun",
        ),
        pytest.param(
            person("ada", work()),
            (person("lead", end_on=YESTERDAY), person("head", end_on=YESTERDAY)),
            "chief",
            ManagerFoundBy.PARENT_UNIT,
            id="two-leaders-gone",
        ),
        pytest.param(person("chief", work("top")), (), None, ManagerFoundBy.NOBODY, id="top-leader"),
        pytest.param(person("ada", work(None)), (), None, ManagerFoundBy.NOBODY, id="no-unit"),
        pytest.param(person("ada", work("gone")), (), None, ManagerFoundBy.NOBODY, id="unknown-unit"),
        pytest.param(
            person("ada", work(None, "deputy")), (), "deputy", ManagerFoundBy.POSITION, id="no-unit-own-manager"
        ),
        pytest.param(person("ada"), (), None, ManagerFoundBy.NOBODY, id="no-position"),
        pytest.param(
            person("ada", Position("p1", "team", 100.0, end_on=YESTERDAY)),
            (),
            "lead",
            ManagerFoundBy.UNIT,
            id="on-leave-keeps-the-manager",
        ),
        pytest.param(person("ada", work()), (AWAY,), "head", ManagerFoundBy.PARENT_UNIT, id="leader-on-leave"),
        pytest.param(
            person("ada", work()),
            (replace(AWAY, substitute_number="deputy"),),
            "deputy",
            ManagerFoundBy.SUBSTITUTE,
            id="substitute",
        ),
        pytest.param(
            person("ada", work()),
            (replace(AWAY, substitute_number="ada"),),
            "head",
            ManagerFoundBy.PARENT_UNIT,
            id="substitute-is-self",
        ),
        pytest.param(
            person("ada", work()),
            (replace(AWAY, substitute_number="deputy"), person("deputy", end_on=YESTERDAY)),
            "head",
            ManagerFoundBy.PARENT_UNIT,
            id="substitute-has-left",
        ),
        pytest.param(
            person("ada", work()),
            (replace(AWAY, substitute_number="deputy"), replace(AWAY, employee_number="deputy")),
            "head",
            ManagerFoundBy.PARENT_UNIT,
            id="substitute-on-leave-too",
        ),
        pytest.param(
            person("ada", work()),
            (replace(person("lead"), leaves=(Leave(YESTERDAY, YESTERDAY), Leave(TOMORROW))),),
            "lead",
            ManagerFoundBy.UNIT,
            id="between-two-leaves",
        ),
    ],
)
def test_manager(who: Employee, others: tuple[Employee, ...], manager: str | None, found_by: ManagerFoundBy) -> None:
    assert organisation(who, *others).manager_of(who) == ManagerFinding(manager, found_by)


@pytest.mark.parametrize(
    ("overrides", "manager", "found_by"),
    [
        pytest.param(Overrides({"ada": "deputy"}), "deputy", ManagerFoundBy.OVERRIDE, id="employee"),
        pytest.param(Overrides(of_units={"team": "deputy"}), "deputy", ManagerFoundBy.OVERRIDE, id="unit"),
        pytest.param(Overrides({"ada": "head"}, {"team": "deputy"}), "head", ManagerFoundBy.OVERRIDE, id="both"),
        pytest.param(Overrides({"ada": "ada"}), "lead", ManagerFoundBy.UNIT, id="self"),
        pytest.param(Overrides({"ada": "gone"}), "lead", ManagerFoundBy.UNIT, id="not-employed"),
        pytest.param(Overrides({"bo": "deputy"}), "lead", ManagerFoundBy.UNIT, id="somebody-else"),
    ],
)
def test_a_reviewed_override_beats_hr(overrides: Overrides, manager: str, found_by: ManagerFoundBy) -> None:
    who = person("ada", work())
    found = replace(organisation(who), overrides=overrides).manager_of(who)
    assert found == ManagerFinding(manager, found_by)


@pytest.mark.parametrize(
    ("who", "away"),
    [
        pytest.param(person("ada"), False, id="no-positions-known"),
        pytest.param(person("ada", work()), False, id="at-work"),
        pytest.param(person("ada", Position("p", "team", 100.0, end_on=YESTERDAY)), True, id="position-stopped"),
        pytest.param(
            person("ada", Position("p", "team", 1.0, end_on=YESTERDAY), work(position_id="q")), False, id="one-of-two"
        ),
        pytest.param(replace(person("ada", work()), leaves=(Leave(TODAY, TODAY),)), True, id="leave-of-a-day"),
        pytest.param(replace(person("ada", work()), leaves=(Leave(YESTERDAY),)), True, id="leave-without-end"),
        pytest.param(
            replace(person("ada", end_on=YESTERDAY), leaves=(Leave(YESTERDAY),)), False, id="left-during-a-leave"
        ),
    ],
)
def test_away(who: Employee, away: bool) -> None:  # noqa: FBT001 - a column of the table
    assert who.away_on(TODAY) is away


@pytest.mark.parametrize(
    "units",
    [
        pytest.param((Unit("team", "A", "team"),), id="own-parent"),
        pytest.param((Unit("team", "A", "b"), Unit("b", "B", "team")), id="two-units-in-a-ring"),
        pytest.param((Unit("team", "A", "missing"),), id="parent-unknown"),
        pytest.param((Unit("team", "A", "b", "ada"), Unit("b", "B", "team", "ada")), id="ring-led-by-self"),
    ],
)
def test_a_climb_ends(units: tuple[Unit, ...]) -> None:
    who = person("ada", work())
    assert organisation(who, units=units).manager_of(who) == ManagerFinding(None, ManagerFoundBy.NOBODY)


def test_a_unit_without_leader_is_passed_over() -> None:
    who = person("ada", work())
    units = (*UNITS[:2], Unit("team", "Avdeling", "sector", None))
    assert organisation(who, units=units).manager_of(who) == ManagerFinding("head", ManagerFoundBy.PARENT_UNIT)


@pytest.mark.parametrize(
    ("positions", "main"),
    [
        pytest.param((Position("a", None, 40.0), Position("b", None, 60.0)), "b", id="largest"),
        pytest.param((Position("a", None, 40.0, is_main=True), Position("b", None, 60.0)), "a", id="marked"),
        pytest.param(
            (Position("a", None, 40.0, is_main=True, end_on=YESTERDAY), Position("b", None, 20.0)),
            "b",
            id="marked-has-ended",
        ),
        pytest.param(
            (Position("a", None, 50.0), Position("b", None, 100.0, start_on=TOMORROW)), "a", id="larger-not-begun"
        ),
        pytest.param((Position("a", None, 100.0, start_on=TODAY, end_on=TODAY),), "a", id="one-day"),
        pytest.param(
            (Position("a", None, 30.0, is_main=True), Position("b", None, 40.0, is_main=True)), "b", id="two-marked"
        ),
        pytest.param((Position("b", None, 50.0), Position("a", None, 50.0)), "a", id="alike"),
        pytest.param((Position("a", None, 50.0), Position("b", None, 50.0)), "a", id="alike-in-another-order"),
        pytest.param((), None, id="none"),
    ],
)
def test_position_on(positions: tuple[Position, ...], main: str | None) -> None:
    position = person("ada", *positions).position_on(TODAY)
    assert (position.position_id if position else None) == main


@pytest.mark.parametrize(
    ("start_on", "end_on", "employed"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TOMORROW, None, False),
        (None, YESTERDAY, False),
        (YESTERDAY, TOMORROW, True),
    ],
)
def test_employed(start_on: date | None, end_on: date | None, employed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert person("ada", start_on=start_on, end_on=end_on).employed_on(TODAY) is employed


def test_numbers_that_differ_by_leading_zeros_are_different_people() -> None:
    who = person("ada", work(manager_number="0417"))
    found = organisation(who, person("417"), person("0417", end_on=YESTERDAY)).manager_of(who)
    assert found == ManagerFinding("lead", ManagerFoundBy.UNIT)
