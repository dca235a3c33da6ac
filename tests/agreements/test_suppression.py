"""Nobody finds a group of one to four: not by subtraction, and not by knowing how the groups were put together."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.suppression import (
    FEWEST,
    Group,
    average,
    average_of,
    neighbours_together,
    smallest_together,
)

Publish = Callable[[Sequence[Group]], tuple[Group, ...]]
WAYS = pytest.mark.parametrize("publish", [neighbours_together, smallest_together], ids=lambda way: way.__name__)


def groups(*people: int) -> list[Group]:
    return [Group((str(place),), number) for place, number in enumerate(people, 1)]


def shares(parts: int, people: int) -> Iterator[tuple[int, ...]]:
    """Every way so many people can be in so many groups."""
    if parts == 1:
        yield (people,)
        return
    for first in range(people + 1):
        for rest in shares(parts - 1, people - first):
            yield (first, *rest)


@WAYS
@given(people=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_what_is_shown_adds_up_and_is_never_too_small(publish: Publish, people: list[int]) -> None:
    shown = publish(groups(*people))
    total = sum(people)
    if 0 < total < FEWEST:
        assert shown == ()
        return
    assert sum(group.people for group in shown) == total
    assert all(group.people == 0 or group.people >= FEWEST for group in shown)
    assert sorted(label for group in shown for label in group.labels) == sorted(
        str(n) for n in range(1, len(people) + 1)
    )


@pytest.mark.parametrize(
    ("publish", "parts", "most"),
    [
        pytest.param(neighbours_together, 2, 30, id="neighbours-2"),
        pytest.param(neighbours_together, 3, 26, id="neighbours-3"),
        pytest.param(neighbours_together, 5, 19, id="neighbours-5"),
        pytest.param(smallest_together, 2, 30, id="smallest-2"),
        pytest.param(smallest_together, 3, 30, id="smallest-3"),
    ],
)
def test_whoever_knows_the_rules_finds_no_small_group_either(publish: Publish, parts: int, most: int) -> None:
    """Of all that could lie behind what is shown, the averages included, no small group has one possible size alone."""
    for people in range(most + 1):
        behind: dict[object, list[tuple[int, ...]]] = defaultdict(list)
        for each in shares(parts, people):
            shown = publish(groups(*each))
            behind[shown, average_of(shown)].append(each)
        for published, possible in behind.items():
            for place in range(parts):
                sizes = {each[place] for each in possible}
                assert len(sizes) > 1 or not sizes & {1, 2, 3, 4}, (published, possible)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        pytest.param((0, 0), [((1,), 0), ((2,), 0)], id="nobody"),
        pytest.param((1, 2), [], id="too-few-in-all"),
        pytest.param((6, 0, 7), [((1,), 6), ((2,), 0), ((3,), 7)], id="nought-is-shown"),
        pytest.param((2, 9, 8), [((1, 2), 11), ((3,), 8)], id="with-the-next"),
        pytest.param((9, 8, 2), [((1,), 9), ((2, 3), 10)], id="the-last-with-the-one-before"),
        pytest.param((1, 0, 2, 3, 6), [((1, 2, 3, 4), 6), ((5,), 6)], id="until-there-are-enough"),
        pytest.param((8, 0, 0, 3), [((1, 2, 3, 4), 11)], id="past-those-that-nobody-is-in"),
    ],
)
def test_neighbours(people: tuple[int, ...], expected: list[tuple[tuple[int, ...], int]]) -> None:
    found = neighbours_together(groups(*people))
    assert [(tuple(map(int, group.labels)), group.people) for group in found] == expected


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        pytest.param((6, 7), [((1,), 6), ((2,), 7)], id="none-is-small"),
        pytest.param((12, 4, 4, 3), [((1,), 12), ((2, 3, 4), 11)], id="the-small-ones"),
        pytest.param((30, 2, 8, 40), [((1,), 30), ((4,), 40), ((2, 3), 10)], id="with-the-smallest-of-the-others"),
        pytest.param((8, 2, 8, 40), [((4,), 40), ((1, 2, 3), 18)], id="with-all-that-are-as-small"),
        pytest.param((3, 6), [((1, 2), 9)], id="all"),
        pytest.param((3, 1), [], id="too-few-in-all"),
    ],
)
def test_the_smallest(people: tuple[int, ...], expected: list[tuple[tuple[int, ...], int]]) -> None:
    found = smallest_together(groups(*people))
    assert [(tuple(map(int, group.labels)), group.people) for group in found] == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1.0] * 4, None, id="too-few"),
        pytest.param([1, 1, 1, 1, 2], 1.0, id="nearest-half"),
        pytest.param([1] * 10 + [2] * 9, 1.5, id="nineteen"),
        pytest.param([1] * 10 + [2] * 13, 1.6, id="a-decimal-from-twenty-on"),
    ],
)
def test_average(values: list[float], expected: float | None) -> None:
    assert average(values) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(groups(0, 0), None, id="nobody"),
        pytest.param([Group(("1", "2", "3"), 9)], None, id="all-together"),
        pytest.param(groups(0, 5, 5), (2.5, 2.5), id="each-by-itself"),
        pytest.param([Group(("1", "2", "3"), 5), Group(("4",), 15)], (3.2, 3.8), id="some-together"),
    ],
)
def test_average_of_what_is_shown(shown: list[Group], expected: tuple[float, float] | None) -> None:
    assert average_of(shown) == expected
