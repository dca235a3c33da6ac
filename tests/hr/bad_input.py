"""What HR systems send on bad nights, and where a person is to find the reason: one table for all five kinds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from agreements.people import Position
from config.settings import HrKind
from sandbox.municipality import Person
from tests.hr.conftest import TODAY
from tests.hr.sources import Harm, Hr

LEADER, LEADER_OF_TWO = "100206", "100201"
EARLY, ORDINARY = "100219", "100227"
"""They lead nobody; the former is on the first page."""
DEPARTMENT, OTHER_DEPARTMENT, SECTOR = "O-2001", "O-2000", "O-10"
PAGE_FOR_PEOPLE = b"<!DOCTYPE html><html><title>Logg inn</title><p>Nede for vedlikehold.<br></html>"


class Shows(StrEnum):
    """Where a person finds the reason."""

    UNREADABLE = "HR could not be read: one line says why"
    HELD = "the sync waits for approval, with reasons"
    REJECTED = "rows are set aside, each with a reason"
    MOVED = "the input is legal: some have another leader, and their cases' history says so"
    NOTHING = "the input is legal, and means what it meant before"


@dataclass(frozen=True)
class Bad:
    """One kind of bad input. `but`: who shows it elsewhere; `not_for`: for whom it means nothing, and why."""

    name: str
    do: Callable[[Hr], object]
    shows: Shows
    but: Mapping[HrKind, Shows] = field(default_factory=dict)
    not_for: Mapping[HrKind, str] = field(default_factory=dict)


def spoil(change: Callable[[bytes], bytes]) -> Callable[[Hr], None]:
    def do(hr: Hr) -> None:
        hr.spoil = change

    return do


def people(change: Callable[[Person], Person]) -> Callable[[Hr], None]:
    return lambda hr: hr.show(replace(hr.picture, people=tuple(map(change, hr.picture.people))))


def half_of_them(hr: Hr) -> None:
    hr.show(replace(hr.picture, people=hr.picture.people[::2]))


def list_twice(other_id: str | None = None) -> Callable[[Hr], None]:
    def do(hr: Hr) -> None:
        leader = hr.picture.person(LEADER)
        again = replace(leader, family_name="Enannen", user_id=other_id or leader.user_id)
        hr.show(replace(hr.picture, people=(*hr.picture.people, again)))

    return do


def close_a_cycle(hr: Hr) -> None:
    above = {DEPARTMENT: OTHER_DEPARTMENT, OTHER_DEPARTMENT: DEPARTMENT}
    units = (replace(unit, parent_id=above.get(unit.unit_id, unit.parent_id)) for unit in hr.picture.units)
    hr.show(replace(hr.picture, units=tuple(units)))


def garbage(harm: Harm, *numbers: str) -> Callable[[Hr], None]:
    return lambda hr: hr.harm(numbers, harm)


def harm_a_tenth(hr: Hr) -> None:
    hr.harm([who.employee_number for who in hr.picture.people if who.employed_on(TODAY)][::10], Harm.EVERYTHING)


def within(person: Person, start_on: date | None = None, end_on: date | None = None) -> Person:
    """The same person, employed and in every position from and to these days, where they are given."""

    def bounded(position: Position) -> Position:
        return replace(position, start_on=start_on or position.start_on, end_on=end_on or position.end_on)

    positions = tuple(map(bounded, person.positions))
    return replace(person, start_on=start_on or person.start_on, end_on=end_on or person.end_on, positions=positions)


def ended_long_ago(person: Person) -> Person:
    return within(person, date(2010, 1, 1), date(2020, 12, 31))


def without_end_in_so_many_words(person: Person) -> Person:
    never = date(2099 if int(person.employee_number) % 2 else 9999, 12, 31)
    positions = (replace(position, end_on=position.end_on or never) for position in person.positions)
    return replace(person, end_on=person.end_on or never, positions=tuple(positions))


def utf_16(content: bytes) -> bytes:
    return content.decode().replace("encoding='UTF-8'", "encoding='UTF-16'", 1).encode("utf-16")


NO_TREE = "knows no units above units"
NO_DATES = "knows no dates"
UNREADABLE, HELD, REJECTED, MOVED, NOTHING = Shows
BAD_INPUT = (
    Bad("empty list", lambda hr: hr.empty(), UNREADABLE),
    Bad("web page with status 200", spoil(lambda _: PAGE_FOR_PEOPLE), UNREADABLE),
    Bad("truncated", spoil(lambda content: content[: len(content) // 2]), UNREADABLE),
    Bad(
        "missing page",  # or, of documents, a part: the second file, or rows that are announced
        lambda hr: hr.lose_a_part(),
        UNREADABLE,
        not_for={"visma": "one document that does not say how many it holds"},
    ),
    Bad("duplicate key", list_twice(), REJECTED, but={"fint": UNREADABLE, "scim": UNREADABLE}),
    Bad("duplicate number under another id", list_twice(other_id="another"), REJECTED, but={"fint": UNREADABLE}),
    Bad(
        "another encoding than it says",
        spoil(lambda content: content.decode().encode("latin-1", "replace")),
        UNREADABLE,
        not_for={"csv": "says no encoding; Windows-1252 is legal, and what is neither is the row below"},
    ),
    Bad("encoded twice", spoil(lambda content: content.decode("latin-1").encode()), HELD, but={"csv": UNREADABLE}),
    Bad("UTF-16", spoil(utf_16), UNREADABLE, but={"visma": NOTHING, "unit4": NOTHING}),
    Bad("a tenth is garbage", harm_a_tenth, HELD),
    *(
        Bad(
            f"garbage in two rows, one of them a leader's: {harm}",
            garbage(harm, LEADER, ORDINARY),
            REJECTED,
            but={} if harm is Harm.FIELD else {"scim": HELD},  # which sets the whole team aside as well
        )
        for harm in (Harm.FIELD, Harm.NUMBER, Harm.EVERYTHING)
    ),
    Bad("garbage in the row of a leader of two", garbage(Harm.EVERYTHING, LEADER_OF_TWO), REJECTED),
    Bad("units in a cycle", close_a_cycle, MOVED, not_for={"scim": NO_TREE, "visma": NO_TREE}),
    Bad("unknown leader of many", lambda hr: hr.lose_leader_of(DEPARTMENT), HELD),
    Bad(
        "unknown leader of two",
        lambda hr: hr.lose_leader_of(SECTOR),
        MOVED,
        not_for={"visma": f"{NO_TREE}: those two name no leader but themselves"},
    ),
    Bad("all dates in the past", people(ended_long_ago), HELD, but={"scim": UNREADABLE}),
    Bad("percent 10000", lambda hr: hr.write_full_time_as(10_000), NOTHING, not_for={"scim": "knows no percentages"}),
    Bad("percent 100", lambda hr: hr.write_full_time_as(100), NOTHING, not_for={"scim": "knows no percentages"}),
    Bad("sentinel dates", people(without_end_in_so_many_words), NOTHING, not_for={"scim": NO_DATES}),
    Bad("half of the staff gone", half_of_them, HELD),
)
"""Daylight-saving nights, and a user deleted between two pages, have tests of their own: somebody leaves there."""
