"""Dates as the regulation and the municipality count them: calendar months, and Norwegian working days."""

from collections.abc import Container
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from dateutil.relativedelta import relativedelta

OSLO = ZoneInfo("Europe/Oslo")
SATURDAY = 5


def add_months(day: date, months: int) -> date:
    """The same day of the month, or the month's last day where there is none: 31 August + 6 is 28 or 29 February."""
    return day + relativedelta(months=months)


def last_day_of_period(start_on: date, months: int) -> date:
    """The inclusive last day of a period: a year from 1 March 2026 ends on 28 February 2027."""
    return add_months(start_on, months) - timedelta(days=1)


@cache
def is_working_day(day: date) -> bool:
    """Monday to Friday, and not a Norwegian public holiday."""
    return day.weekday() < SATURDAY and day not in _norwegian_holidays(day.year)


@cache
def next_working_day(day: date) -> date:
    """The day itself if it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _norwegian_holidays(year: int) -> Container[date]:
    return frozenset(holidays.country_holidays("NO", years=year))
