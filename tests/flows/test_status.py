"""Is the system well, on a real server: the page, the command, and the events, with nobody in any of them."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from agreements.calendar import OSLO
from flows.show_status import show_status
from integrations.database.engine import Database
from integrations.database.lease import lease
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town
from tests.flows.deploying import finished, post, start, worker
from tests.waiting import AT_MOST

BIN = Path(sys.executable).parent / "hjemmekontor"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


def page(server: PrefectServer, key: str = "hvordan-star-det-til") -> str:
    answer = requests.get(f"{server.api_url}/artifacts/{key}/latest", timeout=AT_MOST)
    answer.raise_for_status()
    shown: str = answer.json()["data"]
    return shown


def events(server: PrefectServer, name: str, since: str) -> list[dict[str, Any]]:
    """Events of ours reach the server in batches: as soon as there is one, all of them are there."""
    wanted = {"filter": {"event": {"name": [name]}, "occurred": {"since": since}}}
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        found: list[dict[str, Any]] = post(server, "/events/filter", wanted)["events"]
        if found:
            return found
        time.sleep(0.3)
    return []


def names_nobody(town: Town, said: str) -> None:
    for person in town.sandbox.municipality.people:
        assert person.name not in said
        assert person.email not in said
        assert f'"{person.employee_number}"' not in said


def moment() -> str:
    return datetime.now(UTC).isoformat()


def status(server: PrefectServer, town: Town, on: date) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words
        [str(BIN), "status", "--on", on.isoformat()],
        env={**os.environ, **server.environment, **town.environment},
        capture_output=True,
        text=True,
        timeout=AT_MOST,
        check=False,
    )


def test_a_night_that_went_well(deployed: PrefectServer, town: Town) -> None:
    begun = moment()
    assert town.night(FIRST_NIGHT, dry_run=True).is_completed()
    assert town.night(FIRST_NIGHT).is_completed()

    shown = page(deployed)
    assert "| ok | Siste natt | gikk bra, ferdig " in shown
    assert "| ok | Neste natt | " in shown
    assert "må ses på" not in shown
    [told] = events(deployed, "hjemmekontor.night.told", begun)
    assert (told["payload"]["date"], told["payload"]["ok"]) == (FIRST_NIGHT.isoformat(), True)
    steps = {each["step"]: each["counts"] for each in told["payload"]["steps"]}
    assert steps["Ansatte"]["lest"] == town.count("employees")
    names_nobody(town, shown + str(told))

    done = status(deployed, town, FIRST_NIGHT)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("ok") for line in done.stderr.splitlines())


def test_what_must_be_looked_at(deployed: PrefectServer, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the page, the command and an event each."""
    assert town.night(FIRST_NIGHT).is_completed()
    monkeypatch.setenv("HK_REJECTED_LIMIT", "0")
    monkeypatch.setenv("HK_GRAPH_SECRET_EXPIRES", (datetime.now(OSLO).date() + timedelta(days=9)).isoformat())
    begun = moment()
    long_ago = (datetime.now(UTC) - timedelta(hours=60)).replace(tzinfo=None)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE sync_runs SET finished_at = :at, published_at = NULL"), {"at": long_ago})
        # As if HR had changed everybody since: what we remember differs from what it says now.
        connection.execute(text("UPDATE employees SET content_hash = :old"), {"old": b"\x02old"})
        connection.execute(text("UPDATE outbox SET status = 'failed', reason = 'x' WHERE id = 1"))
        connection.execute(
            text(
                "INSERT INTO rejected_rows (source, key, path, reason, first_seen_on, last_seen_on) "
                "VALUES ('hr', '100217', 'person.navn', 'verdien mangler', '2026-11-16', '2026-11-16')"
            )
        )

    assert town.night(FIRST_NIGHT + timedelta(days=1)).is_failed()

    shown = page(deployed)
    wrong = {line.split(" | ")[1] for line in shown.splitlines() if line.startswith("| må ses på")}
    assert wrong == {"Siste natt", "Ansattdata", "Stansede kjøringer", "Avvik satt til side", "Leveranser oppgitt"} | {
        "Hemmeligheten for Microsoft 365"
    }
    for what in ("hr-data.stale", "sync.held", "rejected.over-limit", "credential.ending"):
        [event] = events(deployed, f"hjemmekontor.{what}", begun)
        names_nobody(town, str(event))
    names_nobody(town, shown)

    done = status(deployed, town, FIRST_NIGHT + timedelta(days=1))
    assert done.returncode == 1
    assert "må ses på   Siste natt: feilet, ferdig " in done.stderr


def test_a_failed_sync_says_why_and_links_to_what_repairs_it(deployed: PrefectServer, town: Town) -> None:
    """As a worker runs it: only a deployment's run has deployments to link to."""
    town.sandbox.live_until(FIRST_NIGHT)
    deployments = {each["name"]: each["id"] for each in post(deployed, "/deployments/filter", {})}
    with worker(deployed, town):
        assert (
            finished(deployed, start(deployed, deployments["nattkjoring"], FIRST_NIGHT))["state"]["type"] == "COMPLETED"
        )
        with town.engine.begin() as connection:
            connection.execute(text("UPDATE employees SET content_hash = :old"), {"old": b"\x02old"})
        next_night = start(deployed, deployments["nattkjoring"], FIRST_NIGHT + timedelta(days=1))
        assert finished(deployed, next_night)["state"]["type"] == "FAILED"

    [(digest, reasons)] = town.rows("SELECT digest, reasons FROM holds WHERE status = 'waiting'")
    told, shown = page(deployed, "nightly-rapport"), page(deployed)
    for name in ("Lag rapporter", "Avgjør stanset kjøring"):
        assert f"[{name}](/deployments/deployment/{deployments[name]}/run" in told
    for name in ("nattkjoring", "Avgjør stanset kjøring"):
        assert f"[{name}](/deployments/deployment/{deployments[name]}/run" in shown
    assert json.loads(reasons)[0] in told
    assert json.loads(reasons)[0] in shown
    assert f"%22{digest}%22" in told
    assert f"%22{digest}%22" in shown


def test_it_can_be_asked_at_any_time(deployed: PrefectServer, town: Town) -> None:
    """Also while a night holds the lease, and before there has been any."""
    before = town.contents()
    database = Database.open(town.environment["HK_DATABASE_URL"])
    with lease(database, "night", "a night that is running"):
        state = show_status(return_state=True)
    database.close()

    assert state.is_completed()
    assert state.message == "Noe må ses på. Siden ligger under Artifacts."
    assert "| må ses på | Ansattdata | aldri hentet fra HR-systemet |" in page(deployed)
    assert town.contents() == before
