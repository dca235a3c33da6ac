"""HR registers the assessment of a manager, or of whoever looks at a stay abroad."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from config.sharepoint import ASSESSMENTS, PACKAGE
from flows.forms import AS_FILLED_IN, LONGEST_NOTE, NO_PERSONAL_DATA, CaseForm, FormError, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_answer

NAME = "register-assessment"
DESCRIPTION = "Registrer leders vurdering av en søknad. Den ansatte og lederen får e-post om hva som er bestemt."


class Outcome(StrEnum):
    # The values are those of the list that managers answer in; a docstring would be shown on the page.
    APPROVED = "Godkjent"
    REJECTED = "Avslått"
    INCOMPLETE = "Må suppleres"


class Lacking(StrEnum):
    NOTHING = "Ikke aktuelt"
    EVERYTHING = "Alt"
    PHOTO = "Bildet"
    ANSWERS = "Svarene"
    BOTH = "Bildet og svarene"


class AssessmentForm(CaseForm):
    outcome: Outcome = Field(title="Resultat")
    lacking: Lacking = Field(
        default=Lacking.NOTHING, title="Hva må suppleres?", description="Bare når resultatet er «Må suppleres»."
    )
    measures: str = Field(
        default="",
        title="Tiltak som tas inn i avtalen, eller hva som må suppleres og hvorfor",
        description=f"Kan stå tomt. {NO_PERSONAL_DATA}",
        max_length=LONGEST_NOTE,
    )
    package: str = Field(
        default="",
        title="Utstyrspakke",
        description="Navnet på pakken, slik det står i retningslinjene. Kan stå tomt.",
        max_length=100,
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: AssessmentForm) -> Counter[str]:
    is_incomplete = form.outcome is Outcome.INCOMPLETE
    if is_incomplete is (form.lacking is Lacking.NOTHING):
        raise FormError("«Hva må suppleres?» fylles ut når resultatet er «Må suppleres», og bare da.")
    fields = {
        "Resultat": form.outcome.value,
        "Mangler": None if form.lacking in {Lacking.NOTHING, Lacking.EVERYTHING} else form.lacking.value,
        "Tiltak": form.measures or None,
        PACKAGE: form.package or None,
    }
    counts = register_answer(ASSESSMENTS.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Vurdering registrert", AssessmentForm, step, ("Vis sak", "Registrer vurdering"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_assessment(form: AssessmentForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
