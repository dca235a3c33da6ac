"""A rehearsal sees what it writes, nobody else does, and at the end it never happened."""

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import IntegrityError

from agreements.case import State
from agreements.policy import Policy
from integrations.database.cases import add_cases
from integrations.database.engine import Database
from integrations.database.tables import cases
from tests.database.samples import TOMORROW, changed, decide_all, everything, load_staff, new_case, read, staff

NUMBER = "HK-2027-00001"


def numbers(database: Database) -> list[str]:
    with database.transaction() as connection:
        return list(connection.scalars(select(cases.c.number).order_by(cases.c.id)))


def add(database: Database, ordinal: int) -> None:
    with database.transaction() as connection:
        add_cases(connection, [new_case(ordinal)])


def add_and_fail(database: Database) -> None:
    add(database, 1)
    raise ZeroDivisionError


def test_what_a_rehearsal_writes_is_seen_in_it_and_gone_afterwards(staffed: Database, policy: Policy) -> None:
    before = everything(staffed)
    with staffed.rehearsal():
        load_staff(staffed, changed(staff("0001", "0002", "0003"), "0002", family_name="Moe", end_on=TOMORROW))
        add(staffed, 1)
        decide_all(staffed, policy, [NUMBER])
        assert read(staffed, NUMBER)[1].state is State.COLLECTING
        assert everything(staffed) != before
    assert everything(staffed) == before


def test_nobody_else_sees_it(staffed: Database) -> None:
    # An engine without our own settings: on SQLite those would make a reader wait for the writer.
    somebody_else = create_engine(staffed.engine.url)
    with staffed.rehearsal():
        add(staffed, 1)
        with somebody_else.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(cases)) == 0
    somebody_else.dispose()


def test_a_transaction_that_fails_in_a_rehearsal_undoes_only_itself(staffed: Database) -> None:
    with staffed.rehearsal():
        add(staffed, 1)
        with pytest.raises(IntegrityError), staffed.transaction() as connection:
            add_cases(connection, [new_case(2), new_case(1)])
        assert numbers(staffed) == [NUMBER]
        add(staffed, 3)
        assert numbers(staffed) == [NUMBER, "HK-2027-00003"]
    assert numbers(staffed) == []


def test_a_rehearsal_that_fails_is_undone_too(staffed: Database) -> None:
    with pytest.raises(ZeroDivisionError), staffed.rehearsal():
        add_and_fail(staffed)
    assert numbers(staffed) == []


def test_after_a_rehearsal_writes_are_kept_again(staffed: Database) -> None:
    with staffed.rehearsal():
        add(staffed, 1)
    add(staffed, 2)
    assert numbers(staffed) == ["HK-2027-00002"]


def test_without_a_rehearsal_a_failed_transaction_leaves_nothing(staffed: Database) -> None:
    with pytest.raises(IntegrityError), staffed.transaction() as connection:
        add_cases(connection, [new_case(1), new_case(2, employee_number="nobody")])
    assert numbers(staffed) == []


def test_a_real_night_goes_on_meanwhile(staffed: Database) -> None:
    with staffed.rehearsal():
        add(staffed, 1)
        night = Database.open(staffed.engine.url.render_as_string(hide_password=False))
        with night.transaction() as connection:
            add_cases(connection, [new_case(7)])
        night.close()
        assert numbers(staffed)[0] == NUMBER
    assert numbers(staffed) == ["HK-2027-00007"]
