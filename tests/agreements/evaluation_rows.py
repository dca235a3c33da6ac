"""What the six-month evaluation brings about. An agreement from 2 March is evaluated on Wednesday 2 September."""

from datetime import date

from msgspec.structs import replace

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import EvaluationOutcome, Filing, FilingKind, State
from tests.agreements.factories import (
    MONDAY,
    Outcome,
    Row,
    active,
    answered,
    chase,
    days,
    evaluation,
    filed,
    termination,
)

DUE = date(2026, 9, 2)
FIRST_REMINDER, SECOND_REMINDER = date(2026, 9, 10), date(2026, 9, 17)
TWO_YEARS = date(2028, 3, 1)
FILED_ONCE = (*filed(), Filing(FilingKind.EVALUATION, 1))


def asked(sequence: int, today: date, reply_by: date | None = None) -> Outcome:
    notice = Notice("evaluation_ask", Role.MANAGER, reply_by or today + days(7))
    return Outcome(f"evaluation.ask.{sequence}", State.ACTIVE, (notice,))


def reminded(stage: int, reply_by: date) -> Outcome:
    notices = [Notice("evaluation_reminder", Role.MANAGER, reply_by)]
    if stage >= 2:
        notices.append(Notice("evaluation_escalation", Role.HR, reply_by))
    return Outcome(f"evaluation.reminder.1.{stage}", State.ACTIVE, tuple(notices))


def recorded(sequence: int, outcome: EvaluationOutcome = EvaluationOutcome.CONTINUE) -> Outcome:
    """Where something is to be adjusted, both parties are told how to propose it."""
    errand = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.EVALUATION, sequence)
    both = (Notice("evaluation_adjust", Role.EMPLOYEE), Notice("evaluation_adjust", Role.MANAGER))
    notices = both if outcome is EvaluationOutcome.ADJUST else ()
    return Outcome(f"evaluation.recorded.{sequence}", State.ACTIVE, notices, (errand,))


ASKING = (
    Row("day-before-evaluation", active(), DUE - days(1)),
    Row("evaluation", active(), DUE, (asked(1, DUE),)),
    Row("evaluation-a-day-late", active(), DUE + days(1), (asked(1, DUE + days(1)),)),
    Row("evaluation-after-a-long-outage", active(), DUE + days(90), (asked(1, DUE + days(90)),)),
    Row("evaluation-asked-already", active(evaluations=(evaluation(1, chase(DUE)),)), DUE),
    Row("31-august-not-on-sunday-28-february", active(date(2026, 8, 31)), date(2027, 2, 28)),
    Row("31-august-on-monday-1-march", active(date(2026, 8, 31)), date(2027, 3, 1), (asked(1, date(2027, 3, 1)),)),
    Row(
        "evaluation-not-answered-by-christmas-day",
        active(date(2026, 6, 18)),
        date(2026, 12, 18),
        (asked(1, date(2026, 12, 18), date(2026, 12, 28)),),
    ),
    Row("evaluation-not-on-the-last-day", active(end_on=DUE, expiry_notified_on=DUE), DUE),
    Row("evaluation-before-the-last-day", active(end_on=DUE + days(40)), DUE, (asked(1, DUE),)),
    Row("evaluation-not-when-terminated-by-then", active(termination=termination(DUE)), DUE),
    Row("evaluation-when-terminated-later", active(termination=termination(DUE + days(1))), DUE, (asked(1, DUE),)),
    Row("evaluation-not-when-left-by-then", active(left_on=DUE), DUE),
    Row(
        "second-evaluation-waits-for-the-first",
        active(end_on=TWO_YEARS, evaluations=(evaluation(1, chase(DUE, 2, SECOND_REMINDER)),)),
        date(2027, 3, 2),
    ),
    Row(
        "second-evaluation",
        active(end_on=TWO_YEARS, evaluations=(answered(1, EvaluationOutcome.CONTINUE, DUE),), filings=FILED_ONCE),
        date(2027, 3, 2),
        (asked(2, date(2027, 3, 2)),),
    ),
)
REMINDING = (
    Row(
        "no-evaluation-reminder-on-the-named-day",
        active(evaluations=(evaluation(1, chase(DUE)),)),
        FIRST_REMINDER - days(1),
    ),
    Row(
        "evaluation-reminder",
        active(evaluations=(evaluation(1, chase(DUE)),)),
        FIRST_REMINDER,
        (reminded(1, date(2026, 9, 16)),),
    ),
    Row(
        "hr-told-of-the-evaluation",
        active(evaluations=(evaluation(1, chase(DUE, 1, FIRST_REMINDER)),)),
        SECOND_REMINDER,
        (reminded(2, date(2026, 9, 24)),),
    ),
    Row(
        "evaluation-newest-reminder-only",
        active(evaluations=(evaluation(1, chase(DUE)),)),
        date(2026, 10, 1),
        (reminded(2, date(2026, 10, 8)),),
    ),
    Row(
        "no-evaluation-reminder-on-saturday",
        active(evaluations=(evaluation(1, chase(date(2026, 9, 4))),)),
        date(2026, 9, 12),
    ),
    Row(
        "no-more-evaluation-reminders",
        active(evaluations=(evaluation(1, chase(DUE, 2, SECOND_REMINDER)),)),
        date(2026, 12, 1),
    ),
)
RECORDING = (
    *(
        Row(f"recorded-{outcome}", active(evaluations=(answered(1, outcome, DUE),)), DUE, (recorded(1, outcome),))
        for outcome in EvaluationOutcome
    ),
    Row(
        "recorded-on-a-sunday",
        active(evaluations=(answered(1, EvaluationOutcome.ADJUST, DUE),)),
        date(2026, 9, 6),
        (recorded(1, EvaluationOutcome.ADJUST),),
    ),
    Row(
        "recorded-an-extra-one",
        active(evaluations=(replace(answered(1, EvaluationOutcome.CONTINUE, MONDAY + days(30)), is_extra=True),)),
        MONDAY + days(30),
        (recorded(1),),
    ),
    Row(
        "an-extra-one-moves-no-other",
        active(
            evaluations=(replace(answered(1, EvaluationOutcome.CONTINUE, MONDAY + days(30)), is_extra=True),),
            filings=FILED_ONCE,
        ),
        DUE,
        (asked(2, DUE),),
    ),
    Row(
        "recorded-already",
        active(evaluations=(answered(1, EvaluationOutcome.CONTINUE, DUE),), filings=FILED_ONCE),
        DUE + days(1),
    ),
    Row(
        "recorded-late-and-the-next-is-due",
        active(end_on=TWO_YEARS, evaluations=(answered(1, EvaluationOutcome.CONTINUE, date(2027, 3, 2)),)),
        date(2027, 3, 2),
        (recorded(1), asked(2, date(2027, 3, 2))),
    ),
)
EVALUATION_ROWS = (*ASKING, *REMINDING, *RECORDING)
