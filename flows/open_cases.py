"""New applications become cases, with a folder and a first mail."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import OPENING
from config.sharepoint import APPLICATIONS
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.delivering import open_folders
from tasks.night import counting
from tasks.opening import open_cases as open_new_cases
from tasks.reading import read_answers

TITLE = "Nye saker"


@task(name="open-cases", **LOCAL)
def step() -> Counter[str]:
    with counting() as counts:
        counts.update(read_answers([APPLICATIONS]))
        counts.update(open_new_cases())
        counts.update(decide_due("open-cases", [State.RECEIVED], OPENING))
        counts.update(open_folders())
    return +counts


@flow(name="open-cases", flow_run_name=run_name, description="Åpne saker for nye søknader.")
def open_cases(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Åpne saker for nye søknader."""
    return run_flow("open-cases", [(TITLE, step)], on, dry_run=dry_run)
