"""The sync's ledger, and the runs that wait for a person's approval."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, select, update

from agreements.freshness import GoodRun
from agreements.people import Snapshot
from agreements.staff import StaffDiff
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import holds, sync_runs

UNDECIDED = ("waiting", "discarded")
"""What can still be approved: a person may change their mind about a diff that comes about again every night."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A run that waits: what was to run, the digest that names its exact diff, why, and the diff by employee number.

    `snapshot` is what was read, so that an approval can apply exactly this and nothing that came later.
    """

    subject: str
    digest: str
    reasons: Sequence[str]
    diff: dict[str, Any]
    business_date: date
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class SyncRun:
    """How one run went: `outcome` is applied or held. `input_digest` names what was read."""

    outcome: Literal["applied", "held"]
    business_date: date
    finished_at: datetime
    seconds: float
    source: str
    input_digest: str
    published_at: datetime | None = None


def record_run(connection: Connection, diff: StaffDiff, run: SyncRun) -> None:
    """Write one run. One that was applied overtakes every run that waits: what those would change is another now."""
    row = {
        "business_date": run.business_date,
        "finished_at": run.finished_at,
        "source": run.source,
        "published_at": run.published_at,
        "outcome": run.outcome,
        "digest": diff.digest,
        "input_digest": run.input_digest,
        "total": diff.read,
        "new": len(diff.new),
        "changed": len(diff.changed),
        "unchanged": diff.unchanged,
        "left": len(diff.gone),
        "absent": len(diff.absent),
        "rejected": diff.rejected,
        "without_manager": diff.without_manager,
        "seconds": round(run.seconds, 3),
    }
    insert_rows(connection, sync_runs, [row])
    if run.outcome == "applied":
        overtaken = update(holds).where(holds.c.status == "waiting")
        connection.execute(overtaken.values(status="superseded"))
        connection.execute(update(holds).where(holds.c.snapshot.is_not(None)).values(snapshot=None))


def last_good_run(connection: Connection) -> GoodRun | None:
    """The last complete sync that was applied: how old our picture of the staff is."""
    columns = (sync_runs.c.finished_at, sync_runs.c.published_at, sync_runs.c.total)
    applied = select(*columns).where(sync_runs.c.outcome == "applied")
    row = connection.execute(applied.order_by(sync_runs.c.finished_at.desc(), sync_runs.c.id.desc()).limit(1)).first()
    return None if row is None else GoodRun(row.finished_at, row.published_at, row.total)


def hold(connection: Connection, held: Hold, at: datetime) -> str:
    """Keep a run for approval, and say how it stands: `waiting`, or `discarded` when a person has said no to this diff.

    The same diff is kept once. Another diff of the same subject that waited is overtaken.
    """
    others = (holds.c.subject == held.subject) & (holds.c.digest != held.digest) & holds.c.status.in_(UNDECIDED)
    connection.execute(update(holds).where(others, holds.c.status == "waiting").values(status="superseded"))
    connection.execute(update(holds).where(holds.c.subject == held.subject).values(snapshot=None))
    this = (holds.c.subject == held.subject) & (holds.c.digest == held.digest)
    known = connection.execute(select(holds.c.status, holds.c.held_at).where(this)).first()
    content = {
        "reasons": list(held.reasons),
        "diff": held.diff,
        "business_date": held.business_date,
        "snapshot": zlib.compress(msgspec.msgpack.encode(held.snapshot), level=1),
    }
    if known is None:
        row = {"subject": held.subject, "digest": held.digest, "held_at": at, "status": "waiting", **content}
        insert_rows(connection, holds, [row])
        return "waiting"
    if known.status in UNDECIDED:
        connection.execute(update(holds).where(this).values(content))
        return str(known.status)
    # Applied or overtaken once, and come about again: an approval is for one time.
    again = {"status": "waiting", "held_at": at, "decided_by": None, **content}
    connection.execute(update(holds).where(this).values(again))
    return "waiting"


def waiting_holds(connection: Connection) -> list[AnyRow]:
    """Runs a person can decide on, the newest first."""
    columns = (holds.c.digest, holds.c.reasons, holds.c.diff, holds.c.held_at, holds.c.status)
    wanted = select(*columns).where(holds.c.status.in_(UNDECIDED), holds.c.snapshot.is_not(None))
    return list(connection.execute(wanted.order_by(holds.c.held_at.desc())))


def find_hold(connection: Connection, digest: str) -> Hold | None:
    """The run with this digest that can still be approved."""
    row = connection.execute(select(holds).where(holds.c.digest == digest, holds.c.status.in_(UNDECIDED))).first()
    if row is None or row.snapshot is None or row.business_date is None:
        return None
    snapshot = msgspec.msgpack.decode(zlib.decompress(row.snapshot), type=Snapshot)
    return Hold(row.subject, row.digest, row.reasons, row.diff, row.business_date, snapshot)


def conclude_hold(
    connection: Connection, digest: str, status: Literal["applied", "discarded"], decided_by: str
) -> None:
    """A person's decision; what was read is let go of with it."""
    values = {"status": status, "decided_by": decided_by, "snapshot": None}
    connection.execute(update(holds).where(holds.c.digest == digest).values(values))
