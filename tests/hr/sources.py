"""The five kinds of HR system, each on loopback or on disk, behind one face: show a picture, then spoil it.

What a system has no meaning for (pages in a file, dates in SCIM) raises NotImplementedError, so that a table of bad
input which asks for it fails instead of passing without having done anything.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import HrKind
from sandbox.fint import TOKEN_PATH, SandboxHr, application_of
from sandbox.hr.faults import GARBAGE, Fault
from sandbox.hr.rows import PERSONNEL, PERSONS, POSITIONS, Row, fint_rows, personnel_link
from sandbox.municipality import Municipality, Picture
from sandbox.web import serve
from tests.hr import csv_shape, scim_shape, unit4_shape, visma_shape
from tests.hr.conftest import TODAY
from tests.hr.visma_shape import Element

Spoil = Callable[[bytes], bytes]
PAGE_SIZE = 25
"""Three pages of a village."""
NO_DATE, TWO_LINES, GARBLED, NOBODY = "i fjor", "1\n2", "1O0Z27", "999999"


class Harm(StrEnum):
    """How much of a row is garbage. Whose the row is can be read in the first case only, and is misread in the last."""

    FIELD = "a field"
    NUMBER = "the employee number"
    EVERYTHING = "everything"
    RENUMBERED = "a field, and the number is another text"


class Hr:
    """An HR system that publishes `picture`, and whatever was done to it since `show`."""

    kind: ClassVar[HrKind]
    picture: Picture
    spoil: Spoil | None

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = {"HK_HR_KIND": self.kind, **environment}

    def show(self, picture: Picture) -> None:
        """Publish this, and forget all harm."""
        self.picture, self.spoil = picture, None
        self.render()

    def render(self) -> None:
        raise NotImplementedError

    def publish(self) -> None:
        """Called ahead of every reading, for systems that write a file."""

    def empty(self) -> None:
        """A list of nobody, well-formed."""
        raise NotImplementedError

    def lose_a_part(self) -> None:
        """A page is missing, or what stands for one."""
        raise NotImplementedError

    def delete_between_pages(self, number: str) -> None:
        """While somebody reads: the row that goes was read already, and the others move up. Once."""
        raise NotImplementedError

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        """Make the rows of these employees unreadable."""
        raise NotImplementedError

    def write_full_time_as(self, percentage: int) -> None:
        raise NotImplementedError

    def lose_leader_of(self, unit_id: str) -> None:
        """The unit's leader is somebody whom nobody knows."""
        units = self.picture.units
        lost = (replace(unit, manager_number=NOBODY) if unit.unit_id == unit_id else unit for unit in units)
        self.show(replace(self.picture, units=tuple(lost)))

    def spoilt(self, content: bytes) -> bytes:
        return content if self.spoil is None else self.spoil(content)


class CsvHr(Hr):
    """Two files to download."""

    kind = "csv"

    def __init__(self, download: csv_shape.Download) -> None:
        addresses = {
            "HK_HR_URL": download.url + csv_shape.EMPLOYEES_PATH,
            "HK_HR_UNITS_URL": download.url + csv_shape.UNITS_PATH,
        }
        super().__init__({**addresses, "HK_HR_USERNAME": csv_shape.USERNAME, "HK_HR_PASSWORD": csv_shape.PASSWORD})
        self._files = download.files

    def render(self) -> None:
        self._rows, self._units = csv_shape.employee_rows(self.picture), csv_shape.unit_rows(self.picture)

    def publish(self) -> None:
        written = {csv_shape.EMPLOYEES_PATH: self._rows, csv_shape.UNITS_PATH: self._units}
        for path, rows in written.items():
            self._files[path] = self.spoilt(csv_shape.as_csv(rows).encode()) if rows else b""

    def empty(self) -> None:
        self.spoil = lambda content: content.splitlines(keepends=True)[0]

    def lose_a_part(self) -> None:
        """The file of units is an empty one."""
        self._units = []

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        for row in self._of(numbers):
            match harm:
                case Harm.FIELD:
                    row["ansatt_fra"] = NO_DATE
                case Harm.NUMBER:
                    row["ansattnummer"] = ""
                case Harm.EVERYTHING:
                    row.update(dict.fromkeys(row, "\N{REPLACEMENT CHARACTER}"), ansattnummer="")
                case Harm.RENUMBERED:
                    row.update(ansatt_fra=NO_DATE, ansattnummer=GARBLED)

    def write_full_time_as(self, percentage: int) -> None:
        for row in self._rows:
            if row["stillingsprosent"] in {"100", "10000", "100.00 %"}:
                row["stillingsprosent"] = str(percentage)

    def _of(self, numbers: Iterable[str]) -> list[csv_shape.CsvRow]:
        wanted = set(numbers)
        return [row for row in self._rows if row["ansattnummer"] in wanted]


class FintHr(Hr):
    kind = "fint"

    def __init__(self, sandbox: SandboxHr, url: str) -> None:
        mine = sandbox.credentials
        super().__init__(
            {
                "HK_HR_URL": url,
                "HK_HR_TOKEN_URL": url + TOKEN_PATH,
                "HK_HR_CLIENT_ID": mine.client_id,
                "HK_HR_CLIENT_SECRET": mine.client_secret,
                "HK_HR_USERNAME": mine.username,
                "HK_HR_PASSWORD": mine.password,
            }
        )
        self._sandbox = sandbox

    def render(self) -> None:
        self._sandbox.faults.clear()
        self._sandbox.before_page = None
        for path, rows in fint_rows(self.picture).items():
            self._sandbox.rows(path)[:] = rows

    def empty(self) -> None:
        """The units stay: their reading must not be what saves everybody."""
        for path in (PERSONNEL, POSITIONS, PERSONS):
            self._sandbox.rows(path).clear()

    def lose_a_part(self) -> None:
        self._sandbox.faults.add(Fault(f"{PERSONNEL}$", offset=PAGE_SIZE, times=None, body="empty-page"))

    def delete_between_pages(self, number: str) -> None:
        def delete(path: str, offset: int) -> None:
            if path == PERSONNEL and offset > 0:
                self._sandbox.before_page = None
                for each in (PERSONNEL, POSITIONS, PERSONS):
                    rows = self._sandbox.rows(each)
                    rows[:] = [row for row in rows if not _is_about(row, {number})]
                self._sandbox.touch()

        self._sandbox.before_page = delete

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        wanted = set(numbers)
        for row in self._sandbox.rows(PERSONNEL):
            if not _is_about(row, wanted):
                continue
            match harm:
                case Harm.FIELD:
                    row["ansettelsesperiode"] = NO_DATE
                case Harm.NUMBER:
                    row["ansattnummer"] = {"identifikatorverdi": TWO_LINES}
                case Harm.EVERYTHING:
                    _replace(row, GARBAGE)
                case Harm.RENUMBERED:
                    row.update(ansettelsesperiode=NO_DATE, ansattnummer={"identifikatorverdi": GARBLED})

    def write_full_time_as(self, percentage: int) -> None:
        for row in self._sandbox.rows(POSITIONS):
            if row["ansettelsesprosent"] in {100, 10_000}:
                row["ansettelsesprosent"] = percentage


class ScimHr(Hr):
    kind = "scim"

    def __init__(self, service: scim_shape.ScimService) -> None:
        super().__init__({"HK_HR_URL": service.url + scim_shape.BASE, "HK_HR_TOKEN": scim_shape.FIXED_TOKEN})
        self._service = service

    def render(self) -> None:
        self._system = self._service.show(self.picture)
        self._system.page_size_limit = PAGE_SIZE
        self._system.respell = self.spoilt

    def empty(self) -> None:
        self._system.users.clear()

    def lose_a_part(self) -> None:
        self._system.faults.add(Fault(f"{scim_shape.USERS}$", offset=PAGE_SIZE, times=None, body="empty-page"))

    def delete_between_pages(self, number: str) -> None:
        def delete(start: int) -> None:
            if start > 1:
                self._system.before_page = None
                self._system.users[:] = [row for row in self._system.users if scim_shape.number_of(row) != number]

        self._system.sorts = False  # whoever is early in the list is then on the first page
        self._system.before_page = delete

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        for row in self._of(numbers):
            match harm:
                case Harm.FIELD:
                    row["name"] = 17
                case Harm.NUMBER:
                    scim_shape.enterprise(row)["employeeNumber"] = 17
                case Harm.EVERYTHING:
                    _replace(row, GARBAGE)
                case Harm.RENUMBERED:
                    row["name"] = 17
                    scim_shape.enterprise(row)["employeeNumber"] = GARBLED

    def lose_leader_of(self, unit_id: str) -> None:
        """SCIM has no leaders of units: it is everybody there who names somebody unknown."""
        for row in self._of(who.employee_number for who in self.picture.people if who.unit_id == unit_id):
            scim_shape.enterprise(row)["manager"] = {"value": NOBODY}

    def _of(self, numbers: Iterable[str]) -> list[Row]:
        wanted = set(numbers)
        return [row for row in self._system.users if scim_shape.number_of(row) in wanted]


class VismaHr(Hr):
    kind = "visma"

    def __init__(self, server: visma_shape.Answers, url: str) -> None:
        secrets = {"HK_HR_USERNAME": visma_shape.USERNAME, "HK_HR_PASSWORD": visma_shape.PASSWORD}
        super().__init__({"HK_HR_URL": url, **secrets})
        self._server = server

    def render(self) -> None:
        self._root = visma_shape.persons(self.picture)

    def publish(self) -> None:
        self._server.body = self.spoilt(visma_shape.written(self._root))

    def empty(self) -> None:
        self._root.clear()

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        _harm(self._root, "employments/employment/employeeId", numbers, _fields(harm, "startDate", "employeeId"))

    def write_full_time_as(self, percentage: int) -> None:
        _rewrite(self._root, "positionPercentage", visma_shape.FULL_TIME, percentage)


class Unit4Hr(Hr):
    """A file on this machine."""

    kind = "unit4"

    def __init__(self, path: Path) -> None:
        super().__init__({"HK_HR_URL": str(path)})
        self._path = path

    def render(self) -> None:
        self._root = unit4_shape.stamdata3(self.picture)

    def publish(self) -> None:
        self._path.write_bytes(self.spoilt(unit4_shape.written(self._root)))

    def empty(self) -> None:
        self._root[0].clear()
        self._root[1].text = "0"

    def lose_a_part(self) -> None:
        """Well-formed, and fewer than the file itself announces."""
        del self._root[0][PAGE_SIZE:]

    def harm(self, numbers: Iterable[str], harm: Harm) -> None:
        _harm(self._root[0], "ResourceId", numbers, _fields(harm, "DateFrom", "ResourceId"))

    def write_full_time_as(self, percentage: int) -> None:
        _rewrite(self._root, "Percentage", unit4_shape.FULL_TIME, percentage)


class Garbling:
    """Another application, whose answers at `paths` come as `spoilt` makes them."""

    def __init__(self, application: ASGIApp, paths: Iterable[str]) -> None:
        self._application = application
        self._paths = frozenset(paths)
        self.spoilt: Spoil = bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._application(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._application(scope, receive, hold)
        start, *parts = held
        body = self.spoilt(b"".join(part["body"] for part in parts))
        headers = [header for header in start["headers"] if header[0] != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def running(kind: HrKind, village: Municipality, folder: Path) -> Iterator[Hr]:
    """The system of this kind; it publishes nothing before `show`."""
    match kind:
        case "csv":
            with csv_shape.downloads({}) as download:
                yield CsvHr(download)
        case "fint":
            sandbox = SandboxHr(village, today=lambda: TODAY, page_size_limit=PAGE_SIZE)
            garbling = Garbling(application_of(sandbox), (PERSONNEL, POSITIONS, PERSONS))
            with serve(garbling) as server:
                hr = FintHr(sandbox, server.url)
                garbling.spoilt = hr.spoilt
                yield hr
        case "scim":
            with scim_shape.running() as service:
                yield ScimHr(service)
        case "visma":
            answers = visma_shape.Answers(b"")
            with serve(answers.application()) as server:
                yield VismaHr(answers, server.url)
        case "unit4":
            yield Unit4Hr(folder / "Stamdata3.xml")


def _is_about(row: Row, numbers: set[str]) -> bool:
    """Whether FINT's row belongs to one of these."""
    links = cast("Row", row["_links"])
    of_them = [personnel_link(number) for number in numbers]
    return links["self"] in of_them or links.get("personalressurs") in of_them


def _replace(row: Row, content: Row) -> None:
    row.clear()
    row.update(content)


def _fields(harm: Harm, date: str, number: str) -> dict[str, str]:
    """What to write where."""
    match harm:
        case Harm.FIELD:
            return {date: NO_DATE}
        case Harm.NUMBER:
            return {number: TWO_LINES}
        case Harm.EVERYTHING:
            return {}
        case Harm.RENUMBERED:
            return {date: NO_DATE, number: GARBLED}


def _harm(root: Element, number_place: str, numbers: Iterable[str], fields: dict[str, str]) -> None:
    """Write a text into every such field of the rows of these employees; without any, leave nothing of the rows."""
    wanted = set(numbers)
    for row in [row for row in root if row.findtext(number_place) in wanted]:
        if not fields:
            row.clear()
        for name, text in fields.items():
            for found in row.iter(name):
                found.text = text


def _rewrite(root: Element, name: str, writings: tuple[str, ...], percentage: int) -> None:
    for found in root.iter(name):
        if found.text in writings:
            found.text = str(percentage)
