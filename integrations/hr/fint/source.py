"""The four FINT resources, joined into one picture."""

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from agreements.people import Employee, Position, RejectedRow, Snapshot, Unit
from integrations.hr.fint.client import FintClient
from integrations.hr.fint.records import (
    BY_EMPLOYEE_NUMBER,
    BY_SYSTEM_ID,
    BY_UNIT_ID,
    EmploymentRow,
    Links,
    LooseIdentifier,
    PersonRow,
    PositionRow,
    UnitRow,
    linked,
    read_value,
)
from integrations.hr.fint.walk import Resource, UnreadRow, Walked, walk

PAGE_SIZE = 1_000
MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

UNITS = Resource(
    "organisasjonselement",
    "/administrasjon/organisasjon/organisasjonselement",
    msgspec.json.Decoder(UnitRow, dec_hook=read_value),
    lambda row: row.identifier.value,
)
EMPLOYMENTS = Resource(
    "personalressurs",
    "/administrasjon/personal/personalressurs",
    msgspec.json.Decoder(EmploymentRow, dec_hook=read_value),
    lambda row: row.identifier.value,
)
POSITIONS = Resource(
    "arbeidsforhold",
    "/administrasjon/personal/arbeidsforhold",
    msgspec.json.Decoder(PositionRow, dec_hook=read_value),
    lambda row: row.identifier.value,
)
PERSONS = Resource(
    "person",
    "/administrasjon/personal/person",
    msgspec.json.Decoder(PersonRow, dec_hook=read_value),
    key=None,
)


class FintSource:
    """An `HrSource`. Reads the four resources anew each time; keeps nothing between two readings."""

    def __init__(self, client: FintClient, page_size: int = PAGE_SIZE) -> None:
        self._client = client
        self._page_size = page_size

    def read_snapshot(self) -> Snapshot:
        with self._client as client:
            units = walk(client, UNITS, self._page_size)
            employments = walk(client, EMPLOYMENTS, self._page_size)
            positions = walk(client, POSITIONS, self._page_size)
            persons = walk(client, PERSONS, self._page_size)
        picture = _Picture()
        picture.add_units(units)
        picture.add_persons(persons)
        picture.add_positions(positions, employments.rows)
        picture.add_employees(employments)
        return picture.snapshot()


class _Picture:
    """Collects what the resources say of each employee.

    An employee is set aside as a whole when any of the rows that make them up could not be read: half of a person,
    say without the position that is unreadable, would look like a change.
    """

    def __init__(self) -> None:
        self._units: list[Unit] = []
        self._employees: list[Employee] = []
        self._rejected: list[RejectedRow] = []
        self._set_aside: dict[str, RejectedRow] = {}
        self._names: dict[str, tuple[str, str]] = {}
        self._positions: dict[str, Position] = {}
        self._positions_of: defaultdict[str, set[str]] = defaultdict(set)
        self._position_without_owner = False

    def snapshot(self) -> Snapshot:
        """In the order of keys, so that the order in which a source lists its rows is no change."""
        return Snapshot(
            units=tuple(sorted(self._units, key=lambda unit: unit.unit_id)),
            employees=tuple(sorted(self._employees, key=lambda employee: employee.employee_number)),
            rejected=tuple(sorted((*self._rejected, *self._set_aside.values()), key=lambda row: (row.key, row.path))),
        )

    def add_units(self, units: Walked[UnitRow]) -> None:
        for unread in units.unread:
            self._reject(unread, _text(unread.identity.unit))
        for row in units.rows:
            unit_id = row.identifier.value
            if _linked_in_another_way(row.links.parent, BY_UNIT_ID):
                reason = "lenken til overordnet enhet er ikke en organisasjonsId"
                self._rejected.append(RejectedRow(unit_id, f"{UNITS.name}._links.overordnet", reason))
                continue
            parent_id = _first(row.links.parent, BY_UNIT_ID)
            self._units.append(
                Unit(
                    unit_id=unit_id,
                    name=(row.name or row.short_name or unit_id).strip(),
                    parent_id=None if parent_id == unit_id else parent_id,
                    manager_number=_first(row.links.manager, BY_EMPLOYEE_NUMBER),
                )
            )

    def add_persons(self, persons: Walked[PersonRow]) -> None:
        for unread in persons.unread:
            # More than one number is a person who was employed anew; the fault is in all of them.
            numbers: list[str | None] = [*linked(unread.identity.links.employments, BY_EMPLOYEE_NUMBER)]
            for number in numbers or [None]:
                self._set_aside_or_reject(unread, number)
        for row in persons.rows:
            given = " ".join(f"{row.name.given or ''} {row.name.middle or ''}".split())
            family = (row.name.family or "").strip()
            for number in linked(row.links.employments, BY_EMPLOYEE_NUMBER):
                self._names.setdefault(number, (given, family))

    def add_positions(self, positions: Walked[PositionRow], employments: Iterable[EmploymentRow]) -> None:
        """Whose a position is may be said by either end; both are heard."""
        owners = {}
        for employment in employments:
            for position_id in linked(employment.links.positions, BY_SYSTEM_ID):
                owners[position_id] = employment.identifier.value
                self._positions_of[employment.identifier.value].add(position_id)
        for unread in positions.unread:
            named = _first(unread.identity.links.employments, BY_EMPLOYEE_NUMBER)
            owner = named or owners.get(_text(unread.identity.position) or "")
            self._position_without_owner |= owner is None
            self._set_aside_or_reject(unread, owner)
        for row in positions.rows:
            owner = _first(row.links.employment, BY_EMPLOYEE_NUMBER) or owners.get(row.identifier.value)
            self._add_position(row, owner)

    def _add_position(self, row: PositionRow, owner: str | None) -> None:
        position_id = row.identifier.value
        if owner is not None and _linked_in_another_way(row.links.unit, BY_UNIT_ID):
            reason = "lenken til arbeidssted er ikke en organisasjonsId"
            path = f"{POSITIONS.name}._links.arbeidssted"
            self._set_aside.setdefault(owner, RejectedRow(owner, path, reason))
        elif owner is not None:
            self._positions[position_id] = _position(row)
            self._positions_of[owner].add(position_id)

    def add_employees(self, employments: Walked[EmploymentRow]) -> None:
        for unread in employments.unread:
            self._set_aside_or_reject(unread, _text(unread.identity.employment))
        for row in employments.rows:
            number = row.identifier.value
            if number not in self._set_aside and (fault := self._fault(number)):
                self._set_aside[number] = fault
            if number not in self._set_aside:
                self._employees.append(self._employee(row))

    def _fault(self, number: str) -> RejectedRow | None:
        if not any(self._names.get(number, ())):
            reason = "ingen person med navn hører til ansattnummeret"
            return RejectedRow(number, f"{PERSONS.name}._links.personalressurs", reason)
        # A link to a position that has gone is common and harmless, unless it may be the one that was unreadable.
        if self._position_without_owner and not self._positions_of[number] <= self._positions.keys():
            reason = "et arbeidsforhold som hører til ansattnummeret kan ikke leses"
            return RejectedRow(number, f"{EMPLOYMENTS.name}._links.arbeidsforhold", reason)
        return None

    def _employee(self, row: EmploymentRow) -> Employee:
        number = row.identifier.value
        given_name, family_name = self._names[number]
        user_name = _text(row.user_name)
        ids = sorted(self._positions_of[number] & self._positions.keys())
        return Employee(
            employee_number=number,
            given_name=given_name,
            family_name=family_name,
            email=_mail_address(row.contact.email if row.contact else None),
            user_principal_name=_mail_address(user_name),
            start_on=row.period.start_on,
            end_on=row.period.end_on,
            substitute_number=_first(row.links.substitute, BY_EMPLOYEE_NUMBER),
            positions=tuple(position for position in map(self._positions.__getitem__, ids) if _ever_holds(position)),
        )

    def _set_aside_or_reject(self, unread: UnreadRow, number: str | None) -> None:
        if number is None:
            self._reject(unread, None)
        else:
            self._set_aside.setdefault(number, RejectedRow(number, unread.path, unread.reason))

    def _reject(self, unread: UnreadRow, key: str | None) -> None:
        self._rejected.append(RejectedRow(key or unread.place, unread.path, unread.reason))


def _position(row: PositionRow) -> Position:
    """Holds while both of its periods do."""
    periods = [period for period in (row.validity, row.period) if period is not None]
    return Position(
        position_id=row.identifier.value,
        unit_id=_first(row.links.unit, BY_UNIT_ID),
        percentage=row.percentage.value,
        is_main=row.is_main is True,
        manager_number=_first(row.links.manager, BY_EMPLOYEE_NUMBER),
        start_on=max((period.start_on for period in periods if period.start_on), default=None),
        end_on=min((period.end_on for period in periods if period.end_on), default=None),
    )


def _ever_holds(position: Position) -> bool:
    return position.start_on is None or position.end_on is None or position.start_on <= position.end_on


def _first(links: Links, by: str) -> str | None:
    return next(iter(linked(links, by)), None)


def _linked_in_another_way(links: Links, by: str) -> bool:
    return any(link.href for link in links or ()) and not linked(links, by)


def _text(identifier: LooseIdentifier | None) -> str | None:
    return (identifier.value or "").strip() or None if identifier else None


def _mail_address(text: str | None) -> str | None:
    """A user name is a sign-in name only where it looks like one; anything else in a mail field is no address."""
    text = (text or "").strip()
    return text if MAIL_ADDRESS.fullmatch(text) else None
