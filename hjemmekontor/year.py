"""Many nights in one process: the sandbox's people live their days, the system has its nights."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.settings import load_settings
from flows import impose_home_office, review_hold
from flows.nightly import STEPS
from flows.running import run_flow
from integrations.database.health import held
from integrations.database.reading import reading
from sandbox.town import Sandbox
from tasks.holding import HoldDecision

NIGHT_OF_THE_ORDER = 30
"""The night after which the sandbox's HR imposes home office on one unit."""

Runs = Sequence[tuple[str, Sequence[tuple[str, Any]]]]


def run_year(sandbox: Sandbox, first: date, nights: int) -> list[str]:
    """A year with a progress bar; gives one line for each run that failed."""
    days = [first + timedelta(days=ordinal) for ordinal in range(nights)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        bar = progress.add_task(first.isoformat(), total=nights)
        return run_nights(sandbox, days, lambda day: progress.update(bar, advance=1, description=day.isoformat()))


def run_nights(sandbox: Sandbox, days: Sequence[date], done: Callable[[date], None]) -> list[str]:
    """The nights in order; gives one line for each run that failed.

    All of them share one flow run: an empty flow costs a second, a task run a few milliseconds.
    """
    failed: list[str] = []

    @flow(name="year")
    def year() -> State[Any]:
        for ordinal, day in enumerate(days):
            sandbox.live_until(day)
            failed.extend(_failures(day, _runs_of(sandbox, ordinal, day)))
            failed.extend(_failures(day, _approvals(sandbox, day)))
            done(day)
        return Completed(message=f"{len(days)} netter", data={})

    year(return_state=True)
    return failed


def _failures(day: date, runs: Runs) -> list[str]:
    states = [(name, run_flow(name, steps, day, dry_run=False)) for name, steps in runs]
    return [f"{day} {name}: {state.message}" for name, state in states if not state.is_completed()]


def _approvals(sandbox: Sandbox, day: date) -> Runs:
    """What HR does in the morning after a night that has held its sync."""
    with reading(load_settings().database_url) as connection:
        waiting = held(connection)
    if not waiting:
        return []
    adviser = sandbox.municipality.on(day).people[0].employee_number
    approve = HoldDecision.APPROVE
    forms = [review_hold.ReviewForm(digest=each.digest, decision=approve, registered_by=adviser) for each in waiting]
    return [(review_hold.NAME, [(review_hold.JOB.title, partial(review_hold.step, form))]) for form in forms]


def _runs_of(sandbox: Sandbox, ordinal: int, day: date) -> Runs:
    """The night, and once in the year what HR does besides: a unit is sent home for a fortnight."""
    if ordinal != NIGHT_OF_THE_ORDER:
        return [("nightly", STEPS)]
    people = sandbox.municipality.on(day).people
    [(unit_id, _)] = Counter(person.unit_id for person in people).most_common(1)
    form = impose_home_office.ImposeForm(
        unit_id=unit_id,
        start_on=day + timedelta(days=3),
        end_on=day + timedelta(days=17),
        discussed_with_unions_on=day,
        registered_by=people[0].employee_number,
    )
    order = (impose_home_office.JOB.title, partial(impose_home_office.step, form))
    return [("nightly", STEPS), (impose_home_office.NAME, [order])]
