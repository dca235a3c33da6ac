"""Backup and restore of both databases: ours, which is the truth, and Prefect's, which is the history of runs."""

import os
import shutil
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import file_digest
from pathlib import Path

import msgspec
from sqlalchemy import URL, make_url

from config.errors import ExpectedError
from config.settings import Settings
from hjemmekontor.surroundings import prepare_prefect
from integrations.database.copying import CopyError, Place, place_of
from integrations.database.engine import Database
from integrations.database.health import remember_backup
from integrations.database.lease import NIGHT, forgetting_leases, lease, this_process
from integrations.database.migrate import has_tables, is_known, migrate, revision_of
from integrations.database.outgoing import looking_first_from

OURS, PREFECTS = "hjemmekontor", "prefect"
"""What their files in a backup are called."""
CONTENTS = "contents.json"
TO_OTHERS = 0o077
NOT_NAMED = (
    "Prefect's database is not here: PREFECT_SERVER_DATABASE_CONNECTION_URL in the server's settings names it "
    "(server.env; docs/production.md). Ours alone: --without-prefect."
)


class BackupError(ExpectedError):
    """A backup cannot be made or restored. One line: which database, and what to do."""


class Contents(msgspec.Struct, frozen=True):
    """What a backup holds: when it was made, the SHA-256 of each file by its name, and our database's schema."""

    made_at: datetime
    files: dict[str, str]
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """When the backup was made, and the damaged files that were moved aside for it."""

    made_at: datetime
    moved_aside: Sequence[Path]


def backup(settings: Settings, into: Path, now: datetime, *, with_prefect: bool = True) -> Path:
    """Both databases as they are now, while everything runs, in a new folder under `into` that only we may read.

    Ours is read first: a run that Prefect knows of and we do not is run again, and does nothing twice. One that fails
    leaves nothing behind; one that is whole is remembered, for `status` to tell its age.

    Raises:
        BackupError, CopyError: a database cannot be read, or there is no room or right to write.
    """
    places = _places(settings, with_prefect=with_prefect)
    for place in places.values():
        place.must_be_there()
    folder = into / f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    with closing(Database.open(settings.database_url)) as database:
        revision = revision_of(database)
        if revision is None:
            raise BackupError("HK_DATABASE_URL: there is nothing in the database to back up.")
        _write(folder, places, now, revision)
        with database.transaction() as connection:
            remember_backup(connection, now)
    return folder


def _write(folder: Path, places: dict[str, Place], now: datetime, revision: str | None) -> None:
    before = os.umask(TO_OTHERS)
    try:
        folder.mkdir(parents=True)
        try:
            files = {file.name: _digest(file) for file in (place.dump(folder, name) for name, place in places.items())}
            (folder / CONTENTS).write_bytes(msgspec.json.encode(Contents(now, files, revision)))
        except BaseException:
            shutil.rmtree(folder)
            raise
    except OSError as error:
        raise BackupError(f"{folder}: {error.strerror or error}") from None
    finally:
        os.umask(before)


def restore(settings: Settings, folder: Path, today: date, *, replace: bool, with_prefect: bool = False) -> Restored:
    """Our database as it was when this backup was made, and Prefect's when asked for.

    Everything is looked at before anything is touched. What was sent after the backup is not known any more, so for a
    month every mail is looked for in the mailbox before it is sent (docs/production.md says what else to look at):
    that comes in the same transaction as the data, so that no night can begin without it. A SQLite file that is damaged
    is moved aside first: it can be asked for no lease.

    Raises:
        BackupError, CopyError: the backup is not whole, there is something in a database and `replace` was not said,
            or a database cannot be written.
        LeaseTakenError: a night runs.
    """
    contents = _whole(folder)
    if contents.revision is not None and not is_known(contents.revision):
        raise BackupError(f"{folder}: made by a newer version of this program; install that one first.")
    places = _places(settings, with_prefect=with_prefect)
    files = {name: _file_of(contents, folder, name) for name in places}
    for name, place in places.items():
        place.must_take(files[name])
    if not replace and any(place.holds_something() for place in places.values()):
        raise BackupError(
            "There is a database already. Stop server and workers, and say --replace to lose what is in it."
        )
    moved_aside = [file for place in places.values() for file in place.make_room()]
    with closing(Database.open(settings.database_url)) as database:
        with lease(database, NIGHT, this_process()) if has_tables(database) else nullcontext():
            places[OURS].load(files[OURS], [forgetting_leases(), *looking_first_from(today)])
        migrate(database)
    if with_prefect:
        try:
            places[PREFECTS].load(files[PREFECTS])
        except CopyError as error:
            raise BackupError(f"Ours is restored, Prefect's is not: {error}") from None
    return Restored(contents.made_at, moved_aside)


def _places(settings: Settings, *, with_prefect: bool) -> dict[str, Place]:
    """Ours first."""
    found = {OURS: place_of(make_url(settings.database_url), "HK_DATABASE_URL")}
    if with_prefect:
        found[PREFECTS] = place_of(_prefects(settings), "PREFECT_SERVER_DATABASE_CONNECTION_URL")
    return found


def _prefects(settings: Settings) -> URL:
    """By the settings of Prefect's server; without any, a file in its home.

    Raises:
        BackupError: nothing names it, there is no such file, and the server is asked by its address: this is a worker's
            environment and not the server's.
    """
    prepare_prefect(settings.state_dir)
    from prefect.settings import Settings as PrefectSettings  # noqa: PLC0415 - it is slow to import

    database = PrefectSettings().server.database
    url = None if database.connection_url is None else make_url(database.connection_url.get_secret_value())
    is_known = "connection_url" in database.model_fields_set or "PREFECT_API_URL" not in os.environ
    if url is None or not (is_known or Path(url.database or "").exists()):
        raise BackupError(NOT_NAMED)
    return url


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


def _file_of(contents: Contents, folder: Path, name: str) -> Path:
    found = next((folder / each for each in contents.files if Path(each).stem == name), None)
    if found is None:
        raise BackupError(f"{folder}: holds no backup of {name}.")
    return found
