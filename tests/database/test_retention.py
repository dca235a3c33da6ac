"""Cases that have been kept long enough: what goes, what stays, and what waits for the archive."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agreements.actions import Action, ErrandKind, Notice, Role
from agreements.case import CLOSED_STATES, Case, EndReason, Filing, FilingKind, Requirement, RequirementKind, State
from agreements.policy import Policy, Retention
from config.sharepoint import APPLICATIONS, CASE_LIBRARY, EVALUATIONS
from integrations.database.cases import Decided, load_cases, next_case_ordinal, save_decisions
from integrations.database.engine import Database
from integrations.database.failed import let_try_again
from integrations.database.history import NoSuchCaseError, case_named
from integrations.database.inbox import Arrival, Verdict, conclude, receive, register, waiting
from integrations.database.outgoing import NewMail, add_mails, keep_document
from integrations.database.retention import Overdue, items_of, overdue, purge, purge_loose_ends
from integrations.database.tables import documents, employees, filings, inbox, outbox, purged_cases, purged_filings
from tests.database.samples import (
    PHOTO_SHA256,
    STAMP,
    TODAY,
    case_with_everything,
    everything,
    load_staff,
    new_case,
    person,
    rows,
    staff,
    store,
    without,
)

A_YEAR = Retention(months=12)
ENDED_ON = date(2028, 3, 7)
LAST_DAY_KEPT, FIRST_DAY_OVER = date(2029, 3, 6), date(2029, 3, 7)
NUMBER, OTHER = "HK-2027-00001", "HK-2027-00002"
AT = datetime(2028, 3, 10, 2, 0, tzinfo=UTC)


def due(database: Database, today: date, rules: Retention = A_YEAR) -> Overdue:
    with database.transaction() as connection:
        return overdue(connection, rules, today)


def prove(database: Database, number: str, at: datetime = AT) -> None:
    """The archive has everything of this case."""
    proof = {"path": "0001/a.pdf", "sha256": "cd" * 32, "quick_xor_hash": "x", "size": 9, "drive_item_id": "01ARKIV"}
    with database.transaction() as connection:
        connection.execute(update(filings).where(filings.c.case_number == number).values(verified_at=at, **proof))


def arrive(database: Database, source: str, item: str, number: str | None, reason: str | None = None) -> None:
    """Something a person filled in, and what became of it."""
    sender = person("0001")
    with database.transaction() as connection:
        arrival = Arrival(item, "1", "id-0001", sender.email, {"Saksnummer": number, "Merknad": sender.name})
        receive(connection, source, [arrival], "token", TODAY)
        [row] = [row for row in waiting(connection, [source]) if row.external_id == item]
        conclude(connection, source, [Verdict(row.id, number, reason)], TODAY)


def tell(database: Database, policy: Policy, key: str, *numbers: str) -> None:
    """One mail about these cases, sent."""
    with database.transaction() as connection:
        decided = [
            Decided(version, case, [Action("expiry.notice", case, case, (Notice("expiry_notice", Role.MANAGER),))])
            for version, case in load_cases(connection, numbers).values()
        ]
        save_decisions(connection, decided, policy, STAMP)
        told = [f"{number}/expiry.notice/{Role.MANAGER}" for number in numbers]
        payload = {"to": "leder@sandvik.kommune.example", "html": f"{person('0001').name} og {person('0002').name}"}
        add_mails(connection, [NewMail(key, payload, told)], TODAY)
        connection.execute(update(outbox).where(outbox.c.key == key).values(status="done", done_at=AT))


@pytest.fixture
def kept(staffed: Database, policy: Policy) -> Database:
    """A case with everything that is over and in the archive, and one that runs."""
    store(staffed, policy, case_with_everything(), new_case(2, "0002", state=State.ACTIVE))
    tell(staffed, policy, "mail-of-both", NUMBER, OTHER)
    prove(staffed, NUMBER)
    arrive(staffed, APPLICATIONS.name, "11", NUMBER)
    arrive(staffed, EVALUATIONS.name, "12", NUMBER, "Evalueringen er allerede besvart.")
    arrive(staffed, CASE_LIBRARY, "01FILE", NUMBER)
    return staffed


def purge_all(database: Database, today: date = FIRST_DAY_OVER) -> None:
    with database.transaction() as connection:
        purge(connection, overdue(connection, A_YEAR, today).ready, today)
        purge_loose_ends(connection, A_YEAR, today)


def test_nothing_of_the_person_is_left_anywhere(kept: Database) -> None:
    purge_all(kept)
    found = everything(kept)
    for table in ("employees", "positions", "leaves"):
        del found[table]  # who works here is HR's, and she still does
    text = msgspec.json.encode({name: [str(tuple(row)) for row in table] for name, table in found.items()}).decode()
    who = person("0001")
    for trace in (
        f"'{who.employee_number}'",
        f"{who.employee_number}/",
        who.family_name,
        who.email or "",
        "Hev- og senkbart bord",
        "Én dag mindre",
        "loftet",
    ):
        assert trace not in text, trace
    assert "HK-2027-00002" in text, "the case that runs is as it was"


def test_a_line_for_the_statistics_and_the_proof_of_filing_stay(kept: Database) -> None:
    purge_all(kept)
    [figure] = rows(kept, purged_cases)
    assert (figure.case_number, figure.unit_id, figure.days_per_week, figure.imposed) == (NUMBER, "skole", 2.5, True)
    assert (figure.applied_in, figure.started_in, figure.ended_in) == (
        date(2027, 3, 1),
        date(2027, 3, 1),
        date(2028, 3, 1),
    )
    assert (figure.end_reason, figure.evaluations, figure.purged_on) == (EndReason.TERMINATED, 1, FIRST_DAY_OVER)
    assert [(row.kind, row.sequence, row.sha256, row.drive_item_id) for row in rows(kept, purged_filings)] == [
        (kind, sequence, "cd" * 32, "01ARKIV")
        for kind, sequence in [("agreement", 1), ("end_note", 1), ("evaluation", 1), ("evaluation", 2), ("photo", 1)]
    ]


def test_a_mail_about_several_is_emptied_with_the_first_of_them_and_goes_with_the_last(
    kept: Database, policy: Policy
) -> None:
    purge_all(kept)
    [mail] = [row for row in rows(kept, outbox) if row.key == "mail-of-both"]
    assert (mail.payload, mail.status) == ({}, "done")
    with kept.transaction() as connection:
        version, case = load_cases(connection, [OTHER])[OTHER]
        ended = replace(case, state=State.ENDED, ended_on=ENDED_ON, end_reason=EndReason.EXPIRED)
        save_decisions(connection, [Decided(version, ended)], policy, STAMP)
    purge_all(kept)
    assert rows(kept, outbox) == []


def test_a_mail_that_was_given_up_can_still_be_sent_to_the_others_it_is_about(kept: Database) -> None:
    with kept.transaction() as connection:
        connection.execute(update(outbox).where(outbox.c.key == "mail-of-both").values(status="failed"))
    purge_all(kept)
    with kept.transaction() as connection:
        assert let_try_again(connection, OTHER) == 1
    [mail] = [row for row in rows(kept, outbox) if row.key == "mail-of-both"]
    assert (mail.status, "to" in mail.payload) == ("pending", True)


def test_what_hr_registered_lies_in_no_list(kept: Database) -> None:
    with kept.transaction() as connection:
        row = register(connection, APPLICATIONS.name, {"Ansattnummer": "0001"}, "0900", TODAY)
        conclude(connection, APPLICATIONS.name, [Verdict(row.id, NUMBER)], TODAY)
        assert [each.external_id for each in items_of(connection, [NUMBER])] == ["11", "12"]
    purge_all(kept)
    assert {(str(row.payload), row.registered_by) for row in rows(kept, inbox)} == {("{}", None)}


def test_what_was_filled_in_is_never_taken_in_again(kept: Database) -> None:
    with kept.transaction() as connection:
        items = [(row.source, row.external_id) for row in items_of(connection, [NUMBER])]
    assert items == [(APPLICATIONS.name, "11"), (EVALUATIONS.name, "12")], "files are the folder's affair"
    purge_all(kept)
    again = [Arrival("11", version, None, None, {"Merknad": "fra papirkurven"}) for version in ("1", "2")]
    with kept.transaction() as connection:
        assert receive(connection, APPLICATIONS.name, again, "token", TODAY) == 0
    assert {(row.status, str(row.payload), row.sender) for row in rows(kept, inbox)} == {("purged", "{}", None)}


@pytest.mark.parametrize(
    ("today", "expected"), [(LAST_DAY_KEPT, []), (FIRST_DAY_OVER, [NUMBER])], ids=["a-day-short", "a-year"]
)
def test_a_case_is_kept_for_its_whole_time(kept: Database, today: date, expected: list[str]) -> None:
    assert due(kept, today) == Overdue(expected, [])


@pytest.mark.parametrize(
    ("counted_from", "today", "expected"),
    [
        ("filed", date(2029, 3, 9), []),
        ("filed", date(2029, 3, 10), [NUMBER]),
        ("ended", date(2029, 3, 9), [NUMBER]),
    ],
)
def test_the_time_may_be_counted_from_the_filing(
    kept: Database, counted_from: Literal["ended", "filed"], today: date, expected: list[str]
) -> None:
    assert due(kept, today, Retention(months=12, counted_from=counted_from)).ready == expected


def test_without_a_period_nothing_goes(kept: Database) -> None:
    assert due(kept, date(2099, 1, 1), Retention()) == Overdue((), ())
    with kept.transaction() as connection:
        assert purge_loose_ends(connection, Retention(), date(2099, 1, 1)) == 0


def test_a_document_that_is_not_verified_keeps_its_case(kept: Database) -> None:
    with kept.transaction() as connection:
        connection.execute(update(filings).where(filings.c.kind == FilingKind.END_NOTE).values(verified_at=None))
    assert due(kept, FIRST_DAY_OVER) == Overdue([], [NUMBER])


def test_a_folder_that_is_not_closed_keeps_its_case(kept: Database) -> None:
    with kept.transaction() as connection:
        connection.execute(
            outbox.insert().values(
                key="close",
                kind=ErrandKind.CLOSE_FOLDER,
                case_number=NUMBER,
                payload={},
                created_on=TODAY,
                status="failed",
            )
        )
    assert due(kept, FIRST_DAY_OVER) == Overdue([], [NUMBER])


@pytest.mark.parametrize("state", sorted(set(State) - CLOSED_STATES))
def test_a_case_that_is_open_is_kept_however_old(staffed: Database, policy: Policy, state: State) -> None:
    store(staffed, policy, new_case(1, state=state))
    assert due(staffed, date(2040, 1, 1)) == Overdue([], [])


def test_an_application_that_needed_no_agreement_counts_from_its_day(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case(1, state=State.NO_AGREEMENT_NEEDED))
    assert due(staffed, TODAY + timedelta(days=364)).ready == []
    assert due(staffed, date(2028, 3, 1)).ready == [NUMBER]


def test_a_number_is_given_once(kept: Database) -> None:
    with kept.transaction() as connection:
        before = next_case_ordinal(connection)
        connection.execute(update(inbox).values(case_number=None))
        purge(connection, [NUMBER, OTHER], FIRST_DAY_OVER)
        assert next_case_ordinal(connection) == before == 3
    with (
        kept.transaction() as connection,
        pytest.raises(NoSuchCaseError, match=r"HK-2027-00002 ble slettet 07\.03\.2029"),
    ):
        case_named(connection, OTHER)


def test_what_never_belonged_to_a_case_goes_by_the_same_clock(staffed: Database) -> None:
    arrive(staffed, APPLICATIONS.name, "13", None, "Søknaden slutter før den begynner.")
    purge_all(staffed, date(2028, 2, 29))
    assert [row.status for row in rows(staffed, inbox)] == ["set_aside"]
    purge_all(staffed, date(2028, 3, 1))
    assert [(row.status, row.payload, row.sender_mail) for row in rows(staffed, inbox)] == [("purged", {}, None)]
    assert everything(staffed)["rejected_rows"] == []


def test_who_has_left_goes_with_the_last_case(kept: Database) -> None:
    picture = staff("0001", "0002", "0003")
    for day in range(2):
        load_staff(kept, without(picture, "0001", "0003"), TODAY + timedelta(days=30 + day))
    assert {row.employee_number for row in rows(kept, employees)} == {"0001", "0002", "0003", "0900"}
    purge_all(kept, LAST_DAY_KEPT - timedelta(days=300))
    assert {row.employee_number for row in rows(kept, employees)} == {"0001", "0002", "0900"}
    purge_all(kept, FIRST_DAY_OVER)
    assert {row.employee_number for row in rows(kept, employees)} == {"0002", "0900"}


def test_bytes_that_nobody_waits_for_go(staffed: Database, policy: Policy) -> None:
    photo = Requirement(RequirementKind.PHOTO, TODAY, PHOTO_SHA256)
    lapsed: Case = new_case(1, state=State.ENDED, ended_on=TODAY, end_reason=EndReason.LAPSED, requirements=(photo,))
    store(staffed, policy, lapsed)
    with staffed.transaction() as connection:
        keep_document(connection, PHOTO_SHA256, "image/jpeg", b"photo", TODAY)
    purge_all(staffed, date(2028, 3, 1))
    assert rows(staffed, documents) == []
    assert Filing(FilingKind.PHOTO) not in lapsed.filings
