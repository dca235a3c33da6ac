"""Who works where, and for whom: the HR picture that every source is normalised to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (virksomhet/enhet) in the organisation tree; the top unit has no parent."""

    unit_id: str
    name: str
    parent_id: str | None = None
    manager_number: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """One position an employee holds. `percentage` is of full time, 0-100."""

    position_id: str
    unit_id: str | None
    percentage: float
    is_main: bool = False
    manager_number: str | None = None
    start_on: date | None = None
    end_on: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.start_on is None or self.start_on <= day) and (self.end_on is None or day <= self.end_on)

    def nearness(self, day: date) -> tuple[int, int]:
        """Sorts what holds that day before what held last, and that before what comes next."""
        if self.holds_on(day):
            return 0, 0
        if self.end_on is not None and self.end_on < day:
            return 1, -self.end_on.toordinal()
        return 2, (self.start_on or day).toordinal()


@dataclass(frozen=True, slots=True)
class Leave:
    """A period away from work, both days included. Why is nobody's business here and is never read."""

    start_on: date
    end_on: date | None = None

    def covers(self, day: date) -> bool:
        return self.start_on <= day and (self.end_on is None or day <= self.end_on)


@dataclass(frozen=True, slots=True)
class Employee:
    """One employment. The employee number is the only key: it is text, leading zeros matter."""

    employee_number: str
    given_name: str
    family_name: str
    email: str | None = None
    user_principal_name: str | None = None
    start_on: date | None = None
    end_on: date | None = None
    substitute_number: str | None = None
    positions: tuple[Position, ...] = ()
    leaves: tuple[Leave, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    def employed_on(self, day: date) -> bool:
        started = self.start_on is None or self.start_on <= day
        return started and (self.end_on is None or day <= self.end_on)

    def away_on(self, day: date) -> bool:
        """On leave: said in so many words, or employed with positions of which none holds that day.

        Some sources end a position for a leave and begin another like it on the day the person is back.
        """
        if self.leaves and any(leave.covers(day) for leave in self.leaves):
            return self.employed_on(day)
        for position in self.positions:
            if position.holds_on(day):
                return False
        return bool(self.positions) and self.employed_on(day)

    def position_on(self, day: date) -> Position | None:
        """The valid main position, else the valid one with the highest percentage.

        Who holds none that day, on leave for instance, belongs where they were last, and a newcomer where they will be.
        Among equals the lowest id: the order in which a source lists them must not move anyone to another manager.
        """
        if len(self.positions) == 1:
            return self.positions[0]
        return min(
            self.positions,
            key=lambda each: (*each.nearness(day), not each.is_main, -each.percentage, each.position_id),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that could not be read. It counts as present: nobody leaves because of it.

    `key` is the employee number or unit id where it could still be read, else the row's place in the source, such as
    `personalressurs[17]`. `path` says where in the record the fault is, `reason` what is wrong; neither quotes
    personal data.
    """

    key: str
    path: str
    reason: str

    @property
    def could_be_anybody(self) -> bool:
        """Not even the key could be read, so nobody who seems to be missing is known to be."""
        return self.key.endswith("]")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One complete walk of an HR source. A walk that could not be completed is an error, never a shorter snapshot.

    `published_at` is the source's own word on when its data was last brought up to date, where it has one.
    """

    units: tuple[Unit, ...] = ()
    employees: tuple[Employee, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    published_at: datetime | None = None


class ManagerFoundBy(StrEnum):
    """How an employee's manager was found; kept, so that "why her?" can be answered."""

    OVERRIDE = "override"
    POSITION = "position"
    UNIT = "unit"
    PARENT_UNIT = "parent-unit"
    SUBSTITUTE = "substitute"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ManagerFinding:
    manager_number: str | None
    found_by: ManagerFoundBy


Leaders = tuple[tuple[str, ManagerFinding], ...]
"""Who may lead, in the order they are asked: the manager who is named, and the finding once it is that manager's turn.

The two differ where a substitute stands in. Nobody is led by themselves, nor through a post that is their own.
"""


@dataclass(frozen=True, slots=True)
class Overrides:
    """Who leads whom in spite of what HR says, as reviewed by a person: by employee number, or for a whole unit."""

    of_employees: Mapping[str, str] = field(default_factory=dict)
    of_units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Units and the employees of one day, ready to answer who leads whom."""

    units: Mapping[str, Unit]
    employees: Mapping[str, Employee]
    today: date
    overrides: Overrides = field(default_factory=Overrides)
    _known_leaders: dict[tuple[str | None, str | None], Leaders] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, snapshot: Snapshot, today: date) -> "Organisation":
        return cls(
            units={unit.unit_id: unit for unit in snapshot.units},
            employees={employee.employee_number: employee for employee in snapshot.employees},
            today=today,
        )

    def manager_of(self, employee: Employee) -> ManagerFinding:
        """The reviewed override, else the position's own manager, else the unit's, else the nearest one up the tree.

        Managers who are not employed today, and the employee itself, are passed over; for one who is on leave the
        substitute stands in, else the next one up. A unit tree in a cycle ends the climb.
        """
        position = employee.position_on(self.today)
        if position is None:
            return ManagerFinding(None, ManagerFoundBy.NOBODY)
        own_override = self.overrides.of_employees.get(employee.employee_number)
        leaders = self._leaders_of(position)
        if own_override is not None:
            leaders = (*self._who_leads(own_override, ManagerFoundBy.OVERRIDE), *leaders)
        for named, finding in leaders:
            if employee.employee_number not in {named, finding.manager_number}:
                return finding
        return ManagerFinding(None, ManagerFoundBy.NOBODY)

    def _employed(self, employee_number: str | None) -> Employee | None:
        """Somebody employed today, on leave or not."""
        employee = None if employee_number is None else self.employees.get(employee_number)
        return employee if employee is not None and employee.employed_on(self.today) else None

    def _leaders_of(self, position: Position) -> Leaders:
        """Remembered, because they are the same for everyone who works there."""
        place = position.manager_number, position.unit_id
        if place not in self._known_leaders:
            self._known_leaders[place] = tuple(
                leader
                for manager_number, found_by in self._candidates(position)
                if manager_number is not None
                for leader in self._who_leads(manager_number, found_by)
            )
        return self._known_leaders[place]

    def _candidates(self, position: Position) -> Iterable[tuple[str | None, ManagerFoundBy]]:
        yield self.overrides.of_units.get(position.unit_id or ""), ManagerFoundBy.OVERRIDE
        yield position.manager_number, ManagerFoundBy.POSITION
        found_by = ManagerFoundBy.UNIT
        for unit in self._up_from(position.unit_id):
            yield unit.manager_number, found_by
            found_by = ManagerFoundBy.PARENT_UNIT

    def _who_leads(self, manager_number: str, found_by: ManagerFoundBy) -> Leaders:
        """The manager, or the one who stands in; nothing when neither can lead anybody today."""
        manager = self._employed(manager_number)
        if manager is None:
            return ()
        if not manager.away_on(self.today):
            return ((manager_number, ManagerFinding(manager_number, found_by)),)
        stand_in = self._employed(manager.substitute_number)
        if stand_in is None or stand_in.away_on(self.today):
            return ()
        return ((manager_number, ManagerFinding(stand_in.employee_number, ManagerFoundBy.SUBSTITUTE)),)

    def _up_from(self, unit_id: str | None) -> Iterable[Unit]:
        seen: set[str] = set()
        while unit_id is not None and unit_id not in seen and unit_id in self.units:
            seen.add(unit_id)
            unit = self.units[unit_id]
            yield unit
            unit_id = unit.parent_id
