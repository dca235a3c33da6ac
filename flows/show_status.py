"""On demand: is the system well? Reads only: no night, no lease, nothing decided or sent."""

from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from prefect.states import Completed, Failed

from config.errors import ExpectedError
from tasks.batches import LOCAL
from tasks.judging import Line, is_all_well
from tasks.quiet import quiet_logs
from tasks.status import show_status_now

NAME = "show-status"


@task(name=NAME, **LOCAL)
def step() -> list[Line]:
    return show_status_now()


@flow(name=NAME, description="Vis om systemet har det bra: siste natt, ansattdata, avvik, leveranser, neste natt.")
def show_status() -> RunState[Any]:
    """Vis om systemet har det bra, på én side under Artifacts. Den bare leser."""
    quiet_logs()
    outcome = step(return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, ExpectedError):
        return Failed(message=str(outcome), data={})
    if not isinstance(outcome, list):
        # As in flows.running: the message of an unexpected error may quote anything.
        return Failed(message=f"Uventet feil ({type(outcome).__name__}); se loggen.", data={})
    verdict = "Alt er i orden." if is_all_well(outcome) else "Noe må ses på."
    return Completed(message=f"{verdict} Siden ligger under Artifacts.", data={})
