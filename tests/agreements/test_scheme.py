"""The report over the scheme in numbers: when it is due, whom it counts, and units against their average."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from agreements.case import EndReason, EvaluationOutcome, State
from agreements.policy import EvaluationRules, Policy, Statement
from agreements.scheme import (
    GivenEvaluation,
    Period,
    Result,
    SchemeCase,
    SchemeReport,
    due_day,
    newest_due_day,
    period_of,
    scheme_report,
)
from agreements.suppression import Group
from tests.agreements.factories import policy

RULES = EvaluationRules(scheme_every_months=6, scheme_from=date(2020, 8, 31))
EACH = EvaluationRules(every_months=6)
PERIOD = Period(date(2026, 1, 1), date(2026, 7, 1))
LAST = date(2026, 6, 30)
STATEMENTS = (Statement(column="Ro", text="Ro nok."), Statement(column="Kontakt", text="Kontakt nok."))


def rules(unit_average: float | None = 2.0) -> Policy:
    shipped = policy()
    return policy(
        limits=msgspec.structs.replace(shipped.limits, unit_average_days_per_week=unit_average),
        evaluation=msgspec.structs.replace(shipped.evaluation, questions=STATEMENTS),
    )


def person(number: int, **changes: Any) -> SchemeCase:  # noqa: ANN401 - as dataclasses.replace
    """In force since the year before."""
    ordinary = SchemeCase(
        employee_number=f"{number:04d}",
        unit_id="plan",
        days_per_week=2.0,
        state=State.ACTIVE,
        applied_on=date(2025, 11, 3),
        granted_on=date(2025, 11, 20),
        in_force_on=date(2025, 12, 1),
    )
    return replace(ordinary, **changes)


def people(first: int, number: int, **changes: Any) -> list[SchemeCase]:  # noqa: ANN401 - as dataclasses.replace
    return [person(first + ordinal, **changes) for ordinal in range(number)]


def report(*cases: SchemeCase, unit_average: float | None = 2.0) -> SchemeReport:
    return scheme_report(cases, rules(unit_average), PERIOD)


def shown(groups: tuple[Group, ...]) -> dict[tuple[str, ...], int]:
    return {group.labels: group.people for group in groups if group.people}


# --- When -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "day"),
    [
        pytest.param(date(2020, 8, 30), None, id="before-the-scheme"),
        pytest.param(date(2020, 8, 31), None, id="the-day-it-began"),
        pytest.param(date(2021, 2, 27), None, id="the-day-before"),
        pytest.param(date(2021, 2, 28), date(2021, 2, 28), id="the-last-of-a-short-month"),
        pytest.param(date(2021, 8, 30), date(2021, 2, 28), id="half-a-year-on"),
        pytest.param(date(2021, 8, 31), date(2021, 8, 31), id="counted-from-the-first-day-and-not-from-february"),
        pytest.param(date(2026, 11, 25), date(2026, 8, 31), id="years-later"),
    ],
)
def test_newest_due_day(today: date, day: date | None) -> None:
    assert newest_due_day(RULES, today) == day
    assert newest_due_day(EACH, today) is None


@pytest.mark.parametrize(
    ("in_force_since", "day"),
    [
        pytest.param(None, None, id="no-agreement-yet"),
        pytest.param(date(2026, 8, 31), None, id="the-first-agreement-began-that-day"),
        pytest.param(date(2026, 8, 30), date(2026, 8, 31), id="one-day-to-report-on"),
        pytest.param(date(2021, 1, 1), date(2026, 8, 31), id="after-an-outage-the-newest-alone"),
    ],
)
def test_due_day(in_force_since: date | None, day: date | None) -> None:
    assert due_day(RULES, date(2026, 11, 25), in_force_since) == day


@pytest.mark.parametrize(
    ("evaluated", "as_of", "first"),
    [
        pytest.param(RULES, date(2021, 2, 28), date(2020, 8, 31), id="the-first"),
        pytest.param(RULES, date(2021, 8, 31), date(2021, 2, 28), id="since-the-one-before"),
        pytest.param(RULES, date(2021, 9, 15), date(2021, 3, 15), id="on-another-day-as-many-months-back"),
        pytest.param(EACH, date(2026, 7, 1), date(2025, 7, 1), id="without-a-cadence-a-year"),
    ],
)
def test_period(evaluated: EvaluationRules, as_of: date, first: date) -> None:
    period = period_of(evaluated, as_of)
    assert (period.first, period.as_of) == (first, as_of)


# --- Whom it counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        pytest.param({}, True, id="in-force"),
        pytest.param({"in_force_on": None}, False, id="never-was"),
        pytest.param({"in_force_on": LAST}, True, id="began-on-the-last-day"),
        pytest.param({"in_force_on": PERIOD.as_of}, False, id="begins-the-day-after"),
        pytest.param({"ended_on": PERIOD.as_of, "end_reason": EndReason.EXPIRED}, True, id="ended-the-day-after"),
        pytest.param({"ended_on": LAST, "end_reason": EndReason.EXPIRED}, False, id="over-by-the-last-day"),
    ],
)
def test_agreements_in_force(changes: dict[str, object], counts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    figures = report(*people(1, 6), person(7, **changes))
    assert figures.in_force.people == 6 + counts


def test_a_renewal_is_the_same_person() -> None:
    renewed = [replace(case, days_per_week=3.0) for case in people(1, 6)]
    assert shown(report(*people(1, 6), *renewed).in_force.groups) == {("3",): 6}


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        pytest.param({"granted_on": LAST}, Result.GRANTED, id="granted"),
        pytest.param({"granted_on": PERIOD.as_of}, Result.OPEN, id="granted-afterwards"),
        pytest.param({"state": State.IN_ASSESSMENT}, Result.OPEN, id="waits"),
        pytest.param({"state": State.NO_AGREEMENT_NEEDED}, Result.NOT_NEEDED, id="needs-none"),
        *(
            pytest.param({"ended_on": LAST, "end_reason": reason}, result, id=str(reason))
            for reason, result in (
                (EndReason.REJECTED, Result.REJECTED),
                (EndReason.LAPSED, Result.LAPSED),
                (EndReason.WITHDRAWN, Result.WITHDRAWN),
                (EndReason.LEFT, Result.LEFT),
            )
        ),
        pytest.param(
            {"ended_on": PERIOD.as_of, "end_reason": EndReason.REJECTED}, Result.OPEN, id="rejected-afterwards"
        ),
    ],
)
def test_what_became_of_applications(changes: dict[str, object], result: Result) -> None:
    asked = {"applied_on": date(2026, 3, 2), "granted_on": None, "in_force_on": None, **changes}
    earlier = people(50, 6)
    assert shown(report(*earlier, *people(1, 6, **asked)).applications.groups) == {(result,): 6}


def test_only_what_ended_in_the_period_is_counted_as_ended() -> None:
    over = people(1, 6, ended_on=LAST, end_reason=EndReason.TERMINATED)
    before = people(11, 6, ended_on=date(2025, 12, 31), end_reason=EndReason.EXPIRED)
    never = people(21, 6, in_force_on=None, ended_on=LAST, end_reason=EndReason.REJECTED)
    assert shown(report(*over, *before, *never).ended.groups) == {("terminated",): 6}


def given(outcome: EvaluationOutcome, day: date = LAST, **scores: int) -> GivenEvaluation:
    return GivenEvaluation(day, outcome, tuple(scores.items()))


def test_the_newest_evaluation_of_each_person_counts() -> None:
    first = given(EvaluationOutcome.ADJUST, date(2026, 1, 1), Ro=1)
    newest = given(EvaluationOutcome.CONTINUE, Ro=4, Kontakt=5)
    outside = given(EvaluationOutcome.END, PERIOD.as_of, Ro=2)
    figures = report(*people(1, 6, evaluations=(outside, newest, first)))
    assert shown(figures.outcomes.groups) == {("continue",): 6}
    assert [shown(each.answers.groups) for each in figures.scores] == [{("4",): 6}, {("5",): 6}]
    assert [each.average for each in figures.scores] == [(4.0, 4.0), (5.0, 5.0)]


def test_a_question_that_was_left_open_counts_those_who_answered() -> None:
    some = people(1, 6, evaluations=(given(EvaluationOutcome.CONTINUE, Ro=4),))
    none = people(11, 6, evaluations=(given(EvaluationOutcome.CONTINUE),))
    figures = report(*some, *none)
    assert (figures.outcomes.people, [each.answers.people for each in figures.scores]) == (12, [6, 0])


def test_too_few_are_told_nothing_of() -> None:
    cases = people(1, 4, evaluations=(given(EvaluationOutcome.CONTINUE, Ro=4),), applied_on=date(2026, 3, 2))
    figures = report(*cases)
    told = (figures.in_force, figures.applications, figures.outcomes, figures.scores[0].answers)
    assert [(each.people, each.groups) for each in told] == [(None, ())] * 4
    assert (figures.units, figures.average_days, figures.units_above) == ((), None, None)


def test_nobody_is_told_as_nought() -> None:
    figures = report()
    assert (figures.in_force.people, figures.in_force.groups, figures.units) == (0, (), ())


# --- Units ------------------------------------------------------------------------------------------------------


def test_a_unit_is_judged_by_the_average_of_its_agreements() -> None:
    above = [*people(1, 5, unit_id="a", days_per_week=1.0), *people(11, 6, unit_id="a", days_per_week=3.0)]
    at_the_limit = [*people(21, 5, unit_id="b", days_per_week=1.0), *people(31, 5, unit_id="b", days_per_week=3.0)]
    small = [*people(41, 4, unit_id="c", days_per_week=5.0), *people(51, 6, unit_id=None, days_per_week=1.0)]
    figures = report(*above, *at_the_limit, *small)
    assert [(each.unit_ids, each.people, each.average_days, each.is_above) for each in figures.units] == [
        (("a",), 11, 2.0, True),  # 2.09, told to the nearest half since it is of eleven
        (("b",), 10, 2.0, False),
        (("", "c"), 10, 2.5, None),
    ]
    assert figures.units_above == 1


def test_without_a_limit_no_unit_is_judged() -> None:
    figures = report(*people(1, 30, days_per_week=4.0), unit_average=None)
    assert [(each.average_days, each.is_above) for each in figures.units] == [(4.0, None)]
    assert figures.units_above is None
