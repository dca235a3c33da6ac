"""HR vouches for files that somebody else than the employee has put into a case's folder."""

from collections import Counter
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State as RunState

from flows.forms import AS_FILLED_IN, CaseForm, Job, form_run_name, run_form
from tasks.batches import LOCAL
from tasks.registering import decide_what_follows, register_files

NAME = "register-files"
DESCRIPTION = (
    "Ta imot bilde eller underskrevet avtale som lederen eller en annen har lagt i saksmappen for den ansatte. "
    "Legg filen der først."
)


class FilesForm(CaseForm):
    pass


@task(name=f"{NAME}-step", **LOCAL)
def step(form: FilesForm) -> Counter[str]:
    counts = register_files(form.case_number, form.registered_by)
    return counts + decide_what_follows(NAME)


JOB = Job(NAME, "Filer tatt imot", FilesForm, step, ("Vis sak", "Registrer svar", "Registrer vurdering"))


@flow(name=NAME, flow_run_name=form_run_name, description=DESCRIPTION, validate_parameters=False)
def register_files_of_case(form: FilesForm = AS_FILLED_IN) -> RunState[Any]:
    return run_form(JOB, form)
