"""Read what people have answered and uploaded since last time, into the inbox. Reading decides nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect import task
from sqlalchemy import Connection

from config.sharepoint import CASE_LIBRARY, ListDefinition
from integrations.database.folders import drafts_put, folders_in_use, open_again
from integrations.database.inbox import Arrival, mark_in, not_among, note_deleted, receive, watermark, withdraw
from integrations.database.rejected import note_unread, unread_items
from integrations.graph.client import Graph
from integrations.graph.drive import Upload, library_changes
from integrations.graph.lists import Changes, ListItem, list_changes, list_id
from tasks.batches import NETWORK
from tasks.drafts import case_of_draft, is_our_draft
from tasks.night import Night, counting, this_night

UNREAD = "svar som ikke kunne leses ennå"
FOLDERS_GONE = "saksmapper som er slettet, og lages på nytt"
FOLDERS_RENAMED = "saksmapper med endret navn, som får navnet sitt igjen"
UPLOADS_UNREAD = "opplastinger som ikke kunne leses ennå"
UPLOADED = "opplastede filer"
DELETED_BEFORE = "slettet før de ble tatt inn"
DELETED_AFTER = "slettet etter at de ble tatt inn"


@task(name="read-answers", **NETWORK)
def read_answers(lists: Sequence[ListDefinition], *, uploads: bool = False) -> Counter[str]:
    """Everything new in these lists, and in the case folders when `uploads` is set.

    Raises:
        GraphError, GraphUnreachableError: nothing is concluded from what could not be read.
    """
    return asyncio.run(_read(this_night(), lists, uploads=uploads))


async def _read(night: Night, lists: Sequence[ListDefinition], *, uploads: bool) -> Counter[str]:
    come = (*(definition.title for definition in lists), UPLOADED, DELETED_BEFORE, DELETED_AFTER)
    with counting(*come) as counts:
        async with night.graph() as graph:
            for definition in lists:
                counts.update(await _read_list(night, graph, definition))
            if uploads:
                counts.update(await _read_uploads(night, graph))
    return +counts


async def _read_list(night: Night, graph: Graph, definition: ListDefinition) -> Counter[str]:
    name = definition.name
    known_as = await list_id(graph, name)
    with night.database.transaction() as connection:
        token, again = mark_in(connection, name, known_as), unread_items(connection, name)
    changes = await list_changes(graph, name, token, again)
    with night.database.transaction() as connection:
        note_unread(connection, name, changes.unread, night.on)
        new = receive(connection, name, [_answer(item) for item in changes.items], changes.token, night.on)
        gone = _gone(connection, name, changes)
        return Counter(
            {
                definition.title: new,
                DELETED_BEFORE: withdraw(connection, name, gone, night.on),
                DELETED_AFTER: note_deleted(connection, name, gone, night.on),
                UNREAD: len(changes.unread),
            }
        )


async def _read_uploads(night: Night, graph: Graph) -> Counter[str]:
    with night.database.transaction() as connection:
        token, again = watermark(connection, CASE_LIBRARY), unread_items(connection, CASE_LIBRARY)
    changes = await library_changes(graph, CASE_LIBRARY, token, again)
    with night.database.transaction() as connection:
        note_unread(connection, CASE_LIBRARY, changes.unread, night.on)
        arrivals = [_file(upload) for upload in _without_drafts(connection, night, changes.items)]
        new = receive(connection, CASE_LIBRARY, arrivals, changes.token, night.on)
        gone = withdraw(connection, CASE_LIBRARY, _gone(connection, CASE_LIBRARY, changes), night.on)
        folders = _look_after_folders(connection, changes)
    return Counter({UPLOADED: new, DELETED_BEFORE: gone, UPLOADS_UNREAD: len(changes.unread)}) + folders


def _without_drafts(connection: Connection, night: Night, files: Sequence[Upload]) -> list[Upload]:
    """What is not our own: the draft agreement lies ready in each folder."""
    put = drafts_put(connection, {number for file in files if (number := case_of_draft(file.name)) is not None})
    return [file for file in files if not is_our_draft(file, put, night.settings.graph_client_id)]


def _look_after_folders(connection: Connection, changes: Changes) -> Counter[str]:
    """Folders in use that somebody has deleted are made anew, those that have another name get their own back."""
    in_use = folders_in_use(connection)
    missing = set(in_use).difference(changes.folders) if changes.is_whole else set(in_use).intersection(changes.gone)
    renamed = {
        number
        for folder, number in in_use.items()
        if changes.folders.get(folder, number).casefold() != number.casefold()
    }
    gone = {in_use[folder] for folder in missing}
    open_again(connection, gone, is_gone=True)
    open_again(connection, renamed, is_gone=False)
    return Counter({FOLDERS_GONE: len(gone), FOLDERS_RENAMED: len(renamed)})


def _gone(connection: Connection, source: str, changes: Changes) -> list[str]:
    """What is known to be deleted: by its tombstone, or because the whole list was read without it."""
    if not changes.is_whole:
        return list(changes.gone)
    there = {item.item_id for item in changes.items} | set(changes.unread)
    return sorted({*changes.gone, *not_among(connection, source, there)})


def _answer(item: ListItem) -> Arrival:
    return Arrival(item.item_id, item.version, item.sender_id, item.sender_mail, item.fields)


def _file(upload: Upload) -> Arrival:
    # The version is that of the content, which is not in the payload itself.
    payload: dict[str, Any] = {"folder": upload.folder, "name": upload.name, "size": upload.stored.size}
    payload |= {"version": upload.version, "within": list(upload.within)}
    return Arrival(upload.item_id, upload.version, upload.sender_id, upload.sender_mail, payload)
