"""A clock that runs as fast as those who wait by it: nobody waits, and all hours are counted."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integrations.graph.patience import Clock

START = datetime(2027, 3, 1, 1, 15, tzinfo=UTC)
TURNS = 5
"""How often the others may act before time moves on to whoever waits least."""


@dataclass(slots=True)
class Hours:
    """Time moves on to the earliest of those who wait, when the others have had their turn."""

    now: datetime = START
    slept: list[float] = field(default_factory=list)
    _waiting: list[datetime] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + timedelta(seconds=seconds)
        self._waiting.append(until)
        while self.now < until:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if until == min(self._waiting):
                self.now = max(self.now, until)
        self._waiting.remove(until)
