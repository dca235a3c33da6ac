"""A case set on hold by HR, or taken up again."""

from collections import Counter
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from agreements.decide import FIRST
from flows.forms import AS_FILLED_IN, CaseForm, Job, OptionalDay, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.deciding import decide_cases
from tasks.night import this_night
from tasks.pausing import HoldChoice, set_or_lift

NAME = "hold-case"
DESCRIPTION = (
    "Sett purring i en sak på pause til og med en dag, eller ta den opp igjen. "
    "Gjelder avtalen allerede, får begge parter e-post."
)


class HoldForm(CaseForm):
    choice: HoldChoice = Field(default=HoldChoice.PAUSE, title="Hva skal gjøres?")
    until: OptionalDay = Field(
        default=None, title="Siste dag av pausen", description="Inntil ett år fram. Tomt når saken tas opp igjen."
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: HoldForm) -> Counter[str]:
    counts = set_or_lift(form.case_number, form.choice, form.until, form.registered_by)
    if not +counts:
        return counts
    return counts + decide_cases(NAME, this_night().about, FIRST)


JOB = Job(NAME, "Pause satt eller opphevet", HoldForm, step, ("Vis sak", "Sett på pause eller gjenoppta"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def hold_case(form: HoldForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
