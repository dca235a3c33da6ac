"""When it is the service that is ill, and not the one thing that was asked of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from integrations.graph.errors import GraphError, GraphUnreachableError, SenderRefusedError

Witness = Callable[[], Awaitable[object]]
"""Asks the same service something cheap that it has always answered."""


def is_ill(error: object) -> bool:
    """Whether nobody has answered as Graph does, or the service has failed or throttles us.

    That a site is full (507) is an answer: what needs no room goes on.
    """
    if isinstance(error, GraphError):
        return error.may_pass and error.status != HTTPStatus.INSUFFICIENT_STORAGE
    return isinstance(error, GraphUnreachableError)


@dataclass(slots=True)
class Outage:
    """Failures on end. One may be that item's alone, as when a filter on the way takes offence at a text.

    Attributes:
        several: so many on end are an outage: no fewer than are under way at a time, since those fail together. They
            may be as many bad items, where they have failed before.
        witness: tells which, and what nothing but failures means, however few. None where it has just been answered.
    """

    several: int
    witness: Witness | None = None
    _on_end: int = 0
    _has_answered: bool = False

    @property
    def is_all_there_was(self) -> bool:
        """Whether nothing else came than failures."""
        return self._on_end > 0 and not self._has_answered

    def is_answered(self) -> None:
        self._on_end, self._has_answered = 0, True

    def begins(self) -> bool:
        """Count a failure; whether this one makes it an outage, or so many more have come since one did."""
        self._on_end += 1
        return self._on_end % self.several == 0

    async def is_the_service(self, error: Exception) -> bool:
        """Whether this failure is not its item's alone: the witness is not answered either."""
        if self.witness is None or isinstance(error, SenderRefusedError):
            return isinstance(error, SenderRefusedError)
        try:
            await self.witness()
        except (GraphError, GraphUnreachableError) as silence:
            return is_ill(silence)
        return False
