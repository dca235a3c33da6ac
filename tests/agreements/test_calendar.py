"""Months and working days as the regulation and the Norwegian calendar count them."""

from datetime import date

import pytest

from agreements.calendar import add_months, is_working_day, last_day_of_period, next_working_day


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        pytest.param(date(2026, 1, 15), 6, date(2026, 7, 15), id="same-day-of-the-month"),
        pytest.param(date(2026, 8, 31), 6, date(2027, 2, 28), id="31-august-ends-in-february"),
        pytest.param(date(2027, 8, 31), 6, date(2028, 2, 29), id="31-august-before-a-leap-year"),
        pytest.param(date(2026, 8, 31), 12, date(2027, 8, 31), id="the-short-month-between-takes-no-day"),
        pytest.param(date(2028, 2, 29), 12, date(2029, 2, 28), id="leap-day-and-a-year"),
        pytest.param(date(2028, 2, 29), 48, date(2032, 2, 29), id="leap-day-and-four-years"),
        pytest.param(date(2026, 10, 31), 1, date(2026, 11, 30), id="31-to-30"),
        pytest.param(date(2026, 12, 31), 6, date(2027, 6, 30), id="across-new-year"),
        pytest.param(date(2095, 8, 31), 54, date(2100, 2, 28), id="2100-is-no-leap-year"),
    ],
)
def test_months_are_calendar_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("start_on", "months", "expected"),
    [
        pytest.param(date(2026, 3, 1), 12, date(2027, 2, 28), id="a-year-from-1-march"),
        pytest.param(date(2027, 3, 1), 12, date(2028, 2, 29), id="a-year-from-1-march-into-a-leap-year"),
        pytest.param(date(2028, 2, 29), 12, date(2029, 2, 27), id="a-year-from-the-leap-day"),
        pytest.param(date(2026, 1, 1), 12, date(2026, 12, 31), id="a-calendar-year"),
        pytest.param(date(2026, 8, 31), 6, date(2027, 2, 27), id="half-a-year-from-31-august"),
    ],
)
def test_last_day_of_a_period_is_inclusive(start_on: date, months: int, expected: date) -> None:
    assert last_day_of_period(start_on, months) == expected


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2026, 3, 7), id="saturday"),
        pytest.param(date(2026, 3, 8), id="sunday"),
        pytest.param(date(2026, 1, 1), id="new-year"),
        pytest.param(date(2026, 4, 2), id="maundy-thursday-2026"),
        pytest.param(date(2026, 4, 3), id="good-friday-2026"),
        pytest.param(date(2026, 4, 6), id="easter-monday-2026"),
        pytest.param(date(2027, 3, 25), id="maundy-thursday-2027"),
        pytest.param(date(2027, 3, 26), id="good-friday-2027"),
        pytest.param(date(2027, 3, 29), id="easter-monday-2027"),
        pytest.param(date(2026, 5, 1), id="labour-day"),
        pytest.param(date(2027, 5, 17), id="constitution-day"),
        pytest.param(date(2026, 5, 14), id="ascension-2026"),
        pytest.param(date(2027, 5, 6), id="ascension-2027"),
        pytest.param(date(2026, 5, 25), id="whit-monday-2026"),
        pytest.param(date(2028, 6, 5), id="whit-monday-2028"),
        pytest.param(date(2026, 12, 25), id="christmas-day"),
        pytest.param(date(2029, 12, 26), id="boxing-day"),
    ],
)
def test_days_off(day: date) -> None:
    assert not is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2026, 3, 2), id="monday"),
        pytest.param(date(2026, 3, 6), id="friday"),
        pytest.param(date(2026, 4, 1), id="wednesday-before-easter"),
        pytest.param(date(2026, 4, 7), id="tuesday-after-easter"),
        pytest.param(date(2026, 5, 15), id="friday-after-ascension"),
        pytest.param(date(2026, 5, 18), id="17-may-on-a-sunday-is-not-moved"),
        pytest.param(date(2026, 12, 24), id="christmas-eve"),
        pytest.param(date(2026, 12, 31), id="new-years-eve"),
    ],
)
def test_working_days(day: date) -> None:
    assert is_working_day(day)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 3, 4), date(2026, 3, 4), id="already-one"),
        pytest.param(date(2026, 3, 7), date(2026, 3, 9), id="weekend"),
        pytest.param(date(2026, 4, 2), date(2026, 4, 7), id="the-five-days-of-easter"),
        pytest.param(date(2027, 12, 31), date(2027, 12, 31), id="new-years-eve"),
        pytest.param(date(2027, 1, 1), date(2027, 1, 4), id="new-year-on-a-friday"),
    ],
)
def test_next_working_day(day: date, expected: date) -> None:
    assert next_working_day(day) == expected
