"""How few people may be counted before they can be recognised: groups put together until none is too small.

Nothing is left out of a total: what is too small stands together with something else, so that no subtraction finds it.
Whoever knows these rules finds no more, either: which groups stand together depends on their order, not on their size
(`neighbours_together`), or the smallest of the others keep them company (`smallest_together`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5
"""People in the smallest group that is shown. Nobody at all is shown as nought."""
FEWEST_APART = 2 * FEWEST
"""People in the group of the smallest: two of four each would otherwise be known from their sum, which is eight."""
ENOUGH_FOR_A_DECIMAL = 20
"""People from whom on an average has a decimal. Of fewer, it would tell how many are just above the least there is."""


@dataclass(frozen=True, slots=True)
class Group:
    """So many people who have one of these things in common; `labels` are in the order of their kind."""

    labels: tuple[str, ...]
    people: int

    def __add__(self, other: "Group") -> "Group":
        return Group(self.labels + other.labels, self.people + other.people)


def is_too_few(people: int) -> bool:
    return 0 < people < FEWEST


def neighbours_together(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Groups in an order of their own: one that is too small stands with the next, the last with the one before.

    Gives nothing when there are too few people in all.
    """
    if is_too_few(sum(group.people for group in groups)):
        return ()
    shown: list[Group] = []
    for group in groups:
        shown = [*shown[:-1], shown[-1] + group] if shown and is_too_few(shown[-1].people) else [*shown, group]
    while len(shown) > 1 and is_too_few(shown[-1].people):
        shown = [*shown[:-2], shown[-2] + shown[-1]]
    return tuple(shown)


def smallest_together(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Groups in no order: the ones that are too small stand last as one, with the smallest of the others if need be.

    Gives nothing when there are too few people in all.
    """
    if is_too_few(sum(group.people for group in groups)):
        return ()
    apart = [group for group in groups if is_too_few(group.people)]
    rest = sorted((group for group in groups if group not in apart), key=lambda group: group.people)
    while apart and rest and sum(group.people for group in apart) < FEWEST_APART:
        # Of several as small, all: which of them it was would tell something as well.
        smallest = rest[0].people
        apart += [group for group in rest if group.people == smallest]
        rest = [group for group in rest if group.people > smallest]
    shown = [group for group in groups if group not in apart]
    together = [group for group in groups if group in apart]  # in their old order, which tells nothing of their sizes
    return tuple(shown) if not together else (*shown, sum(together[1:], together[0]))


def average(values: Sequence[float]) -> float | None:
    """None for too few people; to the nearest half, or to one decimal where there are enough."""
    if len(values) < FEWEST:
        return None
    exact = sum(values) / len(values)
    return round(exact, 1) if len(values) >= ENOUGH_FOR_A_DECIMAL else round(exact * 2) / 2


def average_of(groups: Sequence[Group]) -> tuple[float, float] | None:
    """The least and the greatest that the average of groups labelled by numbers may be, from what is shown alone.

    Both are the average where every group stands by itself; None where nobody is, or all of them stand together.
    """
    people = sum(group.people for group in groups)
    if people == 0 or (len(groups) == 1 and len(groups[0].labels) > 1):
        return None
    least = sum(float(group.labels[0]) * group.people for group in groups) / people
    greatest = sum(float(group.labels[-1]) * group.people for group in groups) / people
    return round(least, 1), round(greatest, 1)
