"""What opening a case brings about: eligibility, the special assessment, imposed home office."""

from datetime import date

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import AssessmentOutcome, FilingKind, Place, State
from tests.agreements.factories import (
    MONDAY,
    Outcome,
    Row,
    application,
    assessment,
    chase,
    days,
    imposed,
    received,
    special_assessment,
)

SUNDAY, NEXT_MONDAY = date(2026, 3, 8), date(2026, 3, 9)
SPECIAL_FROM_SUNDAY = special_assessment(assessment_request=chase(date(2026, 3, 1)))
FOLDER = (Errand(ErrandKind.OPEN_FOLDER),)
ASKED = Outcome(
    "documentation.ask",
    State.COLLECTING,
    (Notice("documentation_ask", Role.EMPLOYEE, MONDAY + days(7)),),
    FOLDER,
)
ABROAD_FOR = "2 dager i uken (tirsdag og torsdag) fra 1. april 2026, uten oppgitt sluttdato"
SPORADIC = Outcome("§1-sporadic", State.NO_AGREEMENT_NEEDED, (Notice("no_agreement_sporadic", Role.EMPLOYEE),))
SHORT_TERM = Outcome("§1-short-term", State.NO_AGREEMENT_NEEDED, (Notice("no_agreement_short_term", Role.EMPLOYEE),))
TOO_MANY = Outcome("limits.too-many-days", State.ENDED, (Notice("rejected_too_many_days", Role.EMPLOYEE),))
TOO_LATE = Outcome("period.already-over", State.ENDED, (Notice("rejected_period_over", Role.EMPLOYEE),))


def abroad(asked_for: str = ABROAD_FOR) -> Outcome:
    asked = Notice("special_assessment_ask", Role.SPECIALIST, NEXT_MONDAY, asked_for)
    waiting = Notice("special_assessment_waiting", Role.EMPLOYEE)
    return Outcome("abroad.special-assessment", State.SPECIAL_ASSESSMENT, (asked, waiting))


def informed(period: str = "fra 2. mars 2026 til og med 16. mars 2026") -> Outcome:
    letter = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.INFORMATION)
    return Outcome("imposed.informed", State.ACTIVE, (Notice("imposed", Role.EMPLOYEE, detail=period),), (letter,))


def reminded(stage: int, reply_by: date) -> Outcome:
    notice = Notice("special_assessment_reminder", Role.SPECIALIST, reply_by, ABROAD_FOR)
    return Outcome(f"special-assessment.reminder.{stage}", State.SPECIAL_ASSESSMENT, (notice,))


ELIGIBILITY = (
    Row("ordinary", received(), MONDAY, (ASKED,)),
    Row(
        "on-a-sunday",
        received(),
        SUNDAY,
        (Outcome(ASKED.rule, ASKED.state, (Notice("documentation_ask", Role.EMPLOYEE, date(2026, 3, 16)),), FOLDER),),
    ),
    Row("just-below-a-day-a-week", received(application(days_per_week=0.9)), MONDAY, (SPORADIC,)),
    Row("a-day-a-week", received(application(days_per_week=1.0)), MONDAY, (ASKED,)),
    Row("as-many-days-as-there-may-be", received(application(days_per_week=5.0)), MONDAY, (ASKED,)),
    Row("too-many-days", received(application(days_per_week=5.5)), MONDAY, (TOO_MANY,)),
    Row("over-yesterday", received(application(end_on=MONDAY - days(1))), MONDAY, (TOO_LATE,)),
    Row("over-today", received(application(end_on=MONDAY)), MONDAY, (ASKED,)),
    Row("a-fortnight", received(application(end_on=MONDAY + days(43))), MONDAY, (SHORT_TERM,)),
    Row("a-day-more-than-a-fortnight", received(application(end_on=MONDAY + days(44))), MONDAY, (ASKED,)),
    Row(
        "elsewhere",
        received(application(place=Place.ELSEWHERE_IN_NORWAY)),
        MONDAY,
        (
            Outcome(
                "§1-elsewhere-than-home",
                State.NO_AGREEMENT_NEEDED,
                (Notice("no_agreement_elsewhere", Role.EMPLOYEE),),
            ),
        ),
    ),
    Row("abroad", received(application(place=Place.ABROAD)), MONDAY, (abroad(),)),
    Row(
        "abroad-now-and-then",
        received(
            application(place=Place.ABROAD, days_per_week=0.5, weekdays="fredag", end_on=date(2026, 4, 30)),
        ),
        MONDAY,
        (abroad("0,5 dager i uken (fredag) fra 1. april 2026 til og med 30. april 2026"),),
    ),
    Row("no-agreement-needed-stays-so", received(state=State.NO_AGREEMENT_NEEDED), MONDAY),
)
SPECIAL_ASSESSMENT = (
    Row("special-waits", special_assessment(), MONDAY + days(4)),
    Row("special-not-reminded-on-saturday", SPECIAL_FROM_SUNDAY, date(2026, 3, 7)),
    Row("special-asked-on-a-sunday-counts-from-monday", SPECIAL_FROM_SUNDAY, date(2026, 3, 9)),
    Row("special-reminded-on-tuesday", SPECIAL_FROM_SUNDAY, date(2026, 3, 10), (reminded(1, date(2026, 3, 13)),)),
    Row("special-not-reminded-on-the-named-day", special_assessment(), NEXT_MONDAY),
    Row("special-reminded-after-it", special_assessment(), date(2026, 3, 10), (reminded(1, date(2026, 3, 13)),)),
    Row(
        "special-reminded-already",
        special_assessment(assessment_request=chase(stage=1, last_sent_on=date(2026, 3, 10))),
        date(2026, 3, 13),
    ),
    Row("special-newest-reminder-only", special_assessment(), date(2026, 3, 18), (reminded(3, date(2026, 3, 25)),)),
    Row(
        "special-no-more-reminders",
        special_assessment(assessment_request=chase(stage=3, last_sent_on=date(2026, 3, 18))),
        date(2026, 6, 1),
    ),
    Row(
        "special-approved",
        special_assessment(assessment=assessment()),
        MONDAY,
        (Outcome("special-assessment.approved", State.COLLECTING, ASKED.notices, FOLDER),),
    ),
    Row(
        "special-rejected",
        special_assessment(assessment=assessment(AssessmentOutcome.REJECTED)),
        MONDAY,
        (Outcome("special-assessment.rejected", State.ENDED, (Notice("rejected", Role.EMPLOYEE),)),),
    ),
)
IMPOSED = (
    Row("imposed", imposed(), MONDAY, (informed(),)),
    Row(
        "imposed-ahead",
        imposed(MONDAY + days(3), MONDAY + days(17)),
        MONDAY,
        (informed("fra 5. mars 2026 til og med 19. mars 2026"),),
    ),
    Row("imposed-every-day-of-the-week", imposed(), SUNDAY, (informed(),)),
)
OPENING_ROWS = (*ELIGIBILITY, *SPECIAL_ASSESSMENT, *IMPOSED)
