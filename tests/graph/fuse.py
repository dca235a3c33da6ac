"""A fuse in a process: it counts what the process asks of other systems and what it commits, and burns at one of them.

Burning is kill -9: no handler runs, nothing is flushed, and whatever other requests are under way stay so.
"""

import os
import re
import signal
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

import httpx
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

COMMIT = "COMMIT"
doing: ContextVar[str] = ContextVar("doing", default="")
"""What the process is about, which its commits are told apart by: `COMMIT reading`."""
BY_NAME = re.compile(r"[$A-Za-z_]+")
WRITTEN = re.compile(r"(?P<moment>before|after) (?P<ordinal>\d+) (?P<step>.+)")


class Moment(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after the `ordinal`-th (from 1) of the steps called so: a commit, or a request as `named` calls it."""

    moment: Moment
    ordinal: int
    step: str

    @classmethod
    def read(cls, written: str) -> "Point":
        """The point that is written so.

        Raises:
            ValueError: nothing is.
        """
        found = WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(f"{written!r} is no point; one is written like 'after 2 POST send'")
        return cls(Moment(found["moment"]), int(found["ordinal"]), found["step"])

    def __str__(self) -> str:
        return f"{self.moment} {self.ordinal} {self.step}"


@dataclass(slots=True)
class Fuse:
    """Laid into the process that makes it, for as long as that lives."""

    burns_at: Point | None
    passed: Counter[str] = field(default_factory=Counter)

    def lay(self) -> None:
        self._into_requests()
        event.listen(Engine, "commit", self._before_commit)
        event.listen(Pool, "checkin", self._after_commit)

    def _into_requests(self) -> None:
        transport: Any = httpx.AsyncHTTPTransport
        on_the_way = transport.handle_async_request

        async def handle(this: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            point = self._next(named(request.method, request.url.path))
            self._burn(point, Moment.BEFORE)
            answer: httpx.Response = await on_the_way(this, request)
            self._burn(point, Moment.AFTER)
            return answer

        transport.handle_async_request = handle

    def _before_commit(self, connection: Connection) -> None:
        point = self._next(f"{COMMIT} {doing.get()}".strip())
        self._burn(point, Moment.BEFORE)
        connection.info[COMMIT] = point

    def _after_commit(self, _connection: object, record: Any) -> None:  # noqa: ANN401 - the pool's own
        point = record.info.pop(COMMIT, None)
        if point is not None:
            self._burn(point, Moment.AFTER)

    def _next(self, step: str) -> tuple[int, str]:
        self.passed[step] += 1
        return self.passed[step], step

    def _burn(self, point: tuple[int, str], moment: Moment) -> None:
        if self.burns_at == Point(moment, *point):
            os.kill(os.getpid(), signal.SIGKILL)


def named(method: str, path: str) -> str:
    """A request without the ids in its address: `POST send`, `PUT content`, `GET root:` for an item by its path."""
    if "/root:/" in path:
        return f"{method} root:"
    words = [part for part in re.split("[/:]", unquote(path)) if BY_NAME.fullmatch(part)]
    return f"{method} {words[-1]}"
