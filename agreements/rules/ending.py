"""How a case ends: withdrawn, terminated, period over, or the employee has left."""

from datetime import date, timedelta

from msgspec.structs import replace

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Case, EndReason, Filing, FilingKind
from agreements.policy import Policy
from agreements.rules.filing import closing, told
from agreements.rules.ladder import IMMEDIATELY, ONE_DAY


def left_due(case: Case, _policy: Policy) -> date | None:
    """The agreement holds through the last day of the employment."""
    return None if case.left_on is None else case.left_on + ONE_DAY


def left(case: Case, _policy: Policy, today: date) -> Action:
    return _end(case, EndReason.LEFT, today, "employment.ended", (Notice("left", Role.MANAGER),))


def withdrawal_due(case: Case, _policy: Policy) -> date | None:
    """A termination before the agreement is in force takes the application back."""
    return None if case.termination is None else IMMEDIATELY


def withdrawal(case: Case, _policy: Policy, today: date) -> Action:
    notices = (Notice("withdrawn", Role.EMPLOYEE), Notice("withdrawn", Role.MANAGER))
    return _end(case, EndReason.WITHDRAWN, today, "application.withdrawn", notices)


def termination_due(case: Case, _policy: Policy) -> date | None:
    return None if case.termination is None else case.termination.last_day + ONE_DAY


def termination(case: Case, _policy: Policy, today: date) -> Action:
    notices = (Notice("terminated", Role.EMPLOYEE), Notice("terminated", Role.MANAGER))
    return _end(case, EndReason.TERMINATED, today, "termination.last-day-over", notices)


def expiry_notice_due(case: Case, policy: Policy) -> date | None:
    if case.imposed or case.end_on is None or case.expiry_notified_on is not None:
        return None
    if case.termination is not None or case.renewed_by is not None or case.last_day != case.end_on:
        return None  # it is settled already what comes after the agreement
    return case.end_on - timedelta(days=policy.period.notice_days_before)


def expiry_notice(case: Case, _policy: Policy, today: date) -> Action:
    notices = (Notice("expiry_notice", Role.EMPLOYEE, case.end_on), Notice("expiry_notice", Role.MANAGER, case.end_on))
    return Action("expiry.notice", case, replace(case, expiry_notified_on=today), notices)


def period_over_due(case: Case, _policy: Policy) -> date | None:
    return None if case.end_on is None else case.end_on + ONE_DAY


def period_over(case: Case, _policy: Policy, today: date) -> Action:
    if case.imposed:
        return _end(case, EndReason.REVERTED, today, "imposed.period-over", (Notice("reverted", Role.EMPLOYEE),))
    if case.renewed_by is not None:
        return _end(case, EndReason.RENEWED, today, "expiry.renewed", ())
    notices = (Notice("expired", Role.EMPLOYEE), Notice("expired", Role.MANAGER))
    return _end(case, EndReason.EXPIRED, today, "expiry.period-over", notices)


def _end(case: Case, reason: EndReason, today: date, rule: str, notices: tuple[Notice, ...]) -> Action:
    """End the case; what is already in the archive gets an end note beside it, and both folders are closed."""
    after = case.ended(reason, today)
    if not case.filings:
        return Action(rule, case, after, notices, closing(case))
    after = after.with_filings(Filing(FilingKind.END_NOTE))
    end_note = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.END_NOTE)
    return Action(rule, case, after, notices, (end_note, *told(case), *closing(case)))
