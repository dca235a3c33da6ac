"""Random lives of random cases: whatever people answer, and however often the night does not run, the rules hold."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agreements.actions import Action, Role
from agreements.calendar import add_months, is_working_day
from agreements.case import (
    TRANSITIONS,
    Application,
    AssessmentOutcome,
    Case,
    Evaluation,
    EvaluationOutcome,
    Place,
    RequirementKind,
    State,
)
from agreements.decide import decide, next_action_on
from agreements.intake import (
    AcceptanceGiven,
    AnswersGiven,
    AssessmentGiven,
    ChangeProposed,
    EvaluationGiven,
    Fact,
    FileReceived,
    HoldGiven,
    HoldLifted,
    Sender,
    SetAsideError,
    TerminationGiven,
    take_in,
)
from agreements.policy import Policy
from config.policy_files import SHIPPED_NAMES, load_policy
from tests.agreements.factories import EMPLOYEE, MANAGER, STRANGER, days, received

LIVES = 150
"""Under each of the five policies."""
NIGHTS = 460
SHORTEST_TIME_TO_ANSWER_DAYS = 3
EPOCH = date(2026, 1, 1)
PATIENT_RULES = ("reminder", "lapsed", "evaluation.ask", "expiry.notice")
SENDERS = (Sender(EMPLOYEE), Sender(MANAGER), Sender(STRANGER), Sender("HR", is_hr=True))
SEEN = {
    *("documentation.ask", "documentation.reminder", "documentation.lapsed", "assessment.ask", "assessment.reminder"),
    *("assessment.approved", "assessment.rejected", "filing.prepare", "filing.verified", "evaluation.ask"),
    *("evaluation.reminder", "evaluation.recorded", "expiry.notice", "expiry.period-over", "termination.last-day-over"),
    *("application.withdrawn", "employment.ended", "abroad.special-assessment", "special-assessment.approved"),
    *("special-assessment.rejected", "special-assessment.reminder", "limits.too-many-days", "period.already-over"),
    *("§1-sporadic", "§1-short-term", "§1-elsewhere-than-home", "imposed.informed", "imposed.period-over"),
    *("manager.changed", "unit.moved", "leave.begun", "leave.over", "hold.begun", "hold.over"),
    *("documentation.ask-again", "change.ask", "change.reminder", "change.lapsed", "change.agreed", "change.declined"),
    *("change.withdrawn", "change.in-force", "change.too-many-days"),
}


@dataclass(slots=True)
class Life:
    """One case lived night by night, with everything that came of it."""

    random: Random
    policy: Policy
    case: Case
    actions: list[tuple[date, Action]] = field(default_factory=list)

    def live(self, first: date) -> None:
        outages = {self.random.randrange(NIGHTS) for _ in range(self.random.choice((0, 3, 12)))}
        resting_until = first
        for ordinal in range(NIGHTS):
            today = first + days(ordinal)
            if ordinal in outages:
                resting_until = today + days(self.random.randrange(1, 60))
            self.happen(today)
            if today >= resting_until:
                self.night(today)
            else:
                self.check_index(today)

    def night(self, today: date) -> None:
        """Facts of the day are in; decide, check that it rests afterwards, and let the archive verify some day."""
        self.check_index(today)
        actions = decide(self.case, self.policy, today)
        for action in actions:
            assert action.before == self.case
            self.case = action.after
        self.actions += [(today, action) for action in actions]
        assert decide(self.case, self.policy, today) == []

    def check_index(self, today: date) -> None:
        """A night that the index says is not due would find nothing."""
        due_on = next_action_on(self.case, self.policy)
        if due_on is None or today < due_on:
            assert decide(self.case, self.policy, today) == []

    def happen(self, today: date) -> None:
        """At most one thing a day: somebody says something, HR learns of a last day, the archive answers."""
        match self.random.randrange(15):
            case 0:
                self.say(self.sensible_fact(), today)
            case 1:
                self.say((self.any_fact(today), self.random.choice(SENDERS)), today)
            case 2 if self.random.random() < 0.03:
                self.case = replace(self.case, left_on=today + days(self.random.randrange(-5, 60)))
            case 3:
                verified = tuple(replace(filing, verified=True) for filing in self.case.filings)
                self.case = replace(self.case, filings=verified)
            case 4 if self.random.random() < 0.1:
                self.hr_says()
            case 5 | 6 | 7 if self.case.state is State.ACTIVE or self.random.random() < 0.1:
                self.say(self.about_a_change(today), today)
            case 8 if self.case.is_open and self.case.state is not State.ACTIVE and self.random.random() < 0.1:
                self.say((TerminationGiven(today), Sender(EMPLOYEE)), today)
            case _:
                pass

    def hr_says(self) -> None:
        """Another manager, another unit, a leave that begins or is over."""
        changes: tuple[dict[str, Any], ...] = (
            {"manager_number": self.random.choice((MANAGER, STRANGER, None))},
            {"unit_id": self.random.choice(("helse", "skole"))},
            {"away": not self.case.away},
        )
        self.case = replace(self.case, **self.random.choice(changes))

    def about_a_change(self, today: date) -> tuple[Fact, Sender]:
        """A proposal by either party, an answer by either, or now and then HR's pause."""
        if self.random.random() < 0.05:
            hold: Fact = HoldGiven(today + days(self.random.randrange(40)))
            return self.random.choice((hold, HoldLifted())), Sender("HR", is_hr=True)
        proposal = ChangeProposed(
            self.random.choice((1.0, 2.0, 3.0, 6.0)), "fredag", today + days(self.random.randrange(-5, 60))
        )
        answer = AcceptanceGiven(self.random.random() < 0.6)
        return self.random.choice((proposal, proposal, answer)), Sender(self.random.choice((EMPLOYEE, MANAGER)))

    def say(self, said: tuple[Fact, Sender], today: date) -> None:
        fact, sender = said
        if isinstance(fact, TerminationGiven) and self.random.random() < 0.8:
            return
        before = self.case
        try:
            self.case = take_in(before, fact, sender, today, self.policy.termination)
        except SetAsideError:
            return
        assert before.is_open
        assert self.case.state is before.state

    def sensible_fact(self) -> tuple[Fact, Sender]:
        """What the case is waiting for, from whom it is waiting."""
        if self.case.state is State.COLLECTING:
            missing = self.case.missing or (RequirementKind.PHOTO,)
            fact: Fact = FileReceived(RequirementKind.PHOTO, "a1" * 32)
            if RequirementKind.PHOTO not in missing:
                fact = AnswersGiven((("Lys", "Vindu"),), accepts_agreement=True)
            return fact, Sender(EMPLOYEE)
        if self.case.state is State.SPECIAL_ASSESSMENT:
            return AssessmentGiven(self.random.choice(list(AssessmentOutcome)), None), Sender("HR", is_hr=True)
        if self.case.state is State.IN_ASSESSMENT:
            usual = (AssessmentOutcome.APPROVED,) * 6
            return AssessmentGiven(self.random.choice((*usual, *AssessmentOutcome)), None), Sender(MANAGER)
        change = self.case.newest_change
        if change is not None and change.outcome is None:
            return AcceptanceGiven(self.random.random() < 0.8), Sender(MANAGER if change.by_employee else EMPLOYEE)
        asked = self.case.open_evaluation is not None
        outcome = self.random.choice(list(EvaluationOutcome) if asked else [EvaluationOutcome.CONTINUE])
        return EvaluationGiven(outcome, None), Sender(MANAGER)

    def any_fact(self, today: date) -> Fact:
        facts: tuple[Fact, ...] = (
            AnswersGiven((("Lys", "Vindu"),), accepts_agreement=self.random.random() < 0.5),
            FileReceived(self.random.choice(list(RequirementKind)), "b2" * 32),
            AssessmentGiven(self.random.choice(list(AssessmentOutcome)), "Ny lampe"),
            EvaluationGiven(self.random.choice(list(EvaluationOutcome)), None),
            TerminationGiven(today + days(self.random.randrange(-10, 120))),
        )
        return self.random.choice(facts)


def random_life(random: Random, policy: Policy) -> Life:
    first = EPOCH + days(random.randrange(1_000))
    start_on = first + days(random.randrange(-60, 60))
    application = Application(
        days_per_week=random.choice((0.5, 1.0, 2.0, 3.0, 5.0, 6.0)),
        weekdays=None,
        start_on=start_on,
        end_on=random.choice(
            (None, None, start_on + days(random.randrange(400)), start_on + days(random.randrange(9)))
        ),
        place=random.choice((Place.HOME, Place.HOME, Place.HOME, Place.HOME, Place.ABROAD, Place.ELSEWHERE_IN_NORWAY)),
    )
    if random.random() < 0.1:
        order = replace(application, end_on=start_on + days(random.randrange(60)))
        return Life(random, policy, received(order, applied_on=first, imposed=True))
    return Life(random, policy, received(application, applied_on=first))


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_random_lives(name: str) -> None:
    seen: Counter[str] = Counter()
    policy = load_policy(name)

    @settings(max_examples=LIVES, deadline=None, database=None, derandomize=True)
    @given(st.integers(0, 2**32).map(Random))
    def one(random: Random) -> None:
        life = random_life(random, policy)
        life.live(life.case.applied_on)
        for day, action in life.actions:
            _check_action(day, action, policy)
        _check_notices(life)
        _check_named_days(life)
        _check_end(life)
        for evaluation in life.case.evaluations:
            _check_evaluation(life.case, evaluation, policy)
        seen.update(action.rule.rstrip(".0123456789") for _, action in life.actions)

    one()
    # Where no agreement is evaluated by itself, the manager may still do so.
    never = set() if policy.evaluation.every_months else {"evaluation.ask", "evaluation.reminder"}
    assert seen.keys() >= SEEN - never
    assert not seen.keys() & never


def _check_action(day: date, action: Action, policy: Policy) -> None:
    moved = action.before.state is not action.after.state
    assert not moved or (action.before.state, action.after.state) in TRANSITIONS
    if any(word in action.rule for word in PATIENT_RULES):
        assert is_working_day(day)
    for notice in action.notices:
        # What an expiry notice names is the last day of the period, whichever day that is.
        if notice.reply_by is not None and notice.template != "expiry_notice":
            assert (notice.reply_by - day).days >= SHORTEST_TIME_TO_ANSWER_DAYS
            assert is_working_day(notice.reply_by)
        assert notice.reply_by is None or notice.reply_by >= day
    if action.rule == "assessment.approved":
        assert action.before.application.end_on is None or action.before.application.end_on >= day
    if action.rule == "documentation.lapsed":
        chase, ladder = action.before.documentation, policy.documentation
        assert chase is not None
        assert chase.stage == len(ladder.remind_after_days)
        assert (day - chase.last_sent_on).days > 7
        assert (day - chase.asked_on).days > 28


def _check_notices(life: Life) -> None:
    """The outbox refuses a key that it has seen; the rules never offer one."""
    keys = Counter(
        (action.before.number, action.rule, notice.to) for _, action in life.actions for notice in action.notices
    )
    assert max(keys.values(), default=0) <= 1
    errands = Counter(errand for _, action in life.actions for errand in action.errands)
    assert max(errands.values(), default=0) <= 1
    asked_of_manager = Counter(
        (day, action.rule.split(".")[0], notice.to)
        for day, action in life.actions
        for notice in action.notices
        if "reminder" in action.rule and notice.to is not Role.HR
    )
    assert max(asked_of_manager.values(), default=0) <= 1


def _check_named_days(life: Life) -> None:
    """A day that a mail names is over before anything comes of it."""
    named: dict[str, date] = {}
    for day, action in life.actions:
        if action.rule == "documentation.lapsed":
            assert day > named["documentation"]
        for notice in action.notices:
            topic, _, word = notice.template.rpartition("_")
            if word == "reminder":
                assert day > named[topic]
        for notice in action.notices:
            if notice.reply_by is not None:
                named[notice.template.rpartition("_")[0]] = notice.reply_by


def _check_end(life: Life) -> None:
    """What ends a case is its last word."""
    closing = [position for position, (_, action) in enumerate(life.actions) if not action.after.is_open]
    assert closing in ([], [len(life.actions) - 1])
    if life.case.state is State.ENDED:
        assert life.case.end_reason is not None
        assert life.case.ended_on == life.actions[-1][0]


def _check_evaluation(case: Case, evaluation: Evaluation, policy: Policy) -> None:
    """Due on its calendar day, asked for then or later, and never about a period that is over."""
    every = policy.evaluation.every_months or 0
    assert case.start_on is not None
    assert case.end_on is not None
    if evaluation.is_extra:
        assert evaluation.due_on == evaluation.given_on
        assert case.start_on <= evaluation.due_on <= case.end_on
        return
    turn = sum(not each.is_extra for each in case.evaluations if each.sequence <= evaluation.sequence)
    ahead = policy.evaluation.last_days_before_end
    last = case.end_on if ahead is None else case.end_on - days(ahead)
    assert evaluation.due_on == min(add_months(case.start_on, every * turn), last)
    assert evaluation.due_on <= evaluation.chase.asked_on <= case.end_on
    assert evaluation.due_on < case.end_on
