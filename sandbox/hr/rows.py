"""A picture of the municipality in the shapes of FINT, with the oddities that real sources have.

Which way a date or a percentage is written follows from a checksum of whose it is: all the ways occur, and the same
row is always written the same way.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from urllib.parse import quote
from zlib import crc32
from zoneinfo import ZoneInfo

from agreements.people import Position, Unit
from sandbox.municipality import Person, Picture

OSLO = ZoneInfo("Europe/Oslo")
HOST = "https://hr.sandvik.kommune.example"
PERSONNEL = "/administrasjon/personal/personalressurs"
POSITIONS = "/administrasjon/personal/arbeidsforhold"
PERSONS = "/administrasjon/personal/person"
UNITS = "/administrasjon/organisasjon/organisasjonselement"

HOME_STREET = "Sandkasteveien"
"""Street of every invented home address: what must never be found outside this API."""

NATIONAL_ID_MONTH_OFFSET = 80
"""Added to the month, as in test populations, so that no invented national id number can belong to anyone."""

Row = dict[str, object]

START_WRITINGS: tuple[Callable[[date], object], ...] = (
    lambda day: f"{day}T00:00:00Z",
    lambda day: f"{_oslo_midnight(day):%Y-%m-%dT%H:%M:%SZ}",
    lambda day: int(_oslo_midnight(day).timestamp() * 1_000),
    lambda day: f"{day}",
)
END_WRITINGS: tuple[Callable[[date], object], ...] = (*START_WRITINGS, lambda day: f"{day}T23:59:59Z")
NO_END_WRITINGS = (None, "2099-12-31T00:00:00Z", "9999-12-31T23:59:59Z", 253_402_300_799_000, 4_102_354_800_000)


def fint_rows(picture: Picture) -> dict[str, list[Row]]:
    """All rows of the four resources, by path."""
    return {
        PERSONNEL: [_personnel(person) for person in picture.people],
        POSITIONS: [_employment(person, position) for person in picture.people for position in person.positions],
        PERSONS: [_person(person) for person in picture.people],
        UNITS: [_unit(unit) for unit in picture.units],
    }


def national_id(person: Person) -> str:
    """An invented national id number: eleven digits, month above 80."""
    number = crc32(person.user_id.encode())
    month = NATIONAL_ID_MONTH_OFFSET + 1 + number % 12
    return f"{1 + number % 28:02}{month:02}{50 + number % 50:02}{number % 100_000:05}"


def mobile_number(person: Person) -> str:
    """An invented telephone number; no number in Norway begins with two zeros."""
    return f"+4700{crc32(person.employee_number.encode()) % 1_000_000:06}"


def personnel_link(employee_number: str) -> list[Row]:
    return _link(PERSONNEL, "ansattnummer", employee_number)


def _personnel(person: Person) -> Row:
    links: Row = {
        "self": personnel_link(person.employee_number),
        "person": _link(PERSONS, "fodselsnummer", national_id(person)),
        "arbeidsforhold": [_position_link(position)[0] for position in person.positions],
    }
    if person.substitute_number is not None:
        links["stedfortreder"] = personnel_link(person.substitute_number)
    return {
        "ansattnummer": {"identifikatorverdi": person.employee_number, "gyldighetsperiode": None},
        "ansettelsesperiode": _period(person.employee_number, person.start_on, person.end_on),
        "ansiennitet": None,
        "brukernavn": {"identifikatorverdi": person.hr_upn or person.employee_number},
        "kontaktinformasjon": {
            "epostadresse": person.hr_email,
            "mobiltelefonnummer": mobile_number(person),
        },
        "_links": links,
    }


def _employment(person: Person, position: Position) -> Row:
    links: Row = {
        "self": _position_link(position),
        "personalressurs": personnel_link(person.employee_number),
        "arbeidssted": _unit_link(position.unit_id or "", _dice(position.position_id)),
    }
    if position.manager_number is not None:
        links["personalleder"] = personnel_link(position.manager_number)
    return {
        "systemId": {"identifikatorverdi": position.position_id},
        "gyldighetsperiode": _period(position.position_id, position.start_on, position.end_on),
        "arbeidsforholdsperiode": _period(person.user_id, person.start_on, person.end_on),
        "hovedstilling": position.is_main,
        "ansettelsesprosent": _percentage(position),
        "lonnsprosent": 10_000,
        "arslonn": 54_321_000,
        "stillingstittel": "Rådgiver",
        "_links": links,
    }


def _person(person: Person) -> Row:
    return {
        "fodselsnummer": {"identifikatorverdi": national_id(person)},
        "fodselsdato": -459_133_200_000,
        "navn": {"fornavn": person.given_name, "mellomnavn": None, "etternavn": person.family_name},
        "bostedsadresse": {"adresselinje": [f"{HOME_STREET} 12"], "postnummer": "9999", "poststed": "Sandvik"},
        "_links": {
            "self": _link(PERSONS, "fodselsnummer", national_id(person)),
            "personalressurs": personnel_link(person.employee_number),
        },
    }


def _unit(unit: Unit) -> Row:
    dice = _dice(unit.unit_id)
    links: Row = {
        "self": _unit_link(unit.unit_id, dice),
        # The top unit is its own parent, and some units list themselves among their children.
        "overordnet": _unit_link(unit.parent_id or unit.unit_id, dice + 1),
        "underordnet": _unit_link(unit.unit_id, dice),
    }
    if unit.manager_number is not None:
        links["leder"] = personnel_link(unit.manager_number)
    return {
        "organisasjonsId": {"identifikatorverdi": unit.unit_id},
        "organisasjonsKode": {"identifikatorverdi": unit.unit_id.removeprefix("O-")},
        "navn": unit.name,
        "kortnavn": None,
        "gyldighetsperiode": {"start": "1990-01-01", "slutt": None},
        "_links": links,
    }


def _period(owner: str, start_on: date | None, end_on: date | None) -> Row:
    dice = _dice(owner)
    start = None if start_on is None else START_WRITINGS[dice % len(START_WRITINGS)](start_on)
    if end_on is None:
        return {"start": start, "slutt": NO_END_WRITINGS[dice % len(NO_END_WRITINGS)]}
    return {"start": start, "slutt": END_WRITINGS[dice % len(END_WRITINGS)](end_on)}


def _percentage(position: Position) -> int:
    """Hundredths of a percent mostly; whole percents for one in three."""
    if _dice(position.position_id) % 3 == 0 and position.percentage.is_integer():
        return int(position.percentage)
    return round(position.percentage * 100)


def _position_link(position: Position) -> list[Row]:
    return _link(POSITIONS, "systemid", position.position_id)


def _unit_link(unit_id: str, dice: int) -> list[Row]:
    return _link(UNITS, "organisasjonsId" if dice % 2 else "organisasjonsid", unit_id)


def _link(path: str, kind: str, value: str) -> list[Row]:
    return [{"href": f"{HOST}{path}/{kind}/{quote(value, safe='')}"}]


def _oslo_midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, OSLO).astimezone(UTC)


def _dice(owner: str) -> int:
    return crc32(owner.encode())
