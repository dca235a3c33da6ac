"""One night at a time: the lease is taken, given back, left behind by the dead, and refused by the living."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread, Timer

import pytest
from sqlalchemy import insert, update

from integrations.database.engine import Database
from integrations.database.lease import LEASE_LASTS, QUEUES, LeaseLostError, LeaseTakenError, Turn, lease, this_process
from integrations.database.tables import leases
from tests.database.samples import rows
from tests.waiting import AT_MOST

ELSEWHERE, ELSEWHERE_TOO = "another-machine:100:5", "third-machine:200:6"


def holders(database: Database) -> list[str]:
    return [row.holder for row in rows(database, leases)]


def run_out(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(update(leases).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))


def test_it_is_held_for_the_block_and_given_back(database: Database) -> None:
    before = datetime.now(UTC)
    with lease(database, "night", ELSEWHERE):
        [row] = rows(database, leases)
        assert (row.name, row.holder) == ("night", ELSEWHERE)
        assert before + LEASE_LASTS <= row.expires_at <= datetime.now(UTC) + LEASE_LASTS
    assert holders(database) == []


def test_it_is_given_back_after_a_failure(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), lease(database, "night", ELSEWHERE):
        raise ZeroDivisionError
    assert holders(database) == []


def test_a_living_holder_is_refused_with_one_line(database: Database) -> None:
    me = this_process()
    with lease(database, "night", me):
        with pytest.raises(LeaseTakenError) as caught, lease(database, "night", ELSEWHERE):
            pytest.fail("two nights at once")
        assert holders(database) == [me]
    assert me in str(caught.value)
    assert f"{datetime.now(UTC) + LEASE_LASTS:%Y-%m-%d}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_process_does_not_take_its_own_lease_twice(database: Database) -> None:
    me = this_process()
    with lease(database, "night", me), pytest.raises(LeaseTakenError), lease(database, "night", me):
        pytest.fail("two nights at once")


def test_a_holder_on_another_machine_may_be_alive(database: Database) -> None:
    with (
        lease(database, "night", ELSEWHERE),
        pytest.raises(LeaseTakenError, match=ELSEWHERE),
        lease(database, "night", ELSEWHERE_TOO),
    ):
        pytest.fail("two nights at once")


def test_other_leases_are_free(database: Database) -> None:
    with lease(database, "night", ELSEWHERE), lease(database, "purge", ELSEWHERE_TOO):
        assert holders(database) == [ELSEWHERE, ELSEWHERE_TOO]


def test_one_that_has_run_out_is_taken_over_and_the_old_holder_cannot_give_it_back(database: Database) -> None:
    with ExitStack() as new_night:
        with lease(database, "night", ELSEWHERE):
            run_out(database)
            new_night.enter_context(lease(database, "night", ELSEWHERE_TOO))
        assert holders(database) == [ELSEWHERE_TOO]
    assert holders(database) == []


def test_it_is_prolonged_as_long_as_the_block_lasts(database: Database) -> None:
    with lease(database, "night", ELSEWHERE, prolonged_every=timedelta(milliseconds=1)):
        run_out(database)
        give_up = time.monotonic() + AT_MOST
        while rows(database, leases)[0].expires_at < datetime.now(UTC) + LEASE_LASTS / 2:
            assert time.monotonic() < give_up, "never prolonged"
        with pytest.raises(LeaseTakenError), lease(database, "night", ELSEWHERE_TOO):
            pytest.fail("two nights at once")
    assert holders(database) == []


def test_whoever_has_lost_it_does_not_take_it_back(database: Database) -> None:
    with lease(database, "night", ELSEWHERE, prolonged_every=timedelta(milliseconds=1)) as mine:
        with database.transaction() as connection:
            mine.must_be_ours(connection)
            connection.execute(update(leases).values(holder=ELSEWHERE_TOO))
        with database.transaction() as connection, pytest.raises(LeaseLostError) as lost:
            mine.must_be_ours(connection)
    assert holders(database) == [ELSEWHERE_TOO]
    assert ELSEWHERE_TOO in str(lost.value)
    assert "\n" not in str(lost.value)


def test_one_that_the_other_has_given_back_by_now_is_lost_as_well(database: Database) -> None:
    with lease(database, "night", ELSEWHERE) as mine:
        run_out(database)
        with lease(database, "night", ELSEWHERE_TOO):
            pass
        with database.transaction() as connection, pytest.raises(LeaseLostError):
            mine.must_be_ours(connection)


def test_a_living_holder_on_this_machine_is_never_overtaken(database: Database) -> None:
    """However long its last word is ago: it may stand still for hours, and go on."""
    me = this_process()
    with lease(database, "night", me):
        run_out(database)
        with pytest.raises(LeaseTakenError), lease(database, "night", ELSEWHERE):
            pytest.fail("two nights at once")
        assert holders(database) == [me]


def test_a_process_that_has_ended_is_dead_also_before_anybody_notices(database: Database) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        zombie = f"{socket.gethostname()}:{process.pid}:{started}"
        with database.transaction() as connection:
            expires_at = datetime.now(UTC) + LEASE_LASTS
            connection.execute(insert(leases).values(name="night", holder=zombie, expires_at=expires_at))
        with lease(database, "night", ELSEWHERE):
            assert holders(database) == [ELSEWHERE]


def test_a_dead_holder_on_this_machine_is_noticed_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = f"{socket.gethostname()}:{process.pid}:1"
    with database.transaction() as connection:
        connection.execute(insert(leases).values(name="night", holder=dead, expires_at=datetime.now(UTC) + LEASE_LASTS))
    with lease(database, "night", ELSEWHERE):
        assert holders(database) == [ELSEWHERE]
    assert holders(database) == []


def test_a_process_number_used_again_is_not_the_old_holder(database: Database) -> None:
    """As in a container, where the process that is started anew has the number of the one that crashed."""
    host, process, _ = this_process().rsplit(":", 2)
    with database.transaction() as connection:
        expires_at = datetime.now(UTC) + LEASE_LASTS
        connection.execute(insert(leases).values(name="night", holder=f"{host}:{process}:1", expires_at=expires_at))
    with lease(database, "night", this_process()):
        assert holders(database) == [this_process()]


def test_of_two_that_begin_at_once_one_is_told(database: Database) -> None:
    """The first has claimed and not committed yet: the second finds no lease, and learns of it when it writes."""
    refused: list[LeaseTakenError] = []

    def second() -> None:
        try:
            with lease(database, "night", ELSEWHERE_TOO):
                pass
        except LeaseTakenError as error:
            refused.append(error)

    thread = Thread(target=second)
    with database.transaction() as connection:
        expires_at = datetime.now(UTC) + LEASE_LASTS
        connection.execute(insert(leases).values(name="night", holder=ELSEWHERE, expires_at=expires_at))
        thread.start()
        thread.join(0.2)
    thread.join()
    assert len(refused) == 1
    assert holders(database) == [ELSEWHERE]


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.database.lease.SECONDS_BETWEEN_LOOKS", (0.01, 0.02))


@pytest.mark.usefixtures("quick_looks")
def test_whoever_waits_gets_a_turn_and_is_told_once_that_it_waits(database: Database) -> None:
    told: list[str] = []
    first = ExitStack()
    first.enter_context(lease(database, "night", ELSEWHERE))
    Timer(0.3, first.close).start()
    with lease(database, "night", ELSEWHERE_TOO, turn=Turn(timedelta(seconds=AT_MOST), told.append)):
        assert holders(database) == [ELSEWHERE_TOO]
    assert told == [QUEUES]


@pytest.mark.usefixtures("quick_looks")
def test_nobody_waits_for_ever(database: Database) -> None:
    me = this_process()
    with (
        lease(database, "night", me),
        pytest.raises(LeaseTakenError, match=f"En annen kjøring er i gang .{me}"),
        lease(database, "night", ELSEWHERE, turn=Turn(timedelta(seconds=0.2))),
    ):
        pytest.fail("two nights at once")


@pytest.mark.usefixtures("quick_looks")
def test_of_many_that_wait_each_gets_a_turn_and_no_two_at_once(database: Database) -> None:
    inside: list[str] = []
    done: list[str] = []

    def one(name: str) -> None:
        with lease(database, "night", f"{name}:100:5", turn=Turn(timedelta(seconds=AT_MOST))):
            inside.append(name)
            assert inside == [name]
            time.sleep(0.02)
            inside.remove(name)
            done.append(name)

    threads = [Thread(target=one, args=(f"machine-{ordinal}",)) for ordinal in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(threads)
    assert holders(database) == []


@pytest.mark.usefixtures("quick_looks")
def test_a_file_that_another_run_writes_to_for_long_is_waited_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.database.engine.SECONDS_TO_WAIT_FOR_A_LOCK", 0.05)
    database, other = Database.open(sqlite_url), Database.open(sqlite_url)
    writing = ExitStack()
    connection = writing.enter_context(other.transaction())
    connection.execute(update(leases).values(holder=ELSEWHERE))
    with pytest.raises(LeaseTakenError, match="skriver til databasen"), lease(database, "night", ELSEWHERE):
        pytest.fail("the file is locked")
    told: list[str] = []
    Timer(0.3, writing.close).start()
    with lease(database, "night", ELSEWHERE_TOO, turn=Turn(timedelta(seconds=AT_MOST), told.append)):
        assert holders(database) == [ELSEWHERE_TOO]
    assert told == [QUEUES]
    database.close()
    other.close()
