"""Cases at every point of their life. Whatever a test does not say is ordinary."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from agreements.actions import Errand, ErrandKind, Notice
from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    Chase,
    Evaluation,
    EvaluationOutcome,
    Filing,
    FilingKind,
    Place,
    Requirement,
    RequirementKind,
    State,
    Termination,
)
from agreements.policy import Policy
from config.policy_files import load_policy

EMPLOYEE, MANAGER, STRANGER = "004711", "000815", "009999"
NUMBER = "HK-2026-00042"
MONDAY = date(2026, 3, 2)
"""No public holiday for a month to come."""
FORTNIGHT_ON = date(2026, 3, 16)
PHOTO_HASH = "a1" * 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one action is expected to be: its rule, the state it leaves, and what goes out."""

    rule: str
    state: State
    notices: tuple[Notice, ...] = ()
    errands: tuple[Errand, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A case on a day, and everything that is due for it then, in order."""

    name: str
    case: Case
    today: date
    outcomes: tuple[Outcome, ...] = ()


@cache
def shipped_policy() -> Policy:
    """The procedure's, less what has rows of its own: the evaluation ahead of the end, and HR told of documentation."""
    found = load_policy("prosedyre-websak")
    evaluation_rules = replace(found.evaluation, last_days_before_end=None)
    documentation = replace(found.documentation, escalate_to_hr_from=None)
    return replace(found, evaluation=evaluation_rules, documentation=documentation)


def policy(**changes: Any) -> Policy:  # noqa: ANN401 - as dataclasses.replace
    return replace(shipped_policy(), **changes)


def days(number: int) -> timedelta:
    return timedelta(days=number)


def application(**changes: Any) -> Application:  # noqa: ANN401 - as dataclasses.replace
    ordinary = Application(2.0, "Tirsdag, Torsdag", MONDAY + days(30), None, Place.HOME)
    return replace(ordinary, **changes)


def received(asked_for: Application | None = None, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    case = Case(
        number=NUMBER,
        employee_number=EMPLOYEE,
        manager_number=MANAGER,
        led_by=MANAGER,
        state=State.RECEIVED,
        applied_on=MONDAY,
        application=asked_for or application(),
    )
    return replace(case, **changes)


def chase(asked_on: date = MONDAY, stage: int = 0, last_sent_on: date | None = None) -> Chase:
    return Chase(asked_on, stage, last_sent_on or asked_on)


def requirements(*in_hand: RequirementKind, on: date = MONDAY) -> tuple[Requirement, ...]:
    """All three of the shipped policy, those named received."""
    return tuple(
        Requirement(kind, on, PHOTO_HASH if kind is RequirementKind.PHOTO else None)
        if kind in in_hand
        else Requirement(kind)
        for kind in RequirementKind
    )


def special_assessment(**changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    abroad = received(application(place=Place.ABROAD), state=State.SPECIAL_ASSESSMENT, assessment_request=chase())
    return replace(abroad, **changes)


def collecting(asked: Chase | None = None, *in_hand: RequirementKind, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    case = received(state=State.COLLECTING, documentation=asked or chase(), requirements=requirements(*in_hand))
    return replace(case, **changes)


def in_assessment(asked: Chase | None = None, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    case = collecting(None, *RequirementKind, state=State.IN_ASSESSMENT, assessment_request=asked or chase())
    return replace(case, **changes)


def assessment(
    outcome: AssessmentOutcome = AssessmentOutcome.APPROVED, given_on: date = MONDAY, given_by: str = MANAGER
) -> Assessment:
    return Assessment(outcome, "Ny lampe", given_by, given_on)


def approved(start_on: date = MONDAY, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    """Runs for a year from `start_on`; nothing is filed yet."""
    end_on = date(start_on.year + 1, start_on.month, start_on.day) - days(1)
    case = in_assessment(state=State.APPROVED, assessment=assessment(), start_on=start_on, end_on=end_on)
    return replace(case, **changes)


def filed(*kinds: FilingKind, verified: bool = True) -> tuple[Filing, ...]:
    return tuple(Filing(kind, verified=verified) for kind in kinds or (FilingKind.AGREEMENT, FilingKind.PHOTO))


def active(start_on: date = MONDAY, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    """In force for a year from `start_on`, filed and verified."""
    return approved(start_on, **{"state": State.ACTIVE, "filings": filed(), **changes})


CLOSED = (Errand(ErrandKind.CLOSE_FOLDER, sequence=0),)
"""What every case that has had a folder ends with."""


def told(day: date | None = None) -> tuple[Errand, ...]:
    """The archive brought up to date about a case it knows: of the day's change, or of the end."""
    return (Errand(ErrandKind.UPDATE_ARCHIVE, sequence=0 if day is None else day.toordinal()),)


def imposed(start_on: date = MONDAY, last_day: date = FORTNIGHT_ON, **changes: Any) -> Case:  # noqa: ANN401 - as dataclasses.replace
    asked_for = application(days_per_week=5.0, weekdays=None, start_on=start_on, end_on=last_day)
    return received(asked_for, imposed=True, **changes)


def evaluation(sequence: int, asked: Chase, due_on: date | None = None, **changes: Any) -> Evaluation:  # noqa: ANN401 - as dataclasses.replace
    return replace(Evaluation(sequence, due_on or asked.asked_on, asked), **changes)


def answered(sequence: int, outcome: EvaluationOutcome, on: date) -> Evaluation:
    return evaluation(sequence, chase(on), outcome=outcome, note="Går fint", given_by=MANAGER, given_on=on)


def termination(last_day: date, given_by: str = EMPLOYEE) -> Termination:
    return Termination(last_day, given_by)
