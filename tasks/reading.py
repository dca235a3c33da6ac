"""Read what people have answered and uploaded since last time, into the inbox. Reading decides nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from prefect import task

from config.sharepoint import CASE_LIBRARY, ListDefinition
from integrations.database.inbox import Arrival, receive, watermark
from integrations.graph.client import Graph
from integrations.graph.drive import Upload, library_changes
from integrations.graph.lists import ListItem, list_changes
from tasks.batches import NETWORK
from tasks.night import Night, this_night


@task(name="read-answers", **NETWORK)
def read_answers(lists: Sequence[ListDefinition], *, uploads: bool = False) -> Counter[str]:
    """Everything new in these lists, and in the case folders when `uploads` is set.

    Raises:
        GraphError, GraphUnreachableError: nothing is concluded from what could not be read.
    """
    return asyncio.run(_read(this_night(), lists, uploads=uploads))


async def _read(night: Night, lists: Sequence[ListDefinition], *, uploads: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    async with night.graph() as graph:
        for definition in lists:
            counts[definition.title] += await _read_list(night, graph, definition.name)
        if uploads:
            counts["opplastede filer"] += await _read_uploads(night, graph)
    return counts


async def _read_list(night: Night, graph: Graph, name: str) -> int:
    with night.database.transaction() as connection:
        token = watermark(connection, name)
    changes = await list_changes(graph, name, token)
    with night.database.transaction() as connection:
        return receive(connection, name, [_answer(item) for item in changes.items], changes.token, night.on)


async def _read_uploads(night: Night, graph: Graph) -> int:
    with night.database.transaction() as connection:
        token = watermark(connection, CASE_LIBRARY)
    changes = await library_changes(graph, CASE_LIBRARY, token)
    # What has no person behind it is our own: the draft agreement that lies ready in the folder.
    arrivals = [_file(upload) for upload in changes.items if upload.sender_id is not None]
    with night.database.transaction() as connection:
        return receive(connection, CASE_LIBRARY, arrivals, changes.token, night.on)


def _answer(item: ListItem) -> Arrival:
    return Arrival(item.item_id, item.version, item.sender_id, item.sender_mail, item.fields)


def _file(upload: Upload) -> Arrival:
    payload = {"folder": upload.folder, "name": upload.name, "size": upload.size}
    return Arrival(upload.item_id, upload.version, upload.sender_id, upload.sender_mail, payload)
