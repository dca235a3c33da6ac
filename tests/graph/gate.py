"""A gate before the tenant: counts requests, and holds one of them so that its sender can be killed right there."""

import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Moment(StrEnum):
    BEFORE_THE_WORK = "before"
    BEFORE_THE_ANSWER = "after"


@dataclass(frozen=True, slots=True)
class Point:
    """The `ordinal`-th request (from 1) whose method and path, written `POST /v1.0/users`, fit the pattern."""

    pattern: str
    ordinal: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.moment} {self.ordinal} {self.pattern}"


@dataclass(slots=True)
class Gate:
    """An ASGI application in front of the tenant of the running test.

    Attributes:
        inside: where requests go on to.
        requests: method and path of each, in the order they came.
        held: set when the request at `point` is being held; it stays so until its sender is gone.
    """

    inside: ASGIApp | None = None
    point: Point | None = None
    requests: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    _fitting: int = 0

    def hold_at(self, point: Point) -> None:
        self.point, self._fitting = point, 0
        self.held.clear()
        self.released.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.inside is not None
        request = f"{scope['method']} {scope['path']}"
        self.requests.append(request)
        point = self._reached(request)
        if point is None:
            await self.inside(scope, receive, send)
            return
        if point.moment is Moment.BEFORE_THE_ANSWER:
            await self.inside(scope, receive, _lost)
        self.held.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.released.set()

    def _reached(self, request: str) -> Point | None:
        if self.point is None or re.search(self.point.pattern, request) is None:
            return None
        self._fitting += 1
        return self.point if self._fitting == self.point.ordinal else None


async def _lost(_message: Message) -> None:
    """The answer that nobody reads."""
