"""The sandbox's municipality: the same every time, and as awkward as promised."""

from datetime import date, timedelta

import pytest

from sandbox.municipality import LEADER_QUIT_BEFORE, LISTED_AFTER_END, Municipality, Notable, Picture
from tests.hr.conftest import OPENS_ON


def _listed(municipality: Municipality, number: str, day: date) -> bool:
    return number in {person.employee_number for person in municipality.on(day).people}


def _managers(picture: Picture, unit_id: str) -> set[str | None]:
    return {person.manager_number for person in picture.people if person.unit_id == unit_id}


def test_same_input_same_municipality(municipality: Municipality) -> None:
    assert Municipality.generate(300, seed=1, opens_on=OPENS_ON) == municipality
    assert Municipality.generate(300, seed=2, opens_on=OPENS_ON) != municipality


@pytest.mark.parametrize("size", [60, 61, 137, 300, 2_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_size_holds_every_kind(size: int, seed: int) -> None:
    municipality = Municipality.generate(size, seed, opens_on=OPENS_ON)
    assert len(municipality.people) == size
    assert set(municipality.notable) == set(Notable)
    assert all(municipality.notable.values())
    for key in ("employee_number", "email", "upn", "user_id"):
        assert len({getattr(person, key) for person in municipality.people}) == size


def test_too_small() -> None:
    with pytest.raises(ValueError, match="at least 60 employees"):
        Municipality.generate(59, opens_on=OPENS_ON)


def test_addresses_are_plain_and_nobodys(municipality: Municipality) -> None:
    for person in municipality.people:
        assert person.email.isascii()
        assert person.email.endswith("@sandvik.kommune.example")
        assert "<" not in person.email
    assert municipality.on(OPENS_ON).person("000417").employee_number != "417"


def test_leaders_lead_upwards(municipality: Municipality) -> None:
    picture = municipality.on(OPENS_ON)
    [top] = municipality.notable[Notable.TOP_LEADER]
    assert picture.person(top).manager_number is None
    parents = {unit.unit_id: unit.parent_id for unit in picture.units}
    leaders = {unit.unit_id: unit.manager_number for unit in picture.units}
    absent = municipality.notable[Notable.LEADER_ON_LEAVE]
    for unit in picture.units:
        leader = next((person for person in picture.people if person.employee_number == unit.manager_number), None)
        if unit.parent_id and leader and leader.employed_on(OPENS_ON) and leader.employee_number not in absent:
            assert leader.manager_number == leaders[parents[unit.unit_id] or ""]


def test_units_without_a_leader_are_led_from_above(municipality: Municipality) -> None:
    picture = municipality.on(OPENS_ON)
    units = {unit.unit_id: unit for unit in picture.units}
    for kind in (Notable.LEADERLESS_UNIT, Notable.LEADER_QUIT_UNIT):
        [unit_id] = municipality.notable[kind]
        parent = units[units[unit_id].parent_id or ""]
        assert _managers(picture, unit_id) - {None} == {parent.manager_number}


def test_a_leader_who_quit_is_still_named_after_hr_forgot_them(municipality: Municipality) -> None:
    [unit_id] = municipality.notable[Notable.LEADER_QUIT_UNIT]
    forgotten_on = OPENS_ON - LEADER_QUIT_BEFORE + LISTED_AFTER_END + timedelta(days=1)
    unit = next(unit for unit in municipality.on(forgotten_on).units if unit.unit_id == unit_id)
    assert unit.manager_number is not None
    assert _listed(municipality, unit.manager_number, forgotten_on - timedelta(days=1))
    assert not _listed(municipality, unit.manager_number, forgotten_on)


def test_one_leader_changes_in_the_middle_of_the_year(municipality: Municipality) -> None:
    change = municipality.leader_change
    before, after = municipality.on(change.on - timedelta(days=1)), municipality.on(change.on)
    assert change.manager_number not in _managers(before, change.unit_id)
    assert change.manager_number in _managers(after, change.unit_id)


def test_starters_show_fourteen_days_ahead(municipality: Municipality) -> None:
    starter = municipality.notable[Notable.STARTER][0]
    start_on = OPENS_ON + timedelta(days=20)
    assert not _listed(municipality, starter, start_on - timedelta(days=15))
    assert _listed(municipality, starter, start_on - timedelta(days=14))


def test_one_vanishes_without_an_end_date(municipality: Municipality) -> None:
    [number] = municipality.notable[Notable.VANISHING]
    last_day = OPENS_ON + timedelta(days=119)
    assert municipality.on(last_day).person(number).end_on is None
    assert not _listed(municipality, number, last_day + timedelta(days=1))


def test_those_on_leave_come_back(municipality: Municipality) -> None:
    back_on = OPENS_ON + timedelta(days=150)
    for number in municipality.notable[Notable.ON_LEAVE]:
        assert municipality.on(back_on - timedelta(days=1)).person(number).on_leave
        assert not municipality.on(back_on).person(number).on_leave


def test_own_manager_beats_the_units(municipality: Municipality) -> None:
    picture = municipality.on(OPENS_ON)
    for number in municipality.notable[Notable.OWN_MANAGER]:
        person = picture.person(number)
        assert person.manager_number == person.positions[0].manager_number is not None


def test_the_mover_moves(municipality: Municipality) -> None:
    [number] = municipality.notable[Notable.MOVER]
    moves_on = OPENS_ON + timedelta(days=90)
    before, after = (municipality.on(day).person(number) for day in (moves_on - timedelta(days=1), moves_on))
    assert before.unit_id != after.unit_id
