"""Deployments as an operator makes them, the API as Prefect's page uses it, and a worker that runs what is started."""

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
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from config.installation import POOL
from hjemmekontor.serve import ROOT
from tests.flows.conftest import PrefectServer, Town
from tests.waiting import AT_MOST

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def ask(server: PrefectServer, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - whatever the API says
    """As Prefect's own client does: a server busy with its SQLite file answers 503, and is asked again."""
    patience = Retry(total=8, backoff_factor=0.3, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patience))
        answer = session.request(method, f"{server.api_url}{path}", json=body, timeout=AT_MOST)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def post(server: PrefectServer, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the API says
    return ask(server, "POST", path, body)


def start(server: PrefectServer, deployment_id: str, on: date) -> str:
    body = {"state": {"type": "SCHEDULED"}, "parameters": {"on": on.isoformat()}}
    run: str = post(server, f"/deployments/{deployment_id}/create_flow_run", body)["id"]
    return run


def finished(server: PrefectServer, run: str) -> dict[str, Any]:
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        answer: dict[str, Any] = ask(server, "GET", f"/flow_runs/{run}")
        if answer["state"]["type"] in FINAL:
            return answer
        time.sleep(0.5)
    pytest.fail(f"the worker did not run the night: {answer['state']}")


@contextmanager
def worker(server: PrefectServer, town: Town, pool: str = POOL) -> Iterator[int]:
    """Gives the number of its process."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]
    environment = {**os.environ, **server.environment, **town.environment}
    with Path("worker.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own words
        try:
            yield child.pid
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def newest_run(server: PrefectServer, deployment: str, but: str | None = None) -> str:
    """The id of the newest run of this deployment, other than `but`; empty when there has been none."""
    wanted = {"deployments": {"name": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
    for _ in range(50):
        found = [run["id"] for run in post(server, "/flow_runs/filter", wanted)]
        if but is None or (found and found[0] != but):
            return found[0] if found else ""
        time.sleep(0.2)
    pytest.fail(f"no run was made of «{deployment}»")
