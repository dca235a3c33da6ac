"""A stand-in for Graph's drives that costs as little as can be: it keeps what a filing asks of it, and nothing else.

A process of its own, so that what it costs is told apart from what we cost. It speaks HTTP/1.1 by hand, keeps no
bytes, and answers after a set time.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, cast
from urllib.parse import unquote

from integrations.graph.quickxor import quick_xor_hash

DRIVE = "b!benchmark"
LIBRARIES = ("Personalmapper",)
Answer = tuple[int, dict[str, Any] | None]
NOT_FOUND: Answer = (404, {"error": {"code": "itemNotFound", "message": ""}})


@dataclass(slots=True)
class Item:
    """A folder, or a file with what it was given. `version` counts its changes."""

    item_id: str
    size: int | None = None
    quick_xor_hash: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    label: str | None = None
    version: int = 1

    def shown(self) -> dict[str, Any]:
        kind = {"folder": {}} if self.size is None else {"file": {"hashes": {"quickXorHash": self.quick_xor_hash}}}
        return {"id": self.item_id, "eTag": f'"{self.item_id},{self.version}"', "size": self.size or 0, **kind}


@dataclass(slots=True)
class Shelves:
    """Items by id and by path, and how much was asked."""

    by_id: dict[str, Item] = field(default_factory=lambda: {"root": Item("root")})
    by_path: dict[str, Item] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=lambda: {"root": ""})
    counts: dict[str, float] = field(default_factory=lambda: {"requests": 0, "at once": 0, "most at once": 0})

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        path = unquote(target.partition("?")[0])
        if path.endswith("/token"):
            return 200, {"access_token": "benchmark", "expires_in": 3_600}
        if path.endswith("/drives"):
            return 200, {"value": [{"id": DRIVE, "name": name} for name in LIBRARIES]}
        rest = path.removeprefix(f"/v1.0/drives/{DRIVE}/")
        if rest.startswith("root:/"):
            found = self.by_path.get(rest.removeprefix("root:/"))
            return NOT_FOUND if found is None else (200, self._with_fields(found, target))
        if rest == "root/children":
            rest = "items/root/children"
        item_id, _, what = rest.removeprefix("items/").partition("/")
        if ":" in item_id:
            return self._put(item_id.rstrip(":"), what.removesuffix(":/content"), body)
        return self._of_item(method, self.by_id[item_id], what, target, body)

    def _of_item(self, method: str, item: Item, what: str, target: str, body: bytes) -> Answer:
        if what == "children":
            return 201, self._add(item, json.loads(body)["name"]).shown()
        if what.startswith("listItem"):
            if method == "PATCH":
                item.fields |= json.loads(body)
                item.version += 1
                return 200, item.fields
            return 200, {"eTag": f'"{item.item_id},{item.version}"', "fields": item.fields}
        if what == "retentionLabel":
            if method == "PATCH":
                item.label = json.loads(body)["name"]
            return NOT_FOUND if item.label is None else (200, {"name": item.label})
        return 200, self._with_fields(item, target)

    def _with_fields(self, item: Item, target: str) -> dict[str, Any]:
        shown = item.shown()
        if "expand=" in target:
            shown["listItem"] = {"eTag": shown["eTag"], "fields": item.fields}
        return shown

    def _put(self, parent_id: str, name: str, content: bytes) -> Answer:
        item = self._add(self.by_id[parent_id], name)
        item.size, item.quick_xor_hash = len(content), quick_xor_hash(content)
        return 201, item.shown()

    def _add(self, parent: Item, name: str) -> Item:
        above = self.paths[parent.item_id]
        path = f"{above}/{name}" if above else name
        if path not in self.by_path:
            item = self.by_path[path] = Item(f"01{len(self.by_id):08d}")
            self.by_id[item.item_id], self.paths[item.item_id] = item, path
        return self.by_path[path]


class _Line(asyncio.Protocol):
    """One connection: requests one after the other, each answered after its time."""

    def __init__(self, shelves: Shelves, seconds: float) -> None:
        self._shelves, self._seconds = shelves, seconds
        self._received = bytearray()
        self._wanted = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) < self._wanted:
            return
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        length = _content_length(head)
        self._wanted = end + 4 + length
        if len(self._received) < self._wanted:
            return
        body = bytes(self._received[end + 4 : self._wanted])
        self._received.clear()
        self._wanted = 0
        self._take_in(head, body)

    def _take_in(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
        counts = self._shelves.counts
        counts["requests"] += 1
        counts["at once"] += 1
        counts["most at once"] = max(counts["most at once"], counts["at once"])
        status, answer = self._shelves.answer(method, target, body)
        content = b"" if answer is None else json.dumps(answer).encode()
        said = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        whole = said.encode() + content
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._say, whole)
        else:
            self._say(whole)

    def _say(self, whole: bytes) -> None:
        self._shelves.counts["at once"] -= 1
        if self._transport is not None:
            self._transport.write(whole)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(head[at + 17 :].partition(b"\r\n")[0])


async def _serve(seconds: float, pipe: Connection) -> None:
    shelves = Shelves()
    loop = asyncio.get_running_loop()
    make: Callable[[], asyncio.Protocol] = lambda: _Line(shelves, seconds)  # noqa: E731 - asyncio's way
    server = await loop.create_server(make, "127.0.0.1", 0, backlog=512)
    pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    while await loop.run_in_executor(None, pipe.recv) == "tell":
        pipe.send({**shelves.counts, "processor seconds": time.process_time()})
    server.close()


def serve(milliseconds: int, pipe: Connection) -> None:
    """Answer until the pipe says stop; tell the counts whenever it asks."""
    asyncio.run(_serve(milliseconds / 1_000, pipe))


@dataclass(frozen=True, slots=True)
class LeanGraph:
    url: str
    _pipe: Connection

    def counts(self) -> dict[str, float]:
        """Requests so far, the most of them at a time, and processor seconds."""
        self._pipe.send("tell")
        counts: dict[str, float] = self._pipe.recv()
        return counts


@contextmanager
def lean_graph(milliseconds: int) -> Iterator[LeanGraph]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(milliseconds, theirs))
    process.start()
    try:
        yield LeanGraph(ours.recv(), ours)
        ours.send("stop")
    finally:
        process.join(10)
