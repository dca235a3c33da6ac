"""What a proposed change, a pause by HR and wanting documentation bring about. Changes are chased at 5, 10, then 17."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import (
    Assessment,
    AssessmentOutcome,
    Case,
    Change,
    ChangeOutcome,
    Chase,
    FilingKind,
    Hold,
    Requirement,
    RequirementKind,
    State,
)
from tests.agreements.factories import (
    EMPLOYEE,
    MANAGER,
    MONDAY,
    PHOTO_HASH,
    STRANGER,
    Outcome,
    Row,
    active,
    application,
    chase,
    collecting,
    days,
    evaluation,
    in_assessment,
    received,
    told,
)

PROPOSED_ON = date(2026, 3, 2)
FROM = date(2026, 4, 1)
SAID = "3 dager i uken (mandag) fra 1. april 2026"
FIRST_REMINDER, SECOND_REMINDER, LAPSE = date(2026, 3, 10), date(2026, 3, 17), date(2026, 3, 25)
NOTICES_OF_BOTH = (Role.EMPLOYEE, Role.MANAGER)


def change(asked: Chase | None = None, **changes: Any) -> Change:  # noqa: ANN401 - as dataclasses.replace
    proposed = Change(1, EMPLOYEE, PROPOSED_ON, True, 3.0, "Mandag", FROM, asked)  # noqa: FBT003 - by the employee
    return replace(proposed, **changes)


def changing(proposed: Change, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    return active(changes=(proposed,), **changes)


def agreed(**changes: Any) -> Change:  # noqa: ANN401 - as dataclasses.replace
    answered = {"outcome": ChangeOutcome.AGREED, "answered_by": MANAGER, "answered_on": MONDAY}
    return change(chase(), **{**answered, **changes})


def asked(to: Role, rule: str = "change.ask.1") -> Outcome:
    return Outcome(rule, State.ACTIVE, (Notice("change_ask", to, date(2026, 3, 9), SAID),))


def both(template: str, detail: str | None = SAID) -> tuple[Notice, ...]:
    return tuple(Notice(template, role, detail=detail) for role in NOTICES_OF_BOTH)


IN_FORCE = Outcome(
    "change.in-force.1", State.ACTIVE, errands=(Errand(ErrandKind.FILE_DOCUMENT, FilingKind.AGREEMENT, 2),)
)
CHANGING = (
    Row("change-asks-the-manager", changing(change()), MONDAY, (asked(Role.MANAGER),)),
    Row(
        "change-asks-the-employee",
        changing(change(by_employee=False, proposed_by=MANAGER)),
        MONDAY,
        (asked(Role.EMPLOYEE),),
    ),
    Row(
        "change-to-too-many-days",
        changing(change(days_per_week=6.0)),
        MONDAY,
        (Outcome("change.too-many-days.1", State.ACTIVE, (Notice("change_rejected_too_many_days", Role.EMPLOYEE),)),),
    ),
    Row(
        "change-to-too-many-days-by-the-manager",
        changing(change(days_per_week=6.0, by_employee=False)),
        MONDAY,
        (Outcome("change.too-many-days.1", State.ACTIVE, (Notice("change_rejected_too_many_days", Role.MANAGER),)),),
    ),
    Row("no-change-reminder-on-the-named-day", changing(change(chase())), FIRST_REMINDER - days(1)),
    Row(
        "change-reminder",
        changing(change(chase())),
        FIRST_REMINDER,
        (
            Outcome(
                "change.reminder.1.1",
                State.ACTIVE,
                (Notice("change_reminder", Role.MANAGER, date(2026, 3, 13), SAID),),
            ),
        ),
    ),
    Row(
        "change-reminder-to-the-employee",
        changing(change(chase(), by_employee=False)),
        FIRST_REMINDER,
        (
            Outcome(
                "change.reminder.1.1",
                State.ACTIVE,
                (Notice("change_reminder", Role.EMPLOYEE, date(2026, 3, 13), SAID),),
            ),
        ),
    ),
    Row("no-change-reminder-on-leave", changing(change(chase()), away=True, paused_on=MONDAY), LAPSE + days(9)),
    Row("change-not-lapsed-on-the-named-day", changing(change(chase(MONDAY, 2, SECOND_REMINDER))), LAPSE - days(1)),
    Row(
        "change-lapsed",
        changing(change(chase(MONDAY, 2, SECOND_REMINDER))),
        LAPSE,
        (Outcome("change.lapsed.1", State.ACTIVE, both("change_lapsed")),),
    ),
    Row(
        "change-agreed",
        changing(agreed()),
        MONDAY,
        (Outcome("change.agreed.1", State.ACTIVE, both("change_agreed")),),
    ),
    Row("change-agreed-and-not-yet-in-force", changing(agreed(settled_on=MONDAY)), FROM - days(1)),
    Row("change-in-force", changing(agreed(settled_on=MONDAY)), FROM, (IN_FORCE,)),
    Row(
        "change-agreed-after-its-day",
        changing(agreed()),
        FROM + days(1),
        (Outcome("change.agreed.1", State.ACTIVE, both("change_agreed")), IN_FORCE),
    ),
    Row(
        "change-declined",
        changing(agreed(outcome=ChangeOutcome.DECLINED)),
        MONDAY,
        (Outcome("change.declined.1", State.ACTIVE, (Notice("change_declined", Role.EMPLOYEE, detail=SAID),)),),
    ),
    Row(
        "change-declined-by-the-employee",
        changing(agreed(outcome=ChangeOutcome.DECLINED, by_employee=False)),
        MONDAY,
        (Outcome("change.declined.1", State.ACTIVE, (Notice("change_declined", Role.MANAGER, detail=SAID),)),),
    ),
    Row(
        "change-withdrawn",
        changing(agreed(outcome=ChangeOutcome.WITHDRAWN)),
        MONDAY,
        (Outcome("change.withdrawn.1", State.ACTIVE, (Notice("change_withdrawn", Role.MANAGER, detail=SAID),)),),
    ),
    Row(
        "change-withdrawn-by-the-manager",
        changing(agreed(outcome=ChangeOutcome.WITHDRAWN, by_employee=False)),
        MONDAY,
        (Outcome("change.withdrawn.1", State.ACTIVE, (Notice("change_withdrawn", Role.EMPLOYEE, detail=SAID),)),),
    ),
    Row(
        "change-withdrawn-before-anybody-was-asked",
        changing(agreed(outcome=ChangeOutcome.WITHDRAWN, chase=None)),
        MONDAY,
        (Outcome("change.withdrawn.1", State.ACTIVE),),
    ),
    Row(
        "change-asked-of-the-new-manager",
        changing(change(chase()), manager_number=STRANGER),
        MONDAY,
        (
            Outcome("manager.changed.20260302", State.ACTIVE, errands=told(MONDAY)),
            asked(Role.MANAGER, "change.ask.1.20260302"),
        ),
    ),
    Row(
        "nothing-of-a-change-after-the-end",
        replace(changing(change(chase())), state=State.ENDED),
        LAPSE,
    ),
)
HELD = Hold(MONDAY, MONDAY + days(30))
HOLDING = (
    Row(
        "hold-begun",
        active(hold=HELD, holds=1),
        MONDAY,
        (Outcome("hold.begun.1", State.ACTIVE, both("paused", "1. april 2026")),),
    ),
    Row("hold-of-an-application", collecting(hold=HELD, holds=1), MONDAY, (Outcome("hold.begun.1", State.COLLECTING),)),
    Row("no-reminder-on-hold", collecting(hold=HELD, holds=1, paused_on=MONDAY), MONDAY + days(29)),
    Row("no-assessment-reminder-on-hold", in_assessment(hold=HELD, holds=1, paused_on=MONDAY), MONDAY + days(29)),
    Row(
        "hold-over",
        active(hold=HELD, holds=1, paused_on=MONDAY),
        HELD.until + days(1),
        (
            Outcome("hold.over.1", State.ACTIVE, both("resumed", None)),
            Outcome("leave.over.20260402", State.ACTIVE),
        ),
    ),
    Row(
        "hold-over-during-leave",
        active(hold=HELD, holds=1, paused_on=MONDAY, away=True),
        HELD.until + days(1),
        (Outcome("hold.over.1", State.ACTIVE),),
    ),
    Row(
        "no-evaluation-on-hold",
        active(hold=replace(HELD, until=date(2026, 10, 1)), paused_on=MONDAY),
        date(2026, 9, 2),
    ),
    Row(
        "time-to-evaluate-is-left-after-a-hold",
        active(
            hold=Hold(date(2026, 9, 3), date(2026, 9, 20)),
            holds=1,
            paused_on=date(2026, 9, 3),
            evaluations=(evaluation(1, chase(date(2026, 9, 2))),),
        ),
        date(2026, 9, 21),
        (
            Outcome("hold.over.1", State.ACTIVE, both("resumed", None)),
            Outcome("leave.over.20260921", State.ACTIVE),
        ),
    ),
)
INCOMPLETE = Assessment(
    AssessmentOutcome.INCOMPLETE, "Lampen vises ikke.", MANAGER, MONDAY, lacking=(RequirementKind.PHOTO,)
)
AGAIN = Notice("documentation_again", Role.EMPLOYEE, date(2026, 3, 9), "Lampen vises ikke.")
ASKING_AGAIN = (
    Row(
        "documentation-asked-for-again",
        in_assessment(assessment=INCOMPLETE),
        MONDAY,
        (Outcome("documentation.ask-again.1", State.COLLECTING, (AGAIN,)),),
    ),
    Row(
        "documentation-asked-for-a-third-time",
        in_assessment(assessment=INCOMPLETE, asked_again=1),
        MONDAY,
        (Outcome("documentation.ask-again.2", State.COLLECTING, (AGAIN,)),),
    ),
    Row(
        "reminder-of-the-second-round",
        collecting(asked_again=1),
        date(2026, 3, 10),
        (
            Outcome(
                "documentation.reminder.1.2",
                State.COLLECTING,
                (Notice("documentation_reminder", Role.EMPLOYEE, date(2026, 3, 16)),),
            ),
        ),
    ),
    Row(
        "assessment-of-the-second-round",
        collecting(None, *RequirementKind, asked_again=1),
        MONDAY,
        (
            Outcome(
                "assessment.ask.2", State.IN_ASSESSMENT, (Notice("assessment_ask", Role.MANAGER, date(2026, 3, 9)),)
            ),
        ),
    ),
)
CARRIED = (
    Requirement(RequirementKind.PHOTO, MONDAY, PHOTO_HASH, carried_from="HK-2025-00007"),
    Requirement(RequirementKind.ANSWERS, MONDAY, answers=(("Lys", "Vindu"),), carried_from="HK-2025-00007"),
)
RENEWING = (
    Row(
        "renewal-asks-for-the-agreement-only",
        received(application(), renews="HK-2025-00007", requirements=CARRIED),
        MONDAY,
        (
            Outcome(
                "documentation.ask",
                State.COLLECTING,
                (
                    Notice(
                        "documentation_ask",
                        Role.EMPLOYEE,
                        date(2026, 3, 9),
                        "Det du leverte i sak HK-2025-00007 gjelder fortsatt, så det trenger du ikke levere på nytt. "
                        "Er noe endret siden da, kan du laste opp et nytt bilde eller svare på spørsmålene på nytt.",
                    ),
                ),
                (Errand(ErrandKind.OPEN_FOLDER),),
            ),
        ),
    ),
)
CHANGE_ROWS = (*CHANGING, *HOLDING, *ASKING_AGAIN, *RENEWING)
