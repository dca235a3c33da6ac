"""Agreements are evaluated by their managers at the policy's cadence, and changed when both parties want it."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import EVALUATING
from config.sharepoint import ACCEPTANCES, CHANGES, EVALUATIONS
from flows.running import run_flow, run_name
from tasks.archiving import to_the_archive
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.night import counting
from tasks.reading import read_answers
from tasks.receiving import take_in_answers

TITLE = "Evalueringer"


@task(name="trigger-evaluations", **LOCAL)
def step() -> Counter[str]:
    lists = [EVALUATIONS, CHANGES, ACCEPTANCES]
    with counting() as counts:
        counts.update(read_answers(lists))
        counts.update(take_in_answers(lists))
        counts.update(decide_due("trigger-evaluations", [State.ACTIVE], EVALUATING))
        counts.update(to_the_archive())
    return +counts


@flow(
    name="trigger-evaluations",
    flow_run_name=run_name,
    description="Be om evalueringer, purr og registrer svar, og ta imot endringer av avtaler.",
)
def trigger_evaluations(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Be om evalueringer, purr og registrer svar, og ta imot endringer av avtaler."""
    return run_flow("trigger-evaluations", [(TITLE, step)], on, dry_run=dry_run)
