"""On demand: HR is read again, and what people answered and was set aside is taken in once more."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows import chase_documentation, expire_agreements, open_cases, sync_employees, trigger_evaluations
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.replaying import let_wait_again

NAME = "replay-rejected"
TITLE = "Avvik"
JOBS = (sync_employees, open_cases, chase_documentation, trigger_evaluations, expire_agreements)


@task(name=NAME, **LOCAL)
def step(source: str | None) -> Counter[str]:
    return let_wait_again(source)


@flow(name=NAME, flow_run_name=run_name, description="Prøv på nytt det som er satt til side (avvik).")
def replay_rejected(source: str | None = None, on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Les HR på nytt, og ta imot en gang til svar, søknader og filer som er satt til side."""
    steps = [(TITLE, partial(step, source)), *((job.TITLE, job.step) for job in JOBS)]
    return run_flow(NAME, steps, on, dry_run=dry_run)
