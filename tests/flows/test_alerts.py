"""Alerts against a real server: the same set twice, runs that fail and runs that are gone, one mail each."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings
from pydantic import SecretStr

from config.installation import TAG, resource
from config.settings import Settings
from flows.forms import NOT_ACCEPTED
from flows.notify_ops import notify_ops
from hjemmekontor.automations import (
    PrefectSilentError,
    alerts,
    keep,
    keep_automations,
    prefix,
    zombies,
)
from sandbox.town import OPS_MAILBOX
from tasks.emptying import PARKED
from tasks.events import NIGHT_TOLD
from tests.flows.alerting import alerts_sent, automations, listening, run_of, wait_for
from tests.flows.conftest import PrefectServer, Town
from tests.flows.deploying import ask, post

SHORTEST = timedelta(seconds=10)
"""Prefect waits no shorter for what does not come."""
SILENT = timedelta(seconds=30)
"""Long enough for what ends a run to be told on a busy machine as well."""
QUIET = 3
"""Seconds in which a second alert would have come: the first one takes less."""
RUN = "e357441b-b2e8-40f8-a9bd-a399adb4276d"
ALONE = Settings()
EVERYTHING = [zombies(ALONE).name, *(prefix(ALONE) + each.name for each in alerts(ALONE))]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture
def no_automations(deployed_on_postgres: PrefectServer) -> Iterator[PrefectServer]:
    """The server is shared with other tests: nobody is told of their failed nights, and their workers find no run."""
    yield deployed_on_postgres
    with get_client(sync_client=True) as client:
        keep(client, ALONE, [])
        for run in client.read_flow_runs():
            if run.state is not None and not run.state.is_final() and not run.auto_scheduled:
                client.delete_flow_run(run.id)


def test_the_same_set_twice_and_nobody_elses_is_touched(no_automations: PrefectServer) -> None:
    server = no_automations
    somebody_elses = zombies(ALONE).model_copy(update={"name": "somebody else's"})
    renamed = zombies(ALONE).model_copy(update={"name": f"{prefix(ALONE)}no longer wanted"})
    with get_client(sync_client=True) as client:
        other = client.create_automation(somebody_elses)
        client.create_automation(renamed)
    settings = Settings(ops_mailbox="drift@example.no", alert_webhook=SecretStr("http://127.0.0.1:9/"))

    assert keep_automations(settings) == EVERYTHING
    once = automations(server)
    keep_automations(settings)
    assert automations(server) == once
    assert {each["name"] for each in once} == {"somebody else's", *EVERYTHING}
    assert all(len(each["actions"]) == 2 for each in once if each["name"] in EVERYTHING[1:])

    keep_automations(Settings(ops_mailbox="drift@example.no"))
    fewer = {each["name"]: each for each in automations(server)}
    assert {each["id"] for each in fewer.values()} == {each["id"] for each in once}
    assert all(len(fewer[name]["actions"]) == 1 for name in EVERYTHING)

    assert keep_automations(Settings()) == [zombies(ALONE).name]
    assert {each["name"] for each in automations(server)} == {"somebody else's", zombies(ALONE).name}
    with get_client(sync_client=True) as client:
        client.delete_automation(other)


def test_a_server_that_does_not_answer_is_one_line(no_automations: PrefectServer) -> None:
    del no_automations
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(PrefectSilentError, match="is it running at PREFECT_API_URL"),
    ):
        keep_automations(Settings())


def test_a_failed_run_is_told_once_and_no_alert_is_about_an_alert(no_automations: PrefectServer) -> None:
    server = no_automations
    with listening() as (address, received):
        keep_automations(Settings(ops_mailbox="drift@example.no", alert_webhook=SecretStr(address)))
        assert address not in str(post(server, "/block_documents/filter", {}))
        before = {each["id"] for each in alerts_sent(server)}

        failed = ask(server, "GET", f"/flow_runs/{run_of(server, 'ansatte', 'FAILED')}")

        (alert,) = wait_for(lambda: [each for each in alerts_sent(server) if each["id"] not in before])
        assert alert["parameters"]["what"] == "En kjøring feilet."
        assert alert["parameters"]["run"] == failed["name"]
        assert alert["parameters"]["run_id"] == failed["id"]
        (said,) = wait_for(lambda: received)
        assert failed["name"] in said["text"]

        post(server, f"/flow_runs/{alert['id']}/set_state", {"state": {"type": "FAILED"}, "force": True})
        time.sleep(QUIET)
        assert {each["id"] for each in alerts_sent(server)} - before == {alert["id"]}
        assert len(received) == 1


def test_a_form_that_is_not_accepted_is_no_alert(no_automations: PrefectServer) -> None:
    """Whoever filled it in has been told; a run that fails after it is told before it would have been."""
    server = no_automations
    with listening() as (address, received):
        keep_automations(Settings(alert_webhook=SecretStr(address)))
        refused, failed = (
            ask(server, "GET", f"/flow_runs/{run_of(server, 'Vis sak', 'FAILED', name)}")["name"]
            for name in (NOT_ACCEPTED, None)
        )

        wait_for(lambda: any(failed in said["text"] for said in received))
        assert not any(refused in said["text"] for said in received)


def test_a_run_without_a_sign_of_life_is_marked_crashed(no_automations: PrefectServer) -> None:
    server = no_automations
    with get_client(sync_client=True) as client:
        keep(client, ALONE, [zombies(ALONE, silent_for=SILENT)])
    run = run_of(server, "nattkjoring", "RUNNING")
    ended = run_of(server, "nattkjoring", "RUNNING")
    parked = run_of(server, "Vis sak", "RUNNING")
    tag = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
    for each in (run, ended, parked):
        emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{each}"}, related=[tag])
    EventsWorker.instance().wait_until_empty()  # a sign of life that comes after the end would be one of a run at work
    post(server, f"/flow_runs/{ended}/set_state", {"state": {"type": "COMPLETED"}})
    post(server, f"/flow_runs/{parked}/set_state", {"state": {"type": "SCHEDULED", "name": PARKED}, "force": True})

    wait_for(lambda: ask(server, "GET", f"/flow_runs/{run}")["state"]["type"] == "CRASHED")
    time.sleep(QUIET)

    assert ask(server, "GET", f"/flow_runs/{ended}")["state"]["type"] == "COMPLETED"
    assert ask(server, "GET", f"/flow_runs/{parked}")["state"]["name"] == PARKED


def test_what_does_not_come_is_told(no_automations: PrefectServer) -> None:
    """A night, and the beginning of a run that is late, parked, or taken by a worker that died: but for the time."""
    server = no_automations
    with listening() as (address, received):
        keep_automations(Settings(alert_webhook=SecretStr(address)))
        with get_client(sync_client=True) as client:
            for each in client.read_automations():
                if each.name in {f"{prefix(ALONE)}natten kom ikke", f"{prefix(ALONE)}kjøring ikke begynt"}:
                    trigger = each.trigger.model_copy(update={"within": SHORTEST})
                    shorter = AutomationCore(name=each.name, trigger=trigger, actions=each.actions)
                    client.update_automation(each.id, shorter)
        late = run_of(server, "ansatte", "SCHEDULED", "Late")
        parked = run_of(server, "Vis sak", "SCHEDULED", PARKED)
        taken = run_of(server, "nye-saker", "PENDING")
        submitted = run_of(server, "evalueringer", "PENDING", "Submitting")
        begun = run_of(server, "utlop", "RUNNING")
        emit_event(NIGHT_TOLD, {"prefect.resource.id": resource("night", ALONE)})

        waited = [ask(server, "GET", f"/flow_runs/{run}")["name"] for run in (late, parked, taken, submitted)]
        wanted = {
            "Hjemmekontor: Det er over 26 timer siden en natt ble ferdig. Se docs/runbook.md, «The night did not run».",
            *(
                f"Hjemmekontor: En kjøring har ventet i et kvarter uten å begynne. Se docs/runbook.md, "
                f"«The worker is down». {name}"
                for name in waited
            ),
        }
        wait_for(lambda: {each["text"] for each in received} >= wanted)
        time.sleep(QUIET)

    name = ask(server, "GET", f"/flow_runs/{begun}")["name"]
    assert name not in str(received)
    assert sorted(each["text"] for each in received) == sorted(wanted)


def test_an_alert_is_one_mail_however_often_its_run_is_repeated(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a database that is not there: the mailbox remembers."""
    monkeypatch.setenv("HK_DATABASE_URL", "sqlite:////nowhere/hjemmekontor.db")
    told = {"what": "En kjøring feilet.", "run": "nightly 2026-11-16", "run_id": RUN, "section": "A run failed"}
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", "the-same-run")

    for _ in range(2):
        with temporary_settings({PREFECT_UI_URL: "https://hjemmekontor.example.no/"}):
            state = notify_ops(**told, return_state=True)
        assert state.is_completed(), state.message

    (mail,) = town.mails()
    assert (mail["To"], mail["Subject"]) == (OPS_MAILBOX, "Hjemmekontor: En kjøring feilet.")
    body = mail.get_body(("html",))
    assert body is not None
    assert "nightly 2026-11-16" in body.get_content()
    assert f">https://hjemmekontor.example.no/runs/flow-run/{RUN}</p>" in body.get_content()


def test_an_alert_without_a_mailbox_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HK_OPS_MAILBOX")
    state = notify_ops(what="En kjøring feilet.", return_state=True)
    assert state.is_failed()
    assert state.message == "HK_OPS_MAILBOX and HK_MAIL_SENDER must be set where the worker runs."
    assert town.mails() == []
