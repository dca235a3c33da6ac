"""A year of nights in one process: the sandbox's people live their days, the system has its nights."""

from collections.abc import Sequence
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

DAY_OF_THE_ORDER = 100
"""The night after which the sandbox's HR imposes home office on one unit."""


def run_year(sandbox: Sandbox, first: date, nights: int) -> list[str]:
    """Run the nights in order; gives one line for each that failed.

    All of them share one flow run: an empty flow costs a second, a task run a few milliseconds.
    """
    failed: list[str] = []

    @flow(name="year")
    def year() -> State[Any]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            bar = progress.add_task(first.isoformat(), total=nights)
            for ordinal in range(nights):
                day = first + timedelta(days=ordinal)
                sandbox.live_until(day)
                for name, steps in _runs_of(sandbox, ordinal, day):
                    state = run_flow(name, steps, day, dry_run=False)
                    if not state.is_completed():
                        failed.append(f"{day} {name}: {state.message}")
                progress.update(bar, advance=1, description=day.isoformat())
        return Completed(message=f"{nights} netter", data={})

    year(return_state=True)
    return failed


def _runs_of(sandbox: Sandbox, ordinal: int, day: date) -> list[tuple[str, Sequence[tuple[str, Any]]]]:
    """The night, and on one day of the year what HR does besides: a unit is sent home for a fortnight."""
    runs: list[tuple[str, Sequence[tuple[str, Any]]]] = [("nightly", STEPS)]
    if ordinal == DAY_OF_THE_ORDER:
        unit_id = sandbox.municipality.units[-1].unit_id
        order = partial(impose_home_office.step, unit_id, day + timedelta(days=3), day + timedelta(days=17))
        runs.append((impose_home_office.NAME, [(impose_home_office.TITLE, order)]))
    return runs
