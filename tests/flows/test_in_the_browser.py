"""HR at work in Prefect's own page: forms that are filled in, what comes of them, and nobody asked but our server."""

import os
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from agreements.calendar import OSLO, is_working_day
from agreements.case import State
from config.policy_files import load_policy
from hjemmekontor.serve import ROOT
from integrations.database.engine import Database
from tasks.emptying import EMPTY
from tests.database.samples import new_case, store
from tests.flows.browsing import CHROMIUM, Browser, browser
from tests.flows.conftest import MakeTown, PrefectServer, Town
from tests.flows.deploying import finished, newest_run, post, start, worker
from tests.flows.test_emptied_forms import tables_that_hold
from tests.graph.test_hr_acts import DELIVERED

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture
def today() -> date:
    """What is registered in the page is of today, whatever day that is."""
    return datetime.now(OSLO).date()


@pytest.fixture
def town(make_town: MakeTown, today: date) -> Town:
    """Three weeks of nights lie behind: there are cases to assess, and agreements in force."""
    # Mail goes out on working days only, and today may be a Sunday or a Monday.
    last = next(day for back in count(1) if is_working_day(day := today - timedelta(days=back)))
    town = make_town(first_night=last - timedelta(days=21))
    town.nights([last - timedelta(days=days) for days in (21, 14, 7, 0)])
    return town


@pytest.fixture
def hr(deployed: PrefectServer, town: Town, tmp_path: Path) -> Iterator[Browser]:
    folder = os.environ.get("PICTURES_FOR_THE_GUIDE")
    address = deployed.api_url.removesuffix("/api")
    pictures = ROOT / folder if folder else None
    with worker(deployed, town), browser(address, pictures, tmp_path / "last-seen.png") as opened:
        yield opened


def send(hr: Browser, server: PrefectServer, adviser: str, title: str) -> dict[str, Any]:
    """Sign and submit the form that is open; the run it becomes, when it is over."""
    hr.write("Registrert av", adviser)
    before = newest_run(server, title)
    hr.submit()
    return finished(server, newest_run(server, title, but=before))


def adviser_of(town: Town) -> str:
    return str(town.rows("SELECT min(employee_number) FROM employees WHERE left_on IS NULL")[0][0])


def case_in(town: Town, state: str, adviser: str) -> str:
    query = "SELECT number FROM cases WHERE state = '{}' AND employee_number <> '{}' ORDER BY id"
    return str(town.rows(query.format(state, adviser))[0][0])


def case_to_assess(town: Town) -> str:
    """One more case, of somebody else who has none, that waits for its manager."""
    query = (
        "SELECT employee_number, manager_number FROM employees WHERE left_on IS NULL AND manager_number IS NOT NULL "
        "AND employee_number NOT IN (SELECT employee_number FROM cases) ORDER BY 1"
    )
    _, (employee, manager), *_ = town.rows(query)
    case = new_case(77, employee, state=State.IN_ASSESSMENT, manager_number=manager, requirements=DELIVERED)
    database = Database.open(town.environment["HK_DATABASE_URL"])
    store(database, load_policy("prosedyre-websak"), case)
    database.close()
    return case.number


def test_hr_registers_an_application_an_assessment_and_a_termination(
    hr: Browser, deployed: PrefectServer, town: Town, today: date
) -> None:
    adviser = adviser_of(town)
    query = (
        "SELECT max(employee_number) FROM employees WHERE left_on IS NULL AND manager_number IS NOT NULL "
        "AND employee_number NOT IN (SELECT employee_number FROM cases)"
    )
    [(applicant,)] = town.rows(query)
    hr.search("Registrer")
    hr.page.get_by_text("Registrer søknad").first.wait_for()
    assert "V2" not in hr.page.locator("body").inner_text(), "the other page asks other hosts"
    hr.picture("skjemaer")

    hr.open_form("Registrer søknad")
    hr.write("Ansattnummer", applicant)
    hr.write("Dager hjemme per uke", "2")
    hr.choose("Ukedager", "tirsdag", "torsdag")
    hr.pick("Fra og med", today + timedelta(days=14))
    hr.picture("registrer-soknad")
    applied = send(hr, deployed, adviser, "Registrer søknad")
    [(number, weekdays, end)] = town.rows(
        "SELECT number, weekdays, requested_end_on FROM cases ORDER BY id DESC LIMIT 1"
    )
    assert number in applied["state"]["message"]
    assert (weekdays, end) == ("tirsdag, torsdag", None)
    assert "søknad registrert av HR" in hr.read("register-application-kvittering", number)
    hr.picture("kvittering")

    to_assess = case_to_assess(town)
    hr.open_form("Registrer vurdering")
    hr.write("Saksnummer", to_assess.lower())
    hr.choose("Resultat", "Godkjent")
    hr.write("Kan oppgavene løses hjemmefra", "Ja-det-kan-de")
    hr.picture("registrer-vurdering")
    assessed = send(hr, deployed, adviser, "Registrer vurdering")
    assert (assessed["name"], assessed["parameters"]) == (f"Registrer vurdering: {to_assess}", EMPTY)
    assert town.count("cases", f"number = '{to_assess}' AND assessment_outcome = 'approved'") == 1
    assert town.count("inbox", "payload LIKE '%Ja-det-kan-de%'") == 1
    assert tables_that_hold(deployed, "Ja-det-kan-de") == []

    hr.open_form("Registrer evaluering")
    hr.choose("Hjemmekontoret bidrar positivt", "4")
    hr.picture("registrer-evaluering")

    # From the receipt on to the next form, in which the number is filled in already.
    hr.read("register-application-kvittering", number)
    hr.follow("Si opp avtale")
    hr.choose("Hvem sier opp?", "Den ansatte")
    hr.pick("Siste dag med hjemmekontor", today + timedelta(days=7))
    hr.picture("si-opp-avtale")
    assert number in send(hr, deployed, adviser, "Si opp avtale")["state"]["message"]
    assert town.count("cases", f"number = '{number}' AND end_reason = 'withdrawn'") == 1

    hr.open_form("Vis sak")
    hr.write("Saksnummer", number)
    before = newest_run(deployed, "Vis sak")
    hr.submit()
    finished(deployed, newest_run(deployed, "Vis sak", but=before))
    assert "søknad trukket" in hr.read(f"sak-{number.lower()}", "søknad registrert av HR")
    hr.picture("vis-sak")
    assert hr.asked == {urlsplit(hr.address).netloc}


def test_a_mistake_is_a_sentence_in_the_page(hr: Browser, deployed: PrefectServer, town: Town) -> None:
    adviser = adviser_of(town)
    hr.open_form("Registrer vurdering")
    hr.write("Saksnummer", case_in(town, "active", adviser))
    hr.choose("Resultat", "Godkjent")
    failed = send(hr, deployed, adviser, "Registrer vurdering")
    hr.open(f"/runs/flow-run/{failed['id']}")
    hr.page.get_by_text("Saken venter ikke på en vurdering.").first.wait_for()
    hr.picture("feil")
    assert "Traceback" not in hr.page.locator("body").inner_text()


def test_hr_approves_a_held_sync_and_makes_the_overview(
    hr: Browser, deployed: PrefectServer, town: Town, today: date
) -> None:
    adviser = adviser_of(town)
    with town.engine.begin() as connection:
        # As if HR had changed everybody since: what we remember differs from what it says now.
        connection.execute(text("UPDATE employees SET content_hash = :old"), {"old": b"\x02old"})
    town.sandbox.live_until(today)
    (night,) = (each for each in post(deployed, "/deployments/filter", {}) if each["name"] == "nattkjoring")
    assert finished(deployed, start(deployed, night["id"], today))["state"]["type"] == "FAILED"
    [(digest,)] = town.rows("SELECT digest FROM holds WHERE status = 'waiting'")

    hr.read("nightly-rapport", "Stanset kjøring")
    hr.picture("stanset-kjoring")
    hr.follow("Avgjør stanset kjøring")
    hr.choose("Avgjørelse", "Godkjenn")
    hr.picture("avgjor-stanset-kjoring")
    decided = send(hr, deployed, adviser, "Avgjør stanset kjøring")
    assert decided["state"]["type"] == "COMPLETED", decided["state"]["message"]
    assert town.rows("SELECT digest, status, decided_by FROM holds") == [(digest, "applied", adviser)]

    hr.open_form("Lag rapporter")
    assert send(hr, deployed, adviser, "Lag rapporter")["state"]["type"] == "COMPLETED"
    shown = hr.read("oversikt-for-hr", "Åpne saker")
    assert re.search(r"Åpne saker: [1-9]", shown)
    hr.picture("oversikt")
    assert hr.asked == {urlsplit(hr.address).netloc}
