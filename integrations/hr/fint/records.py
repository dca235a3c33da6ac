"""Rows of the four FINT resources: an allow-list of fields, read strictly.

National id number, birth date, home address, salary and private contact are not in these types, so they never become
values here. The person resource is keyed by national id number and its links to and from employments carry it; an
employment is found through the person's own link to `ansattnummer` instead.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import msgspec

OSLO = ZoneInfo("Europe/Oslo")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_END_FROM = date(2099, 12, 30)
"""2099-12-31 and 9999-12-31 stand for "no date"; written as midnight in Oslo they begin the evening before in UTC."""

WHOLE_DAY_CLOCKS = frozenset({time(0, 0, 0), time(23, 59, 59)})
FULL_TIME = 100.0
FULL_TIME_IN_HUNDREDTHS = 10_000.0

BY_EMPLOYEE_NUMBER = "ansattnummer"
BY_UNIT_ID = "organisasjonsid"
BY_SYSTEM_ID = "systemid"

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


class Period(msgspec.Struct):
    start: Day | None = None
    end: Day | None = msgspec.field(name="slutt", default=None)

    @property
    def start_on(self) -> date | None:
        return self.start.day if self.start else None

    @property
    def end_on(self) -> date | None:
        return self.end.day if self.end else None


class Identifier(msgspec.Struct):
    value: Key = msgspec.field(name="identifikatorverdi")


class LooseIdentifier(msgspec.Struct):
    value: str | None = msgspec.field(name="identifikatorverdi", default=None)


class Link(msgspec.Struct):
    href: str | None = None


Links = list[Link] | None


class UnitLinks(msgspec.Struct):
    parent: Links = msgspec.field(name="overordnet", default=None)
    manager: Links = msgspec.field(name="leder", default=None)


class UnitRow(msgspec.Struct):
    identifier: Identifier = msgspec.field(name="organisasjonsId")
    name: str | None = msgspec.field(name="navn", default=None)
    short_name: str | None = msgspec.field(name="kortnavn", default=None)
    links: UnitLinks = msgspec.field(name="_links", default_factory=UnitLinks)


class EmploymentLinks(msgspec.Struct):
    positions: Links = msgspec.field(name="arbeidsforhold", default=None)
    substitute: Links = msgspec.field(name="stedfortreder", default=None)


class WorkContact(msgspec.Struct):
    email: str | None = msgspec.field(name="epostadresse", default=None)


class EmploymentRow(msgspec.Struct):
    """Personalressurs."""

    identifier: Identifier = msgspec.field(name="ansattnummer")
    period: Period = msgspec.field(name="ansettelsesperiode")
    user_name: LooseIdentifier | None = msgspec.field(name="brukernavn", default=None)
    contact: WorkContact | None = msgspec.field(name="kontaktinformasjon", default=None)
    links: EmploymentLinks = msgspec.field(name="_links", default_factory=EmploymentLinks)


class PositionLinks(msgspec.Struct):
    employment: Links = msgspec.field(name="personalressurs", default=None)
    unit: Links = msgspec.field(name="arbeidssted", default=None)
    manager: Links = msgspec.field(name="personalleder", default=None)


class PositionRow(msgspec.Struct):
    """Arbeidsforhold."""

    identifier: Identifier = msgspec.field(name="systemId")
    percentage: Percentage = msgspec.field(name="ansettelsesprosent")
    validity: Period | None = msgspec.field(name="gyldighetsperiode", default=None)
    period: Period | None = msgspec.field(name="arbeidsforholdsperiode", default=None)
    is_main: bool | None = msgspec.field(name="hovedstilling", default=None)
    links: PositionLinks = msgspec.field(name="_links", default_factory=PositionLinks)


class Name(msgspec.Struct):
    given: str | None = msgspec.field(name="fornavn", default=None)
    middle: str | None = msgspec.field(name="mellomnavn", default=None)
    family: str | None = msgspec.field(name="etternavn", default=None)


class PersonLinks(msgspec.Struct):
    employments: Links = msgspec.field(name="personalressurs", default=None)


class PersonRow(msgspec.Struct):
    name: Name = msgspec.field(name="navn")
    links: PersonLinks = msgspec.field(name="_links", default_factory=PersonLinks)


class Identity(msgspec.Struct):
    """As much as can be said of whose a row is when the row itself cannot be read."""

    unit: LooseIdentifier | None = msgspec.field(name="organisasjonsId", default=None)
    employment: LooseIdentifier | None = msgspec.field(name="ansattnummer", default=None)
    position: LooseIdentifier | None = msgspec.field(name="systemId", default=None)
    links: PersonLinks = msgspec.field(name="_links", default_factory=PersonLinks)


def linked(links: Links, by: str) -> list[str]:
    """The values of the links made `by` one kind of identifier; its spelling varies between upper and lower case."""
    found = []
    for link in links or ():
        kind, _, value = (link.href or "").rstrip("/").rpartition("/")
        if value and kind.rpartition("/")[2].lower() == by:
            found.append(unquote(value))
    return found


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
