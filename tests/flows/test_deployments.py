"""The deployments as an operator makes them, and a night started the way the Prefect UI starts it."""

import time
from datetime import datetime

import pytest
import yaml

from agreements.calendar import OSLO
from config.policy_files import load_policy
from config.settings import Settings
from hjemmekontor.serve import ROOT, deploy
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, assert_nobody_is_named
from tests.flows.deploying import ask, finished, post, start, worker
from tests.waiting import AT_MOST


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


def test_deploying_twice_gives_the_same_set_as_once(deployed: PrefectServer) -> None:
    """And takes away a limit that an earlier version set: a killed run's slot would never come back.

    A pause ends, and a schedule that somebody has switched off stays off: docs/runbook.md, «The night did not run».
    """
    once = post(deployed, "/deployments/filter", {})
    of_old = {"concurrency_limit": 1, "concurrency_options": {"collision_strategy": "ENQUEUE"}}
    for each in once:
        if each["name"] == "nattkjoring":
            ask(deployed, "PATCH", f"/deployments/{each['id']}", of_old)
            schedule = f"/deployments/{each['id']}/schedules/{each['schedules'][0]['id']}"
            post(deployed, f"/deployments/{each['id']}/pause_deployment", {})
            ask(deployed, "PATCH", schedule, {"active": False})
    assert len(post(deployed, "/v2/concurrency_limits/filter", {})) == 1

    deploy(Settings())

    twice = post(deployed, "/deployments/filter", {})
    assert {each["id"] for each in twice} == {each["id"] for each in once}
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {each["name"] for each in twice} == {each["name"] for each in declared}
    (night,) = (each for each in twice if each["name"] == "nattkjoring")
    (timing,) = night["schedules"]
    assert (night["paused"], timing["active"]) == (False, False)
    ask(deployed, "PATCH", schedule, {"active": True})
    assert (timing["schedule"]["cron"], timing["schedule"]["timezone"]) == ("15 1 * * *", "Europe/Oslo")
    [assessment] = [each for each in twice if each["name"] == "Registrer vurdering"]
    asked = assessment["parameter_openapi_schema"]["definitions"]["AssessmentForm"]["properties"]
    assert {question.column for question in load_policy(Settings().policy).manager_questions} <= asked.keys()
    assert all(each["concurrency_options"] is each["global_concurrency_limit"] is None for each in twice)
    assert post(deployed, "/v2/concurrency_limits/filter", {}) == []


def test_several_municipalities_share_a_server_and_nothing_else(deployed: PrefectServer) -> None:
    before = {each["id"] for each in post(deployed, "/deployments/filter", {})}
    deploy(Settings(installation="sandvik"))
    theirs = [each for each in post(deployed, "/deployments/filter", {}) if each["id"] not in before]
    try:
        declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        assert {each["name"] for each in theirs} == {f"{each['name']} (sandvik)" for each in declared}
        assert {each["work_pool_name"] for each in theirs} == {"hjemmekontor-sandvik"}
        assert all("sandvik" in each["tags"] for each in theirs)
        mine = [each for each in post(deployed, "/deployments/filter", {}) if each["id"] in before]
        assert {each["work_pool_name"] for each in mine} == {"hjemmekontor"}
    finally:
        for each in theirs:
            ask(deployed, "DELETE", f"/deployments/{each['id']}")


def test_nights_are_scheduled_by_themselves(deployed: PrefectServer) -> None:
    """Prefect's scheduler failed at this under SQLAlchemy 2.1, and said so in the server's log alone."""
    wanted = {
        "deployments": {"name": {"any_": ["nattkjoring"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    deadline = time.monotonic() + AT_MOST
    while not (runs := post(deployed, "/flow_runs/filter", wanted)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert runs
    starts = [datetime.fromisoformat(run["expected_start_time"]).astimezone(OSLO) for run in runs]
    assert {(start.hour, start.minute) for start in starts} == {(1, 15)}


def test_a_night_started_from_the_deployment_is_run_by_a_worker(deployed: PrefectServer, town: Town) -> None:
    town.sandbox.live_until(FIRST_NIGHT)
    (night,) = (each for each in post(deployed, "/deployments/filter", {}) if each["name"] == "nattkjoring")
    with worker(deployed, town):
        run = start(deployed, night["id"], FIRST_NIGHT)
        ran = finished(deployed, run)

    assert ran["state"]["type"] == "COMPLETED", ran["state"]["message"]
    assert ran["name"] == f"nightly {FIRST_NIGHT}"
    assert town.count("cases") == town.count("inbox", "source = 'Soknader'") > 0
    assert len(town.mails()) == town.count("outbox", "kind = 'mail'") > 0
    artifacts = post(deployed, "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    assert {artifact["key"] for artifact in artifacts} == {*("nightly-tall", "nightly-rapport", "hvordan-star-det-til")}


def test_prefect_is_told_nobodys_name(deployed: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    assert_nobody_is_named(deployed, town)
