"""Agreements near their end are announced; those past it are ended, with a note in the archive."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import EXPIRING
from config.sharepoint import TERMINATIONS
from flows.running import run_flow, run_name
from tasks.archiving import to_the_archive
from tasks.batches import LOCAL
from tasks.closing import close_folders
from tasks.deciding import decide_due
from tasks.night import counting
from tasks.reading import read_answers
from tasks.receiving import take_in_answers

TITLE = "Utløp"


@task(name="expire-agreements", **LOCAL)
def step() -> Counter[str]:
    with counting() as counts:
        counts.update(read_answers([TERMINATIONS]))
        counts.update(take_in_answers([TERMINATIONS]))
        counts.update(decide_due("expire-agreements", [State.ACTIVE], EXPIRING))
        counts.update(to_the_archive())
        counts.update(close_folders())
    return +counts


@flow(
    name="expire-agreements",
    flow_run_name=run_name,
    description="Varsle om utløp, og avslutt avtaler som er gått ut eller sagt opp.",
)
def expire_agreements(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Varsle om utløp, og avslutt avtaler som er gått ut eller sagt opp."""
    return run_flow("expire-agreements", [(TITLE, step)], on, dry_run=dry_run)
