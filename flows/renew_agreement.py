"""HR registers that an agreement in force is to be renewed: a new case that brings with it what is still valid."""

from collections import Counter
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from flows.forms import AS_FILLED_IN, CaseForm, Job, OptionalDay, OptionalDays, form_run_name, run_form
from flows.register_application import Weekdays
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_renewal

NAME = "renew-agreement"
DESCRIPTION = "Forny en avtale som gjelder. Den nye avtalen begynner dagen etter at den gamle er over."


class RenewalForm(CaseForm):
    days_per_week: OptionalDays = Field(
        default=None, title="Dager hjemme per uke", description="Kan stå tomt: da blir det som i dag."
    )
    weekdays: Weekdays = Field(default=[], title="Ukedager", description="Kan stå tomt: da blir det som i dag.")
    end_on: OptionalDay = Field(
        default=None, title="Til og med", description="Kan stå tomt: da gjelder den vanlige perioden i retningslinjene."
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: RenewalForm) -> Counter[str]:
    changed = {
        "DagerPerUke": form.days_per_week,
        "Ukedager": ", ".join(form.weekdays) or None,
        "TilDato": form.end_on.isoformat() if form.end_on else None,
    }
    said = {name: value for name, value in changed.items() if value is not None}
    counts = register_renewal(form.case_number, said, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Fornyelse registrert", RenewalForm, step, ("Vis sak", "Forny avtale"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def renew_agreement(form: RenewalForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
