"""What was set aside (avvik): each with its reason, first and last seen, until it heals."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, bindparam, select, update

from agreements.people import RejectedRow
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import rejected_rows


def set_aside(connection: Connection, source: str, rows: Sequence[RejectedRow], today: date) -> None:
    """Remember rejected rows; one that is known already is only seen again."""
    if not rows:
        return
    table = rejected_rows
    known = set(connection.scalars(select(table.c.key).where(table.c.source == source)))
    by_key = {row.key: row for row in rows}
    fresh = [row for key, row in by_key.items() if key not in known]
    columns = {"source": source, "first_seen_on": today, "last_seen_on": today}
    insert_rows(
        connection,
        table,
        [{**columns, "key": row.key, "path": row.path, "reason": row.reason} for row in fresh],
    )
    seen_again = [{"seen": key, "why": by_key[key].reason, "where": by_key[key].path} for key in by_key.keys() & known]
    if seen_again:
        changes = {"path": bindparam("where"), "reason": bindparam("why"), "last_seen_on": today, "resolved_on": None}
        this_row = (table.c.source == source) & (table.c.key == bindparam("seen"))
        connection.execute(update(table).where(this_row).values(changes), seen_again)


def resolve_others(connection: Connection, source: str, still_rejected: Sequence[RejectedRow], today: date) -> None:
    """After a complete walk: whatever is no longer rejected has healed by itself."""
    table = rejected_rows
    open_rows = (table.c.source == source) & table.c.resolved_on.is_(None)
    healed = set(connection.scalars(select(table.c.key).where(open_rows))) - {row.key for row in still_rejected}
    resolve(connection, source, sorted(healed), today)


def resolve(connection: Connection, source: str, keys: Sequence[str], today: date) -> None:
    """These have healed, those of them that were set aside at all."""
    if keys:
        table = rejected_rows
        this_row = (table.c.source == source) & (table.c.key == bindparam("healed")) & table.c.resolved_on.is_(None)
        connection.execute(update(table).where(this_row).values(resolved_on=today), [{"healed": key} for key in keys])


def open_rejections(connection: Connection) -> list[AnyRow]:
    """What was set aside and has not healed."""
    table = rejected_rows
    wanted = select(table).where(table.c.resolved_on.is_(None))
    return list(connection.execute(wanted.order_by(table.c.source, table.c.first_seen_on, table.c.key)))


def open_keys(connection: Connection, source: str) -> set[str]:
    """What of this source was set aside and has not healed."""
    table = rejected_rows
    return set(connection.scalars(select(table.c.key).where(table.c.source == source, table.c.resolved_on.is_(None))))


def reasons_for(connection: Connection, source: str, keys: Sequence[str]) -> list[str]:
    """Why these are set aside, those of them that are; each reason once."""
    table = rejected_rows
    aside = (table.c.source == source) & table.c.key.in_(keys) & table.c.resolved_on.is_(None)
    return list(connection.scalars(select(table.c.reason).where(aside).distinct().order_by(table.c.reason)))
