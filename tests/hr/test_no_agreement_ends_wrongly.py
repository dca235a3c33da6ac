"""Bad input of every kind, from HR systems of every kind: no agreement ends that HR did not end, and a reason shows.

Every test runs whole nights: a healthy one, agreements for all who work here, then what the test is about.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from shutil import copyfile
from typing import get_args
from zlib import crc32

import pytest
from msgspec import structs

from agreements.case import State
from config.errors import ExpectedError
from config.settings import HrKind
from integrations.database.rows import AnyRow
from integrations.database.tables import sync_runs
from integrations.hr import HrUnreadable
from sandbox.hr.rows import END_WRITINGS, START_WRITINGS
from sandbox.municipality import Municipality, Picture
from tasks.staff import SyncHeldError
from tests.database.samples import rows
from tests.hr.bad_input import BAD_INPUT, EARLY, ORDINARY, PAGE_FOR_PEOPLE, Bad, Shows, people, within
from tests.hr.conftest import OPENS_ON, TODAY
from tests.hr.nights import Look, Town, town_of
from tests.hr.sources import Harm, Hr, running

KINDS: tuple[HrKind, ...] = get_args(HrKind)
FIRST, SECOND, THIRD, FOURTH, FIFTH = (TODAY + timedelta(days=days) for days in range(5))
DAY = timedelta(days=1)
TOWN_SIZE = 100
"""Large enough that five people may change in one night."""


class Systems:
    """One HR system of each kind that is asked for, and a database of the day after its first night."""

    def __init__(self, village: Municipality, empty_database: Path, folder: Path) -> None:
        self._village = village
        self._empty_database = empty_database
        self._folder = folder
        self._open = ExitStack()
        self.of = cache(self._of)

    def _of(self, kind: HrKind) -> tuple[Hr, Path]:
        """The database knows everybody; agreements are in force with all of them."""
        hr = self._open.enter_context(running(kind, self._village, self._folder))
        path = Path(copyfile(self._empty_database, self._folder / f"{kind}.db"))
        healthy = self._village.on(TODAY)
        working = {who.employee_number for who in healthy.people if who.employed_on(TODAY)}
        with town_of(hr, healthy, path) as town:
            assert town.night(FIRST) is None
            town.agree(FIRST)
            assert {case.employee_number for _, case in town.look().cases.values()} == working
        return hr, path

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="module")
def systems(
    village: Municipality, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Systems]:
    systems = Systems(village, sqlite_template, tmp_path_factory.mktemp("systems"))
    yield systems
    systems.close()


@pytest.fixture
def town(kind: HrKind, systems: Systems, village: Municipality, tmp_path: Path) -> Iterator[Town]:
    """The day after the first night."""
    hr, database = systems.of(kind)
    with town_of(hr, village.on(TODAY), Path(copyfile(database, tmp_path / "town.db"))) as town:
        yield town


def of_kinds(*but: HrKind) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in but])


# --- Bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        pytest.param(kind, bad, id=f"{kind}-{bad.name}")
        for kind in KINDS
        for bad in BAD_INPUT
        if kind not in bad.not_for
    ],
)
def test_bad_input_ends_nothing_and_shows_a_reason(town: Town, bad: Bad) -> None:
    before, shows = town.look(), bad.but.get(town.hr.kind, bad.shows)
    bad.do(town.hr)
    for on in (SECOND, THIRD, FOURTH):
        must_show(shows, town.night(on), town, on)
    # Once is enough: versions only rise and events only grow, so that nothing that was taken back is overlooked.
    must_stand(before, town.look(), FOURTH, managers_may_move=shows is Shows.MOVED)
    heal(town, FIFTH)
    healed = town.look()
    must_stand(before, healed, FIFTH, managers_may_move=shows is Shows.MOVED)
    assert healed.employees == before.employees


def must_show(shows: Shows, error: ExpectedError | None, town: Town, on: date) -> None:
    """The reason is there in words, where it is meant to be and nowhere else."""
    runs = [run.outcome for run in rows(town.database, sync_runs) if run.business_date == on]
    said, deviations = "" if error is None else str(error), town.deviations()
    assert "\n" not in said
    match shows:
        case Shows.UNREADABLE:
            assert isinstance(error, HrUnreadable)
            assert (runs, deviations) == ([], [])
            assert ": " in said  # what is wrong where, and what to do
        case Shows.HELD:
            assert isinstance(error, SyncHeldError), said
            assert runs == ["held"]
            assert (reasons := town.reasons_of_holds())
            assert all(reason in said for reason in reasons)
        case _:
            assert (said, runs) == ("", ["applied"])
            assert bool(deviations) == (shows is Shows.REJECTED)
            assert all(row.reason and row.path and row.last_seen_on == on for row in deviations)


def must_stand(before: Look, now: Look, on: date, *, managers_may_move: bool = False) -> None:
    """Nothing is another than it was; or only who leads whom, with an event of the case for it."""
    assert now.ended(on) == {}
    if not managers_may_move:
        assert now == before
        return
    assert {event.rule for event in now.events} == {"hr.manager"}
    assert [unled(row) for row in now.employees] == [unled(row) for row in before.employees]
    for number, (_, case) in before.cases.items():
        assert structs.replace(now.cases[number][1], manager_number=case.manager_number) == case


def unled(row: AnyRow) -> dict[str, object]:
    about_managers = ("manager_number", "manager_found_by", "content_hash")
    return {name: value for name, value in row._asdict().items() if name not in about_managers}


def heal(town: Town, on: date) -> None:
    town.hr.show(town.healthy)
    assert town.night(on) is None
    assert town.deviations() == []
    assert town.reasons_of_holds() == []


@of_kinds("unit4")  # which writes the number twice in each row: when the two differ, the row could be anybody's
def test_a_row_whose_number_is_another_text_ends_nobody(town: Town) -> None:
    """Nobody is known by that number, so the row may be that of the one who is missing."""
    before = town.look()
    town.hr.harm([ORDINARY], Harm.RENUMBERED)
    for on in (SECOND, THIRD, FOURTH):
        must_show(Shows.REJECTED, town.night(on), town, on)
    must_stand(before, town.look(), FOURTH)


# --- Whoever leaves ---------------------------------------------------------------------------------------------


@of_kinds("csv", "unit4", "visma")  # which are documents without pages
def test_a_user_deleted_between_two_pages_ends_alone_and_after_two_walks(town: Town) -> None:
    before = town.look()
    town.hr.delete_between_pages(EARLY)
    must_end_after_two_walks(town, before, EARLY)


@of_kinds()
def test_who_is_absent_from_two_walks_has_left(town: Town) -> None:
    before = town.look()
    remove(town.hr, ORDINARY)
    must_end_after_two_walks(town, before, ORDINARY)


@of_kinds()
def test_who_is_absent_from_one_walk_has_not_left(town: Town) -> None:
    before = town.look()
    remove(town.hr, ORDINARY)
    assert town.night(SECOND) is None
    assert town.look().absent() == {ORDINARY: SECOND}
    heal(town, THIRD)
    must_stand(before, town.look(), THIRD)


@of_kinds("scim")  # which knows no dates
def test_an_end_date_in_the_past_ends_on_that_day(town: Town) -> None:
    before, last_day = town.look(), TODAY - 5 * DAY
    people(lambda who: within(who, end_on=last_day) if who.employee_number == ORDINARY else who)(town.hr)
    assert town.night(SECOND) is None
    must_end_alone(ORDINARY, before, town.look(), SECOND, last_day)


def must_end_after_two_walks(town: Town, before: Look, number: str) -> None:
    """A night in between in which nothing can be read is no walk, and ends nobody."""
    assert town.night(SECOND) is None
    town.hr.spoil = lambda _: PAGE_FOR_PEOPLE
    assert isinstance(town.night(THIRD), HrUnreadable)
    now = town.look()
    assert (now.absent(), now.cases, now.events) == ({number: SECOND}, before.cases, [])
    town.hr.spoil = None
    for on in (FOURTH, FIFTH):
        assert town.night(on) is None
        must_end_alone(number, before, town.look(), on, last_day=THIRD)


def must_end_alone(number: str, before: Look, now: Look, on: date, last_day: date) -> None:
    assert now.ended(on) == {number: last_day}
    ended = now.case_of(number)
    assert (ended.state, ended.left_on) == (State.ACTIVE, last_day)  # the night's next step ends it, and says so
    assert {event.case_number for event in now.events} == {ended.number}
    assert [row for row in now.employees if row.employee_number != number] == [
        row for row in before.employees if row.employee_number != number
    ]
    assert {**now.cases, ended.number: before.cases[ended.number]} == before.cases


def remove(hr: Hr, number: str) -> None:
    hr.show(replace(hr.picture, people=tuple(who for who in hr.picture.people if who.employee_number != number)))


# --- The nights on which the clock changes ----------------------------------------------------------------------


@of_kinds()
@pytest.mark.parametrize("changes_on", [date(2026, 3, 29), date(2026, 10, 25)], ids=["spring", "autumn"])
def test_nobody_shifts_by_a_day_when_the_clock_does(
    kind: HrKind, systems: Systems, sqlite_url: str, changes_on: date
) -> None:
    """Last and first days on that very day, in every writing, read on the night before, that night and the next."""
    hr, _ = systems.of(kind)
    healthy = Municipality.generate(TOWN_SIZE, opens_on=OPENS_ON).on(changes_on - DAY)
    ordinary = [] if hr.kind == "scim" else ordinary_people(healthy)  # SCIM knows no dates: nothing at all happens
    ending, starting = one_of_each(ordinary[::2], len(END_WRITINGS)), one_of_each(ordinary[1::2], len(START_WRITINGS))
    with town_of(hr, healthy, Path(sqlite_url.removeprefix("sqlite:///"))) as town:
        people(lambda who: within(who, end_on=changes_on) if who.employee_number in ending else who)(hr)
        people(lambda who: within(who, start_on=changes_on) if who.employee_number in starting else who)(hr)
        assert town.night(changes_on - DAY) is None
        town.agree(changes_on - DAY)
        before = town.look()
        assert {row.employee_number for row in before.employees if row.left_on == changes_on == row.end_on} == ending
        assert {row.employee_number for row in before.employees if row.start_on == changes_on} == starting
        for on in (changes_on - DAY, changes_on, changes_on + DAY):
            assert town.night(on) is None
            assert dates(town.look()) == dates(before)
            assert town.look().ended(on) == dict.fromkeys(ending if on > changes_on else (), changes_on)


def ordinary_people(picture: Picture) -> list[str]:
    """Those who lead nobody, hold one position, and are here to stay."""
    leaders = {who.manager_number for who in picture.people} | {unit.manager_number for unit in picture.units}
    staying = [who for who in picture.people if who.employed_on(picture.day) and who.end_on is None]
    return [who.employee_number for who in staying if who.employee_number not in leaders and len(who.positions) == 1]


def one_of_each(numbers: list[str], writings: int) -> set[str]:
    """Somebody for each of the ways to write a date, which in the sandbox follow from a checksum of the number."""
    return set({crc32(number.encode()) % writings: number for number in numbers}.values())


def dates(look: Look) -> list[tuple[str, date | None, date | None, date | None]]:
    """Of those who were here, the first day and the last one, and the last one that their case knows of."""
    left_on = {case.employee_number: case.left_on for _, case in look.cases.values()}
    return [
        (row.employee_number, row.start_on, row.left_on, left_on.get(row.employee_number)) for row in look.employees
    ]
