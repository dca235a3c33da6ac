"""Home office imposed on a unit or on everybody for a period; it reverts by itself when the period is over."""

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
from tasks.imposing import impose

NAME = "impose-home-office"
TITLE = "Pålagt hjemmekontor"


@task(name=NAME, **LOCAL)
def step(unit_id: str | None, start_on: date, end_on: date, discussed_on: date) -> Counter[str]:
    counts = impose(unit_id, start_on, end_on, discussed_on)
    return counts + decide_due(NAME, [State.RECEIVED], OPENING)


@flow(name=NAME, flow_run_name=run_name, description="Pålegg en enhet, eller alle, hjemmekontor for en periode.")
def impose_home_office(  # noqa: PLR0913 - each is a field of HR's form
    start_on: date,
    end_on: date,
    discussed_with_unions_on: date,
    unit_id: str = "",
    on: date | None = None,
    *,
    dry_run: bool = False,
) -> RunState[Any]:
    """Pålegg en enhet hjemmekontor for en periode, etter drøfting med de tillitsvalgte. Uten enhet gjelder det alle."""
    imposing = partial(step, unit_id or None, start_on, end_on, discussed_with_unions_on)
    return run_flow(NAME, [(TITLE, imposing)], on, dry_run=dry_run)
