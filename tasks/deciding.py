"""Decide what is due, a batch of cases at a time, and write it in one transaction with everything it causes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from prefect import task

from agreements.case import State
from agreements.decide import Rule, decide
from agreements.words import rule_in_words
from integrations.database.cases import Decided, due_case_numbers, load_cases, mark_renewed, save_decisions
from tasks.batches import LOCAL, batches
from tasks.night import counting, this_night


def decide_due(flow: str, states: Sequence[State], rules: tuple[Rule, ...]) -> Counter[str]:
    """Everything these rules have to say today about cases in these states."""
    with counting() as counts:
        for batch in due_batches(states):
            counts.update(decide_batch(flow, batch, rules))
    return counts


def due_batches(states: Sequence[State]) -> Iterator[Sequence[str]]:
    """Numbers of the cases in these states that something may be due for tonight."""
    night = this_night()
    with night.database.transaction() as connection:
        numbers = due_case_numbers(connection, states, night.on)
    return batches(numbers)


@task(name="decide-batch", **LOCAL)
def decide_batch(flow: str, numbers: Sequence[str], rules: tuple[Rule, ...]) -> Counter[str]:
    """Rules applied to each case of the batch; counts by rule, in HR's words."""
    return decide_cases(flow, numbers, rules)


def decide_cases(flow: str, numbers: Sequence[str], rules: tuple[Rule, ...]) -> Counter[str]:
    """The same inside a task that is about these few cases anyway."""
    night = this_night()
    with night.database.transaction() as connection:
        decided = [
            Decided(version, actions[-1].after if actions else case, actions, before=case)
            for version, case in load_cases(connection, numbers).values()
            for actions in [decide(case, night.policy, night.on, rules)]
        ]
        save_decisions(connection, decided, night.policy, night.stamp(flow))
        mark_renewed(connection, [case.case for case in decided if _takes_over(case)], night.on)
    return Counter(rule_in_words(action.rule) for each in decided for action in each.actions)


def _takes_over(decided: Decided) -> bool:
    """Whether a renewal came into force just now: the agreement it follows then ends as renewed."""
    became_active = any(
        action.after.state is State.ACTIVE and action.before.state is not State.ACTIVE for action in decided.actions
    )
    return became_active and decided.case.renews is not None
