"""Deliveries that meet failures: whatever goes wrong on the way, in the end all of it has gone out once."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agreements.actions import ErrandKind
from config.errors import ExpectedError
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.database.history import NoSuchCaseError
from integrations.database.outgoing import MAIL
from integrations.database.tables import documents, employees, outbox
from integrations.graph.client import Graph
from integrations.graph.drive import drive_id, ensure_folder, put_file
from integrations.graph.errors import GraphCredentialsError, GraphError, GraphUnreachableError, SenderRefusedError
from integrations.graph.mail import Mail as Letter
from integrations.graph.mail import draft, send
from integrations.graph.outage import Outage
from sandbox.graph import Fault
from tasks import mailing
from tasks.delivering import attempt_each, file_documents, open_folders
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tasks.retrying import let_wait_for_delivery
from tests.database.samples import TODAY, person, rows
from tests.graph.conftest import Office
from tests.graph.one_night import deliver, quick_night
from tests.graph.town import APPLICANTS, APPROVED, Town, user

STEPS = (
    ("POST", "/children$"),
    ("PUT", "Avtaleutkast"),
    ("POST", "/invite$"),
    ("PUT", "Avtale HK"),
    ("POST", "/messages$"),
    ("POST", "/send$"),
)
FAILURES = {
    "throttled": [Fault(method=method, path_pattern=path, status=429, retry_after=1) for method, path in STEPS],
    "timed out before": [Fault(method=method, path_pattern=path, status=504) for method, path in STEPS],
    "timed out after": [Fault(method=method, path_pattern=path, status=504, after_work=True) for method, path in STEPS],
    "cut off before": [Fault(method=method, path_pattern=path, drop="before") for method, path in STEPS],
    "cut off after": [Fault(method=method, path_pattern=path, drop="after") for method, path in STEPS],
    "a page before": [Fault(method=method, path_pattern=path, body="html") for method, path in STEPS],
    "a page after": [Fault(method=method, path_pattern=path, body="html", after_work=True) for method, path in STEPS],
    "another encoding": [Fault(method=method, path_pattern=path, body="miscoded") for method, path in STEPS],
}


@pytest.mark.parametrize("faults", FAILURES.values(), ids=FAILURES.keys())
def test_nights_go_on_until_all_is_delivered_once(town: Town, office: Office, faults: Sequence[Fault]) -> None:
    office.fail(*faults)
    for _ in STEPS:
        with suppress(ExpectedError):
            deliver(hurried=True)
    assert office.tenant.faults.pending == (), "every step has failed once"

    deliver(hurried=True)

    town.assert_all_delivered_once()


def test_a_second_night_has_nothing_to_do(town: Town, office: Office) -> None:
    deliver()
    office.gate.requests.clear()

    deliver()

    assert office.gate.requests == []
    town.assert_all_delivered_once()


def test_a_dry_run_speaks_to_nobody(town: Town, office: Office) -> None:
    with night(TODAY, dry_run=True):
        assert open_folders.fn() == {"saksmapper opprettet": len(APPLICANTS)}
        assert file_documents.fn() == {"dokumenter arkivert": len(APPROVED)}
        assert write_and_send_mail.fn() == {"e-poster sendt": len(APPLICANTS)}
    assert office.gate.requests == []
    assert town.statuses(ErrandKind.OPEN_FOLDER) == {"pending": len(APPLICANTS)}


@pytest.mark.parametrize("step", [open_folders, file_documents])
def test_what_cannot_be_reached_ends_the_step_with_its_own_error(town: Town, office: Office, step: object) -> None:
    """Prefect's retries and the night's report know the error by its kind."""
    office.fail(Fault(path_pattern="^/v1.0/drives", times=None, drop="before"))
    with quick_night(hurried=True), pytest.raises(GraphUnreachableError):
        step.fn()  # type: ignore[attr-defined]  # both are Prefect tasks
    assert town.archived() == {}


@pytest.mark.usefixtures("town")
def test_what_was_delivered_before_an_outage_is_counted() -> None:
    async def attempt(row: Any) -> str:  # noqa: ANN401 - as the rows of a query are
        if row.id == 3:
            raise GraphCredentialsError("nei")
        return "levert" if row.id else "feilet"

    rows: list[Any] = [SimpleNamespace(id=number, attempts=0) for number in range(6)]

    with quick_night() as running:
        with pytest.raises(GraphCredentialsError):
            asyncio.run(attempt_each("levert", "feilet", rows, attempt, Outage(1)))
        assert running.before_it_broke == {"levert": 2}, "what failed is tried again, and counted then"


def test_refused_credentials_end_the_mailing_with_their_own_error(town: Town, office: Office) -> None:
    deliver_folders()
    office.fail(Fault(path_pattern="/messages", times=None, status=401))
    with quick_night(), pytest.raises(GraphCredentialsError):
        write_and_send_mail.fn()
    assert town.statuses(MAIL) == {"pending": len(APPLICANTS)}


@pytest.mark.parametrize("status", [403, 404])
def test_a_mailbox_that_is_closed_to_us_is_not_asked_for_every_mail(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Exchange's own roles take hours to work (RBAC for Applications); a mail costs nothing meanwhile."""
    deliver_folders()
    monkeypatch.setattr(mailing, "AT_A_TIME", 1)
    office.fail(Fault(path_pattern="/messages", times=None, status=status))
    for method in (*["POST"] * len(APPLICANTS), "GET"):  # what has not been tried comes first
        office.gate.requests.clear()
        with quick_night(), pytest.raises(SenderRefusedError, match=f"{status} .*line Mailbox"):
            write_and_send_mail.fn()
        asked = [request for request in office.gate.requests if "/messages" in request]
        assert [request.partition(" ")[0] for request in asked] == [method], (
            "an outage is one on end, when one at a time"
        )
        assert town.statuses(MAIL) == {"pending": len(APPLICANTS)}

    office.tenant.faults.clear()
    deliver()
    town.assert_all_delivered_once()


# --- Folders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whose", "kept_out", "let_in"), [("0900", "lederen", "0001"), ("0001", "den ansatte", "0900")]
)
def test_an_address_nobody_has_keeps_nobody_else_out_and_no_mail_back(
    town: Town, office: Office, whose: str, kept_out: str, let_in: str
) -> None:
    """Every night, until somebody puts it right."""
    of_whom = update(employees).where(employees.c.employee_number == whose)
    town.change(of_whom.values(email="borte@sandvik.kommune.example"))
    hit = APPLICANTS if whose == "0900" else APPLICANTS[:1]
    for _ in range(2):
        with quick_night():
            assert open_folders.fn()["leveranser som feilet"] == len(hit)
        for row in [row for row in town.outbox(ErrandKind.OPEN_FOLDER) if row.status == "pending"]:
            assert row.reason.startswith(f"Saksmappen er der, men {kept_out} slipper ikke inn:")
            assert "borte" not in row.reason
        assert office.tenant.may_read(CASE_LIBRARY, "HK-2027-00001", user(let_in))
        assert not office.tenant.may_read(CASE_LIBRARY, "HK-2027-00001", user(whose))
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": len(APPLICANTS)}

    town.change(of_whom.values(email=person(whose).email))
    with quick_night():
        assert open_folders.fn() == {"saksmapper opprettet": len(hit)}
    assert office.tenant.may_read(CASE_LIBRARY, "HK-2027-00001", user(whose))
    assert {row.reason for row in town.outbox(ErrandKind.OPEN_FOLDER)} == {None}


@pytest.mark.usefixtures("town")
def test_an_invitation_that_is_refused_for_another_reason_keeps_the_mails(office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/invite$", times=None, status=400))
    with quick_night():
        assert open_folders.fn()["leveranser som feilet"] == len(APPLICANTS)
        assert write_and_send_mail.fn() == {"e-poster sendt": 0}


# --- The archive ------------------------------------------------------------------------------------------------


def test_another_file_in_the_archive_stops_one_document_and_waits_for_a_person(town: Town, office: Office) -> None:
    number = "HK-2027-00005"
    path = f"0005/Hjemmekontor/{number}/Avtale {number}.pdf"
    office.run(lambda graph: _put_by_hand(graph, path))
    with quick_night():
        assert file_documents.fn() == {"dokumenter arkivert": 2, "leveranser som feilet": 1}

    [row] = [row for row in town.outbox(ErrandKind.FILE_DOCUMENT) if row.status == "failed"]
    assert row.case_number == number
    assert "annen fil med dette navnet" in row.reason
    assert office.tenant.read(ARCHIVE_LIBRARY, path) == b"written by hand"


async def _put_by_hand(graph: Graph, path: str) -> None:
    folder, _, name = path.rpartition("/")
    folder_id = await ensure_folder(graph, ARCHIVE_LIBRARY, folder)
    await put_file(graph, ARCHIVE_LIBRARY, folder_id, name, b"written by hand")


def test_the_own_copy_goes_only_when_the_archive_has_been_read_back(town: Town, office: Office) -> None:
    office.fail(Fault(method="GET", path_pattern="/items/[^/]+$", status=503))
    with quick_night(hurried=True):
        assert file_documents.fn() == {"dokumenter arkivert": 2, "leveranser som feilet": 1}
    assert len(rows(town.database, documents)) == 1
    deliver()
    town.assert_all_delivered_once()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (507, "SharePoint-området er fullt. Utvid lagringsplassen; så prøves det på nytt."),
        (423, "Filen eller mappen er låst, kanskje fordi noen har den åpen; det prøves på nytt neste gang."),
        (403, "Programmet har ikke tilgang; gi det rettigheter på SharePoint-området."),
        (500, "Microsoft 365 hadde en feil; det prøves på nytt neste gang."),
    ],
)
def test_why_a_document_waits_is_said_in_a_sentence(town: Town, office: Office, status: int, sentence: str) -> None:
    office.fail(Fault(method="PUT", path_pattern="Avtale HK", status=status))
    with night(TODAY):
        assert file_documents.fn() == {"dokumenter arkivert": 2, "leveranser som feilet": 1}
    [row] = [row for row in town.outbox(ErrandKind.FILE_DOCUMENT) if row.status == "pending"]
    assert row.reason.startswith(f"{sentence} (Microsoft Graph: PUT archive file was answered {status} ")
    deliver()
    town.assert_all_delivered_once()


# --- Mail -------------------------------------------------------------------------------------------------------


def deliver_folders() -> None:
    with quick_night():
        open_folders.fn()


def test_a_send_that_was_answered_504_after_the_work_is_one_mail(town: Town, office: Office) -> None:
    deliver_folders()
    office.fail(Fault(method="POST", path_pattern="/send$", status=504, after_work=True))
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": 3}
    assert len(office.tenant.sent_messages()) == len(APPLICANTS)
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


def test_a_draft_that_somebody_deleted_is_written_anew(town: Town, office: Office) -> None:
    deliver_folders()
    office.fail(Fault(method="POST", path_pattern="/send$", times=None, status=503))
    with quick_night():
        assert write_and_send_mail.fn()["e-poster som feilet"] == len(APPLICANTS)
    office.tenant.faults.clear()
    office.run(lambda graph: _delete_drafts(graph, town))

    deliver()

    assert len(office.tenant.sent_messages()) == len(APPLICANTS)
    assert town.drafts() == 0


async def _delete_drafts(graph: Graph, town: Town) -> None:
    for row in town.outbox(MAIL):
        await graph.repeatable("DELETE", f"/users/{town.tenant.sender}/messages/{row.remote_id}", "DELETE mail")


def test_a_mail_that_left_without_our_learning_of_it_is_found_by_its_key(town: Town, office: Office) -> None:
    deliver_folders()
    with quick_night():
        office.fail(Fault(method="POST", path_pattern="/messages$", times=3, status=400))
        assert write_and_send_mail.fn()["e-poster som feilet"] == len(APPLICANTS)
    key = town.outbox(MAIL)[0].key
    sender, letter = office.tenant.sender, Letter([person("0001").email or ""], "Sak", "<p>Hei</p>")
    identity = office.run(lambda graph: draft(graph, sender, key, letter))
    office.run(lambda graph: send(graph, sender, identity))
    town.change(update(outbox).where(outbox.c.kind == MAIL).values(status="pending"))

    deliver()

    assert len(office.tenant.sent_messages()) == len(APPLICANTS)
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


def test_an_address_nobody_has_does_not_stop_the_others(town: Town, office: Office) -> None:
    """It is accepted like any other; the report of failure comes to the sender's mailbox."""
    deliver_folders()
    gone = update(employees).where(employees.c.employee_number == "0001").values(email="borte@sandvik.kommune.example")
    town.change(gone)
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": len(APPLICANTS)}
    undelivered = [address for message in office.tenant.sent_messages() for address in message.undelivered]
    assert undelivered == ["borte@sandvik.kommune.example"]


def test_a_refused_mail_keeps_its_reason_and_is_not_tried_again(town: Town, office: Office) -> None:
    deliver_folders()
    town.change(update(employees).where(employees.c.employee_number == "0002").values(email="ikke en adresse"))
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": 2, "e-poster som feilet": 1}
    [refused] = [row for row in town.outbox(MAIL) if row.status == "failed"]
    assert "400 ErrorInvalidRecipients" in refused.reason
    assert "ikke en adresse" not in refused.reason
    office.gate.requests.clear()
    deliver()
    assert office.requests("/send") == 0


def test_a_sender_that_does_not_exist_costs_no_mail(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_folders()
    monkeypatch.setenv("HK_MAIL_SENDER", "feil@sandvik.kommune.example")
    with quick_night(), pytest.raises(SenderRefusedError, match="HK_MAIL_SENDER"):
        write_and_send_mail.fn()
    assert town.statuses(MAIL) == {"pending": len(APPLICANTS)}
    monkeypatch.setenv("HK_MAIL_SENDER", office.tenant.sender)
    deliver()
    assert len(office.tenant.sent_messages()) == len(APPLICANTS)


def test_a_text_that_something_on_the_way_takes_offence_at_stops_no_other(town: Town, office: Office) -> None:
    """A filter answers a page for one mail each night; the next ones are not kept waiting for it."""
    deliver_folders()
    office.gate.inside = Offended(office.tenant.application(), person("0002").email or "")
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": 2, "e-poster som feilet": 1}
    [offending] = [row for row in town.outbox(MAIL) if row.status == "pending"]
    assert "instead of JSON" in offending.reason
    office.gate.inside = office.tenant.application()
    deliver()
    town.assert_all_delivered_once()


@dataclass(frozen=True, slots=True)
class Offended:
    """An ASGI application: the tenant, but for drafts that name this address."""

    tenant: ASGIApp
    address: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()

        async def again() -> Message:
            return {"type": "http.request", "body": body}

        inside = HTMLResponse("<html>") if self.address.encode() in body else self.tenant
        await inside(scope, again, send)


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (400, "ErrorInvalidRecipients", True),
        (413, "RequestEntityTooLarge", True),
        (403, "ErrorAccessDenied", False),
        (403, "ErrorSendAsDenied", False),
        (403, "ErrorInvalidRecipients", True),
        (404, "ErrorInvalidUser", False),
    ],
)
def test_only_what_is_about_the_message_itself_is_given_up(status: int, code: str, *, is_final: bool) -> None:
    assert GraphError(status, code, "-", "POST mail send").is_final is is_final


def test_what_was_given_up_is_sent_when_somebody_has_put_the_address_right(town: Town) -> None:
    deliver_folders()
    of_one = update(employees).where(employees.c.employee_number == "0002")
    town.change(of_one.values(email="ikke en adresse"))
    with quick_night():
        assert write_and_send_mail.fn() == {"e-poster sendt": 2, "e-poster som feilet": 1}
    town.change(of_one.values(email=person("0002").email))

    for expected in (1, 0):
        with quick_night():
            assert let_wait_for_delivery.fn("hk-2027-00002") == {"leveranser prøves på nytt": expected}
            assert write_and_send_mail.fn() == {"e-poster sendt": expected}

    deliver()
    town.assert_all_delivered_once()


def test_a_document_that_was_given_up_is_filed_when_its_place_is_free(town: Town, office: Office) -> None:
    number = "HK-2027-00005"
    path = f"0005/Hjemmekontor/{number}/Avtale {number}.pdf"
    office.run(lambda graph: _put_by_hand(graph, path))
    deliver()
    assert town.statuses(ErrandKind.FILE_DOCUMENT) == {"done": 2, "failed": 1}
    office.run(lambda graph: _remove_by_hand(graph, path))

    with quick_night():
        assert let_wait_for_delivery.fn("HK-2027-00004") == {"leveranser prøves på nytt": 0}
        assert let_wait_for_delivery.fn(None) == {"leveranser prøves på nytt": 1}
    deliver()
    town.assert_all_delivered_once()


async def _remove_by_hand(graph: Graph, path: str) -> None:
    drive = await drive_id(graph, ARCHIVE_LIBRARY)
    item = await graph.get(f"/drives/{drive}/root:/{quote(path)}", "GET item")
    await graph.repeatable("DELETE", f"/drives/{drive}/items/{item['id']}", "DELETE item")


def test_a_case_nobody_knows_is_said(town: Town) -> None:
    with quick_night(), pytest.raises(NoSuchCaseError, match="HK-2027-99999"):
        let_wait_for_delivery.fn("HK-2027-99999")
    assert town.statuses(MAIL) == {}
