"""One mail a person a night: notices put together, then sent with a look before every doubtful step."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager

from prefect import task
from sqlalchemy import Connection

from agreements.actions import Role
from agreements.calendar import is_working_day
from agreements.documents import EquipmentSource
from agreements.outdated import STILL_ASKED, is_outdated
from integrations.database import outgoing
from integrations.database.cases import load_cases
from integrations.database.outgoing import MAIL, NewMail
from integrations.database.rows import AnyRow
from integrations.graph import mail
from integrations.graph.client import Graph
from integrations.graph.drive import site_address
from integrations.graph.errors import GraphError, GraphUnreachableError, SenderRefusedError
from integrations.graph.outage import Outage, is_ill
from integrations.graph.throttling import AT_A_TIME_IN_A_MAILBOX
from integrations.letters import Letter, Links, Message, mail_key, write_letter
from tasks.batches import NETWORK, batches
from tasks.delivering import TAKEN_BY_ANOTHER, attempt_each, begin
from tasks.night import Night, this_night

FACTS = (
    *("case_number", "employee_name", "days_per_week", "start_on", "end_on"),
    *("assessment_measures", "detail", "discussed_on"),
)
"""What the texts of mails may say of a case."""

AT_A_TIME = 2 * AT_A_TIME_IN_A_MAILBOX
"""Half of them write to the database while the others ask the mailbox, which no more may do at once."""

MAILS_SENT = "e-poster sendt"
MAILS_THAT_FAILED = "e-poster som feilet"
MAILS_THAT_WAIT = "e-poster som venter til neste virkedag"


@task(name="write-and-send-mail", **NETWORK)
def write_and_send_mail() -> Counter[str]:
    """Every notice of the night in one mail to each person, and every mail that is still to be sent.

    On a day that is no working day nothing is written or sent: the notices go into the next working day's mail.

    Raises:
        GraphError, GraphUnreachableError: the service is ill. What was not sent is sent next time, once.
    """
    night = this_night()
    with night.database.transaction() as connection:
        notices = _worth_telling(connection)
        unsent = outgoing.pending_keys(connection, MAIL)
    mails = len({_address(night, row) for row in notices}) + len(unsent)
    if not is_working_day(night.on):
        return Counter({MAILS_THAT_WAIT: mails})
    if night.dry_run or mails == 0:
        return Counter({MAILS_SENT: mails})
    return asyncio.run(_write_and_send(night, notices))


def _worth_telling(connection: Connection) -> list[AnyRow]:
    """The notices to write, less the questions that have been answered or have ended while they waited."""
    rows = outgoing.notices_to_write(connection)
    questions = [row for row in rows if row.template in STILL_ASKED]
    outdated: set[str] = set()
    for batch in batches(sorted({row.case_number for row in questions})):
        cases = {number: case for number, (_, case) in load_cases(connection, batch).items()}
        about = [row for row in questions if row.case_number in cases]
        outdated |= {row.key for row in about if is_outdated(row.template, cases[row.case_number])}
    if outdated:
        outgoing.forget_notices(connection, sorted(outdated))
    return [row for row in rows if row.key not in outdated]


async def _write_and_send(night: Night, notices: Sequence[AnyRow]) -> Counter[str]:
    async with night.graph() as graph:
        if notices:
            _write(night, notices, Links(await site_address(graph)))
        with night.database.transaction() as connection:
            waiting = outgoing.pending_keys(connection, MAIL)

        async def attempt(seen: AnyRow) -> str:
            return await _attempt(night, graph, seen)

        def mailbox() -> Awaitable[None]:
            return mail.is_there(graph, night.settings.mail_sender or "")

        return await attempt_each(MAILS_SENT, MAILS_THAT_FAILED, waiting, attempt, Outage(AT_A_TIME, mailbox))


def _write(night: Night, notices: Sequence[AnyRow], links: Links) -> None:
    by_address: dict[str, list[AnyRow]] = defaultdict(list)
    for row in notices:
        by_address[_address(night, row)].append(row)
    with night.database.transaction() as connection:
        about = {row.case_number for row in notices if row.case_number is not None}
        missing = outgoing.missing_requirements(connection, sorted(about))
        mails = [
            _mail(night, address, rows, {row.case_number: missing[row.case_number] for row in rows}, links)
            for address, rows in by_address.items()
        ]
        outgoing.add_mails(connection, mails, night.on)


def _mail(night: Night, address: str, rows: Sequence[AnyRow], missing: dict[str, set[str]], links: Links) -> NewMail:
    messages = [Message(row.key, row.template, row.reply_by, _facts(night, row, missing)) for row in rows]
    letter = write_letter(
        messages, _given_name(night, rows[0], address), night.policy.language, night.policy.municipality, links
    )
    keys = [message.key for message in messages]
    key = mail_key(night.on, address, keys)
    return NewMail(key, _payload(address, letter), keys, mail.message_id_for(key, night.settings.mail_sender or ""))


def _payload(address: str, letter: Letter) -> dict[str, str]:
    return {"to": address, "subject": letter.subject, "html": letter.html, "text": letter.text}


def _facts(night: Night, row: AnyRow, missing: dict[str, set[str]]) -> dict[str, object]:
    return {
        **{name: getattr(row, name) for name in FACTS},
        "missing": missing[row.case_number],
        "lent_equipment": [name for name, source in row.equipment or () if source == EquipmentSource.LENT],
        "evaluation_months": night.policy.evaluation.every_months,
        "to_manager": row.role == Role.MANAGER,
        "extra_when": night.policy.evaluation.extra_when,
        "assessed_by": night.policy.abroad.assessed_by,
        "imposed_packages": [each for each in night.policy.equipment_packages if each.only_when_imposed],
    }


def _address(night: Night, row: AnyRow) -> str:
    """Whoever has no address of their own, and managers that nobody could find, are HR's to reach."""
    addresses = {
        Role.EMPLOYEE: row.employee_mail,
        Role.MANAGER: row.manager_mail,
        Role.SPECIALIST: night.policy.abroad.assessed_by_mail,
    }
    found: str | None = addresses.get(Role(row.role))
    return found or night.settings.hr_mail or ""


def _given_name(night: Night, row: AnyRow, address: str) -> str | None:
    if address in {night.settings.hr_mail, night.policy.abroad.assessed_by_mail}:
        return None
    name: str = row.employee_given_name if row.role == Role.EMPLOYEE else row.manager_given_name
    return name


async def _attempt(night: Night, graph: Graph, seen: AnyRow) -> str:
    """Send one mail and say how it counts. A refusal keeps its reason and is visible; the others go on."""
    row = begin(night, seen)
    if row is None:
        return TAKEN_BY_ANOTHER
    try:
        await _send(night, graph, row)
    except (GraphError, GraphUnreachableError) as error:
        for_good = isinstance(error, GraphError) and error.is_final
        with night.database.transaction() as connection:
            outgoing.failed(connection, row.key, str(error), for_good=for_good)
        if is_ill(error):
            raise
        return MAILS_THAT_FAILED
    with night.database.transaction() as connection:
        outgoing.done(connection, row.key)
    return MAILS_SENT


async def _send(night: Night, graph: Graph, row: AnyRow) -> None:
    """Look up, do, confirm: a message that has left already is never sent again."""
    sender = night.settings.mail_sender or ""
    letter = mail.Mail([row.payload["to"]], row.payload["subject"], row.payload["html"])
    with _mailbox_of_the_sender():
        found = await _left_behind(graph, sender, row)
        if found is None:
            drafted = await mail.draft(graph, sender, row.key, letter, row.message_id)
            found = mail.Found(drafted, is_sent=False)
        elif not found.is_sent:
            await mail.address_anew(graph, sender, found.identity, letter)
    if found.is_sent:
        return
    identity = found.identity
    with night.database.transaction() as connection:
        outgoing.remember_remote(connection, row.key, identity)
    await mail.send(graph, sender, identity)


@contextmanager
def _mailbox_of_the_sender() -> Iterator[None]:
    """What is refused here is refused for every mail: it must not be asked for a thousand times."""
    try:
        yield
    except GraphError as error:
        if error.is_about_the_sender:
            raise SenderRefusedError(error) from None
        raise


async def _left_behind(graph: Graph, sender: str, row: AnyRow) -> mail.Found | None:
    """What an earlier attempt made: under the id we stored, else under our key, if it came so far."""
    if row.remote_id is not None:
        is_sent = await mail.is_sent(graph, sender, row.remote_id)
        if is_sent is not None:
            return mail.Found(row.remote_id, is_sent)
    return await mail.recover(graph, sender, row.key, row.message_id) if row.attempts > 1 else None
