"""One night at a time, whatever the orchestrator thinks: a lease in the database itself."""

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from config.errors import ExpectedError
from integrations.database.engine import Database
from integrations.database.tables import leases

LEASE_LASTS = timedelta(minutes=30)
"""How long a machine that crashed keeps the others waiting; a crash on the same machine is noticed at once."""
PROLONGED_EVERY = timedelta(minutes=5)
"""Five times in a row may fail: a database that is restarted or a machine that stands still for a while loses none."""
ENDED = frozenset("ZX")
"""Letters of a process that is a zombie or dead (proc(5), field 3)."""
NIGHT = "night"
"""The lease of whatever writes: a night, a form of HR's, a restore."""
SECONDS_BETWEEN_LOOKS = (0.5, 3.0)
"""Drawn anew before each look, so that of several who wait none is always the last."""
QUEUES = "Venter på tur: en annen kjøring er i gang."


class LeaseTakenError(ExpectedError):
    """Another run is at work. One line in Norwegian: who, and what to do if it is not."""


class LeaseLostError(ExpectedError):
    """Another run has taken over, so this one stops. One line in Norwegian."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How long to wait while another run is at work, and who is told, once, that it is waited for."""

    longest: timedelta = timedelta()
    tell: Callable[[str], object] | None = None


AT_ONCE = Turn()
"""Now or not at all."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One that was taken; a run that was not heard of for too long may have lost it to another."""

    name: str
    holder: str

    def must_be_ours(self, connection: Connection) -> None:
        """Raises LeaseLostError when it is not any more."""
        holder = connection.scalar(select(leases.c.holder).where(leases.c.name == self.name))
        if holder != self.holder:
            raise LeaseLostError(
                f"En annen kjøring ({holder or 'ferdig nå'}) har tatt over, fordi denne ikke ga livstegn på "
                f"{LEASE_LASTS.total_seconds() / 60:.0f} minutter. Denne stopper her; det som er igjen, gjør andre."
            )


@contextmanager
def lease(
    database: Database, name: str, holder: str, prolonged_every: timedelta = PROLONGED_EVERY, turn: Turn = AT_ONCE
) -> Iterator[Lease]:
    """Hold the named lease for the block, however long that takes.

    Raises:
        LeaseTakenError: somebody who is still alive, or may be, holds it, and has not given it back in the time that
            `turn` gives.
    """
    _take_in_turn(database, name, holder, turn)
    mine = Lease(name, holder)
    is_over = Event()
    heart = Thread(target=_prolong, args=(database, mine, prolonged_every, is_over), daemon=True)
    heart.start()
    try:
        yield mine
    finally:
        is_over.set()
        heart.join()
        with database.transaction() as connection:
            connection.execute(delete(leases).where(*_is(mine)))


def _prolong(database: Database, mine: Lease, every: timedelta, is_over: Event) -> None:
    """A thread's work, because a single step may take hours that the service asks for."""
    while not is_over.wait(every.total_seconds()):
        # A database that cannot be written now may be in five minutes; what has been lost is seen by `must_be_ours`.
        with suppress(SQLAlchemyError), database.transaction() as connection:
            connection.execute(update(leases).where(*_is(mine)).values(expires_at=datetime.now(UTC) + LEASE_LASTS))


def _is(mine: Lease) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return leases.c.name == mine.name, leases.c.holder == mine.holder


def _take_in_turn(database: Database, name: str, holder: str, turn: Turn) -> None:
    give_up = time.monotonic() + turn.longest.total_seconds()
    tell = turn.tell
    while True:
        try:
            return _take_unless_locked(database, name, holder)
        except LeaseTakenError:
            if time.monotonic() >= give_up:
                raise
        if tell is not None:
            tell(QUEUES)
            tell = None
        time.sleep(random.uniform(*SECONDS_BETWEEN_LOOKS))  # noqa: S311 - no secret


def _take_unless_locked(database: Database, name: str, holder: str) -> None:
    """A SQLite file that somebody has been writing to for as long as we wait for a lock is a run at work as well."""
    try:
        _take(database, name, holder)
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", None) != "SQLITE_BUSY":
            raise
        raise LeaseTakenError("En annen kjøring skriver til databasen. Prøv igjen når den er ferdig.") from None


def _take(database: Database, name: str, holder: str) -> None:
    now = datetime.now(UTC)
    mine = {"holder": holder, "expires_at": now + LEASE_LASTS}
    with database.transaction() as connection:
        held = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one_or_none()
        if held is None:
            _claim(connection, name, mine)
        elif _is_gone(held.holder, held.expires_at < now):
            connection.execute(update(leases).where(leases.c.name == name).values(**mine))
        else:
            raise LeaseTakenError(
                f"En annen kjøring er i gang ({held.holder}: maskin, prosessnummer, start). Prøv igjen når den er "
                f"ferdig. Har en annen maskin krasjet, merkes det {held.expires_at:%Y-%m-%d %H:%M} UTC; en prosess på "
                "denne maskinen som henger, må avsluttes."
            )


def _claim(connection: Connection, name: str, mine: dict[str, Any]) -> None:
    try:
        connection.execute(insert(leases).values(name=name, **mine))
    except IntegrityError:
        # PostgreSQL cannot lock a row that is not there: two may find none, and the second learns of it here.
        raise LeaseTakenError("En annen kjøring har nettopp begynt. Prøv igjen når den er ferdig.") from None


def forgetting_leases() -> Delete:
    """After a restore: whoever held one when the backup was made does so no more."""
    return delete(leases)


def this_process() -> str:
    """Names this very process as a holder: machine, process number and when it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(str(os.getpid()))}"


def _is_gone(holder: str, has_run_out: bool) -> bool:  # noqa: FBT001 - two facts, one question
    """Of this machine's processes we know: one that no longer exists is gone, and one that does never is.

    Its number may have been used again. Of another machine's we only know whether they are heard of.
    """
    host, process, started = holder.rsplit(":", 2)
    return _started(process) != started if host == socket.gethostname() else has_run_out


def _started(process: str) -> str | None:
    """When a process of this machine started, in clock ticks since boot (proc(5), field 22); None if there is none.

    One that has ended, and whose end nobody has taken notice of yet, is none.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ENDED else fields[19]
