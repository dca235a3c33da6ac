"""Approve or discard a held sync; an approved one is carried out at once."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows import sync_employees
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.holding import HoldDecision, decide_held_run

NAME = "review-hold"
TITLE = "Stanset kjøring"


@task(name=NAME, **LOCAL)
def step(digest: str, decision: HoldDecision, decided_by: str) -> Counter[str]:
    return decide_held_run(digest, decision, decided_by)


@flow(name=NAME, flow_run_name=run_name, description="Godkjenn eller forkast en stanset synkronisering.")
def review_hold(
    digest: str, decision: HoldDecision, decided_by: str, on: date | None = None, *, dry_run: bool = False
) -> RunState[Any]:
    """Godkjenn eller forkast en stanset synkronisering. Merket står i rapporten fra natten."""
    steps: list[tuple[str, Any]] = [(TITLE, partial(step, digest, decision, decided_by))]
    if decision is HoldDecision.APPROVE:
        steps.append((sync_employees.TITLE, sync_employees.step))
    return run_flow(NAME, steps, on, dry_run=dry_run)
