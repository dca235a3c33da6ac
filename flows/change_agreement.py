"""HR registers that one party proposes another extent of an agreement in force; the other party is asked."""

from collections import Counter
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from config.sharepoint import CHANGES
from flows.forms import AS_FILLED_IN, CaseForm, Day, Job, form_run_name, run_form
from flows.register_application import Weekdays
from flows.terminate_agreement import Party
from integrations.forms import FOR_EMPLOYEE
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_answer

NAME = "change-agreement"
DESCRIPTION = (
    "Registrer et forslag om å endre en avtale som gjelder. Den andre parten får e-post og må godta endringen."
)


class ChangeForm(CaseForm):
    party: Party = Field(title="Hvem foreslår endringen?", description="Den andre parten blir bedt om å godta den.")
    days_per_week: float = Field(
        title="Dager hjemme per uke",
        description="Et tall fra 0,5 til 7. Skriv halve dager med punktum: 2.5.",
        ge=0.5,
        le=7,
    )
    weekdays: Weekdays = Field(default=[], title="Ukedager", description="Kan stå tomt.")
    start_on: Day = Field(title="Endringen gjelder fra og med")


@task(name=f"{NAME}-step", **LOCAL)
def step(form: ChangeForm) -> Counter[str]:
    fields = {
        "DagerPerUke": form.days_per_week,
        "Ukedager": ", ".join(form.weekdays) or None,
        "FraDato": form.start_on.isoformat(),
        FOR_EMPLOYEE: form.party is Party.EMPLOYEE,
    }
    counts = register_answer(CHANGES.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Forslag om endring registrert", ChangeForm, step, ("Vis sak", "Endre avtale"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def change_agreement(form: ChangeForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
