"""Rows of the four FINT resources: an allow-list of fields, read strictly.

National id number, birth date, home address, salary and private contact are not in these types, so they never become
values here. The person resource is keyed by national id number and its links to and from employments carry it; an
employment is found through the person's own link to `ansattnummer` instead.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from integrations.hr.values import Day, Key, Percentage, read_value

BY_EMPLOYEE_NUMBER = "ansattnummer"
BY_UNIT_ID = "organisasjonsid"
BY_SYSTEM_ID = "systemid"

PLAIN_VALUES = (str, int, float)


class Period(msgspec.Struct, gc=False):
    start: Day | None = None
    end: Day | None = msgspec.field(name="slutt", default=None)

    @property
    def start_on(self) -> date | None:
        return self.start.day if self.start else None

    @property
    def end_on(self) -> date | None:
        return self.end.day if self.end else None


class Identifier(msgspec.Struct, gc=False):
    value: Key = msgspec.field(name="identifikatorverdi")


class LooseIdentifier(msgspec.Struct, gc=False):
    value: str | None = msgspec.field(name="identifikatorverdi", default=None)


class Link(msgspec.Struct, gc=False):
    href: str | None = None


Links = tuple[Link, ...] | None


class UnitLinks(msgspec.Struct, gc=False):
    parent: Links = msgspec.field(name="overordnet", default=None)
    manager: Links = msgspec.field(name="leder", default=None)


class UnitRow(msgspec.Struct, gc=False):
    identifier: Identifier = msgspec.field(name="organisasjonsId")
    name: str | None = msgspec.field(name="navn", default=None)
    short_name: str | None = msgspec.field(name="kortnavn", default=None)
    links: UnitLinks = msgspec.field(name="_links", default_factory=UnitLinks)


class EmploymentLinks(msgspec.Struct, gc=False):
    positions: Links = msgspec.field(name="arbeidsforhold", default=None)
    substitute: Links = msgspec.field(name="stedfortreder", default=None)


class WorkContact(msgspec.Struct, gc=False):
    email: str | None = msgspec.field(name="epostadresse", default=None)


class EmploymentRow(msgspec.Struct, gc=False):
    """Personalressurs."""

    identifier: Identifier = msgspec.field(name="ansattnummer")
    period: Period = msgspec.field(name="ansettelsesperiode")
    user_name: LooseIdentifier | None = msgspec.field(name="brukernavn", default=None)
    contact: WorkContact | None = msgspec.field(name="kontaktinformasjon", default=None)
    links: EmploymentLinks = msgspec.field(name="_links", default_factory=EmploymentLinks)


class PositionLinks(msgspec.Struct, gc=False):
    employment: Links = msgspec.field(name="personalressurs", default=None)
    unit: Links = msgspec.field(name="arbeidssted", default=None)
    manager: Links = msgspec.field(name="personalleder", default=None)


class PositionRow(msgspec.Struct, gc=False):
    """Arbeidsforhold."""

    identifier: Identifier = msgspec.field(name="systemId")
    percentage: Percentage = msgspec.field(name="ansettelsesprosent")
    validity: Period | None = msgspec.field(name="gyldighetsperiode", default=None)
    period: Period | None = msgspec.field(name="arbeidsforholdsperiode", default=None)
    is_main: bool | None = msgspec.field(name="hovedstilling", default=None)
    links: PositionLinks = msgspec.field(name="_links", default_factory=PositionLinks)


class Name(msgspec.Struct, gc=False):
    given: str | None = msgspec.field(name="fornavn", default=None)
    middle: str | None = msgspec.field(name="mellomnavn", default=None)
    family: str | None = msgspec.field(name="etternavn", default=None)


class PersonLinks(msgspec.Struct, gc=False):
    employments: Links = msgspec.field(name="personalressurs", default=None)


class PersonRow(msgspec.Struct, gc=False):
    name: Name = msgspec.field(name="navn")
    links: PersonLinks = msgspec.field(name="_links", default_factory=PersonLinks)


class Identity(msgspec.Struct, gc=False):
    """As much as can be said of whose a row is when the row itself cannot be read."""

    unit: LooseIdentifier | None = msgspec.field(name="organisasjonsId", default=None)
    employment: LooseIdentifier | None = msgspec.field(name="ansattnummer", default=None)
    position: LooseIdentifier | None = msgspec.field(name="systemId", default=None)
    links: PersonLinks = msgspec.field(name="_links", default_factory=PersonLinks)


def read_field(kind: type, value: object) -> object:
    """`read_value`, which sees the same few thousand dates and percentages again and again.

    Raises:
        ValueError: as `read_value`.
    """
    return _remembered(kind, value) if isinstance(value, PLAIN_VALUES) else read_value(kind, value)


# Typed, because true and 1 are the same key to a cache, and only one of them is a percentage.
_remembered = lru_cache(maxsize=20_000, typed=True)(read_value)


def linked(links: Sequence[Link] | None, by: str) -> list[str]:
    """The values of the links made `by` one kind of identifier; its spelling varies between upper and lower case."""
    found = []
    for link in links or ():
        kind, _, value = (link.href or "").rstrip("/").rpartition("/")
        if value and _last_part(kind) == by:
            found.append(unquote(value) if "%" in value else value)
    return found


def first_linked(links: Sequence[Link] | None, by: str) -> str | None:
    found = linked(links, by) if links else None
    return found[0] if found else None


@lru_cache(maxsize=100)
def _last_part(address: str) -> str:
    """Links differ in their last part only: a source has a handful of addresses before it."""
    return address.rpartition("/")[2].lower()
