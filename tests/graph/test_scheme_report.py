"""The report over the scheme, from the tables to the library and HR's mail: made once, filed, read back, told once."""

from collections import Counter
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from config.policy_files import SHIPPED
from config.sharepoint import REPORT_LIBRARY
from integrations.database.scheme import FILE_REPORT
from integrations.database.tables import cases, documents, notices, outbox, scheme_files, scheme_reports
from sandbox.graph import Fault
from tasks.delivering import open_folders
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tasks.reporting import file_reports, make_due_report, make_report
from tests.database.samples import TODAY, rows
from tests.database.test_scheme import came_into
from tests.graph.conftest import Office
from tests.graph.town import APPLICANTS, APPROVED, Town

DUE = date(2027, 3, 8)
"""A Monday; the scheme of the policy below is evaluated every sixth month from half a year before."""
SATURDAY, MONDAY = date(2027, 3, 13), date(2027, 3, 15)
PDF = f"Evaluering av ordningen/Evaluering av ordningen med hjemmekontor {DUE}.pdf"
CSV = PDF.removesuffix("pdf") + "csv"
HR = ("hr@sandvik.kommune.example",)
SUBJECT = "Rapporten om ordningen med hjemmekontor er klar"


@pytest.fixture
def town(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """The cases of `settle`, the approved ones in force since the first of March, and nobody waiting for a mail."""
    own = tmp_path / "policy.toml"
    every_half_year = "[evaluation]\nscheme_every_months = 6\nscheme_from = 2026-09-08"
    shipped = (SHIPPED / "prosedyre-websak.toml").read_text(encoding="utf-8")
    own.write_text(shipped.replace("[evaluation]", every_half_year, 1), encoding="utf-8")
    monkeypatch.setenv("HK_POLICY", str(own))
    with night(TODAY):
        open_folders.fn()
        write_and_send_mail.fn()
    for ordinal in range(4, 4 + len(APPROVED)):
        came_into(town.database, f"HK-2027-{ordinal:05d}", approved=TODAY, active=TODAY)
    _start(town, TODAY)
    return town


def _start(town: Town, day: date | None) -> None:
    town.change(update(cases).where(cases.c.state == "approved").values(start_on=day))


def report_on(on: date, *, now: bool = False, dry_run: bool = False) -> Counter[str]:
    with night(on, dry_run=dry_run) as running:
        running.is_hurried = True
        counts = make_report.fn() if now else make_due_report.fn()
        return counts + file_reports.fn() + write_and_send_mail.fn()


def in_library(town: Town) -> dict[str, bytes]:
    return {file.path: town.tenant.read(REPORT_LIBRARY, file.path) for file in town.tenant.files(REPORT_LIBRARY)}


def told(office: Office) -> list[str]:
    return [message.subject for message in office.tenant.sent_messages() if message.to == HR]


ALL_OF_IT = {"rapporter over ordningen laget": 1, "rapportfiler lagret": 2, "e-poster sendt": 1}


def test_a_report_is_made_filed_and_told_once(town: Town, office: Office) -> None:
    assert report_on(date(2027, 3, 5)) == {}
    assert report_on(DUE) == ALL_OF_IT
    assert report_on(DUE) == {}
    assert report_on(date(2027, 3, 9)) == {}

    files = in_library(town)
    assert {path: sha256(content).hexdigest() for path, content in files.items()} == {
        row.path: row.sha256 for row in rows(town.database, scheme_files)
    }
    assert set(files) == {PDF, CSV}
    assert files[PDF].startswith(b"%PDF-1.7")
    assert b"Perioden 08.09.2026 til 07.03.2027" in files[CSV]
    assert told(office) == [SUBJECT]
    assert {row.sha256 for row in rows(town.database, documents)}.isdisjoint(
        sha256(c).hexdigest() for c in files.values()
    )


@pytest.mark.usefixtures("town")
def test_hr_reads_where_it_lies(office: Office) -> None:
    report_on(DUE)
    [message] = [message for message in office.tenant.sent_messages() if message.to == HR]
    assert f"/Rapporter/{PDF.replace(' ', '%20')}" in message.body_html
    assert "Hei," in message.body_html


def test_after_an_outage_the_newest_day_alone(town: Town) -> None:
    assert report_on(date(2028, 5, 2))["rapporter over ordningen laget"] == 1
    assert [row.as_of for row in rows(town.database, scheme_reports)] == [date(2028, 3, 8)]


@pytest.mark.parametrize("began", [None, DUE], ids=["no-agreement-yet", "the-first-began-that-day"])
def test_nothing_is_reported_of_a_scheme_that_nobody_was_in(town: Town, began: date | None) -> None:
    _start(town, began)
    assert report_on(DUE) == {}
    assert rows(town.database, scheme_reports) == []


def test_hr_may_have_a_report_on_any_day_and_one_a_day(town: Town, office: Office) -> None:
    assert report_on(date(2027, 3, 10), now=True) == ALL_OF_IT
    assert report_on(date(2027, 3, 10), now=True) == {"rapporten for dagen finnes fra før": 1}
    [made] = rows(town.database, scheme_reports)
    assert (made.period_from, made.as_of) == (date(2026, 9, 10), date(2027, 3, 10))
    assert report_on(date(2027, 3, 11)) == ALL_OF_IT, "what is due is not covered by another day's"
    assert told(office) == [SUBJECT] * 2


def test_a_dry_run_shows_the_same_and_leaves_nothing(town: Town, office: Office) -> None:
    office.gate.requests.clear()
    assert report_on(DUE, dry_run=True) == ALL_OF_IT
    assert (office.gate.requests, rows(town.database, scheme_reports), in_library(town)) == ([], [], {})
    assert report_on(DUE) == ALL_OF_IT


def test_on_a_day_off_it_is_filed_and_the_mail_waits(town: Town, office: Office) -> None:
    waits = {"e-poster som venter til neste virkedag": 1}
    assert report_on(SATURDAY) == {"rapporter over ordningen laget": 1, "rapportfiler lagret": 2, **waits}
    assert set(in_library(town)) == {PDF, CSV}
    assert told(office) == []
    assert report_on(MONDAY) == {"e-poster sendt": 1}
    assert told(office) == [SUBJECT]


def test_it_is_one_mail_with_what_else_hr_is_told(town: Town, office: Office) -> None:
    also = {"key": "k", "case_number": f"HK-2027-{len(APPLICANTS):05d}", "rule": "r", "template": "without_manager"}
    with town.database.transaction() as connection:
        connection.execute(insert(notices).values(**also, role="hr", business_date=DUE))
    assert report_on(DUE) == ALL_OF_IT
    [message] = [message for message in office.tenant.sent_messages() if message.to == HR]
    assert message.subject == "2 meldinger om hjemmekontor"
    assert SUBJECT in message.body_html


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(method="PUT", path_pattern="Evaluering.*csv", status=503), id="not-taken"),
        pytest.param(Fault(method="PUT", path_pattern="Evaluering.*csv", status=504, after_work=True), id="unheard"),
        pytest.param(Fault(method="GET", path_pattern="/items/[^/]+$", status=503), id="not-read-back"),
    ],
)
def test_hr_is_told_when_all_of_it_is_there(town: Town, office: Office, fault: Fault) -> None:
    office.fail(fault)
    failed = report_on(DUE)
    assert (failed["leveranser som feilet"], told(office)) == (1, [])
    assert report_on(date(2027, 3, 9)) == {"rapportfiler lagret": 1, "e-poster sendt": 1}
    assert (set(in_library(town)), told(office)) == ({PDF, CSV}, [SUBJECT])
    assert {row.status for row in rows(town.database, outbox) if row.kind == FILE_REPORT} == {"done"}
