"""Mails that came back: the non-delivery reports in the sender's mailbox, and which mail of ours each is about.

A report is known by its message class, REPORT.IPM.Note.NDR: the class Exchange gives every delivery status notification
that tells of a failure, and none that tells of a delay ([MS-OXCMAIL] 2.2.3.7.1.1). Graph filters by it as an extended
property (singlevaluelegacyextendedproperty-get.md). Which mail it is about is said by In-Reply-To, where Exchange
Online puts the Message-ID of what it could not deliver; in References as well. No page of Microsoft's says so: it is
how the reports look that others have collected (sisimai/p5-sisimai, set-of-emails, email-office365-*.eml). Why it came
back is in the part message/delivery-status of the MIME content (RFC 3464; outlook-get-mime-message.md).

Nothing is changed in the mailbox, not even that a report is unread.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from urllib.parse import quote

from integrations.graph.client import Graph
from integrations.graph.errors import GraphError

MESSAGE_CLASS, NON_DELIVERY = "String 0x001A", "REPORT.IPM.Note.NDR"
PAGE = 50
"""A report has some 15 kB of headers."""
STATUS_TYPE = "message/delivery-status"
ENHANCED = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")
AFTER_THE_REPLY = re.compile(rf"\b[45]\d\d[ -]({ENHANCED.pattern})\b")
"""Where another server's words begin: `550 5.1.10 …`. An address of four numbers is none."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A report by its id, and the Internet message id of the mail it is about, if it names one."""

    identity: str
    received_at: datetime
    about: str | None


async def reports_since(graph: Graph, sender: str, since: datetime | None) -> list[Returned]:
    """The reports received at `since` or later, all there are without it; wherever in the mailbox they lie by now.

    Raises:
        GraphError, GraphUnreachableError: nothing is concluded from what could not be read.
    """
    of_class = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MESSAGE_CLASS}' and ep/value eq '{NON_DELIVERY}')"
    wanted = of_class if since is None else f"receivedDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and {of_class}"
    query = f"$filter={quote(wanted)}&$select=id,receivedDateTime,internetMessageHeaders&$top={PAGE}"
    found = await graph.pages(f"/users/{quote(sender)}/messages?{query}", "GET mail reports")
    return [
        Returned(
            entry["id"],
            datetime.fromisoformat(entry["receivedDateTime"]),
            _about(entry.get("internetMessageHeaders") or ()),
        )
        for entry in found
    ]


async def status_of(graph: Graph, sender: str, identity: str) -> str | None:
    """Why it came back, as the enhanced status code of RFC 3463 (`5.1.10`).

    None when the report does not say, or is gone or kept back by something on the way: that it came back is known.

    Raises:
        GraphError, GraphUnreachableError: the mailbox could not be asked.
    """
    address, doing = f"/users/{quote(sender)}/messages/{quote(identity)}/$value", "GET mail report"
    try:
        report = message_from_bytes((await graph.repeatable("GET", address, doing)).content)
    except GraphError as error:
        if error.may_pass:
            raise
        return None  # somebody has removed it since it was found, or it is shown to nobody: no other waits for it
    return next(filter(None, map(_status, _recipients(report))), None)


def _about(headers: Iterable[Mapping[str, str]]) -> str | None:
    """The mail it answers. References may name older ones as well, the newest last."""
    said = {header["name"].lower(): header["value"].split() for header in headers}
    named = said.get("in-reply-to") or said.get("references")
    return named[-1] if named else None


def _recipients(report: Message) -> list[Message]:
    """What is told of each recipient that the mail did not get to."""
    status = next((part for part in report.walk() if part.get_content_type() == STATUS_TYPE), None)
    told = [] if status is None else [fields for fields in status.get_payload() if isinstance(fields, Message)]
    return [fields for fields in told if str(fields.get("Action", "")).strip().lower() == "failed"]


def _status(fields: Message) -> str | None:
    """The receiving system's own words are more exact than what Exchange makes of them."""
    words = AFTER_THE_REPLY.search(str(fields.get("Diagnostic-Code", "")))
    code = ENHANCED.search(str(fields.get("Status", "")))
    return words[1] if words else code[0] if code else None
