"""Who is behind an address, and where mail goes: HR's word, and what the directory adds to it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from agreements.people import Employee, Snapshot
from integrations.database.addresses import mail_of, remember_directory, senders, without_address
from integrations.database.engine import Database
from integrations.database.tables import ADDRESS_COLUMNS, employees
from tests.database.samples import (
    TODAY,
    TOMORROW,
    YESTERDAY,
    changed,
    everything,
    load_staff,
    person,
    rows,
    staff,
    statements,
    without,
)

Entry = tuple[str | None, str | None]
FIRST = {
    "email": "Ase@HR.example",
    "user_principal_name": "ASE01@hr.example",
    "directory_mail": "Ase.Regnglimt@Entra.example",
    "directory_principal_name": "areg@ENTRA.example",
}


def load(database: Database, *people: Employee) -> None:
    load_staff(database, Snapshot((), people))


def nameless(number: str, **changes: object) -> Employee:
    """Somebody whom HR gives no address at all."""
    return person(number, **{"email": None, "user_principal_name": None, **changes})


def write(database: Database, number: str, **addresses: str | None) -> None:
    """Addresses put into the columns directly, whoever they would come from."""
    with database.transaction() as connection:
        connection.execute(update(employees).where(employees.c.employee_number == number).values(addresses))


def who(database: Database, *addresses: str) -> dict[str, str]:
    with database.transaction() as connection:
        return senders(connection, addresses)


def asked(database: Database, on: date = TODAY) -> list[str]:
    with database.transaction() as connection:
        return without_address(connection, on)


def learn(database: Database, numbers: Sequence[str], found: Mapping[str, Entry], on: date = TODAY) -> None:
    with database.transaction() as connection:
        remember_directory(connection, numbers, found, on)


def directory(database: Database) -> dict[str, tuple[str | None, str | None, date | None]]:
    return {
        row.employee_number: (row.directory_mail, row.directory_principal_name, row.directory_read_on)
        for row in rows(database, employees)
    }


def only_selects(sent: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(statement, parameters) for statement, parameters in sent if statement.startswith("SELECT")]


# --- Who is behind an address -----------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ADDRESS_COLUMNS)
def test_anybody_is_known_by_any_of_their_addresses_in_any_case(database: Database, column: str) -> None:
    load(database, nameless("0001"), nameless("0002"))
    write(database, "0001", **{column: FIRST[column]})
    address = FIRST[column].lower()
    assert who(database, address) == {address: "0001"}
    assert who(database, address.upper()) == {address: "0001"}
    assert who(database, f"x{address}", "") == {}


def test_all_addresses_of_one_person_lead_to_the_same_one(database: Database) -> None:
    load(database, nameless("0001"), person("0002"))
    write(database, "0001", **FIRST)
    assert set(who(database, *FIRST.values()).items()) == {(address.lower(), "0001") for address in FIRST.values()}


def test_many_senders_are_one_statement(database: Database) -> None:
    load(database, *(person(f"{each:04d}") for each in range(500)))
    wanted = [f"ansatt.{each:04d}@sandvik.kommune.example" for each in range(500)]
    with statements(database) as sent:
        found = who(database, *wanted)
    assert found == {address: f"{each:04d}" for each, address in enumerate(wanted)}
    assert len(only_selects(sent)) == 1


def test_nobody_asked_about_is_nobody_found(database: Database) -> None:
    load(database, person("0001"))
    assert who(database) == {}


def test_an_address_the_directory_gave_to_one_who_left_means_the_one_who_is_here(database: Database) -> None:
    load(database, nameless("0001", end_on=YESTERDAY), person("0002", email="ase@hr.example"))
    write(database, "0001", directory_mail="ase@hr.example")
    assert who(database, "ase@hr.example")["ase@hr.example"] == "0002"


def test_every_address_is_found_through_its_index(database: Database) -> None:
    load(database, *(person(f"{each:05d}") for each in range(1000)))
    with statements(database) as sent:
        who(database, "ansatt.00007@sandvik.kommune.example", "somebody@else.example")
    [(statement, parameters)] = only_selects(sent)
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.transaction() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
    assert [column for column in ADDRESS_COLUMNS if f"ix_employees_lower_{column} " not in plan] == []
    assert "SCAN employees" not in plan
    assert "Seq Scan" not in plan


# --- Where mail goes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (("email", "user_principal_name", "directory_mail", "directory_principal_name"), "email"),
        (("user_principal_name", "directory_mail", "directory_principal_name"), "directory_mail"),
        (("user_principal_name", "directory_principal_name"), "user_principal_name"),
        (("directory_principal_name",), "directory_principal_name"),
        ((), None),
    ],
)
def test_mail_goes_to_the_best_address_known(database: Database, known: Sequence[str], expected: str | None) -> None:
    load(database, nameless("0001"))
    write(database, "0001", directory_read_on=None, **{column: FIRST[column] for column in known})
    with database.transaction() as connection:
        found = connection.execute(select(mail_of(employees))).scalar_one()
    assert found == (None if expected is None else FIRST[expected])


def test_where_mail_goes_can_be_asked_of_an_alias(database: Database) -> None:
    load(database, nameless("0001"))
    write(database, "0001", directory_mail=FIRST["directory_mail"])
    manager = employees.alias("manager")
    with database.transaction() as connection:
        assert connection.execute(select(mail_of(manager))).scalar_one() == FIRST["directory_mail"]


# --- Whom the directory is asked about --------------------------------------------------------------------------


def test_the_directory_is_asked_about_those_who_lack_an_address(database: Database) -> None:
    load(
        database,
        nameless("0005"),
        person("0001"),
        person("0002", email=None),
        person("0003", user_principal_name=None),
        nameless("0004", start_on=TOMORROW),
    )
    assert asked(database) == ["0002", "0003", "0004", "0005"]


@pytest.mark.parametrize(("on", "numbers"), [(TODAY, ["0001", "0002"]), (TOMORROW, ["0002"])])
def test_the_directory_is_not_asked_about_those_who_have_left(
    database: Database, on: date, numbers: Sequence[str]
) -> None:
    load(database, nameless("0001", end_on=TODAY), nameless("0002"), nameless("0003", end_on=YESTERDAY))
    assert asked(database, on) == numbers


def test_the_directory_is_asked_again_however_much_it_said(database: Database) -> None:
    """It may have changed its word; only HR's own makes the question superfluous."""
    load(database, nameless("0001"))
    learn(database, ["0001"], {"0001": ("a@entra.example", "b@entra.example")})
    assert asked(database, TOMORROW) == ["0001"]
    load(database, person("0001"))
    assert asked(database, TOMORROW) == []


# --- What it said -----------------------------------------------------------------------------------------------


def test_what_the_directory_says_is_kept_with_the_day(database: Database) -> None:
    load(database, nameless("0001"), nameless("0002"), nameless("0003"))
    learn(database, ["0001", "0002"], {"0001": ("a@entra.example", "A01@entra.example"), "0002": (None, "b")})
    assert directory(database) == {
        "0001": ("a@entra.example", "A01@entra.example", TODAY),
        "0002": (None, "b", TODAY),
        "0003": (None, None, None),
    }
    assert who(database, "a01@ENTRA.example") == {"a@entra.example": "0001", "a01@entra.example": "0001"}


def test_what_the_directory_no_longer_says_is_forgotten(database: Database) -> None:
    load(database, nameless("0001"), nameless("0002"), nameless("0003"))
    everybody = {number: (f"{number}@entra.example", f"{number}@entra.example") for number in ("0001", "0002", "0003")}
    learn(database, list(everybody), everybody)
    learn(database, ["0001", "0002"], {"0001": ("0001@entra.example", None)}, TOMORROW)
    assert directory(database) == {
        "0001": ("0001@entra.example", None, TOMORROW),
        "0002": (None, None, TOMORROW),
        "0003": ("0003@entra.example", "0003@entra.example", TODAY),
    }
    assert who(database, "0002@entra.example") == {}


def test_an_answer_nobody_asked_for_is_not_kept(database: Database) -> None:
    load(database, nameless("0001"), person("0002"))
    before = everything(database)
    learn(database, [], {"0002": ("b@entra.example", None)})
    assert everything(database) == before


def test_hr_has_the_last_word_on_what_it_has_said_itself(database: Database) -> None:
    """The directory's columns are its own: what HR says of a person stays beside them, and as it was."""
    load(database, person("0001", user_principal_name=None))
    before = {row.employee_number: row.email for row in rows(database, employees)}
    learn(database, ["0001"], {"0001": ("other@entra.example", "other@entra.example")}, TOMORROW)
    [row] = rows(database, employees)
    assert {"0001": row.email} == before
    with database.transaction() as connection:
        assert connection.execute(select(mail_of(employees))).scalar_one() == before["0001"]


def test_the_directorys_word_survives_a_sync(database: Database) -> None:
    picture = staff("0001", "0002")
    load_staff(database, picture)
    learn(database, ["0001", "0002"], dict.fromkeys(["0001", "0002"], ("a@entra.example", "a01")))
    before = everything(database)
    load_staff(database, picture, TOMORROW)
    assert everything(database) == before
    load_staff(database, without(changed(picture, "0001", family_name="Moe", email=None), "0002"), TOMORROW)
    load_staff(database, picture, TOMORROW + timedelta(days=1))
    said = ("a@entra.example", "a01", TODAY)
    assert directory(database) == {"0001": said, "0002": said, "0900": (None, None, None)}
