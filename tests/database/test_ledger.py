"""Runs are recorded; one that is held waits for the approval of its exact diff."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import update
from sqlalchemy.exc import StatementError

from agreements.people import Snapshot
from agreements.staff import StaffDiff, compare
from integrations.database.engine import Database
from integrations.database.ledger import Hold, SyncRun, approved_digest, hold, last_good_run, record_run
from integrations.database.tables import holds, sync_runs
from tests.database.samples import NOW, TODAY, person, rows

SUBJECT = "sync-employees"
LATER = NOW + timedelta(days=1)


def diff_of(*numbers: str) -> StaffDiff:
    return compare(Snapshot((), tuple(person(number) for number in numbers)), {}, TODAY)


DIFF, OTHER = diff_of("0001", "0002"), diff_of("0003")


def held(diff: StaffDiff = DIFF, reason: str = "40 ansatte ville sluttet") -> Hold:
    return Hold(SUBJECT, diff.digest, [reason], {"new": ["0001", "0002"]})


def keep(database: Database, what: Hold, at: datetime = NOW) -> None:
    with database.transaction() as connection:
        hold(connection, what, at)


def decide(database: Database, status: str) -> None:
    """What a person does from the Prefect UI."""
    with database.transaction() as connection:
        connection.execute(update(holds).values(status=status, decided_by="hr"))


def approved(database: Database, subject: str = SUBJECT) -> str | None:
    with database.transaction() as connection:
        return approved_digest(connection, subject)


def apply(database: Database, diff: StaffDiff = DIFF) -> None:
    with database.transaction() as connection:
        record_run(connection, diff, SyncRun("applied", TODAY, NOW, 1.0))


def test_a_run_is_recorded_with_its_figures(database: Database) -> None:
    with database.transaction() as connection:
        record_run(connection, DIFF, SyncRun("held", TODAY, NOW, 1.23456))
    [row] = rows(database, sync_runs)
    assert (row.outcome, row.business_date, row.finished_at, row.seconds) == ("held", TODAY, NOW, 1.235)
    assert (row.digest, row.total, row.new, row.changed, row.unchanged) == (DIFF.digest, 2, 2, 0, 0)
    assert (row.left, row.absent, row.rejected) == (0, 0, 0)


def test_only_an_applied_run_makes_the_picture_newer(database: Database) -> None:
    with database.transaction() as connection:
        assert last_good_run(connection) is None
        record_run(connection, DIFF, SyncRun("applied", TODAY, NOW, 1.0))
        record_run(connection, OTHER, SyncRun("held", TODAY, LATER, 1.0))
        assert last_good_run(connection) == NOW


def test_an_instant_comes_back_in_utc_whatever_zone_it_was_said_in(database: Database) -> None:
    in_oslo = NOW.astimezone(timezone(timedelta(hours=1)))
    with database.transaction() as connection:
        record_run(connection, DIFF, SyncRun("applied", TODAY, in_oslo, 1.0))
        found = last_good_run(connection)
    assert found == NOW
    assert found.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    run = SyncRun("applied", TODAY, NOW.replace(tzinfo=None), 1.0)
    with pytest.raises(StatementError, match="needs a time zone"), database.transaction() as connection:
        record_run(connection, DIFF, run)


def test_the_same_diff_is_held_once(database: Database) -> None:
    keep(database, held())
    keep(database, held(reason="noe annet"), LATER)
    keep(database, held(OTHER))
    first, second = rows(database, holds)
    assert (first.digest, first.reasons, first.held_at) == (DIFF.digest, ["40 ansatte ville sluttet"], NOW)
    assert (first.status, first.diff) == ("waiting", {"new": ["0001", "0002"]})
    assert second.digest == OTHER.digest


def test_nothing_is_approved_by_waiting(database: Database) -> None:
    keep(database, held())
    assert approved(database) is None


def test_an_approval_is_used_up_by_the_run_it_was_for(database: Database) -> None:
    keep(database, held())
    decide(database, "approved")
    assert approved(database) == DIFF.digest
    assert approved(database, "nightly") is None
    apply(database, OTHER)
    assert approved(database) == DIFF.digest
    apply(database)
    assert approved(database) is None
    assert [row.status for row in rows(database, holds)] == ["applied"]


def test_a_held_run_uses_no_approval_up(database: Database) -> None:
    keep(database, held())
    decide(database, "approved")
    with database.transaction() as connection:
        record_run(connection, DIFF, SyncRun("held", TODAY, NOW, 1.0))
    assert approved(database) == DIFF.digest


def test_what_was_discarded_stays_discarded(database: Database) -> None:
    keep(database, held())
    decide(database, "discarded")
    keep(database, held(), LATER)
    apply(database)
    assert [(row.status, row.held_at) for row in rows(database, holds)] == [("discarded", NOW)]


def test_what_was_applied_and_comes_about_once_more_waits_again(database: Database) -> None:
    keep(database, held())
    decide(database, "approved")
    apply(database)
    keep(database, held(reason="igjen"), LATER)
    [row] = rows(database, holds)
    assert (row.status, row.held_at, row.reasons, row.decided_by) == ("waiting", LATER, ["igjen"], None)
    assert approved(database) is None
