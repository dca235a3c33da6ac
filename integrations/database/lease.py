"""One night at a time, whatever the orchestrator thinks: a lease in the database itself."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.errors import ExpectedError
from integrations.database.engine import Database
from integrations.database.tables import leases

LEASE_LASTS = timedelta(hours=4)
"""Longer than any night; a crashed holder on the same machine is noticed at once all the same."""


NIGHT = "night"
"""The lease of whatever writes: a night, a form of HR's, a restore."""


class LeaseTakenError(ExpectedError):
    """Another run is at work. One line: who, until when."""


@contextmanager
def lease(database: Database, name: str, holder: str) -> Iterator[None]:
    """Hold the named lease for the block.

    Raises:
        LeaseTakenError: somebody who is still alive, or may be, holds it.
    """
    _take(database, name, holder)
    try:
        yield
    finally:
        with database.transaction() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def _take(database: Database, name: str, holder: str) -> None:
    now = datetime.now(UTC)
    mine = {"holder": holder, "expires_at": now + LEASE_LASTS}
    with database.transaction() as connection:
        held = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one_or_none()
        if held is None:
            _claim(connection, name, mine)
        elif held.expires_at < now or _is_gone(held.holder):
            connection.execute(update(leases).where(leases.c.name == name).values(**mine))
        else:
            raise LeaseTakenError(
                f"Another run is at work ({held.holder}); try again when it is done. "
                f"If it is not running any more, its claim ends {held.expires_at:%Y-%m-%d %H:%M} UTC."
            )


def _claim(connection: Connection, name: str, mine: dict[str, Any]) -> None:
    try:
        connection.execute(insert(leases).values(name=name, **mine))
    except IntegrityError:
        # PostgreSQL cannot lock a row that is not there: two may find none, and the second learns of it here.
        raise LeaseTakenError("Another run has just begun; try again when it is done.") from None


def forget_leases(connection: Connection) -> None:
    """After a restore: whoever held one when the backup was made does so no more."""
    connection.execute(delete(leases))


def this_process() -> str:
    """Names this very process as a holder: machine, process number and when it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(str(os.getpid()))}"


def _is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer exists; its number may have been used again."""
    host, process, started = holder.rsplit(":", 2)
    return host == socket.gethostname() and _started(process) != started


def _started(process: str) -> str | None:
    """When a process of this machine started, in clock ticks since boot (proc(5), field 22); None if there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[19]
