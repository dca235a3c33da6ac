"""How old the picture of the staff may be."""

from datetime import timedelta

import pytest

from agreements.freshness import FAIL_AFTER, WARN_AFTER, Freshness, freshness, hours

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(-timedelta(hours=1), Freshness.FRESH, id="a clock that is behind"),
        pytest.param(timedelta(), Freshness.FRESH, id="now"),
        pytest.param(timedelta(hours=24), Freshness.FRESH, id="last night"),
        pytest.param(timedelta(hours=26), Freshness.FRESH, id="26 hours"),
        pytest.param(timedelta(hours=26) + MOMENT, Freshness.AGEING, id="more than 26 hours"),
        pytest.param(timedelta(hours=48), Freshness.AGEING, id="the night before"),
        pytest.param(timedelta(hours=50), Freshness.AGEING, id="50 hours"),
        pytest.param(timedelta(hours=50) + MOMENT, Freshness.STALE, id="more than 50 hours"),
        pytest.param(timedelta(days=400), Freshness.STALE, id="more than a year"),
    ],
)
def test_a_picture_ages(age: timedelta, expected: Freshness) -> None:
    assert freshness(age) is expected


def test_the_limits_are_those_of_the_nights() -> None:
    limits = [limit.total_seconds() / 3600 for limit in (WARN_AFTER, FAIL_AFTER)]
    assert limits == [26, 50]


@pytest.mark.parametrize(
    ("age", "said"),
    [(timedelta(), 0), (timedelta(minutes=29), 0), (timedelta(minutes=31), 1), (timedelta(days=2, hours=3), 51)],
)
def test_an_age_is_said_in_whole_hours(age: timedelta, said: int) -> None:
    assert hours(age) == said
