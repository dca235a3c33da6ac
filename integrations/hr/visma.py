"""Visma Enterprise HRM: one XML answer of the web service `hrm_ws` with every person of a company.

The whole answer is one document that may hold a hundred times what is needed here, national id number, salary and
dependents among it: it is read as it arrives, one person at a time.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import BinaryIO
from urllib.parse import quote

from requests.auth import AuthBase

from agreements.calendar import OSLO
from agreements.people import Employee, Leave, Position, RejectedRow, Snapshot, Unit
from integrations.hr.files import HrFile, read_file
from integrations.hr.http import HrHttp, sentence
from integrations.hr.source import HrUnreadable
from integrations.hr.values import FULL_TIME, mail_address
from integrations.hr.xml import Document, FaultError, Node, Roster, distinct, rows

SERVICE = "/hrm_ws"
EVERYBODY = "start-id/0/end-id/99999999"
MANAGER_PATH = "person.employments.employment.positions.position.chart.unit.manager"
PERSONS = Document("Visma's list of persons (personsXML)", "personsXML", frozenset({"person"}))

Identity = tuple[str | None, date | None]
"""Id and start of a position, as HRM writes them."""


def _today() -> date:
    return datetime.now(OSLO).date()


class VismaSource:
    """An `HrSource`. `url` is the server's address, with or without `/hrm_ws`.

    `today` decides one thing only: which employment of a manager with several is meant.
    """

    def __init__(
        self, http: HrHttp, url: str, company: str, auth: AuthBase, today: Callable[[], date] = _today
    ) -> None:
        self._http = http
        self._company = company
        self._today = today
        server = url.partition(SERVICE)[0].rstrip("/")
        address = f"{server}{SERVICE}/secure/persons/company/{quote(company, safe='')}/{EVERYBODY}"
        self._answer = HrFile(address, auth, "application/xml")

    def read_snapshot(self) -> Snapshot:
        with self._http as http:
            picture, _ = read_file(http, self._answer, self._read)
        snapshot = picture.snapshot(self._today())
        if not snapshot.employees:
            what = "lists nobody who is employed in the company and can be read"
            raise HrUnreadable(
                sentence(self._answer.location, what, "check HK_HR_COMPANY and the user's access in HRM")
            )
        return snapshot

    def _read(self, stream: BinaryIO) -> "_Picture":
        picture = _Picture(self._company)
        for place, (_, person) in enumerate(rows(stream, PERSONS)):
            picture.add(person, f"person[{place}]")
        return picture


@dataclass(slots=True)
class _SeenUnit:
    """What the positions say of a unit, and how often. Managers are as HRM writes them: ids of persons."""

    names: Counter[str] = field(default_factory=Counter)
    managers: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Held:
    position: Position
    leaves: tuple[Leave, ...]

    def works_during(self, leave: Leave) -> bool:
        if self.position.percentage == 0 or any(_overlap(leave, own) for own in self.leaves):
            return False
        return _overlap(leave, Leave(self.position.start_on or date.min, self.position.end_on))


class _Picture:
    """First every person is read; then managers, who may come later than those they lead, are found among them."""

    def __init__(self, company: str) -> None:
        self._company = company
        self._roster = Roster()
        self._units: defaultdict[str, _SeenUnit] = defaultdict(_SeenUnit)
        self._numbers_of: defaultdict[str, set[str]] = defaultdict(set)
        self._numbers: set[str] = set()

    def add(self, person: Node, place: str) -> None:
        try:
            employments = person.needed("employments").every("employment")
        except FaultError as fault:
            self._roster.reject(RejectedRow(place, fault.path, fault.reason))
            return
        for employment in employments:
            self._add_employment(person, employment, place)

    def _add_employment(self, person: Node, employment: Node, place: str) -> None:
        key = place
        try:
            if (employment.text("company/companyId") or self._company) != self._company:
                return
            key = employment.key("employeeId")
            # Before anything can go wrong: whoever is set aside is still somebody's manager.
            self._numbers.add(key)
            self._numbers_of[person.text("@personIdHRM") or ""].add(key)
            self._roster.add(self._employee(person, employment, key), employment.path_of("employeeId"))
        except FaultError as fault:
            self._roster.reject(RejectedRow(key, fault.path, fault.reason))

    def _employee(self, person: Node, employment: Node, number: str) -> Employee:
        given_name, family_name = person.line("givenName"), person.line("familyName")
        if not given_name and not family_name:
            raise FaultError(person.path_of("familyName"), "personen har ikke noe navn")
        held = list(self._held(employment, number))
        alias, user_name = person.text("authentication/alias"), person.text("authentication/username")
        return Employee(
            employee_number=number,
            given_name=given_name,
            family_name=family_name,
            email=mail_address(person.text("contactInfo/email")),
            user_principal_name=mail_address(alias) or mail_address(user_name),
            start_on=employment.first_day("startDate"),
            end_on=employment.last_day("endDate"),
            positions=distinct(each.position for each in held),
            leaves=_leaves(held),
        )

    def _held(self, employment: Node, number: str) -> Iterator[_Held]:
        positions = [(position, _identity(position)) for position in employment.every("positions/position")]
        versions = Counter(identity for _, identity in positions)
        for position, identity in positions:
            yield self._read_position(position, number, identity, is_one_of_several=versions[identity] > 1)

    def _read_position(self, node: Node, number: str, identity: Identity, *, is_one_of_several: bool) -> _Held:
        position_id, start_on = identity
        unit_id, manager_id = self._read_unit(node)
        valid_from = node.first_day("@validFromDate")
        ends = [end for end in (node.last_day("positionEndDate"), node.last_day("@validToDate")) if end]
        percentage = node.percentage("positionPercentage")
        position = Position(
            position_id="/".join((number, position_id or "-", unit_id or "-", str(start_on or "-"))),
            unit_id=unit_id,
            percentage=percentage,
            is_main=node.flag("@isPrimaryPosition"),
            manager_number=manager_id,
            # A new version begins with every rise in pay: only where several are listed does it say which one holds.
            start_on=valid_from if is_one_of_several and valid_from else start_on,
            end_on=min(ends, default=None),
        )
        return _Held(position, tuple(_full_leaves(node, percentage)))

    def _read_unit(self, position: Node) -> tuple[str | None, str | None]:
        """Id of the unit, and HRM's id of its manager."""
        unit = position.one("chart/unit")
        if unit is None:
            return None, None
        unit_id = unit.key("@id")
        seen = self._units[unit_id]
        if name := unit.line("@name"):
            seen.names[name] += 1
        manager = unit.one("manager")
        manager_id = manager.text("@id") if manager else None
        if manager_id:
            seen.managers[manager_id] += 1
        return unit_id, manager_id

    def snapshot(self, today: date) -> Snapshot:
        """In the order of keys, so that the order in which HRM lists its persons is no change."""
        resolved = {
            manager_id: self._number_of(manager_id, today)
            for seen in self._units.values()
            for manager_id in seen.managers
        }
        units: list[Unit] = []
        rejected = self._roster.rejected
        for unit_id, seen in sorted(self._units.items()):
            manager_id = _most_common(seen.managers)
            number = resolved[manager_id] if manager_id else None
            if manager_id and number is None and self._roster.could_hold_anybody:
                reason = "lederen finnes ikke blant dem som kunne leses, og kan være en av de andre"
                rejected.append(RejectedRow(unit_id, MANAGER_PATH, reason))
            else:
                units.append(Unit(unit_id, _most_common(seen.names) or unit_id, manager_number=number))
        managers = {unit.unit_id: unit.manager_number for unit in units}
        return Snapshot(
            units=tuple(units),
            employees=tuple(_with_managers(employee, resolved, managers) for employee in self._roster.employees),
            rejected=tuple(sorted(rejected, key=lambda row: (row.key, row.path))),
        )

    def _number_of(self, manager_id: str, today: date) -> str | None:
        """The employee number of a manager who is given as a person of HRM, or by employee number."""
        numbers = self._numbers_of.get(manager_id)
        if not manager_id or not numbers:
            return manager_id if manager_id in self._numbers else None
        return min(numbers, key=lambda number: (*_distance(self._roster.find(number), today), number))


def _identity(position: Node) -> Identity:
    """What stays the same of a position while its unit, percentage and pay change."""
    code = position.one("positionInfo/positionCode")
    start_on = position.first_day("positionStartDate") or position.first_day("@validFromDate")
    return (code.text("@positionId") if code else None), start_on


def _full_leaves(position: Node, percentage: float) -> Iterator[Leave]:
    """Periods away from all of a position. Who is on leave from a part of it still works in what is left."""
    for leave in position.every("leave"):
        start_on, end_on = leave.first_day("leaveFromDate"), leave.last_day("leaveToDate")
        if start_on is None or (end_on is not None and end_on < start_on):
            continue
        is_from_all = leave.text("leavePercentage") is None or leave.percentage("leavePercentage") >= FULL_TIME
        if is_from_all or percentage == 0:
            yield Leave(start_on, end_on)


def _leaves(held: Iterable[_Held]) -> tuple[Leave, ...]:
    """Leave from one position to work in another is the most common leave there is, and nobody is away."""
    held = list(held)
    found = {
        leave
        for each in held
        for leave in each.leaves
        if not any(other.works_during(leave) for other in held if other is not each)
    }
    return tuple(sorted(found, key=lambda leave: (leave.start_on, leave.end_on or date.max)))


def _overlap(one: Leave, other: Leave) -> bool:
    return one.start_on <= (other.end_on or date.max) and other.start_on <= (one.end_on or date.max)


def _most_common(seen: Counter[str]) -> str | None:
    """Among equals the smallest, so that the order of persons decides nothing."""
    return min(seen, key=lambda value: (-seen[value], value), default=None)


def _distance(employee: Employee | None, today: date) -> tuple[int, int]:
    """Employed today before soon, soon before formerly. One who could not be read may be any of them."""
    if employee is None or employee.employed_on(today):
        return 0, 0
    if employee.start_on is not None and employee.start_on > today:
        return 1, employee.start_on.toordinal()
    return 2, -(employee.end_on or today).toordinal()


def _with_managers(employee: Employee, resolved: dict[str, str | None], managers: dict[str, str | None]) -> Employee:
    """A position has a manager of its own only where it names another than its unit has."""
    return replace(
        employee, positions=tuple(_with_manager(position, resolved, managers) for position in employee.positions)
    )


def _with_manager(position: Position, resolved: dict[str, str | None], managers: dict[str, str | None]) -> Position:
    number = resolved.get(position.manager_number or "")
    own = None if number == managers.get(position.unit_id or "") else number
    return position if position.manager_number == own else replace(position, manager_number=own)
