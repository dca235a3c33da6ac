"""Photo, answers and signature are collected and chased; then the manager assesses, and is chased as well."""

from datetime import date

from msgspec.structs import replace

from agreements.actions import Action, Notice, Role
from agreements.advice import advice
from agreements.calendar import last_day_of_period
from agreements.case import (
    Assessment,
    AssessmentOutcome,
    Case,
    Chase,
    EndReason,
    Requirement,
    RequirementKind,
    State,
)
from agreements.policy import Policy
from agreements.rules.filing import closing
from agreements.rules.ladder import (
    IMMEDIATELY,
    escalates,
    giving_up_due,
    newest_due_stage,
    next_reminder_due,
    reply_by,
)
from agreements.words import application_in_words


def complete_due(case: Case, _policy: Policy) -> date | None:
    return None if case.missing else IMMEDIATELY


def complete(case: Case, policy: Policy, today: date) -> Action:
    chase = Chase.begun(today)
    waiting = replace(case.moved(State.IN_ASSESSMENT), assessment_request=chase)
    return Action(
        case.in_round("assessment.ask"),
        case,
        waiting,
        (Notice("assessment_ask", Role.MANAGER, reply_by(chase, policy.assessment), detail=advice(case, policy)),),
    )


def reminder_due(case: Case, policy: Policy) -> date | None:
    if case.documentation is None or case.paused_on is not None:
        return None
    return next_reminder_due(case.documentation, policy.documentation)


def reminder(case: Case, policy: Policy, today: date) -> Action:
    if case.documentation is None:
        raise AssertionError(f"{case.number}: nothing was asked, so nothing can be reminded of")
    stage = newest_due_stage(case.documentation, policy.documentation, today)
    chase = case.documentation.at(stage, today)
    answer_by = reply_by(chase, policy.documentation)
    notices = [Notice("documentation_reminder", Role.EMPLOYEE, answer_by)]
    if escalates(stage, policy.documentation):
        notices.append(Notice("documentation_escalation", Role.MANAGER, answer_by))
    to_hr_from = policy.documentation.escalate_to_hr_from
    if to_hr_from is not None and stage >= to_hr_from:
        notices.append(Notice("documentation_escalation_hr", Role.HR, answer_by))
    rule = case.in_round(f"documentation.reminder.{stage}")
    return Action(rule, case, replace(case, documentation=chase), tuple(notices))


def lapse_due(case: Case, policy: Policy) -> date | None:
    if case.documentation is None or case.paused_on is not None:
        return None
    return giving_up_due(case.documentation, policy.documentation)


def lapse(case: Case, _policy: Policy, today: date) -> Action:
    notices = (Notice("lapsed", Role.EMPLOYEE), Notice("lapsed", Role.MANAGER))
    return Action("documentation.lapsed", case, case.ended(EndReason.LAPSED, today), notices, closing(case))


def assessed_due(case: Case, _policy: Policy) -> date | None:
    return None if case.assessment is None else IMMEDIATELY


def assessed(case: Case, policy: Policy, today: date) -> Action:
    if case.assessment is None:
        raise AssertionError(f"{case.number}: asked to act on an assessment that is not there")
    if case.assessment.outcome is AssessmentOutcome.INCOMPLETE:
        return _ask_again(case, case.assessment, policy, today)
    if case.assessment.outcome is AssessmentOutcome.REJECTED:
        notices = (Notice("rejected", Role.EMPLOYEE),)
        return Action("assessment.rejected", case, case.ended(EndReason.REJECTED, today), notices, closing(case))
    if case.application.end_on is not None and case.application.end_on < today:
        notices = (Notice("rejected_period_over", Role.EMPLOYEE),)
        return Action("period.already-over", case, case.ended(EndReason.REJECTED, today), notices, closing(case))
    return Action("assessment.approved", case, _approved(case, case.assessment, policy))


def assessment_reminder_due(case: Case, policy: Policy) -> date | None:
    if case.assessment_request is None or case.hold is not None:
        return None
    return next_reminder_due(case.assessment_request, policy.assessment)


def assessment_reminder(case: Case, policy: Policy, today: date) -> Action:
    if case.assessment_request is None:
        raise AssertionError(f"{case.number}: nothing was asked, so nothing can be reminded of")
    stage = newest_due_stage(case.assessment_request, policy.assessment, today)
    chase = case.assessment_request.at(stage, today)
    answer_by = reply_by(chase, policy.assessment)
    after = replace(case, assessment_request=chase)
    if case.state is State.SPECIAL_ASSESSMENT:
        asked_for = application_in_words(case.application, policy.language)
        notice = Notice("special_assessment_reminder", Role.SPECIALIST, answer_by, asked_for)
        return Action(f"special-assessment.reminder.{stage}", case, after, (notice,))
    notices = [Notice("assessment_reminder", Role.MANAGER, answer_by)]
    if escalates(stage, policy.assessment):
        notices.append(Notice("assessment_escalation", Role.HR, answer_by))
    return Action(case.in_turn(case.in_round(f"assessment.reminder.{stage}")), case, after, tuple(notices))


def _ask_again(case: Case, assessment: Assessment, policy: Policy, today: date) -> Action:
    """The manager finds the documentation wanting: what is lacking is asked for again, with the reason given."""
    documents = {each.kind for each in case.requirements} - {RequirementKind.SIGNED_AGREEMENT}
    lacking = set(assessment.lacking) & documents or documents or {each.kind for each in case.requirements}
    requirements = tuple(Requirement(each.kind) if each.kind in lacking else each for each in case.requirements)
    chase = Chase.begun(today)
    after = replace(
        case.moved(State.COLLECTING),
        requirements=requirements,
        documentation=chase,
        assessment=None,
        assessment_request=None,
        asked_again=case.asked_again + 1,
    )
    notice = Notice(
        "documentation_again", Role.EMPLOYEE, reply_by(chase, policy.documentation), detail=assessment.measures
    )
    return Action(f"documentation.ask-again.{after.asked_again}", case, after, (notice,))


def _approved(case: Case, assessment: Assessment, policy: Policy) -> Case:
    """The agreement starts on the day asked for, but never before it is approved."""
    application = case.application
    start_on = max(application.start_on, assessment.given_on)
    longest = last_day_of_period(start_on, policy.period.months)
    end_on = longest if application.end_on is None else min(max(application.end_on, start_on), longest)
    return replace(case.moved(State.APPROVED), start_on=start_on, end_on=end_on)
