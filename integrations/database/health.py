"""How the system is, in figures: what waits, what was given up, and how old what we know is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from agreements.case import OPEN_STATES
from agreements.freshness import GoodRun
from integrations.database.inbox import move_watermark, watermark
from integrations.database.ledger import last_good_run
from integrations.database.nights import EndedNight, last_night
from integrations.database.tables import cases, holds, outbox, rejected_rows, throttles

BACKED_UP = "backed-up"
"""Where the time of the last whole backup stands among the watermarks."""
DEVIATIONS_SHOWN_FOR = timedelta(days=14)
"""What was set aside and has not been seen for so long is not spoken of any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A sync that waits for a person: the digest that names it, and why it was held."""

    digest: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and case numbers as of a business date, nobody's name.

    `given_up` are mails, folders and files that nobody tries again by themselves, `tried_again` those that failed and
    are. `stuck` are open cases in which a rule was due before the day and has not been carried out. `backed_up_at` is
    when the last whole backup was made, None before the first.
    """

    on: date
    last_night: EndedNight | None
    last_sync: GoodRun | None
    held: Sequence[Held]
    set_aside: int
    given_up: int
    tried_again: int
    throttled_until: datetime | None
    stuck: Sequence[str]
    backed_up_at: datetime | None = None


def read_figures(connection: Connection, on: date) -> Figures:
    is_late = cases.c.state.in_([str(state) for state in OPEN_STATES]) & (cases.c.next_action_on < on)
    return Figures(
        on=on,
        last_night=last_night(connection),
        last_sync=last_good_run(connection),
        held=held(connection),
        set_aside=set_aside_count(connection, on),
        given_up=_deliveries(connection, outbox.c.status == "failed"),
        tried_again=_deliveries(connection, (outbox.c.status == "pending") & outbox.c.reason.is_not(None)),
        throttled_until=connection.scalar(select(func.max(throttles.c.blocked_until))),
        stuck=connection.scalars(select(cases.c.number).where(is_late).order_by(cases.c.id)).all(),
        backed_up_at=last_backup_at(connection),
    )


def remember_backup(connection: Connection, at: datetime) -> None:
    move_watermark(connection, BACKED_UP, at.isoformat())


def last_backup_at(connection: Connection) -> datetime | None:
    """When the last whole backup was made."""
    token = watermark(connection, BACKED_UP)
    return None if token is None else datetime.fromisoformat(token)


def held(connection: Connection) -> list[Held]:
    rows = connection.execute(select(holds.c.digest, holds.c.reasons).where(holds.c.status == "waiting"))
    return [Held(row.digest, row.reasons) for row in rows]


def is_set_aside(on: date) -> ColumnElement[bool]:
    """Set aside lately, and not healed."""
    return rejected_rows.c.resolved_on.is_(None) & (rejected_rows.c.last_seen_on >= on - DEVIATIONS_SHOWN_FOR)


def set_aside_count(connection: Connection, on: date) -> int:
    return connection.scalar(select(func.count()).select_from(rejected_rows).where(is_set_aside(on))) or 0


def _deliveries(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(outbox).where(condition)) or 0
