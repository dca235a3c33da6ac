"""What is due for a case today: one table of rules, each with the day it falls due and what it then brings about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from agreements.actions import Action
from agreements.calendar import is_working_day
from agreements.case import OPEN_STATES, Case, State
from agreements.policy import Policy
from agreements.rules import change, documentation, ending, evaluation, filing, opening, staffing

NEVER_ENDING = 20
"""More actions than this for one case in one night is a rule that feeds itself: a bug."""


ACTIVE = frozenset({State.ACTIVE})
APPROVED = frozenset({State.APPROVED})
BEFORE_THE_START = OPEN_STATES - ACTIVE
COLLECTING = frozenset({State.COLLECTING})
IN_ASSESSMENT = frozenset({State.IN_ASSESSMENT})
RECEIVED = frozenset({State.RECEIVED})
SPECIAL_ASSESSMENT = frozenset({State.SPECIAL_ASSESSMENT})


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """For a case in one of `states`: `due_on` gives the first day the rule applies, or None; `act` what it does."""

    states: frozenset[State]
    due_on: Callable[[Case, Policy], date | None]
    act: Callable[[Case, Policy, date], Action]
    only_on_working_days: bool = False

    def is_due(self, case: Case, policy: Policy, today: date) -> bool:
        due_on = self.due_on(case, policy)
        if due_on is None or due_on > today:
            return False
        return is_working_day(today) or not self.only_on_working_days


FIRST = (
    Rule(ACTIVE, evaluation.recorded_due, evaluation.recorded),
    Rule(OPEN_STATES, ending.left_due, ending.left),
    Rule(OPEN_STATES, staffing.moved_due, staffing.moved),
    Rule(OPEN_STATES, staffing.new_manager_due, staffing.new_manager),
    Rule(OPEN_STATES, staffing.hold_over_due, staffing.hold_over),
    Rule(OPEN_STATES, staffing.pause_due, staffing.pause),
    Rule(OPEN_STATES, staffing.resume_due, staffing.resume),
    Rule(BEFORE_THE_START, ending.withdrawal_due, ending.withdrawal),
)
"""Ahead of everything else: what was answered is filed even when the case ends the same night, and whoever is told of
a case is the one whom it concerns now."""
OVER = (
    Rule(ACTIVE, ending.termination_due, ending.termination),
    Rule(ACTIVE, ending.period_over_due, ending.period_over),
)
"""Ahead of asking and reminding: nobody is asked about an agreement that is over."""
OPENING = (
    *FIRST,
    Rule(RECEIVED, opening.imposed_due, opening.imposed),
    Rule(RECEIVED, opening.eligibility_due, opening.eligibility),
)
CHASING = (
    *FIRST,
    Rule(SPECIAL_ASSESSMENT, opening.special_assessment_due, opening.special_assessment),
    Rule(COLLECTING, documentation.complete_due, documentation.complete),
    Rule(COLLECTING, documentation.lapse_due, documentation.lapse, only_on_working_days=True),
    Rule(COLLECTING, documentation.reminder_due, documentation.reminder, only_on_working_days=True),
    Rule(IN_ASSESSMENT, documentation.assessed_due, documentation.assessed),
    Rule(
        IN_ASSESSMENT | SPECIAL_ASSESSMENT,
        documentation.assessment_reminder_due,
        documentation.assessment_reminder,
        only_on_working_days=True,
    ),
)
CHANGING = (
    Rule(ACTIVE, change.asked_due, change.asked),
    Rule(ACTIVE, change.answered_due, change.answered),
    Rule(ACTIVE, change.in_force_due, change.in_force),
    Rule(ACTIVE, change.lapse_due, change.lapse, only_on_working_days=True),
    Rule(ACTIVE, change.reminder_due, change.reminder, only_on_working_days=True),
)
FILING = (
    *FIRST,
    Rule(APPROVED, filing.prepare_due, filing.prepare),
    Rule(APPROVED, filing.verified_due, filing.verified),
)
EVALUATING = (
    *FIRST,
    *OVER,
    *CHANGING,
    Rule(ACTIVE, evaluation.ask_due, evaluation.ask, only_on_working_days=True),
    Rule(ACTIVE, evaluation.reminder_due, evaluation.reminder, only_on_working_days=True),
)
EXPIRING = (
    *FIRST,
    *OVER,
    Rule(ACTIVE, ending.expiry_notice_due, ending.expiry_notice, only_on_working_days=True),
)
ALL_RULES = tuple(dict.fromkeys((*OPENING, *CHASING, *FILING, *EVALUATING, *EXPIRING)))


def decide(case: Case, policy: Policy, today: date, rules: tuple[Rule, ...] = ALL_RULES) -> list[Action]:
    """What is due for this case today, in order; each action starts from the case the one before it left.

    Deciding again on the resulting case gives nothing more for the same day.

    Raises:
        RuntimeError: rules keep feeding each other, which is a bug in them.
    """
    actions: list[Action] = []
    while (rule := _first_due(case, policy, today, rules)) is not None:
        action = rule.act(case, policy, today)
        actions.append(action)
        case = action.after
        if len(actions) > NEVER_ENDING:
            raise RuntimeError(f"{case.number}: the rules never come to rest, last {action.rule}")
    return actions


def next_action_on(case: Case, policy: Policy) -> date | None:
    """The first day on which some rule has something to do for this case, as it stands now."""
    days = [rule.due_on(case, policy) for rule in _applying(ALL_RULES, case.state)]
    return min((day for day in days if day is not None), default=None)


def _first_due(case: Case, policy: Policy, today: date, rules: tuple[Rule, ...]) -> Rule | None:
    for rule in _applying(rules, case.state):
        if rule.is_due(case, policy, today):
            return rule
    return None


@cache
def _applying(rules: tuple[Rule, ...], state: State) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if state in rule.states)
