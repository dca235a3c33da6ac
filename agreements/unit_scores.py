"""How each statement of the evaluations was answered in each unit; no group of fewer than five is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreements.policy import Policy
from agreements.scheme import Period, SchemeCase
from agreements.suppression import Group, average, smallest_together


@dataclass(frozen=True, slots=True)
class UnitScore:
    """One unit, or the small ones together: how many have answered, and their average."""

    unit_ids: tuple[str, ...]
    people: int
    average: float | None


@dataclass(frozen=True, slots=True)
class StatementScores:
    """Nothing is told of the units where too few have answered in all."""

    text: str
    units: tuple[UnitScore, ...]


def scores_by_unit(cases: Sequence[SchemeCase], policy: Policy, period: Period) -> tuple[StatementScores, ...]:
    """Of the newest evaluation that each person's agreement was given in the period, by the unit of that agreement."""
    given = sorted(
        (
            (each.given_on, case.employee_number, case.unit_id or "", each.answers)
            for case in cases
            for each in case.evaluations
            if period.holds(each.given_on)
        ),
        key=lambda evaluation: evaluation[0],
    )
    newest = {employee: (unit_id, dict(answers)) for _, employee, unit_id, answers in given}
    return tuple(
        StatementScores(
            statement.text,
            _by_unit(
                [
                    (unit_id, answers[statement.column])
                    for unit_id, answers in newest.values()
                    if statement.column in answers
                ]
            ),
        )
        for statement in policy.evaluation.questions
    )


def _by_unit(answered: Sequence[tuple[str, int]]) -> tuple[UnitScore, ...]:
    scores: dict[str, list[int]] = {}
    for unit_id, score in answered:
        scores.setdefault(unit_id, []).append(score)
    groups = smallest_together([Group((unit_id,), len(scores[unit_id])) for unit_id in sorted(scores)])
    return tuple(
        UnitScore(group.labels, group.people, average([score for unit_id in group.labels for score in scores[unit_id]]))
        for group in groups
    )
