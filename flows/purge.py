"""Personal data of cases that have been kept as long as the policy says: on demand, and every night."""

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State as RunState

from flows.running import run_flow, run_name
from tasks.purging import purge_now, purge_when_due

NAME = "purge"
TITLE = "Sletting"
step = purge_when_due


@flow(name=NAME, flow_run_name=run_name, description="Slett personopplysninger i saker som er gamle nok.")
def purge(on: date | None = None, *, dry_run: bool = False) -> RunState[Any]:
    """Slett personopplysninger i saker som er gamle nok og ligger i arkivet. Prøvekjøring viser hvilke det gjelder."""
    return run_flow(NAME, [(TITLE, purge_now)], on, dry_run=dry_run)
