"""One night at a time, whatever the orchestrator thinks: a lease in the database itself."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

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


class LeaseTakenError(ExpectedError):
    """Another run is at work. One line: who, and what to do if it is not."""


class LeaseLostError(ExpectedError):
    """Another run has taken over, so this one stops. One line."""


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
                f"Another run ({holder or 'done by now'}) has taken over, since this one was not heard of for "
                f"{LEASE_LASTS.total_seconds() / 60:.0f} minutes. This one stops here; what is left is done by others."
            )


@contextmanager
def lease(database: Database, name: str, holder: str, prolonged_every: timedelta = PROLONGED_EVERY) -> Iterator[Lease]:
    """Hold the named lease for the block, however long that takes.

    Raises:
        LeaseTakenError: somebody who is still alive, or may be, holds it.
    """
    _take(database, name, holder)
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
                f"Another run is at work ({held.holder}: machine, process number, start); try again when it is done. "
                f"A crash on another machine is noticed at {held.expires_at:%Y-%m-%d %H:%M} UTC; a process of this one "
                "that hangs must be ended."
            )


def _claim(connection: Connection, name: str, mine: dict[str, Any]) -> None:
    try:
        connection.execute(insert(leases).values(name=name, **mine))
    except IntegrityError:
        # PostgreSQL cannot lock a row that is not there: two may find none, and the second learns of it here.
        raise LeaseTakenError("Another run has just begun; try again when it is done.") from None


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
