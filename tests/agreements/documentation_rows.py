"""What collecting documentation and the manager's assessment bring about, and then the filing of the agreement.

2026: Easter is from Thursday 2 to Monday 6 April.
"""

from datetime import date

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import AssessmentOutcome, Filing, FilingKind, Requirement, RequirementKind, State
from tests.agreements.factories import (
    CLOSED,
    MONDAY,
    Outcome,
    Row,
    application,
    approved,
    assessment,
    chase,
    collecting,
    days,
    filed,
    in_assessment,
    requirements,
)

TUESDAY = MONDAY + days(1)
FRIDAY, SATURDAY, NEXT_MONDAY = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)
LAPSED = Outcome(
    "documentation.lapsed", State.ENDED, (Notice("lapsed", Role.EMPLOYEE), Notice("lapsed", Role.MANAGER)), CLOSED
)
PERIOD_OVER = Outcome("period.already-over", State.ENDED, (Notice("rejected_period_over", Role.EMPLOYEE),), CLOSED)
REJECTED = Outcome("assessment.rejected", State.ENDED, (Notice("rejected", Role.EMPLOYEE),), CLOSED)
SHORT_ENDS = date(2026, 3, 5)
SHORT = application(start_on=MONDAY, end_on=SHORT_ENDS)
FILE_BOTH = tuple(Errand(ErrandKind.FILE_DOCUMENT, kind) for kind in (FilingKind.AGREEMENT, FilingKind.PHOTO))
FILE_SIGNED = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.SIGNED_AGREEMENT)


def reminded(stage: int, reply_by: date) -> Outcome:
    notices = [Notice("documentation_reminder", Role.EMPLOYEE, reply_by)]
    if stage >= 2:
        notices.append(Notice("documentation_escalation", Role.MANAGER, reply_by))
    return Outcome(f"documentation.reminder.{stage}", State.COLLECTING, tuple(notices))


def ask_manager(reply_by: date) -> Outcome:
    notice = Notice("assessment_ask", Role.MANAGER, reply_by)
    return Outcome("assessment.ask", State.IN_ASSESSMENT, (notice,))


def manager_reminded(stage: int, reply_by: date) -> Outcome:
    notices = [Notice("assessment_reminder", Role.MANAGER, reply_by)]
    if stage >= 3:
        notices.append(Notice("assessment_escalation", Role.HR, reply_by))
    return Outcome(f"assessment.reminder.{stage}", State.IN_ASSESSMENT, tuple(notices))


REMINDERS = (
    Row("no-reminder-on-the-named-day", collecting(chase(TUESDAY)), date(2026, 3, 10)),
    Row("first-reminder", collecting(chase(TUESDAY)), date(2026, 3, 11), (reminded(1, date(2026, 3, 17)),)),
    Row("day-after-first-reminder", collecting(chase(TUESDAY, 1, date(2026, 3, 11))), date(2026, 3, 12)),
    Row("first-reminder-a-day-late", collecting(chase(TUESDAY)), date(2026, 3, 12), (reminded(1, date(2026, 3, 17)),)),
    Row(
        "no-second-reminder-on-the-named-day",
        collecting(chase(TUESDAY, 1, date(2026, 3, 11))),
        date(2026, 3, 17),
    ),
    Row(
        "second-reminder-escalates",
        collecting(chase(TUESDAY, 1, date(2026, 3, 11))),
        date(2026, 3, 18),
        (reminded(2, date(2026, 3, 24)),),
    ),
    Row(
        "last-reminder-names-the-end",
        collecting(chase(TUESDAY, 2, date(2026, 3, 18))),
        date(2026, 3, 25),
        (reminded(3, date(2026, 4, 1)),),
    ),
    Row("no-reminder-on-saturday", collecting(chase(FRIDAY)), date(2026, 3, 14)),
    Row("no-reminder-on-sunday", collecting(chase(FRIDAY)), date(2026, 3, 15)),
    Row("reminder-after-the-weekend", collecting(chase(FRIDAY)), date(2026, 3, 16), (reminded(1, date(2026, 3, 20)),)),
    Row("named-day-moved-from-saturday-to-monday", collecting(chase(SATURDAY)), date(2026, 3, 16)),
    Row(
        "reminder-after-the-moved-day",
        collecting(chase(SATURDAY)),
        date(2026, 3, 17),
        (reminded(1, date(2026, 3, 23)),),
    ),
    *(
        Row(f"no-reminder-in-easter-{day}", collecting(chase(date(2026, 3, 25))), date(2026, 4, day))
        for day in range(2, 7)
    ),
    Row(
        "reminder-after-easter",
        collecting(chase(date(2026, 3, 25))),
        date(2026, 4, 7),
        (reminded(1, date(2026, 4, 10)),),
    ),
    Row("named-day-moved-past-easter", collecting(chase(date(2026, 3, 26))), date(2026, 4, 7)),
    Row(
        "reminder-after-the-day-moved-past-easter",
        collecting(chase(date(2026, 3, 26))),
        date(2026, 4, 8),
        (reminded(1, date(2026, 4, 13)),),
    ),
    Row(
        "second-reminder-waits-for-an-answer-to-the-late-first",
        collecting(chase(date(2026, 3, 25), 1, date(2026, 4, 7))),
        date(2026, 4, 10),
    ),
    Row(
        "second-reminder-after-the-day-the-late-first-named",
        collecting(chase(date(2026, 3, 25), 1, date(2026, 4, 7))),
        date(2026, 4, 13),
        (reminded(2, date(2026, 4, 16)),),
    ),
    Row(
        "outage-until-the-second-day",
        collecting(chase(TUESDAY)),
        date(2026, 3, 17),
        (reminded(1, date(2026, 3, 20)),),
    ),
    Row(
        "outage-past-the-second-day",
        collecting(chase(TUESDAY)),
        date(2026, 3, 18),
        (reminded(2, date(2026, 3, 24)),),
    ),
    Row(
        "end-named-by-a-late-last-reminder-is-a-working-day",
        collecting(chase(TUESDAY, 2, date(2026, 3, 18))),
        date(2026, 3, 26),
        (reminded(3, date(2026, 4, 7)),),
    ),
    Row("outage-of-two-months", collecting(chase(TUESDAY)), date(2026, 5, 4), (reminded(3, date(2026, 5, 11)),)),
    Row(
        "some-of-it-is-not-all",
        collecting(chase(TUESDAY), RequirementKind.PHOTO, RequirementKind.ANSWERS),
        date(2026, 3, 11),
        (reminded(1, date(2026, 3, 17)),),
    ),
)
LAPSING = (
    Row("no-lapse-on-the-named-day", collecting(chase(MONDAY, 3, date(2026, 3, 24))), date(2026, 3, 31)),
    Row("lapse", collecting(chase(MONDAY, 3, date(2026, 3, 24))), date(2026, 4, 1), (LAPSED,)),
    Row("late-last-reminder-keeps-its-distance", collecting(chase(MONDAY, 3, date(2026, 3, 25))), date(2026, 4, 1)),
    Row("lapse-waits-for-easter-to-end", collecting(chase(MONDAY, 3, date(2026, 3, 25))), date(2026, 4, 2)),
    Row("lapse-after-easter", collecting(chase(MONDAY, 3, date(2026, 3, 25))), date(2026, 4, 7), (LAPSED,)),
    Row("no-lapse-on-the-day-moved-past-easter", collecting(chase(MONDAY, 3, date(2026, 3, 26))), date(2026, 4, 7)),
    Row(
        "lapse-after-the-day-moved-past-easter",
        collecting(chase(MONDAY, 3, date(2026, 3, 26))),
        date(2026, 4, 8),
        (LAPSED,),
    ),
    Row(
        "no-lapse-without-a-last-reminder",
        collecting(chase(TUESDAY, 2, date(2026, 3, 18))),
        date(2026, 4, 14),
        (reminded(3, date(2026, 4, 21)),),
    ),
    Row(
        "completed-during-the-named-day-and-read-the-night-after",
        collecting(chase(MONDAY, 3, date(2026, 3, 24)), *RequirementKind),
        date(2026, 4, 1),
        (ask_manager(date(2026, 4, 7)),),
    ),
)
ASSESSMENT = (
    Row("complete", collecting(None, *RequirementKind), TUESDAY, (ask_manager(NEXT_MONDAY),)),
    Row("complete-on-a-saturday", collecting(None, *RequirementKind), SATURDAY, (ask_manager(date(2026, 3, 16)),)),
    Row("manager-has-time", in_assessment(), date(2026, 3, 6)),
    Row("manager-not-reminded-on-saturday", in_assessment(chase(date(2026, 3, 1))), SATURDAY),
    Row("manager-not-reminded-on-the-named-day", in_assessment(), NEXT_MONDAY),
    Row("manager-reminded", in_assessment(), date(2026, 3, 10), (manager_reminded(1, date(2026, 3, 13)),)),
    Row(
        "manager-reminded-again",
        in_assessment(chase(stage=1, last_sent_on=date(2026, 3, 10))),
        date(2026, 3, 16),
        (manager_reminded(2, date(2026, 3, 19)),),
    ),
    Row(
        "hr-told-of-the-manager",
        in_assessment(chase(stage=2, last_sent_on=date(2026, 3, 16))),
        date(2026, 3, 20),
        (manager_reminded(3, date(2026, 3, 27)),),
    ),
    Row("manager-after-an-outage", in_assessment(), date(2026, 4, 30), (manager_reminded(3, date(2026, 5, 7)),)),
    Row(
        "last-reminder-before-easter-leaves-until-after-it",
        in_assessment(),
        date(2026, 3, 26),
        (manager_reminded(3, date(2026, 4, 7)),),
    ),
    Row(
        "manager-has-three-days-after-a-late-reminder",
        in_assessment(chase(stage=1, last_sent_on=date(2026, 3, 11))),
        date(2026, 3, 16),
    ),
    Row(
        "manager-reminded-after-the-day-a-late-reminder-named",
        in_assessment(chase(stage=1, last_sent_on=date(2026, 3, 11))),
        date(2026, 3, 17),
        (manager_reminded(2, date(2026, 3, 20)),),
    ),
    Row("manager-left-in-peace", in_assessment(chase(stage=3, last_sent_on=date(2026, 3, 20))), date(2026, 9, 1)),
    Row(
        "approved",
        in_assessment(assessment=assessment()),
        MONDAY,
        (
            Outcome("assessment.approved", State.APPROVED),
            Outcome("filing.prepare", State.APPROVED, errands=FILE_BOTH),
        ),
    ),
    Row(
        "approved-on-the-last-day-of-the-period",
        in_assessment(application=SHORT, assessment=assessment(given_on=SHORT_ENDS)),
        SHORT_ENDS,
        (
            Outcome("assessment.approved", State.APPROVED),
            Outcome("filing.prepare", State.APPROVED, errands=FILE_BOTH),
        ),
    ),
    Row(
        "approved-the-day-after-the-period",
        in_assessment(application=SHORT, assessment=assessment(given_on=SHORT_ENDS + days(1))),
        SHORT_ENDS + days(1),
        (PERIOD_OVER,),
    ),
    Row(
        "approved-in-time-but-first-seen-after-the-period",
        in_assessment(application=SHORT, assessment=assessment(given_on=SHORT_ENDS)),
        SHORT_ENDS + days(1),
        (PERIOD_OVER,),
    ),
    Row(
        "rejected-after-the-period-is-the-managers-no",
        in_assessment(application=SHORT, assessment=assessment(AssessmentOutcome.REJECTED)),
        SHORT_ENDS + days(1),
        (REJECTED,),
    ),
    Row(
        "rejected",
        in_assessment(assessment=assessment(AssessmentOutcome.REJECTED)),
        MONDAY,
        (REJECTED,),
    ),
    Row(
        "approved-in-time-is-not-reminded",
        in_assessment(assessment=assessment(AssessmentOutcome.REJECTED)),
        date(2026, 3, 10),
        (REJECTED,),
    ),
)
FILING = (
    Row("to-be-filed", approved(), MONDAY, (Outcome("filing.prepare", State.APPROVED, errands=FILE_BOTH),)),
    Row(
        "to-be-filed-without-photo",
        approved(requirements=requirements(RequirementKind.ANSWERS, RequirementKind.SIGNED_AGREEMENT)),
        MONDAY,
        (Outcome("filing.prepare", State.APPROVED, errands=FILE_BOTH[:1]),),
    ),
    Row(
        "to-be-filed-with-the-signed-agreement",
        approved().with_requirement(Requirement(RequirementKind.SIGNED_AGREEMENT, MONDAY, "b2" * 32)),
        MONDAY,
        (Outcome("filing.prepare", State.APPROVED, errands=(FILE_BOTH[0], FILE_SIGNED, FILE_BOTH[1])),),
    ),
    Row("filed-not-verified", approved(filings=filed(verified=False)), MONDAY),
    Row(
        "half-of-it-verified",
        approved(filings=(Filing(FilingKind.AGREEMENT, verified=True), Filing(FilingKind.PHOTO))),
        MONDAY,
    ),
    Row(
        "verified",
        approved(filings=filed()),
        SATURDAY,
        (
            Outcome(
                "filing.verified",
                State.ACTIVE,
                (Notice("agreement_active", Role.EMPLOYEE), Notice("agreement_active", Role.MANAGER)),
                (Errand(ErrandKind.CLOSE_FOLDER),),
            ),
        ),
    ),
)
DOCUMENTATION_ROWS = (*REMINDERS, *LAPSING, *ASSESSMENT, *FILING)
