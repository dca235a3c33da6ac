"""The search of Prefect's database finds whoever it tells of, and nobody else."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from sandbox.hr.rows import mobile_number, national_id
from sandbox.municipality import Municipality, Person
from tests.flows.traces import named_in

PEOPLE = Municipality.generate(80, opens_on=date(2026, 11, 16)).people


def stored(home: Path, *values: str | bytes | int) -> Path:
    with closing(sqlite3.connect(home / "prefect.db")) as connection:
        connection.execute("CREATE TABLE log (id, message, timestamp)")
        connection.executemany(
            "INSERT INTO log VALUES ('nightly', ?, '2026-11-16 01:15:00.123456')", [(each,) for each in values]
        )
        connection.commit()
    return home


@pytest.mark.parametrize(
    "told",
    [
        lambda person: f"Mottaker {person.email} finnes ikke",
        lambda person: person.name,
        lambda person: json.dumps({"who": person.name}),
        lambda person: f'{{"form": "{mobile_number(person)}"}}',
        lambda person: mobile_number(person).removeprefix("+47"),
        lambda person: f"tel:%2B{mobile_number(person)[1:]}",
        lambda person: f"\\n{national_id(person)}\\n",
        lambda person: int(national_id(person)),
    ],
)
def test_whoever_is_told_of_is_found(tmp_path: Path, told: Callable[[Person], str | bytes | int]) -> None:
    somebody = next(person for person in PEOPLE if "ø" in person.name and not national_id(person).startswith("0"))
    assert named_in(stored(tmp_path, told(somebody)), PEOPLE) == [somebody.employee_number]


def test_a_number_among_other_digits_is_nobodys(tmp_path: Path) -> None:
    number = mobile_number(PEOPLE[0]).removeprefix("+47")
    others = (f"0.{number}31", f"{number}-0c1f-4b7a-9a52-1f0c8e2d7a11", f"a{number}", f"{number}e9", f"1{number}")
    assert named_in(stored(tmp_path, *others), PEOPLE) == []


def test_a_database_without_a_night_is_no_proof(tmp_path: Path) -> None:
    stored(tmp_path).joinpath("prefect.db").write_bytes(b"")
    with pytest.raises(ValueError, match="no night was run"):
        named_in(tmp_path, PEOPLE)
