"""HR's forms as Prefect's page gets them, and what is said of a field that cannot be used."""

from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any

import pytest
import yaml
from prefect import Flow
from pydantic import BaseModel

from agreements.case import CLOSED_STATES, State
from config.deployments import SEND_AGAIN
from config.policy_files import SHIPPED, load_policy
from config.sharepoint import ANSWERS, ASSESSMENTS, EVALUATIONS, lists_of
from flows import register_answers, register_assessment, register_evaluation
from flows.change_agreement import ChangeForm
from flows.explain_case import CaseToShow
from flows.forms import EMPTIED, FormError, Job, read_form
from flows.hold_case import HoldForm
from flows.impose_home_office import ImposeForm
from flows.replay_rejected import LISTS, Source
from flows.retry_failed import RetryForm
from hjemmekontor.policy_forms import shown_form
from hjemmekontor.serve import ROOT
from integrations.database.history import History
from tasks.explaining import NEXT_STEPS, WHILE_IMPOSED, WHILE_OPEN, next_steps_of
from tasks.replaying import REPLAYABLE

DECLARED = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
FOR_HR = [each for each in DECLARED if "hr" in each["tags"]]
CHANGE = {
    "case_number": "hk-2026-00042 ",
    "party": "Den ansatte",
    "days_per_week": 2,
    "start_on": "2026-12-01",
    "registered_by": " 1001 ",
}


SHIPPED_POLICIES = sorted(file.stem for file in SHIPPED.glob("*.toml") if file.stem != "mal")


def module_of(deployment: dict[str, Any]) -> Any:  # noqa: ANN401 - a module of flows/
    path = deployment["entrypoint"].partition(":")[0]
    return import_module(path.removesuffix(".py").replace("/", "."))


def job_of(deployment: dict[str, Any]) -> Job | None:
    """None for «Vis sak», which only reads."""
    found: Job | None = getattr(module_of(deployment), "JOB", None)
    return found


def shown(deployment: dict[str, Any], policy: str) -> dict[str, Any]:
    """The form's schema as the page has it under this policy."""
    flow, job = flow_of(deployment), job_of(deployment)
    return flow.parameters.model_dump() if job is None else shown_form(flow, job, load_policy(policy))


def flow_of(deployment: dict[str, Any]) -> Flow[Any, Any]:
    found: Flow[Any, Any] = getattr(module_of(deployment), deployment["entrypoint"].partition(":")[2])
    return found


@pytest.mark.parametrize("policy", SHIPPED_POLICIES)
@pytest.mark.parametrize("deployment", FOR_HR, ids=lambda each: str(each["name"]))
def test_the_page_shows_one_form_of_titled_fields(deployment: dict[str, Any], policy: str) -> None:
    """What Prefect's page shows well: no choice of types, no patterns, and nothing that was written for developers."""
    schema = shown(deployment, policy)
    [form] = schema["properties"].values()
    assert (form["title"], schema["required"]) == ("Skjema", ["form"])
    definitions = schema["definitions"]
    for name, definition in definitions.items():
        assert "description" not in definition, f"{name}: its docstring would be shown"
    fields = definitions[form["$ref"].rpartition("/")[2]]["properties"]
    assert "on" not in fields
    for name, field in fields.items():
        assert {"anyOf", "pattern"}.isdisjoint(field), name
        assert field["title"].casefold() != name.replace("_", " "), f"{name} has no title"
    assert flow_of(deployment).description == deployment["description"]


@pytest.mark.parametrize("deployment", FOR_HR, ids=lambda each: str(each["name"]))
def test_what_the_policy_asks_is_put_into_what_prefect_makes_of_a_flow(deployment: dict[str, Any]) -> None:
    """A form that asks nothing stays as Prefect has it; for one that asks, only the form itself becomes another."""
    flow, job = flow_of(deployment), job_of(deployment)
    by_prefect = flow.parameters.model_dump()
    if job is None:
        return
    asks_nothing = shown_form(flow, replace(job, asks=None), load_policy("troms"))
    assert asks_nothing == by_prefect
    asks = shown(deployment, "troms")
    assert {**asks, "definitions": {}} == {**by_prefect, "definitions": {}}
    own = by_prefect["definitions"][job.model.__name__]["properties"]
    more = asks["definitions"][job.model.__name__]["properties"].keys() - own.keys()
    assert bool(more) is (job.asks is not None)


def test_a_form_takes_everything_that_the_list_of_the_same_thing_takes() -> None:
    for policy in map(load_policy, SHIPPED_POLICIES):
        lists = {definition.name: definition for definition in lists_of(policy)}
        for module, definition, own in (
            (register_answers, ANSWERS, {"Saksnummer", "LantUtstyr", "GodtarAvtalen"}),
            (register_assessment, ASSESSMENTS, {"Saksnummer", "Resultat", "Mangler", "Tiltak"}),
            (register_evaluation, EVALUATIONS, {"Saksnummer", "Resultat", "Merknad"}),
        ):
            asked = module.JOB.model_under(policy).model_fields.keys() - module.JOB.model.model_fields.keys()
            assert asked == {column.name for column in lists[definition.name].columns} - own


@pytest.mark.parametrize("deployment", FOR_HR, ids=lambda each: str(each["name"]))
def test_whoever_registers_is_asked(deployment: dict[str, Any]) -> None:
    definitions = flow_of(deployment).parameters.model_dump()["definitions"]
    asked = any("registered_by" in definition.get("required", []) for definition in definitions.values())
    assert asked is (deployment["name"] != "Vis sak")  # which only reads


def test_what_is_typed_is_tidied() -> None:
    form = read_form(ChangeForm, CHANGE)
    assert (form.case_number, form.registered_by, form.start_on) == ("HK-2026-00042", "1001", date(2026, 12, 1))
    assert read_form(ChangeForm, form) is form


@pytest.mark.parametrize(
    ("model", "given", "sentence"),
    [
        (ChangeForm, None, "Skjemaet er ikke fylt ut."),
        (ChangeForm, {**CHANGE, "case_number": "Kari"}, "«Saksnummer»: Saksnummeret skal se ut som HK-2026-00042."),
        (ChangeForm, {**CHANGE, "registered_by": " "}, "«Registrert av» er ikke fylt ut."),
        (ChangeForm, {**CHANGE, "registered_by": "1" * 41}, "«Registrert av» kan ha høyst 40 tegn."),
        (
            ChangeForm,
            {**CHANGE, "party": "Kari"},
            "«Hvem foreslår endringen?» må være ett av: «Den ansatte», «Arbeidsgiveren».",
        ),
        (ChangeForm, {**CHANGE, "days_per_week": 0}, "«Dager hjemme per uke» må være minst 0.5."),
        (ChangeForm, {**CHANGE, "days_per_week": 8}, "«Dager hjemme per uke» kan være høyst 7."),
        (ChangeForm, {**CHANGE, "days_per_week": "to"}, "«Dager hjemme per uke» er ikke et tall."),
        (ChangeForm, {**CHANGE, "days_per_week": None}, "«Dager hjemme per uke» er ikke et tall."),
        (ChangeForm, {**CHANGE, "weekdays": "mandag"}, "«Ukedager» kan ikke være slik."),
        (ChangeForm, {**CHANGE, "start_on": "i morgen"}, "«Endringen gjelder fra og med» er ikke en dato."),
        (
            ChangeForm,
            {**CHANGE, "start_on": "0226-12-01"},
            "«Endringen gjelder fra og med»: Årstallet kan ikke stemme.",
        ),
        (ChangeForm, {**CHANGE, "dry_run": "kanskje"}, "«Prøvekjøring» må være ja eller nei."),
        (CaseToShow, {}, EMPTIED),
        (CaseToShow, {"case": 1}, "«Saksnummer» er ikke fylt ut."),
        (RetryForm, {"registered_by": "1", "case_number": "4"}, "«Saksnummer»: Saksnummeret skal se ut som"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_and_not_quoted(
    model: type[BaseModel], given: object, sentence: str
) -> None:
    with pytest.raises(FormError) as caught:
        read_form(model, given)
    assert str(caught.value).startswith(sentence)
    assert "Kari" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(FormError) as caught:
        read_form(ChangeForm, {**CHANGE, "case_number": "?", "start_on": "?"})
    assert str(caught.value).count("«") == 2


@pytest.mark.parametrize(
    ("fields", "unit"),
    [({"unit_id": "helse"}, "helse"), ({"whom": "Alle ansatte"}, None)],
)
def test_home_office_is_imposed_on_whom_the_form_says(fields: dict[str, str], unit: str | None) -> None:
    assert imposing(**fields).unit == unit


@pytest.mark.parametrize("fields", [{}, {"whom": "Alle ansatte", "unit_id": "helse"}])
def test_an_empty_unit_is_never_everybody(fields: dict[str, str]) -> None:
    with pytest.raises(FormError, match="«Enhet» fylles ut når det gjelder én enhet, og bare da"):
        assert imposing(**fields).unit


def imposing(**fields: str) -> ImposeForm:
    days = dict.fromkeys(("start_on", "end_on", "discussed_with_unions_on"), "2026-12-01")
    return read_form(ImposeForm, {**days, "registered_by": "1", **fields})


def test_every_list_can_be_chosen_to_be_replayed() -> None:
    assert set(LISTS) == set(Source) - {Source.EVERYTHING}
    assert sorted(LISTS.values()) == sorted(REPLAYABLE)


def test_a_pause_needs_no_day_to_be_taken_up_again() -> None:
    form = read_form(HoldForm, {"case_number": "HK-2026-00042", "choice": "Gjenoppta", "registered_by": "1"})
    assert form.until is None


def test_what_may_be_done_next_is_a_deployment_for_hr() -> None:
    names = {each["name"] for each in FOR_HR}
    jobs = [job for job in map(job_of, FOR_HR) if job is not None]
    assert {name for job in jobs for name in job.next_steps} <= names
    assert set(NEXT_STEPS) == set(State)
    assert {name for steps in (*NEXT_STEPS.values(), WHILE_IMPOSED) for name in steps} <= names


def test_imposed_home_office_is_lifted_and_nothing_is_offered_that_needs_an_agreement() -> None:
    imposed = History("HK-2026-00042", State.ACTIVE, True, "0001", frozenset(), ())  # noqa: FBT003 - a row of the table
    assert next_steps_of(imposed) == ("Opphev pålagt hjemmekontor", *WHILE_OPEN)
    assert next_steps_of(replace(imposed, state=State.ENDED)) == (SEND_AGAIN,)
    assert next_steps_of(replace(imposed, imposed=False)) == NEXT_STEPS[State.ACTIVE]


@pytest.mark.parametrize("state", sorted(CLOSED_STATES))
def test_nothing_is_offered_that_a_closed_case_refuses(state: State) -> None:
    assert NEXT_STEPS[state] == (SEND_AGAIN,)
