"""The shared mailbox mails are sent from: drafts, sent items, and reports of what could not be delivered."""

import base64
import re
from collections.abc import Iterable
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import msgspec

from sandbox.graph.directory import Directory
from sandbox.graph.eml import file_name, to_eml
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Document
from sandbox.graph.identity import OSLO, Clock, opaque
from sandbox.graph.reports import NOTE, Report, message_class
from sandbox.store import Store

DRAFTS, SENT, INBOX = "drafts", "sentitems", "inbox"
FOLDERS = frozenset({DRAFTS, SENT, INBOX})
MAX_OWN_HEADERS = 5
OWN_HEADER = re.compile(r"[xX]-[\w-]+", re.ASCII)
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
RECIPIENT_FIELDS = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")
ADDRESSEES = RECIPIENT_FIELDS[:3]
WRITABLE = frozenset(
    {
        *RECIPIENT_FIELDS,
        "subject",
        "body",
        "internetMessageId",
        "internetMessageHeaders",
        "categories",
        "importance",
        "isRead",
        "from",
        "sender",
        "singleValueExtendedProperties",
        "isDeliveryReceiptRequested",
        "isReadReceiptRequested",
        "flag",
        "inferenceClassification",
    }
)
WRITABLE_AFTER_SENDING = frozenset({"isRead", "categories", "importance", "flag", "inferenceClassification"})


class Message(msgspec.Struct, frozen=True):
    """A message. `content` holds the properties a client may write, as Graph names them.

    The immutable id stays for life; the other one changes when the message moves to another folder. `received` is what
    came in, to the last byte; our own mail has none.
    """

    immutable_id: str
    folder_id: str
    folder: str
    content: Document
    created_at: datetime
    modified_at: datetime
    version: int = 1
    sent_at: datetime | None = None
    attachments: tuple[Document, ...] = ()
    message_class: str = NOTE
    received: bytes | None = None

    @property
    def is_draft(self) -> bool:
        return self.folder == DRAFTS


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipient sees. `sequence` runs from 1 without gaps; `message_id` is the immutable id."""

    sequence: int
    message_id: str
    internet_message_id: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    body_html: str
    headers: dict[str, str]
    sent_at: datetime
    undelivered: tuple[str, ...] = ()


class Mailbox:
    """Messages of one sender, readable files of what was sent below `directory`."""

    def __init__(self, store: Store, directory: Path, users: Directory, address: str, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._users = users
        self._clock = clock
        self.address = address
        self._messages = store.shelf("message", Message)
        self._sent = store.shelf("sent", SentMessage)
        self._by_folder_id = {message.folder_id: message.immutable_id for message in self._messages.values()}
        self._by_internet_id: dict[str, dict[str, None]] = {}
        self._by_class: dict[str, dict[str, None]] = {}
        for message in self._messages.values():
            self._index(message)

    def all(self) -> list[Message]:
        """Newest first, as Graph lists them."""
        return list(self._messages.values())[::-1]

    def get(self, message_id: str) -> Message:
        """By either kind of id.

        Raises:
            GraphError: 404.
        """
        message = self._messages.get(self._by_folder_id.get(message_id, message_id))
        if message is None:
            raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return message

    def with_internet_id(self, internet_message_id: str) -> list[Message]:
        keys = self._by_internet_id.get(internet_message_id.casefold(), {})
        return [self._messages[key] for key in keys]

    def of_class(self, name: str) -> list[Message]:
        """What came in of this message class, newest first."""
        return [self._messages[key] for key in reversed(self._by_class.get(name.casefold(), {}))]

    def create(self, properties: Document) -> Message:
        """A new draft.

        Raises:
            GraphError: 400, when Exchange would not take the properties.
        """
        attachments = tuple(check_attachment(attachment) for attachment in properties.get("attachments") or [])
        content = {name: value for name, value in properties.items() if name in WRITABLE}
        check_content(content)
        with self._store.transaction():
            return self._put_new(content, DRAFTS, attachments=attachments)

    def receive(self, mail: bytes) -> Message:
        """A mail comes in: from a person, or a report on one of ours."""
        read = BytesParser(policy=policy.default).parsebytes(mail)
        body = read.get_body(("html", "plain"))
        content = {
            "subject": str(read["Subject"] or ""),
            "body": {"contentType": "text", "content": "" if body is None else body.get_content()},
            "toRecipients": [{"emailAddress": {"address": self.address}}],
            "from": {"emailAddress": {"address": _sender_of(read)}},
            "internetMessageHeaders": [{"name": name, "value": str(value)} for name, value in read.items()],
        }
        if read["Message-ID"]:
            content["internetMessageId"] = str(read["Message-ID"])
        with self._store.transaction():
            return self._put_new(
                content, INBOX, message_class=message_class(read), received=mail, sent_at=self._clock()
            )

    def _put_new(self, content: Document, folder: str, **more: Any) -> Message:  # noqa: ANN401 - fields of Message
        number = self._store.next_number("message")
        domain = self.address.partition("@")[2]
        content.setdefault("internetMessageId", f"<{opaque('', f'internet {number}', 32)}@{domain}>")
        now = self._clock()
        immutable_id = opaque("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A", f"message {number}", 120)
        files = more.pop("attachments", ())
        message = Message(
            immutable_id=immutable_id,
            folder_id=_folder_id(number, folder, 1),
            folder=folder,
            content=content,
            created_at=now,
            modified_at=now,
            attachments=tuple(_numbered(attachment, immutable_id, n) for n, attachment in enumerate(files)),
            **more,
        )
        self._put(message)
        return message

    def update(self, message: Message, properties: Document) -> Message:
        """Change a draft; of a sent message only what is the reader's own, such as its categories.

        Raises:
            GraphError: 400.
        """
        content = {name: value for name, value in properties.items() if name in WRITABLE}
        if not message.is_draft and not WRITABLE_AFTER_SENDING.issuperset(content):
            raise GraphError(400, "ErrorInvalidPropertySet", "The property can be set on a draft message only.")
        check_content(content)
        return self._changed(message, content=message.content | content)

    def attach(self, message: Message, attachment: Document) -> Document:
        """Add a file to a draft; the attachment with its id."""
        if not message.is_draft:
            raise GraphError(400, "ErrorInvalidOperation", "Attachments can be added to a draft message only.")
        number = len(message.attachments)
        added = _numbered(check_attachment(attachment), message.immutable_id, number)
        self._changed(message, attachments=(*message.attachments, added))
        return added

    def delete(self, message: Message) -> None:
        with self._store.transaction():
            del self._messages[message.immutable_id]
            self._by_folder_id.pop(message.folder_id, None)
            self._unindex(message)

    def send(self, message: Message, *, keep: bool = True) -> None:
        """Send a draft: it moves to the sent items, its file is written, unknown recipients are reported.

        Raises:
            GraphError: 400, when it is no draft or has no usable recipient.
        """
        if not message.is_draft:
            raise GraphError(400, "ErrorInvalidOperation", "The operation can be performed on a draft message only.")
        recipients = _addresses(message.content, ADDRESSEES)
        if not recipients or not all(_is_address(address) for address in recipients):
            raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
        unknown = tuple(address for address in recipients if not self._users.can_receive(address))
        with self._store.transaction():
            now = self._clock()
            sequence = self._store.next_number("sent-mail")
            moved = _folder_id(sequence, SENT, message.version)
            del self._by_folder_id[message.folder_id]
            sent = self._changed(message, folder=SENT, folder_id=moved, sent_at=now)
            self._sent[str(sequence)] = _sent_message(sequence, sent, now, unknown)
            self._write_file(self._directory, sequence, sent, recipients[0])
            for address in unknown:
                self._report_undelivered(sent, address)
            if not keep:
                self.delete(sent)

    def sent_messages(self, after: int = 0) -> list[SentMessage]:
        """Everything sent with a sequence above `after`, oldest first."""
        with self._store.lock:
            return [self._sent[str(number)] for number in range(after + 1, len(self._sent) + 1)]

    def mime(self, message: Message) -> bytes:
        """A message as it travels."""
        if message.received is not None:
            return message.received
        return to_eml(message.content, self.address, message.sent_at or message.created_at, message.attachments)

    def _report_undelivered(self, sent: Message, address: str) -> None:
        number = self._store.next_number("undelivered")
        report = Report(sent.content["internetMessageId"], address, self.mime(sent))
        domain = self.address.partition("@")[2]
        message_id = f"<{opaque('', f'undelivered {number}', 32)}@{domain}>"
        received = self.receive(report.written(self.address, message_id, self._clock()))
        self._write_file(self._directory / "undelivered", number, received, address)

    def _write_file(self, directory: Path, number: int, message: Message, recipient: str) -> None:
        sent_at = message.sent_at or self._clock()
        directory.mkdir(parents=True, exist_ok=True)
        name = file_name(sent_at.astimezone(OSLO).date().isoformat(), number, recipient)
        (directory / name).write_bytes(self.mime(message))

    def _changed(self, message: Message, **changes: Any) -> Message:  # noqa: ANN401 - fields of Message, checked by it
        changed = msgspec.structs.replace(message, modified_at=self._clock(), version=message.version + 1, **changes)
        self._unindex(message)
        self._put(changed)
        return changed

    def _put(self, message: Message) -> None:
        self._messages[message.immutable_id] = message
        self._by_folder_id[message.folder_id] = message.immutable_id
        self._index(message)

    def _index(self, message: Message) -> None:
        keys = self._by_internet_id.setdefault(message.content["internetMessageId"].casefold(), {})
        keys[message.immutable_id] = None
        self._by_class.setdefault(message.message_class.casefold(), {})[message.immutable_id] = None

    def _unindex(self, message: Message) -> None:
        self._by_internet_id[message.content["internetMessageId"].casefold()].pop(message.immutable_id, None)
        self._by_class[message.message_class.casefold()].pop(message.immutable_id, None)


def check_content(content: Document) -> None:
    """What Exchange refuses in a message.

    Raises:
        GraphError: 400.
    """
    for name in RECIPIENT_FIELDS:
        for recipient in content.get(name) or []:
            if not isinstance(recipient, dict) or not (recipient.get("emailAddress") or {}).get("address"):
                raise bad_request(f"The recipient in '{name}' has no address.")
    body = content.get("body")
    if body is not None and str(body.get("contentType", "text")).lower() not in {"html", "text"}:
        raise bad_request("The body's contentType must be 'text' or 'html'.")
    headers = content.get("internetMessageHeaders") or []
    if len(headers) > MAX_OWN_HEADERS:
        message = f"Maximum number of headers in one message should be less than or equal to {MAX_OWN_HEADERS}."
        raise GraphError(400, "InvalidInternetMessageHeaderCollection", message)
    for header in headers:
        if not OWN_HEADER.fullmatch(str(header.get("name", ""))):
            message = f"The internet message header name '{header.get('name')}' should start with 'x-' or 'X-'."
            raise GraphError(400, "InvalidInternetMessageHeader", message)


def check_attachment(attachment: Document) -> Document:
    """A file attachment with its size.

    Raises:
        GraphError: 400.
    """
    if attachment.get("@odata.type") != "#microsoft.graph.fileAttachment":
        raise bad_request("Only '#microsoft.graph.fileAttachment' can be attached here.")
    content = attachment.get("contentBytes")
    if not attachment.get("name") or not isinstance(content, str):
        raise GraphError(400, "ErrorRequiredPropertyMissing", "Required property is missing.")
    try:
        size = len(base64.b64decode(content, validate=True))
    except ValueError:
        raise bad_request("'contentBytes' is not base64.") from None
    kind = attachment.get("contentType") or "application/octet-stream"
    if not MEDIA_TYPE.fullmatch(kind):
        raise bad_request("'contentType' is not a media type.")
    return {**attachment, "contentType": kind, "size": size, "isInline": bool(attachment.get("isInline"))}


def _addresses(content: Document, fields: Iterable[str]) -> list[str]:
    return [recipient["emailAddress"]["address"] for name in fields for recipient in content.get(name) or []]


def _sender_of(mail: EmailMessage) -> str:
    found = mail["From"]
    return found.addresses[0].addr_spec if found is not None and found.addresses else ""


def _is_address(text: str) -> bool:
    try:
        return bool(Address(addr_spec=text).domain)
    except (ValueError, HeaderParseError, IndexError):
        return False


def _sent_message(sequence: int, message: Message, sent_at: datetime, unknown: tuple[str, ...]) -> SentMessage:
    content = message.content
    return SentMessage(
        sequence=sequence,
        message_id=message.immutable_id,
        internet_message_id=content["internetMessageId"],
        to=tuple(_addresses(content, ("toRecipients",))),
        cc=tuple(_addresses(content, ("ccRecipients",))),
        subject=content.get("subject") or "",
        body_html=(content.get("body") or {}).get("content") or "",
        headers={header["name"]: header["value"] for header in content.get("internetMessageHeaders") or []},
        sent_at=sent_at,
        undelivered=unknown,
    )


def _folder_id(number: int, folder: str, version: int) -> str:
    return opaque(
        "AAMkADRmMDExYzhjLWYyNGMtNDZmMC1iZDU4LTRkMjk4YTdjMWQxNABGAAAAAAA", f"{folder} {number} {version}", 152
    )


def _numbered(attachment: Document, message_id: str, number: int) -> Document:
    return {**attachment, "id": opaque("AAMkADattach", f"attachment {message_id} {number}", 60)}
