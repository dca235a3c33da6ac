"""The scheme as a whole is evaluated: at the policy's cadence, and whenever HR asks for it."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.reporting import file_reports, make_due_report, make_report, show_reports

TITLE = "Evaluering av ordningen"


@task(name="scheme-report-when-due", **LOCAL)
def step() -> Counter[str]:
    """What the night does: nothing on most nights."""
    return _filed(make_due_report())


@task(name="scheme-report", **LOCAL)
def step_now() -> Counter[str]:
    return _filed(make_report())


@flow(
    name="scheme-report",
    flow_run_name=run_name,
    description="Lag rapporten om ordningen som helhet nå, og legg den i biblioteket Rapporter.",
)
def scheme_report(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Lag rapporten om ordningen som helhet nå: avtaler, dager, enheter og evalueringer i tall."""
    return run_flow("scheme-report", [(TITLE, step_now)], on, dry_run=dry_run)


def _filed(counts: Counter[str]) -> Counter[str]:
    counts += file_reports()
    show_reports()
    return counts
