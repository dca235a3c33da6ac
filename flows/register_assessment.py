"""HR registers the assessment of a manager, or of whoever looks at a stay abroad."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from agreements.intake import LONGEST_TEXT
from agreements.policy import Policy
from config.sharepoint import ASSESSMENTS, Column, manager_columns, package_columns
from flows.forms import AS_FILLED_IN, CaseForm, FormError, Job, form_run_name, run_form
from flows.questions import MAY_BE_EMPTY, NO_PERSONAL_DATA, answered
from tasks.batches import LOCAL
from tasks.night import this_night
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
        description=f"{MAY_BE_EMPTY} {NO_PERSONAL_DATA}",
        max_length=LONGEST_TEXT,
    )


def asks(policy: Policy) -> Sequence[Column]:
    """HR may not know what the manager would have answered, so nothing must be."""
    columns = (*manager_columns(policy), *package_columns(policy))
    return [replace(column, required=False) for column in columns]


@task(name=f"{NAME}-step", **LOCAL)
def step(form: AssessmentForm) -> Counter[str]:
    is_incomplete = form.outcome is Outcome.INCOMPLETE
    if is_incomplete is (form.lacking is Lacking.NOTHING):
        raise FormError("«Hva må suppleres?» fylles ut når resultatet er «Må suppleres», og bare da.")
    fields = {
        "Resultat": form.outcome.value,
        "Mangler": None if form.lacking in {Lacking.NOTHING, Lacking.EVERYTHING} else form.lacking.value,
        "Tiltak": form.measures or None,
        **answered(form, asks(this_night().policy)),
    }
    counts = register_answer(ASSESSMENTS.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Vurdering registrert", AssessmentForm, step, ("Vis sak", "Registrer vurdering"), asks=asks)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_assessment(form: AssessmentForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
