"""Deviations (avvik) are seen first, seen again, and heal."""

from datetime import date

from agreements.people import RejectedRow
from integrations.database.engine import Database
from integrations.database.inbox import Arrival, receive
from integrations.database.rejected import open_rejections, resolve_others, set_aside
from integrations.database.tables import inbox, rejected_rows
from tests.database.samples import TODAY, TOMORROW, everything, rows, statements

DAY_AFTER = date(2027, 3, 3)
NAME = RejectedRow("0001", "navn.fornavn", "mangler")
UNIT = RejectedRow("0002", "enhet", "er en tom tekst")


def walk(database: Database, today: date, *rejected: RejectedRow, source: str = "hr") -> None:
    """One complete walk, as the sync ends it."""
    with database.transaction() as connection:
        set_aside(connection, source, rejected, today)
        resolve_others(connection, source, rejected, today)


def days(database: Database, key: str) -> tuple[date, date, date | None]:
    [row] = [row for row in rows(database, rejected_rows) if row.key == key]
    return row.first_seen_on, row.last_seen_on, row.resolved_on


def test_a_rejected_row_is_kept_with_place_and_reason(database: Database) -> None:
    walk(database, TODAY, NAME)
    assert [tuple(row) for row in rows(database, rejected_rows)] == [
        ("hr", "0001", "navn.fornavn", "mangler", TODAY, TODAY, None)
    ]


def test_seen_again_it_keeps_the_day_it_was_first_seen(database: Database) -> None:
    walk(database, TODAY, NAME, UNIT)
    walk(database, TOMORROW, RejectedRow("0001", "navn.etternavn", "er for lang"), UNIT)
    assert days(database, "0001") == days(database, "0002") == (TODAY, TOMORROW, None)
    assert [(row.path, row.reason) for row in rows(database, rejected_rows)] == [
        ("navn.etternavn", "er for lang"),
        (UNIT.path, UNIT.reason),
    ]


def test_what_is_no_longer_rejected_has_healed(database: Database) -> None:
    walk(database, TODAY, NAME, UNIT)
    walk(database, TOMORROW, UNIT)
    assert days(database, "0001") == (TODAY, TODAY, TOMORROW)
    assert days(database, "0002") == (TODAY, TOMORROW, None)


def test_the_day_it_healed_stays(database: Database) -> None:
    walk(database, TODAY, NAME)
    walk(database, TOMORROW)
    walk(database, DAY_AFTER)
    assert days(database, "0001") == (TODAY, TODAY, TOMORROW)


def test_a_healed_row_may_fall_ill_again(database: Database) -> None:
    walk(database, TODAY, NAME)
    walk(database, TOMORROW)
    walk(database, DAY_AFTER, NAME)
    assert days(database, "0001") == (TODAY, DAY_AFTER, None)


def test_one_source_says_nothing_of_another(database: Database) -> None:
    walk(database, TODAY, NAME, source="hk-answers")
    walk(database, TOMORROW, NAME)
    walk(database, DAY_AFTER)
    resolved = {row.source: row.resolved_on for row in rows(database, rejected_rows)}
    assert resolved == {"hk-answers": None, "hr": DAY_AFTER}


def test_two_faults_in_one_row_are_one_deviation(database: Database) -> None:
    walk(database, TODAY, NAME, RejectedRow("0001", "epost", "er ikke en adresse"))
    assert [row.path for row in rows(database, rejected_rows)] == ["epost"]


def test_nothing_rejected_writes_nothing(database: Database) -> None:
    before = everything(database)
    walk(database, TODAY)
    assert everything(database) == before


def test_whose_a_deviation_is_takes_those_rows_of_the_inbox_alone(database: Database) -> None:
    """And none that only has the number of another source's row, or of an employee."""
    arrivals = [Arrival(str(each), "v1", "id", f"{each}@sandvik.example", {}) for each in range(100, 109)]
    with database.transaction() as connection:
        receive(connection, "Svar", arrivals, None, TODAY)
    third, sixth = (rows(database, inbox)[place].id for place in (2, 5))
    with database.transaction() as connection:
        set_aside(connection, "Svar", [RejectedRow(str(each), "", "x") for each in (third, sixth)], TODAY)
        set_aside(connection, "Soknader", [RejectedRow(str(third), "", "x")], TODAY)
        set_aside(connection, "hr", [RejectedRow(key, "", "x") for key in ("9" * 9, "9" * 5000, "²")], TODAY)
    with statements(database) as sent, database.transaction() as connection:
        who = {(each.source, each.key): each.who for each in open_rejections(connection)}
    assert who.pop(("Svar", str(third))) == "102@sandvik.example"
    assert who.pop(("Svar", str(sixth))) == "105@sandvik.example"
    assert all(key == said for (_, key), said in who.items())
    [asked] = [given for statement, given in sent if "FROM inbox" in statement]
    assert sorted(asked.values() if isinstance(asked, dict) else asked) == [third, sixth, 999_999_999]
