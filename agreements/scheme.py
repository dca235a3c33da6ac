"""The scheme as a whole, in numbers: when it is evaluated, and what its agreements and evaluations come to.

It counts people: of several cases, agreements or evaluations of one person the newest counts. Home office that was
imposed is no part of the scheme. No group of fewer than five is told (`agreements.suppression`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from agreements.calendar import add_months
from agreements.case import EndReason, EvaluationOutcome, State
from agreements.policy import SCORES, EvaluationRules, Policy
from agreements.suppression import (
    Group,
    average,
    average_of,
    is_too_few,
    neighbours_together,
    smallest_together,
)

ORDINARY_PERIOD = 12
"""Months a report covers where the policy has no cadence."""
A_DAY = timedelta(days=1)
JUST_ABOVE = 1e-9
"""Halves and quarters of days add up exactly; tenths do not."""


class Result(StrEnum):
    """What became of an application by the end of the period; what is alike stands together."""

    GRANTED = "granted"
    OPEN = "open"
    NOT_NEEDED = "not_needed"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


ENDED_WITHOUT_AGREEMENT = {
    EndReason.REJECTED: Result.REJECTED,
    EndReason.LAPSED: Result.LAPSED,
    EndReason.LEFT: Result.LEFT,
}
"""Every other end before the agreement was in force is somebody's change of mind."""
ENDS_OF_AGREEMENTS = (EndReason.EXPIRED, EndReason.RENEWED, EndReason.TERMINATED, EndReason.LEFT)
"""In this order; the ones that nobody has are kept, since groups told together must not say which of them are there."""


@dataclass(frozen=True, slots=True)
class GivenEvaluation:
    given_on: date
    outcome: EvaluationOutcome
    answers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeCase:
    """What the report needs to know of a case. `in_force_on` is the first day the agreement held, if it ever did."""

    employee_number: str
    unit_id: str | None
    days_per_week: float
    state: State
    applied_on: date
    granted_on: date | None = None
    in_force_on: date | None = None
    ended_on: date | None = None
    end_reason: EndReason | None = None
    evaluations: tuple[GivenEvaluation, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to the day before `as_of`, which is the day the report is dated."""

    first: date
    as_of: date

    @property
    def last(self) -> date:
        return self.as_of - A_DAY

    def holds(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Breakdown:
    """People in all, and in groups; None and no groups where they are too few to be told."""

    people: int | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit, or the small ones together. `is_above` their limit is said of single units, by the exact average."""

    unit_ids: tuple[str, ...]
    people: int
    average_days: float | None
    is_above: bool | None


@dataclass(frozen=True, slots=True)
class ScoreFigures:
    """How one statement was answered. `average` is the least and the greatest it may be."""

    column: str
    answers: Breakdown
    average: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeReport:
    """Groups of `in_force` are labelled by days a week, of `scores` by scores, of the others by what they are."""

    period: Period
    in_force: Breakdown
    average_days: tuple[float, float] | None
    unit_limit: float | None
    units: tuple[UnitFigures, ...]
    applications: Breakdown
    ended: Breakdown
    outcomes: Breakdown
    scores: tuple[ScoreFigures, ...]

    @property
    def units_above(self) -> int | None:
        """None where no unit is judged."""
        judged = [unit.is_above for unit in self.units if unit.is_above is not None]
        return sum(judged) if judged else None


# --- When -------------------------------------------------------------------------------------------------------


def newest_due_day(rules: EvaluationRules, today: date) -> date | None:
    """The last of the policy's days that has come; None before the first, or where the policy has none."""
    if rules.scheme_every_months is None or rules.scheme_from is None or today < rules.scheme_from:
        return None
    months = (today.year - rules.scheme_from.year) * 12 + today.month - rules.scheme_from.month
    turns = months // rules.scheme_every_months
    if add_months(rules.scheme_from, turns * rules.scheme_every_months) > today:
        turns -= 1
    return add_months(rules.scheme_from, turns * rules.scheme_every_months) if turns > 0 else None


def due_day(rules: EvaluationRules, today: date, in_force_since: date | None) -> date | None:
    """The day to make a report for, unless it is made: a day on which no agreement had been in force is passed over.

    After an outage this is the newest day alone.
    """
    day = newest_due_day(rules, today)
    if day is None or in_force_since is None or in_force_since >= day:
        return None
    return day


def period_of(rules: EvaluationRules, as_of: date) -> Period:
    """Since the due day before; of a report on another day, as many months back."""
    if newest_due_day(rules, as_of) == as_of:
        return Period(newest_due_day(rules, as_of - A_DAY) or rules.scheme_from or as_of, as_of)
    return Period(add_months(as_of, -(rules.scheme_every_months or ORDINARY_PERIOD)), as_of)


# --- What -------------------------------------------------------------------------------------------------------


def scheme_report(cases: Sequence[SchemeCase], policy: Policy, period: Period) -> SchemeReport:
    """The figures of the period. `cases` are all there are, the oldest first, without imposed ones."""
    in_force = _newest(case for case in cases if _is_in_force(case, period.last))
    applied = _newest(case for case in cases if period.holds(case.applied_on))
    ended = _newest(case for case in cases if case.in_force_on is not None and period.holds(case.ended_on))
    evaluations = _evaluations(cases, period)
    by_days = Counter(f"{case.days_per_week:g}" for case in in_force)
    days = _breakdown(sorted(by_days, key=float), by_days)
    return SchemeReport(
        period=period,
        in_force=days,
        average_days=average_of(days.groups),
        unit_limit=policy.limits.unit_average_days_per_week,
        units=_units(in_force, policy.limits.unit_average_days_per_week),
        applications=_breakdown(list(Result), Counter(_result(case, period.last) for case in applied)),
        ended=_breakdown(ENDS_OF_AGREEMENTS, Counter(case.end_reason for case in ended if case.end_reason is not None)),
        outcomes=_breakdown(list(EvaluationOutcome), Counter(each.outcome for each in evaluations)),
        scores=tuple(_scores(question.column, evaluations) for question in policy.evaluation.questions),
    )


def _scores(column: str, evaluations: Sequence[GivenEvaluation]) -> ScoreFigures:
    scores = Counter(str(score) for each in evaluations for asked, score in each.answers if asked == column)
    answers = _breakdown([str(score) for score in SCORES], scores)
    return ScoreFigures(column, answers, average_of(answers.groups))


def _units(in_force: Sequence[SchemeCase], limit: float | None) -> tuple[UnitFigures, ...]:
    """The average is over the agreements in force in the unit (Oslo's circular 38/2021, 2.3; docs/policies.md)."""
    days: dict[str, list[float]] = {}
    for case in in_force:
        days.setdefault(case.unit_id or "", []).append(case.days_per_week)
    groups = smallest_together([Group((unit_id,), len(days[unit_id])) for unit_id in sorted(days)])
    return tuple(_unit(group, [each for unit_id in group.labels for each in days[unit_id]], limit) for group in groups)


def _unit(group: Group, days: Sequence[float], limit: float | None) -> UnitFigures:
    is_judged = limit is not None and len(group.labels) == 1 and group.labels != ("",)
    is_above = sum(days) > (limit or 0) * len(days) + JUST_ABOVE if is_judged else None
    return UnitFigures(group.labels, group.people, average(days), is_above)


Label = TypeVar("Label", bound=str)


def _breakdown(labels: Sequence[Label], counts: Counter[Label]) -> Breakdown:
    people = sum(counts.values())
    groups = neighbours_together([Group((label,), counts[label]) for label in labels])
    return Breakdown(None if is_too_few(people) else people, groups if people else ())


def _is_in_force(case: SchemeCase, day: date) -> bool:
    has_begun = case.in_force_on is not None and case.in_force_on <= day
    return has_begun and (case.ended_on is None or case.ended_on > day)


def _result(case: SchemeCase, day: date) -> Result:
    if case.granted_on is not None and case.granted_on <= day:
        return Result.GRANTED
    if case.state is State.NO_AGREEMENT_NEEDED:
        return Result.NOT_NEEDED
    if case.ended_on is None or case.ended_on > day or case.end_reason is None:
        return Result.OPEN
    return ENDED_WITHOUT_AGREEMENT.get(case.end_reason, Result.WITHDRAWN)


def _newest(cases: Iterable[SchemeCase]) -> list[SchemeCase]:
    """One case a person; the last of them stands."""
    return list({case.employee_number: case for case in cases}.values())


def _evaluations(cases: Sequence[SchemeCase], period: Period) -> list[GivenEvaluation]:
    """The newest of each person in the period."""
    given = sorted(
        ((case.employee_number, each) for case in cases for each in case.evaluations if period.holds(each.given_on)),
        key=lambda pair: pair[1].given_on,
    )
    return list(dict(given).values())
