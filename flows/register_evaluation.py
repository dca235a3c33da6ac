"""HR registers an evaluation that a manager has given by another way than the list."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from agreements.intake import LONGEST_TEXT
from config.sharepoint import EVALUATIONS, evaluation_columns
from flows.forms import AS_FILLED_IN, CaseForm, Job, form_run_name, run_form
from flows.questions import MAY_BE_EMPTY, NO_PERSONAL_DATA, answered
from tasks.batches import LOCAL
from tasks.night import this_night
from tasks.registering import decide_what_follows, register_answer

NAME = "register-evaluation"
DESCRIPTION = "Registrer leders evaluering av en avtale. Evalueringen arkiveres; «Avsluttes» sier opp avtalen."


class Outcome(StrEnum):
    # The values are those of the list that managers answer in; a docstring would be shown on the page.
    CONTINUE = "Fortsetter"
    ADJUST = "Justeres"
    END = "Avsluttes"


class EvaluationForm(CaseForm):
    outcome: Outcome = Field(title="Resultat")
    note: str = Field(
        default="",
        title="Merknad",
        description=f"{MAY_BE_EMPTY} Skriv ikke hvorfor avtalen evalueres. {NO_PERSONAL_DATA}",
        max_length=LONGEST_TEXT,
    )


@task(name=f"{NAME}-step", **LOCAL)
def step(form: EvaluationForm) -> Counter[str]:
    scores = answered(form, evaluation_columns(this_night().policy))
    fields = {"Resultat": form.outcome.value, "Merknad": form.note or None, **scores}
    counts = register_answer(EVALUATIONS.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


NEXT_STEPS = ("Vis sak", "Endre avtale", "Registrer evaluering")
JOB = Job(NAME, "Evaluering registrert", EvaluationForm, step, NEXT_STEPS, asks=evaluation_columns)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_evaluation(form: EvaluationForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
