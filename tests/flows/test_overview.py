"""The overview for HR: figures in Prefect, a row for each open case in the library, and nobody in either."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest
import requests
from sqlalchemy import bindparam, text

from agreements.people import RejectedRow, Snapshot
from flows.make_reports import make_reports
from integrations.database.engine import Database
from integrations.database.ledger import Hold, conclude_hold, hold
from integrations.database.rejected import set_aside
from tasks.deviations import LISTS_DELETED, PAGE_MADE
from tasks.night import today_in_oslo
from tests.documents.reading import says
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, fill_in, nights
from tests.waiting import AT_MOST

LATE = FIRST_NIGHT + timedelta(days=15)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


def files(town: Town, folder: str = "Oversikt for HR", name: str = "*") -> list[list[dict[str, str]]]:
    library = town.sandbox.directory / "drive" / "Rapporter" / folder
    written = [file.read_text(encoding="utf-8-sig") for file in sorted(library.rglob(f"{name}.csv"))]
    return [list(csv.DictReader(text.splitlines(), delimiter=";")) for text in written]


def test_figures_and_file_say_the_same_and_name_nobody(prefect_server: PrefectServer, town: Town) -> None:
    town.nights(nights(FIRST_NIGHT, days=15, every=7))
    before = town.contents()

    assert fill_in(make_reports, town, LATE, dry_run=True).is_completed()
    assert files(town) == []
    state = fill_in(make_reports, town, LATE)

    assert state.is_completed(), state.message
    assert town.contents() == before
    [rows] = files(town)
    open_cases = town.rows("SELECT number FROM cases WHERE state NOT IN ('ended', 'no_agreement_needed') ORDER BY id")
    assert list(dict.fromkeys(row["Sak"] for row in rows)) == [number for (number,) in open_cases]
    late = {row["Sak"] for row in rows if row["Dager over fristen"]}
    assert late
    assert all(_day(row["Svarfrist"]) < LATE for row in rows if row["Sak"] in late and row["Dager over fristen"])
    page = requests.get(f"{prefect_server.api_url}/artifacts/oversikt-for-hr/latest", timeout=AT_MOST).json()["data"]
    assert f"- Åpne saker: {len(open_cases)}\n- Saker der svarfristen er ute: {len(late)}\n" in page
    for heading in ("## Etter enhet", "## De neste 60 dagene", "## Snitt i enhetene", "## Siste natt"):
        assert heading in page
    [paper] = (town.sandbox.directory / "drive" / "Rapporter" / "Oversikt for HR").rglob("*.pdf")
    assert paper.stem in unquote(page)
    assert says(paper.read_bytes(), f"Åpne saker {len(open_cases)}")
    night = f"Nattkjøringen for {LATE - timedelta(days=1):%d.%m.%Y}. Alle steg gikk bra."
    assert night in page
    assert says(paper.read_bytes(), night)
    said = page + str(rows)
    for person in town.sandbox.municipality.people:
        assert person.name not in said
        assert person.employee_number not in said


def _day(text: str) -> date:
    day, month, year = map(int, text.split("."))
    return date(year, month, day)


def test_whom_a_held_sync_and_the_deviations_are_about_is_in_files_alone(
    prefect_server: PrefectServer, town: Town
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    numbers = [person.employee_number for person in town.sandbox.municipality.people][::2]
    old = {"old": b"\x02old", "numbers": numbers}
    with town.engine.begin() as connection:
        # As if HR had changed half of its staff since.
        changed = text("UPDATE employees SET content_hash = :old WHERE employee_number IN :numbers")
        connection.execute(changed.bindparams(bindparam("numbers", expanding=True)), old)
        unreadable = RejectedRow(numbers[0], "arbeidsforhold.periode", "Datoen kan ikke leses")
        set_aside(connection, "hr", [unreadable], FIRST_NIGHT)
    assert town.night(FIRST_NIGHT + timedelta(days=1)).is_failed()
    assert fill_in(make_reports, town, report="Stanset kjøring og avvik", dry_run=True).is_completed()
    assert files(town, "Til avgjørelse") == []

    made = fill_in(make_reports, town, report="Stanset kjøring og avvik")

    assert made.is_completed(), made.message
    [(digest, diff)] = town.rows("SELECT digest, diff FROM holds WHERE status = 'waiting'")
    [held] = files(town, "Til avgjørelse", "Stanset*")
    assert {row["Ansattnummer"] for row in held if row["Hva"] == "endret"} == set(json.loads(diff)["changed"])
    assert set(numbers) & {row["Ansattnummer"] for row in held if row["Hva"] == "endret"}
    [aside] = files(town, "Til avgjørelse", "Avvik*")
    assert [(row["Hvem eller hva"], row["Grunn"]) for row in aside] == [(numbers[0], "Datoen kan ikke leses")]
    page = requests.get(f"{prefect_server.api_url}/artifacts/til-avgjorelse/latest", timeout=AT_MOST).json()["data"]
    assert f"## Stanset kjøring {digest}" in page
    assert f"{len(json.loads(diff)['changed'])} endret" in page
    assert f"{len(aside)} er satt til side" in page
    assert page.count("](http") == 2
    for number in numbers:
        assert number not in page


def test_a_discarded_sync_and_old_deviations_are_told_as_what_they_are(
    prefect_server: PrefectServer, town: Town
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    today = today_in_oslo()
    nobody = Snapshot((), ())
    diff = {"changed": ["0001", "0002"], "gone": []}
    database = Database.open(town.environment["HK_DATABASE_URL"])
    with database.transaction() as connection:
        kept = Hold("sync-employees", "a1b2c3", ["2 ansatte er endret"], diff, today, nobody)
        hold(connection, kept, datetime.now(UTC))
        conclude_hold(connection, kept.digest, "discarded", "0001")
        hold(connection, kept, datetime.now(UTC))
        for days, key in ((200, "0001"), (1, "0002")):
            set_aside(connection, "hr", [RejectedRow(key, "navn", "mangler")], today - timedelta(days=days))
    database.close()
    made = fill_in(make_reports, town, today, report="Stanset kjøring og avvik")
    page = requests.get(f"{prefect_server.api_url}/artifacts/til-avgjorelse/latest", timeout=AT_MOST).json()["data"]
    assert made.message == "Utført: Rapport laget. Kvitteringen ligger under Artifacts."
    assert "## Forkastet kjøring a1b2c3\nForkastet, og blir ikke brukt" in page
    assert "Stanset kjøring" not in page
    assert "1 er satt til side. I tillegg er 1 eldre enn 14 dager" in page
    [aside] = files(town, "Til avgjørelse", "Avvik*")
    assert [row["Hvem eller hva"] for row in aside] == ["0002", "0001"]

    later = today + timedelta(days=31)
    others = town.sandbox.directory / "drive" / "Rapporter" / "Til avgjørelse" / "Notater.csv"
    others.write_text("HR's own")
    town.night(today + timedelta(days=1))
    assert len(files(town, "Til avgjørelse")) == 3
    counts = town.night(later).result(raise_on_failure=False)
    assert isinstance(counts, dict)
    assert counts["Sletting"] == {LISTS_DELETED: 2}
    assert [file.name for file in others.parent.iterdir()] == ["Notater.csv"]


def test_where_nothing_waits_the_page_says_so_and_the_form_that_it_made_it(
    prefect_server: PrefectServer, town: Town
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    with town.engine.begin() as connection:
        connection.execute(text("DELETE FROM rejected_rows"))
    made = fill_in(make_reports, town, report="Stanset kjøring og avvik")
    assert made.message == "Utført: Rapport laget. Kvitteringen ligger under Artifacts."
    address = f"{prefect_server.api_url}/artifacts/make-reports-kvittering/latest"
    assert PAGE_MADE in requests.get(address, timeout=AT_MOST).json()["data"]
    page = requests.get(f"{prefect_server.api_url}/artifacts/til-avgjorelse/latest", timeout=AT_MOST).json()["data"]
    assert page == "# Til avgjørelse\n\nIngenting venter."


def test_the_scheme_can_be_evaluated_from_the_same_form(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    state = fill_in(make_reports, town, report="Evaluering av ordningen")
    assert state.is_completed(), state.message
    assert town.count("scheme_files", "verified_at IS NOT NULL") == 2
