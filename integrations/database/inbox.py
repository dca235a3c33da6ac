"""What came in: kept with the mark of how far we have read, in one transaction, before anything is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update

from agreements.people import RejectedRow
from integrations.database.rejected import resolve, set_aside
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import inbox, watermarks

IDS_IN_A_QUERY = 10_000
"""A list that is read from its beginning may hold more than a statement takes (PostgreSQL: 65,535 values)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One item or file as it came. `external_id` and `version` together arrive once."""

    external_id: str
    version: str
    sender: str | None
    sender_mail: str | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an inbox row: taken in (with its case), or set aside with a reason."""

    inbox_id: int
    case_number: str | None = None
    reason: str | None = None


def watermark(connection: Connection, source: str) -> str | None:
    return connection.scalar(select(watermarks.c.token).where(watermarks.c.source == source))


def receive(connection: Connection, source: str, arrivals: Sequence[Arrival], token: str, today: date) -> int:
    """Store what is new and how far we have read; returns how many were new."""
    known = _known(connection, source, [arrival.external_id for arrival in arrivals])
    fresh = [arrival for arrival in arrivals if (arrival.external_id, arrival.version) not in known]
    insert_rows(
        connection,
        inbox,
        [
            {
                "source": source,
                "external_id": arrival.external_id,
                "external_version": arrival.version,
                "sender": arrival.sender,
                "sender_mail": arrival.sender_mail,
                "payload": arrival.payload,
                "received_on": today,
                "status": "new",
            }
            for arrival in fresh
        ],
    )
    if watermark(connection, source) is None:
        insert_rows(connection, watermarks, [{"source": source, "token": token}])
    else:
        connection.execute(update(watermarks).where(watermarks.c.source == source).values(token=token))
    return len(fresh)


def _known(connection: Connection, source: str, wanted: Sequence[str]) -> set[tuple[str, str]]:
    """Id and version of those that have come before."""
    columns = select(inbox.c.external_id, inbox.c.external_version).where(inbox.c.source == source)
    known: set[tuple[str, str]] = set()
    for start in range(0, len(wanted), IDS_IN_A_QUERY):
        part = wanted[start : start + IDS_IN_A_QUERY]
        rows = connection.execute(columns.where(inbox.c.external_id.in_(part)))
        known.update((row.external_id, row.external_version) for row in rows)
    return known


def waiting(connection: Connection, sources: Sequence[str]) -> list[AnyRow]:
    """New rows from these sources, oldest first."""
    wanted = select(inbox).where(inbox.c.status == "new", inbox.c.source.in_(sources)).order_by(inbox.c.id)
    return list(connection.execute(wanted))


def conclude(connection: Connection, source: str, verdicts: Sequence[Verdict], today: date) -> None:
    """Mark rows as taken in or set aside; what is set aside also shows among the deviations."""
    if not verdicts:
        return
    connection.execute(
        update(inbox)
        .where(inbox.c.id == bindparam("row"))
        .values(status=bindparam("becomes"), case_number=bindparam("case")),
        [
            {
                "row": verdict.inbox_id,
                "becomes": "taken_in" if verdict.reason is None else "set_aside",
                "case": verdict.case_number,
            }
            for verdict in verdicts
        ],
    )
    aside = [RejectedRow(str(each.inbox_id), each.case_number or "", each.reason) for each in verdicts if each.reason]
    set_aside(connection, source, aside, today)
    resolve(connection, source, [str(each.inbox_id) for each in verdicts if each.reason is None], today)


def concluded(connection: Connection, source: str, ids: Sequence[str]) -> set[tuple[str, str]]:
    """Id and version of those of these items that have been taken in or set aside."""
    columns = select(inbox.c.external_id, inbox.c.external_version)
    rows = connection.execute(
        columns.where(inbox.c.source == source, inbox.c.external_id.in_(ids), inbox.c.status != "new")
    )
    return {(row.external_id, row.external_version) for row in rows}


def wait_again(connection: Connection, sources: Sequence[str]) -> int:
    """Put what was set aside back among what waits, its newest version only; how many that is."""
    newer = inbox.alias("newer")
    overtaken = exists(
        select(newer.c.id).where(
            newer.c.source == inbox.c.source, newer.c.external_id == inbox.c.external_id, newer.c.id > inbox.c.id
        )
    )
    aside = (inbox.c.status == "set_aside") & inbox.c.source.in_(sources) & ~overtaken
    return connection.execute(update(inbox).where(aside).values(status="new")).rowcount
