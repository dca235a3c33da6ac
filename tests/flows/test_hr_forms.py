"""HR's forms through Prefect: what is said when they are filled in wrongly, and what is told when they are not."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from agreements.case import State
from config.policy_files import load_policy
from flows.explain_case import explain_case
from flows.forms import BUSY
from flows.register_application import register_application
from flows.register_evaluation import register_evaluation
from flows.terminate_agreement import terminate_agreement
from integrations.database.engine import Database
from integrations.database.lease import lease, this_process
from tests.database.samples import new_case, store
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, fill_in
from tests.graph.test_hr_acts import DELIVERED
from tests.waiting import AT_MOST

WANTED: dict[str, Any] = {"days_per_week": 2, "start_on": str(FIRST_NIGHT + timedelta(days=14)), "place": "Hjemme"}

UNKNOWN = {"case_number": "HK-1999-00001", "party": "Den ansatte", "last_day": "2026-12-01"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; what the forms bring about is in tests/graph/test_registering.py."""
    return sqlite_url


def _receipt(server: PrefectServer, flow: str) -> str:
    answer = requests.get(f"{server.api_url}/artifacts/{flow}-kvittering/latest", timeout=AT_MOST)
    answer.raise_for_status()
    return str(answer.json()["data"])


def _somebody(town: Town) -> str:
    """Whoever has no case, and is not the adviser of `fill_in`."""
    query = (
        "SELECT max(employee_number) FROM employees WHERE left_on IS NULL AND manager_number IS NOT NULL "
        "AND employee_number NOT IN (SELECT employee_number FROM cases)"
    )
    return str(town.rows(query)[0][0])


def test_a_form_does_its_work_and_sends_the_mail_at_once(prefect_server: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    employee, mails = _somebody(town), len(town.mails())

    rehearsed = fill_in(register_application, town, employee_number=employee, dry_run=True, **WANTED)
    assert (rehearsed.is_completed(), len(town.mails())) == (True, mails)
    assert _receipt(prefect_server, "register-application").count("Prøvekjøring: ingenting er lagret") == 1
    done = fill_in(register_application, town, employee_number=employee, **WANTED)
    again = fill_in(register_application, town, employee_number=employee, **WANTED)

    [(number,)] = town.rows("SELECT number FROM cases ORDER BY id DESC LIMIT 1")
    assert done.message == f"Utført: Søknad registrert ({number}). Kvitteringen ligger under Artifacts."
    assert again.message == f"Det samme er registrert fra før ({number}). Ingenting er gjort på nytt."
    assert len(town.mails()) == mails + 1
    result: Any = done.result()
    assert result["Leveranser"] == {"saksmapper opprettet": 1}
    assert f"Sak: {number}. Dato: 16.11.2026." in _receipt(prefect_server, "register-application")
    assert explain_case(form={"case_number": number}, return_state=True).is_completed()
    history = requests.get(f"{prefect_server.api_url}/artifacts/sak-{number.lower()}/latest", timeout=AT_MOST).json()
    assert "| søknad registrert av HR |  | HR | application.registered |" in history["data"]


@pytest.mark.usefixtures("prefect_server")
def test_a_form_that_is_begun_anew_the_next_day_is_known_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it delivered, and taken up by the night: one case, one mail, one document of each."""
    assert town.night(FIRST_NIGHT).is_completed()
    agreed = new_case(
        77, _somebody(town), state=State.ACTIVE, start_on=FIRST_NIGHT - timedelta(days=30), requirements=DELIVERED
    )
    database = Database.open(town.environment["HK_DATABASE_URL"])
    store(database, load_policy("prosedyre-websak"), agreed)
    database.close()
    elsewhere = _somebody(town)
    forms: list[tuple[Any, dict[str, Any]]] = [
        (register_application, {"employee_number": elsewhere, **WANTED, "place": "Annet sted i Norge"}),
        (register_application, {"employee_number": elsewhere, **WANTED, "days_per_week": 5}),
        (register_evaluation, {"case_number": agreed.number, "outcome": "Fortsetter"}),
    ]
    for form, fields in forms:
        monkeypatch.setattr("tasks.night.today_in_oslo", lambda: FIRST_NIGHT)
        before = _done(town)
        first = fill_in(form, town, on=None, **fields)
        once = _done(town)
        monkeypatch.setattr("tasks.night.today_in_oslo", lambda: FIRST_NIGHT + timedelta(days=1))
        again = fill_in(form, town, on=None, **fields)
        assert (first.is_completed(), again.is_completed()) == (True, True), (first.message, again.message)
        assert (again.message or "").startswith("Det samme er registrert fra før (HK-")
        assert _done(town) == once != before


def _done(town: Town) -> tuple[int, list[str], list[str]]:
    """Cases, and to whom mails went and what was filed."""
    return town.count("cases"), sorted(mail["Subject"] for mail in town.mails()), sorted(town.archived())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "«Saksnummer» er ikke fylt ut. «Hvem sier opp?» er ikke fylt ut."),
        (UNKNOWN, "Ingen sak har nummeret HK-1999-00001."),
        ({**UNKNOWN, "registered_by": "ukjent"}, "Ansattnummeret i «Registrert av» tilhører ingen som er ansatt."),
    ],
)
def test_a_mistake_fails_the_run_with_a_sentence(town: Town, fields: dict[str, Any], sentence: str) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.contents()
    state = fill_in(terminate_agreement, town, **fields)
    assert state.is_failed()
    assert (state.message or "").startswith(sentence)
    assert town.contents() == before


def test_while_another_run_is_at_work_nothing_is_registered(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a command nobody would begin the form anew, so that one ends with a sentence."""
    monkeypatch.setattr("flows.forms.MAY_WAIT", timedelta(seconds=1))
    assert town.night(FIRST_NIGHT).is_completed()
    [(number,)] = town.rows("SELECT min(number) FROM cases WHERE state = 'collecting'")
    database = Database.open(town.environment["HK_DATABASE_URL"])
    with lease(database, "night", this_process()):
        state = fill_in(terminate_agreement, town, **{**UNKNOWN, "case_number": number})
    database.close()
    assert (state.is_failed(), state.message) == (True, BUSY)
    assert town.count("inbox", "registered_by IS NOT NULL") == 0


def test_what_is_typed_in_the_wrong_field_names_no_run(prefect_server: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    fill_in(terminate_agreement, town, case_number="Kari Nordmann", party="Den ansatte", last_day="2026-12-01")
    # The nights to come are runs as well, and begin later.
    newest = {"sort": "START_TIME_DESC", "limit": 1, "flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}
    [run] = requests.post(f"{prefect_server.api_url}/flow_runs/filter", json=newest, timeout=AT_MOST).json()
    assert run["name"].startswith("terminate-agreement: 20")
    assert "Kari" not in str(run["state"])


def test_a_refusal_is_a_sentence_in_the_log_and_a_bug_is_a_trace(
    prefect_server: PrefectServer, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    del prefect_server
    assert town.night(FIRST_NIGHT).is_completed()
    caplog.clear()
    refused = fill_in(terminate_agreement, town, FIRST_NIGHT, **UNKNOWN)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [refused.message]

    @task(cache_policy=NO_CACHE)
    def broken() -> None:
        raise ZeroDivisionError

    @flow
    def breaks() -> str:
        broken(return_state=True)
        return ""

    caplog.clear()
    breaks()
    assert "Finished in state Failed('Task run encountered an exception ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text
