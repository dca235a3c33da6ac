"""Home office imposed on a unit or on everybody for a period; it reverts by itself when the period is over."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from agreements.case import State
from agreements.decide import OPENING
from flows.forms import AS_FILLED_IN, Day, Form, FormError, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.deciding import decide_due
from tasks.imposing import impose

NAME = "impose-home-office"
DESCRIPTION = "Pålegg en enhet, eller alle, hjemmekontor for en periode. Det opphører av seg selv når perioden er over."


class Whom(StrEnum):
    ONE_UNIT = "Én enhet"
    EVERYBODY = "Alle ansatte"


class UnitForm(Form):
    """For whom: a unit that is named, or everybody; an empty field is never taken for everybody."""

    whom: Whom = Field(default=Whom.ONE_UNIT, title="Hvem gjelder det?")
    unit_id: str = Field(
        default="",
        title="Enhet",
        description="Enhetens id i HR-systemet. Tomt når det gjelder alle.",
        max_length=100,
    )

    @property
    def unit(self) -> str | None:
        """The unit's id, None for everybody.

        Raises:
            FormError: the two fields contradict each other.
        """
        if (self.whom is Whom.ONE_UNIT) is not bool(self.unit_id):
            raise FormError("«Enhet» fylles ut når det gjelder én enhet, og bare da.")
        return self.unit_id or None


class ImposeForm(UnitForm):
    start_on: Day = Field(title="Fra og med")
    end_on: Day = Field(title="Til og med")
    discussed_with_unions_on: Day = Field(
        title="Drøftet med de tillitsvalgte", description="Dagen drøftingen ble holdt (forskriften § 2)."
    )


@task(name=NAME, **LOCAL)
def step(form: ImposeForm) -> Counter[str]:
    counts = impose(form.unit, form.start_on, form.end_on, form.discussed_with_unions_on, form.registered_by)
    if not +counts:
        return counts
    return counts + decide_due(NAME, [State.RECEIVED], OPENING)


JOB = Job(NAME, "Pålagt hjemmekontor innført", ImposeForm, step, ("Opphev pålagt hjemmekontor", "Vis sak"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def impose_home_office(form: ImposeForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
