"""Packages that an archive system takes from a library: a marker, written last, says that one is whole.

Once the marker is there the package may be taken away at any moment, so whoever comes back finds either or neither.
"""

from http import HTTPStatus
from urllib.parse import quote

from integrations.graph.answers import json_object
from integrations.graph.archive import NotReadBackError
from integrations.graph.client import Graph
from integrations.graph.drive import drive_id, find_item, item_at, stored_file
from integrations.graph.errors import GraphError


async def hand_over(graph: Graph, library: str, message: tuple[str, str], marker: tuple[str, bytes]) -> None:
    """Mark the package whole, or see that it has been taken: `message` is the id and path of its last document.

    That document has been read back before. Nobody takes what has no marker, so when it is gone, as two answers say,
    an earlier try of ours got through.

    Raises:
        NotReadBackError: the marker is not what was written.
        GraphError, GraphUnreachableError: it was refused, or Graph is out of reach.
    """
    item_id, path = message
    name, content = marker
    drive = await drive_id(graph, library)
    item = await find_item(graph, library, item_id) or await item_at(graph, drive, path)
    if item is None:
        return
    # Into the very folder the document lies in: by its path a folder that is taken meanwhile would be made anew.
    parent = item["parentReference"]["id"]
    address = f"/drives/{drive}/items/{parent}:/{quote(name)}:/content?@microsoft.graph.conflictBehavior=fail"
    try:
        response = await graph.repeatable("PUT", address, "PUT package marker", body=content)
    except GraphError as error:
        if error.status != HTTPStatus.CONFLICT or not await _got_through(graph, library, message, name):
            raise
        return
    if not stored_file(json_object(response, "PUT package marker")).may_hold(content):
        raise NotReadBackError("package marker")


async def _got_through(graph: Graph, library: str, message: tuple[str, str], marker: str) -> bool:
    """Whether an earlier try did: the marker is there, or the package has been taken since we looked."""
    item_id, path = message
    drive = await drive_id(graph, library)
    if await item_at(graph, drive, f"{path.rpartition('/')[0]}/{marker}") is not None:
        return True
    return (await find_item(graph, library, item_id) or await item_at(graph, drive, path)) is None
