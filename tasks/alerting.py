"""One mail to ops, when an automation asks for it: also while a night runs, and when the database is what failed."""

import asyncio
from html import escape

from prefect import task

from config.errors import ExpectedError
from config.installation import named
from config.settings import load_settings
from integrations.graph import mail
from integrations.graph.client import Graph
from tasks.batches import LOCAL
from tasks.night import graph_beside_the_night


class NoMailboxError(ExpectedError):
    """HK_OPS_MAILBOX or HK_MAIL_SENDER is not set where the worker runs."""


@task(name="alert-ops", **LOCAL)
def alert_ops(key: str, what: str, lines: list[str]) -> None:
    """The same as `send_alert`, where Prefect runs it."""
    send_alert(key, what, lines)


def send_alert(key: str, what: str, lines: list[str]) -> None:
    """Send it once for each key: what the sender's mailbox has under it is looked for first.

    No row in the outbox: the mailbox itself remembers. So an alert needs neither the database nor the lease.

    Raises:
        NoMailboxError, SettingsError, GraphError, GraphUnreachableError: one line each.
    """
    settings = load_settings()
    sender, to = settings.mail_sender, settings.ops_mailbox
    if sender is None or to is None:
        raise NoMailboxError("HK_OPS_MAILBOX and HK_MAIL_SENDER must be set where the worker runs.")
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    letter = mail.Mail(
        [to], f"{named('Hjemmekontor', settings)}: {what}", f'<html lang="nb"><body>{body}</body></html>'
    )

    async def send() -> None:
        async with graph_beside_the_night(settings) as graph:
            await _send_once(graph, sender, key, letter)

    asyncio.run(send())


async def _send_once(graph: Graph, sender: str, key: str, letter: mail.Mail) -> None:
    found = await mail.recover(graph, sender, key)
    if found is not None and found.is_sent:
        return
    identity = await mail.draft(graph, sender, key, letter) if found is None else found.identity
    await mail.send(graph, sender, identity)
