"""Sent mails as files that any mail program opens."""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html.parser import HTMLParser
from typing import Any

from sandbox.graph.exchange import Document
from sandbox.graph.identity import OSLO

LINE_BREAKS = frozenset({"br", "p", "div", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4"})
UNREAD = frozenset({"style", "script", "head", "title"})


def to_eml(content: Document, sender: str, sent_at: datetime, attachments: Sequence[Document]) -> bytes:
    """RFC 5322 text of a Graph message: plain text, HTML beside it where the body is HTML, attachments.

    Args:
        content: the message's properties as Graph names them.
        sender: address of the mailbox.
        sent_at: when, aware of its time zone; written in Norwegian time.
        attachments: Graph's fileAttachments, with `contentBytes`.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    for header, name in (("To", "toRecipients"), ("Cc", "ccRecipients"), ("Reply-To", "replyTo")):
        if content.get(name):
            mail[header] = [_address(recipient["emailAddress"]) for recipient in content[name]]
    mail["Subject"] = _one_line(content.get("subject") or "")
    mail["Date"] = format_datetime(sent_at.astimezone(OSLO))
    mail["Message-ID"] = content["internetMessageId"]
    for header in content.get("internetMessageHeaders") or []:
        mail[header["name"]] = _one_line(header["value"])
    body = content.get("body") or {"contentType": "text", "content": ""}
    text = body.get("content") or ""
    if str(body.get("contentType", "text")).lower() == "html":
        mail.set_content(plain_text(text))
        mail.add_alternative(text, subtype="html")
    else:
        mail.set_content(text)
    for attachment in attachments:
        kind, _, subtype = (attachment.get("contentType") or "application/octet-stream").partition("/")
        data = base64.b64decode(attachment["contentBytes"])
        mail.add_attachment(data, maintype=kind, subtype=subtype, filename=attachment["name"])
    return mail.as_bytes()


def plain_text(html: str) -> str:
    """What a person reads of `html`, with the address of each link after its text."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\r\f\v\u00a0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def file_name(business_date: str, number: int, recipient: str) -> str:
    """Sorts by time, and says to whom: `2026-03-02-00017-kari.lie.eml`."""
    local_part = re.sub(r"[^\w.+-]", "_", recipient.partition("@")[0]) or "ukjent"
    return f"{business_date}-{number:05d}-{local_part}.eml"


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LINE_BREAKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")
        if tag in UNREAD:
            self._unread += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in LINE_BREAKS:
            self.parts.append("\n")
        if tag == "a" and self._links:
            address = self._links.pop()
            if address and not "".join(self.parts).rstrip().endswith(address):
                self.parts.append(f" <{address}>")
        if tag in UNREAD and self._unread:
            self._unread -= 1

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(data.replace("\n", " "))


def _address(address: dict[str, Any]) -> Address:
    return Address(display_name=_one_line(address.get("name") or ""), addr_spec=address["address"])


def _one_line(text: str) -> str:
    return " ".join(text.split())
