"""E-mail: a draft that carries our key, then send, and on any doubt a look before acting (user-sendmail.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote

from integrations.graph.client import Graph, json_object
from integrations.graph.errors import GraphError

IMMUTABLE_ID = {"Prefer": 'IdType="ImmutableId"'}
KEY_HEADER = "x-hjemmekontor-key"


@dataclass(frozen=True, slots=True)
class Mail:
    to: Sequence[str]
    subject: str
    html: str


def message_id_for(key: str, sender: str) -> str:
    """The Internet message id that belongs to our key: the same key always gives the same one."""
    domain = sender.rpartition("@")[2]
    return f"<{sha256(key.encode()).hexdigest()[:32]}.hjemmekontor@{domain}>"


async def find(graph: Graph, sender: str, key: str) -> str | None:
    """The id of the draft or sent message that an earlier, interrupted try left behind."""
    condition = quote(f"internetMessageId eq '{message_id_for(key, sender)}'")
    address = f"/users/{quote(sender)}/messages?$filter={condition}&$select=id"
    answer = await graph.get(address, "GET mail by key", IMMUTABLE_ID)
    found: list[dict[str, str]] = answer.get("value", [])
    return found[0]["id"] if found else None


async def create_draft(graph: Graph, sender: str, key: str, mail: Mail) -> str:
    """Put the mail in the sender's drafts; harmless to repeat only after `find` has said there is none."""
    message = {
        "subject": mail.subject,
        "body": {"contentType": "html", "content": mail.html},
        "toRecipients": [{"emailAddress": {"address": address}} for address in mail.to],
        "internetMessageId": message_id_for(key, sender),
        "internetMessageHeaders": [{"name": KEY_HEADER, "value": key}],
    }
    response = await graph.repeatable(
        "POST", f"/users/{quote(sender)}/messages", "POST mail draft", body=message, headers=IMMUTABLE_ID
    )
    identity: str = json_object(response, "POST mail draft")["id"]
    return identity


async def is_sent(graph: Graph, sender: str, identity: str) -> bool | None:
    """Whether the message has left; None when it is not there at all."""
    address = f"/users/{quote(sender)}/messages/{quote(identity)}?$select=id,isDraft"
    try:
        message = await graph.get(address, "GET mail", IMMUTABLE_ID)
    except GraphError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return not message["isDraft"]


async def send(graph: Graph, sender: str, identity: str) -> None:
    """Send a draft. Never repeated here: 202 means accepted, anything else means look first."""
    response = await graph.once("POST", f"/users/{quote(sender)}/messages/{quote(identity)}/send", "POST mail send")
    if response.status_code != HTTPStatus.ACCEPTED:
        raise GraphError(response.status_code, "notAccepted", response.headers.get("request-id", "-"), "POST mail send")
