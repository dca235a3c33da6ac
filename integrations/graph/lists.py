"""Answers in SharePoint lists, read by delta (listitem-delta.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from integrations.graph.client import Graph
from integrations.graph.errors import GraphError


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item as a person left it. `sender_*` is the signed-in identity: the evidence of who answered."""

    item_id: str
    version: str
    fields: dict[str, Any]
    sender_id: str | None
    sender_mail: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    items: Sequence[Any]
    token: str


async def list_changes(graph: Graph, list_name: str, token: str | None) -> Changes:
    """Items made or edited since `token`; everything when there is none or Graph has forgotten it."""
    start = f"{graph.site}/lists/{quote(list_name)}/items/delta?$expand=fields"
    raw, delta_link = await walk_delta(graph, token or start, start, f"GET list {list_name} delta")
    items = [_item(entry) for entry in raw if "deleted" not in entry and "fields" in entry]
    return Changes(items, delta_link)


async def walk_delta(graph: Graph, address: str, start: str, doing: str) -> tuple[list[dict[str, Any]], str]:
    """Every page from `address` on, an item that repeats once, as it was last; and where to go on next time."""
    try:
        return await _walk(graph, address, doing)
    except GraphError as error:
        if error.status != HTTPStatus.GONE:
            raise
    return await _walk(graph, start, doing)


async def _walk(graph: Graph, address: str, doing: str) -> tuple[list[dict[str, Any]], str]:
    latest: dict[str, dict[str, Any]] = {}
    while True:
        page = await graph.get(address, doing)
        for entry in page["value"]:
            latest.pop(entry["id"], None)
            latest[entry["id"]] = entry
        if "@odata.deltaLink" in page:
            return list(latest.values()), graph.without_base(page["@odata.deltaLink"])
        address = page["@odata.nextLink"]


def last_editor(entry: dict[str, Any]) -> dict[str, Any]:
    """The identity behind what stands there now: whoever rewrites another's answer must not answer in their name."""
    found: dict[str, Any] = (entry.get("lastModifiedBy") or entry.get("createdBy") or {}).get("user") or {}
    return found


def _item(entry: dict[str, Any]) -> ListItem:
    sender = last_editor(entry)
    version = str(entry.get("eTag") or entry.get("lastModifiedDateTime") or "")
    return ListItem(entry["id"], version, entry["fields"], sender.get("id"), sender.get("email"))
