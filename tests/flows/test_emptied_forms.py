"""What HR types in a form is in our database or nowhere: Prefect keeps nothing of it once the form is over."""

import time
from datetime import timedelta
from typing import Any

import pytest
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text

from agreements.case import State
from config.policy_files import load_policy
from flows.explain_case import explain_case
from flows.forms import EMPTIED
from flows.impose_home_office import impose_home_office
from flows.register_assessment import register_assessment
from flows.review_hold import review_hold
from flows.terminate_agreement import terminate_agreement
from integrations.database.engine import Database
from tasks.emptying import (
    HEARTBEAT,
    NEVER_BEGAN,
    NEVER_ENDED,
    PARKED,
    STOPPED,
    TAKEN_UP,
    TRIED_AGAIN,
    emptied_afterwards,
)
from tests.database.samples import new_case, store
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, fill_in
from tests.flows.deploying import ask, finished, post, worker
from tests.flows.traces import values_of
from tests.graph.test_hr_acts import DELIVERED

TYPED = "Skjerm-og-stol-7f3a"
"""Free text, or what somebody has typed in a wrong field; without signs that JSON writes in another way."""
NOWHERE: list[str] = []
FOREIGN = {"form": {"shape": "round"}}
PERIOD: dict[str, Any] = dict.fromkeys(("start_on", "end_on", "discussed_with_unions_on"), str(FIRST_NIGHT))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture
def to_assess(town: Town) -> str:
    """The number of a case that waits for its manager's assessment."""
    assert town.night(FIRST_NIGHT).is_completed()
    query = (
        "SELECT max(employee_number) FROM employees WHERE left_on IS NULL "
        "AND employee_number NOT IN (SELECT employee_number FROM cases)"
    )
    case = new_case(77, town.rows(query)[0][0], state=State.IN_ASSESSMENT, requirements=DELIVERED)
    database = Database.open(town.environment["HK_DATABASE_URL"])
    store(database, load_policy("prosedyre-websak"), case)
    database.close()
    return case.number


def tables_that_hold(server: PrefectServer, typed: str) -> list[str]:
    """Every table of Prefect's whole database in which this can be read."""
    time.sleep(3)  # logs and events reach the server in batches
    return sorted({table for table, value in values_of(server.home) if typed in value})


def assessment(number: str, town: Town) -> dict[str, Any]:
    """As Prefect's page sends it."""
    adviser = town.rows("SELECT min(employee_number) FROM employees WHERE left_on IS NULL")[0][0]
    return {
        "form": {"case_number": number, "outcome": "Godkjent", "measures": TYPED, "registered_by": adviser},
    }


def test_what_was_registered_is_in_our_database_alone(
    prefect_server: PrefectServer, town: Town, to_assess: str
) -> None:
    done = fill_in(register_assessment, town, case_number=to_assess, outcome="Godkjent", measures=TYPED)
    assert done.is_completed(), done.message
    assert town.rows("SELECT assessment_measures FROM cases WHERE number = 'HK-2027-00077'") == [(TYPED,)]
    assert tables_that_hold(prefect_server, TYPED) == NOWHERE


def test_what_was_refused_is_nowhere(prefect_server: PrefectServer, town: Town, to_assess: str) -> None:
    decided = fill_in(register_assessment, town, case_number=to_assess, outcome="Avslått")
    assert decided.is_completed(), decided.message
    late = fill_in(register_assessment, town, case_number=to_assess, outcome="Godkjent", measures=TYPED)
    impossible = fill_in(register_assessment, town, case_number=TYPED, outcome=TYPED, package=TYPED, measures=[TYPED])
    unknown = fill_in(terminate_agreement, town, registered_by=TYPED, case_number=to_assess, party=TYPED)
    nobody = explain_case(form={"case_number": TYPED}, return_state=True)
    no_unit = fill_in(impose_home_office, town, unit_id=TYPED, **PERIOD)
    no_hold = fill_in(review_hold, town, digest=TYPED, decision="Forkast")
    refused = (late, impossible, unknown, nobody, no_unit, no_hold)
    assert [state.name for state in refused] == ["Avvist"] * len(refused)
    assert town.count("inbox", f"payload LIKE '%{TYPED}%'") == 0
    assert tables_that_hold(prefect_server, TYPED) == NOWHERE


def test_what_broke_down_is_nowhere(prefect_server: PrefectServer, town: Town, to_assess: str) -> None:
    with town.engine.begin() as connection:
        # A database may quote what it could not store.
        refusal = f"BEGIN SELECT RAISE(ABORT, '{TYPED}'); END"
        connection.execute(text(f"CREATE TRIGGER refuses BEFORE INSERT ON inbox {refusal}"))
    broken = fill_in(register_assessment, town, case_number=to_assess, outcome="Godkjent", measures=TYPED)
    assert (broken.name, broken.message) == ("Failed", "uventet feil (BrokenDownError); se loggen")
    assert tables_that_hold(prefect_server, TYPED) == NOWHERE


def test_what_never_ran_is_taken_by_the_night_and_cannot_be_run_again(
    deployed: PrefectServer, town: Town, to_assess: str
) -> None:
    [form] = post(deployed, "/deployments/filter", {"deployments": {"name": {"any_": ["Registrer vurdering"]}}})
    typed = {"state": {"type": "SCHEDULED"}, "parameters": assessment(to_assess, town)}
    run = post(deployed, f"/deployments/{form['id']}/create_flow_run", typed)["id"]
    assert tables_that_hold(deployed, TYPED) == ["flow_run"]
    post(deployed, f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLED"}, "force": True})
    somebody_elses = post(deployed, "/flow_runs/", foreign_run(deployed))["id"]

    rehearsed = town.night(FIRST_NIGHT, dry_run=True)
    assert tables_that_hold(deployed, TYPED) == ["flow_run"]
    night = town.night(FIRST_NIGHT)
    for told in (rehearsed.result(), night.result()):
        assert told["Sletting"] == {"skjemaer tømt i Prefect": 1}
    assert tables_that_hold(deployed, TYPED) == NOWHERE

    with worker(deployed, town):
        # As the page does when somebody presses Retry.
        again = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True}
        post(deployed, f"/flow_runs/{run}/set_state", again)
        assert finished(deployed, run)["state"]["message"] == EMPTIED
    assert ask(deployed, "GET", f"/flow_runs/{run}")["parameters"] == {"form": {}}
    assert town.count("inbox", "registered_by IS NOT NULL") == 0
    assert ask(deployed, "GET", f"/flow_runs/{somebody_elses}")["parameters"] == FOREIGN, "not ours to empty"


@pytest.fixture
def dead_worker(deployed: PrefectServer, town: Town, to_assess: str) -> dict[str, str]:
    """Forms by what a worker that was killed left them as; one of them lives, and one is another municipality's."""
    [form] = post(deployed, "/deployments/filter", {"deployments": {"name": {"any_": ["Registrer vurdering"]}}})
    runs = {}
    for name, states in {
        "pending": ["PENDING"],
        "running": ["PENDING", "RUNNING"],
        "silent": ["PENDING", "RUNNING", "CRASHED"],
        "cancelling": ["PENDING", "RUNNING", "CANCELLING"],
        "alive": ["PENDING", "RUNNING"],
        "waiting": ["SCHEDULED"],
    }.items():
        begun = {"state": {"type": states[0]}, "parameters": assessment(to_assess, town)}
        runs[name] = str(post(deployed, f"/deployments/{form['id']}/create_flow_run", begun)["id"])
        for each in states[1:]:
            if each == "CRASHED":  # it lived until a moment ago
                emit_event(HEARTBEAT, {"prefect.resource.id": f"prefect.flow-run.{runs[name]}"})
                time.sleep(1)
            post(deployed, f"/flow_runs/{runs[name]}/set_state", {"state": {"type": each}, "force": True})
    foreign = foreign_run(deployed) | {"state": {"type": "PENDING"}, "tags": ["hjemmekontor"]}
    runs["foreign"] = str(post(deployed, "/flow_runs/", foreign)["id"])
    emit_event(HEARTBEAT, {"prefect.resource.id": f"prefect.flow-run.{runs['alive']}"})
    EventsWorker.instance().wait_until_empty()
    time.sleep(3)
    return runs


def states_of(server: PrefectServer, runs: dict[str, str]) -> dict[str, tuple[str, bool]]:
    """What each is called now, and whether anything of what was typed is left in it."""
    found = {name: ask(server, "GET", f"/flow_runs/{run}") for name, run in runs.items()}
    return {name: (run["state"]["type"], run["parameters"] != {"form": {}}) for name, run in found.items()}


def said_of(server: PrefectServer, runs: dict[str, str]) -> dict[str, tuple[str, str]]:
    found = {name: ask(server, "GET", f"/flow_runs/{run}")["state"] for name, run in runs.items()}
    return {name: (state["name"], state["message"]) for name, state in found.items()}


UNTOUCHED = {"alive": ("RUNNING", True), "waiting": ("SCHEDULED", True), "foreign": ("PENDING", True)}


def test_what_a_killed_worker_left_is_begun_anew_once_and_then_told_and_emptied(
    deployed: PrefectServer, town: Town, dead_worker: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what HR typed is lost by the first stop, also where the automation has marked the run Crashed."""
    fresh = states_of(deployed, dead_worker)
    monkeypatch.setattr("tasks.emptying.SILENT_FOR", timedelta())
    rehearsed = town.night(FIRST_NIGHT, dry_run=True)
    assert states_of(deployed, dead_worker) == fresh
    night = town.night(FIRST_NIGHT)
    for told in (rehearsed, night):
        assert told.result()["Sletting"] == {"skjemaer tømt i Prefect": 1, TRIED_AGAIN: 3}
    assert states_of(deployed, dead_worker) == UNTOUCHED | {
        "pending": ("SCHEDULED", True),
        "running": ("SCHEDULED", True),
        "silent": ("SCHEDULED", True),
        "cancelling": ("CANCELLED", False),
    }
    taken_up = ("pending", "running", "silent")
    assert {said_of(deployed, dead_worker)[name] for name in taken_up} == {(PARKED, TAKEN_UP)}

    for name, states in {"pending": ["PENDING"], "running": ["RUNNING"], "silent": ["RUNNING", "CRASHED"]}.items():
        for each in states:
            post(deployed, f"/flow_runs/{dead_worker[name]}/set_state", {"state": {"type": each}, "force": True})
    assert town.night(FIRST_NIGHT).result()["Sletting"] == {"skjemaer tømt i Prefect": 3, STOPPED: 3}
    assert states_of(deployed, dead_worker) == UNTOUCHED | dict.fromkeys(taken_up, ("CRASHED", False)) | {
        "cancelling": ("CANCELLED", False)
    }
    said = {name: words for name, (_, words) in said_of(deployed, dead_worker).items()}
    assert (said["pending"], said["running"], said["silent"]) == (NEVER_BEGAN, NEVER_ENDED, NEVER_ENDED)
    for run in dead_worker.values():
        ask(deployed, "DELETE", f"/flow_runs/{run}")


def test_nothing_is_taken_for_dead_before_its_time(
    deployed: PrefectServer, town: Town, dead_worker: dict[str, str]
) -> None:
    """Only what Prefect itself has marked Crashed is known for dead at once."""
    fresh = states_of(deployed, dead_worker)
    assert town.night(FIRST_NIGHT).result()["Sletting"] == {TRIED_AGAIN: 1}
    assert states_of(deployed, dead_worker) == fresh | {"silent": ("SCHEDULED", True)}
    for run in dead_worker.values():
        ask(deployed, "DELETE", f"/flow_runs/{run}")


def foreign_run(server: PrefectServer) -> dict[str, Any]:
    """One of another program on the same server, which has a parameter of that name as well."""
    flow = post(server, "/flows/", {"name": "somebody-elses"})["id"]
    return {"flow_id": flow, "parameters": FOREIGN, "state": {"type": "COMPLETED"}}


def test_what_prefect_does_not_answer_to_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "00000000-0000-4000-8000-000000000000")
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}), emptied_afterwards():
        registered = True
    assert registered
