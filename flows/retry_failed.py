"""On demand: mails, folders and documents that were given up are delivered once more."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows.running import run_flow, run_name
from tasks.archiving import file_messages, update_archive
from tasks.batches import LOCAL
from tasks.delivering import file_documents, open_folders, share_folders
from tasks.retrying import let_wait_for_delivery

NAME = "retry-failed"
TITLE = "Leveranser"


@task(name=NAME, **LOCAL)
def step(case_number: str | None) -> Counter[str]:
    counts = let_wait_for_delivery(case_number)
    counts += open_folders() + share_folders()
    return counts + update_archive() + file_documents() + file_messages()


@flow(name=NAME, flow_run_name=run_name, description="Send og arkiver på nytt det som er oppgitt.")
def retry_failed(case_number: str | None = None, on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Send og arkiver på nytt det som er oppgitt. Skriv et saksnummer, eller la feltet stå tomt for å ta alt."""
    return run_flow(NAME, [(TITLE, partial(step, case_number))], on, dry_run=dry_run)
