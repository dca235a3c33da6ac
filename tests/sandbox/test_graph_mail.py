"""Drafts, sending and what becomes of a mail."""

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from sandbox.graph.reports import Report
from tests.sandbox.conftest import IMMUTABLE, KARI, OLA, Graph, error_code

FILE = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "avtale.pdf", "contentBytes": "JVBERi0xLjc="}
KEY = "<chase-17-first@hjemmekontor>"


def draft(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - properties of a Graph message
    message: dict[str, Any] = {
        "subject": "Dokumentasjon for hjemmekontor mangler",
        "body": {"contentType": "HTML", "content": '<p>Hei Kari,</p><p>se <a href="https://x.example/a">mappa</a></p>'},
        "toRecipients": [{"emailAddress": {"address": KARI.mail, "name": "Kari Bjørg Lie"}}],
        "ccRecipients": [{"emailAddress": {"address": OLA.mail}}],
        "internetMessageId": KEY,
        "internetMessageHeaders": [{"name": "x-hjemmekontor-case", "value": "HK-2026-0017"}],
    }
    return message | changes


def create(graph: Graph, **changes: Any) -> str:  # noqa: ANN401 - properties of a Graph message
    answer = graph.client.post(f"{graph.mailbox}/messages", json=draft(**changes), headers=IMMUTABLE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def send(graph: Graph, message_id: str) -> int:
    return graph.client.post(f"{graph.mailbox}/messages/{message_id}/send").status_code


def mails(graph: Graph) -> list[EmailMessage]:
    files = sorted((graph.directory / "mail").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def test_a_sent_draft_keeps_its_immutable_id(graph: Graph) -> None:
    message_id = create(graph)
    assert send(graph, message_id) == 202
    shown = graph.client.get(f"{graph.mailbox}/messages/{message_id}", headers=IMMUTABLE).json()
    assert (shown["id"], shown["isDraft"]) == (message_id, False)
    assert shown["sentDateTime"] == "2026-03-02T09:30:00Z"


def test_an_ordinary_id_changes_when_the_message_is_sent(graph: Graph) -> None:
    message_id = graph.client.post(f"{graph.mailbox}/messages", json=draft()).json()["id"]
    assert send(graph, message_id) == 202
    answer = graph.client.get(f"{graph.mailbox}/messages/{message_id}")
    assert (answer.status_code, error_code(answer)) == (404, "ErrorItemNotFound")


def test_sending_twice_is_refused_and_sends_once(graph: Graph) -> None:
    message_id = create(graph)
    assert send(graph, message_id) == 202
    again = graph.client.post(f"{graph.mailbox}/messages/{message_id}/send")
    assert (again.status_code, error_code(again)) == (400, "ErrorInvalidOperation")
    assert len(graph.tenant.sent_messages()) == len(mails(graph)) == 1


def test_a_draft_is_found_by_its_internet_message_id(graph: Graph) -> None:
    message_id = create(graph)
    create(graph, internetMessageId="<other@hjemmekontor>")
    params = {"$filter": f"internetMessageId eq '{KEY}'", "$select": "id,isDraft", "$top": "5"}
    found = graph.client.get(f"{graph.mailbox}/messages", params=params, headers=IMMUTABLE).json()["value"]
    assert found == [{"id": message_id, "isDraft": True}]
    nothing = params | {"$filter": "internetMessageId eq '<none@hjemmekontor>'"}
    assert graph.client.get(f"{graph.mailbox}/messages", params=nothing).json()["value"] == []


def test_our_headers_are_shown_to_those_who_ask(graph: Graph) -> None:
    address = f"{graph.mailbox}/messages/{create(graph)}"
    assert "internetMessageHeaders" not in graph.client.get(address).json()
    shown = graph.client.get(address, params={"$select": "internetMessageHeaders"}).json()
    assert shown["internetMessageHeaders"] == [{"name": "x-hjemmekontor-case", "value": "HK-2026-0017"}]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"internetMessageHeaders": [{"name": "Subject", "value": "x"}]}, "InvalidInternetMessageHeader"),
        (
            {"internetMessageHeaders": [{"name": f"x-{n}", "value": "x"} for n in range(6)]},
            "InvalidInternetMessageHeaderCollection",
        ),
        ({"toRecipients": [{"address": "a@b.example"}]}, "BadRequest"),
        ({"body": {"contentType": "markdown", "content": "x"}}, "BadRequest"),
        ({"internetMessageHeaders": [{"name": "x-a: b\r\nBcc", "value": "x"}]}, "InvalidInternetMessageHeader"),
        ({"attachments": [FILE | {"name": ""}]}, "ErrorRequiredPropertyMissing"),
        ({"attachments": [FILE | {"contentBytes": "å"}]}, "BadRequest"),
        ({"attachments": [FILE | {"contentType": "pdf"}]}, "BadRequest"),
    ],
)
def test_drafts_exchange_would_refuse(graph: Graph, changes: dict[str, Any], code: str) -> None:
    answer = graph.client.post(f"{graph.mailbox}/messages", json=draft(**changes))
    assert (answer.status_code, error_code(answer)) == (400, code)


@pytest.mark.parametrize("recipients", [[], [{"emailAddress": {"address": "no address"}}]])
def test_no_usable_recipient_cannot_be_sent(graph: Graph, recipients: list[Any]) -> None:
    answer = graph.client.post(
        f"{graph.mailbox}/messages/{create(graph, toRecipients=recipients, ccRecipients=[])}/send"
    )
    assert (answer.status_code, error_code(answer)) == (400, "ErrorInvalidRecipients")
    assert graph.tenant.sent_messages() == []


def test_drafts_can_be_changed_and_sent_messages_cannot(graph: Graph) -> None:
    address = f"{graph.mailbox}/messages/{create(graph)}"
    changed = graph.client.patch(address, json={"subject": "Nytt emne"})
    assert (changed.status_code, changed.json()["subject"]) == (200, "Nytt emne")
    assert graph.client.post(f"{address}/send").status_code == 202
    refused = graph.client.patch(address, json={"subject": "For sent"})
    assert refused.status_code == 400
    assert graph.client.patch(address, json={"categories": ["HK-2026-0017"]}).status_code == 200
    assert graph.tenant.sent_messages()[0].subject == "Nytt emne"


def test_a_deleted_draft_is_gone(graph: Graph) -> None:
    address = f"{graph.mailbox}/messages/{create(graph)}"
    assert graph.client.delete(address).status_code == 204
    assert graph.client.get(address).status_code == 404
    assert graph.client.post(f"{address}/send").status_code == 404


def test_the_file_is_a_mail_people_can_open(graph: Graph) -> None:
    message_id = create(graph)
    added = graph.client.post(f"{graph.mailbox}/messages/{message_id}/attachments", json=FILE)
    assert (added.status_code, added.json()["size"]) == (201, 8)
    assert send(graph, message_id) == 202
    assert [file.name for file in (graph.directory / "mail").glob("*.eml")] == ["2026-03-02-00001-Kari.Lie.eml"]
    mail = mails(graph)[0]
    assert mail["To"] == "Kari Bjørg Lie <Kari.Lie@sandvik.kommune.example>"
    assert mail["Message-ID"] == KEY
    assert mail["x-hjemmekontor-case"] == "HK-2026-0017"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split() == ["Hei", "Kari,", "se", "mappa", "<https://x.example/a>"]
    assert "<p>Hei Kari,</p>" in html.get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["avtale.pdf"]


def test_markup_and_line_breaks_cannot_forge_headers(graph: Graph) -> None:
    headers = [{"name": "x-note", "value": "a\r\nBcc: everybody@sandvik.kommune.example"}]
    assert send(graph, create(graph, subject="Hei\r\nBcc: x@y.example", internetMessageHeaders=headers)) == 202
    mail = mails(graph)[0]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hei Bcc: x@y.example"


def test_people_read_what_is_new_to_them(graph: Graph) -> None:
    for number in range(3):
        assert send(graph, create(graph, subject=f"Nr. {number}")) == 202
    first, *later = graph.tenant.sent_messages()
    assert (first.sequence, first.to, first.cc) == (1, (KARI.mail,), (OLA.mail,))
    assert first.headers == {"x-hjemmekontor-case": "HK-2026-0017"}
    assert graph.tenant.sent_messages(after=first.sequence) == later
    assert [message.subject for message in later] == ["Nr. 1", "Nr. 2"]


def test_times_follow_the_business_clock(graph: Graph) -> None:
    graph.clock.now += timedelta(days=200, hours=14)
    assert send(graph, create(graph)) == 202
    assert mails(graph)[0]["Date"] == "Sat, 19 Sep 2026 01:30:00 +0200"
    assert graph.tenant.sent_messages()[0].sent_at == graph.clock.now
    assert next((graph.directory / "mail").glob("*.eml")).name.startswith("2026-09-19-")


def test_send_mail_at_once(graph: Graph) -> None:
    body = {"Message": draft(), "SaveToSentItems": False}
    assert graph.client.post(f"{graph.mailbox}/sendMail", json=body).status_code == 202
    assert [message.subject for message in graph.tenant.sent_messages()] == [draft()["subject"]]
    assert graph.client.get(f"{graph.mailbox}/messages").json()["value"] == []
    refused = {"message": draft(toRecipients=[], ccRecipients=[])}
    assert graph.client.post(f"{graph.mailbox}/sendMail", json=refused).status_code == 400
    assert graph.client.get(f"{graph.mailbox}/messages").json()["value"] == []


def test_an_unknown_address_bounces(graph: Graph) -> None:
    to = [{"emailAddress": {"address": "sluttet@sandvik.kommune.example"}}]
    message_id = create(graph, toRecipients=to, ccRecipients=[{"emailAddress": {"address": "a@elsewhere.example"}}])
    assert send(graph, message_id) == 202
    assert graph.tenant.sent_messages()[0].undelivered == ("sluttet@sandvik.kommune.example",)
    [report] = reports(graph)
    headers = {header["name"]: header["value"] for header in report["internetMessageHeaders"]}
    assert (headers["In-Reply-To"], headers["References"]) == (KEY, KEY)
    assert headers["Auto-Submitted"] == "auto-replied"
    assert headers["Content-Type"].startswith('multipart/report; report-type="delivery-status"')
    file = (graph.directory / "mail" / "undelivered" / "2026-03-02-00001-sluttet.eml").read_bytes()
    answer = graph.client.get(f"{graph.mailbox}/messages/{report['id']}/$value")
    assert (answer.content, answer.headers["Content-Type"].partition(";")[0]) == (file, "text/plain")
    status, original = list(email.message_from_bytes(file, policy=email.policy.default).iter_parts())[1:]
    [_, recipient] = status.iter_parts()
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.10")
    assert recipient["Final-Recipient"] == "rfc822;sluttet@sandvik.kommune.example"
    assert [part["Message-ID"] for part in original.iter_parts()] == [KEY]


def reports(graph: Graph, since: str = "2026-03-02T09:30:00Z") -> list[dict[str, Any]]:
    """Reports of failure that came since, as one asks Graph for them."""
    of_class = "singleValueExtendedProperties/Any(ep: ep/id eq 'String 0x001A' and ep/value eq 'REPORT.IPM.Note.NDR')"
    params = {
        "$filter": f"receivedDateTime ge {since} and {of_class}",
        "$select": "id,receivedDateTime,isRead,internetMessageHeaders",
    }
    found: list[dict[str, Any]] = graph.client.get(f"{graph.mailbox}/messages", params=params).json()["value"]
    return found


def test_only_reports_of_failure_are_of_their_class(graph: Graph) -> None:
    absent = EmailMessage()
    absent["From"], absent["Subject"], absent["Auto-Submitted"] = KARI.mail, "Automatisk svar", "auto-replied"
    absent.set_content("Jeg er borte.")
    delayed = Report(KEY, OLA.mail or "", b"", "4.4.7", "Message delayed", "delayed")
    for mail in (absent.as_bytes(), delayed.written(graph.tenant.sender, "<1@x.example>", graph.clock())):
        graph.tenant.receive_mail(mail)
    assert reports(graph) == []
    failed = Report(None, OLA.mail or "", b"").written(graph.tenant.sender, "<2@x.example>", graph.clock())
    identity = graph.tenant.receive_mail(failed)
    [found] = reports(graph)
    assert graph.client.get(f"{graph.mailbox}/messages/{identity}").json()["internetMessageId"] == "<2@x.example>"
    assert (found["receivedDateTime"], found["isRead"]) == ("2026-03-02T09:30:00Z", False)
    assert reports(graph, "2026-03-02T09:30:01Z") == []


def test_only_the_shared_mailbox_is_open_to_us(graph: Graph) -> None:
    answer = graph.client.get(f"/users/{KARI.user_id}/messages")
    assert (answer.status_code, error_code(answer)) == (403, "ErrorAccessDenied")
    assert graph.client.get("/users/nobody@x.example/messages").status_code == 404
