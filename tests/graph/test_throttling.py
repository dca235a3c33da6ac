"""The budget: never more in a minute than allowed, one word for all who are throttled, and few looks at the ledger."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from integrations.database.engine import Database
from integrations.database.throttles import SharedLedger
from integrations.graph.errors import GraphThrottledError
from integrations.graph.patience import Patience, Tries, seconds_asked
from integrations.graph.throttling import (
    DIRECTORY,
    MAILBOX,
    MINUTE,
    SHAREPOINT,
    Budget,
    Cost,
    OwnLedger,
    cost_of,
)
from tests.database.samples import statements
from tests.graph.hours import START, Hours

ONE_MAIL = Cost(MAILBOX, 1)
LATER = START + timedelta(days=1)
MakeBudget = Callable[..., Budget]


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def worker(database_url: str, hours: Hours) -> Iterator[MakeBudget]:
    """Another worker with a connection of its own to the one database."""
    with ExitStack() as closing:

        def make(**units_per_minute: int) -> Budget:
            database = Database.open(database_url)
            closing.callback(database.close)
            return Budget(units_per_minute, SharedLedger(database.engine, hours.clock))

        yield make


async def spend(budget: Budget, costs: Sequence[Cost], spent: list[tuple[datetime, int]]) -> None:
    for cost in costs:
        await budget.admit(cost, LATER)
        spent.append((budget.clock.now(), cost.units))


def busiest_minute(spent: Sequence[tuple[datetime, int]]) -> int:
    """The most that was spent in any 60 seconds, wherever they begin."""
    return max(sum(units for at, units in spent if since <= at < since + MINUTE) for since, _ in spent)


async def all_of(*work: object) -> None:
    await asyncio.gather(*work)  # type: ignore[call-overload]  # coroutines


# --- The budget -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "limit", "mails"), [(1, 30, 100), (3, 30, 100), (4, 7, 40), (2, 1, 6)])
def test_no_minute_sees_more_mails_than_allowed(
    worker: MakeBudget, hours: Hours, workers: int, limit: int, mails: int
) -> None:
    spent: list[tuple[datetime, int]] = []
    budgets = [worker(mailbox=limit) for _ in range(workers)]
    share = [ONE_MAIL] * (mails // workers)
    asyncio.run(all_of(*(spend(budget, share, spent) for budget in budgets)))
    assert len(spent) == len(share) * workers
    assert busiest_minute(spent) <= limit
    assert (hours.now - START) <= MINUTE * 1.2 * mails / limit, "nor much fewer"


@pytest.mark.parametrize("seed", range(3))
def test_no_minute_sees_more_resource_units_than_allowed(worker: MakeBudget, hours: Hours, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same work every time
    spent: list[tuple[datetime, int]] = []

    async def now_and_then(budget: Budget) -> None:
        for _ in range(60):
            await hours.sleep(dice.choice([0, 0, 0, 0.2, 7]))
            await spend(budget, [Cost(SHAREPOINT, dice.choice([1, 2, 2, 5]))], spent)

    asyncio.run(all_of(*(now_and_then(worker(sharepoint=120)) for _ in range(3))))
    assert len(spent) == 180
    assert busiest_minute(spent) <= 120


def test_drafts_and_looks_do_not_wait_for_the_mails_before_them(worker: MakeBudget, hours: Hours) -> None:
    budget = worker(mailbox=1)
    asyncio.run(spend(budget, [ONE_MAIL, *[Cost(MAILBOX, 0)] * 50], []))
    assert hours.now - START <= MINUTE * 1.2
    assert budget.seconds_waited == pytest.approx((hours.now - START).total_seconds())


def test_no_limit_is_no_wait(worker: MakeBudget, hours: Hours) -> None:
    asyncio.run(spend(worker(mailbox=0), [ONE_MAIL] * 500, []))
    assert hours.now == START


def test_far_from_the_limit_the_ledger_is_seldom_asked(database: Database, hours: Hours) -> None:
    budget = Budget({SHAREPOINT: 6000}, SharedLedger(database.engine, hours.clock))
    with statements(database) as sent:
        asyncio.run(spend(budget, [Cost(SHAREPOINT, 1)] * 62, []))
    assert sum(statement.startswith("UPDATE") for statement, _ in sent) == 2
    assert hours.now == START


# --- 429 --------------------------------------------------------------------------------------------------------


def test_one_workers_429_slows_all_down(worker: MakeBudget, hours: Hours) -> None:
    one, other = worker(), worker()
    one.slow_down(MAILBOX, 40)
    spent: list[tuple[datetime, int]] = []
    asyncio.run(all_of(spend(one, [ONE_MAIL] * 2, spent), spend(other, [ONE_MAIL] * 2, spent)))
    assert len(spent) == 4
    assert all(40 <= (at - START).total_seconds() <= 44 for at, _ in spent)
    assert one.seconds_waited == pytest.approx(40, abs=4), "four seconds at once are one"
    assert hours.now > START


def test_who_has_looked_already_hears_of_it_within_seconds(worker: MakeBudget, hours: Hours) -> None:
    one, other = worker(sharepoint=6000), worker(sharepoint=6000)
    spent: list[tuple[datetime, int]] = []
    asyncio.run(spend(other, [Cost(SHAREPOINT, 1)], spent))
    one.slow_down(SHAREPOINT, 60)
    hours.now += timedelta(seconds=3)
    asyncio.run(spend(other, [Cost(SHAREPOINT, 1)], spent))
    assert (spent[-1][0] - START).total_seconds() >= 60


def test_other_services_go_on(worker: MakeBudget, hours: Hours) -> None:
    budget = worker()
    budget.slow_down(MAILBOX, 40)
    asyncio.run(spend(budget, [Cost(SHAREPOINT, 2), Cost(DIRECTORY, 0)], []))
    assert hours.now == START


def test_a_shorter_word_does_not_undo_a_longer_one(worker: MakeBudget, hours: Hours) -> None:
    one, other = worker(), worker()
    one.slow_down(MAILBOX, 100)
    other.slow_down(MAILBOX, 1)
    asyncio.run(spend(worker(), [ONE_MAIL], []))
    assert (hours.now - START).total_seconds() >= 100


def test_what_waited_through_a_429_is_paid_for_anew(worker: MakeBudget, hours: Hours) -> None:
    """Four that had their turn when the word came must not all go out when its time is over."""
    budgets = [worker(mailbox=30) for _ in range(4)]
    spent: list[tuple[datetime, int]] = []

    async def throttled() -> None:
        await hours.sleep(1)
        budgets[0].slow_down(MAILBOX, 120)

    asyncio.run(all_of(throttled(), *(spend(budget, [ONE_MAIL] * 10, spent) for budget in budgets)))
    assert busiest_minute(spent) <= 30


def test_nobody_waits_for_hours(worker: MakeBudget, hours: Hours) -> None:
    worker().slow_down(MAILBOX, 7200)
    with pytest.raises(
        GraphThrottledError, match=r"the mailbox is throttled until 2027-03-01 03:\d\d:\d\d UTC"
    ) as told:
        asyncio.run(worker().admit(ONE_MAIL, START + timedelta(seconds=300)))
    assert "\n" not in str(told.value)
    assert hours.now == START


def test_a_ledger_of_ones_own_keeps_the_same_limits(hours: Hours) -> None:
    budget = Budget({MAILBOX: 30}, OwnLedger(hours.clock))
    spent: list[tuple[datetime, int]] = []
    asyncio.run(spend(budget, [ONE_MAIL] * 70, spent))
    budget.slow_down(MAILBOX, 200)
    before = hours.now
    asyncio.run(spend(budget, [ONE_MAIL], spent))
    assert busiest_minute(spent) <= 30
    assert (hours.now - before).total_seconds() >= 200


@pytest.mark.parametrize("said_hours_before", [6.75, 18, 23])
@pytest.mark.parametrize("said", ["86400", "999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_of_days_never_costs_the_next_night(hours: Hours, said: str, said_hours_before: float) -> None:
    """Said in the afternoon before it, or in the night before, also one that comes an hour sooner in spring."""
    budget = Budget({}, OwnLedger(hours.clock))
    for _ in range(20):
        budget.slow_down(SHAREPOINT, seconds_asked(said, hours.now) or 0.0)
    hours.now += timedelta(hours=said_hours_before)
    asyncio.run(budget.admit(Cost(SHAREPOINT, 1), Tries(Patience(), hours.clock).last_begins_by))
    assert hours.slept == []


# --- What a request costs (throttling-limits.md) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "address", "cost"),
    [
        ("POST", "/users/hk%40x.no/messages", Cost(MAILBOX, 0)),
        ("POST", "/users/hk%40x.no/messages/AAkALg/send", Cost(MAILBOX, 1)),
        ("GET", "/users/hk%40x.no/messages/AAkALg?$select=id", Cost(MAILBOX, 0)),
        ("GET", "/users?$filter=employeeId", Cost(DIRECTORY, 0)),
        ("POST", "/$batch", Cost(DIRECTORY, 0)),
        ("GET", "/drives/b1/items/01AB", Cost(SHAREPOINT, 1)),
        ("GET", "/drives/b1/root:/HK-1/a.pdf", Cost(SHAREPOINT, 1)),
        ("GET", "/drives/b1/items/01AB/content", Cost(SHAREPOINT, 1)),
        ("GET", "/drives/b1/root/delta?token=aEe", Cost(SHAREPOINT, 1)),
        ("GET", "/drives/b1/root/delta", Cost(SHAREPOINT, 2)),
        ("GET", "/sites/x,1,2/lists/Svar/items/delta?$expand=fields", Cost(SHAREPOINT, 2)),
        ("GET", "/drives/b1/items/01AB/children", Cost(SHAREPOINT, 2)),
        ("POST", "/drives/b1/root/children", Cost(SHAREPOINT, 2)),
        ("PUT", "/drives/b1/items/01AB:/a.pdf:/content", Cost(SHAREPOINT, 2)),
        ("PATCH", "/sites/x,1,2/lists/Svar/items/7/fields", Cost(SHAREPOINT, 2)),
        ("POST", "/drives/b1/items/01AB/invite", Cost(SHAREPOINT, 5)),
        ("GET", "/drives/b1/items/01AB/permissions", Cost(SHAREPOINT, 5)),
        ("DELETE", "/drives/b1/items/01AB/permissions/7", Cost(SHAREPOINT, 5)),
    ],
)
def test_what_a_request_costs(verb: str, address: str, cost: Cost) -> None:
    assert cost_of(verb, address) == cost
