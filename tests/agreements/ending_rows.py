"""How cases end: notice and expiry, renewal, reversion, termination, withdrawal, and employees who leave.

An agreement from 5 March 2026 ends with 4 March 2027, a Thursday; its notice is due on Tuesday 2 February.
"""

from datetime import date
from typing import Any

from msgspec.structs import replace

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import Case, EvaluationOutcome, Filing, FilingKind, RequirementKind, State
from tests.agreements.evaluation_rows import recorded
from tests.agreements.factories import (
    CLOSED,
    FORTNIGHT_ON,
    MONDAY,
    Outcome,
    Row,
    active,
    answered,
    approved,
    chase,
    collecting,
    days,
    evaluation,
    filed,
    imposed,
    in_assessment,
    received,
    special_assessment,
    termination,
    told,
)

START, LAST_DAY, NOTICE_DAY = date(2026, 3, 5), date(2027, 3, 4), date(2027, 2, 2)
EVALUATED_ON = date(2026, 9, 7)
END_NOTE = (Errand(ErrandKind.FILE_DOCUMENT, FilingKind.END_NOTE), *told(), *CLOSED)
BOTH_SIDES = (Role.EMPLOYEE, Role.MANAGER)
NOTIFIED = Outcome("expiry.notice", State.ACTIVE, tuple(Notice("expiry_notice", role, LAST_DAY) for role in BOTH_SIDES))
EXPIRED = Outcome("expiry.period-over", State.ENDED, tuple(Notice("expired", role) for role in BOTH_SIDES), END_NOTE)
RENEWED = Outcome("expiry.renewed", State.ENDED, errands=END_NOTE)
REVERTED = Outcome("imposed.period-over", State.ENDED, (Notice("reverted", Role.EMPLOYEE),))
TERMINATED = Outcome(
    "termination.last-day-over", State.ENDED, tuple(Notice("terminated", role) for role in BOTH_SIDES), END_NOTE
)
WITHDRAWN = Outcome("application.withdrawn", State.ENDED, tuple(Notice("withdrawn", role) for role in BOTH_SIDES))
LEFT = Outcome("employment.ended", State.ENDED, (Notice("left", Role.MANAGER),))


def with_end_note(outcome: Outcome) -> Outcome:
    return Outcome(outcome.rule, outcome.state, outcome.notices, END_NOTE)


def with_folder(outcome: Outcome) -> Outcome:
    return Outcome(outcome.rule, outcome.state, outcome.notices, CLOSED)


def evaluated(**changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    """In force and evaluated once, so that only its end is still to come."""
    filings = (*filed(), Filing(FilingKind.EVALUATION, 1, verified=True))
    evaluations = (answered(1, EvaluationOutcome.CONTINUE, EVALUATED_ON),)
    return active(START, **{"evaluations": evaluations, "filings": filings, **changes})


def sent_home(**changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    """Imposed and informed; it reverts after 16 March."""
    case = replace(imposed(), state=State.ACTIVE, start_on=MONDAY, end_on=FORTNIGHT_ON)
    return replace(case, **changes)


OPEN_CASES = (
    ("received", received(), LEFT),
    ("special-assessment", special_assessment(), LEFT),
    ("collecting", collecting(), with_folder(LEFT)),
    ("in-assessment", in_assessment(), with_folder(LEFT)),
    ("approved", approved(), with_folder(LEFT)),
    ("filed", approved(filings=filed(verified=False)), with_end_note(LEFT)),
    ("active", active(), with_end_note(LEFT)),
    ("imposed", sent_home(), LEFT),
)
NOT_YET_IN_FORCE = (
    ("received", received(), WITHDRAWN),
    ("special-assessment", special_assessment(), WITHDRAWN),
    ("collecting", collecting(), with_folder(WITHDRAWN)),
    ("complete", collecting(None, *RequirementKind), with_folder(WITHDRAWN)),
    ("in-assessment", in_assessment(), with_folder(WITHDRAWN)),
    ("approved", approved(), with_folder(WITHDRAWN)),
    ("filed", approved(filings=filed()), with_end_note(WITHDRAWN)),
)

EXPIRY = (
    Row("day-before-notice", evaluated(), NOTICE_DAY - days(1)),
    Row("notice", evaluated(), NOTICE_DAY, (NOTIFIED,)),
    Row("notice-after-an-outage", evaluated(), LAST_DAY, (NOTIFIED,)),
    Row("notice-given-already", evaluated(expiry_notified_on=NOTICE_DAY), NOTICE_DAY + days(1)),
    Row("notice-not-on-sunday", evaluated(end_on=date(2027, 3, 9)), date(2027, 2, 7)),
    Row("no-notice-when-terminated", evaluated(termination=termination(LAST_DAY)), NOTICE_DAY),
    Row("no-notice-when-renewed", evaluated(renewed_by="HK-2027-00007"), NOTICE_DAY),
    Row("no-notice-when-leaving-before", evaluated(left_on=LAST_DAY - days(1)), NOTICE_DAY),
    Row("in-force-on-the-last-day", evaluated(expiry_notified_on=NOTICE_DAY), LAST_DAY),
    Row("expired", evaluated(expiry_notified_on=NOTICE_DAY), LAST_DAY + days(1), (EXPIRED,)),
    Row("expired-on-a-sunday", evaluated(expiry_notified_on=NOTICE_DAY), date(2027, 3, 7), (EXPIRED,)),
    Row("no-notice-of-what-is-over", evaluated(), LAST_DAY + days(1), (EXPIRED,)),
    Row("renewed", evaluated(renewed_by="HK-2027-00007"), LAST_DAY + days(1), (RENEWED,)),
    Row("no-evaluation-of-what-is-over", active(end_on=date(2026, 9, 3)), date(2026, 9, 4), (EXPIRED,)),
    Row(
        "no-reminder-of-what-is-over",
        active(end_on=date(2026, 9, 9), evaluations=(evaluation(1, chase(date(2026, 9, 2))),)),
        date(2026, 9, 10),
        (EXPIRED,),
    ),
)
REVERSION = (
    Row("imposed-on-the-last-day", sent_home(), MONDAY + days(14)),
    Row("reverted", sent_home(), MONDAY + days(15), (REVERTED,)),
    Row("imposed-is-not-evaluated", sent_home(end_on=LAST_DAY), date(2026, 9, 2)),
    Row("imposed-has-no-notice", sent_home(end_on=LAST_DAY), NOTICE_DAY),
)
TERMINATION = (
    Row("terminated-in-force-on-the-last-day", active(termination=termination(MONDAY + days(9))), MONDAY + days(9)),
    Row("terminated", active(termination=termination(MONDAY + days(9))), MONDAY + days(10), (TERMINATED,)),
    Row("terminated-on-a-saturday", active(termination=termination(MONDAY + days(4))), MONDAY + days(5), (TERMINATED,)),
    Row("terminated-before-it-began", active(START, termination=termination(MONDAY)), MONDAY + days(1), (TERMINATED,)),
    Row(
        "period-ends-before-the-termination",
        evaluated(termination=termination(LAST_DAY + days(30))),
        LAST_DAY + days(1),
        (EXPIRED,),
    ),
    *(
        Row(f"withdrawn-{name}", replace(case, termination=termination(MONDAY + days(90))), MONDAY, (outcome,))
        for name, case, outcome in NOT_YET_IN_FORCE
    ),
)
LEAVING = (
    *(
        Row(f"left-{name}", replace(case, left_on=MONDAY), MONDAY + days(1), (outcome,))
        for name, case, outcome in OPEN_CASES
    ),
    Row("last-day-of-employment", active(left_on=MONDAY), MONDAY),
    Row("left-on-a-sunday", active(left_on=MONDAY + days(5)), MONDAY + days(6), (with_end_note(LEFT),)),
    Row(
        "left-is-stronger-than-terminated",
        active(left_on=MONDAY, termination=termination(MONDAY)),
        MONDAY + days(1),
        (with_end_note(LEFT),),
    ),
    Row(
        "left-and-evaluated-the-same-night",
        active(left_on=EVALUATED_ON, evaluations=(answered(1, EvaluationOutcome.END, EVALUATED_ON),)),
        EVALUATED_ON + days(1),
        (recorded(1), with_end_note(LEFT)),
    ),
    Row("left-after-the-end-changes-nothing", received(state=State.ENDED, left_on=MONDAY), MONDAY + days(1)),
)
ENDING_ROWS = (*EXPIRY, *REVERSION, *TERMINATION, *LEAVING)
