"""Server, worker and night are killed together, on PostgreSQL and with two workers: the next night runs by itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from config.installation import POOL
from config.settings import Settings
from hjemmekontor.serve import ROOT, deploy
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from tests.conftest import PostgresServer
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, wait_until_healthy
from tests.flows.deploying import finished, post, start

SECONDS_TO_BEGIN = 120
NEXT_NIGHT = FIRST_NIGHT + timedelta(days=1)


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
    for name, value in own_server.environment.items():
        monkeypatch.setenv(name, value)
    town.sandbox.live_until(FIRST_NIGHT)
    with everything(own_server, town) as alive:
        deploy(Settings())
        (night,) = (each for each in post(own_server, "/deployments/filter", {}) if each["name"] == "nattkjoring")
        start(own_server, night["id"], FIRST_NIGHT)
        wait_for_the_first_folder(town)
        for child in alive:
            kill(child)
    assert town.count("notices", "outbox_key IS NULL") > 0, "killed in the middle"

    town.sandbox.live_until(NEXT_NIGHT)
    with everything(own_server, town):
        ran = finished(own_server, start(own_server, night["id"], NEXT_NIGHT))
    assert ran["state"]["type"] == "COMPLETED", ran["state"]["message"]
    assert town.count("outbox", "status <> 'done'") == 0
    keys = Counter(str(mail["x-hjemmekontor-key"]) for mail in town.mails())
    assert set(keys.values()) == {1}
    assert sorted(keys) == sorted(key for (key,) in town.rows("SELECT key FROM outbox WHERE kind = 'mail'"))


def wait_for_the_first_folder(town: Town) -> None:
    deadline = time.monotonic() + SECONDS_TO_BEGIN
    while not town.count("outbox", "kind = 'open_folder' AND status = 'done'"):
        assert time.monotonic() < deadline, "the night did not begin"
        time.sleep(0.02)
