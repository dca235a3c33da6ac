"""What follows when HR says that the manager is another, the unit is another, or the employee is on leave."""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Case, Chase, State
from agreements.documents import Language
from agreements.policy import Policy
from agreements.rules.change import asked_anew
from agreements.rules.filing import told
from agreements.rules.ladder import IMMEDIATELY, ONE_DAY, reply_by
from agreements.words import date_in_words, days_in_words

STATES_WITH_A_FOLDER_IN_USE = frozenset({State.COLLECTING, State.IN_ASSESSMENT})

MORE_THAN_ALLOWED: Mapping[Language, str] = {
    "nb": "Avtalen er på {days} i uken. Det er flere enn det kan avtales, så den må endres eller avsluttes.",
    "nn": "Avtalen er på {days} i veka. Det er fleire enn det kan avtalast, så han må endrast eller avsluttast.",
}
MORE_THAN_USUAL: Mapping[Language, str] = {
    "nb": ("Avtalen er på {days} i uken. Retningslinjene sier vanligvis inntil {most}, så vurder om den skal endres."),
    "nn": (
        "Avtalen er på {days} i veka. Retningslinjene seier vanlegvis inntil {most}, så vurder om han skal endrast."
    ),
}
WITHIN_THE_LIMITS: Mapping[Language, str] = {
    "nb": "Avtalen er på {days} i uken, og det er innenfor retningslinjene.",
    "nn": "Avtalen er på {days} i veka, og det er innanfor retningslinjene.",
}


def new_manager_due(case: Case, _policy: Policy) -> date | None:
    return None if case.manager_number == case.led_by else IMMEDIATELY


def new_manager(case: Case, policy: Policy, today: date) -> Action:
    """What waits for the manager moves to the new one, with the whole time to answer and one mail that explains it."""
    after = replace(case, led_by=case.manager_number)
    after, notices = _handed_over(after, policy, today)
    asked = asked_anew(after)
    after = after if asked is after else replace(asked, handed_over_on=today)
    share = Errand(ErrandKind.SHARE_FOLDER, sequence=today.toordinal())
    errands = (share,) if case.state in STATES_WITH_A_FOLDER_IN_USE else ()
    rule = f"manager.changed.{today:%Y%m%d}"
    return Action(rule, case, after, notices, (*errands, *told(case, today.toordinal())))


def moved_due(case: Case, _policy: Policy) -> date | None:
    return None if case.unit_id == case.placed_in else IMMEDIATELY


def moved(case: Case, policy: Policy, today: date) -> Action:
    """Another unit: an agreement in force is held against the policy once more, and the manager is told how it fits."""
    after = replace(case, placed_in=case.unit_id)
    rule = f"unit.moved.{today:%Y%m%d}"
    # A new manager comes next, and then the archive is told of both at once.
    errands = told(case, today.toordinal()) if case.manager_number == case.led_by else ()
    if case.state is not State.ACTIVE or case.imposed or case.unit_id is None:
        return Action(rule, case, after, errands=errands)
    notice = Notice("unit_moved", Role.MANAGER, detail=_fit(case, policy))
    return Action(rule, case, after, (notice,), errands)


def pause_due(case: Case, _policy: Policy) -> date | None:
    is_resting = case.away or case.hold is not None
    return IMMEDIATELY if is_resting and case.paused_on is None else None


def pause(case: Case, _policy: Policy, today: date) -> Action:
    """Nobody is chased for what an employee on leave owes, nor while HR has set the case on hold."""
    after = replace(case, paused_on=today)
    if case.hold is None:
        return Action(f"leave.begun.{today:%Y%m%d}", case, after)
    until = date_in_words(case.hold.until)
    notices = _both("paused", until) if case.state is State.ACTIVE and not case.imposed else ()
    return Action(f"hold.begun.{case.holds}", case, after, notices)


def hold_over_due(case: Case, _policy: Policy) -> date | None:
    return None if case.hold is None else case.hold.until + ONE_DAY


def hold_over(case: Case, _policy: Policy, today: date) -> Action:
    """The day after its last: the manager's own assessment goes on as well, with what was left of the time."""
    if case.hold is None:
        raise AssertionError(f"{case.number}: no hold can be over")
    request = case.assessment_request
    is_waiting = request is not None and case.state in {State.IN_ASSESSMENT, State.SPECIAL_ASSESSMENT}
    after = replace(case, hold=None)
    if request is not None and is_waiting:
        after = replace(after, assessment_request=_resumed(request, case.hold.begun_on, today))
    goes_on = case.state is State.ACTIVE and not case.imposed and not case.away and case.paused_on is not None
    notices = _both("resumed") if goes_on else ()
    return Action(f"hold.over.{case.holds}", case, after, notices)


def resume_due(case: Case, _policy: Policy) -> date | None:
    is_resting = case.away or case.hold is not None
    return IMMEDIATELY if not is_resting and case.paused_on is not None else None


def resume(case: Case, _policy: Policy, today: date) -> Action:
    """Back at work: what was left of the time to answer when the pause began is left now."""
    began = case.paused_on or today
    after = replace(case, paused_on=None)
    if case.documentation is not None and case.state is State.COLLECTING:
        after = replace(after, documentation=_resumed(case.documentation, began, today))
    evaluation = case.open_evaluation
    if evaluation is not None:
        after = after.with_evaluation(replace(evaluation, chase=_resumed(evaluation.chase, began, today)))
    change = case.newest_change
    if change is not None and change.outcome is None and change.chase is not None:
        after = after.with_change(replace(change, chase=_resumed(change.chase, began, today)))
    return Action(f"leave.over.{today:%Y%m%d}", case, after)


def _handed_over(case: Case, policy: Policy, today: date) -> tuple[Case, tuple[Notice, ...]]:
    evaluation = case.open_evaluation
    chase = Chase.begun(today)
    if case.state is State.IN_ASSESSMENT and case.assessment_request is not None and case.assessment is None:
        notice = _to_whoever_leads(case, "new_manager_assessment", reply_by(chase, policy.assessment))
        return replace(case, assessment_request=chase, handed_over_on=today), (notice,)
    if case.state is State.ACTIVE and evaluation is not None:
        notice = _to_whoever_leads(case, "new_manager_evaluation", reply_by(chase, policy.evaluation.ladder))
        moved = case.with_evaluation(replace(evaluation, chase=chase))
        return replace(moved, handed_over_on=today), (notice,)
    return case, ()


def _both(template: str, detail: str | None = None) -> tuple[Notice, ...]:
    return Notice(template, Role.EMPLOYEE, detail=detail), Notice(template, Role.MANAGER, detail=detail)


def _to_whoever_leads(case: Case, template: str, answer_by: date) -> Notice:
    """Where nobody leads any more, HR has a manager to find."""
    if case.manager_number is None:
        return Notice("without_manager", Role.HR)
    return Notice(template, Role.MANAGER, answer_by)


def _fit(case: Case, policy: Policy) -> str:
    """How the agreement stands to the policy's limits, in a sentence for the manager."""
    days, limits, language = case.application.days_per_week, policy.limits_in(case.unit_id), policy.language
    sentences = WITHIN_THE_LIMITS
    if days > limits.absolute_days_per_week:
        sentences = MORE_THAN_ALLOWED
    elif days > limits.max_days_per_week:
        sentences = MORE_THAN_USUAL
    most = days_in_words(limits.max_days_per_week, language)
    return sentences[language].format(days=days_in_words(days, language), most=most)


def _resumed(chase: Chase, began: date, today: date) -> Chase:
    """Later by the days of the leave; a question asked during the leave by those since."""
    by = today - max(began, chase.last_sent_on)
    return replace(chase, asked_on=chase.asked_on + by, last_sent_on=chase.last_sent_on + by)
