"""Who works where, and for whom: the HR picture that every source is normalised to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
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

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    def employed_on(self, day: date) -> bool:
        started = self.start_on is None or self.start_on <= day
        return started and (self.end_on is None or day <= self.end_on)

    def main_position(self, day: date) -> Position | None:
        """The valid main position, else the valid one with the highest percentage.

        Among equals the lowest id: the order in which a source lists them must not move anyone to another manager.
        """
        valid = [position for position in self.positions if position.holds_on(day)]
        return min(valid, key=lambda each: (not each.is_main, -each.percentage, each.position_id), default=None)


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
    """One complete walk of an HR source. A walk that could not be completed is an error, never a shorter snapshot."""

    units: tuple[Unit, ...] = ()
    employees: tuple[Employee, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()


class ManagerFoundBy(StrEnum):
    """How an employee's manager was found; kept, so that "why her?" can be answered."""

    POSITION = "position"
    UNIT = "unit"
    PARENT_UNIT = "parent-unit"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ManagerFinding:
    manager_number: str | None
    found_by: ManagerFoundBy


@dataclass(frozen=True, slots=True)
class Organisation:
    """Units and the employees of one day, ready to answer who leads whom."""

    units: Mapping[str, Unit]
    employees: Mapping[str, Employee]
    today: date
    _employed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        employed = frozenset(number for number, who in self.employees.items() if who.employed_on(self.today))
        object.__setattr__(self, "_employed", employed)

    @classmethod
    def of(cls, snapshot: Snapshot, today: date) -> "Organisation":
        return cls(
            units={unit.unit_id: unit for unit in snapshot.units},
            employees={employee.employee_number: employee for employee in snapshot.employees},
            today=today,
        )

    def manager_of(self, employee: Employee) -> ManagerFinding:
        """The position's own manager, else the unit's, else the nearest one up the tree.

        Managers who are not employed today, and the employee itself, are passed over; a unit tree in a cycle ends
        the climb.
        """
        position = employee.main_position(self.today)
        if position is None:
            return ManagerFinding(None, ManagerFoundBy.NOBODY)
        if self._can_lead(position.manager_number, employee):
            return ManagerFinding(position.manager_number, ManagerFoundBy.POSITION)
        found_by = ManagerFoundBy.UNIT
        for unit in self._up_from(position.unit_id):
            if self._can_lead(unit.manager_number, employee):
                return ManagerFinding(unit.manager_number, found_by)
            found_by = ManagerFoundBy.PARENT_UNIT
        return ManagerFinding(None, ManagerFoundBy.NOBODY)

    def _can_lead(self, manager_number: str | None, employee: Employee) -> bool:
        return manager_number in self._employed and manager_number != employee.employee_number

    def _up_from(self, unit_id: str | None) -> Iterable[Unit]:
        seen: set[str] = set()
        while unit_id is not None and unit_id not in seen and unit_id in self.units:
            seen.add(unit_id)
            unit = self.units[unit_id]
            yield unit
            unit_id = unit.parent_id
