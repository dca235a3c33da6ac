"""The nightly picture of who works where: read it whole, judge the difference, apply it or hold it."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

from prefect import task
from sqlalchemy import Connection

from agreements.people import Overrides, RejectedRow, Snapshot
from agreements.staff import StaffDiff, compare, concerns
from config.errors import ExpectedError
from config.manager_overrides import load_overrides
from integrations.database.addresses import remember_directory, without_address
from integrations.database.ledger import Hold, SyncRun, hold, last_good_run, record_run
from integrations.database.rejected import resolve_others, set_aside
from integrations.database.staff import apply_diff, known_before, known_employees
from integrations.graph.directory import find_people
from integrations.hr import open_source
from tasks.batches import NETWORK
from tasks.night import Night, this_night

SOURCE = "hr"
OVERRIDES = "lederoverstyringer"
ACTOR = "sync-employees"


class SyncHeldError(ExpectedError):
    """The difference is larger than the policy allows without a person's approval."""


class HoldOutdatedError(ExpectedError):
    """What was approved no longer fits what is in the database."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One complete snapshot, and what came with it."""

    snapshot: Snapshot
    overrides: Overrides
    business_date: date
    started: float

    def difference(self, connection: Connection) -> StaffDiff:
        known = known_employees(connection)
        before = known_before(connection, known, self.snapshot, self.business_date)
        return compare(self.snapshot, known, self.business_date, before=before, overrides=self.overrides)


@task(name="read-and-apply-staff", **NETWORK)
def synchronise_staff() -> Counter[str]:
    """One complete walk of the HR source; what differs is applied in one transaction with its ledger entry.

    Raises:
        HrUnreadable: HR could not be read to the end, so nothing was concluded and nothing changed.
        SyncHeldError: the difference waits for approval; everything else goes on with yesterday's picture.
        OverridesError: the file of manager overrides cannot be used.
    """
    night = this_night()
    started = time.monotonic()
    overrides = load_overrides(night.settings.manager_overrides, night.on)
    reading = Reading(open_source(night.settings).read_snapshot(), overrides, night.on, started)
    held: SyncHeldError | None = None
    with night.database.transaction() as connection:
        diff = reading.difference(connection)
        last = last_good_run(connection)
        worries = concerns(diff, night.policy.sync_guard, None if last is None else last.total)
        if worries:
            held = _hold(connection, night, reading, diff, worries)
        else:
            _apply(connection, night, reading, diff)
    if held is not None:
        raise held
    return _counts(diff)


def apply_held(connection: Connection, held: Hold) -> None:
    """Apply exactly the diff that was held, in the caller's transaction.

    Raises:
        HoldOutdatedError: the database has changed since, so that the same snapshot would change something else.
    """
    night = this_night()
    overrides = load_overrides(night.settings.manager_overrides, held.business_date)
    reading = Reading(held.snapshot, overrides, held.business_date, time.monotonic())
    diff = reading.difference(connection)
    if diff.digest != held.digest:
        raise HoldOutdatedError(
            f"Det som ble stanset ({held.digest}), passer ikke lenger med det som er registrert. "
            "Kjør synkroniseringen på nytt, og avgjør den nye forskjellen."
        )
    _apply(connection, night, reading, diff)


@task(name="look-up-addresses", **NETWORK)
def look_up_addresses() -> Counter[str]:
    """E-mail addresses and sign-in names that HR does not have, from the directory.

    Raises:
        GraphError, GraphUnreachableError: the directory could not be asked; what it said before is kept.
    """
    night = this_night()
    with night.database.transaction() as connection:
        asked = without_address(connection, night.on)
    if not asked:
        return Counter()

    async def ask() -> dict[str, tuple[str | None, str | None]]:
        async with night.graph() as graph:
            people = await find_people(graph, asked)
        return {number: (entry.mail, entry.user_principal_name) for number, entry in people.items()}

    found = asyncio.run(ask())
    with night.database.transaction() as connection:
        remember_directory(connection, asked, found, night.on)
    return Counter({"adresser fra katalogen": len(found), "uten adresse": len(asked) - len(found)})


def _apply(connection: Connection, night: Night, reading: Reading, diff: StaffDiff) -> None:
    snapshot = reading.snapshot
    apply_diff(connection, diff, snapshot, night.policy.version, night.stamp(ACTOR))
    for source, rows in ((SOURCE, snapshot.rejected), (OVERRIDES, _unusable(reading))):
        set_aside(connection, source, rows, night.on)
        resolve_others(connection, source, rows, night.on)
    record_run(connection, diff, _run("applied", night, reading, diff))


def _hold(connection: Connection, night: Night, reading: Reading, diff: StaffDiff, worries: list[str]) -> SyncHeldError:
    digest, because = diff.digest, "; ".join(worries)
    held = Hold(ACTOR, digest, worries, _shown(diff), reading.business_date, reading.snapshot)
    status = hold(connection, held, datetime.now(UTC))
    # Rows that cannot be read show with their reasons whether or not the rest is applied.
    set_aside(connection, SOURCE, reading.snapshot.rejected, night.on)
    record_run(connection, diff, _run("held", night, reading, diff))
    if status == "discarded":
        return SyncHeldError(f"Forskjellen ({digest}) er forkastet og blir ikke brukt: {because}.")
    return SyncHeldError(f"Venter på godkjenning ({digest}), fordi {because}.")


def _run(outcome: str, night: Night, reading: Reading, diff: StaffDiff) -> SyncRun:
    return SyncRun(
        "applied" if outcome == "applied" else "held",
        night.on,
        datetime.now(UTC),
        time.monotonic() - reading.started,
        night.settings.hr_kind,
        diff.input_digest,
        reading.snapshot.published_at,
    )


def _unusable(reading: Reading) -> list[RejectedRow]:
    """Overrides that name a manager who is not employed: they are passed over, and somebody must look at the file."""
    of_both = (("employee", reading.overrides.of_employees), ("unit", reading.overrides.of_units))
    named = {manager_number for _, overrides in of_both for manager_number in overrides.values()}
    known = (who for who in reading.snapshot.employees if who.employee_number in named)
    employed = {who.employee_number for who in known if who.employed_on(reading.business_date)}
    reason = "lederen som er oppgitt i overstyringen, er ikke ansatt"
    return [
        RejectedRow(f"{what}:{key}", f"override.{what}", reason)
        for what, overrides in of_both
        for key, manager_number in overrides.items()
        if manager_number not in employed
    ]


def _shown(diff: StaffDiff) -> dict[str, list[str]]:
    """The exact diff by employee number: what the person who approves it looks at, as the reasons count it."""
    return {
        "new": [staffing.employee.employee_number for staffing in diff.new],
        "changed": [staffing.employee.employee_number for staffing in diff.changed],
        "gone": sorted(diff.gone),
        "ending": list(diff.given_last_day),
        "led_anew": list(diff.given_manager),
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
            "uten leder": diff.without_manager,
            "avvik": diff.rejected,
        }
    )
