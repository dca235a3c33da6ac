"""Files: the case folders people upload to, and the archive that is written, read back and verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from config.errors import ExpectedError
from integrations.graph.client import Graph, json_object
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import Changes, last_editor, walk_delta
from integrations.graph.quickxor import quick_xor_hash

FRAGMENT = 320 * 1024 * 10
"""Bytes a fragment: a multiple of 320 KiB, under 60 MiB (driveitem-createuploadsession.md)."""
SMALL_FILE = 4 * 1024 * 1024


class ArchiveConflictError(ExpectedError):
    """Another file has the name already. A person must look: we overwrite nothing in the archive."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    item_id: str
    size: int
    quick_xor_hash: str | None

    def holds(self, content: bytes) -> bool:
        return self.size == len(content) and self.quick_xor_hash == quick_xor_hash(content)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file somebody put into a library. `folder` is the path below the library's root."""

    item_id: str
    version: str
    folder: str
    name: str
    size: int
    sender_id: str | None
    sender_mail: str | None


async def drive_id(graph: Graph, library: str) -> str:
    """The drive of a document library, by the library's name; asked once a connection."""
    if library not in graph.drive_ids:
        answer = await graph.get(f"{graph.site}/drives?$select=id,name", "GET drives")
        graph.drive_ids.update({drive["name"]: drive["id"] for drive in answer["value"]})
    if library not in graph.drive_ids:
        raise GraphUnreachableError(f"SharePoint: the site has no document library «{library}»; it must be made first.")
    return graph.drive_ids[library]


async def site_address(graph: Graph) -> str:
    """The site as people open it in a browser."""
    site = await graph.get(f"{graph.site}?$select=id,webUrl", "GET site")
    address: str = site["webUrl"]
    return address


async def ensure_folder(graph: Graph, library: str, path: str) -> str:
    """The id of the folder at `path`; it and its parents are made where they are missing."""
    drive = await drive_id(graph, library)
    parent, so_far = "root", ""
    for name in path.split("/"):
        so_far = f"{so_far}/{name}"
        known = await _item_at(graph, drive, so_far)
        parent = known["id"] if known is not None else await _make_folder(graph, drive, parent, name, so_far)
    return parent


async def share(graph: Graph, library: str, item_id: str, addresses: Sequence[str]) -> None:
    """Let these people write in the folder, and nobody else whom we let in before. Doing it again changes nothing."""
    drive = await drive_id(graph, library)
    folder = f"/drives/{drive}/items/{item_id}"
    body = {
        "recipients": [{"email": address} for address in addresses],
        "roles": ["write"],
        "requireSignIn": True,
        "sendInvitation": False,
    }
    invited = await graph.repeatable("POST", f"{folder}/invite", "POST folder invite", body=body)
    theirs = {permission["id"] for permission in json_object(invited, "POST folder invite")["value"]}
    known = await graph.get(f"{folder}/permissions", "GET folder permissions")
    for permission in known["value"]:
        if permission["id"] not in theirs and _is_one_of_ours(permission):
            await graph.repeatable("DELETE", f"{folder}/permissions/{permission['id']}", "DELETE folder permission")


async def put_file(graph: Graph, library: str, folder_id: str, name: str, content: bytes) -> None:
    """Write or overwrite a small file of our own making in a case folder."""
    drive = await drive_id(graph, library)
    address = f"/drives/{drive}/items/{folder_id}:/{quote(name)}:/content"
    await graph.repeatable("PUT", address, "PUT file", body=content)


async def archive_file(graph: Graph, library: str, path: str, content: bytes) -> StoredFile:
    """Put a file in the archive, once, and read back what the archive holds.

    Raises:
        ArchiveConflictError: another file stands at that path, or the archive's copy is not what was sent.
        GraphError: among others, the file or its hash is not there to be read back yet.
    """
    drive = await drive_id(graph, library)
    folder, _, name = path.rpartition("/")
    existing = await _item_at(graph, drive, f"/{path}")
    if existing is None:
        folder_id = await ensure_folder(graph, library, folder)
        await _upload(graph, drive, folder_id, name, content)
        existing = await _item_at(graph, drive, f"/{path}")
    stored = None if existing is None else _stored(existing)
    if stored is None or (stored.quick_xor_hash is None and stored.size == len(content)):
        # Nothing speaks against it, and nothing proves it: it is looked at again next time.
        raise GraphError(HTTPStatus.NOT_FOUND, "notReadBack", "-", "GET archived file")
    if not stored.holds(content):
        raise ArchiveConflictError("The archive holds another file under this name; nothing was overwritten.")
    return stored


async def library_changes(graph: Graph, library: str, token: str | None) -> Changes:
    """Files put into the library, or deleted, since `token`."""
    drive = await drive_id(graph, library)
    start = f"/drives/{drive}/root/delta"
    walk = await walk_delta(graph, token, start, f"GET library {library} delta")
    uploads = [_upload_of(entry) for entry in walk.entries if "file" in entry and "deleted" not in entry]
    return Changes(uploads, walk.token, walk.gone, walk.is_whole)


async def download(graph: Graph, library: str, item_id: str) -> bytes:
    drive = await drive_id(graph, library)
    response = await graph.repeatable("GET", f"/drives/{drive}/items/{item_id}/content", "GET file content")
    if response.status_code == HTTPStatus.FOUND:
        response = await graph.handed_out("GET", response.headers["Location"], "GET download")
    return response.content


def _is_one_of_ours(permission: dict[str, Any]) -> bool:
    """A person let in to write, on this very folder. Groups, owners and what comes from above are the site's affair."""
    person = permission.get("grantedToV2", {}).get("user") or permission.get("grantedTo", {}).get("user")
    return bool(person) and permission.get("roles") == ["write"] and "inheritedFrom" not in permission


async def _item_at(graph: Graph, drive: str, path: str) -> dict[str, Any] | None:
    try:
        return await graph.get(f"/drives/{drive}/root:{quote(path)}", "GET item by path")
    except GraphError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


async def _make_folder(graph: Graph, drive: str, parent: str, name: str, path: str) -> str:
    body = {"name": name, "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
    address = f"/drives/{drive}/root/children" if parent == "root" else f"/drives/{drive}/items/{parent}/children"
    try:
        response = await graph.repeatable("POST", address, "POST folder", body=body)
    except GraphError as error:
        made_meanwhile = await _item_at(graph, drive, path) if error.status == HTTPStatus.CONFLICT else None
        if made_meanwhile is None:
            raise
        return str(made_meanwhile["id"])
    return str(json_object(response, "POST folder")["id"])


async def _upload(graph: Graph, drive: str, folder_id: str, name: str, content: bytes) -> None:
    """A small file in one request, a large one in fragments; a file of that name is left as it is."""
    address = f"/drives/{drive}/items/{folder_id}:/{quote(name)}:"
    try:
        if len(content) <= SMALL_FILE:
            keep = "@microsoft.graph.conflictBehavior=fail"
            await graph.repeatable("PUT", f"{address}/content?{keep}", "PUT archive file", body=content)
            return
        body = {"item": {"@microsoft.graph.conflictBehavior": "fail"}}
        session = await graph.repeatable("POST", f"{address}/createUploadSession", "POST upload session", body=body)
        await _send_fragments(graph, json_object(session, "POST upload session")["uploadUrl"], content)
    except GraphError as error:
        # Our own earlier try may have got through; the caller compares what stands there.
        if error.status != HTTPStatus.CONFLICT:
            raise


async def _send_fragments(graph: Graph, upload_url: str, content: bytes) -> None:
    """Without an Authorization header, which the address refuses."""
    position = 0
    while position < len(content):
        fragment = content[position : position + FRAGMENT]
        span = f"bytes {position}-{position + len(fragment) - 1}/{len(content)}"
        await graph.handed_out("PUT", upload_url, "PUT fragment", body=fragment, headers={"Content-Range": span})
        position += len(fragment)


def _stored(item: dict[str, Any]) -> StoredFile:
    hashes = item.get("file", {}).get("hashes", {})
    return StoredFile(item["id"], item["size"], hashes.get("quickXorHash"))


def _upload_of(entry: dict[str, Any]) -> Upload:
    sender = last_editor(entry)
    path = unquote(entry.get("parentReference", {}).get("path", "")).partition("root:")[2]
    version = str(entry.get("cTag") or entry.get("eTag") or "")
    return Upload(
        entry["id"], version, path.strip("/"), entry["name"], entry["size"], sender.get("id"), sender.get("email")
    )
