"""E-mail: a draft that carries our key, then send, and on any doubt a look before acting (user-sendmail.md)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from integrations.graph.answers import id_in
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError, GraphUnreachableError

IMMUTABLE_ID = {"Prefer": 'IdType="ImmutableId"'}
KEY_HEADER = "x-hjemmekontor-key"
OURS = ".hjemmekontor@"
DRAFTS_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class Mail:
    to: Sequence[str]
    subject: str
    html: str


@dataclass(frozen=True, slots=True)
class Found:
    """A message of ours in the sender's mailbox: a draft still, or one that has left."""

    identity: str
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """A draft in the sender's mailbox, under an Internet message id that one of our keys gave it."""

    identity: str
    message_id: str


def message_id_for(key: str, sender: str) -> str:
    """The Internet message id that belongs to our key: the same key always gives the same one."""
    domain = sender.rpartition("@")[2]
    return f"<{sha256(key.encode()).hexdigest()[:32]}{OURS}{domain}>"


def is_ours(message_id: str) -> bool:
    return OURS in message_id


async def recover(graph: Graph, sender: str, key: str, message_id: str | None = None) -> Found | None:
    """What an earlier, interrupted try left behind: the message that has left, else its draft.

    It is looked for by `message_id`, or by that of the key: a mail that came back goes out under another one.
    Further drafts of the same mail are removed: somebody might send them by hand.
    """
    found = sorted(
        await _under(graph, sender, message_id or message_id_for(key, sender)),
        key=lambda message: bool(message["isDraft"]),
    )
    for spare in found[1:]:
        if spare["isDraft"]:
            await remove(graph, sender, spare["id"])
    return Found(found[0]["id"], not found[0]["isDraft"]) if found else None


async def is_there(graph: Graph, sender: str) -> None:
    """A look at the mailbox, for its being answered. Raises as every request."""
    address = f"/users/{quote(sender)}/mailFolders/drafts/messages?$select=id&$top=1"
    await graph.get(address, "GET mailbox")


async def unsent(graph: Graph, sender: str) -> list[Unsent]:
    """All drafts of ours, by whichever attempt; what people write in the same mailbox is passed over.

    Graph compares a message id as a whole only, so the folder is listed; it holds next to nothing.
    """
    wanted = f"$select=id,internetMessageId,isDraft&$top={DRAFTS_A_PAGE}"
    address = f"/users/{quote(sender)}/mailFolders/drafts/messages?{wanted}"
    ours = re.compile(rf"<[0-9a-f]{{32}}{re.escape(OURS + sender.rpartition('@')[2])}>", re.IGNORECASE)
    return [
        Unsent(message["id"], message["internetMessageId"])
        for message in await graph.pages(address, "GET mail drafts", IMMUTABLE_ID)
        if message["isDraft"] and ours.fullmatch(message.get("internetMessageId") or "")
    ]


async def has_been_sent(graph: Graph, sender: str, message_id: str) -> bool:
    """Whether the mailbox has a message under this Internet message id that has left."""
    return any(not message["isDraft"] for message in await _under(graph, sender, message_id))


async def draft(graph: Graph, sender: str, key: str, mail: Mail, message_id: str | None = None) -> str:
    """Put the mail in the sender's drafts, once: when the answer is lost, it is looked for before it is made again.

    Its message id is `message_id`, or that of the key.

    Raises:
        GraphError, GraphUnreachableError: it may be there all the same; `recover` tells.
    """
    message = {
        "subject": mail.subject,
        "body": {"contentType": "html", "content": mail.html},
        "toRecipients": _recipients(mail),
        "internetMessageId": message_id or message_id_for(key, sender),
        "internetMessageHeaders": [{"name": KEY_HEADER, "value": key}],
    }

    async def make() -> str:
        address, doing = f"/users/{quote(sender)}/messages", "POST mail draft"
        response = await graph.once("POST", address, doing, body=message, headers=IMMUTABLE_ID)
        return id_in(response, doing)

    async def made_after_all() -> str | None:
        found = await recover(graph, sender, key, message_id)
        return None if found is None else found.identity

    return await graph.carefully(make, made_after_all)


async def address_anew(graph: Graph, sender: str, identity: str, mail: Mail) -> None:
    """Give a draft of an earlier try the address of today; doing it again changes nothing."""
    address = f"/users/{quote(sender)}/messages/{quote(identity)}"
    body = {"toRecipients": _recipients(mail)}
    doing = "PATCH mail draft"
    response = await graph.repeatable("PATCH", address, doing, body=body, headers=IMMUTABLE_ID)
    id_in(response, doing)


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
    """Send a draft, once: 202 means accepted, and after anything else we look whether it has left before going on.

    Raises:
        GraphError, GraphUnreachableError: it was still a draft when we looked last.
    """

    async def post() -> bool:
        doing = "POST mail send"
        response = await graph.once("POST", f"/users/{quote(sender)}/messages/{quote(identity)}/send", doing)
        if response.status_code != HTTPStatus.ACCEPTED:
            raise GraphUnreachableError(
                f"Microsoft Graph: {doing} was answered {response.status_code} instead of 202; try again later."
            )
        return True

    async def has_left() -> bool | None:
        return await is_sent(graph, sender, identity) or None

    await graph.carefully(post, has_left)


async def remove(graph: Graph, sender: str, identity: str) -> None:
    """Put a draft into the mailbox's deleted items; one that is gone already is gone."""
    await graph.delete(f"/users/{quote(sender)}/messages/{quote(identity)}", "DELETE mail draft")


async def _under(graph: Graph, sender: str, message_id: str) -> list[dict[str, Any]]:
    condition = quote(f"internetMessageId eq '{message_id}'")
    address = f"/users/{quote(sender)}/messages?$filter={condition}&$select=id,isDraft"
    return await graph.pages(address, "GET mail by key", IMMUTABLE_ID)


def _recipients(mail: Mail) -> list[dict[str, dict[str, str]]]:
    return [{"emailAddress": {"address": address}} for address in mail.to]
