"""Single values as HR systems write them: dates in every writing, percentages, addresses; and what is wrong with one.

Reasons are Norwegian, for the list of deviations (avvik), and never quote a value.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import msgspec

from agreements.calendar import OSLO

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_END_FROM = date(2099, 12, 30)
"""2099-12-31 and 9999-12-31 stand for "no date"; written as midnight in Oslo they begin the evening before in UTC."""

WHOLE_DAY_CLOCKS = frozenset({time(0, 0, 0), time(23, 59, 59)})
FULL_TIME = 100.0
FULL_TIME_IN_HUNDREDTHS = 10_000.0

MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

Key = Annotated[str, msgspec.Meta(pattern=r"^\S(.*\S)?$")]


class Day:
    """A FINT date as the Oslo date it means; None where it stands for "no date"."""

    __slots__ = ("day",)

    def __init__(self, day: date | None) -> None:
        self.day = day


class Percentage:
    """Per cent of full time, 0-100."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value


def read_value(kind: type, value: object) -> object:
    """Read the types that msgspec does not know, `Day` and `Percentage`.

    Raises:
        ValueError: a Norwegian phrase that says what is wrong and quotes nothing.
    """
    return Day(oslo_day(value)) if kind is Day else Percentage(percent_of_full_time(value))


def oslo_day(value: object) -> date | None:
    """The date in Oslo that a FINT date means: ISO text, or milliseconds since 1970.

    Midnight and the last second of a day in UTC are how sources write "that date"; any other clock time is a moment,
    most often midnight in Oslo, and its date is the one in Oslo.

    Raises:
        ValueError: not a date.
    """
    try:
        moment = _moment(value)
        if moment.date() >= NO_END_FROM:
            return None
        if moment.tzinfo is None:
            return moment.date()
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("verdien er ikke en dato") from None
    written_as_date = moment.time().replace(microsecond=0) in WHOLE_DAY_CLOCKS
    return moment.date() if written_as_date else moment.astimezone(OSLO).date()


def percent_of_full_time(value: object) -> float:
    """Per cent, from per cent or from hundredths of one: sources write full time as 100 or 10000, even side by side.

    Above 100 it must be hundredths, as no position is more than full time. At or below 100 it is taken as per cent;
    a position of at most one per cent written in hundredths would be read too large, and those are not a reason
    to work from home.

    Raises:
        ValueError: not a number, or outside of full time either way.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("stillingsprosenten er ikke et tall")  # noqa: TRY004 - msgspec turns ValueError into a fault
    if not 0 <= value <= FULL_TIME_IN_HUNDREDTHS:
        raise ValueError("stillingsprosenten er utenfor 0-100 %")
    return float(value) if value <= FULL_TIME else value / 100


def fault_of(error: msgspec.DecodeError, resource: str) -> tuple[str, str]:
    """Path of the fault from the resource down, and a Norwegian reason. Neither quotes a value."""
    reason, _, place = str(error).partition(" - at `")
    return resource + place.removesuffix("`").removeprefix("$"), _norwegian(reason)


def _moment(value: object) -> datetime:
    """With its own zone, or with none where none was written. Sentinels are still there: converting them overflows."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return EPOCH + timedelta(milliseconds=value)
    raise ValueError


_TYPES = {
    "str": "tekst",
    "int": "tall",
    "float": "tall",
    "bool": "ja eller nei",
    "object": "et objekt",
    "array": "en liste",
}
_EXPECTED = re.compile(r"Expected `([a-z]+)[^`]*`(?:, got `([a-z]+)`)?")
_MISSING = re.compile(r"Object missing required field `(\w+)`")


def _norwegian(reason: str) -> str:
    if missing := _MISSING.fullmatch(reason):
        return f"feltet {missing[1]} mangler"
    expected = _EXPECTED.match(reason)
    if expected is None:
        # Our own phrases are Norwegian already; the parser's own words on broken JSON say little to anybody.
        return "raden er ikke gyldig JSON" if reason.startswith(("JSON", "Invalid", "Input")) else reason
    if expected[2] == "null":
        return "verdien mangler"
    if expected[2] is None:
        return "verdien er tom eller har blanke tegn rundt seg"
    return f"ventet {_TYPES.get(expected[1], 'noe annet')}, fant {_TYPES.get(expected[2], 'noe annet')}"


def mail_address(text: str | None) -> str | None:
    """A user name is a sign-in name only where it looks like one; anything else in a mail field is no address."""
    text = (text or "").strip()
    return text if MAIL_ADDRESS.fullmatch(text) else None
