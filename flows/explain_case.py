"""On demand: the history of one case. Reads only: no night, no lease, nothing decided or sent."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State as RunState
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict, Field

from config.errors import ExpectedError
from flows.forms import AS_FILLED_IN, CaseNumber, form_run_name, not_accepted, read_form
from tasks.emptying import emptied_afterwards
from tasks.explaining import show_history
from tasks.quiet import quiet_logs

NAME = "explain-case"
DESCRIPTION = "Vis hva som har skjedd i en sak, når, hvorfor og etter hvilken regel. Den bare leser."


class CaseToShow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    case_number: CaseNumber = Field(title="Saksnummer", description="Står i e-poster og rapporter, som HK-2026-00042.")


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def explain_case(form: CaseToShow = AS_FILLED_IN) -> RunState[Any]:
    quiet_logs()
    with emptied_afterwards():
        try:
            number = read_form(CaseToShow, form).case_number
        except ExpectedError as error:
            return not_accepted(str(error))
    outcome = show_history(number, return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, ExpectedError):
        return not_accepted(str(outcome))
    if not isinstance(outcome, str):
        # As in flows.running: the message of an unexpected error may quote anything.
        return Failed(message=f"Uventet feil ({type(outcome).__name__}); se loggen.", data={})
    return Completed(message=f"Historikken til {outcome} ligger under Artifacts.", data={})
