"""The nightly picture of who works where: read it whole, judge the difference, apply it or hold it."""

import time
from collections import Counter
from datetime import UTC, datetime

from prefect import task
from sqlalchemy import Connection

from agreements.people import Snapshot
from agreements.staff import StaffDiff, compare, concerns
from config.errors import ExpectedError
from integrations.database.ledger import Hold, SyncRun, approved_digest, hold, record_run
from integrations.database.rejected import resolve_others, set_aside
from integrations.database.staff import apply_diff, known_employees
from integrations.hr import open_source
from tasks.batches import NETWORK
from tasks.night import Night, this_night

SOURCE = "hr"
ACTOR = "sync-employees"


class SyncHeldError(ExpectedError):
    """The difference is larger than the policy allows without a person's approval."""


@task(name="read-and-apply-staff", **NETWORK)
def synchronise_staff() -> Counter[str]:
    """One complete walk of the HR source; what differs is applied in one transaction with its ledger entry.

    Raises:
        HrUnreadable: HR could not be read to the end, so nothing was concluded and nothing changed.
        SyncHeldError: the difference waits for approval; everything else goes on with yesterday's picture.
    """
    night = this_night()
    started = time.monotonic()
    snapshot = open_source(night.settings).read_snapshot()
    held: SyncHeldError | None = None
    with night.database.transaction() as connection:
        diff = compare(snapshot, known_employees(connection), night.on)
        worries = concerns(diff, night.policy.sync_guard, night.on)
        seconds = time.monotonic() - started
        if worries and approved_digest(connection, ACTOR) != diff.digest:
            _hold(connection, night, diff, worries, seconds)
            held = SyncHeldError(f"Venter på godkjenning ({diff.digest}), fordi {'; '.join(worries)}.")
        else:
            _apply(connection, night, snapshot, diff, seconds)
    if held is not None:
        raise held
    return _counts(diff)


def _apply(connection: Connection, night: Night, snapshot: Snapshot, diff: StaffDiff, seconds: float) -> None:
    apply_diff(connection, diff, snapshot, night.policy.version, night.stamp(ACTOR))
    set_aside(connection, SOURCE, snapshot.rejected, night.on)
    resolve_others(connection, SOURCE, snapshot.rejected, night.on)
    record_run(connection, diff, SyncRun("applied", night.on, datetime.now(UTC), seconds))


def _hold(connection: Connection, night: Night, diff: StaffDiff, worries: list[str], seconds: float) -> None:
    now = datetime.now(UTC)
    hold(connection, Hold(ACTOR, diff.digest, worries, _shown(diff)), now)
    record_run(connection, diff, SyncRun("held", night.on, now, seconds))


def _shown(diff: StaffDiff) -> dict[str, list[str]]:
    """The exact diff by employee number: what the person who approves it looks at."""
    return {
        "new": [staffing.employee.employee_number for staffing in diff.new],
        "changed": [staffing.employee.employee_number for staffing in diff.changed],
        "gone": sorted(diff.gone),
        "absent": list(diff.absent),
    }


def _counts(diff: StaffDiff) -> Counter[str]:
    return Counter(
        {
            "lest": diff.read,
            "nye": len(diff.new),
            "endret": len(diff.changed),
            "uendret": diff.unchanged,
            "savnet": len(diff.absent),
            "sluttet": len(diff.gone),
            "avvik": diff.rejected,
        }
    )
