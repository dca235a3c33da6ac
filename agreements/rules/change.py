"""Another extent while the agreement runs: one party proposes, the other answers, a new version says it (§ 2)."""

from datetime import date

from msgspec.structs import replace

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Application, Case, Change, ChangeOutcome, Chase, Filing, FilingKind, Place
from agreements.policy import Policy
from agreements.rules.ladder import (
    IMMEDIATELY,
    escalates,
    giving_up_due,
    newest_due_stage,
    next_reminder_due,
    reply_by,
)
from agreements.rules.opening import refusal
from agreements.words import extent_in_words

ANSWERED = {
    ChangeOutcome.AGREED: "change.agreed",
    ChangeOutcome.DECLINED: "change.declined",
    ChangeOutcome.WITHDRAWN: "change.withdrawn",
}
"""The rule of each answer."""
REFUSED = {
    "limits.too-many-days": "change.too-many-days",
    "limits.attendance-day": "change.attendance-day",
}
"""The rule for what an application would be refused for as well."""


def asked_due(case: Case, _policy: Policy) -> date | None:
    change = _unanswered(case)
    return IMMEDIATELY if change is not None and change.chase is None else None


def asked(case: Case, policy: Policy, today: date) -> Action:
    """The other party is asked; what the policy does not allow is refused before anybody has to say no to it."""
    change = _newest(case)
    wanted = Application(change.days_per_week, change.weekdays, change.start_on, None, Place.HOME)
    refused = refusal(wanted, policy, case.unit_id, today)
    if refused is not None:
        rule, reason = refused
        settled = replace(change, outcome=ChangeOutcome.REFUSED, settled_on=today)
        notice = Notice(f"change_{reason.template}", _proposer(change), detail=reason.detail)
        return Action(f"{REFUSED[rule]}.{change.sequence}", case, case.with_change(settled), (notice,))
    chase = Chase.begun(today)
    notice = Notice("change_ask", _answerer(change), reply_by(chase, policy.change), _said(change, policy))
    asking = case.with_change(replace(change, chase=chase))
    return Action(case.in_turn(f"change.ask.{change.sequence}"), case, asking, (notice,))


def reminder_due(case: Case, policy: Policy) -> date | None:
    chase = _chase(case)
    return None if chase is None else next_reminder_due(chase, policy.change)


def reminder(case: Case, policy: Policy, today: date) -> Action:
    change, chase = _newest(case), _pursued(case)
    stage = newest_due_stage(chase, policy.change, today)
    chase = chase.at(stage, today)
    answer_by = reply_by(chase, policy.change)
    notices = [Notice("change_reminder", _answerer(change), answer_by, _said(change, policy))]
    if escalates(stage, policy.change):
        notices.append(Notice("change_escalation", Role.HR, answer_by, _said(change, policy)))
    rule = case.in_turn(f"change.reminder.{change.sequence}.{stage}")
    return Action(rule, case, case.with_change(replace(change, chase=chase)), tuple(notices))


def lapse_due(case: Case, policy: Policy) -> date | None:
    chase = _chase(case)
    return None if chase is None else giving_up_due(chase, policy.change)


def lapse(case: Case, policy: Policy, today: date) -> Action:
    change = _newest(case)
    settled = replace(change, outcome=ChangeOutcome.LAPSED, settled_on=today)
    notices = _both("change_lapsed", _said(change, policy))
    return Action(f"change.lapsed.{change.sequence}", case, case.with_change(settled), notices)


def answered_due(case: Case, _policy: Policy) -> date | None:
    change = case.newest_change
    waits = change is not None and change.settled_on is None and change.outcome in ANSWERED
    return IMMEDIATELY if waits else None


def answered(case: Case, policy: Policy, today: date) -> Action:
    """Both are told of a yes, the one who proposed of a no, and whoever was asked that it is taken back."""
    change, said = _newest(case), _said(_newest(case), policy)
    if change.outcome is None:
        raise AssertionError(f"{case.number}: the change is not answered")
    after = case.with_change(replace(change, settled_on=today))
    match change.outcome:
        case ChangeOutcome.AGREED:
            notices = _both("change_agreed", said)
        case ChangeOutcome.DECLINED:
            notices = (Notice("change_declined", _proposer(change), detail=said),)
        case _:
            was_asked = change.chase is not None
            notices = (Notice("change_withdrawn", _answerer(change), detail=said),) if was_asked else ()
    return Action(f"{ANSWERED[change.outcome]}.{change.sequence}", case, after, notices)


def in_force_due(case: Case, _policy: Policy) -> date | None:
    change = case.newest_change
    if change is None or change.in_force_on is not None:
        return None
    return change.start_on if change.outcome is ChangeOutcome.AGREED and change.settled_on is not None else None


def in_force(case: Case, _policy: Policy, today: date) -> Action:
    """From now on the agreement says the new extent: a new version of it goes to the archive (regulation § 2)."""
    change = _newest(case)
    application: Application = replace(case.application, days_per_week=change.days_per_week, weekdays=change.weekdays)
    after = replace(case.with_change(replace(change, in_force_on=today)), application=application)
    after = after.with_filings(Filing(FilingKind.AGREEMENT, after.version))
    errand = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.AGREEMENT, after.version)
    return Action(f"change.in-force.{change.sequence}", case, after, errands=(errand,))


def asked_anew(case: Case) -> Case:
    """For a new manager: a question that waited for the one before is asked again, with the whole time to answer."""
    change = _unanswered(case)
    waits_for_manager = change is not None and change.by_employee and change.chase is not None
    return case.with_change(replace(_newest(case), chase=None)) if waits_for_manager else case


def _unanswered(case: Case) -> Change | None:
    change = case.newest_change
    return change if change is not None and change.outcome is None else None


def _newest(case: Case) -> Change:
    if case.newest_change is None:
        raise AssertionError(f"{case.number}: no change was proposed")
    return case.newest_change


def _chase(case: Case) -> Chase | None:
    """How far the answer is pursued; nobody is pursued while the case is paused."""
    change = _unanswered(case)
    return None if change is None or case.paused_on is not None else change.chase


def _pursued(case: Case) -> Chase:
    chase = _chase(case)
    if chase is None:
        raise AssertionError(f"{case.number}: nothing was asked, so nothing can be reminded of")
    return chase


def _proposer(change: Change) -> Role:
    return Role.EMPLOYEE if change.by_employee else Role.MANAGER


def _answerer(change: Change) -> Role:
    return Role.MANAGER if change.by_employee else Role.EMPLOYEE


def _both(template: str, said: str) -> tuple[Notice, ...]:
    return Notice(template, Role.EMPLOYEE, detail=said), Notice(template, Role.MANAGER, detail=said)


def _said(change: Change, policy: Policy) -> str:
    return extent_in_words(change.days_per_week, change.weekdays, change.start_on, policy.language)
