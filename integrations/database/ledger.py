"""The sync's ledger, and the runs that wait for a person's approval."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from agreements.staff import StaffDiff
from integrations.database.rows import insert_rows
from integrations.database.tables import holds, sync_runs


@dataclass(frozen=True, slots=True)
class Hold:
    """A run that waits: what was to run, the digest that names its exact diff, why, and the diff itself."""

    subject: str
    digest: str
    reasons: Sequence[str]
    diff: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SyncRun:
    """How one run went: `outcome` is applied or held."""

    outcome: Literal["applied", "held"]
    business_date: date
    finished_at: datetime
    seconds: float


def record_run(connection: Connection, diff: StaffDiff, run: SyncRun) -> None:
    """Write one run; what an applied run had approved is used up by it."""
    row = {
        "business_date": run.business_date,
        "finished_at": run.finished_at,
        "outcome": run.outcome,
        "digest": diff.digest,
        "total": diff.read,
        "new": len(diff.new),
        "changed": len(diff.changed),
        "unchanged": diff.unchanged,
        "left": len(diff.gone),
        "absent": len(diff.absent),
        "rejected": diff.rejected,
        "seconds": round(run.seconds, 3),
    }
    insert_rows(connection, sync_runs, [row])
    if run.outcome == "applied":
        used_up = update(holds).where(holds.c.digest == diff.digest, holds.c.status == "approved")
        connection.execute(used_up.values(status="applied"))


def last_good_run(connection: Connection) -> datetime | None:
    """When the last complete sync was applied: how old our picture of the staff is."""
    latest: datetime | None = connection.scalar(
        select(func.max(sync_runs.c.finished_at)).where(sync_runs.c.outcome == "applied")
    )
    return latest


def hold(connection: Connection, held: Hold, at: datetime) -> None:
    """Keep a run for approval; the same diff is kept once, and one that was discarded stays discarded.

    A diff that was approved, applied and has come about once more waits again: an approval is for one time.
    """
    this = (holds.c.subject == held.subject) & (holds.c.digest == held.digest)
    status = connection.scalar(select(holds.c.status).where(this))
    if status == "applied":
        again = {"status": "waiting", "held_at": at, "reasons": list(held.reasons), "decided_by": None}
        connection.execute(update(holds).where(this).values(again))
    if status is None:
        row = {
            "subject": held.subject,
            "digest": held.digest,
            "reasons": list(held.reasons),
            "diff": held.diff,
            "held_at": at,
            "status": "waiting",
        }
        insert_rows(connection, holds, [row])


def decide_hold(connection: Connection, digest: str, status: Literal["approved", "discarded"], decided_by: str) -> bool:
    """A person's decision on a waiting run; False when no run with this digest waits."""
    waiting = (holds.c.digest == digest) & (holds.c.status == "waiting")
    result = connection.execute(update(holds).where(waiting).values(status=status, decided_by=decided_by))
    return result.rowcount > 0


def approved_digest(connection: Connection, subject: str) -> str | None:
    """The diff a person has approved and that has not been applied yet."""
    wanted = select(holds.c.digest).where(holds.c.subject == subject, holds.c.status == "approved")
    return connection.scalar(wanted.order_by(holds.c.id.desc()).limit(1))
