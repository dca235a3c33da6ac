"""HR registers a yes or no: of the employee to the agreement as drafted, or of the other party to a change."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from config.sharepoint import ACCEPTANCES
from flows.forms import AS_FILLED_IN, CaseForm, Job, form_run_name, run_form
from flows.terminate_agreement import Party
from integrations.forms import FOR_EMPLOYEE
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_answer

NAME = "register-acceptance"
DESCRIPTION = (
    "Registrer at avtalen er godtatt, for eksempel underskrevet på papir, eller hva den andre parten "
    "svarer på et forslag om endring."
)


class Answer(StrEnum):
    # The values are those of the list that both parties answer in; a docstring would be shown on the page.
    YES = "Godtar"
    NO = "Godtar ikke"


class AcceptanceForm(CaseForm):
    party: Party = Field(
        title="Hvem svarer?",
        description="Avtalen godtas av den ansatte. En endring godtas av den som ikke foreslo den; "
        "den som foreslo den, kan trekke den med «Godtar ikke».",
    )
    answer: Answer = Field(
        title="Svar", description="Godtar den ansatte ikke avtalen, er det det samme som å trekke søknaden."
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: AcceptanceForm) -> Counter[str]:
    fields = {"Svar": form.answer.value, FOR_EMPLOYEE: form.party is Party.EMPLOYEE}
    counts = register_answer(ACCEPTANCES.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Svar registrert", AcceptanceForm, step, ("Vis sak", "Registrer filer"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_acceptance(form: AcceptanceForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
