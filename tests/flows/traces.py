"""What Prefect has stored, searched for what tells who somebody is."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from sandbox.hr.rows import mobile_number, national_id
from sandbox.municipality import Person

WHOLE_NUMBER = re.compile(r"(?<![0-9a-fA-F.-])(?:(?:\+|%2B|00)?47)?(\d{8}|\d{11})(?![0-9a-fA-F]|-[0-9a-fA-F]{4}-)")
"""A telephone or national id number that stands by itself.

Among the digits of a duration, an id or a checksum every number of eight digits turns up sooner or later.
"""


def named_in(home: Path, people: Iterable[Person]) -> list[str]:
    """The employee numbers of those of whom Prefect's database in this home tells anything.

    Names and addresses are looked for in the files themselves, where also what was deleted lies; numbers in the
    values, since a file parts one value from the next by nothing.
    """
    stored = b"".join(file.read_bytes() for file in home.glob("prefect.db*"))
    if b"nightly" not in stored:
        raise ValueError(f"no night was run with the database in {home}")
    numbers = {number for _, value in values_of(home) for number in WHOLE_NUMBER.findall(value)}
    return [
        person.employee_number
        for person in people
        if not numbers.isdisjoint((mobile_number(person).removeprefix("+47"), national_id(person)))
        or any(trace.encode() in stored for trace in _words(person))
    ]


def values_of(home: Path) -> Iterator[tuple[str, str]]:
    """Every value of every table of Prefect's database as text, with its table's name."""
    with closing(sqlite3.connect(home / "prefect.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name from the database
                yield from ((table, _text(value)) for value in row)


def _words(person: Person) -> set[str]:
    r"""In its columns of JSON a name is not written as in its texts: there ø is \u00f8."""
    plain = (person.email, person.upn, person.name)
    return {*plain, *(json.dumps(word)[1:-1] for word in plain)}


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
