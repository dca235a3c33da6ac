"""Approved agreements are written, filed, read back and verified; then they are in force."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import FILING
from flows.running import run_flow, run_name
from tasks.archiving import to_the_archive
from tasks.batches import LOCAL
from tasks.closing import close_folders
from tasks.deciding import decide_due
from tasks.night import counting

TITLE = "Arkivering"


@task(name="file-agreements", **LOCAL)
def step() -> Counter[str]:
    with counting() as counts:
        counts.update(decide_due("file-agreements", [State.APPROVED], FILING))
        counts.update(to_the_archive())
        counts.update(decide_due("file-agreements", [State.APPROVED], FILING))
        counts.update(close_folders())
    return +counts


@flow(
    name="file-agreements",
    flow_run_name=run_name,
    description="Skriv og arkiver godkjente avtaler, og sett dem i kraft.",
)
def file_agreements(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Skriv og arkiver godkjente avtaler, og sett dem i kraft."""
    return run_flow("file-agreements", [(TITLE, step)], on, dry_run=dry_run)
