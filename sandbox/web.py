"""Run an ASGI application on this machine's loopback address, in a thread of its own."""

import asyncio
import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from config.errors import ExpectedError

HOST = "127.0.0.1"
START_SECONDS = 120.0
DROP_CONNECTION = "sandbox.drop-connection"
"""Key in the ASGI scope's `extensions`: a function that cuts the connection off, as a failing network would."""


class PortTakenError(ExpectedError):
    """Another program listens there, or nobody may. The message is one line that names the port."""


class _DroppableProtocol(H11Protocol):
    """ASGI has no word for "cut the connection off", and a sandbox that plays failures needs one."""

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # narrowed by the base class already
    ) -> None:
        super().connection_made(transport)
        application: ASGIApp = self.app

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[DROP_CONNECTION] = transport.abort
            await application(scope, receive, send)

        self.app = with_drop


class RunningServer:
    """A started server. `url` has no trailing slash. Use as a context manager, or call `stop`."""

    def __init__(self, server: uvicorn.Server, thread: threading.Thread, listening: socket.socket) -> None:
        self._server = server
        self._thread = thread
        self._socket = listening
        self.port: int = listening.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish running requests for at most a second, then close every connection. Safe to call twice."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def serve(application: ASGIApp, port: int = 0) -> RunningServer:
    """Start `application` on 127.0.0.1 and return when it answers. Port 0 takes a free one.

    Raises:
        PortTakenError: one line.
        RuntimeError: the server did not start.
    """
    # asyncio turns Nagle's algorithm off for sockets that name TCP only; with it, every answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        said = (
            f"The sandbox cannot listen on port {port}: {error.strerror}. Choose others by --hr-port and --graph-port."
        )
        raise PortTakenError(said) from None
    config = uvicorn.Config(
        application,
        http=_DroppableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name=f"sandbox-{port}", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listening.close()
            raise RuntimeError(f"the server on {HOST}:{listening.getsockname()[1]} did not start")
        time.sleep(0.005)
    return RunningServer(server, thread, listening)
