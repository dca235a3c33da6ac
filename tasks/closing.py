"""Case folders that have done their work: closed for the people, and emptied of what is not needed there any more."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect import task

from agreements.actions import ErrandKind
from config.sharepoint import CASE_LIBRARY
from integrations.database import folders, outgoing
from integrations.database.inbox import concluded
from integrations.database.rows import AnyRow
from integrations.graph.client import Graph
from integrations.graph.drive import children_of, close_to_people, delete_item, find_folder, upload_of, version_of
from tasks.batches import NETWORK
from tasks.delivering import NotYetError, case_folder, deliver_all
from tasks.drafts import case_of_draft, is_our_draft
from tasks.night import Night, counting, this_night

FOLDERS_CLOSED = "saksmapper lukket"
FILES_DELETED = "filer slettet fra saksmapper"
OTHERS_LEFT_ALONE = "mapper for andre saker som ligger i lukkede saksmapper, og er latt være i fred"
FILES_SET_ASIDE = "filer satt til side som blir liggende i lukkede saksmapper"
STILL_TO_BE_FILED = (
    "Saksmappen er lukket, men ikke tømt: arkivet mangler ennå et dokument i saken. Den tømmes når det er arkivert."
)
NOT_OURS_TO_DELETE = (
    "Saksmappen er lukket, men ikke tømt: {number} av filene i den er ikke lest. De blir liggende til de er lest, "
    "eller til noen har sett på dem og flyttet dem."
)


@dataclass(slots=True)
class Inventory:
    """What is in a folder: id and version of what may go, a subfolder after what is in it, and how much may not.

    That are files that nobody has read, and what was set aside for who sent it or when: it may be taken in yet.
    `others` are folders of other cases that somebody has moved here: whatever is in them is those cases'.
    """

    deletable: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    unknown: int = 0
    aside: int = 0
    others: int = 0

    @property
    def is_all_deletable(self) -> bool:
        return not (self.unknown or self.aside or self.others)


@task(name="close-folders", **NETWORK)
def close_folders() -> Counter[str]:
    """Nobody gets in any more, and what we know of what is in the folder goes into the recycle bin.

    That are uploads that were taken in or refused, and our own draft. Nothing goes before all of the case's documents
    are verified in the archive, and what nobody has read stays. What was set aside stays in the closed folder until
    the case is purged; a later closing takes it if it has been taken in by then.
    """
    night = this_night()

    async def close(running: Night, graph: Graph, row: AnyRow) -> None:
        emptied.update(await _close(running, graph, row))

    with counting() as emptied:
        if night.dry_run:
            emptied.update(asyncio.run(_foreseen(night)))
        return deliver_all(ErrandKind.CLOSE_FOLDER, close, FOLDERS_CLOSED) + emptied


async def _foreseen(night: Night) -> Counter[str]:
    """A dry run looks into the folders, and touches nothing."""
    with night.database.transaction() as connection:
        rows = outgoing.pending(connection, ErrandKind.CLOSE_FOLDER)
    counts: Counter[str] = Counter()
    if rows:
        async with night.graph() as graph:
            for row in rows:
                for folder_id in await _folders_of(night, graph, row.case_number):
                    counts.update(_counted(await _inventory(night, graph, row.case_number, folder_id)))
    return counts


async def _close(night: Night, graph: Graph, row: AnyRow) -> Counter[str]:
    """How many files were deleted, and how many were set aside and stay.

    Raises:
        NotYetError: something has to stay for now; the folder is closed all the same.
    """
    folder_ids = await _folders_of(night, graph, row.case_number)
    emptied: Counter[str] = Counter()
    for folder_id in folder_ids:
        await close_to_people(graph, CASE_LIBRARY, folder_id)
    for folder_id in folder_ids:
        emptied.update(_counted(await _empty(night, graph, row.case_number, folder_id)))
    with night.database.transaction() as connection:
        outgoing.done(connection, row.key)
    return emptied


def _counted(found: Inventory) -> Counter[str]:
    return Counter({FILES_DELETED: found.files, FILES_SET_ASIDE: found.aside, OTHERS_LEFT_ALONE: found.others})


async def _folders_of(night: Night, graph: Graph, number: str) -> list[str]:
    """The one that was made for the case, under whatever name; and what has the case's name, if that is another.

    Unless it is the one that was made for another case.
    """
    made = await case_folder(night, graph, number)
    named = await find_folder(graph, CASE_LIBRARY, number)
    found = [each for each in (None if made is None else str(made["id"]), named) if each is not None]
    others = _of_other_cases(night, number, found)
    return [each for each in dict.fromkeys(found) if each not in others]


def _of_other_cases(night: Night, number: str, folder_ids: Sequence[str]) -> set[str]:
    with night.database.transaction() as connection:
        whose = folders.cases_of_folders(connection, folder_ids)
    return {folder_id for folder_id, case_number in whose.items() if case_number != number}


async def _empty(night: Night, graph: Graph, number: str, folder_id: str) -> Inventory:
    with night.database.transaction() as connection:
        if outgoing.has_unfiled_documents(connection, number):
            raise NotYetError(STILL_TO_BE_FILED)
    found = await _inventory(night, graph, number, folder_id)
    for item_id, version in found.deletable:
        if not await delete_item(graph, CASE_LIBRARY, item_id, version):
            break  # another content since we looked: what is around it must stay as well
    left = await _inventory(night, graph, number, folder_id) if found.deletable else found
    if left.files or left.unknown:
        raise NotYetError(NOT_OURS_TO_DELETE.format(number=left.files + left.unknown))
    return found


async def _inventory(night: Night, graph: Graph, number: str, folder_id: str) -> Inventory:
    items = await children_of(graph, CASE_LIBRARY, folder_id)
    with night.database.transaction() as connection:
        known = concluded(connection, CASE_LIBRARY, [item["id"] for item in items])
    others = _of_other_cases(night, number, [item["id"] for item in items if "folder" in item])
    found = Inventory()
    for item in items:
        this = (item["id"], version_of(item))
        if item["id"] in others:
            found.others += 1
        elif "folder" in item:
            below = await _inventory(night, graph, number, item["id"])
            found.deletable += [*below.deletable, this] if below.is_all_deletable else below.deletable
            found.files += below.files
            found.unknown += below.unknown
            found.aside += below.aside
            found.others += below.others
        elif known.get(this) or await _is_draft(night, graph, item):
            found.deletable.append(this)
            found.files += 1
        elif this in known:
            found.aside += 1
        else:
            found.unknown += 1
    return found


async def _is_draft(night: Night, graph: Graph, item: dict[str, Any]) -> bool:
    number = case_of_draft(item["name"])
    if number is None:
        return False
    with night.database.transaction() as connection:
        put = folders.drafts_put(connection, [number])
    return is_our_draft(await upload_of(graph, CASE_LIBRARY, item), put, night.settings.graph_client_id)
