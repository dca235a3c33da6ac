"""The deployments as an operator makes them, and a night started the way the Prefect UI starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from hjemmekontor.serve import POOL, ROOT, deploy
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
SECONDS_FOR_A_NIGHT = 120


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


@pytest.fixture(scope="module")
def deployed(prefect_server: PrefectServer) -> Iterator[PrefectServer]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in prefect_server.environment.items():
            environment.setenv(name, value)
        deploy()
        yield prefect_server


def _ask(server: PrefectServer, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - whatever the API says
    """As Prefect's own client does: a server busy with its SQLite file answers 503, and is asked again."""
    patience = Retry(total=8, backoff_factor=0.3, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patience))
        answer = session.request(method, f"{server.api_url}{path}", json=body, timeout=20)
    answer.raise_for_status()
    return answer.json()


def _post(server: PrefectServer, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the API says
    return _ask(server, "POST", path, body)


def test_deploying_twice_gives_the_same_set_as_once(deployed: PrefectServer) -> None:
    once = _post(deployed, "/deployments/filter", {})

    deploy()

    twice = _post(deployed, "/deployments/filter", {})
    assert {each["id"] for each in twice} == {each["id"] for each in once}
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {each["name"] for each in twice} == {each["name"] for each in declared}
    (night,) = (each for each in twice if each["name"] == "nattkjoring")
    (schedule,) = night["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("15 1 * * *", "Europe/Oslo")
    assert night["concurrency_options"]["collision_strategy"] == "ENQUEUE"


def test_a_night_started_from_the_deployment_is_run_by_a_worker(deployed: PrefectServer, town: Town) -> None:
    town.sandbox.live_until(FIRST_NIGHT)
    (night,) = (each for each in _post(deployed, "/deployments/filter", {}) if each["name"] == "nattkjoring")
    with _worker(deployed, town):
        run = _start(deployed, night["id"], FIRST_NIGHT)
        finished = _finished(deployed, run)

    assert finished["state"]["type"] == "COMPLETED", finished["state"]["message"]
    assert finished["name"] == f"nightly {FIRST_NIGHT}"
    assert town.count("cases") == town.count("inbox", "source = 'Soknader'") > 0
    assert len(town.mails()) == town.count("outbox", "kind = 'mail'") > 0
    artifacts = _post(deployed, "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    assert {artifact["key"] for artifact in artifacts} == {"nightly-tall", "nightly-rapport"}


def test_prefect_is_told_nobodys_name(deployed: PrefectServer, town: Town) -> None:
    """Logs, parameters, run names, artifacts and events: searched for everybody's name and address."""
    assert town.night(FIRST_NIGHT).is_completed()
    time.sleep(3)  # logs and events reach the server in batches

    stored = b"".join(file.read_bytes() for file in deployed.home.glob("prefect.db*"))
    assert b"nightly" in stored
    people = town.sandbox.municipality.people
    for person in people:
        assert person.email.encode() not in stored
        assert person.name.encode() not in stored


def _start(server: PrefectServer, deployment_id: str, on: date) -> str:
    body = {"state": {"type": "SCHEDULED"}, "parameters": {"on": on.isoformat()}}
    run: str = _post(server, f"/deployments/{deployment_id}/create_flow_run", body)["id"]
    return run


def _finished(server: PrefectServer, run: str) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS_FOR_A_NIGHT
    while time.monotonic() < deadline:
        answer: dict[str, Any] = _ask(server, "GET", f"/flow_runs/{run}")
        if answer["state"]["type"] in FINAL:
            return answer
        time.sleep(0.5)
    pytest.fail(f"the worker did not run the night: {answer['state']}")


@contextmanager
def _worker(server: PrefectServer, town: Town) -> Iterator[None]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    environment = {**os.environ, **server.environment, **town.environment}
    with Path("worker.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own words
        try:
            yield
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
