"""Personal data that has been kept as long as it may: of cases by the policy, what Prefect's forms hold, HR's lists."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

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
    """What the night does. The cases first: they must go when they are due, whether Prefect answers or not."""
    with counting() as counts:
        counts.update(purge_when_due())
        counts.update(empty_ended_forms())
        counts.update(clear_lists())
    return +counts


@task(name=f"{NAME}-now", **LOCAL)
def step_now() -> Counter[str]:
    with counting() as counts:
        counts.update(empty_ended_forms())
        counts.update(clear_lists())
        counts.update(purge_now())
    return +counts


@flow(name=NAME, flow_run_name=run_name, description="Slett personopplysninger i saker som er gamle nok.")
def purge(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Slett personopplysninger i saker som er gamle nok og ligger i arkivet. Prøvekjøring viser hvilke det gjelder."""
    return run_flow(NAME, [(TITLE, step_now)], on, dry_run=dry_run)
