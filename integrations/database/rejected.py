"""What was set aside (avvik): each with its reason, first and last seen, until it heals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from agreements.people import RejectedRow
from integrations.database.rows import IDS_IN_A_QUERY, AnyRow, insert_rows
from integrations.database.tables import inbox, rejected_rows

FORMER = ":"
"""In an inbox row's id: between that of a list that is no more and that of its item. No id of Graph's has it."""
ITEM = "element "
"""How the key of what could not be read begins; that of what was read is its inbox row's id."""
DIGITS_OF_AN_ID = 9
"""An inbox row's id has no more. A key of HR's may, and then is more than PostgreSQL's integers hold."""
OF_A_FORMER = " i en liste som er slettet"
REGISTERED = "hr-"
"""How the id of what HR registers in a form begins; no list has it, and no id of Graph's begins so."""
UNKNOWN = "ukjent avsender"
NOT_READ = "Elementet kunne ikke leses; det prøves på nytt hver natt."


@dataclass(frozen=True, slots=True)
class Deviation:
    """What was set aside. `who` sent it, or whom or what a row of HR's is about; `item` is where SharePoint has it."""

    source: str
    key: str
    who: str
    item: str
    path: str
    reason: str
    first_seen_on: date
    last_seen_on: date


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


def note_unread(connection: Connection, source: str, unread: Mapping[str, str], today: date) -> None:
    """What of this source could not be read, with what Graph said of each; everything else has been read since."""
    healed = [f"{ITEM}{item}" for item in unread_items(connection, source) if item not in unread]
    resolve(connection, source, healed, today)
    rows = [RejectedRow(f"{ITEM}{item}", "", f"{NOT_READ} ({said})") for item, said in unread.items()]
    set_aside(connection, source, rows, today)


def unread_items(connection: Connection, source: str) -> list[str]:
    """Ids of what could not be read the last time."""
    return sorted(key.removeprefix(ITEM) for key in open_keys(connection, source) if key.startswith(ITEM))


def open_rejections(connection: Connection) -> list[Deviation]:
    """What was set aside and has not healed, with whose it is: of what people sent, what the inbox says."""
    table = rejected_rows
    wanted = select(table).where(table.c.resolved_on.is_(None))
    rows = list(connection.execute(wanted.order_by(table.c.source, table.c.first_seen_on, table.c.key)))
    came = _came_as(connection, [row.key for row in rows])
    return [_deviation(row, came.get((row.source, row.key))) for row in rows]


def _came_as(connection: Connection, keys: Sequence[str]) -> dict[tuple[str, str], AnyRow]:
    """Inbox rows by source and key, of those keys that are an id there: a join over the text reads all of the inbox."""
    ids = sorted({int(key) for key in keys if key.isdecimal() and len(key) <= DIGITS_OF_AN_ID})
    wanted = select(inbox.c.id, inbox.c.source, inbox.c.external_id, inbox.c.sender_mail, inbox.c.registered_by)
    found: dict[tuple[str, str], AnyRow] = {}
    for start in range(0, len(ids), IDS_IN_A_QUERY):
        of_these = inbox.c.id.in_(ids[start : start + IDS_IN_A_QUERY])
        rows = connection.execute(wanted.add_columns(inbox.c.payload).where(of_these))
        found.update({(row.source, str(row.id)): row for row in rows})
    return found


def _deviation(row: AnyRow, came: AnyRow | None) -> Deviation:
    who, item = row.key, ""
    if came is not None:
        by = "" if came.registered_by is None else f"registrert av {came.registered_by}"
        who, item = by or came.sender_mail or UNKNOWN, _item(came.external_id, came.payload)
    elif row.key.startswith(ITEM):
        who, item = UNKNOWN, row.key
    return Deviation(row.source, row.key, who, item, row.path, row.reason, row.first_seen_on, row.last_seen_on)


def _item(external_id: str, payload: Mapping[str, Any]) -> str:
    """A file by its path in the library, an item of a list by its number there; of a form there is none."""
    if "folder" in payload and "name" in payload:
        return f"{payload['folder']}/{payload['name']}"
    if external_id.startswith(REGISTERED):
        return ""
    return f"{ITEM}{external_id.rpartition(FORMER)[2]}" + (OF_A_FORMER if FORMER in external_id else "")


def open_keys(connection: Connection, source: str) -> set[str]:
    """What of this source was set aside and has not healed."""
    table = rejected_rows
    return set(connection.scalars(select(table.c.key).where(table.c.source == source, table.c.resolved_on.is_(None))))


def last_seen(connection: Connection, source: str) -> dict[str, date]:
    """When what of this source was set aside, and has not healed, was so the last time; by key."""
    table = rejected_rows
    aside = select(table.c.key, table.c.last_seen_on).where(table.c.source == source, table.c.resolved_on.is_(None))
    return {row.key: row.last_seen_on for row in connection.execute(aside)}


def reasons_for(connection: Connection, source: str, keys: Sequence[str]) -> list[str]:
    """Why these are set aside, those of them that are; each reason once."""
    table = rejected_rows
    aside = (table.c.source == source) & table.c.key.in_(keys) & table.c.resolved_on.is_(None)
    return list(connection.scalars(select(table.c.reason).where(aside).distinct().order_by(table.c.reason)))
