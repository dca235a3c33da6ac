"""The four FINT resources, joined into one picture."""

import gc
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property
from operator import attrgetter

import msgspec

from agreements.people import Employee, RejectedRow, Snapshot, Unit
from integrations.hr.fint.client import FintClient
from integrations.hr.fint.records import (
    BY_EMPLOYEE_NUMBER,
    BY_SYSTEM_ID,
    BY_UNIT_ID,
    EmploymentRow,
    Links,
    LooseIdentifier,
    Period,
    PersonRow,
    PositionRow,
    UnitRow,
    first_linked,
    linked,
    read_field,
)
from integrations.hr.fint.walk import Resource, UnreadRow, Walked, walk
from integrations.hr.values import mail_address

PAGE_SIZE = 1_000


class Named(msgspec.Struct, gc=False):
    """Somebody's name, and the numbers of all their employments."""

    given_name: str
    family_name: str
    employee_numbers: list[str]


class Held(msgspec.Struct, gc=False):
    """A `Position` to be, field by field."""

    position_id: str
    unit_id: str | None
    percentage: float
    is_main: bool
    manager_number: str | None
    start_on: date | None
    end_on: date | None

    @property
    def ever_holds(self) -> bool:
        return self.start_on is None or self.end_on is None or self.start_on <= self.end_on


class Owned(msgspec.Struct, gc=False):
    """A position, and whose it says it is. `is_placed` is false when what it links to as its unit is no unit id."""

    owner: str | None
    position: Held
    is_placed: bool


class Employed(msgspec.Struct, gc=False):
    """An `Employee` to be, field by field; personalressurs knows no names, and of positions only the ids."""

    employee_number: str
    email: str | None
    user_principal_name: str | None
    start_on: date | None
    end_on: date | None
    substitute_number: str | None
    position_ids: list[str]
    given_name: str = ""
    family_name: str = ""
    positions: list[Held] = []


def _unit(row: UnitRow) -> Unit | RejectedRow:
    unit_id = row.identifier.value
    parent_id = first_linked(row.links.parent, BY_UNIT_ID)
    if parent_id is None and _leads_somewhere(row.links.parent):
        reason = "lenken til overordnet enhet er ikke en organisasjonsId"
        return RejectedRow(unit_id, f"{UNITS.name}._links.overordnet", reason)
    return Unit(
        unit_id=unit_id,
        name=(row.name or row.short_name or unit_id).strip(),
        parent_id=None if parent_id == unit_id else parent_id,
        manager_number=first_linked(row.links.manager, BY_EMPLOYEE_NUMBER),
    )


def _employed(row: EmploymentRow) -> Employed:
    email = mail_address(row.contact.email if row.contact else None)
    user_name = _text(row.user_name)
    return Employed(
        row.identifier.value,
        email,
        email if user_name == email else mail_address(user_name),
        row.period.start_on,
        row.period.end_on,
        first_linked(row.links.substitute, BY_EMPLOYEE_NUMBER),
        linked(row.links.positions, BY_SYSTEM_ID),
    )


def _owned(row: PositionRow) -> Owned:
    """The position holds while both of its periods do."""
    validity, period = row.validity or ALWAYS, row.period or ALWAYS
    unit_id = first_linked(row.links.unit, BY_UNIT_ID)
    position = Held(
        row.identifier.value,
        unit_id,
        row.percentage.value,
        row.is_main is True,
        first_linked(row.links.manager, BY_EMPLOYEE_NUMBER),
        _later(validity.start_on, period.start_on),
        _earlier(validity.end_on, period.end_on),
    )
    is_placed = unit_id is not None or not _leads_somewhere(row.links.unit)
    return Owned(first_linked(row.links.employment, BY_EMPLOYEE_NUMBER), position, is_placed)


def _named(row: PersonRow) -> Named:
    name = row.name
    given = " ".join(f"{name.given or ''} {name.middle or ''}".split())
    return Named(given, (name.family or "").strip(), linked(row.links.employments, BY_EMPLOYEE_NUMBER))


def _later(one: date | None, other: date | None) -> date | None:
    return max(one, other) if one and other else one or other


def _earlier(one: date | None, other: date | None) -> date | None:
    return min(one, other) if one and other else one or other


def _leads_somewhere(links: Links) -> bool:
    return any(link.href for link in links or ())


ALWAYS = Period()
BY_IDENTIFIER = attrgetter("identifier.value")

UNITS = Resource(
    "organisasjonselement",
    "/administrasjon/organisasjon/organisasjonselement",
    msgspec.json.Decoder(UnitRow, dec_hook=read_field),
    BY_IDENTIFIER,
    _unit,
)
EMPLOYMENTS = Resource(
    "personalressurs",
    "/administrasjon/personal/personalressurs",
    msgspec.json.Decoder(EmploymentRow, dec_hook=read_field),
    BY_IDENTIFIER,
    _employed,
)
POSITIONS = Resource(
    "arbeidsforhold",
    "/administrasjon/personal/arbeidsforhold",
    msgspec.json.Decoder(PositionRow, dec_hook=read_field),
    BY_IDENTIFIER,
    _owned,
)
PERSONS = Resource(
    "person",
    "/administrasjon/personal/person",
    msgspec.json.Decoder(PersonRow, dec_hook=read_field),
    None,
    _named,
)


class FintSource:
    """An `HrSource`. Reads the four resources anew each time; keeps nothing between two readings."""

    def __init__(self, client: FintClient, page_size: int = PAGE_SIZE) -> None:
        self._client = client
        self._page_size = page_size

    def read_snapshot(self) -> Snapshot:
        with _collector_at_rest():
            return self._read()

    def _read(self) -> Snapshot:
        with self._client as client:
            units = walk(client, UNITS, self._page_size)
            employments = walk(client, EMPLOYMENTS, self._page_size)
            positions = walk(client, POSITIONS, self._page_size)
            persons = walk(client, PERSONS, self._page_size)
        picture = _Picture(employments)
        picture.add_units(units)
        picture.add_persons(persons)
        picture.add_positions(positions)
        picture.add_employees()
        # One resource may rest for weeks; when all of them do, FINT itself gets nothing new.
        updates = [each.updated_at for each in (units, employments, positions, persons) if each.updated_at is not None]
        return replace(picture.snapshot(), published_at=max(updates, default=None))


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """No search for garbage cycles among what is read: all of it stays, and every search would look through all of it.

    Frozen at the end, for the same reason: it still goes when nobody holds it any more.
    """
    was_at_work = gc.isenabled()
    gc.unfreeze()  # the picture of an earlier night in this process is rubbish by now, and must be found
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.freeze()
            gc.enable()


class _Picture:
    """Collects what the resources say of each employee.

    An employee is set aside as a whole when any of the rows that make them up could not be read: half of a person,
    say without the position that is unreadable, would look like a change.
    """

    def __init__(self, employments: Walked[Employed]) -> None:
        self._employments = employments
        self._units: list[Unit] = []
        self._employees: list[Employed] = []
        self._rejected: list[RejectedRow] = []
        self._set_aside: dict[str, RejectedRow] = {}
        self._names: dict[str, tuple[str, str]] = {}
        self._positions: dict[str, Held] = {}
        self._positions_of: defaultdict[str, list[str]] = defaultdict(list)
        self._position_without_owner = False

    def snapshot(self) -> Snapshot:
        """In the order of keys, so that the order in which a source lists its rows is no change."""
        employed = sorted(self._employees, key=lambda employee: employee.employee_number)
        return Snapshot(
            units=tuple(sorted(self._units, key=lambda unit: unit.unit_id)),
            # All at once: made one by one, 60,000 of the picture's unchangeable records take four times as long.
            employees=msgspec.convert(employed, tuple[Employee, ...], from_attributes=True),
            rejected=tuple(sorted((*self._rejected, *self._set_aside.values()), key=lambda row: (row.key, row.path))),
        )

    def add_units(self, units: Walked[Unit | RejectedRow]) -> None:
        for unread in units.unread:
            self._reject(unread, _text(unread.identity.unit))
        for row in units.rows:
            if isinstance(row, Unit):
                self._units.append(row)
            else:
                self._rejected.append(row)

    def add_persons(self, persons: Walked[Named]) -> None:
        for unread in persons.unread:
            # More than one number is a person who was employed anew; the fault is in all of them.
            numbers: list[str | None] = [*linked(unread.identity.links.employments, BY_EMPLOYEE_NUMBER)]
            for number in numbers or [None]:
                self._set_aside_or_reject(unread, number)
        for row in persons.rows:
            for number in row.employee_numbers:
                self._names.setdefault(number, (row.given_name, row.family_name))

    def add_positions(self, positions: Walked[Owned]) -> None:
        """Whose a position is may be said by either end; both are heard."""
        for unread in positions.unread:
            named = first_linked(unread.identity.links.employments, BY_EMPLOYEE_NUMBER)
            owner = named or self._owners.get(_text(unread.identity.position) or "")
            self._position_without_owner |= owner is None
            self._set_aside_or_reject(unread, owner)
        for row in positions.rows:
            position_id = row.position.position_id
            number = row.owner or self._owners.get(position_id)
            if number is None:
                continue
            if row.is_placed:
                self._positions[position_id] = row.position
                self._positions_of[number].append(position_id)
            else:
                reason = "lenken til arbeidssted er ikke en organisasjonsId"
                path = f"{POSITIONS.name}._links.arbeidssted"
                self._set_aside.setdefault(number, RejectedRow(number, path, reason))

    @cached_property
    def _owners(self) -> dict[str, str]:
        """Whose each position is by the word of the employment; most positions say it themselves."""
        return {
            position_id: employment.employee_number
            for employment in self._employments.rows
            for position_id in employment.position_ids
        }

    def add_employees(self) -> None:
        for unread in self._employments.unread:
            self._set_aside_or_reject(unread, _text(unread.identity.employment))
        for row in self._employments.rows:
            number = row.employee_number
            position_ids = self._position_ids(row)
            if number not in self._set_aside and (fault := self._fault(number, position_ids)):
                self._set_aside[number] = fault
            if number not in self._set_aside:
                row.given_name, row.family_name = self._names[number]
                positions = [self._positions[each] for each in position_ids if each in self._positions]
                row.positions = [position for position in positions if position.ever_holds]
                self._employees.append(row)

    def _position_ids(self, row: Employed) -> list[str]:
        """Of all positions that either end speaks of, in order; the two agree on the one position most people have."""
        claimed = self._positions_of.get(row.employee_number, [])
        agreed = len(claimed) == 1 and claimed == row.position_ids
        return claimed if agreed else sorted({*claimed, *row.position_ids})

    def _fault(self, number: str, position_ids: list[str]) -> RejectedRow | None:
        if not any(self._names.get(number, ())):
            reason = "ingen person med navn hører til ansattnummeret"
            return RejectedRow(number, f"{PERSONS.name}._links.personalressurs", reason)
        # A link to a position that has gone is common and harmless, unless it may be the one that was unreadable.
        if self._position_without_owner and not self._positions.keys() >= set(position_ids):
            reason = "et arbeidsforhold som hører til ansattnummeret kan ikke leses"
            return RejectedRow(number, f"{EMPLOYMENTS.name}._links.arbeidsforhold", reason)
        return None

    def _set_aside_or_reject(self, unread: UnreadRow, number: str | None) -> None:
        if number is None:
            self._reject(unread, None)
        else:
            self._set_aside.setdefault(number, RejectedRow(number, unread.path, unread.reason))

    def _reject(self, unread: UnreadRow, key: str | None) -> None:
        self._rejected.append(RejectedRow(key or unread.place, unread.path, unread.reason))


def _text(identifier: LooseIdentifier | None) -> str | None:
    """None where it cannot be a key: several lines name nobody, and the row could then be anybody's."""
    text = (identifier.value or "").strip() if identifier else ""
    return text if text and text.isprintable() else None
