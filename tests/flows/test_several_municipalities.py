"""Two municipalities on one server: each is told of its own runs and nights, and of no other's."""

import re
import time
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore
from pydantic import SecretStr

from config.installation import named, resource
from config.settings import Settings
from hjemmekontor.automations import keep_automations, prefix, remove_automations
from hjemmekontor.serve import deploy, pool_of
from tasks.events import NIGHT_TOLD
from tasks.status import read_nights
from tests.flows.alerting import alerts_sent, automations, deployment_id, listening, run_of, wait_for
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town
from tests.flows.deploying import ask, finished, post, worker
from tests.flows.test_alerts import QUIET, SHORTEST

SANDVIK, SANDVIK_NORD = Settings(installation="sandvik"), Settings(installation="sandvik-nord")
"""The one's name begins as the other's."""
BOTH = (SANDVIK, SANDVIK_NORD)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture(scope="module")
def shared(deployed_on_postgres: PrefectServer) -> Iterator[PrefectServer]:
    """The server is shared with other tests as well: nothing is left there of these two."""
    before = {each["id"] for each in post(deployed_on_postgres, "/deployments/filter", {})}
    for each in BOTH:
        deploy(each)
    yield deployed_on_postgres
    for each in BOTH:
        remove_automations(each)
    theirs = [each["id"] for each in post(deployed_on_postgres, "/deployments/filter", {}) if each["id"] not in before]
    runs = post(deployed_on_postgres, "/flow_runs/filter", {"deployments": {"id": {"any_": theirs}}})
    for path in (*(f"/flow_runs/{each['id']}" for each in runs), *(f"/deployments/{each}" for each in theirs)):
        ask(deployed_on_postgres, "DELETE", path)


def with_a_hook(settings: Settings, address: str) -> Settings:
    return settings.model_copy(update={"ops_mailbox": "drift@example.no", "alert_webhook": SecretStr(address)})


def set_of(server: PrefectServer, settings: Settings) -> list[str]:
    return sorted(str(each) for each in automations(server) if each["name"].startswith(prefix(settings)))


def test_a_set_each_and_nobody_touches_the_others(shared: PrefectServer) -> None:
    for each in BOTH:
        keep_automations(with_a_hook(each, "http://127.0.0.1:9/"))
    nords = set_of(shared, SANDVIK_NORD)
    assert len(nords) == len(set_of(shared, SANDVIK)) > 1

    keep_automations(with_a_hook(SANDVIK, "http://127.0.0.1:10/"))
    keep_automations(Settings())
    assert set_of(shared, SANDVIK_NORD) == nords
    remove_automations(SANDVIK)
    remove_automations(Settings())

    assert set_of(shared, SANDVIK) == []
    assert set_of(shared, SANDVIK_NORD) == nords
    assert [each["name"] for each in post(shared, "/block_documents/filter", {})] == [
        "hjemmekontor-varsel-sandvik-nord"
    ]


def test_a_failed_run_is_told_to_its_own(shared: PrefectServer) -> None:
    with listening() as (address, sandvik), listening() as (other_address, nord), listening() as (third, alone):
        keep_automations(with_a_hook(SANDVIK, address))
        keep_automations(with_a_hook(SANDVIK_NORD, other_address))
        keep_automations(Settings(alert_webhook=SecretStr(third)))
        try:
            failed = ask(shared, "GET", f"/flow_runs/{run_of(shared, 'ansatte (sandvik)', 'FAILED')}")

            [said] = wait_for(lambda: sandvik)
            [alert] = wait_for(lambda: alerts_sent(shared, "varsle-drift (sandvik)"))
            time.sleep(QUIET)
        finally:
            remove_automations(Settings())
    assert said["text"].startswith("Hjemmekontor (sandvik): En kjøring feilet.")
    assert alert["parameters"]["run"] == failed["name"]
    assert (nord, alone, alerts_sent(shared, "varsle-drift (sandvik-nord)")) == ([], [], [])


@pytest.mark.usefixtures("shared")
def test_a_night_that_does_not_come_is_judged_for_each() -> None:
    """As deployed but for the time a night is given: the one has nights all the time, the other none."""
    with listening() as (address, sandvik), listening() as (other_address, nord):
        keep_automations(with_a_hook(SANDVIK, address))
        keep_automations(with_a_hook(SANDVIK_NORD, other_address))
        with get_client(sync_client=True) as client:
            for each in client.read_automations():
                if each.name.endswith(": natten kom ikke"):
                    trigger = each.trigger.model_copy(update={"within": SHORTEST})
                    client.update_automation(
                        each.id, AutomationCore(name=each.name, trigger=trigger, actions=each.actions)
                    )

        def told() -> list[object]:
            emit_event(NIGHT_TOLD, {"prefect.resource.id": resource("night", SANDVIK)})
            return [*nord]

        try:
            wait_for(told)
        finally:
            for municipality in BOTH:
                remove_automations(municipality)
    assert sandvik == []


def test_the_status_is_of_our_own_nights_and_leads_to_our_own_deployments(
    shared: PrefectServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HK_INSTALLATION", "sandvik")
    town.environment["HK_INSTALLATION"] = "sandvik"
    run_of(shared, "nattkjoring (sandvik-nord)", "FAILED")
    assert town.night(FIRST_NIGHT).is_completed()
    run_of(shared, "nattkjoring (sandvik-nord)", "CRASHED")
    town.engine.dispose()
    assert read_nights(SANDVIK).last is None, "run by hand, so that only our own database knows of it"

    with worker(shared, town, pool_of(SANDVIK)):
        shown = page_of_the_status(shared)
        assert "| ok | Siste natt | gikk bra, ferdig " in shown
        run_of(shared, "nattkjoring (sandvik)", "CRASHED")
        shown = page_of_the_status(shared)
    assert "| må ses på | Siste natt | stoppet uten å bli ferdig, ferdig " in shown
    ours = deployment_id(shared, named("nattkjoring", SANDVIK))
    assert f"[nattkjoring](/deployments/deployment/{ours}/run)" in shown
    linked = set(re.findall(r"/deployments/deployment/([0-9a-f-]+)", shown))
    names = {each["id"]: each["name"] for each in post(shared, "/deployments/filter", {})}
    assert {names[each].endswith(" (sandvik)") for each in linked} == {True}


def page_of_the_status(server: PrefectServer) -> str:
    """As ops asks for it in the page."""
    form = deployment_id(server, "Hvordan står det til (sandvik)")
    run = post(server, f"/deployments/{form}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]
    ran = finished(server, run)
    assert ran["state"]["type"] == "COMPLETED", ran["state"]["message"]
    found: str = ask(server, "GET", "/artifacts/hvordan-star-det-til-sandvik/latest")["data"]
    return found


def test_every_artifact_has_a_key_of_its_own(
    shared: PrefectServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HK_INSTALLATION", "sandvik-nord")
    newest = {"sort": "CREATED_DESC", "limit": 100}
    before = {each["id"] for each in post(shared, "/artifacts/filter", newest)}
    assert town.night(FIRST_NIGHT).is_completed()
    keys = {each["key"] for each in post(shared, "/artifacts/filter", newest) if each["id"] not in before}
    assert keys == {f"{key}-sandvik-nord" for key in ("nightly-tall", "nightly-rapport", "hvordan-star-det-til")}
