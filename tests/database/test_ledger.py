"""Runs are recorded; one that is held waits with its exact diff and snapshot until a person decides."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

import pytest
from sqlalchemy import select

from agreements.freshness import GoodRun
from agreements.people import Leave, Position, RejectedRow, Snapshot, Unit
from agreements.staff import StaffDiff, compare
from integrations.database.engine import Database
from integrations.database.ledger import (
    Hold,
    SyncRun,
    conclude_hold,
    find_hold,
    hold,
    last_good_run,
    record_run,
    waiting_holds,
)
from integrations.database.tables import holds, sync_runs
from tests.database.samples import NOW, TODAY, TOMORROW, UNIT, YESTERDAY, person, rows

SUBJECT, ELSEWHERE = "sync-employees", "sync-something-else"
LATER = NOW + timedelta(days=1)
PUBLISHED = datetime(2027, 2, 28, 22, 15, 30, 123456, tzinfo=UTC)


def snapshot_of(*numbers: str) -> Snapshot:
    return Snapshot((UNIT,), tuple(person(number) for number in numbers))


def diff_of(snapshot: Snapshot) -> StaffDiff:
    return compare(snapshot, {}, TODAY)


BOTH, THIRD = snapshot_of("0001", "0002"), snapshot_of("0003")
DIFF, OTHER = diff_of(BOTH), diff_of(THIRD)


def held(
    snapshot: Snapshot = BOTH, reason: str = "40 ansatte ville sluttet", on: date = TODAY, subject: str = SUBJECT
) -> Hold:
    numbers = [who.employee_number for who in snapshot.employees]
    return Hold(subject, diff_of(snapshot).digest, [reason], {"new": numbers}, on, snapshot)


def keep(database: Database, what: Hold, at: datetime = NOW) -> str:
    with database.transaction() as connection:
        return hold(connection, what, at)


def conclude(database: Database, status: Literal["applied", "discarded"], digest: str = DIFF.digest) -> None:
    """What a person decides in the Prefect UI."""
    with database.transaction() as connection:
        conclude_hold(connection, digest, status, "hr")


def found(database: Database, digest: str = DIFF.digest) -> Hold | None:
    with database.transaction() as connection:
        return find_hold(connection, digest)


def waiting(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        return [(row.digest, row.status) for row in waiting_holds(connection)]


def statuses(database: Database) -> dict[str, tuple[str, bool]]:
    """By digest: the status, and whether what was read is still kept."""
    return {row.digest: (row.status, row.snapshot is not None) for row in rows(database, holds)}


def run(
    outcome: Literal["applied", "held"] = "applied", at: datetime = NOW, published_at: datetime | None = None
) -> SyncRun:
    return SyncRun(outcome, TODAY, at, 1.23456, "csv", "a1" * 16, published_at)


def record(database: Database, what: SyncRun, diff: StaffDiff = DIFF) -> None:
    with database.transaction() as connection:
        record_run(connection, diff, what)


def last(database: Database) -> GoodRun | None:
    with database.transaction() as connection:
        return last_good_run(connection)


# --- How each run went ------------------------------------------------------------------------------------------


def test_a_run_is_recorded_with_its_figures(database: Database) -> None:
    record(database, run("held", published_at=PUBLISHED))
    [row] = rows(database, sync_runs)
    assert (row.outcome, row.business_date, row.finished_at, row.seconds) == ("held", TODAY, NOW, 1.235)
    assert (row.source, row.input_digest, row.published_at) == ("csv", "a1" * 16, PUBLISHED)
    assert (row.digest, row.total, row.new, row.changed, row.unchanged) == (DIFF.digest, 2, 2, 0, 0)
    assert (row.left, row.absent, row.rejected) == (0, 0, 0)
    assert row.without_manager == DIFF.without_manager == 2


def test_only_an_applied_run_makes_the_picture_newer(database: Database) -> None:
    assert last(database) is None
    record(database, run("held"))
    assert last(database) is None
    record(database, run(published_at=PUBLISHED))
    record(database, run("held", LATER), OTHER)
    assert last(database) == GoodRun(NOW, PUBLISHED, 2)


def test_the_last_good_run_is_the_newest_however_they_were_written(database: Database) -> None:
    record(database, run(at=LATER), OTHER)
    record(database, run())
    assert last(database) == GoodRun(LATER, None, 1)


def test_of_two_good_runs_at_one_instant_the_one_written_last_counts(database: Database) -> None:
    record(database, run(), OTHER)
    record(database, run())
    assert last(database) == GoodRun(NOW, None, 2)


def test_an_instant_comes_back_in_utc_whatever_zone_it_was_said_in(database: Database) -> None:
    oslo = timezone(timedelta(hours=1))
    record(database, run(at=NOW.astimezone(oslo), published_at=PUBLISHED.astimezone(oslo)))
    good = last(database)
    assert good == GoodRun(NOW, PUBLISHED, 2)
    assert good.finished_at.tzinfo is UTC
    assert good.published_at is not None
    assert good.published_at.tzinfo is UTC


@pytest.mark.parametrize("which", ["finished_at", "published_at"])
def test_an_instant_without_a_zone_is_refused(database: Database, which: str) -> None:
    naive = NOW.replace(tzinfo=None)
    spoilt = run(at=naive) if which == "finished_at" else run(published_at=naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        record(database, spoilt)


# --- What waits -------------------------------------------------------------------------------------------------


def test_a_held_run_waits_and_can_be_found(database: Database) -> None:
    assert found(database) is None
    assert keep(database, held()) == "waiting"
    assert found(database) == held()
    assert found(database, OTHER.digest) is None
    [row] = rows(database, holds)
    assert (row.subject, row.status, row.held_at, row.decided_by) == (SUBJECT, "waiting", NOW, None)


def test_what_was_read_comes_back_exactly(database: Database) -> None:
    work = Position("p/1", "helse", 62.5, is_main=True, manager_number="0900", start_on=YESTERDAY, end_on=TOMORROW)
    rich = person(
        "0001",
        given_name="Zoë «Åse»",
        email=None,
        end_on=date(2027, 6, 30),
        substitute_number="0002",
        positions=(work, Position("p/2", None, 0.0)),
        leaves=(Leave(TODAY), Leave(YESTERDAY, TOMORROW)),
    )
    snapshot = Snapshot(
        units=(UNIT, Unit("skole", "Skole", "helse", None)),
        employees=(rich, person("0002", start_on=None, user_principal_name=None, positions=())),
        rejected=(RejectedRow("0003", "navn.fornavn", "mangler"), RejectedRow("rad[17]", "", "er avkuttet")),
        published_at=PUBLISHED,
    )
    keep(database, held(snapshot))
    back = found(database, diff_of(snapshot).digest)
    assert back == held(snapshot)
    assert back is not None
    assert isinstance(back.snapshot.employees[0].positions, tuple)
    assert compare(back.snapshot, {}, back.business_date).digest == back.digest


def test_the_same_diff_is_kept_once_with_what_was_read_last(database: Database) -> None:
    keep(database, held())
    renamed = Snapshot((Unit("helse", "Helse", None, "0900"),), BOTH.employees)
    again = held(renamed, "noe annet", TOMORROW)
    assert keep(database, again, LATER) == "waiting"
    assert found(database) == again
    [row] = rows(database, holds)
    assert (row.held_at, row.status, row.reasons) == (NOW, "waiting", ["noe annet"])


def test_another_diff_overtakes_the_one_that_waited(database: Database) -> None:
    keep(database, held())
    keep(database, held(THIRD), LATER)
    assert statuses(database) == {DIFF.digest: ("superseded", False), OTHER.digest: ("waiting", True)}
    assert found(database) is None
    assert waiting(database) == [(OTHER.digest, "waiting")]


def test_another_subject_is_left_in_peace(database: Database) -> None:
    keep(database, held())
    keep(database, held(THIRD, subject=ELSEWHERE), LATER)
    assert statuses(database) == {DIFF.digest: ("waiting", True), OTHER.digest: ("waiting", True)}
    assert waiting(database) == [(OTHER.digest, "waiting"), (DIFF.digest, "waiting")]


def test_a_diff_that_was_overtaken_may_come_about_again(database: Database) -> None:
    keep(database, held())
    keep(database, held(THIRD))
    assert keep(database, held(reason="igjen"), LATER) == "waiting"
    assert statuses(database) == {DIFF.digest: ("waiting", True), OTHER.digest: ("superseded", False)}
    [row] = [row for row in rows(database, holds) if row.digest == DIFF.digest]
    assert (row.held_at, row.reasons) == (LATER, ["igjen"])


# --- What becomes of it -----------------------------------------------------------------------------------------


def test_an_approval_is_for_one_time(database: Database) -> None:
    keep(database, held())
    record(database, run())
    conclude(database, "applied")
    assert found(database) is None
    assert waiting(database) == []
    [row] = rows(database, holds)
    assert (row.status, row.decided_by, row.snapshot) == ("applied", "hr", None)


def test_what_was_applied_and_comes_about_once_more_waits_again(database: Database) -> None:
    keep(database, held())
    conclude(database, "applied")
    assert keep(database, held(reason="igjen"), LATER) == "waiting"
    [row] = rows(database, holds)
    assert (row.status, row.held_at, row.reasons, row.decided_by) == ("waiting", LATER, ["igjen"], None)
    assert found(database) == held(reason="igjen")


def test_an_applied_run_overtakes_all_that_waits_and_lets_go_of_what_was_read(database: Database) -> None:
    keep(database, held())
    keep(database, held(THIRD, subject=ELSEWHERE))
    record(database, run(), diff_of(snapshot_of("0004")))
    assert statuses(database) == {DIFF.digest: ("superseded", False), OTHER.digest: ("superseded", False)}
    assert found(database) is None
    assert waiting(database) == []


def test_a_held_run_overtakes_nothing(database: Database) -> None:
    keep(database, held())
    record(database, run("held"), OTHER)
    assert found(database) == held()


def test_what_was_discarded_stays_discarded_and_a_person_may_change_their_mind(database: Database) -> None:
    keep(database, held())
    conclude(database, "discarded")
    assert found(database) is None
    assert waiting(database) == []
    assert keep(database, held(reason="igjen", on=TOMORROW), LATER) == "discarded"
    assert found(database) == held(reason="igjen", on=TOMORROW)
    assert waiting(database) == [(DIFF.digest, "discarded")]
    [row] = rows(database, holds)
    assert (row.held_at, row.decided_by) == (NOW, "hr")
    conclude(database, "applied")
    assert statuses(database) == {DIFF.digest: ("applied", False)}


def test_another_diff_lets_go_of_what_was_read_for_a_discarded_one(database: Database) -> None:
    keep(database, held())
    conclude(database, "discarded")
    keep(database, held(), LATER)
    keep(database, held(THIRD), LATER)
    assert statuses(database) == {DIFF.digest: ("discarded", False), OTHER.digest: ("waiting", True)}
    assert found(database) is None


def test_an_applied_run_lets_go_of_a_discarded_one_too(database: Database) -> None:
    keep(database, held())
    conclude(database, "discarded")
    keep(database, held(), LATER)
    record(database, run(), OTHER)
    assert statuses(database) == {DIFF.digest: ("discarded", False)}
    assert found(database) is None
    assert keep(database, held(), LATER) == "discarded"
    assert found(database) == held()


def test_a_decision_concerns_its_own_digest_only(database: Database) -> None:
    keep(database, held())
    keep(database, held(THIRD, subject=ELSEWHERE))
    conclude(database, "discarded", OTHER.digest)
    assert found(database) == held()
    with database.transaction() as connection:
        assert connection.scalars(select(holds.c.decided_by).order_by(holds.c.id)).all() == [None, "hr"]


def test_a_run_from_before_snapshots_were_kept_cannot_be_approved(database: Database) -> None:
    keep(database, held())
    with database.transaction() as connection:
        connection.execute(holds.update().values(business_date=None))
    assert found(database) is None
