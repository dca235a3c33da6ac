"""A year of nights in one process: the sandbox's people live their days, the system has its nights."""

from datetime import date, timedelta
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.nightly import STEPS
from flows.running import run_flow
from sandbox.town import Sandbox


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
                state = run_flow("nightly", STEPS, day, dry_run=False)
                if not state.is_completed():
                    failed.append(f"{day}: {state.message}")
                progress.update(bar, advance=1, description=day.isoformat())
        return Completed(message=f"{nights} netter", data={})

    year(return_state=True)
    return failed
