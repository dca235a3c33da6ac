"""Whoever comes while another is at work gets a turn: a form waits and comes again, a night waits, nothing is lost."""

import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from flows.running import DONE_MEANWHILE
from hjemmekontor.serve import ROOT, _running, worker_of
from integrations.database.engine import Database
from integrations.database.lease import NIGHT, lease, this_process
from integrations.database.nights import EndedNight, record_night
from tasks.emptying import COMES_AGAIN, PARKED, RESTARTED
from tasks.night import today_in_oslo
from tests.flows.alerting import deployment_id
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town
from tests.flows.deploying import ask, finished, post, worker
from tests.test_deploy_files import DEPLOY, said
from tests.waiting import AT_MOST

IMPATIENT = """from datetime import timedelta
import flows.forms
flows.forms.MAY_WAIT = timedelta(seconds=1)
flows.forms.PARKED_FOR = timedelta(seconds=15)
"""
STOPPED_SHORTLY = """from datetime import timedelta
import tasks.emptying
tasks.emptying.AGAIN_AFTER = timedelta(seconds=1)
"""
"""Read by every Python that begins with its folder on the path: what waits for minutes waits for seconds."""
MEASURES = "Skjerm-og-stol-9c1d"
OUT_OF_TIME = 124
"""What timeout(1) ends with."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@contextmanager
def at_work(town: Town) -> Iterator[Database]:
    """Somebody else is, for the block."""
    database = Database.open(town.environment["HK_DATABASE_URL"])
    with lease(database, NIGHT, this_process()):
        yield database
    database.close()


def send(server: PrefectServer, deployment: str, form: dict[str, Any]) -> str:
    body = {"state": {"type": "SCHEDULED"}, "parameters": {"form": form}}
    return str(post(server, f"/deployments/{deployment_id(server, deployment)}/create_flow_run", body)["id"])


def applications(town: Town, count: int) -> list[dict[str, Any]]:
    """Of people who have no case, registered by somebody else."""
    query = (
        "SELECT employee_number FROM employees WHERE left_on IS NULL AND employee_number NOT IN "
        "(SELECT employee_number FROM cases) ORDER BY 1 DESC"
    )
    adviser = town.rows("SELECT min(employee_number) FROM employees WHERE left_on IS NULL")[0][0]
    wanted = {"days_per_week": 2, "start_on": str(today_in_oslo() + timedelta(days=14)), "registered_by": adviser}
    return [{"employee_number": number, **wanted} for (number,) in town.rows(query)[:count]]


def test_two_advisers_at_once_are_both_served(deployed: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.count("cases")
    with worker(deployed, town):
        with at_work(town):
            runs = [send(deployed, "Registrer søknad", form) for form in applications(town, 2)]
            for run in runs:
                wait_for_state(deployed, run, "Running")
            time.sleep(5)
            assert town.count("cases") == before, "they wait for their turn"
        ended = [finished(deployed, run)["state"] for run in runs]
    assert [state["name"] for state in ended] == ["Completed"] * 2, ended
    assert town.count("cases") == before + 2


def test_a_form_whose_turn_does_not_come_is_kept_and_comes_again(
    deployed: PrefectServer, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.count("cases")
    (tmp_path / "sitecustomize.py").write_text(IMPATIENT)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    [form] = applications(town, 1)
    with worker(deployed, town):
        with at_work(town):
            run = send(deployed, "Registrer søknad", form)
            parked = wait_for_state(deployed, run, PARKED)
            assert (parked["state"]["type"], parked["state"]["message"]) == ("SCHEDULED", COMES_AGAIN)
            assert parked["parameters"] == {"form": form}
            assert town.count("cases") == before
        ended = finished(deployed, run)
    assert ended["state"]["name"] == "Completed", ended["state"]
    assert ended["parameters"] == {"form": {}}
    assert town.count("cases") == before + 1


def stop_as_systemd_does(process: int) -> None:
    """By the unit's own words; what ends the worker itself comes after them."""
    [words] = said(DEPLOY / "hjemmekontor-worker@.service", "ExecStop")
    command = shlex.split(words.removeprefix("-").replace("${MAINPID}", str(process)))
    assert subprocess.run(command, check=False, timeout=AT_MOST).returncode != OUT_OF_TIME  # noqa: S603 - our own words


def test_a_form_that_waits_outlives_a_restart_of_the_worker(
    deployed: PrefectServer, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at every upgrade: worker and process are told to end, and a worker is begun anew."""
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.count("cases")
    (tmp_path / "sitecustomize.py").write_text(STOPPED_SHORTLY)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    [form] = applications(town, 1)
    with at_work(town):
        with worker(deployed, town) as process:
            run = send(deployed, "Registrer søknad", form)
            wait_for_state(deployed, run, "Running")
            time.sleep(5)
            stop_as_systemd_does(process)
            parked = wait_for_state(deployed, run, PARKED)
        assert parked["state"]["message"] == RESTARTED
        assert parked["parameters"] == {"form": form}
        assert town.count("cases") == before
    with worker(deployed, town):
        ended = finished(deployed, run)
    assert ended["state"]["name"] == "Completed", ended["state"]
    assert ended["parameters"] == {"form": {}}
    assert town.count("cases") == before + 1


def test_a_form_that_waits_outlives_the_end_of_serve(deployed: PrefectServer, town: Town, tmp_path: Path) -> None:
    """Its worker, as `serve` begins and ends it; the process that waits ends with it."""
    assert town.night(FIRST_NIGHT).is_completed()
    [form] = applications(town, 1)
    with at_work(town):
        with _running(worker_of(Settings()), tmp_path / "worker.log"):
            run = send(deployed, "Registrer søknad", form)
            wait_for_state(deployed, run, "Running")
            time.sleep(5)
            alive = engines_of(run)
            assert alive
        parked = ask(deployed, "GET", f"/flow_runs/{run}")
        assert (parked["state"]["name"], parked["state"]["message"]) == (PARKED, RESTARTED)
        assert parked["parameters"] == {"form": form}
        assert not engines_of(run)
    ask(deployed, "DELETE", f"/flow_runs/{run}")


def engines_of(run: str) -> list[int]:
    """Processes that carry out this run."""
    named = f"PREFECT__FLOW_RUN_ID={run}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if named in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found


def test_a_form_that_somebody_cancels_does_not_come_again(deployed: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.count("cases")
    [form] = applications(town, 1)
    with worker(deployed, town), at_work(town):
        run = send(deployed, "Registrer søknad", form)
        wait_for_state(deployed, run, "Running")
        time.sleep(5)
        post(deployed, f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}, "force": True})
        ended = finished(deployed, run)
    assert ended["state"]["type"] == "CANCELLED", ended["state"]
    assert town.count("cases") == before


def test_a_night_waits_for_a_form_at_work(town: Town) -> None:
    busy = at_work(town)
    busy.__enter__()
    Timer(3, busy.__exit__, (None, None, None)).start()
    began = time.monotonic()
    night = town.night(FIRST_NIGHT)
    assert night.is_completed(), night.message
    assert time.monotonic() - began > 3, "it has waited"
    assert town.count("nights", "is_well") == 1


def test_a_night_that_never_gets_its_turn_says_so_in_norwegian(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.running.MAY_WAIT", timedelta(seconds=1))
    with at_work(town):
        night = town.night(FIRST_NIGHT)
    assert night.is_failed()
    assert (night.message or "").startswith(f"En annen kjøring er i gang ({this_process()}: maskin")
    assert town.count("nights") == 0


@pytest.mark.parametrize(
    ("ended", "is_done"),
    [
        pytest.param([True], False, id="at-work-when-asked: it may have read what has been put right since"),
        pytest.param([True, True], True, id="begun-after"),
        pytest.param([False, True], True, id="the-first-failed"),
        pytest.param([True, False], False, id="the-later-failed"),
    ],
)
def test_of_nights_that_meet_the_last_does_what_none_has_done_since_it_was_asked_for(
    town: Town, monkeypatch: pytest.MonkeyPatch, *, ended: list[bool], is_done: bool
) -> None:
    busy = at_work(town)
    database = busy.__enter__()

    def others_end(_: float) -> None:
        for is_well in ended:
            with database.transaction() as connection:
                record_night(connection, EndedNight(FIRST_NIGHT, datetime.now(UTC), is_well, {}))
        busy.__exit__(None, None, None)

    # In the first pause between two looks at the lease.
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=others_end)
    monkeypatch.setattr("integrations.database.lease.time", clock)
    last = town.night(FIRST_NIGHT)
    assert last.is_completed(), last.message
    assert (last.message == DONE_MEANWHILE) == is_done
    assert town.count("nights") == len(ended) + (not is_done)
    assert (town.count("employees") == 0) == is_done


def wait_for_state(server: PrefectServer, run: str, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        found: dict[str, Any] = ask(server, "GET", f"/flow_runs/{run}")
        if found["state"]["name"] == name:
            return found
        time.sleep(0.2)
    pytest.fail(f"the run did not come so far: {found['state']}")
