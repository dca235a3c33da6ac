"""What every step of a night shares: the business date, the policy, the database; opened once, closed cleanly."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from agreements.archive_plan import ArchivePlan
from agreements.calendar import OSLO
from agreements.policy import Policy
from config.archive_plan_files import load_archive_plan
from config.errors import ExpectedError
from config.policy_files import load_policy
from config.settings import Settings, load_settings
from integrations.database.cases import Stamp
from integrations.database.engine import Database
from integrations.database.lease import AT_ONCE, NIGHT, Lease, Turn, lease, this_process
from integrations.database.migrate import must_be_migrated
from integrations.database.throttles import SharedLedger
from integrations.graph.client import Graph, open_graph
from integrations.graph.patience import Patience
from integrations.graph.throttling import Budget, OwnLedger, limits_of

_current: ContextVar["Night"] = ContextVar("night")

CATCH_UP = timedelta(days=31)
"""How far back a business date may lie: one night of today makes up for an outage, so more is a slip of the pen."""


class WrongDayError(ExpectedError):
    """A business date that real cases must not be decided for. A sentence in Norwegian."""


@dataclass(slots=True)
class Night:
    """One run for one business date. In a dry run nothing is sent, and everything written is undone at the end.

    `is_hurried` is set once Graph could not be reached in spite of all patience: the steps that follow ask it once.
    `about` are the numbers of the cases that HR registered something in. `before_it_broke` counts what was done by a
    step, or by one try of it, that was then broken off (`counting`). Of a form, `asked_on` is the day it was sent and
    `run` the run of Prefect's it was sent as: both stay when it is begun anew, maybe on a later day.
    """

    settings: Settings
    policy: Policy
    database: Database
    on: date
    dry_run: bool
    archive_plan: ArchivePlan | None = None
    patience: Patience = field(default_factory=Patience)
    is_hurried: bool = False
    about: list[str] = field(default_factory=list)
    before_it_broke: Counter[str] = field(default_factory=Counter)
    lease: Lease | None = None
    asked_on: date = field(init=False)
    run: str | None = None
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.asked_on = self.on
        ledger = OwnLedger() if self.dry_run else SharedLedger(self.database.engine)
        self.budget = Budget(limits_of(self.settings), ledger)

    def must_be_alone(self, connection: Connection) -> None:
        """Raises LeaseLostError when another night has taken over; a dry run is in nobody's way."""
        if self.lease is not None:
            self.lease.must_be_ours(connection)

    def graph(self) -> AbstractAsyncContextManager[Graph]:
        """Microsoft Graph for one step: with this night's patience, and the budget that all workers share."""
        patience = replace(self.patience, tries=1) if self.is_hurried else self.patience
        return open_graph(self.settings, patience, self.budget)

    def stamp(self, actor: str) -> Stamp:
        return Stamp(self.on, datetime.now(UTC), actor)


def graph_beside_the_night(settings: Settings) -> AbstractAsyncContextManager[Graph]:
    """Microsoft Graph for an alert to ops: no lease and no database, which may be what failed; a budget of its own."""
    return open_graph(settings, Patience(), Budget(limits_of(settings), OwnLedger()))


def today_in_oslo() -> date:
    return datetime.now(OSLO).date()


def this_night() -> Night:
    """The night that is running. Tasks ask for it, so that Prefect never sees settings or connections."""
    return _current.get()


def must_be_possible(on: date | None, settings: Settings) -> None:
    """Raises WrongDayError: what is decided for a day stays for ever, so only the sandbox lives ahead of its time."""
    today = today_in_oslo()
    if on is None or settings.may_choose_the_day or today - CATCH_UP <= on <= today:
        return
    raise WrongDayError(
        f"{on:%d.%m.%Y} kan ikke brukes som dato: den må være i dag, eller høyst {CATCH_UP.days} dager tilbake. "
        "Ingenting er gjort."
    )


@contextmanager
def counting(*once: str) -> Iterator[Counter[str]]:
    """Counts of a piece of work: should it break off, whatever the error, they are in the night's report all the same.

    Of work that is tried again, name the headings that are counted `once`; what was left undone is counted then.
    """
    running, counts = this_night(), Counter[str]()

    def keep() -> None:
        running.before_it_broke.update({what: counts[what] for what in once or counts})

    with ExitStack() as broken_off:
        broken_off.callback(keep)
        yield counts
        broken_off.pop_all()


@contextmanager
def night(on: date | None = None, *, dry_run: bool = False, turn: Turn = AT_ONCE) -> Iterator[Night]:
    """Open a night, alone: while another run holds the lease this one waits its `turn`, and then says so and stops.

    A flow inside a flow joins the night that is already open. Without `on` it is for the day on which it gets its turn.
    A dry run may look ahead: it decides nothing.

    Raises:
        SettingsError, PolicyError, ArchivePlanError, WrongDayError: one line each.
        DatabaseUnreachableError, SchemaOutdatedError, LeaseTakenError: the same.
    """
    joined = _current.get(None)
    if joined is not None:
        yield joined
        return
    settings = load_settings()
    policy = load_policy(settings.policy)
    plan = load_archive_plan(settings.archive_plan)
    if not dry_run:
        must_be_possible(on, settings)
    database = Database.open(settings.database_url)
    with ExitStack() as closing:
        closing.callback(database.close)
        must_be_migrated(database)
        held = None if dry_run else closing.enter_context(lease(database, NIGHT, this_process(), turn=turn))
        if dry_run:
            closing.enter_context(database.rehearsal())
        # Whatever is loaded by now stays: searched for garbage again and again, it costs as much as the deciding.
        gc.freeze()
        closing.callback(gc.unfreeze)
        running = Night(settings, policy, database, on or today_in_oslo(), dry_run, plan, lease=held)
        closing.callback(_current.reset, _current.set(running))
        yield running
