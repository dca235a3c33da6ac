"""A case set on hold by HR, or taken up again."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.decide import FIRST
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.deciding import decide_batch
from tasks.pausing import HoldChoice, set_or_lift

NAME = "hold-case"
TITLE = "Pause"


@task(name=f"{NAME}-step", **LOCAL)
def step(case_number: str, choice: HoldChoice, until: date | None) -> Counter[str]:
    counts = set_or_lift(case_number, choice, until)
    return counts + decide_batch(NAME, [case_number.strip().upper()], FIRST)


@flow(name=NAME, flow_run_name=run_name, description="Sett purring i en sak på pause, eller ta den opp igjen.")
def hold_case(
    case_number: str,
    choice: HoldChoice = HoldChoice.PAUSE,
    until: date | None = None,
    on: date | None = None,
    *,
    dry_run: bool = False,
) -> RunState[Any]:
    """Sett en sak på pause til og med en dag, eller ta den opp igjen. Ingen blir purret så lenge pausen varer."""
    return run_flow(NAME, [(TITLE, partial(step, case_number, choice, until))], on, dry_run=dry_run)
