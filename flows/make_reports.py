"""HR's reports, when HR wants them: the overview of what is open, and the evaluation of the scheme."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState
from pydantic import Field

from flows import scheme_report
from flows.forms import AS_FILLED_IN, Form, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.deviations import list_what_waits
from tasks.overviews import NEXT_STEPS, make_overview

NAME = "make-reports"
DESCRIPTION = (
    "Lag oversikten over åpne saker, frister, utløp, evalueringer og snitt i enhetene, evaluer ordningen, "
    "eller se hvem en stanset kjøring og avvikene gjelder. "
    "Tallene ligger under Artifacts, filen i biblioteket Rapporter."
)


class Report(StrEnum):
    OVERVIEW = "Oversikt for HR"
    SCHEME = "Evaluering av ordningen"
    WAITING = "Stanset kjøring og avvik"


MADE: Mapping[Report, Callable[[], Counter[str]]] = {
    Report.OVERVIEW: make_overview,
    Report.SCHEME: scheme_report.step_now,
    Report.WAITING: list_what_waits,
}


class ReportForm(Form):
    report: Report = Field(default=Report.OVERVIEW, title="Hvilken rapport?")


@task(name=f"{NAME}-step", **LOCAL)
def step(form: ReportForm) -> Counter[str]:
    return MADE[form.report]()


JOB = Job(NAME, "Rapport laget", ReportForm, step, NEXT_STEPS)


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def make_reports(form: ReportForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
