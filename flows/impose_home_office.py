"""Home office imposed on a unit for a period; it reverts by itself when the period is over."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import OPENING
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.imposing import impose_on_unit

NAME = "impose-home-office"
TITLE = "Pålagt hjemmekontor"


@task(name=NAME, **LOCAL)
def step(unit_id: str, start_on: date, end_on: date) -> Counter[str]:
    counts = impose_on_unit(unit_id, start_on, end_on)
    return counts + decide_due(NAME, [State.RECEIVED], OPENING)


@flow(name=NAME, flow_run_name=run_name, description="Pålegg en enhet hjemmekontor for en periode.")
def impose_home_office(
    unit_id: str, start_on: date, end_on: date, on: date | None = None, *, dry_run: bool = False
) -> RunState[Any]:
    """Pålegg en enhet hjemmekontor for en periode."""
    imposing = partial(step, unit_id, start_on, end_on)
    return run_flow(NAME, [(TITLE, imposing)], on, dry_run=dry_run)
