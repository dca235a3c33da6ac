"""One bad row, answer or upload is set aside with its reason, is in the report, and the night goes on."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox.graph import TenantUser
from sandbox.graph.faults import Fault
from tests.flows.conftest import FIRST_NIGHT, Town
from tests.waiting import AT_MOST

NEXT_NIGHT = FIRST_NIGHT + timedelta(days=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


def _somebody(town: Town, case_number: str) -> TenantUser:
    """The employee of a case, as a user of the tenant."""
    (row,) = town.rows(f"SELECT employee_number FROM cases WHERE number = '{case_number}'")  # noqa: S608 - our own words
    person = town.sandbox.municipality.on(FIRST_NIGHT).person(row[0])
    return TenantUser(
        user_id=person.user_id,
        user_principal_name=person.upn,
        mail=person.email,
        display_name=person.name,
        employee_id=person.employee_number,
    )


@pytest.fixture
def case_number(town: Town) -> str:
    """A case that collects its documentation, after a first night."""
    assert town.night(FIRST_NIGHT).is_completed()
    number: str = town.rows("SELECT number FROM cases WHERE state = 'collecting' ORDER BY number")[0][0]
    return number


def _reasons(town: Town) -> list[str]:
    return [
        reason for (reason,) in town.rows("SELECT reason FROM rejected_rows WHERE resolved_on IS NULL ORDER BY key")
    ]


def test_an_answer_for_somebody_elses_case_is_set_aside(town: Town, case_number: str) -> None:
    other: str = town.rows("SELECT number FROM cases WHERE state = 'collecting' ORDER BY number")[1][0]
    fields = {"Saksnummer": case_number, "Erfaring": "a", "Lys": "b", "Stoy": "c", "Pauser": "d", "GodtarAvtalen": True}
    town.sandbox.tenant.add_list_item("Svar", fields, created_by=_somebody(town, other))

    assert town.night(NEXT_NIGHT).is_completed()

    assert "Svaret kom fra en annen enn den saken gjelder." in _reasons(town)
    assert town.count("requirements", f"case_number = '{case_number}' AND received_on IS NOT NULL") == 0


def test_an_answer_to_no_case_is_set_aside(town: Town, case_number: str) -> None:
    fields = {"Saksnummer": "HK-1999-00001", "Resultat": "Godkjent"}
    town.sandbox.tenant.add_list_item("Vurderinger", fields, created_by=_somebody(town, case_number))

    assert town.night(NEXT_NIGHT).is_completed()
    assert "Saksnummeret finnes ikke." in _reasons(town)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "Filen er tom. Last den opp på nytt.", id="empty"),
        pytest.param(b"PK\x03\x04 something", "Filen er en zip-fil", id="zip"),
        pytest.param(b"\xff\xd8\xff\xe0 cut off", "Bildet er skadet", id="truncated"),
    ],
)
def test_a_file_that_cannot_be_used_is_answered_with_why(
    town: Town, case_number: str, content: bytes, reason: str
) -> None:
    employee = _somebody(town, case_number)
    town.sandbox.tenant.upload("Hjemmekontor", case_number, "bilde.jpg", content, created_by=employee)

    assert town.night(NEXT_NIGHT).is_completed()

    assert any(told.startswith(reason) for told in _reasons(town))
    mails = [mail for mail in town.mails() if mail["To"] == employee.mail and case_number in str(mail["Subject"])]
    assert any(reason in mail.get_body(("html",)).get_content() for mail in mails)  # type: ignore[union-attr] # a mail of ours has a body
    assert town.count("requirements", f"case_number = '{case_number}' AND kind = 'photo' AND received_on IS NULL") == 1


def test_an_application_that_contradicts_itself_is_set_aside(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    before = town.count("cases")
    busy = {number for (number,) in town.rows("SELECT employee_number FROM cases")}
    person = next(each for each in town.sandbox.municipality.on(FIRST_NIGHT).people if each.employee_number not in busy)
    applicant = TenantUser(
        user_id=person.user_id, user_principal_name=person.upn, mail=person.email, display_name=person.name
    )
    fields = {
        "DagerPerUke": 2.0,
        "FraDato": "2026-12-24T00:00:00Z",
        "TilDato": "2026-12-01T00:00:00Z",
        "Sted": "Hjemme",
    }
    town.sandbox.tenant.add_list_item("Soknader", fields, created_by=applicant)

    assert town.night(NEXT_NIGHT).is_completed()
    assert "Søknaden slutter før den begynner." in _reasons(town)
    assert person.employee_number not in {number for (number,) in town.rows("SELECT employee_number FROM cases")}
    assert town.count("cases") >= before


def test_hr_that_cannot_be_read_ends_nobodys_employment(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    employees = town.rows("SELECT employee_number, absent_since, left_on FROM employees ORDER BY 1")
    refusal = {"path_pattern": "personalressurs$", "times": 99, "status": 403}
    requests.post(
        town.environment["HK_HR_URL"] + "/_sandbox/hr-faults", json=refusal, timeout=AT_MOST
    ).raise_for_status()

    failed = town.night(NEXT_NIGHT)

    assert failed.is_failed()
    assert (failed.message or "").startswith("Ansatte: ")
    assert town.rows("SELECT employee_number, absent_since, left_on FROM employees ORDER BY 1") == employees


def test_what_a_step_had_done_before_it_broke_off_is_counted(town: Town) -> None:
    """Our credentials are refused when the cases have been opened and their folders are to be."""
    town.sandbox.tenant.faults.add(Fault(method="PUT", path_pattern="Avtaleutkast", times=None, status=401))

    failed = town.night(FIRST_NIGHT)

    assert failed.is_failed()
    assert (failed.message or "").startswith("Nye saker, Dokumentasjon: Microsoft Graph: the credentials were refused.")
    counts: Any = failed.result(raise_on_failure=False)
    assert counts["Nye saker"]["nye saker"] == town.count("cases") > 0


def test_a_mail_whose_sending_was_answered_504_is_sent_once(town: Town) -> None:
    """The service did the work and then failed to say so: the classic way to a duplicate."""
    fault = Fault(method="POST", path_pattern="/send$", times=3, status=504, after_work=True)
    town.sandbox.tenant.faults.add(fault)

    town.night(FIRST_NIGHT)
    again = town.night(FIRST_NIGHT)

    assert again.is_completed(), again.message
    recipients = [mail["To"] for mail in town.mails()]
    assert len(recipients) == len(set(recipients)) == town.count("outbox", "kind = 'mail' AND status = 'done'")
