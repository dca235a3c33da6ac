"""To the archive, in order: documents, the messages that tell of them, and what has changed of cases it knows."""

import asyncio
from collections import Counter, defaultdict

from prefect import task
from sqlalchemy import Connection

from agreements.actions import ErrandKind
from agreements.archiving import next_turn
from config.sharepoint import ARCHIVE_LIBRARY, IMPORT_LIBRARY
from integrations.database import outgoing
from integrations.database.cases import load_cases
from integrations.database.messages import filed_in, waits_for_others
from integrations.database.rows import AnyRow
from integrations.graph.archive import Fields, archive_file, describe
from integrations.graph.client import Graph
from integrations.graph.drive import drive_id, find_item, item_at
from integrations.graph.packages import hand_over
from tasks.announcing import Subject, announce_change
from tasks.batches import NETWORK
from tasks.delivering import (
    NotYetError,
    deliver_all,
    file_documents,
    is_filed,
    paper,
    pretend_filed,
    standing,
    to_file,
)
from tasks.filing import load_people, write_documents
from tasks.night import Night, counting

NOT_WHOLE = (
    "Pakken til arkivet venter: et dokument i den, eller en tidligere melding i saken, er ikke levert ennå. "
    "Den leveres når det er gjort."
)


def to_the_archive() -> Counter[str]:
    """Everything that is due there: written, filed, told of, and brought up to date."""
    with counting() as counts:
        counts.update(write_documents())
        counts.update(update_archive())
        counts.update(file_documents())
        counts.update(file_messages())
    return +counts


@task(name="file-messages", **NETWORK)
def file_messages() -> Counter[str]:
    """Every arkivmelding, read back; one that completes a package hands it over. Those of a case in their order."""
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def deliver(night: Night, graph: Graph, row: AnyRow) -> None:
        async with turns[row.case_number]:
            await _file_message(night, graph, row)

    return deliver_all(ErrandKind.FILE_MESSAGE, deliver, "arkivmeldinger levert", pretend_filed)


@task(name="update-archive", **NETWORK)
def update_archive() -> Counter[str]:
    """What has changed of a case that the archive knows: its unit, who is responsible, that it has ended."""
    return deliver_all(ErrandKind.UPDATE_ARCHIVE, _update, "arkivsaker oppdatert", _tell)


async def _file_message(night: Night, graph: Graph, row: AnyRow) -> None:
    filed, content = to_file(night, row)
    if filed.library != IMPORT_LIBRARY:
        stored = await archive_file(graph, filed.library, paper(night, filed, content))
        is_filed(night, row, filed, stored.item_id)
        return
    with night.database.transaction() as connection:
        if waits_for_others(connection, filed):
            raise NotYetError(NOT_WHOLE)
    item_id = row.remote_id
    if item_id is None:
        item_id = (await archive_file(graph, filed.library, paper(night, filed, content))).item_id
        with night.database.transaction() as connection:
            outgoing.remember_remote(connection, row.key, item_id)
    marker = (night.settings.import_marker, f"{filed.sha256}  {filed.path}\n".encode())
    await hand_over(graph, filed.library, (item_id, filed.path), marker)
    is_filed(night, row, filed, item_id)


async def _update(night: Night, graph: Graph, row: AnyRow) -> None:
    """Columns of what is in the personnel folders, and a message of its own to an archive that takes packages."""
    with night.database.transaction() as connection:
        case = load_cases(connection, [row.case_number])[row.case_number][1]
        people = load_people(connection, [case])[case.number]
        in_folders = filed_in(connection, ARCHIVE_LIBRARY, case.number)
    fields = standing(people.unit_name, people.manager_name, case.state)
    for filed in in_folders:
        await _describe_anew(graph, filed, fields)
    with night.database.transaction() as connection:
        _tell(connection, night, row)
        outgoing.done(connection, row.key)


def _tell(connection: Connection, night: Night, row: AnyRow) -> None:
    """A message, where the archive takes packages and has been told of the case before."""
    case = load_cases(connection, [row.case_number])[row.case_number][1]
    turn = next_turn(case)
    if night.settings.has_imports and turn > 1:
        people = load_people(connection, [case])[case.number]
        announce_change(connection, night, Subject(case, people, turn), row.created_on)


async def _describe_anew(graph: Graph, filed: AnyRow, fields: Fields) -> None:
    """Whatever the archive itself has removed needs no describing; it takes two answers to believe that it is gone."""
    drive = await drive_id(graph, filed.library)
    item = await find_item(graph, filed.library, filed.drive_item_id) or await item_at(graph, drive, filed.path)
    if item is not None:
        await describe(graph, f"/drives/{drive}/items/{item['id']}", fields)
