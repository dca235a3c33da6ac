"""What HR follows up: what waits for whom and how long, what runs out, and which evaluations come."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from agreements.case import Case, Chase, State
from agreements.policy import Ladder, Policy
from agreements.rules import evaluation
from agreements.rules.ladder import reply_by

NEAR = timedelta(days=60)
"""How far ahead an end and an evaluation are told."""
DAYS_IN_A_WEEK = 7


class Waits(StrEnum):
    """What an open question is about; the values are HR's words."""

    DOCUMENTATION = "dokumentasjon fra den ansatte"
    ASSESSMENT = "vurdering fra leder"
    SPECIAL_ASSESSMENT = "særskilt vurdering"
    EVALUATION = "evaluering fra leder"
    CHANGE = "svar på endring"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked in a case, and the first day named to answer by. Nobody is late while the case is paused."""

    waits: Waits
    asked_on: date
    answer_by: date
    is_paused: bool

    def days_overdue(self, today: date) -> int:
        return 0 if self.is_paused else max((today - self.answer_by).days, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """An open case: its questions, its last day where that is near, and the day of the next evaluation where it is."""

    case_number: str
    unit_id: str
    state: State
    questions: tuple[Question, ...]
    ends_on: date | None
    evaluated_on: date | None


@dataclass(slots=True)
class Figures:
    """Of one unit, or of all."""

    open: int = 0
    overdue: int = 0
    ending: int = 0
    evaluations: int = 0
    waits: Counter[Waits] = field(default_factory=Counter)
    late: Counter[Waits] = field(default_factory=Counter)

    def add(self, line: Line, today: date) -> None:
        late = [question for question in line.questions if question.days_overdue(today)]
        self.open += 1
        self.overdue += bool(late)
        self.ending += line.ends_on is not None
        self.evaluations += line.evaluated_on is not None
        self.waits.update(question.waits for question in line.questions)
        self.late.update(question.waits for question in late)


@dataclass(frozen=True, slots=True)
class Week:
    """How many agreements are over, and how many evaluations come, in the week that begins on this Monday."""

    monday: date
    ending: int
    evaluations: int

    @property
    def name(self) -> str:
        return f"Uke {self.monday.isocalendar().week}"


def line_of(case: Case, policy: Policy, today: date) -> Line:
    """What there is to follow in an open case."""
    last_day = case.last_day if case.state is State.ACTIVE else None
    next_one = case.open_evaluation.due_on if case.open_evaluation else evaluation.ask_due(case, policy)
    return Line(
        case.number,
        case.unit_id or "",
        case.state,
        tuple(_questions(case, policy)),
        last_day if last_day is not None and last_day <= today + NEAR else None,
        next_one if next_one is not None and next_one <= today + NEAR else None,
    )


def figures_by_unit(lines: Sequence[Line], today: date) -> dict[str, Figures]:
    """By unit id, the most overdue first; a case without a unit is under the empty id."""
    found: dict[str, Figures] = {}
    for line in lines:
        found.setdefault(line.unit_id, Figures()).add(line, today)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].overdue, -pair[1].open, pair[0])))


def figures_of_all(lines: Sequence[Line], today: date) -> Figures:
    total = Figures()
    for line in lines:
        total.add(line, today)
    return total


def weeks_ahead(lines: Sequence[Line], today: date) -> list[Week]:
    """From this week to that of the last day that is near; what lies behind stands in this week."""
    ending = Counter(_monday(max(line.ends_on, today)) for line in lines if line.ends_on is not None)
    evaluations = Counter(_monday(max(line.evaluated_on, today)) for line in lines if line.evaluated_on is not None)
    number = (_monday(today + NEAR) - _monday(today)).days // DAYS_IN_A_WEEK + 1
    mondays = [_monday(today) + timedelta(weeks=ordinal) for ordinal in range(number)]
    return [Week(monday, ending[monday], evaluations[monday]) for monday in mondays]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _questions(case: Case, policy: Policy) -> Iterable[Question]:
    for waits, chase, ladder in _pursued(case, policy):
        if chase is not None:
            answer_by = reply_by(Chase.begun(chase.asked_on), ladder)
            yield Question(waits, chase.asked_on, answer_by, is_paused=case.paused_on is not None)


def _pursued(case: Case, policy: Policy) -> Iterable[tuple[Waits, Chase | None, Ladder]]:
    match case.state:
        case State.COLLECTING:
            yield Waits.DOCUMENTATION, case.documentation, policy.documentation
        case State.IN_ASSESSMENT:
            yield Waits.ASSESSMENT, case.assessment_request, policy.assessment
        case State.SPECIAL_ASSESSMENT:
            yield Waits.SPECIAL_ASSESSMENT, case.assessment_request, policy.assessment
        case State.ACTIVE:
            open_one, change = case.open_evaluation, case.newest_change
            yield Waits.EVALUATION, None if open_one is None else open_one.chase, policy.evaluation.ladder
            is_asked = change is not None and change.outcome is None
            yield Waits.CHANGE, change.chase if change is not None and is_asked else None, policy.change
        case _:
            return
