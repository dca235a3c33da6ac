"""What one night gives up is said in its report, and goes out when somebody lets it be tried again."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from agreements.actions import Role
from flows.retry_failed import retry_failed
from sandbox.graph.faults import Fault
from sandbox.graph.reports import Report
from tasks.receipts import NOTHING_NEW
from tasks.telling import RECIPIENTS
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town, fill_in
from tests.waiting import AT_MOST

REFUSED = Fault(method="POST", path_pattern="/send$", status=400, code="ErrorInvalidRecipients")
THROTTLED = Fault(method="POST", path_pattern="/messages$", status=429, retry_after=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


def _report(server: PrefectServer, flow: str) -> str:
    """The newest report of this flow."""
    answer = requests.get(f"{server.api_url}/artifacts/{flow}-rapport/latest", timeout=AT_MOST)
    answer.raise_for_status()
    return str(answer.json()["data"])


def test_a_night_says_what_it_gave_up_and_how_long_it_waited(prefect_server: PrefectServer, town: Town) -> None:
    town.sandbox.tenant.faults.add(REFUSED, THROTTLED)

    night = town.night(FIRST_NIGHT)

    assert night.message == "Fullført, men 1 leveranser feilet; se rapporten."
    counts = night.result()["E-post"]
    assert (counts["e-poster som feilet"], counts["forespørsler gjentatt"]) == (1, 1)
    assert 1 <= counts["sekunder ventet (struping)"] <= 3
    report = _report(prefect_server, "nightly")
    assert "Ingen steg feilet, men 1 leveranser gjorde det: se «Leveranser som feilet» nedenfor." in report
    assert "Alt gikk bra" not in report
    assert f"## Leveranser\n- e-poster sendt: {len(town.mails())}\n- e-poster som feilet: 1\n" in report
    assert "- forespørsler gjentatt: 1\n- sekunder ventet (struping): " in report
    [(number, whose)] = town.rows(
        "SELECT n.case_number, n.role FROM outbox o JOIN notices n ON n.outbox_key = o.key WHERE o.status = 'failed'"
    )
    line = f"| e-post til {RECIPIENTS[Role(whose)]} i {number} | oppgitt; rett feilen, og kjør «Send på nytt» |"
    assert line in report
    assert "400 ErrorInvalidRecipients" in report

    again = fill_in(retry_failed, town, which="Alle saker")

    assert again.is_completed(), again.message
    result: Any = again.result()
    assert (result["Sendt på nytt"], result["E-post"]) == ({"leveranser prøves på nytt": 1}, {"e-poster sendt": 1})
    assert town.count("outbox", "status <> 'done'") == 0
    recipients = [mail["To"] for mail in town.mails()]
    assert len(recipients) == len(set(recipients)) == town.count("outbox", "kind = 'mail'")


def test_a_case_that_does_not_exist_fails_the_run_with_one_line(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    failed = fill_in(retry_failed, town, case_number="HK-1999-00001")
    assert failed.is_failed()
    assert failed.message == "Ingen sak har nummeret HK-1999-00001."
    nothing_given_up = fill_in(retry_failed, town, which="Alle saker")
    assert nothing_given_up.is_completed()
    assert nothing_given_up.message == NOTHING_NEW


def test_a_night_says_what_came_back(prefect_server: PrefectServer, town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    sent, *_ = town.sandbox.tenant.sent_messages()
    report = Report(sent.internet_message_id, sent.to[0], b"", status="5.2.2")
    town.sandbox.tenant.receive_mail(report.written(town.sandbox.tenant.sender, "<1@postmaster.example>", sent.sent_at))

    night = town.night(FIRST_NIGHT + timedelta(days=1))

    assert night.message == "Fullført, men 1 leveranser feilet; se rapporten."
    assert night.result()["E-post i retur"] == {"e-poster i retur": 1}
    report_in_words = _report(prefect_server, "nightly")
    assert "- e-poster i retur: 1\n" in report_in_words
    [reason] = [line for line in report_in_words.splitlines() if "Kom i retur" in line]
    assert reason.endswith(
        " | oppgitt; rett feilen, og kjør «Send på nytt» | Kom i retur. Postboksen er full (5.2.2). |"
    )

    again = fill_in(retry_failed, town, FIRST_NIGHT + timedelta(days=1), which="Alle saker")

    assert again.is_completed(), again.message
    assert town.count("outbox", "status <> 'done'") == 0
    assert [mail.headers for mail in town.sandbox.tenant.sent_messages()].count(sent.headers) == 2
