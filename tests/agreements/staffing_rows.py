"""What HR's changes bring about: another manager, another unit, a leave that begins and is over. Mondays in March."""

from datetime import date

from msgspec.structs import replace

from agreements.actions import Errand, ErrandKind, Notice, Role
from agreements.case import FilingKind, State
from tests.agreements.factories import (
    CLOSED,
    FORTNIGHT_ON,
    MONDAY,
    STRANGER,
    Outcome,
    Row,
    active,
    application,
    assessment,
    chase,
    collecting,
    days,
    evaluation,
    imposed,
    in_assessment,
    received,
    special_assessment,
    told,
)
from tests.agreements.opening_rows import ASKED

WEEK_ON = MONDAY + days(7)
DUE = date(2026, 9, 2)
SHARED = (Errand(ErrandKind.SHARE_FOLDER, sequence=WEEK_ON.toordinal()),)


def handed_over(state: State, *notices: Notice, shared: bool = False) -> Outcome:
    errands = SHARED if shared else told(WEEK_ON) if state is State.ACTIVE else ()
    return Outcome("manager.changed.20260309", state, notices, errands)


def moved(detail: str, *, is_told: bool = True) -> Outcome:
    notice = Notice("unit_moved", Role.MANAGER, detail=detail)
    return Outcome("unit.moved.20260309", State.ACTIVE, (notice,), told(WEEK_ON) if is_told else ())


def assess_by(reply_by: date) -> Notice:
    return Notice("new_manager_assessment", Role.MANAGER, reply_by)


NEW_MANAGER = (
    Row(
        "new-manager-while-assessing",
        in_assessment(chase(MONDAY, 1, WEEK_ON), manager_number=STRANGER),
        WEEK_ON,
        (handed_over(State.IN_ASSESSMENT, assess_by(WEEK_ON + days(7)), shared=True),),
    ),
    Row(
        "new-manager-after-the-old-one-assessed",
        replace(in_assessment(assessment=assessment()), manager_number=STRANGER),
        WEEK_ON,
        (
            handed_over(State.IN_ASSESSMENT, shared=True),
            Outcome("assessment.approved", State.APPROVED),
            Outcome(
                "filing.prepare",
                State.APPROVED,
                errands=tuple(
                    Errand(ErrandKind.FILE_DOCUMENT, kind) for kind in (FilingKind.AGREEMENT, FilingKind.PHOTO)
                ),
            ),
        ),
    ),
    Row(
        "new-manager-while-collecting",
        collecting(chase(MONDAY), manager_number=STRANGER),
        WEEK_ON,
        (handed_over(State.COLLECTING, shared=True),),
    ),
    Row(
        "nobody-leads-any-more",
        in_assessment(chase(MONDAY, 1, WEEK_ON), manager_number=None),
        WEEK_ON,
        (handed_over(State.IN_ASSESSMENT, Notice("without_manager", Role.HR), shared=True),),
    ),
    Row("new-manager-of-an-agreement", active(manager_number=STRANGER), WEEK_ON, (handed_over(State.ACTIVE),)),
    Row(
        "new-manager-while-evaluating",
        active(manager_number=STRANGER, evaluations=(evaluation(1, chase(DUE - days(9)), DUE - days(9)),)),
        DUE,
        (
            Outcome(
                "manager.changed.20260902",
                State.ACTIVE,
                (Notice("new_manager_evaluation", Role.MANAGER, DUE + days(7)),),
                told(DUE),
            ),
        ),
    ),
    Row(
        "new-manager-of-a-case-that-hr-assesses",
        special_assessment(manager_number=STRANGER),
        MONDAY,
        (Outcome("manager.changed.20260302", State.SPECIAL_ASSESSMENT),),
    ),
)
MOVED = (
    Row(
        "moved-with-an-agreement",
        active(unit_id="skole", placed_in="helse"),
        WEEK_ON,
        (moved("Avtalen er på 2 dager i uken, og det er innenfor retningslinjene."),),
    ),
    Row(
        "moved-with-more-days-than-usual",
        active(unit_id="skole", application=application(days_per_week=4.0)),
        WEEK_ON,
        (
            moved(
                "Avtalen er på 4 dager i uken. Retningslinjene sier vanligvis inntil 3 dager, "
                "så vurder om den skal endres."
            ),
        ),
    ),
    Row(
        "moved-with-more-days-than-possible",
        active(unit_id="skole", application=application(days_per_week=6.0)),
        WEEK_ON,
        (moved("Avtalen er på 6 dager i uken. Det er flere enn det kan avtales, så den må endres eller avsluttes."),),
    ),
    Row(
        "moved-and-a-new-manager",
        active(unit_id="skole", manager_number=STRANGER),
        WEEK_ON,
        (
            moved("Avtalen er på 2 dager i uken, og det er innenfor retningslinjene.", is_told=False),
            handed_over(State.ACTIVE),
        ),
    ),
    Row(
        "moved-before-there-is-an-agreement",
        collecting(chase(MONDAY), unit_id="skole"),
        WEEK_ON,
        (Outcome("unit.moved.20260309", State.COLLECTING),),
    ),
    Row(
        "moved-while-sent-home",
        imposed(state=State.ACTIVE, start_on=MONDAY, end_on=FORTNIGHT_ON, unit_id="skole"),
        WEEK_ON,
        (Outcome("unit.moved.20260309", State.ACTIVE),),
    ),
)
AWAY = (
    Row(
        "leave-begins-before-a-reminder",
        collecting(chase(MONDAY), away=True),
        WEEK_ON + days(1),
        (Outcome("leave.begun.20260310", State.COLLECTING),),
    ),
    Row("no-reminder-during-leave", collecting(chase(MONDAY), away=True, paused_on=WEEK_ON), FORTNIGHT_ON),
    Row("nothing-lapses-during-leave", collecting(chase(MONDAY, 3), away=True, paused_on=MONDAY), DUE),
    Row("no-evaluation-during-leave", active(away=True, paused_on=WEEK_ON), DUE),
    Row(
        "no-reminder-of-an-evaluation-during-leave",
        active(away=True, paused_on=DUE, evaluations=(evaluation(1, chase(DUE)),)),
        DUE + days(30),
    ),
    Row(
        "the-agreement-expires-during-leave-all-the-same",
        active(away=True, paused_on=WEEK_ON, expiry_notified_on=DUE),
        date(2027, 3, 2),
        (
            Outcome(
                "expiry.period-over",
                State.ENDED,
                (Notice("expired", Role.EMPLOYEE), Notice("expired", Role.MANAGER)),
                (Errand(ErrandKind.FILE_DOCUMENT, FilingKind.END_NOTE), *told(), *CLOSED),
            ),
        ),
    ),
    Row(
        "back-with-the-time-that-was-left",
        collecting(chase(MONDAY), paused_on=MONDAY + days(2)),
        MONDAY + days(32),
        (Outcome("leave.over.20260403", State.COLLECTING),),
    ),
    Row(
        "back-to-an-evaluation",
        active(paused_on=DUE + days(1), evaluations=(evaluation(1, chase(DUE)),)),
        DUE + days(60),
        (Outcome("leave.over.20261101", State.ACTIVE),),
    ),
    Row(
        "on-leave-when-the-application-comes",
        received(away=True),
        MONDAY,
        (Outcome("leave.begun.20260302", State.RECEIVED), ASKED),
    ),
)
STAFFING_ROWS = (*NEW_MANAGER, *MOVED, *AWAY)
