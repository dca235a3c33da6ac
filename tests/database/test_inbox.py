"""What comes in is kept once, with how far we have read, and ends as taken in or set aside."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from agreements.people import Snapshot
from integrations.database.engine import Database
from integrations.database.inbox import (
    IDS_IN_A_QUERY,
    Arrival,
    Verdict,
    conclude,
    receive,
    senders,
    waiting,
    watermark,
)
from integrations.database.tables import inbox, rejected_rows, watermarks
from tests.database.samples import TODAY, TOMORROW, YESTERDAY, load_staff, person, rows, statements

LIST = "hk-applications"


def arrival(external_id: str = "1", version: str = "v1") -> Arrival:
    return Arrival(external_id, version, "user-id", "Ase@Sandvik.example", {"Dager": 2.5, "Merknad": "Ærlig talt"})


def take(database: Database, *arrivals: Arrival, mark: str = "t1", source: str = LIST) -> int:
    with database.transaction() as connection:
        return receive(connection, source, arrivals, mark, TODAY)


def test_an_arrival_is_kept_as_it_came(database: Database) -> None:
    assert take(database, arrival()) == 1
    with database.transaction() as connection:
        [row] = waiting(connection, [LIST])
    assert (row.source, row.external_id, row.external_version, row.received_on) == (LIST, "1", "v1", TODAY)
    assert (row.sender, row.sender_mail) == ("user-id", "Ase@Sandvik.example")
    assert row.payload == {"Dager": 2.5, "Merknad": "Ærlig talt"}


def test_the_same_id_and_version_comes_in_once(database: Database) -> None:
    assert take(database, arrival("1"), arrival("2")) == 2
    assert take(database, arrival("2"), arrival("3"), mark="t2") == 1
    assert [row.external_id for row in rows(database, inbox)] == ["1", "2", "3"]


def test_a_new_version_and_another_list_come_in_too(database: Database) -> None:
    take(database, arrival())
    assert take(database, arrival(version="v2")) == 1
    assert take(database, arrival(), source="hk-answers") == 1


def test_what_was_concluded_does_not_come_in_again(database: Database) -> None:
    take(database, arrival())
    with database.transaction() as connection:
        conclude(connection, LIST, [Verdict(row.id) for row in waiting(connection, [LIST])], TODAY)
    assert take(database, arrival()) == 0
    with database.transaction() as connection:
        assert waiting(connection, [LIST]) == []


def test_how_far_we_have_read_is_remembered_for_each_list(database: Database) -> None:
    with database.transaction() as connection:
        assert watermark(connection, LIST) is None
    take(database, mark="t1")
    take(database, mark="x1", source="hk-answers")
    take(database, mark="t2")
    with database.transaction() as connection:
        assert (watermark(connection, LIST), watermark(connection, "hk-answers")) == ("t2", "x1")


def test_rows_and_mark_are_kept_together_or_not_at_all(database: Database) -> None:
    take(database, arrival("1"), mark="t1")
    twice = arrival("2")
    with pytest.raises(IntegrityError):
        take(database, arrival("3"), twice, twice, mark="t2")
    assert [row.external_id for row in rows(database, inbox)] == ["1"]
    assert [row.token for row in rows(database, watermarks)] == ["t1"]


def test_a_list_read_from_its_beginning_may_be_longer_than_a_statement(database: Database) -> None:
    known = [arrival(str(each)) for each in range(0, 3 * IDS_IN_A_QUERY // 2, IDS_IN_A_QUERY // 2)]
    take(database, *known)
    from_the_beginning = [arrival(str(each)) for each in range(IDS_IN_A_QUERY + 1)]
    with statements(database) as sent:
        assert take(database, *from_the_beginning) == len(from_the_beginning) - len(known)
    longest = max(len(given) for statement, given in sent if statement.startswith("SELECT"))
    assert longest <= IDS_IN_A_QUERY + 1


# --- What became of it ------------------------------------------------------------------------------------------


def test_what_is_set_aside_shows_among_the_deviations(database: Database) -> None:
    take(database, arrival("1"), arrival("2"), arrival("3"))
    with database.transaction() as connection:
        first, second, third = waiting(connection, [LIST])
        verdicts = [
            Verdict(first.id, "HK-2027-00001"),
            Verdict(second.id, "HK-2027-00002", "Svaret kom for sent."),
            Verdict(third.id, reason="Saksnummeret finnes ikke."),
        ]
        conclude(connection, LIST, verdicts, TOMORROW)
        assert waiting(connection, [LIST]) == []
    assert [(row.status, row.case_number) for row in rows(database, inbox)] == [
        ("taken_in", "HK-2027-00001"),
        ("set_aside", "HK-2027-00002"),
        ("set_aside", None),
    ]
    assert [tuple(row) for row in rows(database, rejected_rows)] == [
        (LIST, str(second.id), "HK-2027-00002", "Svaret kom for sent.", TOMORROW, TOMORROW, None),
        (LIST, str(third.id), "", "Saksnummeret finnes ikke.", TOMORROW, TOMORROW, None),
    ]


def test_waiting_rows_come_in_the_order_they_came(database: Database) -> None:
    take(database, arrival("9"), arrival("1"))
    take(database, arrival("5"), source="hk-answers")
    take(database, arrival("0"), source="hk-others")
    with database.transaction() as connection:
        assert [row.external_id for row in waiting(connection, [LIST, "hk-answers"])] == ["9", "1", "5"]


# --- Who sent it ------------------------------------------------------------------------------------------------


def who(database: Database, *addresses: str) -> dict[str, str]:
    with database.transaction() as connection:
        return senders(connection, addresses)


def test_senders_are_known_by_mail_and_by_user_name_in_any_case(database: Database) -> None:
    mixed = person("0001", email="Ase.Regnglimt@Sandvik.example", user_principal_name="AREG@sandvik.example")
    load_staff(database, Snapshot((), (mixed, person("0002", email=None, user_principal_name=None))))
    expected = {"ase.regnglimt@sandvik.example": "0001", "areg@sandvik.example": "0001"}
    assert who(database, "ASE.regnglimt@sandvik.EXAMPLE") == expected
    assert who(database, "areg@Sandvik.example", "stranger@sandvik.example") == expected
    assert who(database, "stranger@sandvik.example", "") == {}


ENDED, BEGINS = date(2026, 6, 30), date(2025, 1, 1)


@pytest.mark.parametrize(
    ("employments", "counts"),
    [
        ([("0001", BEGINS, None), ("0002", TODAY, None)], "0002"),
        ([("0001", None, None), ("0002", BEGINS, None)], "0002"),
        ([("0001", BEGINS, None), ("0002", YESTERDAY, ENDED)], "0001"),
        ([("0001", YESTERDAY, ENDED), ("0002", BEGINS, TODAY)], "0002"),
        ([("0001", BEGINS, None), ("0002", BEGINS, None)], "0002"),
    ],
    ids=["newest", "a known start is newer", "not ended", "last to end", "always the same one"],
)
def test_of_several_employments_one_address_means_one(
    database: Database, employments: Sequence[tuple[str, date | None, date | None]], counts: str
) -> None:
    address = "ase@sandvik.example"
    people = tuple(
        person(number, email=address, user_principal_name=None, start_on=start_on, end_on=end_on)
        for number, start_on, end_on in employments
    )
    load_staff(database, Snapshot((), people))
    assert who(database, address) == {address: counts}
