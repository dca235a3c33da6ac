"""The flows by the names people type. Imports Prefect."""

from datetime import date
from typing import Any

from prefect.client.schemas.objects import State

from flows import hold_case, impose_home_office, nightly, replay_rejected, retry_failed, revert_home_office, review_hold
from flows.nightly import JOBS
from tasks.quiet import leave_failures_to_the_caller

FOR_HR = (hold_case, impose_home_office, replay_rejected, retry_failed, revert_home_office, review_hold)


def run_by_name(name: str, on: date, *, dry_run: bool, **parameters: object) -> State[Any]:
    """Run the flow called `name` here and now, a form with what is filled in; KeyError when there is none."""
    leave_failures_to_the_caller()
    jobs = {"nightly": nightly.nightly} | {_dashed(job): getattr(job, _module_name(job)) for job in JOBS}
    forms = {_dashed(form): getattr(form, _module_name(form)) for form in FOR_HR}
    state: State[Any] = (
        forms[name](form={**parameters, "on": on, "dry_run": dry_run}, return_state=True)
        if name in forms
        else jobs[name](on=on, dry_run=dry_run, return_state=True)
    )
    return state


def _module_name(job: Any) -> str:  # noqa: ANN401 - a module of flows/
    name: str = job.__name__
    return name.removeprefix("flows.")


def _dashed(job: Any) -> str:  # noqa: ANN401 - a module of flows/
    return _module_name(job).replace("_", "-")
