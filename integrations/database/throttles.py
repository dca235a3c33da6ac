"""What all workers together have asked of Microsoft 365: the budget's ledger, shared through the database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.database.rows import AnyRow
from integrations.database.tables import throttles
from integrations.graph.patience import Clock
from integrations.graph.throttling import LONG_AGO, Grant, spend


@dataclass(frozen=True, slots=True)
class SharedLedger:
    """A row for each service. The workers' clocks must agree to a second or so.

    It has transactions of its own, so that no rehearsal holds it back and none undoes it.
    """

    engine: Engine
    clock: Clock = field(default_factory=Clock)

    def reserve(self, resource: str, units: int, spare: int, pace: timedelta) -> Grant:
        """Set `units` aside, each of which costs `pace` of time; `spare` more of them if they are free now."""
        with self.engine.begin() as connection:
            row = _row(connection, resource)
            line, free = spend(row.spent_until, self.clock.now(), units, spare, pace)
            if units or free:
                _change(connection, resource, spent_until=line)
        return Grant(line, free, row.blocked_until)

    def block(self, resource: str, until: datetime) -> None:
        """Nobody asks before `until`; an earlier word that reaches further stands."""
        with self.engine.begin() as connection:
            row = _row(connection, resource)
            if until > row.blocked_until:
                _change(connection, resource, blocked_until=until)


def _row(connection: Connection, resource: str) -> AnyRow:
    """The resource's row, locked; made when it is asked for the first time."""
    locked = select(throttles).where(throttles.c.resource == resource).with_for_update()
    row = connection.execute(locked).one_or_none()
    if row is not None:
        return row
    try:
        with connection.begin_nested():
            new = {"resource": resource, "spent_until": LONG_AGO, "blocked_until": LONG_AGO}
            connection.execute(insert(throttles).values(new))
    except IntegrityError:
        # PostgreSQL cannot lock a row that is not there: two may make it, and one of them finds the other's.
        pass
    return connection.execute(locked).one()


def _change(connection: Connection, resource: str, **values: datetime) -> None:
    connection.execute(update(throttles).where(throttles.c.resource == resource).values(**values))
