"""HR's forms: what every one of them has, how it is checked anew, and how what it says is carried out and told."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial, wraps
from typing import Annotated, Any, TypeVar

from prefect import Task, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails

from agreements.calendar import OSLO
from agreements.policy import Policy
from config.errors import ExpectedError
from config.policy_files import load_policy
from config.settings import Settings, load_settings
from config.sharepoint import Column
from flows.questions import asking, without_default
from flows.running import MAIL, StepResult, run_step
from integrations.database.lease import LeaseTakenError, Turn
from integrations.forms import PLAUSIBLE_YEARS, cleaned
from tasks.advisers import must_be_employed
from tasks.batches import LOCAL
from tasks.emptying import EMPTY, emptied_afterwards, park
from tasks.events import announce_result
from tasks.night import Night, night, today_in_oslo
from tasks.quiet import quiet_logs
from tasks.receipts import NOTHING_NEW, give_receipt
from tasks.registering import ALREADY, deliver_at_once
from tasks.telling import undelivered

MAY_WAIT = timedelta(minutes=5)
"""For whoever is at work; other forms take seconds. A night takes longer: then the form is parked, and comes again."""
PARKED_FOR = timedelta(minutes=5)
BUSY = "En annen kjøring er i gang, så ingenting er registrert. Prøv igjen når den er ferdig."
NOT_THAT_DAY = "Datoen for et skjema er alltid dagen i dag, og kan ikke velges."
CHOICE = re.compile("'([^']*)'")
CASE_NUMBER = re.compile(r"HK-\d{4}-\d{5,}")
UNKNOWN_FIELD = "Skjemaet har felt som ikke finnes. Last siden på nytt, og fyll det ut en gang til."
EMPTIED = "Skjemaet er tomt. Det tømmes når det er behandlet, så en kjøring kan ikke gjentas: fyll ut skjemaet på nytt."
NOT_ACCEPTED = "Avvist"
"""The state of a run that a form was not carried out in. Automations about failed runs do not look for it."""
PROBLEMS = {
    "missing": "er ikke fylt ut.",
    "string_too_short": "er ikke fylt ut.",
    "string_too_long": "kan ha høyst {max_length} tegn.",
    "date": "er ikke en dato.",
    "float": "er ikke et tall.",
    "int": "er ikke et helt tall.",
    "bool": "må være ja eller nei.",
    "too_long": "har for mange valg.",
    "greater_than_equal": "må være minst {ge:g}.",
    "greater_than": "må være mer enn {gt:g}.",
    "less_than_equal": "kan være høyst {le:g}.",
}
"""What pydantic finds wrong (how its name begins), as the end of a sentence."""
AS_FILLED_IN: Any = Field(json_schema_extra={"title": "Skjema"})
"""The default of every form's parameter: Prefect's page shows its title above the fields."""
LAST: JsonDict = {"position": 90}
"""Prefect's page orders fields by this: who registers comes after what is registered."""


class FormError(ExpectedError):
    """A field of a form is empty or cannot be what it says. The sentence names it by its title, and quotes nothing."""


class BrokenDownError(Exception):
    """A bug; the message is the name of what was raised."""


def _case_number(typed: str) -> str:
    number = "".join(typed.split()).upper()
    if not CASE_NUMBER.fullmatch(number):
        raise ValueError("Saksnummeret skal se ut som HK-2026-00042.")
    return number


def _plausible(day: date) -> date:
    if day.year not in PLAUSIBLE_YEARS:
        raise ValueError("Årstallet kan ikke stemme.")
    return day


def _perhaps_case_number(typed: str) -> str:
    return _case_number(typed) if typed else ""


CaseNumber = Annotated[str, AfterValidator(_case_number)]
OptionalCaseNumber = Annotated[str, AfterValidator(_perhaps_case_number)]
Day = Annotated[date, AfterValidator(_plausible)]
OptionalDay = Annotated[Day | SkipJsonSchema[None], Field(json_schema_extra=without_default)]
DaysPerWeek = Annotated[float, Field(ge=0.5, le=7)]
OptionalDays = Annotated[DaysPerWeek | SkipJsonSchema[None], Field(json_schema_extra=without_default)]


class Form(BaseModel):
    """What every form ends with. `on` is the business date, for the sandbox and tests; the page does not show it.

    Titles and descriptions are what HR reads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    registered_by: str = Field(
        title="Registrert av", description="Ansattnummeret ditt.", min_length=1, max_length=40, json_schema_extra=LAST
    )
    dry_run: bool = Field(
        default=False,
        title="Prøvekjøring",
        description="Vis hva som ville skjedd. Ingenting blir lagret eller sendt.",
        json_schema_extra=LAST,
    )
    on: SkipJsonSchema[Day | None] = None

    @field_validator("*", mode="before")
    @classmethod
    def _clean(cls, value: object) -> object:
        return cleaned(value) if isinstance(value, str) else value


class CaseForm(Form):
    case_number: CaseNumber = Field(title="Saksnummer", description="Står i e-poster og rapporter, som HK-2026-00042.")


AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Job:
    """What a form is for.

    `name` is the flow, as commands and artifacts call it, `title` what was done, in HR's words, `step` the task that
    carries the form out, `next_steps` the deployments that HR may want to go on to, `then` what else is run once the
    step has gone well, and `asks` what the policy wants to know besides the form's own fields.
    """

    name: str
    title: str
    model: type[Form]
    step: Callable[..., Any]
    next_steps: Sequence[str] = ()
    then: Callable[[Any], Sequence[tuple[str, Any]]] | None = None
    asks: Callable[[Policy], Sequence[Column]] | None = None

    def model_under(self, policy: Policy) -> type[Form]:
        """The form as the municipality with this policy fills it in."""
        return self.model if self.asks is None else asking(self.model, self.asks(policy))


def run_form(job: Job, given: object) -> State[Any]:
    """Check the form, do what it says, then deliver and send what follows, and publish a receipt.

    It is checked here because Prefect's own check can be switched off where the form is filled in. A mistake ends the
    run with one sentence, before anything is written. What was registered stays so when delivering fails: the night
    goes on with it. Prefect keeps nothing of what was filled in.

    While another run is at work the form waits, and then comes again later with what was filled in: that we are busy
    costs nobody what they have typed.
    """
    quiet_logs()
    with emptied_afterwards():
        try:
            settings = load_settings()
            form = read_form(job.model_under(load_policy(settings.policy)), given)
            _must_be_today(form, settings)
            with night(form.on, dry_run=form.dry_run, turn=Turn(MAY_WAIT, get_run_logger().warning)) as running:
                running.run, running.asked_on = flow_run.id, form.on or _sent_on()
                with running.database.transaction() as connection:
                    must_be_employed(connection, form.registered_by, running.asked_on)
                return _carried_out(job, form, running)
        except LeaseTakenError:
            if deployment.id is not None:
                park(PARKED_FOR * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
            return not_accepted(BUSY)
        except ExpectedError as error:
            return not_accepted(str(error))


def _sent_on() -> date:
    """The day this run was to begin when it was made: it stays also when the run is parked or begun anew."""
    sent_at: datetime = flow_run.scheduled_start_time
    return sent_at.astimezone(OSLO).date()


def _must_be_today(form: Form, settings: Settings) -> None:
    """Raises FormError: the page does not show the date, but its check can be switched off."""
    if form.on not in {None, today_in_oslo()} and not settings.may_choose_the_day:
        raise FormError(NOT_THAT_DAY)


def not_accepted(sentence: str) -> State[Any]:
    """Failed, under a name of its own: whoever filled in the form is told, and ops has nothing to repair."""
    return Failed(name=NOT_ACCEPTED, message=sentence, data={})


def read_form(model: type[AnyModel], given: object) -> AnyModel:
    """Raises FormError with a Norwegian sentence for each field that cannot be used."""
    if given == EMPTY["form"]:
        raise FormError(EMPTIED)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = {problem["loc"][:1]: problem for problem in reversed(error.errors())}
        sentences = [_sentence(model, problem) for problem in reversed(first.values())]
        raise FormError(" ".join(dict.fromkeys(sentences))) from None


def form_run_name() -> str:
    """What a run is called in Prefect's lists: the form, and the case by its number."""
    given = flow_run.parameters.get("form")
    typed = given.get("case_number") if isinstance(given, Mapping) else getattr(given, "case_number", None)
    number = "".join(str(typed or "").split()).upper()
    # What is no case number may be anything, and a run's name is read by everybody.
    about = number if CASE_NUMBER.fullmatch(number) else str(today_in_oslo())
    return f"{deployment.name or flow_run.flow_name}: {about}"


def _carried_out(job: Job, form: Form, running: Night) -> State[Any]:
    results = [run_step(running, job.title, partial(_without_words(job.step), form))]
    if results[0].problem is not None:
        problem = results[0].problem
        return not_accepted(problem) if results[0].is_expected else Failed(message=problem, data={})
    further = [] if job.then is None else job.then(form)
    results += [run_step(running, name, each) for name, each in further]
    is_new = any(+each.counts for each in results)
    results += [run_step(running, name, each) for name, each in (("Leveranser", deliver_at_once), MAIL)]
    done = [(each.name, dict(each.counts)) for each in results]
    give_receipt(job.name, job.title, running, done, job.next_steps, is_new=is_new)
    announce_result(job.name, running, [(each.name, each.counts, each.problem is None) for each in results])
    counts = {each.name: dict(each.counts) for each in results}
    problems = " ".join(dict.fromkeys(each.problem for each in results if each.problem is not None))
    if problems:
        return Failed(message=f"Registrert, men ikke alt er levert: {problems} Natten prøver igjen.", data=counts)
    return Completed(message=_how_it_went(job, running, results, is_new=is_new), data=counts)


def _without_words(step: Any) -> Any:  # noqa: ANN401 - a Prefect task of whatever kind
    """The step, but an error that nobody expected says no more than its kind and where it happened.

    Its message may quote what was filled in, and Prefect keeps it, in the state of the run and in the log.
    """

    @wraps(step.fn)
    def carry_out(form: Any) -> Counter[str]:  # noqa: ANN401 - the step's own form
        try:
            counts: Counter[str] = step.fn(form)
        except ExpectedError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, with its trace
            raise BrokenDownError(type(error).__name__).with_traceback(error.__traceback__) from None
        return counts

    return Task(carry_out, name=step.name, **LOCAL)


def _how_it_went(job: Job, running: Night, results: Sequence[StepResult], *, is_new: bool) -> str:
    about = f" ({', '.join(running.about)})" if running.about else ""
    if ALREADY in results[0].counts:
        return f"Det samme er {ALREADY}{about}. Ingenting er gjort på nytt."
    if not is_new:
        return f"{NOTHING_NEW}{about}"
    done = "Prøvekjøring, ingenting er lagret" if running.dry_run else "Utført"
    failed = undelivered(each.counts for each in results)
    trouble = f" {failed} leveranser feilet; se rapporten fra neste natt." if failed else ""
    return f"{done}: {job.title}{about}. Kvitteringen ligger under Artifacts.{trouble}"


def _sentence(model: type[BaseModel], problem: ErrorDetails) -> str:
    if not problem["loc"]:
        return "Skjemaet er ikke fylt ut."
    if problem["type"] == "extra_forbidden":
        return UNKNOWN_FIELD
    field, kind, limits = str(problem["loc"][0]), problem["type"], problem.get("ctx", {})
    title = f"«{model.model_fields[field].title or field}»"
    if kind == "value_error":
        return f"{title}: {limits['error']}"
    if kind == "enum":
        choices = CHOICE.findall(str(limits["expected"]))
        return f"{title} må være ett av: {', '.join(f'«{choice}»' for choice in choices)}."
    ending = next((said for start, said in PROBLEMS.items() if kind.startswith(start)), "kan ikke være slik.")
    return f"{title} {ending.format(**limits)}"
