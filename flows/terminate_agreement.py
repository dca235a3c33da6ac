"""HR registers that an agreement is terminated, or an application withdrawn."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from config.sharepoint import TERMINATIONS
from flows.forms import AS_FILLED_IN, CaseForm, Day, Job, form_run_name, run_form
from integrations.forms import FOR_EMPLOYEE
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_answer

NAME = "terminate-agreement"
DESCRIPTION = "Registrer at en avtale er sagt opp. Før avtalen gjelder, trekkes søknaden. Begge parter får e-post."


class Party(StrEnum):
    EMPLOYEE = "Den ansatte"
    EMPLOYER = "Arbeidsgiveren"


class TerminationForm(CaseForm):
    party: Party = Field(title="Hvem sier opp?", description="Avgjør hvilken frist i retningslinjene som gjelder.")
    last_day: Day = Field(
        title="Siste dag med hjemmekontor",
        description="Er den tidligere enn fristen i retningslinjene, flyttes den dit.",
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: TerminationForm) -> Counter[str]:
    fields = {"SisteDag": form.last_day.isoformat(), FOR_EMPLOYEE: form.party is Party.EMPLOYEE}
    counts = register_answer(TERMINATIONS.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Oppsigelse registrert", TerminationForm, step, ("Vis sak", "Si opp avtale"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def terminate_agreement(form: TerminationForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
