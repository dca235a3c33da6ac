"""Answers in SharePoint lists: that something has changed is read by delta (listitem-delta.md), what, from the item.

A delta entry has no `lastModifiedBy`, and of `createdBy` it may give a name only; one of a library has neither path nor
`cTag` (driveitem-delta.md). Who answered, and where a file lies, is in the item itself (listitem-get.md).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from config.errors import ExpectedError
from integrations.graph.answers import entries_of
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.gathering import gather
from integrations.graph.outage import Outage, Witness, is_ill

KEPT_BY_SHAREPOINT = frozenset(
    {
        *("id", "ContentType", "Created", "Modified", "AuthorLookupId", "EditorLookupId", "Attachments", "Edit"),
        *("AppAuthorLookupId", "AppEditorLookupId", "ItemChildCount", "FolderChildCount", "ComplianceAssetId"),
        *("LinkTitle", "LinkTitleNoMenu"),
    }
)
"""Fields beside what people fill in; so are those whose name begins with `_` or `@`."""
LEADS_NOWHERE = frozenset({HTTPStatus.GONE, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST})
READ_AT_A_TIME = 20
"""As many as documents are filed at a time; it is the budget that spares the service."""


class ListMissingError(ExpectedError):
    """The site lacks a list. The message says how to make it."""


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list or library as it is on the site. `name` is the last part of its address."""

    list_id: str
    name: str
    title: str
    template: str


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
    """What came, and `gone`, the ids of what was deleted. `is_whole` says that there is nothing else in the list.

    `unread` says, by id, of what could not be read what Graph said: it is asked for `again` next time, since `token` is
    past it. `folders` are the names of a library's folders that came, by id.
    """

    items: Sequence[Any]
    token: str
    gone: Sequence[str] = ()
    is_whole: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Walk:
    """Every page of a delta query: entries as they were last, once each, and the address to go on from next time."""

    entries: Sequence[dict[str, Any]]
    token: str
    is_whole: bool

    @property
    def present(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if "deleted" not in entry]

    @property
    def gone(self) -> list[str]:
        return [entry["id"] for entry in self.entries if "deleted" in entry]


async def list_changes(graph: Graph, list_name: str, token: str | None, again: Sequence[str] = ()) -> Changes:
    """Items made, edited or deleted since `token`; everything when there is none or Graph has forgotten it.

    And those of `again`, which could not be read before.

    Raises:
        ListMissingError: the site has no such list.
        GraphError, GraphUnreachableError: nothing can be said of what was not read.
    """
    where = f"{graph.site}/lists/{await list_id(graph, list_name)}/items"
    walk = await walk_delta(graph, token, f"{where}/delta", f"GET list {list_name} delta")

    async def read(item_id: str) -> ListItem:
        return await _item(graph, where, await graph.get(f"{where}/{item_id}?$expand=fields", "GET list item"))

    present = [entry["id"] for entry in walk.present]
    return await changes_of(walk, present, read, again, lambda: list_is_there(graph, list_name))


async def list_is_there(graph: Graph, list_name: str) -> None:
    """A look at the top of a list, for its being answered. Raises as every request."""
    where = f"{graph.site}/lists/{await list_id(graph, list_name)}/items"
    await graph.get(f"{where}?$top=1&$select=id", "GET list items")


async def changes_of(
    walk: Walk,
    present: Sequence[str],
    read: Callable[[str], Awaitable[Any]],
    again: Sequence[str],
    witness: Witness,
) -> Changes:
    """Each of those that a walk found, and of those to be read `again`, as it is when it is read.

    One that cannot be read stops none of the others, also when it is said to be gone: the next walk tells whether it
    is. It ends when it is the service that is ill: several on end, and the `witness` is not answered either.

    Raises:
        GraphError, GraphUnreachableError: the last of those.
    """
    unread: dict[str, str] = {}
    came = {entry["id"] for entry in walk.entries}
    left = [] if walk.is_whole else [item_id for item_id in again if item_id not in came]
    outage = Outage(READ_AT_A_TIME, witness)

    async def read_or_leave(item_id: str) -> Any | None:  # noqa: ANN401 - whatever `read` gives
        try:
            item = await read(item_id)
        except (GraphError, GraphUnreachableError) as error:
            if is_ill(error) and outage.begins() and await outage.is_the_service(error):
                raise
            unread[item_id] = str(error)
            return None
        outage.is_answered()
        return item

    found = await gather([*present, *left], read_or_leave, READ_AT_A_TIME)
    items = [item for item in found if item is not None]
    return Changes(items, walk.token, walk.gone, walk.is_whole, unread)


async def delete_list_item(graph: Graph, list_name: str, item_id: str, version: str) -> bool:
    """Put an item into the site's recycle bin; False when somebody has changed it since it was this version.

    Nobody comes back to it, so it takes two answers to believe that it is gone.
    """
    address = f"{graph.site}/lists/{await list_id(graph, list_name)}/items/{item_id}"
    if not await graph.delete(address, "DELETE list item", version):
        return False
    try:
        await graph.get(address, "GET deleted list item")
    except GraphError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return True
        raise
    raise GraphError(HTTPStatus.CONFLICT, "stillThere", "-", "GET deleted list item")


async def list_id(graph: Graph, name: str) -> str:
    """The id of a list by the last part of its address; asked once a connection.

    Graph finds a list by its id or its title (list-get.md), and titles are in the policy's language.
    """
    if name not in graph.list_ids:
        graph.list_ids.update({found.name: found.list_id for found in (await lists_on_site(graph)).values()})
    if name not in graph.list_ids:
        raise ListMissingError(
            f"SharePoint: the site has no list «{name}»; `hjemmekontor provision-sharepoint` makes it."
        )
    return graph.list_ids[name]


async def lists_on_site(graph: Graph) -> dict[str, FoundList]:
    """Every list and library of the site, hidden ones left out, by name."""
    found = await graph.pages(f"{graph.site}/lists?$select=id,name,displayName,list", "GET lists")
    return {
        entry["name"]: FoundList(
            entry["id"], entry["name"], entry["displayName"], (entry.get("list") or {}).get("template", "")
        )
        for entry in found
    }


async def walk_delta(graph: Graph, token: str | None, start: str, doing: str) -> Walk:
    """Every page since `token`; from `start` when there is none, or it leads nowhere any more, also in the middle.

    Graph says so by 410 (listitem-delta.md). One of a list that has been deleted and made anew is not found, and one
    it cannot read is a bad request; where `start` is refused as well, it was not the token.
    """
    if token is not None:
        try:
            return await _walk(graph, token, doing, is_whole=False)
        except GraphError as error:
            if error.status not in LEADS_NOWHERE:
                raise
    return await _walk(graph, start, doing, is_whole=True)


async def _walk(graph: Graph, address: str, doing: str, *, is_whole: bool) -> Walk:
    """A page may be empty and lead on all the same; only the link that ends the walk says that it is over."""
    latest: dict[str, dict[str, Any]] = {}
    while True:
        page = await graph.get(address, doing)
        for entry in entries_of(page, doing):
            latest.pop(entry["id"], None)
            latest[entry["id"]] = entry
        if "@odata.deltaLink" in page:
            return Walk(list(latest.values()), graph.without_base(page["@odata.deltaLink"]), is_whole)
        if "@odata.nextLink" not in page:
            raise GraphUnreachableError(
                f"Microsoft Graph: {doing} was answered with a page without an end; try again later."
            )
        address = page["@odata.nextLink"]


def last_editor(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The identity behind what stands there now: whoever rewrites another's answer must not answer in their name."""
    found: dict[str, Any] = (entry.get("lastModifiedBy") or entry.get("createdBy") or {}).get("user") or {}
    return found


async def _item(graph: Graph, where: str, entry: dict[str, Any]) -> ListItem:
    sender = await author(graph, f"{where}/{entry['id']}", entry)
    version = str(entry.get("eTag") or entry.get("lastModifiedDateTime") or "")
    fields = {name: value for name, value in entry["fields"].items() if _is_filled_in_by_people(name)}
    return ListItem(entry["id"], version, fields, sender.get("id"), sender.get("email"))


async def author(graph: Graph, item: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The last person who edited a list item or a file, whose address `item` is; empty where there is nobody.

    An app or SharePoint itself may have touched it since, without anybody behind it. The history then says who was
    last, newest first and without addresses (listitem-list-versions.md, driveitem-list-versions.md). Where none is
    kept, it is the person who made the item.
    """
    editor = last_editor(entry)
    if _is_person(editor):
        return editor
    history = await graph.pages(f"{item}/versions?$select=id,lastModifiedBy", "GET item versions")
    last = next((found for version in history if _is_person(found := last_editor(version))), None)
    creator: dict[str, Any] = (entry.get("createdBy") or {}).get("user") or {}
    if last is not None and last.get("id") != creator.get("id"):
        return last
    return creator if _is_person(creator) else {}


def _is_person(user: Mapping[str, Any]) -> bool:
    """Apps and SharePoint's system account are users with a name and nothing else."""
    return bool(user.get("email") or user.get("id"))


def _is_filled_in_by_people(name: str) -> bool:
    return name not in KEPT_BY_SHAREPOINT and not name.startswith(("_", "@"))
