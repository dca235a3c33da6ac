"""A sandbox HR system per test, answering over real HTTP on loopback."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast

import pytest

from agreements.people import Snapshot
from integrations.hr.fint.client import Access, FintClient
from integrations.hr.fint.source import FintSource
from sandbox.fint import TOKEN_PATH, SandboxHr, application_of
from sandbox.hr.rows import Row
from sandbox.municipality import Municipality
from sandbox.web import serve

OPENS_ON = date(2026, 1, 5)
TODAY = date(2026, 1, 20)


@dataclass(slots=True)
class HrSystem:
    """The sandbox's state and a source that reads it; `pauses` are the seconds the client would have slept."""

    hr: SandboxHr
    access: Access
    pauses: list[float] = field(default_factory=list)

    def source(self, page_size: int = 1_000) -> FintSource:
        return FintSource(FintClient(self.access, sleep=self.pauses.append), page_size)

    def expected(self) -> Snapshot:
        """What a correct reading of an untouched sandbox gives."""
        picture = self.hr.municipality.on(self.hr.today())
        return Snapshot(
            units=tuple(sorted(picture.units, key=lambda unit: unit.unit_id)),
            employees=tuple(
                sorted((person.as_employee() for person in picture.people), key=lambda who: who.employee_number)
            ),
            published_at=datetime.fromtimestamp(self.hr.last_updated() / 1000, UTC),
        )

    def read(self) -> Snapshot:
        return self.source().read_snapshot()


@pytest.fixture(scope="session")
def municipality() -> Municipality:
    return Municipality.generate(300, opens_on=OPENS_ON)


@pytest.fixture(scope="session")
def village() -> Municipality:
    """The smallest there is: one page of each resource."""
    return Municipality.generate(60, opens_on=OPENS_ON)


def running(municipality: Municipality) -> Iterator[HrSystem]:
    hr = SandboxHr(municipality, today=lambda: TODAY)
    with serve(application_of(hr)) as server:
        mine = hr.credentials
        access = Access(
            url=server.url,
            token_url=server.url + TOKEN_PATH,
            client_id=mine.client_id,
            client_secret=mine.client_secret,
            username=mine.username,
            password=mine.password,
        )
        yield HrSystem(hr, access)


@pytest.fixture
def large(municipality: Municipality) -> Iterator[HrSystem]:
    """300 employees, in pages of 100."""
    yield from running(municipality)


@pytest.fixture
def small(village: Municipality) -> Iterator[HrSystem]:
    """60 employees, in one page."""
    yield from running(village)


def put(row: Row, place: str, value: object) -> None:
    """Set a value inside a row, such as `navn.fornavn`."""
    *parents, last = place.split(".")
    for parent in parents:
        row = cast("Row", row[parent])
    row[last] = value
