"""On demand: HR is read again, and what people answered and was set aside is taken in once more."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from config.sharepoint import (
    ACCEPTANCES,
    ANSWERS,
    APPLICATIONS,
    ASSESSMENTS,
    CASE_LIBRARY,
    CHANGES,
    EVALUATIONS,
    TERMINATIONS,
)
from flows import chase_documentation, expire_agreements, open_cases, sync_employees, trigger_evaluations
from flows.forms import AS_FILLED_IN, Form, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.replaying import let_wait_again

NAME = "replay-rejected"
DESCRIPTION = "Les HR på nytt, og ta imot en gang til det som er satt til side (avvik). Rett det som var galt først."
JOBS = (sync_employees, open_cases, chase_documentation, trigger_evaluations, expire_agreements)


class Source(StrEnum):
    EVERYTHING = "Alt"
    APPLICATIONS = "Søknader"
    ANSWERS = "Svar om arbeidsplassen"
    FILES = "Opplastede filer"
    ASSESSMENTS = "Vurderinger"
    EVALUATIONS = "Evalueringer"
    TERMINATIONS = "Oppsigelser"
    CHANGES = "Forslag om endring"
    ACCEPTANCES = "Svar på avtale eller endring"


LISTS = {
    Source.APPLICATIONS: APPLICATIONS.name,
    Source.ANSWERS: ANSWERS.name,
    Source.FILES: CASE_LIBRARY,
    Source.ASSESSMENTS: ASSESSMENTS.name,
    Source.EVALUATIONS: EVALUATIONS.name,
    Source.TERMINATIONS: TERMINATIONS.name,
    Source.CHANGES: CHANGES.name,
    Source.ACCEPTANCES: ACCEPTANCES.name,
}
"""Whatever is missing here is everything."""


class ReplayForm(Form):
    source: Source = Field(default=Source.EVERYTHING, title="Hva skal spilles av på nytt?")


@task(name=NAME, **LOCAL)
def step(form: ReplayForm) -> Counter[str]:
    return let_wait_again(LISTS.get(form.source))


def jobs(_form: ReplayForm) -> Sequence[tuple[str, Any]]:
    return [(job.TITLE, job.step) for job in JOBS]


JOB = Job(NAME, "Avvik spilt av på nytt", ReplayForm, step, ("Spill av avvik på nytt",), jobs)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def replay_rejected(form: ReplayForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
