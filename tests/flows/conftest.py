"""A real Prefect server, a town on loopback and a night that is run as an operator would run it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from sqlalchemy import Engine, create_engine, make_url, text

from config.policy_files import SHIPPED
from config.settings import Settings
from flows.nightly import nightly
from hjemmekontor.serve import deploy, room_for_one_page
from hjemmekontor.year import run_nights
from sandbox.town import Sandbox
from tests.conftest import PostgresServer
from tests.flows.traces import named_in
from tests.waiting import AT_MOST

FIRST_NIGHT = date(2026, 11, 16)
"""A Monday."""
SMALL_TOWN = 80


@dataclass(frozen=True)
class PrefectServer:
    """A server of this test process alone, with its own home; its database is a file there unless one is named."""

    api_url: str
    home: Path
    database: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs to work against it."""
        return {
            **os.environ,
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_V2_ENABLED": "false",
            "PREFECT_UI_STATIC_DIRECTORY": str(room_for_one_page(self.home / "page")),
            "PREFECT_CLI_PROMPT": "false",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            **({} if self.database is None else {"PREFECT_SERVER_DATABASE_CONNECTION_URL": self.database}),
        }


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    with serving(tmp_path_factory.mktemp("prefect"), None) as server:
        yield server


@contextmanager
def serving(home: Path, database: str | None) -> Iterator[PrefectServer]:
    """A server that this process's flows, logs and events go to meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = PrefectServer(f"http://127.0.0.1:{port}/api", home, database)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("wb") as log:
        environment = {name: value for name, value in server.environment.items() if name != "PREFECT_API_URL"}
        environment["PREFECT_SERVER_UI_API_URL"] = server.api_url  # else its page asks port 4200, whatever its own is
        child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own words
    try:
        wait_until_healthy(server.api_url)
        _drain()
        with temporary_settings({PREFECT_API_URL: server.api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield server
            _drain()
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _drain() -> None:
    """What is still queued for a server would wait for it for a minute after it is gone, or go to the next one."""
    APILogWorker.instance().drain()
    EventsWorker.drain_all()


def wait_until_healthy(api_url: str) -> None:
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{api_url}/health", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
    pytest.fail("Prefect's server did not start")


@dataclass
class Town:
    """A running sandbox, the database the nights write, and what they left behind."""

    sandbox: Sandbox
    engine: Engine
    environment: dict[str, str]

    def night(self, on: date, *, dry_run: bool = False) -> State[Any]:
        """Let the town live until the evening before, then run the night as a flow."""
        self.sandbox.live_until(on)
        state: State[Any] = nightly(on=on, dry_run=dry_run, return_state=True)
        return state

    def nights(self, days: Sequence[date]) -> None:
        """Many nights in one flow run, each of which must succeed."""
        assert run_nights(self.sandbox, days, lambda _: None) == []

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def count(self, table: str, where: str = "1 = 1") -> int:
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])  # noqa: S608 - our own words

    def contents(self) -> dict[str, int]:
        """How many rows each table that grows has."""
        tables = ("employees", "cases", "requirements", "events", "notices", "outbox", "filings", "inbox", "sync_runs")
        return {table: self.count(table) for table in tables}

    def mails(self) -> list[EmailMessage]:
        files = sorted((self.sandbox.directory / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def archived(self) -> dict[str, str]:
        """SHA-256 of every file in the archive library, by its path there."""
        library = self.sandbox.directory / "drive" / "Personalmapper"
        files = (file for file in library.rglob("*") if file.is_file())
        return {file.relative_to(library).as_posix(): sha256(file.read_bytes()).hexdigest() for file in files}


def fill_in(form: Any, town: Town, on: date | None = FIRST_NIGHT, **fields: object) -> State[Any]:  # noqa: ANN401 - a flow
    """Run one of HR's forms on that day (None: today), registered by somebody who is employed."""
    adviser = town.rows("SELECT min(employee_number) FROM employees WHERE left_on IS NULL")[0][0]
    state: State[Any] = form(form={"registered_by": adviser, "on": on, **fields}, return_state=True)
    return state


MakeTown = Callable[..., Town]


@pytest.fixture
def make_town(
    database_url: str, prefect_server: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeTown]:
    """Found a town; its settings are in the environment until the test is over."""
    del prefect_server
    with ExitStack() as closing:

        def make(
            size: int = SMALL_TOWN, seed: int = 1, first_night: date = FIRST_NIGHT, *, is_site_empty: bool = False
        ) -> Town:
            sandbox = Sandbox.open(tmp_path / "sandbox", first_night, size, seed, is_site_empty=is_site_empty)
            closing.callback(sandbox.tenant.close)
            environment = closing.enter_context(sandbox.running())
            environment |= {"HK_DATABASE_URL": database_url, "HK_STATE_DIR": str(tmp_path)}
            environment |= {"HK_POLICY": str(_for_a_small_town(tmp_path / "policy.toml"))}
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
            closing.callback(engine.dispose)
            return Town(sandbox, engine, environment)

        yield make


def _for_a_small_town(path: Path) -> Path:
    """The shipped policy; but in a town of eighty one new leader is more than five per cent of all staff."""
    guard = "[sync_guard]\nmax_manager_changes_percent = 30.0\nmax_changed_percent = 30.0\n"
    path.write_text(f"{(SHIPPED / 'prosedyre-websak.toml').read_text()}\n{guard}")
    return path


@pytest.fixture
def town(make_town: MakeTown) -> Town:
    return make_town()


def assert_nobody_is_named(server: PrefectServer, town: Town) -> None:
    """Runs, parameters, logs, artifacts and events: all that Prefect has stored, searched for everybody."""
    time.sleep(3)  # logs and events reach the server in batches
    assert named_in(server.home, town.sandbox.municipality.people) == []


def nights(first: date, days: int, every: int = 1) -> list[date]:
    return [first + timedelta(days=ordinal) for ordinal in range(0, days, every)]


@pytest.fixture(scope="module")
def deployed(prefect_server: PrefectServer) -> Iterator[PrefectServer]:
    with deployments_on(prefect_server) as server:
        yield server


@pytest.fixture(scope="module")
def deployed_on_postgres(
    prefect_server: PrefectServer, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectServer]:
    """As in production. On SQLite the server drops events while its file is busy («database is locked»)."""
    del prefect_server  # begins first, so that it is there again when this one has ended
    url = postgres_server.create()
    theirs = make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    with serving(tmp_path_factory.mktemp("prefect"), theirs) as server, deployments_on(server):
        yield server
    postgres_server.drop(url)


@contextmanager
def deployments_on(server: PrefectServer) -> Iterator[PrefectServer]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        deploy(Settings())
        yield server
