"""The life cycle, a row for every rule: a case on a day, and what is due for it then."""

from datetime import date
from itertools import pairwise, product

import pytest
from msgspec.structs import replace

from agreements.actions import Action
from agreements.case import (
    CLOSED_STATES,
    TRANSITIONS,
    AssessmentOutcome,
    Case,
    EndReason,
    EvaluationOutcome,
    IllegalTransitionError,
    Place,
    State,
)
from agreements.decide import ALL_RULES, NEVER_ENDING, Rule, decide, next_action_on
from tests.agreements.factories import (
    FORTNIGHT_ON,
    MANAGER,
    MONDAY,
    STRANGER,
    Outcome,
    Row,
    active,
    answered,
    application,
    approved,
    assessment,
    chase,
    collecting,
    days,
    evaluation,
    imposed,
    in_assessment,
    received,
    requirements,
    shipped_policy,
    special_assessment,
    termination,
)
from tests.agreements.rows import ROWS

IDS = [row.name for row in ROWS]
LONG_AGO = date(2020, 1, 1)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_what_is_due(row: Row) -> None:
    actions = decide(row.case, shipped_policy(), row.today)
    assert [Outcome(action.rule, action.after.state, action.notices, action.errands) for action in actions] == list(
        row.outcomes
    )


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_each_action_starts_where_the_one_before_left(row: Row) -> None:
    actions = decide(row.case, shipped_policy(), row.today)
    assert all(action.before == row.case for action in actions[:1])
    assert all(earlier.after == later.before for earlier, later in pairwise(actions))


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_deciding_again_gives_nothing(row: Row) -> None:
    actions = decide(row.case, shipped_policy(), row.today)
    after = actions[-1].after if actions else row.case
    assert decide(after, shipped_policy(), row.today) == []


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_index_finds_what_is_due(row: Row) -> None:
    due_on = next_action_on(row.case, shipped_policy())
    assert not row.outcomes or (due_on is not None and due_on <= row.today)


def test_names_of_rows_are_their_own() -> None:
    assert len(set(IDS)) == len(IDS)


def test_every_transition_is_used_and_no_other() -> None:
    used = {
        (action.before.state, action.after.state)
        for row in ROWS
        for action in decide(row.case, shipped_policy(), row.today)
        if action.before.state is not action.after.state
    }
    assert used == TRANSITIONS


def test_every_rule_has_a_row() -> None:
    used = {rule for row in ROWS for rule in ALL_RULES if decide(row.case, shipped_policy(), row.today, (rule,))}
    assert used == set(ALL_RULES)


@pytest.mark.parametrize(("before", "after"), sorted(set(product(State, State)) - TRANSITIONS), ids=str)
def test_no_other_transition_is_possible(before: State, after: State) -> None:
    with pytest.raises(IllegalTransitionError, match="HK-2026-00042"):
        received(state=before).moved(after)


@pytest.mark.parametrize(("before", "after"), sorted(TRANSITIONS), ids=str)
def test_each_transition_moves(before: State, after: State) -> None:
    assert received(state=before).moved(after) == received(state=after)


@pytest.mark.parametrize("state", sorted(CLOSED_STATES))
def test_a_closed_case_is_never_looked_at_again(state: State) -> None:
    closed = active(state=state, left_on=LONG_AGO, end_on=LONG_AGO)
    assert next_action_on(closed, shipped_policy()) is None


@pytest.mark.parametrize(
    ("case", "today", "reason"),
    [
        pytest.param(
            in_assessment(assessment=assessment(AssessmentOutcome.REJECTED)), MONDAY, "rejected", id="manager"
        ),
        pytest.param(
            special_assessment(assessment=assessment(AssessmentOutcome.REJECTED)), MONDAY, "rejected", id="special"
        ),
        pytest.param(received(application(days_per_week=6.0)), MONDAY, "rejected", id="too-many-days"),
        pytest.param(
            in_assessment(application=application(end_on=LONG_AGO), assessment=assessment()),
            MONDAY,
            "rejected",
            id="approved-too-late",
        ),
        pytest.param(collecting(chase(LONG_AGO, 3)), MONDAY, "lapsed", id="lapsed"),
        pytest.param(active(end_on=LONG_AGO), MONDAY, "expired", id="expired"),
        pytest.param(active(end_on=LONG_AGO, renewed_by="HK-2027-00007"), MONDAY, "renewed", id="renewed"),
        pytest.param(active(left_on=LONG_AGO), MONDAY, "left", id="left"),
        pytest.param(imposed(LONG_AGO, LONG_AGO), MONDAY, "reverted", id="reverted"),
    ],
)
def test_reason_and_day_of_the_end(case: Case, today: date, reason: str) -> None:
    after = decide(case, shipped_policy(), today)[-1].after
    assert (after.end_reason, after.ended_on) == (EndReason(reason), today)


@pytest.mark.parametrize(
    ("asked_for", "given_on", "period"),
    [
        pytest.param(
            application(start_on=date(2026, 4, 1)), MONDAY, (date(2026, 4, 1), date(2027, 3, 31)), id="as-asked-for"
        ),
        pytest.param(
            application(start_on=date(2026, 4, 1)),
            date(2026, 4, 20),
            (date(2026, 4, 20), date(2027, 4, 19)),
            id="not-before-it-is-approved",
        ),
        pytest.param(
            application(start_on=date(2026, 4, 1), end_on=date(2026, 6, 30)),
            MONDAY,
            (date(2026, 4, 1), date(2026, 6, 30)),
            id="shorter",
        ),
        pytest.param(
            application(start_on=date(2026, 4, 1), end_on=date(2031, 6, 30)),
            MONDAY,
            (date(2026, 4, 1), date(2027, 3, 31)),
            id="no-longer-than-the-policy-allows",
        ),
        pytest.param(
            application(start_on=date(2026, 3, 1), end_on=date(2026, 3, 10)),
            date(2026, 3, 10),
            (date(2026, 3, 10), date(2026, 3, 10)),
            id="approved-on-its-last-day",
        ),
    ],
)
def test_period_of_an_approved_agreement(asked_for: object, given_on: date, period: tuple[date, date]) -> None:
    case = in_assessment(application=asked_for, assessment=assessment(given_on=given_on))
    after = decide(case, shipped_policy(), given_on)[-1].after
    assert (after.start_on, after.end_on) == period


def test_an_approved_stay_abroad_starts_collecting_afresh() -> None:
    """HR's yes is not the manager's: that one is still to come, for the documentation."""
    after = decide(special_assessment(assessment=assessment()), shipped_policy(), MONDAY)[-1].after
    assert (after.assessment, after.assessment_request, after.documentation) == (None, None, chase())
    assert after.requirements == requirements()
    assert after.application.place is Place.ABROAD


def test_an_evaluation_is_due_on_the_calendar_day_even_when_asked_for_later() -> None:
    asked_on = date(2027, 3, 1)
    after = decide(active(date(2026, 8, 31)), shipped_policy(), asked_on)[-1].after
    assert after.evaluations == (evaluation(1, chase(asked_on), due_on=date(2027, 2, 28)),)


@pytest.mark.parametrize(
    ("outcome", "last_day"),
    [
        pytest.param(EvaluationOutcome.CONTINUE, None, id="continue"),
        pytest.param(EvaluationOutcome.ADJUST, None, id="adjust"),
        pytest.param(EvaluationOutcome.END, date(2026, 9, 4), id="end"),
    ],
)
def test_the_outcome_end_makes_today_the_last_day(outcome: EvaluationOutcome, last_day: date | None) -> None:
    today = date(2026, 9, 4)
    after = decide(active(evaluations=(answered(1, outcome, today),)), shipped_policy(), today)[-1].after
    assert (after.termination and after.termination.last_day) == last_day
    assert (after.termination and after.termination.given_by) == (MANAGER if last_day else None)
    ended = decide(after, shipped_policy(), today + days(1))
    assert [action.rule for action in ended] == (["termination.last-day-over"] if last_day else [])


def test_a_last_day_agreed_before_stands_when_the_evaluation_says_end() -> None:
    agreed = termination(date(2026, 9, 30))
    case = active(termination=agreed, evaluations=(answered(1, EvaluationOutcome.END, date(2026, 9, 4)),))
    assert decide(case, shipped_policy(), date(2026, 9, 4))[-1].after.termination == agreed


def test_rules_that_feed_themselves_are_found_out() -> None:
    looping = Rule(
        frozenset(State), lambda _case, _policy: LONG_AGO, lambda case, _policy, _today: Action("looping", case, case)
    )
    with pytest.raises(RuntimeError, match="never come to rest"):
        decide(approved(), shipped_policy(), MONDAY, (looping,))
    assert NEVER_ENDING < 100


def test_after_a_leave_the_time_that_was_left_is_left() -> None:
    """Asked on the 2nd, on leave from the 4th to the 3rd of April: the 30 days away count for nothing."""
    before = collecting(chase(MONDAY), paused_on=MONDAY + days(2))
    after = decide(before, shipped_policy(), MONDAY + days(32))[-1].after
    assert (after.documentation, after.paused_on) == (chase(MONDAY + days(30)), None)


def test_a_question_asked_during_a_leave_is_as_new_on_the_day_after_it() -> None:
    before = collecting(chase(FORTNIGHT_ON), paused_on=MONDAY)
    after = decide(before, shipped_policy(), FORTNIGHT_ON + days(16))[-1].after
    assert after.documentation == chase(FORTNIGHT_ON + days(16))


def test_an_evaluation_keeps_its_day_through_a_leave_and_through_a_new_manager() -> None:
    due = date(2026, 9, 2)
    asked = active(evaluations=(evaluation(1, chase(due)),), paused_on=due + days(1))
    for case in (asked, replace(asked, paused_on=None, manager_number=STRANGER)):
        [found] = decide(case, shipped_policy(), due + days(5))[-1].after.evaluations
        assert found.due_on == due
        assert found.chase.asked_on > due
