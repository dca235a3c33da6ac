"""All eight jobs in order, for one business date; then what came back and what lies unsent, before more is sent."""

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import (
    chase_documentation,
    expire_agreements,
    file_agreements,
    open_cases,
    purge,
    scheme_report,
    sync_employees,
    trigger_evaluations,
)
from flows.running import NIGHT, run_flow, run_name
from tasks.returning import read_returned_mail
from tasks.unsent import clear_drafts

JOBS = (
    sync_employees,
    open_cases,
    chase_documentation,
    file_agreements,
    trigger_evaluations,
    scheme_report,
    expire_agreements,
    purge,
)
STEPS = (
    *((job.TITLE, job.step) for job in JOBS),
    ("E-post i retur", read_returned_mail),
    ("Utkast", clear_drafts),
)


@flow(name=NIGHT, flow_run_name=run_name, description="Alle de åtte jobbene i rekkefølge.")
def nightly(on: date | None = None, *, dry_run: bool = False) -> State[Any]:
    """Alle de åtte jobbene i rekkefølge."""
    return run_flow(NIGHT, STEPS, on, dry_run=dry_run)
