"""Our client against the tenant, over real connections on loopback."""

import asyncio
import dataclasses
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr

from agreements.policy import Policy
from config.policy_files import load_policy
from config.settings import PREFIX, Settings
from integrations.database.engine import Database
from integrations.graph.client import Graph, open_graph
from integrations.graph.patience import Patience
from integrations.graph.throttling import Budget, OwnLedger
from sandbox.graph import Fault, GraphTenant
from sandbox.web import serve
from tests.database.samples import UNIT, load_staff, staff
from tests.graph.desk import Desk
from tests.graph.gate import Gate
from tests.graph.hours import Hours
from tests.graph.town import EVERYBODY, Town, settle, user
from tests.sandbox.conftest import BusinessClock

HASTY = Patience(tries=3)
HR_MAIL = "hr@sandvik.kommune.example"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """The one server that all tests of a process share; `gate` leads to the tenant of the running test."""

    gate: Gate
    url: str


@dataclass(frozen=True, slots=True)
class Office:
    """A tenant, and the settings that lead to it."""

    tenant: GraphTenant
    settings: Settings
    gate: Gate
    hours: Hours = field(default_factory=Hours)

    def run(self, work: Callable[[Graph], Awaitable[T]], patience: Patience = HASTY) -> T:
        """Open our client for `work` alone."""
        return asyncio.run(self._run(work, patience))

    def fail(self, *faults: Fault) -> None:
        self.tenant.faults.add(*faults)

    def requests(self, ending: str) -> int:
        """How many requests had a method and path that ends so."""
        return sum(request.endswith(ending) for request in self.gate.requests)

    async def _run(self, work: Callable[[Graph], Awaitable[T]], patience: Patience) -> T:
        async with open_graph(self.settings, patience, Budget({}, OwnLedger(self.hours.clock))) as graph:
            return await work(graph)


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    gate = Gate()
    with serve(gate) as server:
        yield Line(gate, server.url)


@pytest.fixture(scope="session")
def nursery() -> ForkServerContext:
    """Children are forked off a process that has imported everything once: they are there in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graph.busy_night", "tests.graph.workers"])
    return context


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy("prosedyre-websak")


@pytest.fixture
def office(tmp_path: Path, line: Line) -> Iterator[Office]:
    tenant = GraphTenant.open(tmp_path / "tenant", [user(number) for number in EVERYBODY], BusinessClock())
    line.gate.inside = tenant.application()
    line.gate.requests.clear()
    yield Office(tenant, settings_for(tenant, line.url), line.gate)
    line.gate.inside = None
    tenant.close()


def settings_for(tenant: GraphTenant, url: str) -> Settings:
    return Settings(
        graph_base_url=f"{url}/v1.0",
        graph_tenant_id=tenant.tenant_id,
        graph_client_id=tenant.client_id,
        graph_client_secret=SecretStr(tenant.client_secret),
        graph_site_id=tenant.site_id,
        sharepoint_units_per_minute=0,
        mail_sender=tenant.sender,
        mails_per_minute=0,
        hr_url="http://127.0.0.1:9",
        hr_token_url="http://127.0.0.1:9/token",
        hr_client_id="nobody-asks",
        hr_client_secret=SecretStr("nobody-asks"),
        hr_username="nobody-asks",
        hr_password=SecretStr("nobody-asks"),
        hr_mail=HR_MAIL,
    )


def environment_for(settings: Settings, database_url: str, directory: Path) -> dict[str, str]:
    """The settings as a process of ours is told them, with this database."""
    environment = {f"{PREFIX}DATABASE_URL": database_url, f"{PREFIX}STATE_DIR": str(directory)}
    for name in sorted(settings.model_fields_set):
        value = getattr(settings, name)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        environment[PREFIX + name.upper()] = plain
    return environment


@pytest.fixture
def town_url(sqlite_url: str) -> str:
    """The town's database; a file of tests may want the town on each system."""
    return sqlite_url


@pytest.fixture
def town(
    office: Office, town_url: str, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """Work for one night; its settings are in the environment until the test is over."""
    database = Database.open(town_url)
    settle(database, policy)
    environment = environment_for(office.settings, town_url, tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield Town(office.tenant, database, office.settings, environment, tmp_path)
    database.close()


@pytest.fixture
def desk(
    office: Office, sqlite_url: str, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    database = Database.open(sqlite_url)
    elsewhere = dataclasses.replace(UNIT, unit_id="skole", manager_number="0004")
    load_staff(database, staff("0001", "0002", "0004", units=(UNIT, elsewhere)))
    for name in office.settings.model_fields_set:
        value = getattr(office.settings, name)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        monkeypatch.setenv(PREFIX + name.upper(), plain)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", sqlite_url)
    monkeypatch.setenv(f"{PREFIX}STATE_DIR", str(tmp_path))
    yield Desk(office.tenant, database, policy)
    database.close()
