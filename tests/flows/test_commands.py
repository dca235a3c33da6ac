"""The command as people type it: a child process, its exit code, its last line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console
from sqlalchemy import text

from hjemmekontor.printing import print_holds, print_rejected
from sandbox.graph.faults import Fault
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town
from tests.waiting import AT_MOST

SECONDS_TO_HANG = 2.0
BIN = Path(sys.executable).parent / "hjemmekontor"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(BIN), *arguments]
    return subprocess.run(  # noqa: S603 - our own words
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=AT_MOST, check=False
    )


def test_a_dry_run_as_json_ends_with_one_object_of_counts(prefect_server: PrefectServer, town: Town) -> None:
    on = FIRST_NIGHT + timedelta(days=1)
    town.sandbox.live_until(on)

    done = _run(
        ["nightly", "--on", on.isoformat(), "--dry-run", "--json"], prefect_server.environment | town.environment
    )

    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.strip().splitlines()[-1])
    assert (outcome["ok"], outcome["dry_run"], outcome["on"]) == (True, True, on.isoformat())
    assert outcome["steps"]["Ansatte"]["lest"] > 0
    assert outcome["steps"]["E-post"]["e-poster sendt"] > 0
    assert (town.count("employees"), town.mails()) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        pytest.param(["nightly", "--on", "tomorrow"], {}, "«tomorrow» is not a date", id="not a date"),
        pytest.param(["nightly", "--on", "2026-02-31"], {}, "«2026-02-31» is not a date", id="no such day"),
        pytest.param(["nightly"], {"HK_POLICY": "nope"}, "HK_POLICY: there is no policy «nope»", id="policy"),
        pytest.param(
            ["nightly"],
            {"HK_DATABASE_URL": "postgresql://u:hemmelig@127.0.0.1:1/none"},
            "HK_DATABASE_URL: cannot open",
            id="database",
        ),
        pytest.param(["check"], {"HK_GRAPH_BASE_URL": "http://graph.example/v1.0"}, "HK_GRAPH_BASE_URL:", id="http"),
        pytest.param(["nightly"], {"HK_HR_URL": "https://hr.example"}, "HK_GRAPH_TENANT_ID", id="half"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(
    arguments: list[str], environment: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = _run(arguments, environment)

    assert done.returncode == 1
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hemmelig" not in done.stderr
    assert not list(tmp_path.rglob("*.eml"))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param({"HK_GRAPH_CLIENT_SECRET": "wrong"}, "HK_GRAPH_CLIENT_SECRET", id="graph-credentials"),
        pytest.param({"HK_HR_PASSWORD": "wrong"}, "HK_HR_PASSWORD", id="hr-credentials"),
    ],
)
def test_wrong_credentials_name_the_settings(
    prefect_server: PrefectServer, town: Town, wrong: dict[str, str], named: str
) -> None:
    arguments = ["nightly", "--on", FIRST_NIGHT.isoformat(), "--json"]
    done = _run(arguments, prefect_server.environment | town.environment | wrong)

    assert done.returncode == 1
    assert named in json.loads(done.stdout.strip().splitlines()[-1])["problem"]
    assert "Traceback" not in done.stderr
    assert town.mails() == []


@pytest.mark.parametrize(
    ("at_request", "drop"),
    [(1, "before"), (4, "after"), (10, "after"), (15, "before"), (19, "after")],
)
def test_a_killed_night_is_finished_by_the_next_run(
    prefect_server: PrefectServer, town: Town, at_request: int, drop: Literal["before", "after"]
) -> None:
    """Killed with -9 while a writing request to Graph hangs, which was or was not carried out; then run again."""
    town.sandbox.live_until(FIRST_NIGHT)
    writing = "/(messages|children|invite|content|send)$"
    town.sandbox.tenant.faults.add(Fault(path_pattern=writing, skip=at_request, delay=SECONDS_TO_HANG, drop=drop))
    environment = {**os.environ, **prefect_server.environment, **town.environment}
    command = [str(BIN), "nightly", "--on", FIRST_NIGHT.isoformat()]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
    _wait_until_hanging(town, child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    time.sleep(SECONDS_TO_HANG)  # what hung is carried out, or is not, after its caller is dead

    again = town.night(FIRST_NIGHT)

    assert again.is_completed(), again.message
    recipients = [mail["To"] for mail in town.mails()]
    assert len(recipients) == len(set(recipients)) == town.count("outbox", "kind = 'mail'")
    assert town.count("outbox", "status <> 'done'") == 0
    assert town.count("notices", "outbox_key IS NULL") == 0
    assert town.count("cases") == town.count("inbox", "source = 'Soknader'") > 0


def _wait_until_hanging(town: Town, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        if not town.sandbox.tenant.faults.pending:
            return
        assert child.poll() is None, "the night was over before the request to kill it at"
        time.sleep(0.05)
    pytest.fail("the request to kill the night at never came")


def test_check_looks_at_everything_after_a_night(prefect_server: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    with town.engine.begin() as connection:
        # As if the last good sync had been a day and a half ago: worth a word, and no failure yet.
        earlier = (datetime.now(UTC) - timedelta(hours=36)).replace(tzinfo=None)
        connection.execute(text("UPDATE sync_runs SET finished_at = :at, published_at = NULL"), {"at": earlier})

    done = _run(["check"], prefect_server.environment | town.environment)

    assert done.returncode == 0, done.stderr
    lines = {line[6:].partition(":")[0]: line[:4].strip() for line in done.stderr.splitlines()}
    assert lines.pop("Staff data") == "warn"
    assert set(lines.values()) == {"ok"}
    assert {"Database", "HR system", "Directory", "Mailbox", "List Soknader"} <= lines.keys()


def test_a_command_uses_the_sandbox_that_another_process_runs(tmp_path: Path) -> None:
    """As beside `serve`, whose worker needs the same town."""
    command = [str(BIN), "sandbox", "--hr-port", "0", "--graph-port", "0"]
    announced = tmp_path / ".local" / "sandbox" / "running.json"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:  # noqa: S603 - our own words
        try:
            deadline = time.monotonic() + AT_MOST
            while not announced.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            checked, lived = _run(["check"], {}), _run(["year", "--from", "2026-11-24"], {})
        finally:
            child.send_signal(signal.SIGTERM)
    assert checked.returncode == 0, checked.stderr
    assert "HR system: " in checked.stderr
    assert lived.returncode == 1
    assert "is in use by another process" in lived.stderr
    assert not announced.exists()
    assert _run(["check"], {}).returncode == 0


def test_what_is_set_aside_is_counted_as_the_night_counts_it() -> None:
    console = Console(record=True, width=200)
    row = {"source": "hr", "who": "1", "item": "", "path": "navn", "reason": "mangler", "first_seen_on": "2026-01-01"}
    seen = [row | {"last_seen_on": day} for day in ("2026-11-10", "2026-11-14", "2026-11-28")]
    print_rejected(console, seen, date(2026, 11, 28))
    assert "Avvik (2, og 1 eldre enn 14 dager)" in console.export_text()


def test_a_held_sync_is_shown_with_the_command_that_decides_it() -> None:
    """Also one that a version kept which told fewer kinds apart."""
    console = Console(record=True, width=200)
    at = {"reasons": ["40 ansatte ville sluttet"], "held_at": "2026-11-28T01:15:00+00:00"}
    earlier = {"digest": "a1b2", "status": "waiting", "diff": {"changed": ["7"]}, **at}
    discarded = {"digest": "c3d4", "status": "discarded", "diff": {"changed": ["7"], "ending": ["7"]}, **at}
    print_holds(console, [earlier, discarded])
    said = console.export_text()
    assert "review-hold a1b2 --by ANSATTNUMMER --approve" in said
    assert "c3d4  (forkastet" in said
    assert "ville sluttet (siste dag fra HR) (1): 7" in said


def test_what_waits_for_a_person_is_shown(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    with town.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rejected_rows (source, key, path, reason, first_seen_on, last_seen_on) "
                "VALUES ('hr', '100217', 'person.navn', 'verdien mangler', '2026-11-16', '2026-11-16')"
            )
        )

    aside = json.loads(_run(["rejected", "--json"], town.environment).stdout)
    held = _run(["holds"], town.environment)

    assert [(row["key"], row["reason"]) for row in aside if row["source"] == "hr"] == [("100217", "verdien mangler")]
    assert "Ingen stanset synkronisering venter." in held.stderr


def test_serve_takes_over_nobody_elses_port() -> None:
    """Whatever server has it would be given our deployments and alerts."""
    with socket.create_server(("127.0.0.1", 0)) as theirs, socket.create_server(("127.0.0.1", 0)) as theirs_too:
        taken, taken_too = (str(each.getsockname()[1]) for each in (theirs, theirs_too))
        prefect = _run(["serve", "--port", taken, "--hr-port", "0", "--graph-port", "0"], {})
        sandbox = _run(["serve", "--hr-port", taken_too, "--graph-port", "0"], {})
    assert (prefect.returncode, sandbox.returncode) == (1, 1)
    assert f"cannot listen on port {taken}: Address already in use" in prefect.stderr
    assert f"cannot listen on port {taken_too}: Address already in use" in sandbox.stderr
    assert "Traceback" not in prefect.stderr + sandbox.stderr
