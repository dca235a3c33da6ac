"""HR registers an application that came by another way than the list."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import AfterValidator, Field

from flows.forms import AS_FILLED_IN, Day, Form, Job, OptionalDay, form_run_name, run_form
from tasks import registering
from tasks.batches import LOCAL

NAME = "register-application"
DESCRIPTION = "Registrer en søknad som kom på papir, på e-post eller muntlig. Saken åpnes, og den ansatte får e-post."


class Weekday(StrEnum):
    MONDAY = "mandag"
    TUESDAY = "tirsdag"
    WEDNESDAY = "onsdag"
    THURSDAY = "torsdag"
    FRIDAY = "fredag"


def _each_once(days: list[Weekday]) -> list[Weekday]:
    return [day for day in Weekday if day in days]


Weekdays = Annotated[list[Weekday], Field(max_length=len(Weekday)), AfterValidator(_each_once)]
"""In the order of the week."""


class Where(StrEnum):
    # The values are those of the list that employees apply in; a docstring would be shown on the page.
    HOME = "Hjemme"
    ELSEWHERE = "Annet sted i Norge"
    ABROAD = "Utlandet"


class ApplicationForm(Form):
    employee_number: str = Field(title="Ansattnummer", description="Den som søker.", min_length=1, max_length=40)
    days_per_week: float = Field(
        title="Dager hjemme per uke",
        description="Et tall fra 0,5 til 7. Skriv halve dager med punktum: 2.5.",
        ge=0.5,
        le=7,
    )
    weekdays: Weekdays = Field(default=[], title="Ukedager", description="Kan stå tomt.")
    start_on: Day = Field(title="Fra og med")
    end_on: OptionalDay = Field(
        default=None, title="Til og med", description="Kan stå tomt: da gjelder den vanlige perioden i retningslinjene."
    )
    place: Where = Field(default=Where.HOME, title="Hvor")


@task(name=f"{NAME}-step", **LOCAL)
def step(form: ApplicationForm) -> Counter[str]:
    fields = {
        "DagerPerUke": form.days_per_week,
        "Ukedager": ", ".join(form.weekdays) or None,
        "FraDato": form.start_on.isoformat(),
        "TilDato": form.end_on.isoformat() if form.end_on else None,
        "Sted": form.place.value,
    }
    counts = registering.register_application(form.employee_number, fields, form.registered_by)
    return counts + registering.decide_what_follows(NAME)


JOB = Job(
    NAME, "Søknad registrert", ApplicationForm, step, ("Vis sak", "Registrer svar", "Registrer filer", "Si opp avtale")
)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_application(form: ApplicationForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
