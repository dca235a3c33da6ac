"""Connections and transactions, the same for SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from tempfile import TemporaryDirectory
from typing import cast

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from config.errors import ExpectedError

SECONDS_TO_WAIT_FOR_A_LOCK = 30
KIB_OF_PAGES_IN_MEMORY = 32 * 1024
"""SQLite's own 2 MB are read over and over once there are some ten thousand agreements."""
PAGES_IN_THE_LOG = 8192
"""32 MB before the log is moved into the database: a night touches the same pages in batch after batch."""


class DatabaseUnreachableError(ExpectedError):
    """The database cannot be opened. One line that says which setting to look at."""


class Database:
    """One installation's database: short transactions, or a rehearsal in which every one of them is undone."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rehearsal: Connection | None = None

    @classmethod
    def open(cls, url: str) -> "Database":
        """Open the database; a SQLite file's folder is made if need be.

        Raises:
            DatabaseUnreachableError: the address cannot be read, or no connection could be made.
        """
        address = _address(url)
        try:
            if address.get_backend_name() == "sqlite":
                Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
                engine = create_engine(
                    address,
                    hide_parameters=True,
                    json_deserializer=msgspec.json.decode,
                    connect_args={"timeout": SECONDS_TO_WAIT_FOR_A_LOCK},
                )
                _prepare_sqlite(engine)
            else:
                engine = create_engine(
                    address,
                    hide_parameters=True,
                    json_deserializer=msgspec.json.decode,
                    pool_pre_ping=True,
                    connect_args={"connect_timeout": 10},
                )
            engine.connect().close()
        except (SQLAlchemyError, OSError) as error:
            # Only what cannot hold a secret: a password may stand among the options after the question mark too.
            where = URL.create(address.drivername, host=address.host, port=address.port, database=address.database)
            raise DatabaseUnreachableError(
                f"HK_DATABASE_URL: cannot open {where.render_as_string()} ({type(error).__name__}); "
                "is it running, and may we write there?"
            ) from None
        return cls(engine)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of the block or nothing of it."""
        if self._rehearsal is not None:
            with self._rehearsal.begin_nested():
                yield self._rehearsal
            return
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """A dry run: the block sees its own writes, nobody else does, and at the end they are undone.

        SQLite has one writer at a time, so there the block works on a copy and keeps no real night waiting.
        """
        with ExitStack() as stack:
            is_sqlite = self.engine.dialect.name == "sqlite"
            engine = stack.enter_context(_copy_of(self.engine)) if is_sqlite else self.engine
            connection = stack.enter_context(engine.connect())
            stack.callback(connection.begin().rollback)
            self._rehearsal = connection
            try:
                yield
            finally:
                self._rehearsal = None


@contextmanager
def _copy_of(engine: Engine) -> Iterator[Engine]:
    with TemporaryDirectory(prefix="hjemmekontor-") as directory:
        path = Path(directory) / "rehearsal.db"
        with closing(sqlite3.connect(path)) as target, closing(engine.raw_connection()) as source:
            cast("SqliteConnection", source.driver_connection).backup(target)
        copy = create_engine(f"sqlite:///{path}", hide_parameters=True)
        _prepare_sqlite(copy)
        try:
            yield copy
        finally:
            copy.dispose()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    # A bare @ in the password ends it too early, and what is left of it would pass for the name of the host.
    if address is None or "@" in (address.host or ""):
        raise DatabaseUnreachableError(
            "HK_DATABASE_URL: not an address that can be read; in a password, write @ as %40 and / as %2F."
        )
    return address


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{KIB_OF_PAGES_IN_MEMORY}")
        connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_IN_THE_LOG}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another one wrote in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
