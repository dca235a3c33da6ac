"""How every flow runs its steps: alone, for one business date, each step on its own feet, and the result told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from config.errors import ExpectedError
from integrations.database.lease import LeaseLostError, Turn
from integrations.graph.outage import is_ill
from tasks.mailing import write_and_send_mail
from tasks.night import Night, night, today_in_oslo
from tasks.quiet import quiet_logs
from tasks.status import remember_night, show_status, was_done_meanwhile
from tasks.telling import REPEATED, WAITED, tell, undelivered

NIGHT = "nightly"
MAIL = ("E-post", write_and_send_mail)
MAY_WAIT = timedelta(hours=6)
"""For whoever is at work when a night or a job begins: a form that sends thousands of mails takes hours."""
DONE_MEANWHILE = "En annen kjøring har gjort den samme natten mens denne ventet, så ingenting var igjen."


@dataclass(slots=True)
class StepResult:
    """One step's counts, or why it failed: a sentence without personal data.

    `is_expected` when somebody can act on what failed; what is not is a bug.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    problem: str | None = None
    is_expected: bool = True


def run_flow(flow_name: str, steps: Sequence[tuple[str, Any]], on: date | None, *, dry_run: bool) -> State[Any]:
    """Open the night, run the steps, send the mail, tell the result; Failed when any of it failed.

    A step that fails stops nothing but itself. Whoever is at work is waited for; a night that another run has done
    meanwhile is not done once more.
    """
    quiet_logs()
    asked_at = datetime.now(UTC)
    try:
        with night(on, dry_run=dry_run, turn=Turn(MAY_WAIT, get_run_logger().warning)) as running:
            if flow_name == NIGHT and was_done_meanwhile(running, asked_at):
                return Completed(message=DONE_MEANWHILE, data={})
            results = [run_step(running, name, step) for name, step in (*steps, MAIL)]
            if flow_name == NIGHT:
                remember_night(running, _in_all(results), is_well=is_well(results))
            tell(flow_name, running, [(each.name, dict(each.counts), each.problem) for each in results])
            if flow_name == NIGHT:
                show_status(running)
    except ExpectedError as error:
        return Failed(message=str(error), data={})
    counts = {each.name: dict(each.counts) for each in results}
    if not is_well(results):
        return Failed(message=_what_failed(results), data=counts)
    return Completed(message=_how_it_went(results), data=counts)


def is_well(results: Sequence[StepResult]) -> bool:
    """No step failed. What could not be delivered fails none."""
    return all(each.problem is None for each in results)


def _in_all(results: Sequence[StepResult]) -> Counter[str]:
    return sum((each.counts for each in results), Counter())


def _how_it_went(results: Sequence[StepResult]) -> str:
    """One mail or file that could not be delivered fails no night, but nobody is told that all is well."""
    failed = undelivered(each.counts for each in results)
    return f"Fullført, men {failed} leveranser feilet; se rapporten." if failed else "Alt gikk bra."


def _what_failed(results: Sequence[StepResult]) -> str:
    """Each reason once, with the steps it stopped."""
    stopped: dict[str, list[str]] = {}
    for each in results:
        if each.problem is not None:
            stopped.setdefault(each.problem, []).append(each.name)
    return " ".join(f"{', '.join(names)}: {problem}" for problem, names in stopped.items())


def run_name() -> str:
    """What a run is called in Prefect's lists: the flow and its business date."""
    on = flow_run.parameters.get("on") or today_in_oslo()
    return f"{flow_run.flow_name} {on}"


def run_step(running: Night, name: str, step: Any) -> StepResult:  # noqa: ANN401 - a Prefect task of whatever kind
    """One step on its own feet: a failure is a sentence in its result, and never an exception.

    When another night has taken over, the step is left to it.
    """
    try:
        with running.database.transaction() as connection:
            running.must_be_alone(connection)
    except LeaseLostError as lost:
        return StepResult(name, problem=str(lost))
    repeated, waited = running.budget.repeated, running.budget.seconds_waited
    state: State[Counter[str]] = step(return_state=True)
    outcome = state.result(raise_on_failure=False)
    running.is_hurried = running.is_hurried or is_ill(outcome)
    # A positive Counter: what is nought is not shown.
    trouble = +Counter(
        {REPEATED: running.budget.repeated - repeated, WAITED: ceil(running.budget.seconds_waited - waited)}
    )
    done, running.before_it_broke = running.before_it_broke, Counter()
    if isinstance(outcome, ExpectedError):
        return StepResult(name, done + trouble, problem=str(outcome))
    if not isinstance(outcome, Counter):
        # The message of an unexpected error may quote anything, so it stays out; the log has the trace.
        problem = f"uventet feil ({type(outcome).__name__}); se loggen"
        return StepResult(name, done + trouble, problem=problem, is_expected=False)
    counts = Counter({**outcome, **trouble})
    counts.update(done)
    return StepResult(name, counts)
