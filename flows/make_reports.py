"""HR's reports, when HR wants them: the overview of what is open, and the evaluation of the scheme."""

from collections import Counter
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from flows import scheme_report
from flows.forms import AS_FILLED_IN, Form, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.overviews import NEXT_STEPS, make_overview

NAME = "make-reports"
DESCRIPTION = (
    "Lag oversikten over åpne saker, frister, utløp, evalueringer og snitt i enhetene, eller evaluer ordningen. "
    "Tallene ligger under Artifacts, filen i biblioteket Rapporter."
)


class Report(StrEnum):
    OVERVIEW = "Oversikt for HR"
    SCHEME = "Evaluering av ordningen"


class ReportForm(Form):
    report: Report = Field(default=Report.OVERVIEW, title="Hvilken rapport?")


@task(name=f"{NAME}-step", **LOCAL)
def step(form: ReportForm) -> Counter[str]:
    return make_overview() if form.report is Report.OVERVIEW else scheme_report.step_now()


JOB = Job(NAME, "Rapport laget", ReportForm, step, NEXT_STEPS)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def make_reports(form: ReportForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
