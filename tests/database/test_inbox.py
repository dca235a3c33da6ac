"""What comes in is kept once, with how far we have read, and ends as taken in or set aside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from agreements.people import RejectedRow, Snapshot
from integrations.database.addresses import senders
from integrations.database.engine import Database
from integrations.database.inbox import (
    DELETED,
    Arrival,
    Verdict,
    conclude,
    not_among,
    note_deleted,
    receive,
    register,
    taken_in_as,
    wait_again,
    waiting,
    watermark,
    withdraw,
)
from integrations.database.rejected import set_aside
from integrations.database.rows import IDS_IN_A_QUERY
from integrations.database.tables import inbox, rejected_rows, watermarks
from tests.database.samples import TODAY, TOMORROW, YESTERDAY, load_staff, person, rows, statements

LIST = "hk-applications"


def arrival(external_id: str = "1", version: str = "v1") -> Arrival:
    """One version of an item; another version says something else."""
    note = "Ærlig talt" if version == "v1" else f"Ærlig talt, {version}"
    return Arrival(external_id, version, "user-id", "Ase@Sandvik.example", {"Dager": 2.5, "Merknad": note})


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


def test_a_version_that_says_nothing_new_does_not_come_in(database: Database) -> None:
    """An app that touches every item, or a bulk edit of another column, makes a new version of each."""
    first = arrival()
    take(database, first)
    assert take(database, replace(first, version="v2")) == 0
    decide(database)
    assert take(database, replace(first, version="v3")) == 0
    assert statuses(database) == [("1", "v3", "taken_in")], "by which it can be deleted"
    assert take(database, replace(first, version="v4", sender_mail="brit@sandvik.example")) == 1


def test_what_was_set_aside_is_looked_at_again_when_it_is_saved_again(database: Database) -> None:
    take(database, arrival())
    decide(database, _1=TOO_LATE)
    assert take(database, replace(arrival(), version="v2")) == 1


def test_the_newest_version_replaces_the_one_that_waits(database: Database) -> None:
    take(database, arrival("1"), arrival("2"))
    decide(database, _2=TOO_LATE)
    take(database, arrival("1", "v2"), arrival("3"), mark="t2")
    take(database, arrival("3", "v2"), mark="t3")
    assert statuses(database) == [
        ("1", "v1", "taken_in"),
        ("2", "v1", "set_aside"),
        ("1", "v2", "new"),
        ("3", "v1", "replaced"),
        ("3", "v2", "new"),
    ]


def test_what_is_deleted(database: Database) -> None:
    take(database, arrival("1"), arrival("2"))
    decide(database, _2=TOO_LATE)
    take(database, arrival("3"), mark="t2")
    gone = ["1", "2", "3", "never seen"]
    with database.transaction() as connection:
        assert withdraw(connection, LIST, gone, TOMORROW) == 1
        assert note_deleted(connection, LIST, gone, TOMORROW) == 1
    assert statuses(database) == [("1", "v1", "taken_in"), ("2", "v1", "withdrawn"), ("3", "v1", "withdrawn")]
    first, second, _ = rows(database, inbox)
    deviations = {row.key: (row.reason, row.resolved_on) for row in rows(database, rejected_rows)}
    assert deviations == {str(first.id): (DELETED, None), str(second.id): (TOO_LATE, TOMORROW)}
    assert again(database) == 0


def test_what_comes_out_of_the_recycle_bin_waits_again(database: Database) -> None:
    take(database, arrival("1"))
    with database.transaction() as connection:
        withdraw(connection, LIST, ["1"], TODAY)
    assert take(database, arrival("1"), mark="t2") == 1
    assert statuses(database) == [("1", "v1", "new")]


def test_what_is_known_and_not_in_the_list_any_more(database: Database) -> None:
    """All but what HR registered, what was withdrawn before, and what has been purged."""
    take(database, *map(arrival, "1234567"))
    decide(database, _2=TOO_LATE, _3=TOO_LATE)
    with database.transaction() as connection:
        withdraw(connection, LIST, ["3"], TODAY)
        connection.execute(update(inbox).where(inbox.c.external_id == "4").values(status="purged"))
        connection.execute(update(inbox).where(inbox.c.external_id == "5").values(status="refused"))
        register(connection, LIST, {"Saksnummer": "HK-2027-00001"}, "0900", TODAY)
    take(database, arrival("7", "v2"), arrival("8"), mark="t2")
    take(database, arrival("9"), source="hk-answers")
    with database.transaction() as connection:
        assert not_among(connection, LIST, {"6"}) == ["1", "2", "5", "7", "8"]


def test_what_is_deleted_is_noted_once_until_it_has_been_back(database: Database) -> None:
    """A list that is read from its beginning lacks it every time."""
    take(database, arrival("1"))
    decide(database)
    noted = []
    for today in (TODAY, TOMORROW, TOMORROW):
        with database.transaction() as connection:
            noted.append(note_deleted(connection, LIST, ["1"], today))
    assert [(row.last_seen_on, row.resolved_on) for row in rows(database, rejected_rows)] == [(TODAY, None)]
    take(database, arrival("1"), mark="t2")
    assert [row.resolved_on for row in rows(database, rejected_rows)] == [TODAY]
    with database.transaction() as connection:
        noted.append(note_deleted(connection, LIST, ["1"], TOMORROW))
    assert noted == [1, 0, 0, 1]


def test_which_items_were_taken_in_and_as_what(database: Database) -> None:
    take(database, arrival("1"), arrival("2"))
    with database.transaction() as connection:
        first, second = waiting(connection, [LIST])
        conclude(connection, LIST, [Verdict(first.id, "HK-1"), Verdict(second.id, "HK-2", TOO_LATE)], TODAY)
        assert taken_in_as(connection, LIST, ["1", "2", "3"]) == {"1": "HK-1"}


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


# --- What is tried once more ------------------------------------------------------------------------------------

TOO_LATE = "Svaret kom for sent."


def decide(database: Database, today: date = TODAY, **reasons: str | None) -> None:
    """Conclude all that waits, by external id: with a reason it is set aside, without it is taken in."""
    with database.transaction() as connection:
        found = waiting(connection, [LIST])
        conclude(connection, LIST, [Verdict(row.id, reason=reasons.get(f"_{row.external_id}")) for row in found], today)


def again(database: Database, *sources: str) -> int:
    with database.transaction() as connection:
        return wait_again(connection, sources or [LIST])


def statuses(database: Database) -> list[tuple[str, str, str]]:
    return [(row.external_id, row.external_version, row.status) for row in rows(database, inbox)]


def test_only_what_was_set_aside_waits_again(database: Database) -> None:
    take(database, arrival("1"), arrival("2"), arrival("3"))
    decide(database, _2=TOO_LATE)
    take(database, arrival("4"))
    assert again(database) == 1
    assert statuses(database) == [
        ("1", "v1", "taken_in"),
        ("2", "v1", "new"),
        ("3", "v1", "taken_in"),
        ("4", "v1", "new"),
    ]
    assert again(database) == 0


def test_of_several_versions_only_the_newest_waits_again(database: Database) -> None:
    take(database, arrival("1"), arrival("2"))
    decide(database, _1=TOO_LATE, _2=TOO_LATE)
    take(database, arrival("1", "v2"), mark="t2")
    decide(database, _1=TOO_LATE)
    assert again(database) == 2
    assert statuses(database) == [("1", "v1", "set_aside"), ("2", "v1", "new"), ("1", "v2", "new")]


@pytest.mark.parametrize("becomes", ["taken_in", "new"])
def test_what_a_newer_version_has_replaced_does_not_wait_again(database: Database, becomes: str) -> None:
    take(database, arrival("1"))
    decide(database, _1=TOO_LATE)
    take(database, arrival("1", "v2"), mark="t2")
    if becomes == "taken_in":
        decide(database)
    assert again(database) == 0
    assert statuses(database) == [("1", "v1", "set_aside"), ("1", "v2", becomes)]


def test_a_newer_item_of_another_list_replaces_nothing(database: Database) -> None:
    take(database, arrival("1"))
    decide(database, _1=TOO_LATE)
    take(database, arrival("1", "v2"), source="hk-answers")
    assert again(database) == 1


def test_only_the_lists_that_are_named_wait_again(database: Database) -> None:
    for source in (LIST, "hk-answers", "hk-others"):
        take(database, arrival(), source=source)
        with database.transaction() as connection:
            verdicts = [Verdict(row.id, reason=TOO_LATE) for row in waiting(connection, [source])]
            conclude(connection, source, verdicts, TODAY)
    assert again(database, "hk-elsewhere") == 0
    assert again(database, LIST, "hk-answers") == 2
    assert [(row.source, row.status) for row in rows(database, inbox)] == [
        (LIST, "new"),
        ("hk-answers", "new"),
        ("hk-others", "set_aside"),
    ]


def resolved(database: Database) -> dict[str, date | None]:
    """By external id of the row that the deviation is about."""
    external = {str(row.id): row.external_id for row in rows(database, inbox)}
    return {external[row.key]: row.resolved_on for row in rows(database, rejected_rows)}


def test_a_deviation_is_over_when_its_row_is_taken_in_after_all(database: Database) -> None:
    take(database, arrival("1"), arrival("2"), arrival("3"))
    decide(database, _1=TOO_LATE, _2=TOO_LATE)
    again(database)
    assert resolved(database) == {"1": None, "2": None}
    decide(database, TOMORROW, _2="Saksnummeret finnes ikke.")
    assert resolved(database) == {"1": TOMORROW, "2": None}
    seen = [(row.reason, row.first_seen_on, row.last_seen_on) for row in rows(database, rejected_rows)]
    assert seen == [(TOO_LATE, TODAY, TODAY), ("Saksnummeret finnes ikke.", TODAY, TOMORROW)]


def test_what_was_never_set_aside_leaves_no_deviation_behind(database: Database) -> None:
    take(database, arrival("1"))
    decide(database)
    assert rows(database, rejected_rows) == []


def test_taken_in_says_nothing_of_another_lists_deviation(database: Database) -> None:
    take(database, arrival("1"))
    with database.transaction() as connection:
        [row] = waiting(connection, [LIST])
        set_aside(connection, "hk-answers", [RejectedRow(str(row.id), "", TOO_LATE)], TODAY)
    decide(database)
    assert [row.resolved_on for row in rows(database, rejected_rows)] == [None]


# --- What HR registers ------------------------------------------------------------------------------------------


def test_the_same_registered_twice_in_a_day_is_one_row(database: Database) -> None:
    said = {"Saksnummer": "HK-2027-00001", "SisteDag": "2027-04-01"}
    with database.transaction() as connection:
        first = register(connection, "Oppsigelser", said, "0900", TODAY)
        again = register(connection, "Oppsigelser", dict(reversed(said.items())), "0901", TODAY)
        other = register(connection, "Oppsigelser", {**said, "SisteDag": "2027-04-02"}, "0900", TODAY)
        later = register(connection, "Oppsigelser", said, "0900", TOMORROW)
    assert again == first
    assert len({first.id, other.id, later.id}) == 3
    assert (first.registered_by, first.sender_mail, first.status) == ("0900", None, "new")


def test_what_hr_registers_is_not_looked_for_in_the_list(database: Database) -> None:
    """A list that is read from its beginning has none of it, and that takes nothing back once it is taken in."""
    with database.transaction() as connection:
        row = register(connection, "Oppsigelser", {"Saksnummer": "HK-2027-00001"}, "0900", TODAY)
        conclude(connection, "Oppsigelser", [Verdict(row.id, "HK-2027-00001")], TODAY)
        gone = not_among(connection, "Oppsigelser", set())
        assert (gone, withdraw(connection, "Oppsigelser", gone, TODAY)) == ([], 0)
