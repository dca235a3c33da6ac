"""A proxy that leads to one cloud, whatever host it is asked for; it knows which those were."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Proxy:
    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Served from a thread of its own; knows CONNECT and nothing else."""
    running = Proxy("")
    loop = asyncio.new_event_loop()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(maxsplit=2)
        assert verb == "CONNECT"
        running.asked.append(target)
        there, back = await asyncio.open_connection(host, port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))

    server = loop.run_until_complete(asyncio.start_server(receive, "127.0.0.1", 0))
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
