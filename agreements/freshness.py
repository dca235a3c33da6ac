"""How old the picture of the staff is, and when that is worth a word."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WARN_AFTER = timedelta(hours=26)
"""A nightly sync that has failed once, and two hours of grace."""

FAIL_AFTER = timedelta(hours=50)
"""Twice."""


class Freshness(StrEnum):
    FRESH = "fresh"
    AGEING = "ageing"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class GoodRun:
    """The last sync that was applied. `published_at` is the source's own word on its data, where it has one."""

    finished_at: datetime
    published_at: datetime | None
    total: int


def freshness(age: timedelta) -> Freshness:
    if age > FAIL_AFTER:
        return Freshness.STALE
    return Freshness.AGEING if age > WARN_AFTER else Freshness.FRESH


def hours(age: timedelta) -> int:
    return round(age.total_seconds() / 3600)
