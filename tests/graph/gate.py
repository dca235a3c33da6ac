"""A gate before the tenant: it leads to the tenant of the running test, and knows what was asked of it."""

from dataclasses import dataclass, field
from threading import Condition

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.waiting import AT_MOST


@dataclass(slots=True)
class Gate:
    """An ASGI application in front of the tenant of the running test.

    Attributes:
        inside: where requests go on to.
        requests: method and path of each, in the order they came.
    """

    inside: ASGIApp | None = None
    requests: list[str] = field(default_factory=list)
    _inside_now: int = 0
    _has_left: Condition = field(default_factory=Condition)

    def wait_until_empty(self) -> None:
        """Until whatever was asked has been done, also what nobody waits for any more."""
        with self._has_left:
            assert self._has_left.wait_for(lambda: self._inside_now == 0, timeout=AT_MOST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.inside is not None
        self.requests.append(f"{scope['method']} {scope['path']}")
        self._inside_now += 1
        try:
            await self.inside(scope, receive, send)
        finally:
            with self._has_left:
                self._inside_now -= 1
                self._has_left.notify_all()


@dataclass(slots=True)
class Answering:
    """An ASGI application: the tenant, but for the first requests to a path that ends so, which get these answers."""

    tenant: ASGIApp
    ending: str
    answers: list[Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_theirs = scope["path"].endswith(self.ending) and self.answers
        await (self.answers.pop(0) if is_theirs else self.tenant)(scope, receive, send)
