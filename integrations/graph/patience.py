"""How often and how long we try again, and the clock all of it goes by."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_BELIEVED = 21_600.0
"""Seconds, six hours. What asks for more is a slip, and must keep nobody waiting for ever: with the jitter on top, the
next night asks again, whether it was said late in a night or to somebody at work in the afternoon."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time in UTC, and a way to let it pass; tests bring their own."""

    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request that may be repeated is tried again; seconds.

    Attributes:
        tries: the first one included.
        first_wait: before the second try, when the service names no time; doubled before each of the next.
        longest_wait: of those.
        in_all: from the first try to the beginning of the last. What asks for more is given up at once, since to come
            back earlier than the service asks prolongs its throttling.
        answer_within: how long Graph may be silent while we wait for it.
    """

    tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    in_all: float = 300.0
    answer_within: float = 60.0


@dataclass(slots=True)
class Tries:
    """The tries of one piece of work."""

    patience: Patience
    clock: Clock
    made: int = 0
    last_begins_by: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.last_begins_by = self.clock.now() + timedelta(seconds=self.patience.in_all)

    def wait(self, asked: float | None) -> float | None:
        """Count a try that failed. The seconds to wait before the next, or None when our patience is at its end.

        `asked` is what the service asks for; else doubling with jitter, so that workers do not come back in step.
        """
        self.made += 1
        ceiling = min(self.patience.first_wait * 2.0 ** (self.made - 1), self.patience.longest_wait)
        seconds = random.uniform(ceiling / 2, ceiling) if asked is None else asked  # noqa: S311 - jitter, not a secret
        too_late = self.clock.now() + timedelta(seconds=seconds) > self.last_begins_by
        return None if too_late or self.made >= self.patience.tries else seconds


def seconds_asked(retry_after: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for, in either of its forms, as far as we believe it; None without one to read."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return min(float(retry_after), LONGEST_BELIEVED)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError, TypeError, IndexError):  # what the standard library makes of no date
        return None
    if moment.tzinfo is None:  # "-0000", which the standard library reads as "no zone known"
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_BELIEVED)
