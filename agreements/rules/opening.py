"""A new application: does it need an agreement, a special assessment, or documentation?"""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import (
    Application,
    AssessmentOutcome,
    Case,
    Chase,
    EndReason,
    Filing,
    FilingKind,
    Place,
    Requirement,
    State,
)
from agreements.documents import Language
from agreements.policy import Policy
from agreements.rules.ladder import IMMEDIATELY, reply_by
from agreements.weekdays import WEEKDAYS, named_weekdays
from agreements.words import application_in_words, date_in_words

STILL_VALID: Mapping[Language, str] = {
    "nb": "Det du leverte i sak {number} gjelder fortsatt, så det trenger du ikke levere på nytt. Er noe endret siden "
    "da, kan du laste opp et nytt bilde eller svare på spørsmålene på nytt.",
    "nn": "Det du leverte i sak {number} gjeld framleis, så det treng du ikkje levere på nytt. Er noko endra sidan "
    "då, kan du laste opp eit nytt bilete eller svare på spørsmåla på nytt.",
}
IMPOSED: Mapping[Language, str] = {
    "nb": "fra {start} til og med {end}",
    "nn": "frå {start} til og med {end}",
}


def eligibility_due(case: Case, _policy: Policy) -> date | None:
    return None if case.imposed else IMMEDIATELY


def eligibility(case: Case, policy: Policy, today: date) -> Action:
    """Sort a new case: no agreement needed (regulation § 1), refused or looked at specially (policy), or ordinary."""
    application = case.application
    outside = _outside_the_regulation(application, policy, today)
    if outside is not None:
        rule, template = outside
        return Action(rule, case, case.moved(State.NO_AGREEMENT_NEEDED), (Notice(template, Role.EMPLOYEE),))
    refused = refusal(application, policy, case.unit_id, today)
    if refused is not None:
        rule, notice = refused
        return Action(rule, case, case.ended(EndReason.REJECTED, today), (notice,))
    if application.place is Place.ABROAD:
        return _ask_for_special_assessment(case, policy, today)
    return _start_collecting(case, policy, today, "documentation.ask")


def imposed_due(case: Case, _policy: Policy) -> date | None:
    return IMMEDIATELY if case.imposed else None


def imposed(case: Case, policy: Policy, _today: date) -> Action:
    """Ordered or recommended by the authorities: written information replaces the agreement (regulation § 2)."""
    application = case.application
    active = replace(case.moved(State.ACTIVE), start_on=application.start_on, end_on=application.end_on)
    letter = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.INFORMATION)
    return Action(
        "imposed.informed",
        case,
        active.with_filings(Filing(FilingKind.INFORMATION)),
        (imposed_notice(case, application, policy),),
        (letter,),
    )


def imposed_notice(case: Case, order: Application, policy: Policy) -> Notice:
    """The written information that replaces an agreement: from when to when."""
    if order.end_on is None:
        raise AssertionError(f"{case.number}: imposed without an end")
    period = IMPOSED[policy.language].format(start=date_in_words(order.start_on), end=date_in_words(order.end_on))
    return Notice("imposed", Role.EMPLOYEE, detail=period)


def special_assessment_due(case: Case, _policy: Policy) -> date | None:
    return None if case.assessment is None else IMMEDIATELY


def special_assessment(case: Case, policy: Policy, today: date) -> Action:
    """The named role has looked at a stay abroad: collect documentation, or say no."""
    if case.assessment is None:
        raise AssertionError(f"{case.number}: asked to act on an assessment that is not there")
    if case.assessment.outcome is AssessmentOutcome.REJECTED:
        notices = (Notice("rejected", Role.EMPLOYEE),)
        return Action("special-assessment.rejected", case, case.ended(EndReason.REJECTED, today), notices)
    # The manager's own assessment is still to come, once the documentation is there.
    cleared = replace(case, assessment=None, assessment_request=None)
    action = _start_collecting(cleared, policy, today, "special-assessment.approved")
    return replace(action, before=case)


def _start_collecting(case: Case, policy: Policy, today: date, rule: str) -> Action:
    """Ask for what the policy demands, less what a renewal brings with it and is still valid."""
    chase = Chase.begun(today)
    collecting = replace(
        case.moved(State.COLLECTING),
        requirements=tuple(case.requirement(kind) or Requirement(kind) for kind in policy.requirements),
        documentation=chase,
    )
    carried = next((each.carried_from for each in collecting.requirements if each.carried_from), None)
    said = None if carried is None else STILL_VALID[policy.language].format(number=carried)
    notices = (Notice("documentation_ask", Role.EMPLOYEE, reply_by(chase, policy.documentation), said),)
    return Action(rule, case, collecting, notices, (Errand(ErrandKind.OPEN_FOLDER),))


def _ask_for_special_assessment(case: Case, policy: Policy, today: date) -> Action:
    chase = Chase.begun(today)
    waiting = replace(case.moved(State.SPECIAL_ASSESSMENT), assessment_request=chase)
    asked_for = application_in_words(case.application, policy.language)
    notices = (
        Notice("special_assessment_ask", Role.SPECIALIST, reply_by(chase, policy.assessment), asked_for),
        Notice("special_assessment_waiting", Role.EMPLOYEE),
    )
    return Action("abroad.special-assessment", case, waiting, notices)


def _outside_the_regulation(application: Application, policy: Policy, today: date) -> tuple[str, str] | None:
    """The rule and the text for what needs no agreement (regulation § 1): elsewhere, sporadic, or short."""
    limits = policy.limits
    if application.place is Place.ELSEWHERE_IN_NORWAY:
        return "§1-elsewhere-than-home", "no_agreement_elsewhere"
    if application.place is Place.ABROAD:
        return None
    if application.days_per_week < limits.sporadic_below_days_per_week:
        return "§1-sporadic", "no_agreement_sporadic"
    lasts = None if application.end_on is None else (application.end_on - application.start_on).days + 1
    is_short = lasts is not None and 0 < lasts <= limits.short_term_up_to_days
    if is_short and application.end_on is not None and application.end_on >= today:
        return "§1-short-term", "no_agreement_short_term"
    return None


def refusal(application: Application, policy: Policy, unit_id: str | None, today: date) -> tuple[str, Notice] | None:
    """The rule and the notice when the policy leaves nothing to assess."""
    limits = policy.limits_in(unit_id)
    if application.days_per_week > limits.absolute_days_per_week:
        return "limits.too-many-days", Notice("rejected_too_many_days", Role.EMPLOYEE)
    if application.end_on is not None and application.end_on < today:
        return "period.already-over", Notice("rejected_period_over", Role.EMPLOYEE)
    if application.place is Place.ABROAD and policy.abroad.outcome == "refused":
        return "abroad.refused", Notice("rejected_abroad", Role.EMPLOYEE)
    named = named_weekdays(application.weekdays)
    attendance = [WEEKDAYS[day][policy.language] for day in limits.attendance_weekdays if day in named]
    if attendance:
        return "limits.attendance-day", Notice("rejected_attendance_day", Role.EMPLOYEE, detail=", ".join(attendance))
    return None
