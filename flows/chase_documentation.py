"""Documentation and assessments are received, asked for, chased, and given up in the end."""

from collections import Counter
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from agreements.case import State
from agreements.decide import CHASING
from config.sharepoint import ACCEPTANCES, ANSWERS, ASSESSMENTS, TERMINATIONS
from flows.running import run_flow, run_name
from tasks.batches import LOCAL
from tasks.closing import close_folders
from tasks.deciding import decide_due
from tasks.delivering import open_folders, share_folders
from tasks.night import counting
from tasks.reading import read_answers
from tasks.receiving import take_in_answers, take_in_uploads

TITLE = "Dokumentasjon"


@task(name="chase-documentation", **LOCAL)
def step() -> Counter[str]:
    lists = [ANSWERS, ACCEPTANCES, ASSESSMENTS, TERMINATIONS]
    with counting() as counts:
        counts.update(read_answers(lists, uploads=True))
        counts.update(take_in_uploads())
        counts.update(take_in_answers(lists))
        waiting = [State.COLLECTING, State.IN_ASSESSMENT, State.SPECIAL_ASSESSMENT]
        counts.update(decide_due("chase-documentation", waiting, CHASING))
        counts.update(open_folders())
        counts.update(share_folders())
        counts.update(close_folders())
    return +counts


@flow(
    name="chase-documentation",
    flow_run_name=run_name,
    description="Ta imot dokumentasjon og vurderinger, og purr på det som mangler.",
)
def chase_documentation(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Ta imot dokumentasjon og vurderinger, og purr på det som mangler."""
    return run_flow("chase-documentation", [(TITLE, step)], on, dry_run=dry_run)
