"""What HR follows up, as of a Monday: what is open, late, soon over and soon evaluated."""

from datetime import date

import pytest
from msgspec.structs import replace

from agreements.case import Case, Change, Chase, State, Termination
from agreements.overview import Figures, Waits, figures_by_unit, figures_of_all, line_of, weeks_ahead
from tests.agreements.factories import MONDAY, active, collecting, days, in_assessment, policy

ASKED = Chase.begun(MONDAY)
FIRST_DEADLINE = MONDAY + days(7)
DOCUMENTING = collecting(ASKED)
ASSESSING = in_assessment(ASKED)
RULES = policy()


@pytest.mark.parametrize(
    ("case", "waits"),
    [
        (DOCUMENTING, [Waits.DOCUMENTATION]),
        (ASSESSING, [Waits.ASSESSMENT]),
        (replace(ASSESSING, state=State.SPECIAL_ASSESSMENT), [Waits.SPECIAL_ASSESSMENT]),
        (replace(DOCUMENTING, documentation=None), []),
        (replace(ASSESSING, state=State.APPROVED), []),
        (replace(active(), changes=(Change(1, "1", MONDAY, True, 3, None, MONDAY, ASKED),)), [Waits.CHANGE]),  # noqa: FBT003
        (replace(active(), changes=(Change(1, "1", MONDAY, True, 3, None, MONDAY),)), []),  # noqa: FBT003 - not asked yet
    ],
)
def test_what_a_case_waits_for(case: Case, waits: list[Waits]) -> None:
    assert [question.waits for question in line_of(case, RULES, MONDAY).questions] == waits


@pytest.mark.parametrize(
    ("today", "overdue"), [(FIRST_DEADLINE, 0), (FIRST_DEADLINE + days(1), 1), (FIRST_DEADLINE + days(20), 20)]
)
def test_it_is_late_from_the_day_after_the_first_deadline(today: date, overdue: int) -> None:
    """Also after reminders, which name later days."""
    reminded = replace(DOCUMENTING, documentation=ASKED.at(2, FIRST_DEADLINE + days(1)))
    [question] = line_of(reminded, RULES, today).questions
    assert (question.answer_by, question.days_overdue(today)) == (FIRST_DEADLINE, overdue)


def test_nobody_is_late_in_a_case_on_hold() -> None:
    [question] = line_of(replace(DOCUMENTING, paused_on=MONDAY), RULES, MONDAY + days(30)).questions
    assert question.days_overdue(MONDAY + days(30)) == 0


@pytest.mark.parametrize(("ahead", "is_told"), [(60, True), (61, False), (-1, True)])
def test_what_is_over_within_sixty_days_is_told(ahead: int, is_told: bool) -> None:  # noqa: FBT001
    case = replace(active(), end_on=MONDAY + days(ahead))
    assert (line_of(case, RULES, MONDAY).ends_on is not None) is is_told


def test_a_termination_is_nearer_than_the_period() -> None:
    last_day = MONDAY + days(3)
    case = replace(active(), end_on=MONDAY + days(300), termination=Termination(last_day, "1"))
    assert line_of(case, RULES, MONDAY).ends_on == last_day


def test_what_is_not_in_force_is_not_about_to_end() -> None:
    assert line_of(replace(ASSESSING, left_on=MONDAY + days(3)), RULES, MONDAY).ends_on is None


def test_evaluations_that_are_near_or_asked_for_are_told() -> None:
    case = replace(active(), start_on=date(2026, 1, 5), end_on=date(2027, 1, 4))
    assert line_of(case, RULES, date(2026, 5, 5)).evaluated_on is None
    assert line_of(case, RULES, date(2026, 5, 6)).evaluated_on == date(2026, 7, 5)


@pytest.mark.parametrize(
    ("ahead", "week"), [(-1, 0), (0, 0), (6, 0), (7, 1), (60, 8)], ids=["past", "today", "Sunday", "Monday", "last"]
)
def test_what_comes_stands_in_its_week_and_what_is_past_in_this_one(ahead: int, week: int) -> None:
    case = replace(active(), end_on=MONDAY + days(ahead))
    weeks = weeks_ahead([line_of(case, RULES, MONDAY)], MONDAY)
    assert [each.ending for each in weeks] == [int(ordinal == week) for ordinal in range(9)]
    assert [each.monday for each in weeks] == [MONDAY + days(7 * ordinal) for ordinal in range(9)]


def test_units_add_up_to_all_and_the_latest_comes_first() -> None:
    late = MONDAY + days(30)
    cases = [
        replace(DOCUMENTING, unit_id="a", documentation=Chase.begun(late)),
        replace(DOCUMENTING, unit_id="a", documentation=Chase.begun(late)),
        replace(DOCUMENTING, unit_id="b"),
        replace(ASSESSING, unit_id=None),
    ]
    lines = [line_of(case, RULES, late) for case in cases]
    by_unit, total = figures_by_unit(lines, late), figures_of_all(lines, late)
    assert {unit: (each.open, each.overdue) for unit, each in by_unit.items()} == {"": (1, 1), "b": (1, 1), "a": (2, 0)}
    assert list(by_unit) == ["", "b", "a"]
    assert (total.open, total.overdue) == (4, 2)
    assert total.waits == {Waits.DOCUMENTATION: 3, Waits.ASSESSMENT: 1}
    assert total.late == {Waits.DOCUMENTATION: 1, Waits.ASSESSMENT: 1}
    assert figures_of_all([], late) == Figures()
