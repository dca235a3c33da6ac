"""Unit4 (Agresso): the Stamdata3 file, one XML document with every resource and, as a rule, the organisation.

Everything else in the file, national id number, birth date and home address among it, is passed over unread.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, TypeVar

from agreements.calendar import OSLO
from agreements.people import Employee, Position, RejectedRow, Snapshot, Unit
from integrations.hr.files import HrFile, read_file
from integrations.hr.http import BrokenContentError, HrHttp, sentence
from integrations.hr.source import HrUnreadable
from integrations.hr.values import mail_address
from integrations.hr.xml import Document, FaultError, Node, Roster, distinct, rows

RESOURCE, ORGANISATION = "Resources/Resource", "Organisations/Organisation"
ANNOUNCED, EXPORTED = "NumberOfResources", "ExportedDate"
STAMDATA3 = Document(
    "Unit4's Stamdata3 (ExportInfo)", "ExportInfo", frozenset({RESOURCE, ORGANISATION, ANNOUNCED, EXPORTED})
)
UNIT_RELATIONS = ("ORGANISATION", "ORGANIZATIONAL_UNIT")
"""How installations call the relation to a unit; where both are there, the first counts."""
WORK_ADDRESS = "1"
NO_PARENT = frozenset({None, "0"})

D = TypeVar("D", date, datetime)


class Unit4Source:
    """An `HrSource`. The file may be a path or an address."""

    def __init__(self, http: HrHttp, file: HrFile) -> None:
        self._http = http
        self._file = file

    def read_snapshot(self) -> Snapshot:
        with self._http as http:
            picture, written_at = read_file(http, self._file, _read)
        snapshot = picture.snapshot(written_at)
        if not snapshot.employees:
            what = "holds nobody who is employed and can be read"
            raise HrUnreadable(sentence(self._file.location, what, "check what the Stamdata3 export is set to include"))
        return snapshot


def _read(stream: BinaryIO) -> "_Picture":
    picture = _Picture()
    for place, row in rows(stream, STAMDATA3):
        picture.add(place, row)
    picture.must_be_complete()
    return picture


@dataclass(slots=True)
class _Version:
    """A unit as one row has it; a unit that was renamed or moved may have a row for each of its periods."""

    unit: Unit
    end_on: date | None


@dataclass(slots=True)
class _Units:
    """Units of the organisation, and those that only positions name."""

    listed: dict[str, _Version] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    set_aside: dict[str, RejectedRow] = field(default_factory=dict)

    def list_unit(self, version: _Version, path: str) -> None:
        """The row that ends last is the one that counts; two that end together must agree."""
        unit_id = version.unit.unit_id
        before = self.listed.setdefault(unit_id, version)
        if (before.end_on or date.max) < (version.end_on or date.max):
            self.listed[unit_id] = version
            self.set_aside.pop(unit_id, None)
        elif before.end_on == version.end_on and before != version:
            self.set_aside[unit_id] = RejectedRow(unit_id, path, "enheten står flere ganger med ulikt innhold")

    def name_unit(self, unit_id: str, name: str) -> None:
        """The smallest name of several, so that the order of rows decides nothing."""
        self.named[unit_id] = min(filter(None, (self.named.get(unit_id), name)), default="")

    def units(self) -> Iterator[Unit]:
        for unit_id in sorted((self.listed.keys() | self.named.keys()) - self.set_aside.keys()):
            if unit_id in self.listed:
                yield self.listed[unit_id].unit
            else:
                yield Unit(unit_id, self.named[unit_id] or unit_id)


class _Picture:
    def __init__(self) -> None:
        self._roster = Roster()
        self._units = _Units()
        self._rejected_units: list[RejectedRow] = []
        self._resources = 0
        self._organisations = 0
        self._announced: str | None = None
        self._exported_at: datetime | None = None

    def add(self, place: str, row: Node) -> None:
        match place:
            case "Resources/Resource":
                self._add_resource(row, f"Resource[{self._resources}]")
                self._resources += 1
            case "Organisations/Organisation":
                self._add_organisation(row, f"Organisation[{self._organisations}]")
                self._organisations += 1
            case "NumberOfResources":
                self._announced = row.text(".")
            case _:
                self._exported_at = _moment(row.text("."))

    def must_be_complete(self) -> None:
        """Raises BrokenContentError when the file holds another number of resources than it says."""
        if self._announced is not None and self._announced != str(self._resources):
            raise BrokenContentError(f"does not hold as many resources as its {ANNOUNCED} says")

    def snapshot(self, written_at: datetime | None) -> Snapshot:
        rejected = (*self._roster.rejected, *self._rejected_units, *self._units.set_aside.values())
        return Snapshot(
            units=tuple(self._units.units()),
            employees=tuple(self._roster.employees),
            rejected=tuple(sorted(rejected, key=lambda row: (row.key, row.path))),
            published_at=self._exported_at or written_at,
        )

    def _add_resource(self, resource: Node, place: str) -> None:
        key = place
        try:
            key = _number(resource)
            employments = resource.needed("Employments").every("Employment")
            if employments:
                self._roster.add(self._employee(resource, employments, key), resource.path_of("ResourceId"))
        except FaultError as fault:
            self._roster.reject(RejectedRow(key, fault.path, fault.reason))

    def _employee(self, resource: Node, employments: list[Node], number: str) -> Employee:
        given_name, family_name = resource.line("FirstName"), resource.line("Surname")
        if not given_name and not family_name:
            raise FaultError(resource.path_of("Surname"), "personen har ikke noe navn")
        periods = [(employment.first_day("DateFrom"), employment.last_day("DateTo")) for employment in employments]
        starts, ends = [start for start, _ in periods if start], [end for _, end in periods if end]
        # Whoever has an employment without an end has not left, whatever became of the others.
        return Employee(
            employee_number=number,
            given_name=given_name,
            family_name=family_name,
            email=_mail(resource),
            start_on=_latest(resource.first_day("DateFrom"), min(starts) if len(starts) == len(periods) else None),
            end_on=_earliest(resource.last_day("DateTo"), max(ends) if len(ends) == len(periods) else None),
            positions=distinct(
                position for employment in employments for position in self._positions(employment, number)
            ),
        )

    def _positions(self, employment: Node, number: str) -> Iterator[Position]:
        """One for each unit the employment belongs, or belonged, to."""
        start_on, end_on = employment.first_day("DateFrom"), employment.last_day("DateTo")
        relations = employment.every("Relations/Relation")
        kinds = (kind for kind in UNIT_RELATIONS if any(each.text("@ElementType") == kind for each in relations))
        kind = next(kinds, None)
        if kind is None:
            yield _position(employment, number, None, start_on, end_on)
        for relation in relations:
            if kind is not None and relation.text("@ElementType") == kind:
                unit_id = relation.key("Value")
                self._units.name_unit(unit_id, relation.line("Description"))
                starts, ends = (
                    _latest(start_on, relation.first_day("DateFrom")),
                    _earliest(end_on, relation.last_day("DateTo")),
                )
                yield _position(employment, number, unit_id, starts, ends)

    def _add_organisation(self, organisation: Node, place: str) -> None:
        key = place
        try:
            key = organisation.key("Id")
            self._units.list_unit(_unit(organisation, key), organisation.path_of("Id"))
        except FaultError as fault:
            row = RejectedRow(key, fault.path, fault.reason)
            if row.could_be_anybody:
                self._rejected_units.append(row)
            else:
                self._units.set_aside[key] = row


def _number(resource: Node) -> str:
    """The resource's own number; where the file leaves it out, the one on its employments."""
    numbers = {employment.text("@ResourceId") for employment in resource.every("Employments/Employment")} - {None}
    if resource.text("ResourceId") is None and len(numbers) == 1:
        return resource.every("Employments/Employment[@ResourceId]")[0].key("@ResourceId")
    number = resource.key("ResourceId")
    if numbers - {number}:
        raise FaultError(resource.path_of("Employments.Employment.@ResourceId"), "ressursnumrene er ulike")
    return number


def _mail(resource: Node) -> str | None:
    addresses = (
        mail_address(mail.text("."))
        for address in resource.every("Addresses/Address")
        if address.text("Type") == WORK_ADDRESS
        for mail in address.every("EMailList/string")
    )
    return next(filter(None, addresses), None)


def _position(
    employment: Node, number: str, unit_id: str | None, start_on: date | None, end_on: date | None
) -> Position:
    codes = (employment.text("PostId") or "-", employment.text("PostCode") or "-")
    return Position(
        position_id="/".join((number, *codes, unit_id or "-", str(start_on or "-"))),
        unit_id=unit_id,
        percentage=employment.percentage("Percentage"),
        is_main=employment.flag("MainPosition"),
        start_on=start_on,
        end_on=end_on,
    )


def _unit(organisation: Node, unit_id: str) -> _Version:
    parent_id = organisation.text("ParentId")
    managers = [manager.text(".") for manager in organisation.every("Managers/string")]
    unit = Unit(
        unit_id=unit_id,
        name=organisation.line("Name") or unit_id,
        parent_id=None if parent_id in NO_PARENT or parent_id == unit_id else parent_id,
        manager_number=next(filter(None, managers), None),
    )
    return _Version(unit, organisation.last_day("DateTo"))


def _latest(one: D | None, other: D | None) -> D | None:
    return max(filter(None, (one, other)), default=None)


def _earliest(one: D | None, other: D | None) -> D | None:
    return min(filter(None, (one, other)), default=None)


def _moment(text: str | None) -> datetime | None:
    """Written by the clock in Oslo where no zone is given."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=OSLO)
