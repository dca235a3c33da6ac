"""Workers that are processes of their own, one tenant and one database: what one has spent, the others have not."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from typing import Any

from sqlalchemy import update
from starlette.types import ASGIApp, Receive, Scope, Send

from agreements.actions import ErrandKind
from flows.running import run_step
from integrations.database.engine import Database
from integrations.database.outgoing import MAIL, NewMail, add_mails
from integrations.database.tables import leases, outbox
from integrations.graph.mail import KEY_HEADER
from integrations.graph.throttling import AT_A_TIME_IN_A_MAILBOX, MINUTE
from sandbox.graph import Fault
from tasks.mailing import AT_A_TIME
from tests.database.samples import TODAY, rows
from tests.graph.conftest import Line, Office
from tests.graph.one_night import quick_night
from tests.graph.town import Town
from tests.graph.workers import begin_each, send_all, send_one, send_until_overtaken, spend
from tests.waiting import AT_MOST

PROCESSES = 3
ELSEWHERE = "another-machine:100:5"
OVERTAKEN_AFTER = 3
LONG_ENOUGH_FOR_A_FIFTH = 0.1
"""Seconds: four are held back so long for the one that must not come to show itself."""


def in_processes(nursery: ForkServerContext, work: Callable[..., None], *arguments: tuple[Any, ...]) -> list[Any]:
    """What the work tells, done with each of these arguments in a process of its own at the same time."""
    pipes = [nursery.Pipe(duplex=False) for _ in arguments]
    children = [
        nursery.Process(target=work, args=(*each, theirs)) for each, (_, theirs) in zip(arguments, pipes, strict=True)
    ]
    for child in children:
        child.start()
    told = [ours.recv() if ours.poll(AT_MOST) else None for ours, _ in pipes]
    for child in children:
        child.join(AT_MOST)
    assert [child.exitcode for child in children] == [0] * len(children)
    for ends in pipes:
        for end in ends:
            end.close()
    return told


def busiest_minute(moments: list[datetime]) -> int:
    return max(sum(since <= at < since + MINUTE for at in moments) for since in moments)


def test_no_minute_sees_more_mails_than_allowed_however_many_processes_send(
    nursery: ForkServerContext, database_url: str
) -> None:
    limit, mails = 30, 40
    together = nursery.Barrier(PROCESSES)
    told = in_processes(nursery, spend, *[(database_url, limit, mails, together)] * PROCESSES)
    moments = sorted(at for each in told for at in each)
    assert len(moments) == PROCESSES * mails
    assert busiest_minute(moments) <= limit
    assert moments[-1] - moments[0] <= MINUTE * 1.2 * len(moments) / limit, "nor much fewer"


def test_a_429_to_one_process_is_heeded_by_another(nursery: ForkServerContext, town: Town, office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/send$", status=429, retry_after=120))
    throttled, unused = nursery.Event(), nursery.Event()
    waited = in_processes(
        nursery, send_one, (town.environment, "first", None, throttled), (town.environment, "second", throttled, unused)
    )
    assert all(120 <= seconds <= 133 for seconds in waited), "the second one has not been throttled itself"
    assert len(office.tenant.sent_messages()) == 2
    assert office.requests("/send") == 3


def have_mails(database: Database, number: int) -> None:
    letter = {"to": "a@sandvik.kommune.example", "subject": "Sak", "html": "<p>Hei</p>", "text": "Hei"}
    with database.transaction() as connection:
        add_mails(connection, [NewMail(f"mail/{ordinal}", letter, []) for ordinal in range(number)], TODAY)


class Crowd:
    """An ASGI application that answers nobody in a mailbox until as many are there as may be, and `others` want in.

    Whether they meet, and whether another night comes in between, then hangs on no clock.
    """

    def __init__(self, inside: ASGIApp, others: Event) -> None:
        self._inside = inside
        self._others = others
        self._now = 0
        self._is_full = asyncio.Event()
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "/messages" not in scope["path"]:
            await self._inside(scope, receive, send)
            return
        self._now += 1
        self.most = max(self.most, self._now)
        if self._now == AT_A_TIME_IN_A_MAILBOX and not self._is_full.is_set():
            await asyncio.to_thread(self._others.wait, AT_MOST)
            await asyncio.sleep(LONG_ENOUGH_FOR_A_FIFTH)
            self._is_full.set()
        await asyncio.wait_for(self._is_full.wait(), AT_MOST)
        await asyncio.sleep(0.005)
        # Whoever has the answer may ask again before we are back here.
        self._now -= 1
        await self._inside(scope, receive, send)


def test_four_at_a_time_in_a_mailbox_whoever_wants_to_send(
    nursery: ForkServerContext, town: Town, office: Office, line: Line
) -> None:
    """Only one night is at work at a time; the others come when it is done, and find nothing left to send."""
    have_mails(town.database, 24)
    town.change(update(outbox).where(outbox.c.kind == ErrandKind.OPEN_FOLDER).values(status="done"))
    together, refused = nursery.Barrier(PROCESSES), nursery.Event()
    line.gate.inside = crowd = Crowd(office.tenant.application(), refused)
    in_the_way = in_processes(nursery, send_all, *[(town.environment, together, refused)] * PROCESSES)
    assert crowd.most == AT_A_TIME_IN_A_MAILBOX
    assert sum(in_the_way) > 0, "they did want to send at the same time"
    sent = Counter(message.headers[KEY_HEADER] for message in office.tenant.sent_messages())
    assert sent == Counter(row.key for row in town.outbox(MAIL))
    assert town.statuses(MAIL) == {"done": len(sent)}


class Overtaker:
    """An ASGI application behind which another night takes over while the first few mails are sent."""

    def __init__(self, inside: ASGIApp, database: Database) -> None:
        self._inside = inside
        self._database = database
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/send"):
            self._sent += 1
            if self._sent == OVERTAKEN_AFTER:
                with self._database.transaction() as connection:
                    connection.execute(update(leases).values(holder=ELSEWHERE))
        await self._inside(scope, receive, send)


def test_a_night_that_is_overtaken_stops_and_what_is_left_is_sent_once(
    nursery: ForkServerContext, town: Town, office: Office, line: Line
) -> None:
    mails = 24
    have_mails(town.database, mails)
    line.gate.inside = Overtaker(office.tenant.application(), town.database)
    [told] = in_processes(nursery, send_until_overtaken, (town.environment,))
    assert f"En annen kjøring ({ELSEWHERE}) har tatt over" in told
    assert "\n" not in told
    assert len(office.tenant.sent_messages()) < OVERTAKEN_AFTER + AT_A_TIME, "none but those that were under way"
    assert town.statuses(MAIL)["pending"] > mails - OVERTAKEN_AFTER - AT_A_TIME
    town.change(update(leases).values(expires_at=datetime.now(UTC) - MINUTE))
    in_processes(nursery, send_all, (town.environment, nursery.Barrier(1), nursery.Event()))
    assert town.statuses(MAIL) == {"done": mails}
    sent = Counter(message.headers[KEY_HEADER] for message in office.tenant.sent_messages())
    assert sent == Counter(row.key for row in town.outbox(MAIL))


def test_what_several_processes_want_to_send_one_of_them_begins(
    nursery: ForkServerContext, database: Database, database_url: str
) -> None:
    have_mails(database, 40)
    together = nursery.Barrier(PROCESSES)
    told = in_processes(nursery, begin_each, *[(database_url, MAIL, together)] * PROCESSES)
    assert sorted(key for won in told for key in won) == sorted(row.key for row in rows(database, outbox))
    assert {row.attempts for row in rows(database, outbox)} == {1}


def test_whoever_has_lost_the_lease_leaves_the_next_step_to_the_other(town: Town) -> None:
    def step(**_: object) -> None:
        raise AssertionError("begun all the same")

    with quick_night() as running:
        town.change(update(leases).values(holder=ELSEWHERE))
        result = run_step(running, "E-post", step)
    assert result.counts == {}
    assert f"En annen kjøring ({ELSEWHERE}) har tatt over" in (result.problem or "")
    assert result.is_expected
