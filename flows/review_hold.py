"""Approve or discard a held sync; an approved one is carried out at once."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from flows import sync_employees
from flows.forms import AS_FILLED_IN, Form, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.holding import HoldDecision, decide_held_run

NAME = "review-hold"
DESCRIPTION = "Godkjenn eller forkast en synkronisering som er stanset fordi den ville endret uvanlig mye."


class ReviewForm(Form):
    digest: str = Field(
        title="Merke", description="Står etter «Merke» i rapporten fra natten.", min_length=1, max_length=128
    )
    decision: HoldDecision = Field(title="Avgjørelse", description="Det som godkjennes, blir utført med en gang.")


@task(name=NAME, **LOCAL)
def step(form: ReviewForm) -> Counter[str]:
    return decide_held_run(form.digest, form.decision, form.registered_by)


def read_anew(form: ReviewForm) -> Sequence[tuple[str, Any]]:
    """HR as it is by now, once what was held is carried out."""
    approved = form.decision is HoldDecision.APPROVE
    return [(sync_employees.TITLE, sync_employees.step)] if approved else []


JOB = Job(NAME, "Stanset kjøring avgjort", ReviewForm, step, ("Lag rapporter",), read_anew)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def review_hold(form: ReviewForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
