"""An alert to ops as one mail. Started by automations (hjemmekontor.automations), never by the night."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State as RunState
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL
from prefect.states import Completed, Failed

from config.errors import ExpectedError
from tasks.alerting import alert_ops
from tasks.quiet import quiet_logs

NAME = "notify-ops"


@flow(name=NAME, description="Send én e-post til drift. Startes av automatiseringene.")
def notify_ops(what: str, run: str = "", run_id: str = "", section: str = "") -> RunState[Any]:
    """Send én e-post til drift: hva som har skjedd, hvilken kjøring det gjelder, og hvor det står hva som skal gjøres.

    A run that is repeated sends nothing again.
    """
    quiet_logs()
    lines = [what]
    lines += [f"Kjøring: {run}"] if run else []
    lines += _page(run_id) if run_id else []
    lines += [f"Hva du gjør: docs/runbook.md, «{section}»."] if section else []
    outcome = alert_ops(f"varsel/{flow_run.id}", what, lines, return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, ExpectedError):
        return Failed(message=str(outcome))
    if isinstance(outcome, BaseException):
        # As in flows.running: the message of an unexpected error may quote anything.
        return Failed(message=f"Uventet feil ({type(outcome).__name__}); se loggen.")
    return Completed(message="Varslet.")


def _page(run_id: str) -> list[str]:
    """By PREFECT_UI_URL where the worker runs, else by the address of the server that it asks; none without either."""
    address = PREFECT_UI_URL.value()
    return [] if address is None else [f"{address.rstrip('/')}/runs/flow-run/{run_id}"]
