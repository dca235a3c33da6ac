"""The sandbox's municipality as a CSV export, with what real ones send along; and a server to download it from."""

import asyncio
import base64
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from itertools import cycle
from pathlib import Path

from requests.auth import HTTPBasicAuth
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agreements.people import Position, Snapshot, Unit
from integrations.hr.csv_export.source import CsvSource
from integrations.hr.files import HrFile
from integrations.hr.http import HrHttp
from sandbox.municipality import Person, Picture
from sandbox.web import DROP_CONNECTION, serve

CsvRow = dict[str, str]

USERNAME, PASSWORD = "eksport", "sesam-sesam"
EMPLOYEES_PATH, UNITS_PATH = "/ansatte.csv", "/enheter.csv"
LAST_MODIFIED = "Tue, 20 Jan 2026 01:15:00 GMT"
PAGE_FOR_PEOPLE = "<!doctype html><title>Logg inn</title><p>Økten er utløpt.\n"

PRIVATE = {
    "fodselsnummer": "01010199999",
    "fodselsdato": "01.01.1901",
    "adresse": "Oppdiktet vei 13",
    "privat_mobil": "99999913",
    "arslonn": "613131",
    "permisjonsarsak": "hemmelig-grunn",
}
"""Invented; none of it may get past the parser."""
REMARK = 'Ringte 12.1.; vil ha "stor"\nskjerm'


def employee_rows(picture: Picture) -> list[CsvRow]:
    """One row a position, with every way to write a date, a percentage, a yes and no end date that we know of."""
    units = {unit.unit_id: unit for unit in picture.units}
    style = cycle(range(3))
    return [
        _row(person, position, units[position.unit_id or ""], next(style))
        for person in picture.people
        for position in person.positions
    ]


def unit_rows(picture: Picture) -> list[CsvRow]:
    """The top unit is its own parent, as in some systems."""
    return [
        {
            "enhet": unit.unit_id,
            "navn": unit.name,
            "overordnet": unit.parent_id or unit.unit_id,
            "leder": unit.manager_number or "",
        }
        for unit in picture.units
    ]


def as_csv(rows: Sequence[CsvRow], delimiter: str = ";") -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def expected(picture: Picture) -> Snapshot:
    """What a correct reading gives, but for the time of publication."""
    return Snapshot(
        units=tuple(sorted(picture.units, key=lambda unit: unit.unit_id)),
        employees=tuple(
            sorted((person.as_employee() for person in picture.people), key=lambda who: who.employee_number)
        ),
    )


@dataclass(slots=True)
class Export:
    """Two files in a folder, as an HR system leaves them there."""

    folder: Path

    def put(self, employees: str | bytes, units: str | bytes | None = None) -> "Export":
        for name, content in ((EMPLOYEES_PATH, employees), (UNITS_PATH, units)):
            if content is not None:
                path = self.folder / name.strip("/")
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def source(self, columns: Path | None = None) -> CsvSource:
        employees, units = self.folder / EMPLOYEES_PATH.strip("/"), self.folder / UNITS_PATH.strip("/")
        return CsvSource(HrHttp(), HrFile(str(employees)), HrFile(str(units)) if units.exists() else None, columns)

    def read(self, columns: Path | None = None) -> Snapshot:
        return self.source(columns).read_snapshot()


@dataclass(slots=True)
class Download:
    """What the server behind an address does. `faults` are used up one a call; the files come after them."""

    files: dict[str, bytes]
    url: str = ""
    faults: list[int | str] = field(default_factory=list)
    calls: int = 0
    pauses: list[float] = field(default_factory=list)

    def source(self, password: str = PASSWORD) -> CsvSource:
        auth = HTTPBasicAuth(USERNAME, password)
        units = HrFile(self.url + UNITS_PATH, auth) if UNITS_PATH in self.files else None
        return CsvSource(HrHttp(sleep=self.pauses.append), HrFile(self.url + EMPLOYEES_PATH, auth), units, None)

    async def answer(self, request: Request) -> Response:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else None
        key = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {key}":
            return Response(status_code=401)
        if isinstance(fault, int):
            return Response(status_code=fault)
        content = self.files[request.url.path]
        if fault in {"html", "miscoded"}:
            encoding = {"Content-Encoding": "gzip"} if fault == "miscoded" else {}
            return Response(PAGE_FOR_PEOPLE, media_type="text/html", headers=encoding)
        if fault == "half":
            return Response(content[: len(content) // 2])
        if fault == "drop":
            return _Broken(content)
        return Response(content, media_type="text/csv", headers={"Last-Modified": LAST_MODIFIED})


class _Broken(Response):
    """Announces everything, sends half, and cuts the connection off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.01)
        scope["extensions"][DROP_CONNECTION]()


@contextmanager
def downloads(files: dict[str, bytes]) -> Iterator[Download]:
    download = Download(files)
    routes = [Route(path, download.answer) for path in (EMPLOYEES_PATH, UNITS_PATH)]
    with serve(Starlette(routes=routes)) as server:
        download.url = server.url
        yield download


def _row(person: Person, position: Position, unit: Unit, style: int) -> CsvRow:
    return {
        "ansattnummer": person.employee_number,
        "fodselsnummer": PRIVATE["fodselsnummer"],
        "fornavn": person.given_name,
        "etternavn": person.family_name,
        "epost": person.hr_email or "",
        "brukernavn": person.hr_upn or "",
        "ansatt_fra": _day(person.start_on, 0),  # of the person: the same in each of their rows
        "ansatt_til": _day(person.end_on, 0),
        "stedfortreder": person.substitute_number or "",
        "fodselsdato": PRIVATE["fodselsdato"],
        "adresse": PRIVATE["adresse"],
        "privat_mobil": PRIVATE["privat_mobil"],
        "arslonn": PRIVATE["arslonn"],
        "stilling_id": position.position_id,
        "enhet": unit.unit_id,
        "enhet_navn": unit.name,
        "overordnet_enhet": unit.parent_id or unit.unit_id,
        "enhetsleder": unit.manager_number or "",
        "stillingsprosent": _percent(position.percentage, style),
        "hovedstilling": (("ja", "1", "x") if position.is_main else ("nei", "0", ""))[style],
        "leder": position.manager_number or "",
        "stilling_fra": _day(position.start_on, style),
        "stilling_til": _day(position.end_on, style) or ("", "31.12.2099", "9999-12-31")[style],
        "permisjon_fra": "",
        "permisjon_til": "",
        "permisjonsarsak": PRIVATE["permisjonsarsak"],
        "merknad": REMARK if style else "",
    }


def _day(day: date | None, style: int) -> str:
    if day is None:
        return ""
    return (f"{day:%d.%m.%Y}", day.isoformat(), f"{day:%d.%m.%Y} 00:00:00")[style]


def _percent(value: float, style: int) -> str:
    return (f"{value:g}".replace(".", ","), f"{value * 100:.0f}", f"{value:.2f} %")[style]
