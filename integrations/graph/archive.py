"""The archive: a document is put there once, described, labelled, and then read back and verified.

Every step looks before it does, so that all of it may be done again from anywhere. Nothing is ever overwritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import quote

from agreements.calendar import OSLO
from integrations.graph.answers import json_object
from integrations.graph.client import Graph
from integrations.graph.drive import (
    ArchiveConflictError,
    StoredFile,
    drive_id,
    folder_once,
    item_at,
    stored_file,
)
from integrations.graph.errors import GraphError
from integrations.graph.upload_sessions import Session, cancel, upload_in_fragments

SMALL_FILE = 4 * 1024 * 1024
"""Bytes that go in one request; what is larger goes in fragments."""
SESSIONS = 2
"""An upload whose session got lost begins anew, once."""
TRIES_TO_DESCRIBE = 3
Fields: TypeAlias = Mapping[str, str | date | None]
"""Columns with what they are to say; None empties one."""


class NotReadBackError(GraphError):
    """What we wrote is not what the archive says it has, or it says nothing yet. It is looked at again next time."""

    def __init__(self, what: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, "notReadBack", "-", f"GET archived {what}")
        self.what = what


@dataclass(frozen=True, slots=True)
class Paper:
    """A document for the archive: its place in the library, its bytes, and what the library is to say of it."""

    path: str
    content: bytes
    fields: Fields
    label: str | None = None


async def archive_file(graph: Graph, library: str, paper: Paper, session: Session | None = None) -> StoredFile:
    """Put a document in the archive, once, with its fields and retention label, and read all of it back.

    `session` is where an earlier try of a large file may have left off, and how this one's address is kept.

    Raises:
        ArchiveConflictError: another file stands at that path.
        NotReadBackError: the archive does not, or not yet, show what it was given.
        GraphError, GraphUnreachableError: it was refused, or Graph is out of reach.
    """
    drive, session = await drive_id(graph, library), session or Session()
    existing = await item_at(graph, drive, paper.path)
    is_new = existing is None
    if existing is not None:
        await cancel(graph, session)
        stored = _adopted(existing, paper)
    else:
        folder, _, name = paper.path.rpartition("/")
        parent = await folder_once(graph, library, folder)
        stored = await _written(graph, drive, f"/drives/{drive}/items/{parent}:/{quote(name)}:", paper, session)
    address = f"/drives/{drive}/items/{stored.item_id}"
    # The label comes last: it may be one that locks what it is put on.
    await describe(graph, address, paper.fields, is_new=is_new)
    if paper.label is not None:
        await _label(graph, address, paper.label, is_new=is_new)
    verified = stored_file(await graph.get(address, "GET archived file"))
    if not verified.holds(paper.content):
        raise NotReadBackError("file")
    return verified


def _adopted(item: dict[str, Any], paper: Paper) -> StoredFile:
    """The file that stands there already: ours from an earlier try, or somebody else's."""
    stored = stored_file(item) if "file" in item else None
    if stored is None or not stored.may_hold(paper.content):
        raise ArchiveConflictError(
            "Arkivet har allerede en annen fil med dette navnet. Ingenting er overskrevet; se på filen i arkivet."
        )
    return stored


async def _written(graph: Graph, drive: str, address: str, paper: Paper, session: Session) -> StoredFile:
    """A small file in one request, a large one in fragments; a file of that name is left as it is."""
    for _ in range(SESSIONS if session.url is None else SESSIONS + 1):
        try:
            item = await _upload(graph, address, paper.content, session)
        except GraphError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            item = None
        if item is not None:
            return stored_file(item)
        # A conflict or a lost session: our own earlier try may have got through.
        existing = await item_at(graph, drive, paper.path)
        if existing is not None:
            return _adopted(existing, paper)
    raise NotReadBackError("file")


async def _upload(graph: Graph, address: str, content: bytes, session: Session) -> dict[str, Any] | None:
    if len(content) > SMALL_FILE:
        return await upload_in_fragments(graph, address, content, session)
    keep = "@microsoft.graph.conflictBehavior=fail"
    response = await graph.repeatable("PUT", f"{address}/content?{keep}", "PUT archive file", body=content)
    return json_object(response, "PUT archive file")


async def describe(graph: Graph, address: str, fields: Fields, *, is_new: bool = False) -> None:
    """Our columns and no other, until they read back as they should; who changes them meanwhile makes us look again."""
    item = None if is_new else await _list_item(graph, address)
    tries = 0
    while wrong := _wrong(fields, item):
        if tries == TRIES_TO_DESCRIBE:
            raise NotReadBackError("file's fields")
        tries += 1
        body = {name: _written_value(value) for name, value in wrong.items()}
        seen = None if item is None or "eTag" not in item else {"If-Match": item["eTag"]}
        try:
            doing = "PATCH archived file's fields"
            await graph.repeatable("PATCH", f"{address}/listItem/fields", doing, body=body, headers=seen)
        except GraphError as error:
            if error.status != HTTPStatus.PRECONDITION_FAILED:
                raise
        item = await _list_item(graph, address)


async def _list_item(graph: Graph, address: str) -> dict[str, Any]:
    return await graph.get(f"{address}/listItem?$expand=fields", "GET archived file's fields")


def _wrong(fields: Fields, item: dict[str, Any] | None) -> dict[str, str | date | None]:
    """Which of the fields the item does not say; a file that has just come says nothing yet."""
    shown = {} if item is None else item["fields"]
    return {name: value for name, value in fields.items() if not _says(shown.get(name), value)}


async def _label(graph: Graph, address: str, name: str, *, is_new: bool) -> None:
    if not is_new and await _label_of(graph, address) == name:
        return
    doing = "PATCH archived file's label"
    await graph.repeatable("PATCH", f"{address}/retentionLabel", doing, body={"name": name})
    if await _label_of(graph, address) != name:
        raise NotReadBackError("file's label")


async def _label_of(graph: Graph, address: str) -> str | None:
    try:
        label = await graph.get(f"{address}/retentionLabel", "GET archived file's label")
    except GraphError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None  # it has no label; where the file itself is missing, writing one will say so
        raise
    name: str | None = label.get("name")
    return name


def _written_value(value: str | date | None) -> str | None:
    """A day as its noon, which is the same day in the site's time zone, whatever that is in Europe."""
    return f"{value:%Y-%m-%d}T12:00:00Z" if isinstance(value, date) else value


def _says(shown: object, value: str | date | None) -> bool:
    if value is None:
        return shown is None or shown == ""
    if not isinstance(value, date):
        return shown == value
    try:
        return datetime.fromisoformat(str(shown)).astimezone(OSLO).date() == value
    except ValueError:
        return False
