"""Evaluation scores by unit: which units stand together, whose answer counts, and what is never told."""

from datetime import date

from agreements.case import EvaluationOutcome, State
from agreements.scheme import GivenEvaluation, Period, SchemeCase
from agreements.suppression import FEWEST
from agreements.unit_scores import UnitScore, scores_by_unit
from config.policy_files import load_policy

POLICY = load_policy("prosedyre-websak")
COLUMN = POLICY.evaluation.questions[0].column
PERIOD = Period(date(2026, 1, 1), date(2027, 1, 1))
MAY = date(2026, 5, 1)


def evaluated(employee: str, unit_id: str | None, *scores: int, on: date = MAY) -> SchemeCase:
    return SchemeCase(
        employee_number=employee,
        unit_id=unit_id,
        days_per_week=2,
        state=State.ACTIVE,
        applied_on=date(2026, 1, 1),
        evaluations=tuple(GivenEvaluation(on, EvaluationOutcome.CONTINUE, ((COLUMN, score),)) for score in scores),
    )


def unit(unit_id: str, scores: list[int]) -> list[SchemeCase]:
    return [evaluated(f"{unit_id}-{ordinal}", unit_id, score) for ordinal, score in enumerate(scores)]


def told(cases: list[SchemeCase]) -> tuple[UnitScore, ...]:
    first, *others = scores_by_unit(cases, POLICY, PERIOD)
    assert first.text == POLICY.evaluation.questions[0].text
    assert all(other.units == () for other in others), "nobody has answered those"
    return first.units


def test_units_of_five_are_told_and_smaller_ones_stand_together() -> None:
    cases = [*unit("a", [1] * 10), *unit("b", [5] * 12), *unit("c", [2, 3]), *unit("d", [4])]
    assert told(cases) == (UnitScore(("b",), 12, 5.0), UnitScore(("a", "c", "d"), 13, 1.5))


def test_fewer_than_five_in_all_are_not_told() -> None:
    assert told(unit("a", [3] * (FEWEST - 1))) == ()
    assert told(unit("a", [3] * FEWEST)) == (UnitScore(("a",), FEWEST, 3.0),)


def test_the_average_of_few_is_rounded_to_halves_and_of_many_to_tenths() -> None:
    assert told(unit("a", [1, 1, 1, 1, 2])) == (UnitScore(("a",), 5, 1.0),)
    assert told(unit("a", [1, 1, 1, 1, 2] * 4)) == (UnitScore(("a",), 20, 1.2),)


def test_of_one_person_the_newest_evaluation_in_the_period_counts() -> None:
    cases = [
        *unit("a", [1] * 4),
        evaluated("x", "a", 5, on=date(2026, 8, 1)),
        evaluated("x", "a", 2, on=date(2026, 3, 1)),
        evaluated("x", "a", 1, on=PERIOD.as_of),
    ]
    assert told(cases) == (UnitScore(("a",), 5, 2.0),)


def test_whoever_has_answered_nothing_is_not_counted() -> None:
    assert told([*unit("a", [4] * 5), evaluated("x", "a"), evaluated("y", None)]) == (UnitScore(("a",), 5, 4.0),)
