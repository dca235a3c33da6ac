"""How old the picture of the staff is, and when that is worth a word."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

WARN_AFTER = timedelta(hours=26)
"""A nightly sync that has failed once, and two hours of grace."""

FAIL_AFTER = timedelta(hours=50)
"""Twice."""

NONE = timedelta()


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

    def ages(self, on: date, now: datetime) -> tuple[timedelta, timedelta | None]:
        """Since it was read; and of the source's own data, by its own word.

        The second by the business date, which is another than today when a night is caught up with. Neither is less
        than nothing: a source's clock may be ahead, and the sandbox's people live up to the date they are asked for.
        """
        published = self.published_at
        of_its_data = None if published is None else datetime.combine(on, now.timetz()) - published
        return max(now - self.finished_at, NONE), None if of_its_data is None else max(of_its_data, NONE)

    def age(self, on: date, now: datetime) -> timedelta:
        """The older of the two."""
        return max(age for age in self.ages(on, now) if age is not None)


def freshness(age: timedelta) -> Freshness:
    if age > FAIL_AFTER:
        return Freshness.STALE
    return Freshness.AGEING if age > WARN_AFTER else Freshness.FRESH


def hours(age: timedelta) -> int:
    return round(age.total_seconds() / 3600)
