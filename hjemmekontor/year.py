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

from flows import impose_home_office
from flows.nightly import STEPS
from flows.running import run_flow
from sandbox.town import Sandbox

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
            for name, steps in _runs_of(sandbox, ordinal, day):
                state = run_flow(name, steps, day, dry_run=False)
                if not state.is_completed():
                    failed.append(f"{day} {name}: {state.message}")
            done(day)
        return Completed(message=f"{len(days)} netter", data={})

    year(return_state=True)
    return failed


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
