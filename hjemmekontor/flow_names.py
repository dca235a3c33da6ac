"""The flows by the names people type. Imports Prefect."""

from datetime import date
from typing import Any

from prefect.client.schemas.objects import State

from flows import nightly
from flows.nightly import JOBS
from tasks.quiet import leave_failures_to_the_caller


def run_by_name(name: str, on: date, *, dry_run: bool) -> State[Any]:
    """Run the flow called `name` here and now; KeyError when there is none."""
    leave_failures_to_the_caller()
    flows = {"nightly": nightly.nightly} | {_dashed(job): getattr(job, _module_name(job)) for job in JOBS}
    state: State[Any] = flows[name](on=on, dry_run=dry_run, return_state=True)
    return state


def _module_name(job: Any) -> str:  # noqa: ANN401 - a module of flows/
    name: str = job.__name__
    return name.removeprefix("flows.")


def _dashed(job: Any) -> str:  # noqa: ANN401 - a module of flows/
    return _module_name(job).replace("_", "-")
