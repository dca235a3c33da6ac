"""Imposed home office ended ahead of its time, in a unit or everywhere."""

from collections import Counter
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from agreements.case import State
from agreements.decide import EXPIRING
from flows.forms import AS_FILLED_IN, Day, Job, form_run_name, run_form
from flows.impose_home_office import UnitForm
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.imposing import revert

NAME = "revert-home-office"
DESCRIPTION = "Opphev pålagt hjemmekontor før perioden er over, i en enhet eller for alle."


class RevertForm(UnitForm):
    last_day: Day = Field(title="Siste dag hjemme")


@task(name=NAME, **LOCAL)
def step(form: RevertForm) -> Counter[str]:
    counts = revert(form.unit, form.last_day, form.registered_by)
    if not +counts:
        return counts
    return counts + decide_due(NAME, [State.ACTIVE], EXPIRING)


JOB = Job(NAME, "Pålagt hjemmekontor opphevet", RevertForm, step, ("Innfør pålagt hjemmekontor",))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def revert_home_office(form: RevertForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
