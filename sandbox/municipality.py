"""Sandvik kommune: a small invented municipality that lives through the days, the same way every time.

Everything follows from (size, seed, opens_on). The awkward kinds of people that a real HR system holds are all here,
each under a name in `Notable`, so that tests and demonstrations can ask for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from uuid import NAMESPACE_DNS, uuid5

from agreements.people import Employee, Position, Unit
from sandbox.hr.names import MAIL_DOMAIN, MARKUP_NAME, SAMI_NAMES, invent_names, mail_address

LISTED_BEFORE_START = timedelta(days=14)
LISTED_AFTER_END = timedelta(days=30)
LEADER_CHANGES_AFTER = timedelta(days=182)
VANISHES_AFTER = timedelta(days=120)
MOVES_AFTER = timedelta(days=90)
LEADER_QUIT_BEFORE = timedelta(days=10)
LEAVE_BEGAN_BEFORE = timedelta(days=30)
BACK_FROM_LEAVE_AFTER = timedelta(days=150)
STARTERS_AFTER = tuple(timedelta(days=days) for days in (20, 60, 150, 300))
LEAVERS_AFTER = tuple(timedelta(days=days) for days in (45, 100, 200, 280, 400, 520))

SMALLEST_SIZE = 60
STAFF_PER_DEPARTMENT = 15
FEWEST_DEPARTMENTS = 8
TEAM_SIZE = 4
SECTORS = ("Oppvekst", "Helse og mestring", "Teknikk og miljø", "Organisasjon og kultur")
DEPARTMENTS = ("barnehage", "skole", "legevakt", "hjemmetjeneste", "byggesak", "vann og avløp", "bibliotek", "lønn")


class Notable(StrEnum):
    """The awkward kinds. Those that end in `UNIT` name unit ids, the others employee numbers."""

    TOP_LEADER = "top-leader"
    LEADER_OF_NOBODY = "leader-of-nobody"
    LEADER_ON_LEAVE = "leader-on-leave"
    ON_LEAVE = "on-leave"
    NO_ADDRESS = "no-address"
    LEAVER = "leaver"
    VANISHING = "vanishing"
    STARTER = "starter"
    MOVER = "mover"
    TWO_POSITIONS = "two-positions"
    OWN_MANAGER = "own-manager"
    LEADING_ZEROS = "leading-zeros"
    SAMI_NAME = "sami-name"
    MARKUP_NAME = "markup-name"
    LEADER_QUIT_UNIT = "leader-quit-unit"
    LEADERLESS_UNIT = "leaderless-unit"
    LEADER_CHANGE_UNIT = "leader-change-unit"


@dataclass(frozen=True, slots=True)
class Person:
    """One employee. `vanishes_on` is known here only: HR just stops listing them, without an end date.

    Everybody has an address in Entra ID; that of some is not in HR.
    """

    employee_number: str
    given_name: str
    family_name: str
    email: str
    upn: str
    user_id: str
    start_on: date
    positions: tuple[Position, ...]
    unit_id: str
    end_on: date | None = None
    vanishes_on: date | None = None
    manager_number: str | None = None
    substitute_number: str | None = None
    on_leave: bool = False
    hr_knows_address: bool = True

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def hr_email(self) -> str | None:
        return self.email if self.hr_knows_address else None

    @property
    def hr_upn(self) -> str | None:
        return self.upn if self.hr_knows_address else None

    def as_employee(self) -> Employee:
        """What a correct reading of HR makes of this person."""
        return Employee(
            employee_number=self.employee_number,
            given_name=self.given_name,
            family_name=self.family_name,
            email=self.hr_email,
            user_principal_name=self.hr_upn,
            start_on=self.start_on,
            end_on=self.end_on,
            substitute_number=self.substitute_number,
            positions=self.positions,
        )

    def employed_on(self, day: date) -> bool:
        return self.start_on <= day and (self.end_on is None or day <= self.end_on)

    def listed_on(self, day: date) -> bool:
        """HR shows starters 14 days ahead, and those who left for 30 days."""
        if self.vanishes_on is not None and day >= self.vanishes_on:
            return False
        return self.start_on - LISTED_BEFORE_START <= day and (
            self.end_on is None or day <= self.end_on + LISTED_AFTER_END
        )


@dataclass(frozen=True, slots=True)
class LeaderChange:
    unit_id: str
    on: date
    manager_number: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What HR publishes on one day."""

    day: date
    people: tuple[Person, ...]
    units: tuple[Unit, ...]

    def person(self, employee_number: str) -> Person:
        return next(person for person in self.people if person.employee_number == employee_number)


@dataclass(frozen=True, slots=True)
class Municipality:
    """All people and units there ever are, and what HR knows of them on a day."""

    opens_on: date
    people: tuple[Person, ...]
    units: tuple[Unit, ...]
    leader_change: LeaderChange
    notable: Mapping[Notable, tuple[str, ...]]

    @classmethod
    def generate(cls, size: int = 300, seed: int = 1, *, opens_on: date) -> "Municipality":
        """A municipality of `size` employees, counting starters and leavers.

        Raises:
            ValueError: too small to hold one of every awkward kind.
        """
        if size < SMALLEST_SIZE:
            raise ValueError(f"a municipality needs at least {SMALLEST_SIZE} employees to hold every kind")
        return _Founding(size, seed, opens_on).found()

    def on(self, day: date) -> Picture:
        """The units and people as HR publishes them on `day`, each with their unit and manager of that day."""
        change = self.leader_change
        units = tuple(
            replace(unit, manager_number=change.manager_number)
            if unit.unit_id == change.unit_id and day >= change.on
            else unit
            for unit in self.units
        )
        listed = [person for person in self.people if person.listed_on(day)]
        employed = {person.employee_number: person for person in listed if person.employed_on(day)}
        tree = {unit.unit_id: unit for unit in units}
        people = tuple(_as_of(person, day, tree, employed) for person in listed)
        return Picture(day=day, people=people, units=units)


def _as_of(person: Person, day: date, units: Mapping[str, Unit], present: Mapping[str, Person]) -> Person:
    """`present` are those employed that day, by number."""
    position = person.as_employee().position_on(day)
    if position is None or position.unit_id is None:
        return person
    leaders = (unit.manager_number for unit in _upwards(units[position.unit_id], units))
    named = (number for number in (position.manager_number, *leaders) if number != person.employee_number)
    candidates = (_acting(present.get(number or ""), present, day) for number in named)
    manager = next((number for number in candidates if number not in {None, person.employee_number}), None)
    away = person.employed_on(day) and _is_away(person, day)
    return replace(person, unit_id=position.unit_id, manager_number=manager, on_leave=away)


def _acting(leader: Person | None, present: Mapping[str, Person], day: date) -> str | None:
    """Who does a leader's work that day: the leader, or the substitute during a leave."""
    if leader is None or not _is_away(leader, day):
        return None if leader is None else leader.employee_number
    stand_in = present.get(leader.substitute_number or "")
    return None if stand_in is None or _is_away(stand_in, day) else stand_in.employee_number


def _is_away(person: Person, day: date) -> bool:
    return not any(position.holds_on(day) for position in person.positions)


def _upwards(unit: Unit, units: Mapping[str, Unit]) -> Iterator[Unit]:
    yield unit
    if unit.parent_id is not None:
        yield from _upwards(units[unit.parent_id], units)


class _Founding:
    """Builds a municipality step by step. Order matters: every step draws from the same seeded randomness."""

    def __init__(self, size: int, seed: int, opens_on: date) -> None:
        self.opens_on = opens_on
        self.random = Random(f"{seed}/{size}/{opens_on}")
        self.units = _unit_tree(max(FEWEST_DEPARTMENTS, size // STAFF_PER_DEPARTMENT))
        self.people = self._staff(size)
        self.notable: dict[Notable, tuple[str, ...]] = {}
        self._spoken_for: set[int] = set()

    def found(self) -> Municipality:
        leaders = self._appoint_leaders()
        members = self._place_members(first=len(leaders))
        change = self._make_units_awkward(leaders, members)
        self._make_people_awkward()
        return Municipality(self.opens_on, tuple(self.people), tuple(self.units), change, self.notable)

    def _staff(self, size: int) -> list[Person]:
        names = invent_names(size, self.random)
        names[-4:] = [*SAMI_NAMES, MARKUP_NAME]
        taken: set[str] = set()
        return [self._hire(index, *name, taken) for index, name in enumerate(names)]

    def _hire(self, index: int, given_name: str, family_name: str, taken: set[str]) -> Person:
        number = str(100_200 + index)
        address = mail_address(given_name, family_name, taken)
        return Person(
            employee_number=number,
            given_name=given_name,
            family_name=family_name,
            email=address,
            upn=address,
            user_id=str(uuid5(NAMESPACE_DNS, f"{number}.{MAIL_DOMAIN}")),
            start_on=self.opens_on - timedelta(days=self.random.randrange(60, 6_000)),
            positions=(),
            unit_id="",
        )

    def _appoint_leaders(self) -> list[str]:
        """The first people lead one unit each, and work in it."""
        for index, unit in enumerate(self.units):
            self._place(index, unit.unit_id)
            self.units[index] = replace(unit, manager_number=self.people[index].employee_number)
        self.notable[Notable.TOP_LEADER] = (self.people[0].employee_number,)
        return [person.employee_number for person in self.people[: len(self.units)]]

    def _place_members(self, first: int) -> dict[str, list[int]]:
        """Everyone else works in a department; the last department stays a leader of nobody."""
        departments = [unit.unit_id for unit in self.units[1 + len(SECTORS) : -1]]
        members: dict[str, list[int]] = {unit_id: [] for unit_id in departments}
        for offset, index in enumerate(range(first, len(self.people))):
            unit_id = departments[offset % len(departments)]
            self._place(index, unit_id, percentage=self.random.choice((100.0, 100.0, 100.0, 80.0, 62.5, 50.0)))
            members[unit_id].append(index)
        return members

    def _place(self, index: int, unit_id: str, percentage: float = 100.0) -> None:
        person = self.people[index]
        position = _position(person, 1, unit_id, percentage, person.start_on)
        self.people[index] = replace(person, unit_id=unit_id, positions=(position,))

    def _make_units_awkward(self, leaders: list[str], members: Mapping[str, list[int]]) -> LeaderChange:
        self.notable[Notable.LEADER_OF_NOBODY] = (leaders[-1],)
        leaderless, quit_by, changing, led_by_absent, two_teams = (len(self.units) - back for back in range(2, 7))
        self.units[leaderless] = replace(self.units[leaderless], manager_number=None)
        self.notable[Notable.LEADERLESS_UNIT] = (self.units[leaderless].unit_id,)
        self._end(quit_by, self.opens_on - LEADER_QUIT_BEFORE)
        self.notable[Notable.LEADER_QUIT_UNIT] = (self.units[quit_by].unit_id,)
        stand_in = members[self.units[led_by_absent].unit_id][0]
        substitute = self.people[stand_in].employee_number
        self.people[led_by_absent] = replace(self.people[led_by_absent], substitute_number=substitute)
        self._send_on_leave(led_by_absent)
        self.notable[Notable.LEADER_ON_LEAVE] = (leaders[led_by_absent],)
        team_leader, *team = members[self.units[two_teams].unit_id][: 1 + TEAM_SIZE]
        self._lead_directly(team, self.people[team_leader].employee_number)
        successor = self.people[members[self.units[changing].unit_id][0]]
        self.notable[Notable.LEADER_CHANGE_UNIT] = (self.units[changing].unit_id,)
        self._spoken_for = {stand_in, team_leader, *team, members[self.units[changing].unit_id][0]}
        return LeaderChange(
            self.units[changing].unit_id, self.opens_on + LEADER_CHANGES_AFTER, successor.employee_number
        )

    def _lead_directly(self, team: list[int], manager_number: str) -> None:
        for index in team:
            position = replace(self.people[index].positions[0], manager_number=manager_number)
            self.people[index] = replace(self.people[index], positions=(position,))
        self.notable[Notable.OWN_MANAGER] = tuple(self.people[index].employee_number for index in team)

    def _make_people_awkward(self) -> None:
        size = len(self.people)
        self.notable[Notable.SAMI_NAME] = self._numbers(range(size - 4, size - 1))
        self.notable[Notable.MARKUP_NAME] = self._numbers([size - 1])
        ordinary = [index for index in range(len(self.units), size - 4) if index not in self._spoken_for]
        chosen = iter(self.random.sample(ordinary, 27))
        self.notable[Notable.STARTER] = self._numbers([self._start(next(chosen), after) for after in STARTERS_AFTER])
        leavers = [self._end(next(chosen), self.opens_on + after) for after in LEAVERS_AFTER]
        self.notable[Notable.LEAVER] = self._numbers(leavers)
        self.notable[Notable.VANISHING] = self._numbers([self._let_vanish(next(chosen))])
        self.notable[Notable.MOVER] = self._numbers([self._move(next(chosen))])
        self.notable[Notable.ON_LEAVE] = self._numbers([self._send_on_leave(next(chosen)) for _ in range(2)])
        self.notable[Notable.TWO_POSITIONS] = self._numbers([self._split(next(chosen)) for _ in range(8)])
        self.notable[Notable.NO_ADDRESS] = self._numbers([self._lose_address(next(chosen)) for _ in range(3)])
        # Two different people, unless somebody reads employee numbers as numbers.
        zeros = [self._renumber(next(chosen), number) for number in ("000417", "417")]
        self.notable[Notable.LEADING_ZEROS] = self._numbers(zeros)

    def _numbers(self, indexes: range | list[int]) -> tuple[str, ...]:
        return tuple(self.people[index].employee_number for index in indexes)

    def _start(self, index: int, after: timedelta) -> int:
        person, start_on = self.people[index], self.opens_on + after
        position = person.positions[0]
        positions = (_position(person, 1, position.unit_id, position.percentage, start_on),)
        self.people[index] = replace(person, start_on=start_on, positions=positions)
        return index

    def _end(self, index: int, end_on: date) -> int:
        person = self.people[index]
        positions = tuple(replace(position, end_on=end_on) for position in person.positions)
        self.people[index] = replace(person, end_on=end_on, positions=positions)
        return index

    def _let_vanish(self, index: int) -> int:
        self.people[index] = replace(self.people[index], vanishes_on=self.opens_on + VANISHES_AFTER)
        return index

    def _move(self, index: int) -> int:
        person, on = self.people[index], self.opens_on + MOVES_AFTER
        departments = (unit.unit_id for unit in self.units[1 + len(SECTORS) :])
        unit_id = next(unit_id for unit_id in departments if unit_id != person.unit_id)
        first = replace(person.positions[0], end_on=on - timedelta(days=1))
        second = _position(person, 2, unit_id, first.percentage, on)
        self.people[index] = replace(person, positions=(first, second))
        return index

    def _send_on_leave(self, index: int) -> int:
        """HR never tells why: the position stops, and another like it begins on the day they are back."""
        person = self.people[index]
        first = replace(person.positions[0], end_on=self.opens_on - LEAVE_BEGAN_BEFORE)
        back_on = self.opens_on + BACK_FROM_LEAVE_AFTER
        second = _position(person, 2, first.unit_id, first.percentage, back_on)
        self.people[index] = replace(person, positions=(first, second))
        return index

    def _lose_address(self, index: int) -> int:
        """HR has no address; the directory does, under the employee number."""
        self.people[index] = replace(self.people[index], hr_knows_address=False)
        return index

    def _split(self, index: int) -> int:
        """Two positions. For every other person HR forgot to say which is the main one: the larger is."""
        person, marked = self.people[index], index % 2 == 0
        first = replace(person.positions[0], percentage=40.0, is_main=marked)
        elsewhere = self.units[1 + len(SECTORS) + index % FEWEST_DEPARTMENTS].unit_id
        second = replace(_position(person, 2, elsewhere, 60.0, person.start_on), is_main=False)
        self.people[index] = replace(person, positions=(first, second))
        return index

    def _renumber(self, index: int, number: str) -> int:
        person = replace(self.people[index], employee_number=number)
        first = person.positions[0]
        position = _position(person, 1, first.unit_id, first.percentage, person.start_on)
        self.people[index] = replace(person, positions=(position,))
        return index


def _position(person: Person, number: int, unit_id: str | None, percentage: float, start_on: date) -> Position:
    return Position(
        position_id=f"{person.employee_number}--{number}--{start_on:%Y%m%d}",
        unit_id=unit_id,
        percentage=percentage,
        is_main=True,
        start_on=start_on,
    )


def _unit_tree(departments: int) -> list[Unit]:
    """The top unit, its sectors, and the departments spread over the sectors."""
    top = Unit("O-1", "Sandvik kommune")
    sectors = [Unit(f"O-1{number}", name, top.unit_id) for number, name in enumerate(SECTORS)]
    leaves = []
    for index in range(departments):
        round_number, kind = divmod(index, len(DEPARTMENTS))
        name = f"Sandvik {DEPARTMENTS[kind]}" + (f" {round_number + 1}" if round_number else "")
        leaves.append(Unit(f"O-{2000 + index}", name, sectors[index % len(sectors)].unit_id))
    return [top, *sectors, *leaves]
