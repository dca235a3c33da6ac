"""Keep within what Microsoft 365 allows, together with every other worker (concepts/throttling-limits.md).

Graph has limits of its own for each service behind it. We stay below them by a budget for each, and when one of them
answers 429 nobody asks it anything until its time is over. Both are kept in a ledger that all workers share.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from config.settings import Settings
from integrations.graph.errors import GraphThrottledError
from integrations.graph.patience import Clock

MAILBOX, SHAREPOINT, DIRECTORY = "mailbox", "sharepoint", "directory"
SIGN_IN = "sign-in"
"""Entra ID's token endpoint: nothing we count, but it may ask for time."""
AT_A_TIME_IN_A_MAILBOX = 4
MINUTE = timedelta(seconds=60)
SAVED_UP = timedelta(seconds=3)
"""How much unused budget is carried along: so many seconds' worth may go out at once."""
LEASE = timedelta(seconds=3)
"""How long a worker may spend what it has fetched from the ledger, and how old its view of the others' 429 may be."""
SPREAD = MINUTE + SAVED_UP + LEASE
"""A minute's budget is spread over this, so that no 60 seconds ever see more than it, wherever they begin."""
LARGEST_LEASE = 30
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
JITTER = 0.1
"""Of the time the service asks for, on top of it, so that workers do not come back in step."""
SHARING = re.compile(r"/(permissions|invite|createLink)\b")
ONE_ITEM = re.compile(r"/(items/(?!delta)[^/?]+|root:[^:?]+:?)(\?|$)|/content(\?|$)|[?&]token=|[(]token=")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes from the budget of the service behind it."""

    resource: str
    units: int


def cost_of(verb: str, address: str) -> Cost:
    """By throttling-limits.md: mails sent for a mailbox, resource units for SharePoint, nothing we count elsewhere."""
    if "/messages" in address and "/users/" in address:
        return Cost(MAILBOX, int(verb == "POST" and address.endswith("/send")))
    if "/users" in address or "/$batch" in address:
        return Cost(DIRECTORY, 0)
    if SHARING.search(address):
        return Cost(SHAREPOINT, 5)
    return Cost(SHAREPOINT, 1 if verb == "GET" and ONE_ITEM.search(address) else 2)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the ledger gave: when the units asked for may be spent, how many more at once, and who may not ask yet."""

    at: datetime
    spare: int
    blocked_until: datetime


class Ledger(Protocol):
    """Who has spent what, and until when a service has asked to be left alone. May be shared by many workers."""

    @property
    def clock(self) -> Clock: ...

    def reserve(self, resource: str, units: int, spare: int, pace: timedelta) -> Grant:
        """Set `units` aside, each of which costs `pace` of time; `spare` more of them if they are free now."""

    def block(self, resource: str, until: datetime) -> None:
        """Nobody asks before `until`; an earlier word that reaches further stands."""


def spend(spent_until: datetime, now: datetime, units: int, spare: int, pace: timedelta) -> tuple[datetime, int]:
    """Move the line up to which time is spent: where it is afterwards, and how many of the spare units were free.

    Units may be used when the line is not ahead of the clock; what lies behind it by more than SAVED_UP is lost.
    """
    after = max(spent_until, now - SAVED_UP) + units * pace
    free = 0 if after > now or not pace else min(spare, (now - after) // pace)
    return after + free * pace, free


@dataclass(slots=True)
class OwnLedger:
    """The ledger of one process alone: for a dry run, which writes nothing, and for a look at the connections."""

    clock: Clock = field(default_factory=Clock)
    _spent_until: dict[str, datetime] = field(default_factory=dict)
    _blocked_until: dict[str, datetime] = field(default_factory=dict)

    def reserve(self, resource: str, units: int, spare: int, pace: timedelta) -> Grant:
        now = self.clock.now()
        line, free = spend(self._spent_until.get(resource, LONG_AGO), now, units, spare, pace)
        self._spent_until[resource] = line
        return Grant(line, free, self._blocked_until.get(resource, LONG_AGO))

    def block(self, resource: str, until: datetime) -> None:
        self._blocked_until[resource] = max(until, self._blocked_until.get(resource, LONG_AGO))


@dataclass(slots=True)
class _Purse:
    """What this process has fetched from the ledger for one resource, and how long it is good for."""

    left: int = 0
    good_until: datetime = LONG_AGO
    blocked_until: datetime = LONG_AGO


class Budget:
    """What one night may ask of Microsoft 365. Keeps count of how long it had to wait, and what it asked again."""

    def __init__(self, units_per_minute: Mapping[str, int], ledger: Ledger) -> None:
        """Of each resource so many units a minute; none, or 0, is no limit of ours."""
        self.clock = ledger.clock
        self._paces = {resource: SPREAD / units for resource, units in units_per_minute.items() if units}
        self._ledger = ledger
        self._purses: dict[str, _Purse] = {}
        self._counted_until = LONG_AGO
        self.seconds_waited = 0.0
        """Real seconds in which at least one request was held back."""
        self.repeated = 0
        """Requests that were made once more."""

    async def admit(self, cost: Cost, last_begins_by: datetime) -> None:
        """Come back when this request may be made.

        Raises:
            GraphThrottledError: the service has asked for more time than `last_begins_by` leaves.
        """
        purse = self._purses.setdefault(cost.resource, _Purse())
        while True:
            if purse.blocked_until > max(last_begins_by, self.clock.now()):
                raise GraphThrottledError(cost.resource, purse.blocked_until)
            await self._wait_until(purse.blocked_until)
            granted_at = self._fetch(purse, cost)
            if purse.blocked_until <= self.clock.now():
                await self._wait_until(granted_at)
                if purse.blocked_until <= self.clock.now():
                    return
            # What was set aside before the service asked for time is lost: throttled calls count too.

    def slow_down(self, resource: str, seconds: float) -> None:
        """The service has asked for time: everybody waits, also in other processes."""
        jitter = random.uniform(0, seconds * JITTER)  # noqa: S311 - jitter, not a secret
        until = self.clock.now() + timedelta(seconds=seconds + jitter)
        purse = self._purses.setdefault(resource, _Purse())
        purse.left, purse.blocked_until = 0, max(until, purse.blocked_until)
        self._ledger.block(resource, until)

    def _fetch(self, purse: _Purse, cost: Cost) -> datetime:
        """Take the units from what is at hand, else from the ledger; when they may be spent."""
        now = self.clock.now()
        pace = self._paces.get(cost.resource, timedelta())
        units = cost.units if pace else 0
        if now < purse.good_until and units <= purse.left:
            purse.left -= units
            return now
        spare = min(LARGEST_LEASE, LEASE // pace) if pace else 0
        grant = self._ledger.reserve(cost.resource, units, spare, pace)
        purse.left, purse.good_until = grant.spare, now + LEASE
        purse.blocked_until = max(purse.blocked_until, grant.blocked_until)
        return grant.at if units else now

    async def _wait_until(self, moment: datetime) -> None:
        while (now := self.clock.now()) < moment:
            from_now = max(now, self._counted_until)
            self.seconds_waited += max(0.0, (moment - from_now).total_seconds())
            self._counted_until = max(self._counted_until, moment)
            await self.clock.sleep((moment - now).total_seconds())


def limits_of(settings: Settings) -> dict[str, int]:
    return {MAILBOX: settings.mails_per_minute, SHAREPOINT: settings.sharepoint_units_per_minute}
