"""`/users/{sender}/messages`, `mailFolders` and `sendMail`."""

from collections.abc import Mapping

from sandbox.graph.changes import paged
from sandbox.graph.directory import find_user
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Answer, Call, Document, Route
from sandbox.graph.identity import opaque, timestamp
from sandbox.graph.mailbox import FOLDERS, Message
from sandbox.graph.odata import Condition, fits, nested_select, parse_filter, select
from sandbox.graph.services import Services

IMMUTABLE = 'idtype="immutableid"'
DEFAULT_PAGE = 10
MAX_PAGE = 1000
MESSAGE_CLASS = "singleValueExtendedProperties/String 0x001A"
FILTERABLE = (
    "internetMessageId",
    "subject",
    "isDraft",
    "sentDateTime",
    "receivedDateTime",
    "createdDateTime",
    "isRead",
    MESSAGE_CLASS,
)
ON_REQUEST = frozenset({"internetMessageHeaders", "singleValueExtendedProperties"})
"""Graph gives these only to those who ask for them in $select or $expand."""


class MailRoutes:
    """Everything about the one mailbox this application may use."""

    def __init__(self, services: Services) -> None:
        self._mailbox = services.mailbox
        self._directory = services.directory
        self._grants = services.grants

    def routes(self) -> list[Route]:
        message = "/users/{user}/messages/{message}"
        return [
            Route("POST", "/users/{user}/messages", self._create),
            Route("GET", "/users/{user}/messages", self._list),
            Route("GET", "/users/{user}/mailFolders/{folder}", self._folder),
            Route("GET", "/users/{user}/mailFolders/{folder}/messages", self._list_folder),
            Route("GET", message, self._get),
            Route("GET", rf"{message}/\$value", self._mime),
            Route("PATCH", message, self._update),
            Route("DELETE", message, self._delete),
            Route("POST", f"{message}/send", self._send),
            Route("POST", f"{message}/attachments", self._attach),
            Route("GET", f"{message}/attachments", self._attachments),
            Route("POST", "/users/{user}/sendMail", self._send_mail),
        ]

    def _create(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._check_mailbox(names)
        return self._answer(call, self._mailbox.create(call.json()), status=201)

    def _list(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._check_mailbox(names)
        return self._page(call, None)

    def _folder(self, call: Call, names: Mapping[str, str]) -> Answer:
        """A folder itself. Of other people's mailboxes there is only this, for whoever may look into all of them."""
        if not self._grants.reaches_every_mailbox():
            self._check_mailbox(names)
        user = find_user(self._directory, names["user"])
        identity = opaque("AAMkADfolder", f"{user.user_id} {names['folder'].lower()}", 120)
        return Answer(body=select({"id": identity, "displayName": names["folder"]}, call.option("select")))

    def _list_folder(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._check_mailbox(names)
        folder = names["folder"].lower()
        if folder not in FOLDERS:
            raise GraphError(404, "ErrorItemNotFound", "The specified folder could not be found in the store.")
        return self._page(call, folder)

    def _page(self, call: Call, folder: str | None) -> Answer:
        conditions = parse_filter(text, FILTERABLE) if (text := call.option("filter")) else []
        messages = [message for message in self._candidates(conditions) if folder in {None, message.folder}]
        if conditions:
            messages = [message for message in messages if fits(_filterable(message), conditions)]
        answer = paged(call, messages, lambda message: _document(call, message), DEFAULT_PAGE, MAX_PAGE)
        return Answer(answer.status, answer.body, _applied(call))

    def _candidates(self, conditions: list[Condition]) -> list[Message]:
        for condition in conditions:
            if condition.name == "internetMessageId" and condition.operation == "eq":
                return self._mailbox.with_internet_id(str(condition.values[0]))
            if condition.name == MESSAGE_CLASS and condition.operation == "eq":
                return self._mailbox.of_class(str(condition.values[0]))
        return self._mailbox.all()

    def _get(self, call: Call, names: Mapping[str, str]) -> Answer:
        return self._answer(call, self._message(names))

    def _mime(self, _: Call, names: Mapping[str, str]) -> Answer:
        return Answer(body=self._mailbox.mime(self._message(names)), media_type="text/plain")

    def _update(self, call: Call, names: Mapping[str, str]) -> Answer:
        message = self._message(names)
        call.check_match(_etag(message))
        return self._answer(call, self._mailbox.update(message, call.json()))

    def _delete(self, call: Call, names: Mapping[str, str]) -> Answer:
        message = self._message(names)
        call.check_match(_etag(message))
        self._mailbox.delete(message)
        return Answer(204)

    def _send(self, _: Call, names: Mapping[str, str]) -> Answer:
        self._mailbox.send(self._message(names))
        return Answer(202)

    def _attach(self, call: Call, names: Mapping[str, str]) -> Answer:
        added = self._mailbox.attach(self._message(names), call.json())
        return Answer(201, added)

    def _attachments(self, call: Call, names: Mapping[str, str]) -> Answer:
        return paged(call, self._message(names).attachments, lambda attachment: attachment)

    def _send_mail(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._check_mailbox(names)
        request = {name[:1].lower() + name[1:]: value for name, value in call.json().items()}
        message = request.get("message")
        if not isinstance(message, dict):
            raise bad_request("The parameter 'message' is missing.")
        draft = self._mailbox.create(message)
        try:
            self._mailbox.send(draft, keep=request.get("saveToSentItems") is not False)
        except GraphError:
            self._mailbox.delete(draft)
            raise
        return Answer(202)

    def _message(self, names: Mapping[str, str]) -> Message:
        self._check_mailbox(names)
        return self._mailbox.get(names["message"])

    def _check_mailbox(self, names: Mapping[str, str]) -> None:
        user = find_user(self._directory, names["user"])
        if user.mail != self._mailbox.address:
            message = (
                "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
            )
            raise GraphError(403, "ErrorAccessDenied", message)

    def _answer(self, call: Call, message: Message, status: int = 200) -> Answer:
        document = {**_document(call, message), "@odata.etag": f'W/"{_etag(message)}"'}
        return Answer(status, document, _applied(call))


def _document(call: Call, message: Message) -> Document:
    document = {"id": message.immutable_id if _wants_immutable(call) else message.folder_id, **_properties(message)}
    names = call.option("select")
    if names is None:
        document = {name: value for name, value in document.items() if name not in ON_REQUEST}
    shown = select(document, names)
    wanted, attachment_names = nested_select(call.option("expand"), "attachments")
    if wanted:
        shown["attachments"] = [select(attachment, attachment_names) for attachment in message.attachments]
    return shown


def _properties(message: Message) -> Document:
    content = message.content
    body = content.get("body") or {"contentType": "text", "content": ""}
    sent_at = None if message.sent_at is None else timestamp(message.sent_at)
    return {
        "createdDateTime": timestamp(message.created_at),
        "lastModifiedDateTime": timestamp(message.modified_at),
        "changeKey": _etag(message),
        "categories": [],
        "receivedDateTime": sent_at or timestamp(message.created_at),
        "sentDateTime": sent_at or timestamp(message.created_at),
        "hasAttachments": bool(message.attachments),
        "subject": "",
        "importance": "normal",
        "parentFolderId": message.folder,
        "isRead": message.folder != "inbox",
        "isDraft": message.is_draft,
        "toRecipients": [],
        "ccRecipients": [],
        "bccRecipients": [],
        "replyTo": [],
        **content,
        "body": {**body, "contentType": str(body.get("contentType", "text")).lower()},
        "bodyPreview": str(body.get("content") or "")[:255],
    }


def _filterable(message: Message) -> Document:
    return {**_properties(message), "singleValueExtendedProperties": {"String 0x001A": message.message_class}}


def _etag(message: Message) -> str:
    return f"CQAAABYAAA{message.version:06d}"


def _wants_immutable(call: Call) -> bool:
    return IMMUTABLE in call.headers.get("prefer", "").lower().replace(" ", "")


def _applied(call: Call) -> Mapping[str, str]:
    return {"Preference-Applied": 'IdType="ImmutableId"'} if _wants_immutable(call) else {}
