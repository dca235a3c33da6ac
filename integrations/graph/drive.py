"""Folders and files of the site's libraries: the case folders people upload to, and what archive and sessions share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from config.errors import ExpectedError
from integrations.graph.answers import id_in, json_object
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import Changes, author, changes_of, walk_delta
from integrations.graph.quickxor import quick_xor_hash

LOOKS = 3
STILL_OPEN = (
    "Mappen er delt, men den arver fortsatt tilganger fra biblioteket, så utkastet er ikke lagt i den. Slutt å arve "
    "tillatelser på mappen; det prøves på nytt hver natt."
)
KNOWS_NOBODY = "noResolvedUsers"
"""What Graph answers an invitation of somebody who is not in the directory, or cannot be shared with; seen by others
(OneDrive/onedrive-api-docs #1497), in no list of codes."""


class ArchiveConflictError(ExpectedError):
    """Something else has the name already. A person must look: we overwrite nothing."""


class StillOpenError(ExpectedError):
    """A folder was shared, and still lets in whoever the library lets in. The message says what a person should do."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    item_id: str
    size: int
    quick_xor_hash: str | None

    def holds(self, content: bytes) -> bool:
        return self.size == len(content) and self.quick_xor_hash == quick_xor_hash(content)

    def may_hold(self, content: bytes) -> bool:
        """Whether nothing speaks against it: a hash takes the service a moment, and may not be there yet."""
        return self.holds(content) or (self.quick_xor_hash is None and self.size == len(content))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file somebody put into a library.

    `folder` is the path below the library's root, `within` are the ids of its folders, the nearest first. `made_by` is
    the id of the app that made the file, if one did. Without a `sender_id` no person has had a hand in it.
    """

    stored: StoredFile
    version: str
    folder: str
    name: str
    sender_id: str | None
    sender_mail: str | None
    made_by: str | None = None
    within: tuple[str, ...] = ()

    @property
    def item_id(self) -> str:
        return self.stored.item_id


async def drive_id(graph: Graph, library: str) -> str:
    """The drive of a document library, by the library's name; asked once a connection."""
    if library not in graph.drive_ids:
        drives = await graph.pages(f"{graph.site}/drives?$select=id,name", "GET drives")
        graph.drive_ids.update({drive["name"]: drive["id"] for drive in drives})
    if library not in graph.drive_ids:
        raise GraphUnreachableError(f"SharePoint: the site has no document library «{library}»; it must be made first.")
    return graph.drive_ids[library]


async def is_there(graph: Graph, library: str) -> None:
    """A look at the top of a library, for its being answered. Raises as every request."""
    await graph.get(f"/drives/{await drive_id(graph, library)}/root?$select=id", "GET library")


async def site_address(graph: Graph) -> str:
    """The site as people open it in a browser."""
    site = await graph.get(f"{graph.site}?$select=id,webUrl", "GET site")
    address: str = site["webUrl"]
    return address


# --- Folders ----------------------------------------------------------------------------------------------------


async def ensure_folder(graph: Graph, library: str, path: str) -> str:
    """The id of the folder at `path`; it and its parents are made where they are missing.

    Raises:
        ArchiveConflictError: a file has the name of one of them.
    """
    drive = await drive_id(graph, library)
    names = path.split("/")
    parent = "root"
    for depth in range(len(names), 0, -1):
        known = await item_at(graph, drive, "/".join(names[:depth]))
        if known is not None:
            parent = _folder_id(known)
            break
    else:
        depth = 0
    for made in range(depth, len(names)):
        parent = await _make_folder(graph, drive, parent, "/".join(names[: made + 1]))
    return parent


async def folder_once(graph: Graph, library: str, path: str) -> str:
    """The same, asked once a connection: all of a case's documents go into one folder, at the same time."""
    at = f"{library}/{path}"
    async with graph.folder_locks[at]:
        if at not in graph.folder_ids:
            graph.folder_ids[at] = await ensure_folder(graph, library, path)
    return graph.folder_ids[at]


async def find_folder(graph: Graph, library: str, path: str) -> str | None:
    """The id of the folder at `path`, None where there is none."""
    known = await item_at(graph, await drive_id(graph, library), path)
    return None if known is None else _folder_id(known)


async def known_folder(graph: Graph, library: str, item_id: str) -> dict[str, Any] | None:
    """The folder of this id, wherever it is and whatever it is called; it takes two answers to believe it is gone."""
    return await find_item(graph, library, item_id) or await find_item(graph, library, item_id)


async def rename(graph: Graph, library: str, item_id: str, name: str) -> None:
    """Give an item another name where it is.

    Raises:
        GraphError: 409 where something else has the name.
    """
    address = f"/drives/{await drive_id(graph, library)}/items/{item_id}"
    id_in(await graph.repeatable("PATCH", address, "PATCH item name", body={"name": name}), "PATCH item name")


async def item_at(graph: Graph, drive: str, path: str) -> dict[str, Any] | None:
    """The item at this path of the drive, None where there is none."""
    return await _unless_missing(graph, f"/drives/{drive}/root:/{quote(path)}", "GET item by path")


async def share(graph: Graph, library: str, item_id: str, addresses: Sequence[str]) -> list[str]:
    """Let these people write in the folder, and nobody else whom we let in before. Doing it again changes nothing.

    What the library lets in is kept out of the folder from the first time on (driveitem-invite.md). Returns the
    addresses that Graph lets nobody in by: for one of them an invitation of several is refused as a whole. Where that
    are all of them, nobody is taken out either. Without addresses nobody is let in, and who was in before is taken out.

    Raises:
        GraphError: also when all are refused, and not because Graph knows nobody by their addresses.
        StillOpenError: the folder lets in others from above all the same.
    """
    folder = f"/drives/{await drive_id(graph, library)}/items/{item_id}"
    refused: list[str] = []
    try:
        theirs = await _invite(graph, folder, addresses) if addresses else set()
    except GraphError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        theirs = set()
        for address in addresses:
            try:
                theirs |= await _invite(graph, folder, [address])
            except GraphError as alone:
                if alone.status != HTTPStatus.BAD_REQUEST:
                    raise
                refused.append(address)
        if not theirs and error.code != KNOWS_NOBODY:
            raise
    if theirs or not addresses:
        left = await _take_out(graph, folder, lambda each: each["id"] not in theirs and _is_one_of_ours(each))
        if theirs and any(_comes_from_above(each) for each in left):
            raise StillOpenError(STILL_OPEN)
    return refused


async def close_to_people(graph: Graph, library: str, item_id: str) -> None:
    """Take out everybody who was let in on this folder, also by a link; owners and groups are the site's affair."""
    folder = f"/drives/{await drive_id(graph, library)}/items/{item_id}"
    await _take_out(graph, folder, _lets_somebody_in)


async def children_of(graph: Graph, library: str, folder_id: str) -> list[dict[str, Any]]:
    """What lies in one folder. Never asked of a whole library, which may hold more than a listing takes."""
    folder = f"/drives/{await drive_id(graph, library)}/items/{folder_id}"
    return await graph.pages(f"{folder}/children", "GET folder children")


# --- Files ------------------------------------------------------------------------------------------------------


async def put_file(graph: Graph, library: str, folder_id: str, name: str, content: bytes) -> None:
    """Write a small file of our own making in a case folder, unless there is one of this name.

    It may be an earlier try's, or a person's, who may write there as well: what they wrote on our draft is theirs.
    """
    drive = await drive_id(graph, library)
    place = f"/drives/{drive}/items/{folder_id}:/{quote(name)}:"
    keep = "@microsoft.graph.conflictBehavior=fail"
    try:
        id_in(await graph.repeatable("PUT", f"{place}/content?{keep}", "PUT file", body=content), "PUT file")
    except GraphError as error:
        is_taken = error.status == HTTPStatus.CONFLICT and await _unless_missing(graph, place, "GET file by name")
        if not is_taken:
            raise


async def delete_item(graph: Graph, library: str, item_id: str, version: str) -> bool:
    """Put an item into the site's recycle bin; False when it has become another one since it was this version."""
    return await graph.delete(f"/drives/{await drive_id(graph, library)}/items/{item_id}", "DELETE item", version)


async def find_item(graph: Graph, library: str, item_id: str) -> dict[str, Any] | None:
    """The folder or file of this id, None when it is gone."""
    return await _unless_missing(graph, f"/drives/{await drive_id(graph, library)}/items/{item_id}", "GET item")


async def library_changes(graph: Graph, library: str, token: str | None, again: Sequence[str] = ()) -> Changes:
    """Files put into the library, or deleted, since `token`; and folders that are new, moved or renamed.

    And files of `again`, which could not be read before.
    """
    drive = await drive_id(graph, library)
    start = f"/drives/{drive}/root/delta"
    walk = await walk_delta(graph, token, start, f"GET library {library} delta")

    async def read(item_id: str) -> Upload:
        entry = await graph.get(f"/drives/{drive}/items/{item_id}", "GET file")
        return await _upload_of(graph, drive, entry, await _within(graph, drive, entry))

    present = [entry["id"] for entry in walk.present if "file" in entry]
    changes = await changes_of(walk, present, read, again, lambda: is_there(graph, library))
    folders = {entry["id"]: entry.get("name", "") for entry in walk.present if "folder" in entry}
    return replace(changes, folders=folders)


async def upload_of(graph: Graph, library: str, entry: dict[str, Any]) -> Upload:
    """A file of a folder that was listed, and who is behind it."""
    return await _upload_of(graph, await drive_id(graph, library), entry, ())


async def download(graph: Graph, library: str, item_id: str) -> bytes:
    """The bytes of a file, held against what the library says of them: a proxy's page must not pass for an upload.

    Raises:
        GraphError: 404 where the file has been deleted.
        GraphUnreachableError: what came was something else, every time.
    """
    item = f"/drives/{await drive_id(graph, library)}/items/{item_id}"
    tries = graph.tries()
    while True:
        expected = stored_file(await graph.get(item, "GET file"))
        try:
            content = await _content(graph, item)
            if expected.may_hold(content):
                return content
            failure: ExpectedError = GraphUnreachableError("Microsoft Graph: GET download gave another file's bytes.")
        except (GraphError, GraphUnreachableError) as error:
            failure = error  # also an address that is no longer good: the next try gets another one
        if not await graph.another_try(tries, None):
            raise failure


def stored_file(item: dict[str, Any]) -> StoredFile:
    hashes = item.get("file", {}).get("hashes", {})
    return StoredFile(item["id"], item["size"], hashes.get("quickXorHash"))


def version_of(item: dict[str, Any]) -> str:
    """Of its content: renaming a file or describing it anew makes it no other file."""
    return str(item.get("cTag") or item.get("eTag") or "")


async def _content(graph: Graph, item: str) -> bytes:
    response = await graph.repeatable("GET", f"{item}/content", "GET file content")
    if response.status_code == HTTPStatus.FOUND:
        response = await graph.handed_out("GET", response.headers["Location"], "GET download")
    return response.content


async def _unless_missing(graph: Graph, address: str, doing: str) -> dict[str, Any] | None:
    try:
        return await graph.get(address, doing)
    except GraphError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


async def _invite(graph: Graph, folder: str, addresses: Sequence[str]) -> set[str]:
    """The ids of these people's permissions."""
    body = {
        "recipients": [{"email": address} for address in addresses],
        "roles": ["write"],
        "requireSignIn": True,
        "sendInvitation": False,
        "retainInheritedPermissions": False,
    }
    invited = await graph.repeatable("POST", f"{folder}/invite", "POST folder invite", body=body)
    granted = json_object(invited, "POST folder invite")["value"]
    return {permission["id"] for permission in granted if "id" in permission}


async def _take_out(graph: Graph, folder: str, is_unwanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Take these permissions away, and look again until they are gone; what is left."""
    for _ in range(LOOKS):
        shown = await graph.pages(f"{folder}/permissions", "GET folder permissions")
        unwanted = [permission["id"] for permission in shown if is_unwanted(permission)]
        if not unwanted:
            return shown
        for permission_id in unwanted:
            address = f"{folder}/permissions/{quote(permission_id, safe='')}"
            await graph.delete(address, "DELETE folder permission")
    raise GraphError(HTTPStatus.CONFLICT, "stillShared", "-", "GET folder permissions")


def _person(permission: dict[str, Any]) -> dict[str, Any]:
    granted = permission.get("grantedToV2") or permission.get("grantedTo") or {}
    person: dict[str, Any] = granted.get("user") or {}
    return person


def _is_one_of_ours(permission: dict[str, Any]) -> bool:
    """A person let in to write on this very folder, or a link that one of them has made of it.

    Groups, owners and what comes from above are the site's affair.
    """
    is_writer = bool(_person(permission)) and permission.get("roles") == ["write"]
    return (is_writer or "link" in permission) and "inheritedFrom" not in permission


def _lets_somebody_in(permission: dict[str, Any]) -> bool:
    """A person, in whichever role but an owner's, or whoever holds a link."""
    is_by_us = bool(_person(permission)) and "owner" not in permission.get("roles", ())
    return (is_by_us or "link" in permission) and "inheritedFrom" not in permission


def _comes_from_above(permission: dict[str, Any]) -> bool:
    """What people of the library have on everything in it. Owners and apps are the site's affair."""
    is_an_app = "application" in (permission.get("grantedToV2") or {})
    return "inheritedFrom" in permission and "owner" not in permission.get("roles", ()) and not is_an_app


def _folder_id(item: dict[str, Any]) -> str:
    if "folder" not in item:
        raise ArchiveConflictError("En fil har navnet som mappen skulle hatt. Ingenting er skrevet; se på den først.")
    return str(item["id"])


async def _make_folder(graph: Graph, drive: str, parent: str, path: str) -> str:
    body = {"name": path.rpartition("/")[2], "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
    address = f"/drives/{drive}/root/children" if parent == "root" else f"/drives/{drive}/items/{parent}/children"
    try:
        response = await graph.repeatable("POST", address, "POST folder", body=body)
    except GraphError as error:
        made_meanwhile = await item_at(graph, drive, path) if error.status == HTTPStatus.CONFLICT else None
        if made_meanwhile is None:
            raise
        return _folder_id(made_meanwhile)
    return id_in(response, "POST folder")


async def _within(graph: Graph, drive: str, entry: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the folders that a file lies in: it says the nearest itself, and most have no other."""
    above = entry.get("parentReference") or {}
    ids = [above["id"]] if "id" in above else []
    for _ in _path_of(entry).split("/")[1:]:
        if ids[-1] not in graph.parent_ids:
            folder = await graph.get(f"/drives/{drive}/items/{ids[-1]}", "GET folder")
            graph.parent_ids[ids[-1]] = folder["parentReference"]["id"]
        ids.append(graph.parent_ids[ids[-1]])
    return tuple(ids)


def _path_of(entry: dict[str, Any]) -> str:
    """Of the folder a file lies in, below the library's root."""
    return unquote(entry.get("parentReference", {}).get("path", "")).partition("root:")[2].strip("/")


async def _upload_of(graph: Graph, drive: str, entry: dict[str, Any], within: tuple[str, ...]) -> Upload:
    sender = await author(graph, f"/drives/{drive}/items/{entry['id']}", entry)
    return Upload(
        stored_file(entry),
        version_of(entry),
        _path_of(entry),
        entry["name"],
        sender.get("id"),
        sender.get("email"),
        ((entry.get("createdBy") or {}).get("application") or {}).get("id"),
        within,
    )
