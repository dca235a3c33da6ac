"""Mails that left and came back: they count as given up, and go out as a new message when they are tried again."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from integrations.database.outgoing import MAIL
from integrations.database.rows import IDS_IN_A_QUERY, AnyRow
from integrations.database.tables import outbox


def mails_named(connection: Connection, message_ids: Sequence[str]) -> list[AnyRow]:
    """Mails by the message id they go out under; whatever came back before has another one by now.

    One that has been emptied with a purged case is none: nobody could send it again.
    """
    found: list[AnyRow] = []
    for start in range(0, len(message_ids), IDS_IN_A_QUERY):
        part = message_ids[start : start + IDS_IN_A_QUERY]
        rows = select(outbox).where(outbox.c.message_id.in_(part), outbox.c.kind == MAIL).order_by(outbox.c.id)
        found += [row for row in connection.execute(rows) if row.payload]
    return found


def came_back(connection: Connection, mail: AnyRow, reason: str, next_id: str) -> None:
    """Give the mail up with its reason. What has left keeps its message id; the next try gets `next_id`."""
    this = (outbox.c.key == mail.key, outbox.c.message_id == mail.message_id)
    given_up = {"status": "failed", "reason": reason, "message_id": next_id, "remote_id": None, "done_at": None}
    connection.execute(update(outbox).where(*this).values(given_up))
