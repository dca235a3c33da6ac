"""The scheme is evaluated in the night and from the UI, with figures in Prefect that point at nobody."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from config.policy_files import SHIPPED
from hjemmekontor.flow_names import run_by_name
from tests.flows.conftest import FIRST_NIGHT, MakeTown, Town, nights

DUE = date(2027, 2, 17)
"""A Wednesday, three months after the policy below begins to count."""
STEP = "Evaluering av ordningen"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: what the report reads and writes is tested on both in tests/database."""
    return sqlite_url


@pytest.fixture
def town(make_town: MakeTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Agreements are evaluated after a month and the scheme after three."""
    town = make_town(seed=3)
    shipped = (SHIPPED / "prosedyre-websak.toml").read_text(encoding="utf-8")
    often = "every_months = 1\nscheme_every_months = 3\nscheme_from = 2026-11-17\n"
    guard = "[sync_guard]\nmax_manager_changes_percent = 30.0\nmax_changed_percent = 30.0\n"
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace("every_months = 6\n", often, 1) + guard, encoding="utf-8")
    monkeypatch.setenv("HK_POLICY", str(own))
    return town


def reports(town: Town) -> list[str]:
    library = town.sandbox.directory / "drive" / "Rapporter"
    return sorted(file.name for file in library.rglob("*") if file.is_file())


def files_of(*days: date) -> list[str]:
    return [f"Evaluering av ordningen med hjemmekontor {day}.{each}" for day in days for each in ("csv", "pdf")]


def told(town: Town) -> int:
    bodies = [mail.get_body(("html",)) for mail in town.mails()]
    return sum("Rapporten om ordningen med hjemmekontor er klar" in str(body and body.get_content()) for body in bodies)


async def artifact() -> str:
    async with get_client() as client:
        of_reports = ArtifactFilter(key=ArtifactFilterKey(any_=["evaluering-av-ordningen"]))
        found = await client.read_artifacts(artifact_filter=of_reports)
    return "".join(str(each.data) for each in found)


def test_three_months_give_one_report_and_hr_has_another_when_it_wants(town: Town) -> None:
    town.nights(nights(FIRST_NIGHT, (DUE - FIRST_NIGHT).days, every=7))
    assert (town.count("scheme_reports"), reports(town), told(town)) == (0, [], 0)

    first, again = town.night(DUE), town.night(DUE)
    assert first.result()[STEP] == {"rapporter over ordningen laget": 1, "rapportfiler lagret": 2}
    assert again.result()[STEP] == {}
    assert (reports(town), told(town)) == (files_of(DUE), 1)
    assert town.count("evaluations", "outcome IS NOT NULL AND CAST(answers AS TEXT) LIKE '%Samarbeid%'") > 0
    assert town.count("outbox", "status <> 'done'") == 0

    day = DUE + timedelta(days=1)
    rehearsed = run_by_name("scheme-report", day, dry_run=True)
    assert reports(town) == files_of(DUE)
    done = run_by_name("scheme-report", day, dry_run=False)
    assert done.is_completed(), done.message
    assert rehearsed.result() == done.result()
    assert (reports(town), told(town)) == (files_of(DUE, day), 2)

    shown = asyncio.run(artifact())
    assert "Ansatte med avtale som gjelder" in shown
    names = [unit for (unit,) in town.rows("SELECT name FROM units")]
    assert not any(name in shown for name in (*names, *(who.name for who in town.sandbox.municipality.people)))
