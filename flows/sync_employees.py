"""Employees, units and managers from the HR system."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.night import counting
from tasks.staff import look_up_addresses, synchronise_staff

TITLE = "Ansatte"


@task(name="sync-employees", **LOCAL)
def step() -> Counter[str]:
    with counting() as counts:
        counts.update(synchronise_staff())
        counts.update(look_up_addresses())
    return +counts


@flow(
    name="sync-employees",
    flow_run_name=run_name,
    description="Hent ansatte, enheter og ledere fra HR-systemet.",
)
def sync_employees(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Hent ansatte, enheter og ledere fra HR-systemet."""
    return run_flow("sync-employees", [(TITLE, step)], on, dry_run=dry_run)
