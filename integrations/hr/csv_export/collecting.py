"""Puts the rows of a file together: several rows make one employee, and one unit.

An employee is set aside as a whole when any of their rows cannot be read, or when the rows contradict each other: half
of a person, say without the position that is unreadable, would look like a change. What is said of a row never depends
on the order of the rows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from agreements.people import Employee, Leave, Position, RejectedRow, Unit
from integrations.hr.csv_export.columns import DateFormat
from integrations.hr.csv_export.records import Cells, FaultError, read_leave, read_person, read_position, read_unit
from integrations.hr.csv_export.rows import Header, Table, TornRow

EMPLOYEES_PLACE, UNITS_PLACE = "ansatte", "enheter"
"""What the files are called in the list of deviations."""

NUMBER = "ansattnummer"
NUMBER_LIKE = re.compile(r"[A-Za-z]{0,3}\d+")
PERSON_COLUMNS = {
    "given_name": "fornavn",
    "family_name": "etternavn",
    "email": "epost",
    "user_principal_name": "brukernavn",
    "start_on": "ansatt_fra",
    "end_on": "ansatt_til",
    "substitute_number": "stedfortreder",
}
UNIT_COLUMNS = {"name": "navn", "parent_id": "overordnet", "manager_number": "leder"}
UNIT_COLUMNS_OF_EMPLOYEES = {"name": "enhet_navn", "parent_id": "overordnet_enhet", "manager_number": "enhetsleder"}


@dataclass(frozen=True, slots=True)
class _File:
    """How rejected rows name a file and its columns, which it may call something else than we do."""

    name: str
    header: Header

    def place(self, line: int) -> str:
        return f"{self.name}[{line}]"

    def reject(self, key: str, fault: FaultError) -> RejectedRow:
        column = self.header.theirs.get(fault.column, fault.column)
        return RejectedRow(key, f"{self.name}.{column}", fault.reason)

    def reject_torn(self, row: TornRow, key: str | None = None) -> RejectedRow:
        return RejectedRow(key or self.place(row.line), self.name, row.reason)


class Units:
    """Units, from a file of their own or from the employees'."""

    def __init__(self, file: _File, columns: Mapping[str, str]) -> None:
        self._file = file
        self._columns = columns
        self._units: dict[str, Unit] = {}
        self._disputed: dict[str, set[str]] = {}
        self._unread: list[RejectedRow] = []

    def add(self, cells: Cells) -> None:
        """Raises FaultError where the row names no unit."""
        unit = read_unit(cells, self._columns)
        known = self._units.setdefault(unit.unit_id, unit)
        if known != unit:
            self._disputed.setdefault(unit.unit_id, set()).update(_differing(known, unit, self._columns))

    def add_all(self, table: Table, date_format: DateFormat | None) -> None:
        for row in table.rows:
            if isinstance(row, TornRow):
                self._unread.append(self._file.reject_torn(row))
                continue
            try:
                self.add(Cells(table.header, row.fields, date_format))
            except FaultError as fault:
                self._unread.append(self._file.reject(self._file.place(row.line), fault))

    def readable(self) -> Iterator[Unit]:
        return (unit for unit_id, unit in self._units.items() if unit_id not in self._disputed)

    def rejected(self) -> Iterator[RejectedRow]:
        yield from self._unread
        for unit_id, columns in self._disputed.items():
            yield self._file.reject(unit_id, FaultError(min(columns), "radene om enheten sier imot hverandre"))


@dataclass(slots=True)
class _Dossier:
    """What the rows read so far say of one employee."""

    person: Employee
    positions: dict[str, Position] = field(default_factory=dict)
    leaves: set[Leave] = field(default_factory=set)

    def employee(self) -> Employee:
        positions = (self.positions[position_id] for position_id in sorted(self.positions))
        return replace(
            self.person,
            positions=tuple(position for position in positions if _ever_holds(position)),
            leaves=tuple(sorted(self.leaves, key=lambda leave: (leave.start_on, leave.end_on or date.max))),
        )


class Staff:
    """Employees, and the units that their rows tell of."""

    def __init__(self, header: Header) -> None:
        self._file = _File(EMPLOYEES_PLACE, header)
        self._number_is_first = header.index_of[NUMBER] == 0
        self._dossiers: dict[str, _Dossier] = {}
        self._set_aside: dict[str, RejectedRow] = {}
        self._nobodys: list[RejectedRow] = []
        self.units = Units(self._file, UNIT_COLUMNS_OF_EMPLOYEES)

    def add_all(self, table: Table, date_format: DateFormat | None) -> None:
        torn = []
        for row in table.rows:
            if isinstance(row, TornRow):
                torn.append(row)
            else:
                self._add(Cells(table.header, row.fields, date_format), row.line)
        self._add_torn(torn, table.header.index_of[NUMBER])

    def readable(self) -> Iterator[Employee]:
        return (dossier.employee() for number, dossier in self._dossiers.items() if number not in self._set_aside)

    def rejected(self) -> Iterator[RejectedRow]:
        yield from self._nobodys
        yield from self._set_aside.values()

    def _add(self, cells: Cells, line: int) -> None:
        number = cells.text(NUMBER)
        if number is None:
            fault = FaultError(NUMBER, "verdien mangler")
            self._nobodys.append(self._file.reject(self._file.place(line), fault))
            return
        try:
            self.units.add(cells)
            person, position, leave = read_person(cells), read_position(cells), read_leave(cells)
        except FaultError as fault:
            self._put_aside(self._file.reject(number, fault))
            return
        dossier = self._dossiers.setdefault(number, _Dossier(person))
        for column in _differing(dossier.person, person, PERSON_COLUMNS):
            self._dispute(number, column, "radene om den ansatte sier imot hverandre")
        if dossier.positions.setdefault(position.position_id, position) != position:
            self._dispute(number, "stilling_id", "samme stilling står flere ganger, med ulikt innhold")
        if leave is not None:
            dossier.leaves.add(leave)

    def _dispute(self, number: str, column: str, reason: str) -> None:
        self._put_aside(self._file.reject(number, FaultError(column, reason)))

    def _put_aside(self, row: RejectedRow) -> None:
        """Of several faults the first by name, whichever row came first."""
        known = self._set_aside.setdefault(row.key, row)
        self._set_aside[row.key] = min(known, row, key=lambda each: (each.path, each.reason))

    def _add_torn(self, rows: list[TornRow], number_index: int) -> None:
        """Whose such a row is can only be guessed, and what stands there may be anything, such as a national id number.

        A number that other rows know is taken for one. If numbers come first in the row, nothing can have shifted
        them, and one that looks like the others is believed too; otherwise the row could be anybody's.
        """
        known = self._dossiers.keys() | self._set_aside.keys()
        longest = max(map(len, known), default=0)
        for row in rows:
            number = row.fields[number_index].strip() if number_index < len(row.fields) else ""
            looks_right = NUMBER_LIKE.fullmatch(number) is not None and len(number) <= longest
            is_believed = number in known or (self._number_is_first and looks_right)
            if is_believed:
                self._put_aside(self._file.reject_torn(row, number))
            if not (is_believed and self._number_is_first):
                self._nobodys.append(self._file.reject_torn(row))


def read_staff(table: Table, date_format: DateFormat | None) -> Staff:
    """The employees' file. Raises as `read_table`."""
    staff = Staff(table.header)
    staff.add_all(table, date_format)
    return staff


def read_units(table: Table, date_format: DateFormat | None) -> Units:
    """A file of units alone. Raises as `read_table`."""
    units = Units(_File(UNITS_PLACE, table.header), UNIT_COLUMNS)
    units.add_all(table, date_format)
    return units


def _differing(one: Employee | Unit, other: Employee | Unit, columns: Mapping[str, str]) -> list[str]:
    if one == other:
        return []
    return [column for name, column in columns.items() if getattr(one, name) != getattr(other, name)]


def _ever_holds(position: Position) -> bool:
    return position.start_on is None or position.end_on is None or position.start_on <= position.end_on
