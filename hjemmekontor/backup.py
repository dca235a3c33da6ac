"""Backup and restore of both databases: ours, which is the truth, and Prefect's, which is the history of runs."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing, nullcontext
from datetime import UTC, date, datetime
from hashlib import file_digest
from pathlib import Path

import msgspec
from sqlalchemy import URL, make_url

from config.errors import ExpectedError
from config.settings import Settings
from hjemmekontor.surroundings import prepare_prefect
from integrations.database.engine import Database
from integrations.database.lease import NIGHT, forget_leases, lease, this_process
from integrations.database.migrate import has_tables, migrate
from integrations.database.outgoing import look_first_from

OURS, PREFECTS = "hjemmekontor", "prefect"
CONTENTS = "contents.json"
TO_OTHERS = 0o077


class BackupError(ExpectedError):
    """A backup cannot be made or restored. One line: which database, and what to do."""


class Contents(msgspec.Struct, frozen=True):
    """What a backup holds: when it was made, and the SHA-256 of each file by its name."""

    made_at: datetime
    files: dict[str, str]


def backup(settings: Settings, into: Path, now: datetime) -> Path:
    """Both databases as they are now, while everything runs, in a new folder under `into` that only we may read.

    Ours is read first: a run that Prefect knows of and we do not is run again, and does nothing twice.

    Raises:
        BackupError: a database cannot be read, or there is no room or right to write.
    """
    folder = into / f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    before = os.umask(TO_OTHERS)
    try:
        folder.mkdir(parents=True)
        files = {file.name: _digest(file) for file in (_dump(name, url, folder) for name, url in _databases(settings))}
        (folder / CONTENTS).write_bytes(msgspec.json.encode(Contents(now, files)))
    except OSError as error:
        raise BackupError(f"{folder}: {error.strerror or error}") from None
    finally:
        os.umask(before)
    return folder


def restore(settings: Settings, folder: Path, today: date, *, replace: bool) -> Contents:
    """Both databases as they were when this backup was made.

    What was sent after it is not known any more, so for a month every mail is looked for in the mailbox before it is
    sent (docs/production.md says what else to look at).

    Raises:
        BackupError: the backup is not whole, there is something in a database and `replace` was not said, or a
            database cannot be written.
        LeaseTakenError: a night runs.
    """
    contents = _whole(folder)
    targets = _databases(settings)
    if not replace and any(_holds_something(url) for _, url in targets):
        raise BackupError(
            "There is a database already. Stop server and workers, and say --replace to lose what is in it."
        )
    with closing(Database.open(settings.database_url)) as database:
        with lease(database, NIGHT, this_process()) if has_tables(database) else nullcontext():
            for name, url in targets:
                file = next((folder / each for each in contents.files if Path(each).stem == name), None)
                if file is not None:
                    _load(file, url)
        migrate(database)
        with database.transaction() as connection:
            forget_leases(connection)
            look_first_from(connection, today)
    return contents


def _databases(settings: Settings) -> list[tuple[str, URL]]:
    prepare_prefect(settings.state_dir)
    from prefect.settings import Settings as PrefectSettings  # noqa: PLC0415 - it is slow to import

    theirs = PrefectSettings().server.database.connection_url
    found = [(OURS, make_url(settings.database_url))]
    if theirs is not None:
        found.append((PREFECTS, make_url(theirs.get_secret_value())))
    return found


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _dump(name: str, url: URL, folder: Path) -> Path:
    if _is_sqlite(url):
        file = folder / f"{name}.db"
        source_file = Path(url.database or "")
        if not source_file.exists():
            raise BackupError(f"{source_file}: there is no database to back up.")
        try:
            with closing(sqlite3.connect(source_file)) as source, closing(sqlite3.connect(file)) as target:
                source.backup(target)
        except sqlite3.Error as error:
            raise BackupError(f"{source_file}: {error}") from None
        return file
    file = folder / f"{name}.dump"
    _postgres("pg_dump", url, "--format=custom", "--no-owner", f"--file={file}")
    return file


def _load(file: Path, url: URL) -> None:
    if _is_sqlite(url) is not (file.suffix == ".db"):
        raise BackupError(f"{file.name}: the backup is of another kind of database than the settings name.")
    if not _is_sqlite(url):
        # Tables of a newer version would stand in the way of the migrations that make them.
        with closing(_on_postgresql(url)) as database, database.transaction() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        _postgres("pg_restore", url, "--no-owner", "--single-transaction", str(file))
        return
    target_file = Path(url.database or "")
    target_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target_file)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise BackupError(f"{target_file}: {error}") from None


def _postgres(program: str, url: URL, *options: str) -> None:
    """One of PostgreSQL's own programs; the password goes through the environment, unseen in lists of processes."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed here: it comes with PostgreSQL's client (postgresql-client).")
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, with our own words
        [found, "--no-password", f"--dbname={url.database}", *options],
        env=_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BackupError(f"{program} of {url.database}: {last}")


def _environment(url: URL) -> Mapping[str, str]:
    """The address as libpq reads it; a socket's directory stands among the options of the URL."""
    options = {"PGHOST": url.host or url.query.get("host"), "PGPORT": url.port or url.query.get("port")}
    options |= {"PGUSER": url.username, "PGPASSWORD": url.password}
    return {**os.environ, **{name: str(value) for name, value in options.items() if value is not None}}


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _whole(folder: Path) -> Contents:
    try:
        contents = msgspec.json.decode((folder / CONTENTS).read_bytes(), type=Contents)
        spoilt = [name for name, digest in contents.files.items() if _digest(folder / name) != digest]
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{folder}: not a whole backup ({type(error).__name__}).") from None
    if spoilt:
        raise BackupError(f"{folder}: {', '.join(spoilt)} is not as it was written.")
    return contents


def _holds_something(url: URL) -> bool:
    if _is_sqlite(url):
        return Path(url.database or "").exists()
    with closing(_on_postgresql(url)) as database:
        return has_tables(database)


def _on_postgresql(url: URL) -> Database:
    return Database.open(url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
