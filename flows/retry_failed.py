"""On demand: mails, folders and documents that were given up are delivered once more."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from flows.forms import AS_FILLED_IN, Form, FormError, Job, OptionalCaseNumber, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.retrying import let_wait_for_delivery

NAME = "retry-failed"
DESCRIPTION = "Send og arkiver på nytt det som er oppgitt, i én sak eller i alle. Rett feilen først."


class Which(StrEnum):
    ONE_CASE = "Én sak"
    ALL = "Alle saker"


class RetryForm(Form):
    which: Which = Field(default=Which.ONE_CASE, title="Hvilke leveranser?")
    case_number: OptionalCaseNumber = Field(
        default="", title="Saksnummer", description="Som HK-2026-00042. Tomt når det gjelder alle."
    )


@task(name=NAME, **LOCAL)
def step(form: RetryForm) -> Counter[str]:
    if (form.which is Which.ONE_CASE) is not bool(form.case_number):
        raise FormError("«Saksnummer» fylles ut når det gjelder én sak, og bare da.")
    return let_wait_for_delivery(form.case_number or None)


JOB = Job(NAME, "Sendt på nytt", RetryForm, step, ("Vis sak", "Send på nytt"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def retry_failed(form: RetryForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
