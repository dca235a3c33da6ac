"""Personal data that has been kept as long as it may: of cases by the policy, what Prefect's forms hold, HR's lists."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.deviations import clear_lists
from tasks.emptying import empty_ended_forms
from tasks.night import counting
from tasks.purging import purge_now, purge_when_due

NAME = "purge"
TITLE = "Sletting"


@task(name=f"{NAME}-step", **LOCAL)
def step() -> Counter[str]:
    """What the night does. The cases first: they must go when they are due."""
    return _in_turn(purge_when_due, empty_ended_forms, clear_lists)


@task(name=f"{NAME}-now", **LOCAL)
def step_now() -> Counter[str]:
    return _in_turn(empty_ended_forms, clear_lists, purge_now)


def _in_turn(*parts: Callable[..., State[Counter[str]]]) -> Counter[str]:
    """None waits for what is wrong with another; the first error is raised when all have had their turn."""
    with counting() as counts:
        outcomes = [part(return_state=True).result(raise_on_failure=False) for part in parts]
        for outcome in outcomes:
            if isinstance(outcome, Counter):
                counts.update(outcome)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
    return +counts


@flow(name=NAME, flow_run_name=run_name, description="Slett personopplysninger i saker som er gamle nok.")
def purge(on: date | None = None, *, dry_run: bool = False) -> State[Any]:
    """Slett personopplysninger i saker som er gamle nok og ligger i arkivet. Prøvekjøring viser hvilke det gjelder."""
    return run_flow(NAME, [(TITLE, step_now)], on, dry_run=dry_run)
