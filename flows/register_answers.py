"""HR registers what an employee has answered about the workplace by another way than the list."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field
from pydantic.config import JsonDict

from agreements.intake import LONGEST_TEXT
from agreements.policy import Policy
from config.sharepoint import ANSWERS, Column, employee_columns, equipment
from flows.forms import AS_FILLED_IN, CaseForm, Job, form_run_name, run_form
from flows.questions import MAY_BE_EMPTY, NO_PERSONAL_DATA, answered
from integrations.forms import ACCEPTS_AGREEMENT, FOR_EMPLOYEE, LENT_EQUIPMENT
from tasks.batches import LOCAL
from tasks.night import this_night
from tasks.registering import decide_what_follows, register_answer

NAME = "register-answers"
DESCRIPTION = (
    "Registrer den ansattes svar på spørsmålene om arbeidsplassen, for eksempel fra et papirskjema, "
    "og om avtalen er godtatt."
)
AFTER_THE_QUESTIONS: JsonDict = {"position": 80}


class AnswersForm(CaseForm):
    lent: str = Field(
        default="",
        title="Annet utstyr som den ansatte låner av arbeidsgiveren",
        description=f"Ett på hver linje. {MAY_BE_EMPTY} {NO_PERSONAL_DATA}",
        max_length=LONGEST_TEXT,
        json_schema_extra=AFTER_THE_QUESTIONS,
    )
    accepts: bool = Field(
        default=False,
        title="Den ansatte godtar avtalen",
        description="Den ansatte har lest avtaleutkastet og sagt ja til det.",
        json_schema_extra=AFTER_THE_QUESTIONS,
    )


def asks(policy: Policy) -> Sequence[Column]:
    return (*employee_columns(policy), *equipment(policy))


@task(name=f"{NAME}-step", **LOCAL)
def step(form: AnswersForm) -> Counter[str]:
    fields = {
        **answered(form, asks(this_night().policy)),
        LENT_EQUIPMENT: form.lent or None,
        ACCEPTS_AGREEMENT: form.accepts,
        FOR_EMPLOYEE: True,
    }
    counts = register_answer(ANSWERS.name, form.case_number, fields, form.registered_by)
    return counts + decide_what_follows(NAME)


NEXT_STEPS = ("Vis sak", "Registrer filer", "Registrer vurdering")
JOB = Job(NAME, "Svar om arbeidsplassen registrert", AnswersForm, step, NEXT_STEPS, asks=asks)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_answers(form: AnswersForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
