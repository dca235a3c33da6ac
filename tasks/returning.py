"""What Exchange took and could not deliver: read each night from the sender's mailbox, and given up with its reason."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from prefect import task

from integrations.database.inbox import move_watermark, watermark
from integrations.database.returned import came_back, mails_named
from integrations.database.rows import AnyRow
from integrations.graph.client import Graph
from integrations.graph.mail import is_ours, is_there, message_id_for
from integrations.graph.outage import Outage
from integrations.graph.returned import Returned, reports_since, status_of
from tasks.batches import NETWORK
from tasks.delivering import AT_A_TIME, attempt_each
from tasks.night import Night, this_night

MAILS_RETURNED = "e-poster i retur"
REPORTS_UNREAD = "returmeldinger som ikke ble lest"
SOURCE = "returned-mail"
READ_AGAIN = timedelta(days=1)
"""Exchange may show a report later than its own time says. What is read twice says nothing twice."""
WRONG_ADDRESS = "Adressen finnes ikke. Rett den i HR-systemet"
BY_STATUS: Mapping[str, str] = {
    "5.1": WRONG_ADDRESS,
    "5.1.8": "Avsenderen er sperret for å sende. Se på postboksen i Microsoft 365",
    "5.1.90": "Avsenderen har sendt for mange e-poster på ett døgn. Prøv igjen neste dag",
    "5.2.1": "Postboksen er stengt",
    "5.2.2": "Postboksen er full",
    "5.2.3": "E-posten er for stor for postboksen",
    "5.3.4": "E-posten er for stor",
    "5.4": "Mottakerens e-postsystem ble ikke funnet. Se om adressen er riktig",
    "5.4.1": WRONG_ADDRESS,
    "5.4.7": "Mottakerens e-postsystem svarte ikke i tide",
    "5.7": "Mottakerens e-postsystem tar ikke imot e-post fra oss",
    "4": "Mottakerens e-postsystem svarte ikke i tide",
}
"""By the longest part of the enhanced status code that is named (RFC 3463, and Exchange Online's own codes:
learn.microsoft.com, «Email non-delivery reports and SMTP errors in Exchange Online»)."""
NOT_SAID = "Mottakerens e-postsystem sier ikke hvorfor"


@task(name="read-returned-mail", **NETWORK)
def read_returned_mail() -> Counter[str]:
    """Every mail of ours that has come back since last time waits for a person, as if it had been refused.

    Raises:
        GraphError, GraphUnreachableError: nothing is concluded from what could not be read.
    """
    night = this_night()
    sender = night.settings.mail_sender
    return Counter() if sender is None else asyncio.run(_read(night, sender))


async def _read(night: Night, sender: str) -> Counter[str]:
    with night.database.transaction() as connection:
        mark = watermark(connection, SOURCE)
    read_to = None if mark is None else datetime.fromisoformat(mark)
    async with night.graph() as graph:
        reports = await reports_since(graph, sender, None if read_to is None else read_to - READ_AGAIN)
        counts = await _give_up(night, graph, sender, {each.about: each for each in reports if each.about is not None})
    # By the service's clock alone: ours may be another.
    times = [report.received_at for report in reports] + ([] if read_to is None else [read_to])
    if times and not counts[REPORTS_UNREAD]:
        with night.database.transaction() as connection:
            move_watermark(connection, SOURCE, max(times).isoformat())
    return counts


async def _give_up(night: Night, graph: Graph, sender: str, reports: Mapping[str, Returned]) -> Counter[str]:
    """The mails these reports are about, by message id. What somebody else has sent from the mailbox is not ours."""
    with night.database.transaction() as connection:
        mails = mails_named(connection, sorted(filter(is_ours, reports)))

    async def attempt(mail: AnyRow) -> str:
        status = await status_of(graph, sender, reports[mail.message_id].identity)
        next_id = message_id_for(f"{mail.key}/{mail.attempts}", sender)
        with night.database.transaction() as connection:
            came_back(connection, mail, reason_for(status), next_id)
        return MAILS_RETURNED

    # What is nought is not shown: most nights nothing has come back.
    outage = Outage(AT_A_TIME, lambda: is_there(graph, sender))
    return +await attempt_each(MAILS_RETURNED, REPORTS_UNREAD, mails, attempt, outage)


def reason_for(status: str | None) -> str:
    """A sentence for HR with the code behind it. It quotes no report: those name people."""
    if status is None:
        return f"Kom i retur. {NOT_SAID}."
    parts = status.split(".")
    known = (BY_STATUS.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
    return f"Kom i retur. {next(filter(None, known), NOT_SAID)} ({status})."
