"""A case explained: at the machine with everything, in Prefect without a person in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.client.schemas.objects import State
from sqlalchemy import text

from config.policy_files import load_policy
from flows.explain_case import explain_case
from integrations.database.engine import Database
from integrations.database.lease import lease
from tasks.explaining import SOMEBODY_ELSE
from tests.database.samples import decide_all, load_staff, new_case, staff, store
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, nights
from tests.waiting import AT_MOST

BIN = Path(sys.executable).parent / "hjemmekontor"
UNKNOWN = "HK-2026-99999"
NOBODY_HAS_IT = f"Ingen sak har nummeret {UNKNOWN}."


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; histories are read from both in tests/database."""
    return sqlite_url


def _shown(server: PrefectServer, number: str) -> str:
    answer = requests.get(f"{server.api_url}/artifacts/sak-{number.lower()}/latest", timeout=AT_MOST)
    answer.raise_for_status()
    shown: str = answer.json()["data"]
    return shown


def _explain(number: str) -> State[Any]:
    state: State[Any] = explain_case(form={"case_number": number}, return_state=True)
    return state


def _a_filed_case(town: Town) -> tuple[str, str, str]:
    """Number, employee and manager of a case that has come the whole way to the archive."""
    query = (
        "SELECT number, employee_number, manager_number FROM cases WHERE state = 'active' AND manager_number IN "
        "(SELECT actor FROM events WHERE case_number = number) ORDER BY number"
    )
    number, employee, manager = town.rows(query)[0]
    return number, employee, manager


def test_prefect_is_shown_what_happened_and_no_person(prefect_server: PrefectServer, town: Town) -> None:
    """Also while a night holds the lease, and when the manager who answered leads the case no longer."""
    town.nights(nights(FIRST_NIGHT, days=22, every=7))
    number, employee, manager = _a_filed_case(town)
    database = Database.open(town.environment["HK_DATABASE_URL"])
    before = town.contents()

    with lease(database, "night", "a night that is running"):
        state = _explain(number.lower())
    database.close()

    assert state.is_completed(), state.message
    assert town.contents() == before
    shown = _shown(prefect_server, number)
    assert shown.startswith(f"# {number}: gjelder\n")
    for said in ("bedt om dokumentasjon", "e-post til leder", "avtalen arkivert", "| ansatt |", "| leder |"):
        assert said in shown
    assert SOMEBODY_ELSE not in shown  # every flow's own name is known to be no person
    _names_nobody(town, shown)

    with town.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET manager_number = NULL, led_by = NULL"))
    assert _explain(number).is_completed()
    shown = _shown(prefect_server, number)
    assert f"| {SOMEBODY_ELSE} |" in shown
    assert {employee, manager}.isdisjoint(shown.replace("|", " ").split())
    _names_nobody(town, shown)


def _names_nobody(town: Town, shown: str) -> None:
    words = shown.replace("|", " ").split()
    for person in town.sandbox.municipality.people:
        assert person.email not in shown
        assert person.name not in shown
        assert person.employee_number not in words


def test_a_number_nobody_has_fails_with_a_sentence(town: Town) -> None:
    assert town.count("cases") == 0
    state = _explain(UNKNOWN)
    assert state.is_failed()
    assert state.message == NOBODY_HAS_IT


def test_the_command_shows_it_all(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    policy = load_policy("prosedyre-websak")
    load_staff(database, staff("0001"))
    store(database, policy, new_case())
    decide_all(database, policy, ["HK-2027-00001"])
    database.close()

    as_json = _run(sqlite_url, "hk-2027-00001", "--json")
    as_text = _run(sqlite_url, "HK-2027-00001")
    unknown = _run(sqlite_url, UNKNOWN)

    found = json.loads(as_json.stdout)
    assert (found["case"], found["state"]) == ("HK-2027-00001", "venter på dokumentasjon")
    event, notice = found["history"]
    assert (event["date"], event["by"], event["rule"]) == ("2027-03-01", "nightly", "documentation.ask")
    assert (event["policy_version"], notice["kind"]) == (policy.version, "notice")
    assert as_text.returncode == 0
    first, what, why, *_ = as_text.stderr.splitlines()
    assert first == "HK-2027-00001: venter på dokumentasjon"
    assert what == "2027-03-01  bedt om dokumentasjon (mottatt → venter på dokumentasjon)"
    assert why.strip() == f"nightly · documentation.ask · {policy.version}"
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == f"hjemmekontor: {NOBODY_HAS_IT}\n"


def _run(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HK_DATABASE_URL": database_url}
    command = [str(BIN), "explain", *arguments]
    return subprocess.run(  # noqa: S603 - our own words
        command, env=environment, capture_output=True, text=True, timeout=AT_MOST, check=False
    )
