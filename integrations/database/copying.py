"""A whole database to a file and back, by its own means: SQLite's backup, PostgreSQL's pg_dump, pg_restore and psql.

What is loaded comes in one transaction together with what must be true of it from the first moment: whoever is killed
in the middle leaves the database as it was.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Protocol

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Dialect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase

from config.errors import ExpectedError
from integrations.database.engine import Database, DatabaseUnreachableError
from integrations.database.migrate import has_tables

SECONDS_TO_WAIT_FOR_A_TABLE = 20
BYTES_IN_A_PIECE = 1 << 20
BESIDE = ("", "-wal", "-shm", "-journal")
"""How the names of SQLite's files go on: the database, and what it keeps beside it."""
PRIMARY_CODE = 0xFF
"""Of SQLite's extended error codes, the part that says what kind it is."""
ONLY_NEWER_SERVERS_KNOW = b"SET transaction_timeout = 0;"
"""pg_restore of PostgreSQL 17 and later says it to every server, one before 17 refuses it. Nought is the default."""
BEFORE_THE_CONTENT = (b"--", b"SET ", b"SELECT pg_catalog.set_config", b"\\restrict ")
OBJECTS = """
SELECT format(CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                           WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END || ' IF EXISTS public.%I', relname) AS name,
       oid, 'pg_class'::regclass AS catalog, relowner AS owner
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL
SELECT format('ROUTINE IF EXISTS %s', oid::regprocedure), oid, 'pg_proc'::regclass, proowner
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT format('TYPE IF EXISTS public.%I', typname), oid, 'pg_type'::regclass, typowner
  FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
"""
"""What there is in `public`: dropped one by one, since the schema itself belongs to another before PostgreSQL 15.

What an extension has brought is left alone; it may belong to the server's administrator.
"""
OURS_ALONE = f"""
SELECT name, owner FROM ({OBJECTS}) AS found
 WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = catalog AND objid = found.oid AND deptype = 'e')
"""  # noqa: S608 - our own words
EMPTIED = f"""
DO $emptied$
DECLARE each record;
BEGIN
  FOR each IN {OURS_ALONE} LOOP
    EXECUTE 'DROP ' || each.name || ' CASCADE';
  END LOOP;
END
$emptied$;
"""
RIGHTS = f"""
SELECT coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'CREATE'), false) AS may_create, current_user,
       (SELECT min(name) FROM ({OURS_ALONE}) AS theirs WHERE NOT pg_has_role(owner, 'USAGE')) AS foreign_one
"""  # noqa: S608 - our own words


class CopyError(ExpectedError):
    """A database cannot be copied or loaded. One line: which, why, and what to do."""


class Place(Protocol):
    """One database. `setting` is where its address stands, for whoever has to put it right."""

    setting: str

    def must_be_there(self) -> None:
        """Raises CopyError when there is nothing to copy, or nothing to copy it with."""

    def dump(self, folder: Path, name: str) -> Path:
        """Copied to a new file in this folder, while others write."""

    def holds_something(self) -> bool:
        """Whether loading would lose anything."""

    def must_take(self, file: Path) -> None:
        """Look at all that `load` needs, and touch nothing. Raises CopyError: one line."""

    def make_room(self) -> list[Path]:
        """Move aside what is too damaged to be opened and written over; its files, as they are called now."""

    def load(self, file: Path, then: Sequence[UpdateBase] = ()) -> None:
        """Put the file in place of what is there, and carry out `then`: all of it or nothing."""


def place_of(url: URL, setting: str) -> Place:
    return SqliteFile(url, setting) if url.get_backend_name() == "sqlite" else PostgresDatabase(url, setting)


class SqliteFile:
    def __init__(self, url: URL, setting: str) -> None:
        self.setting = setting
        self._file = Path(url.database or "")

    def must_be_there(self) -> None:
        if not self._file.exists():
            raise CopyError(f"{self.setting}: {self._file}: there is no database to back up.")

    def dump(self, folder: Path, name: str) -> Path:
        into = folder / f"{name}.db"
        _copy(self._file, into, f"{self.setting}: {self._file}")
        return into

    def holds_something(self) -> bool:
        return self._file.exists()

    def must_take(self, file: Path) -> None:
        if file.suffix != ".db":
            raise CopyError(_another_kind(file, self.setting))
        there = next(each for each in (self._file, *self._file.absolute().parents) if each.exists())
        if not os.access(there, os.W_OK):
            raise CopyError(f"{self.setting}: {self._file} may not be written to.")
        try:
            # Where it lies nothing is to be written, not even what SQLite keeps beside a file that is only read.
            with closing(sqlite3.connect(f"file:{file.absolute()}?immutable=1", uri=True)) as source:
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise CopyError(f"{file}: {error}") from None

    def make_room(self) -> list[Path]:
        """What SQLite keeps beside the file goes with it: it would be taken for the new one's."""
        if not self._file.exists() or not _is_damaged(self._file, f"{self.setting}: {self._file}"):
            return []
        aside = next(each for each in _names_aside(self._file) if not each.exists())
        there = [(Path(f"{self._file}{ending}"), Path(f"{aside}{ending}")) for ending in BESIDE]
        return [old.rename(new) for old, new in there if old.exists()]

    def load(self, file: Path, then: Sequence[UpdateBase] = ()) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._file.parent, prefix="restore-") as directory:
            staged = Path(shutil.copyfile(file, Path(directory) / file.name))
            with closing(sqlite3.connect(staged)) as connection:
                for statement in _as_text(then, sqlite.dialect()):
                    connection.execute(statement)
                connection.commit()
            _copy(staged, self._file, f"{self.setting}: {self._file}")


def _is_damaged(file: Path, named: str) -> bool:
    """Raises CopyError when it cannot be asked for another reason: that it is in use, or may not be read."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            return True
        raise CopyError(f"{named}: {error}") from None
    return bool(found != ("ok",))


def _names_aside(file: Path) -> Iterator[Path]:
    return (Path(f"{file}.damaged-{number}") for number in count(1))


def _copy(source_file: Path, target_file: Path, named: str) -> None:
    """In one transaction of the target's: SQLite undoes it when it is cut off."""
    try:
        with closing(sqlite3.connect(source_file)) as source, closing(sqlite3.connect(target_file)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise CopyError(f"{named}: {error}") from None


class PostgresDatabase:
    def __init__(self, url: URL, setting: str) -> None:
        self.setting = setting
        self._url = _for_libpq(url)

    def must_be_there(self) -> None:
        _program("pg_dump")
        if not self.holds_something():
            raise CopyError(f"{self.setting}: {self._url.database}: there is nothing in it to back up.")

    def dump(self, folder: Path, name: str) -> Path:
        into = folder / f"{name}.dump"
        self._run("pg_dump", "--no-password", "--format=custom", "--no-owner", f"--file={into}", self._dbname())
        return into

    def holds_something(self) -> bool:
        with closing(self._open()) as database:
            return has_tables(database)

    def must_take(self, file: Path) -> None:
        if file.suffix != ".dump":
            raise CopyError(_another_kind(file, self.setting))
        _program("psql")
        self._run("pg_restore", "--list", str(file))
        with closing(self._open()) as database, database.transaction() as connection:
            rights = connection.execute(text(RIGHTS)).one()
        name, user = self._url.database, rights.current_user
        if not rights.may_create:
            raise CopyError(
                f"{self.setting}: {user} may not create anything in {name}. As its administrator: "
                f"GRANT CREATE ON SCHEMA public TO {user}"
            )
        if rights.foreign_one is not None:
            what = rights.foreign_one.replace(" IF EXISTS", "")
            raise CopyError(f"{self.setting}: {what} in {name} belongs to another user, so {user} may not replace it.")

    def make_room(self) -> list[Path]:
        """PostgreSQL is a server's: one that does not answer is not put right from here."""
        return []

    def load(self, file: Path, then: Sequence[UpdateBase] = ()) -> None:
        """By psql, which takes what pg_restore writes and our own words in one transaction.

        An end of its input without the last word, as when this process is killed, is an end without COMMIT.
        """
        reading = [_program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(file)]
        writing = [_program("psql"), "--no-password", "--no-psqlrc", "--quiet", "--output=/dev/null", self._dbname()]
        # Terse: what went wrong, and not the row it went wrong with.
        writing += ["--variable=ON_ERROR_STOP=1", "--variable=VERBOSITY=terse"]
        before = f"BEGIN;\nSET LOCAL lock_timeout = '{SECONDS_TO_WAIT_FOR_A_TABLE}s';\n{EMPTIED}"
        after = ["SET LOCAL search_path TO public", *_as_text(then, postgresql.dialect()), "COMMIT"]  # type: ignore[no-untyped-call] # SQLAlchemy's own
        environment = self._environment()
        with (
            TemporaryFile() as said,
            subprocess.Popen(writing, stdin=subprocess.PIPE, stderr=said, env=environment) as psql,  # noqa: S603 - PostgreSQL's own program, with our own words
        ):
            is_read = _feed(psql.stdin, before, reading, after)
            done = psql.wait()
            said.seek(0)
            reason = _first_error(said.read().decode(errors="replace"))
        if done or not is_read:
            raise CopyError(f"{self.setting}: {self._url.database}: {reason}. Nothing in it has been changed.")

    def _open(self) -> Database:
        try:
            return Database.open(self._url.render_as_string(hide_password=False))
        except DatabaseUnreachableError as error:
            raise CopyError(str(error).replace("HK_DATABASE_URL", self.setting)) from None

    def _dbname(self) -> str:
        """All of the address but the password, which lists of processes would show."""
        shown = {name: value for name, value in self._words().items() if name != "password"}
        return f"--dbname={make_conninfo(**shown)}"

    def _environment(self) -> dict[str, str]:
        password = self._words().get("password")
        return {**os.environ, "PGCLIENTENCODING": "UTF8", **({} if password is None else {"PGPASSWORD": password})}

    def _words(self) -> dict[str, str]:
        return dict(self._url.get_dialect()().create_connect_args(self._url)[1])

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, with our own words
            [_program(program), *options], env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CopyError(f"{self.setting}: {program} of {self._url.database}: {last}")


def _feed(into: IO[bytes] | None, before: str, reading: Sequence[str], after: Sequence[str]) -> bool:
    """False when the file could not be read to its end: then the last word is not said."""
    if into is None:
        raise AssertionError("psql has no standard input")
    try:
        with into:
            into.write(before.encode())
            with subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as dump:  # noqa: S603 - as above
                if dump.stdout is None:
                    raise AssertionError("pg_restore has no standard output")
                into.writelines(for_every_server(dump.stdout))
            if dump.returncode == 0:
                into.write("".join(f"{statement};\n" for statement in after).encode())
    except BrokenPipeError:  # psql has ended before us, and says why
        return False
    return dump.returncode == 0


def for_every_server(dump: IO[bytes]) -> Iterator[bytes]:
    """What pg_restore writes, piece by piece, without what a server older than it does not know.

    Looked for ahead of the content alone: a text in a table may look like anything.
    """
    for line in dump:
        if line.strip() != ONLY_NEWER_SERVERS_KNOW:
            yield line
        if line.strip() and not line.startswith(BEFORE_THE_CONTENT):
            break
    yield from iter(partial(dump.read, BYTES_IN_A_PIECE), b"")


def _first_error(said: str) -> str:
    found = (line.partition("ERROR:")[2] or line.partition("FATAL:")[2] for line in said.splitlines())
    return next((line.strip() for line in found if line), "the backup could not be read to its end")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CopyError(f"{name} is not installed here: it comes with PostgreSQL's client (postgresql-client).")
    return found


def _for_libpq(url: URL) -> URL:
    """In the words of psycopg and of PostgreSQL's own programs; Prefect's are asyncpg's."""
    query = dict(url.query)
    if url.get_driver_name() == "asyncpg":
        query = {"sslmode" if name == "ssl" else name: query[name] for name in ("host", "port", "ssl") if name in query}
    return url.set(drivername="postgresql+psycopg", query=query)


def _as_text(statements: Sequence[UpdateBase], dialect: Dialect) -> list[str]:
    values = {"literal_binds": True}
    return [str(each.compile(dialect=dialect, compile_kwargs=values)) for each in statements]


def _another_kind(file: Path, setting: str) -> str:
    return f"{file.name}: the backup is of another kind of database than {setting} names."
