"""Imposed home office ended ahead of its time, in a unit or everywhere."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import EXPIRING
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.imposing import revert

NAME = "revert-home-office"
TITLE = "Pålagt hjemmekontor oppheves"


@task(name=NAME, **LOCAL)
def step(unit_id: str | None, last_day: date) -> Counter[str]:
    counts = revert(unit_id, last_day)
    return counts + decide_due(NAME, [State.ACTIVE], EXPIRING)


@flow(name=NAME, flow_run_name=run_name, description="Opphev pålagt hjemmekontor før perioden er over.")
def revert_home_office(
    last_day: date, unit_id: str = "", on: date | None = None, *, dry_run: bool = False
) -> RunState[Any]:
    """Opphev pålagt hjemmekontor. Siste dag er den siste dagen hjemme. Uten enhet gjelder det alle."""
    return run_flow(NAME, [(TITLE, partial(step, unit_id or None, last_day))], on, dry_run=dry_run)
