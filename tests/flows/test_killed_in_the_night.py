"""Server, worker and night are killed together, on PostgreSQL and with two workers: the next night runs by itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import make_url

from config.installation import POOL
from config.settings import Settings
from hjemmekontor.serve import ROOT, deploy
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from sandbox.graph import Fault
from tests.conftest import PostgresServer
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, nights, wait_until_healthy
from tests.flows.deploying import ask, finished, post, start
from tests.waiting import AT_MOST

QUIET_NIGHTS = nights(FIRST_NIGHT, 12, every=2)
KILLED_NIGHT = FIRST_NIGHT + timedelta(days=14)
NEXT_NIGHT = KILLED_NIGHT + timedelta(days=1)


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.create()
    with closing(Database.open(url)) as database:
        migrate(database)
    yield url
    postgres_server.drop(url)


@pytest.fixture
def own_server(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[PrefectServer]:
    """Where a server of Prefect's is to be, on a PostgreSQL database of its own."""
    url = postgres_server.create()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    theirs = make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    (tmp_path / "prefect").mkdir()
    yield PrefectServer(f"http://127.0.0.1:{port}/api", tmp_path / "prefect", theirs)
    postgres_server.drop(url)


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of Prefect's programs with all that it starts, in a group of its own that can be killed as one."""
    with Path(f"{arguments[0]}.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-m", "prefect", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        kill(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """The program and all that it has started: a worker runs each flow in a process group of its own."""
    if child.poll() is None:
        for process in (child.pid, *descendants(child.pid)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        child.wait()


def descendants(process: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(stat.parent.name))
    found = [process]
    for each in found:
        found += children[each]
    return found[1:]


@contextmanager
def everything(server: PrefectServer, town: Town) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The server and two workers."""
    port = str(make_url(server.api_url).port)
    serving = {name: value for name, value in server.environment.items() if name != "PREFECT_API_URL"}
    serving |= {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}  # it is 60 else, and we wait for it
    working = {**server.environment, **town.environment}
    with ExitStack() as children:
        started = [children.enter_context(running(serving, "server", "start", "--host", "127.0.0.1", "--port", port))]
        wait_until_healthy(server.api_url)
        workers = [("worker", "start", "--pool", POOL, "--name", name) for name in ("one", "two")]
        started += [children.enter_context(running(working, *worker)) for worker in workers]
        yield started


def test_the_next_night_runs_by_itself_and_nothing_went_twice(
    own_server: PrefectServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when a document has come into the archive, and what is said of it has not."""
    for name, value in own_server.environment.items():
        monkeypatch.setenv(name, value)
    town.nights(QUIET_NIGHTS)
    town.sandbox.live_until(KILLED_NIGHT)
    with everything(own_server, town) as alive:
        with temporary_settings({PREFECT_API_URL: own_server.api_url}):  # this process knows another server
            deploy(Settings())
        (night,) = (each for each in post(own_server, "/deployments/filter", {}) if each["name"] == "nattkjoring")
        town.sandbox.tenant.faults.add(Fault(path_pattern="/listItem/fields$", times=None, delay=600))
        killed = start(own_server, night["id"], KILLED_NIGHT)
        wait_until(lambda: len(town.archived()) > town.count("filings", "verified_at IS NOT NULL"))
        schedule(own_server, night["id"], NEXT_NIGHT)
        wait_until(lambda: scheduled_run(own_server, NEXT_NIGHT) is not None)
        for child in alive:
            kill(child)
    assert town.count("filings", "verified_at IS NULL") > 0, "killed in the middle"
    town.sandbox.tenant.faults.clear()

    town.sandbox.live_until(NEXT_NIGHT)
    with everything(own_server, town):
        ran = finished(own_server, scheduled_run(own_server, NEXT_NIGHT) or "")
        left = ask(own_server, "GET", f"/flow_runs/{killed}")
    assert ran["state"]["type"] == "COMPLETED", ran["state"]["message"]
    assert left["state"]["type"] == "RUNNING", "nobody has told Prefect that it is dead, and it is in nobody's way"
    assert town.count("outbox", "status <> 'done'") == 0
    keys = Counter(str(mail["x-hjemmekontor-key"]) for mail in town.mails())
    assert set(keys.values()) == {1}
    assert sorted(keys) == sorted(key for (key,) in town.rows("SELECT key FROM outbox WHERE kind = 'mail'"))
    assert town.count("filings", "verified_at IS NULL") == 0
    assert town.archived() == dict(town.rows("SELECT path, sha256 FROM filings"))


def schedule(server: PrefectServer, deployment: str, on: date) -> None:
    """One more night of the schedule, in a quarter of a minute: everything is down by then."""
    soon = datetime.now(UTC) + timedelta(seconds=15)
    one = {"interval": timedelta(days=1).total_seconds(), "anchor_date": soon.isoformat()}
    entry = {"schedule": one, "active": True, "parameters": {"on": on.isoformat()}}
    post(server, f"/deployments/{deployment}/schedules", [entry])  # type: ignore[arg-type] # a list of schedules


def scheduled_run(server: PrefectServer, on: date) -> str | None:
    """The first of the runs that the scheduler has made for this night."""
    wanted = {"sort": "EXPECTED_START_TIME_ASC", "limit": 200}
    runs = post(server, "/flow_runs/filter", wanted)
    ids = [run["id"] for run in runs if run["parameters"].get("on") == on.isoformat() and run["auto_scheduled"]]
    return ids[0] if ids else None


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AT_MOST
    while not is_so():
        assert time.monotonic() < deadline, "the night did not come so far"
        time.sleep(0.05)
