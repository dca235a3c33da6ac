"""On demand: the history of one case. Reads only: no night, no lease, nothing decided or sent."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State as RunState
from prefect.states import Completed, Failed

from config.errors import ExpectedError
from tasks.explaining import show_history
from tasks.quiet import quiet_logs

NAME = "explain-case"


@flow(name=NAME, flow_run_name="explain-case {case_number}", description="Vis historikken til en sak.")
def explain_case(case_number: str) -> RunState[Any]:
    """Vis hva som har skjedd i en sak, når, hvorfor og etter hvilken regel. Skriv saksnummeret, som HK-2026-00042."""
    quiet_logs()
    outcome = show_history(case_number, return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, ExpectedError):
        return Failed(message=str(outcome), data={})
    if not isinstance(outcome, str):
        # As in flows.running: the message of an unexpected error may quote anything.
        return Failed(message=f"Uventet feil ({type(outcome).__name__}); se loggen.", data={})
    return Completed(message=f"Historikken til {outcome} ligger under Artifacts.", data={})
