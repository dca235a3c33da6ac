"""What is due for a case today: one table of rules, each with the day it falls due and what it then brings about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from agreements.actions import Action
from agreements.calendar import is_working_day
from agreements.case import Case
from agreements.policy import Policy
from agreements.rules import change, documentation, ending, evaluation, filing, opening, staffing

NEVER_ENDING = 20
"""More actions than this for one case in one night is a rule that feeds itself: a bug."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`due_on` gives the first day the rule applies to this case, or None; `act` what happens when it does."""

    due_on: Callable[[Case, Policy], date | None]
    act: Callable[[Case, Policy, date], Action]
    only_on_working_days: bool = False

    def is_due(self, case: Case, policy: Policy, today: date) -> bool:
        due_on = self.due_on(case, policy)
        if due_on is None or due_on > today:
            return False
        return is_working_day(today) or not self.only_on_working_days


FIRST = (
    Rule(evaluation.recorded_due, evaluation.recorded),
    Rule(ending.left_due, ending.left),
    Rule(staffing.moved_due, staffing.moved),
    Rule(staffing.new_manager_due, staffing.new_manager),
    Rule(staffing.hold_over_due, staffing.hold_over),
    Rule(staffing.pause_due, staffing.pause),
    Rule(staffing.resume_due, staffing.resume),
)
"""Ahead of everything else: what was answered is filed even when the case ends the same night, and whoever is told of
a case is the one whom it concerns now."""
OVER = (
    Rule(ending.termination_due, ending.termination),
    Rule(ending.period_over_due, ending.period_over),
)
"""Ahead of asking and reminding: nobody is asked about an agreement that is over."""
OPENING = (
    *FIRST,
    Rule(ending.withdrawal_due, ending.withdrawal),
    Rule(opening.imposed_due, opening.imposed),
    Rule(opening.eligibility_due, opening.eligibility),
)
CHASING = (
    *FIRST,
    Rule(ending.withdrawal_due, ending.withdrawal),
    Rule(opening.special_assessment_due, opening.special_assessment),
    Rule(documentation.complete_due, documentation.complete),
    Rule(documentation.lapse_due, documentation.lapse, only_on_working_days=True),
    Rule(documentation.reminder_due, documentation.reminder, only_on_working_days=True),
    Rule(documentation.assessed_due, documentation.assessed),
    Rule(documentation.assessment_reminder_due, documentation.assessment_reminder, only_on_working_days=True),
)
CHANGING = (
    Rule(change.asked_due, change.asked),
    Rule(change.answered_due, change.answered),
    Rule(change.in_force_due, change.in_force),
    Rule(change.lapse_due, change.lapse, only_on_working_days=True),
    Rule(change.reminder_due, change.reminder, only_on_working_days=True),
)
FILING = (
    *FIRST,
    Rule(ending.withdrawal_due, ending.withdrawal),
    Rule(filing.prepare_due, filing.prepare),
    Rule(filing.verified_due, filing.verified),
)
EVALUATING = (
    *FIRST,
    *OVER,
    *CHANGING,
    Rule(evaluation.ask_due, evaluation.ask, only_on_working_days=True),
    Rule(evaluation.reminder_due, evaluation.reminder, only_on_working_days=True),
)
EXPIRING = (
    *FIRST,
    *OVER,
    Rule(ending.expiry_notice_due, ending.expiry_notice, only_on_working_days=True),
)
ALL_RULES = tuple(dict.fromkeys((*OPENING, *CHASING, *FILING, *EVALUATING, *EXPIRING)))


def decide(case: Case, policy: Policy, today: date, rules: Sequence[Rule] = ALL_RULES) -> list[Action]:
    """What is due for this case today, in order; each action starts from the case the one before it left.

    Deciding again on the resulting case gives nothing more for the same day.

    Raises:
        RuntimeError: rules keep feeding each other, which is a bug in them.
    """
    actions: list[Action] = []
    while (rule := next((rule for rule in rules if rule.is_due(case, policy, today)), None)) is not None:
        action = rule.act(case, policy, today)
        actions.append(action)
        case = action.after
        if len(actions) > NEVER_ENDING:
            raise RuntimeError(f"{case.number}: the rules never come to rest, last {action.rule}")
    return actions


def next_action_on(case: Case, policy: Policy) -> date | None:
    """The first day on which some rule has something to do for this case, as it stands now."""
    return min((day for rule in ALL_RULES if (day := rule.due_on(case, policy)) is not None), default=None)
