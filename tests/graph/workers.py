"""Workers that are processes of their own: what they ask of Microsoft 365, by a clock nobody waits for.

Children are forked off a process that has imported this module; nothing it imports may start a thread.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier, Event

from config.settings import load_settings
from integrations.database.engine import Database
from integrations.database.lease import LeaseLostError, LeaseTakenError
from integrations.database.outgoing import begin_attempt, pending
from integrations.database.throttles import SharedLedger
from integrations.graph import mail
from integrations.graph.client import open_graph
from integrations.graph.throttling import MAILBOX, Budget, Cost
from tasks.mailing import write_and_send_mail
from tasks.retrying import let_wait_for_delivery
from tasks.returning import read_returned_mail
from tests.graph.hours import START, Hours
from tests.graph.one_night import quick_night
from tests.waiting import AT_MOST

ONE_MAIL = Cost(MAILBOX, 1)


def spend(database_url: str, units_per_minute: int, mails: int, together: Barrier, tell: Pipe) -> None:
    """Ask for so many mails' worth of the budget; tell when each might have gone out."""
    database, hours = Database.open(database_url), Hours()
    budget = Budget({MAILBOX: units_per_minute}, SharedLedger(database.engine, hours.clock))

    async def ask() -> list[datetime]:
        at = []
        for _ in range(mails):
            await budget.admit(ONE_MAIL, datetime.max.replace(tzinfo=START.tzinfo))
            at.append(hours.now)
        return at

    together.wait(AT_MOST)
    tell.send(asyncio.run(ask()))
    database.close()


def send_one(environment: Mapping[str, str], key: str, after: Event | None, then: Event, tell: Pipe) -> None:
    """Send a mail when `after` is set; tell how many seconds the budget held it back."""
    os.environ.update(environment)
    settings, hours = load_settings(), Hours()
    database = Database.open(settings.database_url)
    budget = Budget({}, SharedLedger(database.engine, hours.clock))

    async def send() -> None:
        async with open_graph(settings, budget=budget) as graph:
            sender = settings.mail_sender or ""
            letter = mail.Mail(["a@sandvik.kommune.example"], key, "<p>Hei</p>")
            await mail.send(graph, sender, await mail.draft(graph, sender, key, letter))

    if after is not None:
        after.wait(AT_MOST)
    asyncio.run(send())
    then.set()
    tell.send(budget.seconds_waited)
    database.close()


def send_what_came_back() -> None:
    """What a night reads of returned mail, HR lets go again at once."""
    with quick_night():
        read_returned_mail.fn()
        let_wait_for_delivery.fn(None)
        write_and_send_mail.fn()


def send_all(environment: Mapping[str, str], together: Barrier, refused: Event, tell: Pipe) -> None:
    """The mail of a night, as soon as no other night is at work; tell how often one was, `refused` the first time."""
    os.environ.update(environment)
    together.wait(AT_MOST)
    in_the_way = 0
    while True:
        try:
            with quick_night():
                write_and_send_mail.fn()
        except LeaseTakenError:
            in_the_way += 1
            refused.set()
            time.sleep(0.01)
        else:
            tell.send(in_the_way)
            return


def send_until_overtaken(environment: Mapping[str, str], tell: Pipe) -> None:
    """The mail of a night that loses its lease in the middle; tell why it stopped."""
    os.environ.update(environment)
    with quick_night():
        try:
            write_and_send_mail.fn()
        except LeaseLostError as lost:
            tell.send(str(lost))


def begin_each(database_url: str, kind: str, together: Barrier, tell: Pipe) -> None:
    """Begin everything of this kind, as others do who have seen the same; tell the keys of what was won."""
    database = Database.open(database_url)
    with database.transaction() as connection:
        seen = pending(connection, kind)
    together.wait(AT_MOST)
    won = []
    for row in seen:
        with database.transaction() as connection:
            if begin_attempt(connection, row) is not None:
                won.append(row.key)
    tell.send(won)
    database.close()
