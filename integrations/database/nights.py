"""The nights that came to their end: remembered here as well as in Prefect, which may not be there to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select

from integrations.database.tables import nights


@dataclass(frozen=True, slots=True)
class EndedNight:
    """`counts` are of all its steps together, by what was counted."""

    on: date
    ended_at: datetime
    is_well: bool
    counts: Mapping[str, int]


def record_night(connection: Connection, night: EndedNight) -> None:
    connection.execute(
        insert(nights).values(
            business_date=night.on, ended_at=night.ended_at, is_well=night.is_well, counts=dict(night.counts)
        )
    )


def last_night(connection: Connection) -> EndedNight | None:
    row = connection.execute(select(nights).order_by(nights.c.ended_at.desc()).limit(1)).one_or_none()
    return None if row is None else EndedNight(row.business_date, row.ended_at, row.is_well, row.counts)


def went_well_since(connection: Connection, on: date, since: datetime) -> bool:
    """Whether a night of this date has begun and ended after that instant, and all its steps went well.

    The lease lets one night run at a time. So the first that ended after the instant may have begun before it, and have
    read what somebody has put right since; every later one began after that.
    """
    ended = select(nights.c.business_date, nights.c.is_well).where(nights.c.ended_at >= since)
    found = connection.execute(ended.order_by(nights.c.ended_at, nights.c.id)).all()
    return any(row.business_date == on and row.is_well for row in found[1:])


def last_good_night_at(connection: Connection) -> datetime | None:
    """When a night last ended in which no step failed."""
    at: datetime | None = connection.scalar(select(func.max(nights.c.ended_at)).where(nights.c.is_well))
    return at
