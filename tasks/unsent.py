"""Drafts of ours that lie in the sender's mailbox: nothing stays there unsent, and nothing that anybody waits for goes.

When a request to make a draft hangs, Exchange may make it long after we have looked in vain and sent another.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect import task

from integrations.database import outgoing
from integrations.database.rows import AnyRow
from integrations.graph import mail
from integrations.graph.client import Graph
from integrations.graph.mail import Unsent
from tasks.batches import NETWORK
from tasks.night import Night, counting, this_night

DRAFTS_REMOVED = "utkast til e-post fjernet"
STILL_DRAFTS = "e-poster som lå igjen som utkast, og sendes på nytt"
LEAVES_WITHIN = timedelta(hours=1)
"""Exchange accepts a mail before it sends it. What is a draft after that has not been sent."""


@task(name="clear-drafts", **NETWORK)
def clear_drafts() -> Counter[str]:
    """Once a night, with one request when all is well. Drafts that are not ours are left alone.

    Raises:
        GraphError, GraphUnreachableError: what could not be looked at is looked at the next night.
    """
    return asyncio.run(_clear(this_night()))


async def _clear(night: Night) -> Counter[str]:
    sender = night.settings.mail_sender or ""
    with counting() as counts:
        async with night.graph() as graph:
            drafts = await mail.unsent(graph, sender)
            rows = _rows_of(night, sender, drafts)
            for draft in drafts:
                row = rows.get(draft.message_id.lower())
                if await _is_spare(graph, sender, draft, row):
                    if not night.dry_run:
                        await mail.remove(graph, sender, draft.identity)
                    counts[DRAFTS_REMOVED] += 1
                elif row is not None and _should_have_left(row):
                    with night.database.transaction() as connection:
                        outgoing.not_done_after_all(connection, row.key)
                    counts[STILL_DRAFTS] += 1
    return counts


def _rows_of(night: Night, sender: str, drafts: Sequence[Unsent]) -> dict[str, AnyRow]:
    """The rows of the outbox behind these drafts, by message id."""
    if not drafts:
        return {}
    wanted = {draft.message_id.lower() for draft in drafts}
    with night.database.transaction() as connection:
        by_message_id = (
            ((row.message_id or mail.message_id_for(row.key, sender)).lower(), row)
            for row in outgoing.mails(connection)
        )
        return {message_id: row for message_id, row in by_message_id if message_id in wanted}


async def _is_spare(graph: Graph, sender: str, draft: Unsent, row: AnyRow | None) -> bool:
    """Whether another message has been sent, or will be, in its place.

    What has no row is an alert, or of another installation with the same mailbox: spare when its like has been sent.
    A row that waits and knows of no draft finds this one by its key.
    """
    if row is None:
        return await mail.has_been_sent(graph, sender, draft.message_id)
    if row.remote_id is None:
        return bool(row.status == "done")
    return bool(row.remote_id != draft.identity)


def _should_have_left(row: AnyRow) -> bool:
    return bool(row.status == "done" and row.done_at < datetime.now(UTC) - LEAVES_WITHIN)
