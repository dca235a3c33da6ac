"""What goes out: each notice in one mail, each document held until the archive has it, and not a day longer."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Case, Filing, FilingKind, Requirement, RequirementKind, State
from agreements.policy import Policy
from integrations.database import outgoing
from integrations.database.cases import CaseChangedError, Decided, add_cases, due_case_numbers, save_decisions
from integrations.database.engine import Database
from integrations.database.outgoing import MAIL, NewMail, Prepared
from integrations.database.rows import AnyRow
from integrations.database.tables import documents, employees, filings, notices, outbox
from tests.database.samples import (
    PHOTO_SHA256,
    STAMP,
    TODAY,
    TOMORROW,
    changed,
    decide_all,
    everything,
    load_staff,
    new_case,
    read,
    rows,
    staff,
    store,
)

NUMBER, OTHER = "HK-2027-00001", "HK-2027-00002"
AGREEMENT, PHOTO = Filing(FilingKind.AGREEMENT), Filing(FilingKind.PHOTO)
AGREEMENT_SHA256 = "cd" * 32

# --- Folders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ordered", "left"),
    [
        ([ErrandKind.OPEN_FOLDER, ErrandKind.CLOSE_FOLDER], [ErrandKind.CLOSE_FOLDER]),
        ([ErrandKind.SHARE_FOLDER, ErrandKind.CLOSE_FOLDER], [ErrandKind.CLOSE_FOLDER]),
        ([ErrandKind.CLOSE_FOLDER, ErrandKind.OPEN_FOLDER], [ErrandKind.OPEN_FOLDER]),
        ([ErrandKind.CLOSE_FOLDER, ErrandKind.SHARE_FOLDER], [ErrandKind.SHARE_FOLDER]),
        ([ErrandKind.OPEN_FOLDER, ErrandKind.SHARE_FOLDER], [ErrandKind.OPEN_FOLDER, ErrandKind.SHARE_FOLDER]),
    ],
    ids=" then ".join,
)
def test_of_opening_and_closing_only_the_last_word_is_done(
    staffed: Database, policy: Policy, ordered: list[ErrandKind], left: list[ErrandKind]
) -> None:
    store(staffed, policy, new_case(1), new_case(2, "0002"))
    for turn, kind in enumerate(ordered):
        action = Action(f"test.{turn}", new_case(1), new_case(1), errands=(Errand(kind),))
        with staffed.transaction() as connection:
            save_decisions(connection, [Decided(1 + turn, new_case(1), [action])], policy, STAMP)
    other = Action("test", new_case(2, "0002"), new_case(2, "0002"), errands=(Errand(ErrandKind.CLOSE_FOLDER),))
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, new_case(2, "0002"), [other])], policy, STAMP)
        for kind in ErrandKind:
            outgoing.settle_overtaken(connection, kind)
    pending = [row for row in rows(staffed, outbox) if row.status == "pending"]
    assert [row.kind for row in pending if row.case_number == NUMBER] == left
    assert [row.kind for row in pending if row.case_number == OTHER] == [ErrandKind.CLOSE_FOLDER]


# --- Errands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def collecting(staffed: Database, policy: Policy) -> Database:
    """Two new cases, each with a folder to open and a notice to the employee."""
    with staffed.transaction() as connection:
        add_cases(connection, [new_case(1), new_case(2, "0002")])
    decide_all(staffed, policy, [NUMBER, OTHER])
    return staffed


def errand(database: Database, key: str) -> AnyRow:
    [row] = [row for row in rows(database, outbox) if row.key == key]
    return row


def open_folder(database: Database, number: str) -> None:
    with database.transaction() as connection:
        outgoing.done(connection, f"{number}/open_folder")


def test_an_errand_is_begun_remembered_and_done(collecting: Database) -> None:
    key = f"{NUMBER}/open_folder"
    with collecting.transaction() as connection:
        waiting = outgoing.pending(connection, ErrandKind.OPEN_FOLDER)
        assert [row.key for row in waiting] == [key, f"{OTHER}/open_folder"]
        outgoing.begin_attempt(connection, waiting[0])
        outgoing.failed(connection, key, "Graph: 503", for_good=False)
    row = errand(collecting, key)
    assert (row.status, row.attempts, row.reason, row.done_at) == ("pending", 1, "Graph: 503", None)
    with collecting.transaction() as connection:
        outgoing.begin_attempt(connection, row)
        outgoing.remember_remote(connection, key, "item-1")
        outgoing.done(connection, key)
        assert [row.key for row in outgoing.pending(connection, ErrandKind.OPEN_FOLDER)] == [f"{OTHER}/open_folder"]
    row = errand(collecting, key)
    assert (row.status, row.attempts, row.reason, row.remote_id) == ("done", 2, None, "item-1")
    assert row.done_at is not None


def test_what_another_process_has_begun_or_done_is_not_begun(collecting: Database) -> None:
    seen = errand(collecting, f"{NUMBER}/open_folder")
    with collecting.transaction() as connection:
        begun = outgoing.begin_attempt(connection, seen)
    assert begun is not None
    assert begun.attempts == seen.attempts + 1
    with collecting.transaction() as connection:
        assert outgoing.begin_attempt(connection, seen) is None
        outgoing.done(connection, seen.key)
        assert outgoing.begin_attempt(connection, begun) is None
    row = errand(collecting, seen.key)
    assert (row.status, row.attempts) == ("done", 1)


def test_a_failure_for_good_is_not_tried_again(collecting: Database) -> None:
    key = f"{NUMBER}/open_folder"
    with collecting.transaction() as connection:
        outgoing.failed(connection, key, "Graph: 409", for_good=True)
        assert key not in [row.key for row in outgoing.pending(connection, ErrandKind.OPEN_FOLDER)]
    assert (errand(collecting, key).status, errand(collecting, key).reason) == ("failed", "Graph: 409")


# --- Notices and mails ------------------------------------------------------------------------------------------


def to_write(database: Database) -> list[AnyRow]:
    with database.transaction() as connection:
        return outgoing.notices_to_write(connection)


def write(database: Database, key: str, notice_keys: Sequence[str]) -> None:
    with database.transaction() as connection:
        outgoing.add_mails(connection, [NewMail(key, {"to": "a@b.example", "subject": "Sak"}, notice_keys)], TODAY)


def test_a_case_whose_folder_is_not_there_keeps_its_notices(collecting: Database) -> None:
    assert to_write(collecting) == []
    open_folder(collecting, NUMBER)
    assert [row.key for row in to_write(collecting)] == [f"{NUMBER}/documentation.ask/employee"]
    open_folder(collecting, OTHER)
    assert [row.case_number for row in to_write(collecting)] == [NUMBER, OTHER]


def test_a_notice_comes_with_what_its_text_needs(collecting: Database) -> None:
    open_folder(collecting, NUMBER)
    [row] = to_write(collecting)
    assert (row.template, row.role, row.reply_by) == ("documentation_ask", "employee", TODAY.replace(day=8))
    assert (row.days_per_week, row.start_on, row.end_on) == (2.0, TODAY.replace(day=15), None)
    assert (row.employee_name, row.employee_given_name) == ("Åse Regnglimt", "Åse")
    assert row.employee_mail == "ansatt.0001@sandvik.kommune.example"
    assert (row.manager_name, row.manager_mail) == ("Åse Regnglimt", "ansatt.0900@sandvik.kommune.example")
    with collecting.transaction() as connection:
        missing = outgoing.missing_requirements(connection, [NUMBER])
    assert missing == {NUMBER: {"photo", "answers", "signed_agreement"}}


def test_a_case_without_a_manager_or_a_mail_address_is_still_told(database: Database, policy: Policy) -> None:
    load_staff(database, changed(staff("0001"), "0001", email=None, user_principal_name=None))
    store(database, policy, new_case(manager_number=None))
    told = Action("left", new_case(), new_case(), (Notice("left", Role.MANAGER, detail="Én setning"),))
    with database.transaction() as connection:
        save_decisions(connection, [Decided(1, new_case(manager_number=None), [told])], policy, STAMP)
    [row] = to_write(database)
    assert (row.employee_mail, row.manager_mail, row.manager_name, row.detail) == (None, None, None, "Én setning")


def test_the_user_name_stands_in_for_a_missing_mail_address(collecting: Database) -> None:
    open_folder(collecting, NUMBER)
    with collecting.transaction() as connection:
        connection.execute(update(employees).values(email=None, user_principal_name="upn@sandvik.example"))
    [row] = to_write(collecting)
    assert (row.employee_mail, row.manager_mail) == ("upn@sandvik.example", "upn@sandvik.example")


def test_a_notice_is_in_one_mail(collecting: Database) -> None:
    open_folder(collecting, NUMBER)
    open_folder(collecting, OTHER)
    write(collecting, "mail/1", [f"{NUMBER}/documentation.ask/employee"])
    assert [row.case_number for row in to_write(collecting)] == [OTHER]
    assert [row.outbox_key for row in rows(collecting, notices)] == ["mail/1", None]
    with collecting.transaction() as connection:
        [mail] = outgoing.pending(connection, MAIL)
    assert (mail.key, mail.case_number, mail.payload) == ("mail/1", None, {"to": "a@b.example", "subject": "Sak"})


def test_one_mail_may_hold_several_notices(collecting: Database) -> None:
    write(collecting, "mail/1", [row.key for row in rows(collecting, notices)])
    assert {row.outbox_key for row in rows(collecting, notices)} == {"mail/1"}


def test_the_same_mail_twice_is_refused_whole(collecting: Database) -> None:
    write(collecting, "mail/1", [f"{NUMBER}/documentation.ask/employee"])
    before = everything(collecting)
    with pytest.raises(IntegrityError):
        write(collecting, "mail/1", [f"{OTHER}/documentation.ask/employee"])
    assert everything(collecting) == before


# --- Documents and filings --------------------------------------------------------------------------------------


def approved(ordinal: int, employee_number: str, *planned: Filing) -> Case:
    photo = Requirement(RequirementKind.PHOTO, TODAY, PHOTO_SHA256)
    return new_case(ordinal, employee_number, state=State.APPROVED, requirements=(photo,), filings=planned)


@pytest.fixture
def filing(staffed: Database, policy: Policy) -> Database:
    """One approved case with agreement and photo to file; the photo has been kept since it was uploaded."""
    store(staffed, policy, approved(1, "0001", AGREEMENT, PHOTO))
    keep_photo(staffed)
    return staffed


def keep_photo(database: Database) -> None:
    with database.transaction() as connection:
        outgoing.keep_document(connection, PHOTO_SHA256, "image/jpeg", b"photo", TODAY)


def prepare(database: Database, number: str, kind: FilingKind, sha256: str, content: bytes) -> None:
    prepared = Prepared(number, kind, 1, f"{number}/{kind}.pdf", content, "application/pdf", sha256, "quick")
    with database.transaction() as connection:
        outgoing.keep_prepared(connection, prepared, TODAY)


def prepare_photo(database: Database, number: str) -> None:
    prepare(database, number, FilingKind.PHOTO, PHOTO_SHA256, b"photo")


def verify(database: Database, number: str, kind: FilingKind) -> None:
    with database.transaction() as connection:
        filed = outgoing.filing(connection, number, kind, 1)
        outgoing.verified(connection, filed, "drive-item", TOMORROW)


def kept(database: Database) -> dict[str, bytes]:
    return {row.sha256: row.content for row in rows(database, documents)}


def test_a_filing_waits_for_its_content_and_then_has_it_fixed(filing: Database) -> None:
    with filing.transaction() as connection:
        waiting = outgoing.filings_to_prepare(connection)
    assert {tuple(row) for row in waiting} == {(NUMBER, "agreement", 1), (NUMBER, "photo", 1)}
    prepare(filing, NUMBER, FilingKind.AGREEMENT, AGREEMENT_SHA256, b"agreement")
    with filing.transaction() as connection:
        assert [row.kind for row in outgoing.filings_to_prepare(connection)] == ["photo"]
        filed = outgoing.filing(connection, NUMBER, FilingKind.AGREEMENT, 1)
        assert outgoing.document(connection, filed.sha256) == b"agreement"
    assert (filed.path, filed.size) == (f"{NUMBER}/agreement.pdf", 9)
    assert (filed.sha256, filed.quick_xor_hash) == (AGREEMENT_SHA256, "quick")
    assert (filed.drive_item_id, filed.verified_at) == (None, None)


def test_a_verified_filing_is_marked_and_our_copy_is_gone(filing: Database) -> None:
    prepare(filing, NUMBER, FilingKind.AGREEMENT, AGREEMENT_SHA256, b"agreement")
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.AGREEMENT)
    assert kept(filing) == {PHOTO_SHA256: b"photo"}
    assert read(filing, NUMBER)[1].filings == (replace(AGREEMENT, verified=True), PHOTO)
    verify(filing, NUMBER, FilingKind.PHOTO)
    assert kept(filing) == {}
    agreement, photo = rows(filing, filings)
    assert (agreement.drive_item_id, agreement.sha256) == ("drive-item", AGREEMENT_SHA256)
    assert agreement.verified_at is not None
    assert photo.verified_at is not None


def test_a_verified_filing_makes_the_case_due(filing: Database) -> None:
    with filing.transaction() as connection:
        assert due_case_numbers(connection, [State.APPROVED], TOMORROW) == []
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    with filing.transaction() as connection:
        assert due_case_numbers(connection, [State.APPROVED], TOMORROW) == [NUMBER]


def test_who_read_the_case_before_its_verification_cannot_overwrite_it(filing: Database, policy: Policy) -> None:
    """Else nobody would look at the case again, and the agreement never came into force."""
    version, case = read(filing, NUMBER)
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    with pytest.raises(CaseChangedError), filing.transaction() as connection:
        save_decisions(connection, [Decided(version, case)], policy, STAMP)


def test_the_archive_keeps_its_answer_when_the_case_is_saved(filing: Database, policy: Policy) -> None:
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    before = rows(filing, filings)
    decide_all(filing, policy, [NUMBER])
    assert rows(filing, filings) == before


def test_two_filings_with_the_same_content_share_one_copy_until_both_are_verified(
    filing: Database, policy: Policy
) -> None:
    store(filing, policy, approved(2, "0002", PHOTO))
    prepare_photo(filing, NUMBER)
    prepare_photo(filing, OTHER)
    assert kept(filing) == {PHOTO_SHA256: b"photo"}
    verify(filing, NUMBER, FilingKind.PHOTO)
    assert kept(filing) == {PHOTO_SHA256: b"photo"}
    verify(filing, OTHER, FilingKind.PHOTO)
    assert kept(filing) == {}


@pytest.mark.parametrize("planned", [(), (PHOTO,)], ids=["not planned yet", "planned, not prepared"])
def test_the_same_photo_of_another_case_is_kept_until_it_is_filed_too(
    filing: Database, policy: Policy, planned: tuple[Filing, ...]
) -> None:
    """Two who share a home send the same photo; the second case is still being assessed when the first is filed."""
    store(filing, policy, approved(2, "0002", *planned))
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    assert kept(filing) == {PHOTO_SHA256: b"photo"}


def test_a_closed_case_keeps_no_photo(filing: Database, policy: Policy) -> None:
    store(filing, policy, replace(approved(2, "0002"), state=State.ENDED))
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    assert kept(filing) == {}


def test_content_that_nothing_waits_for_is_forgotten(staffed: Database, policy: Policy) -> None:
    def forget() -> int:
        with staffed.transaction() as connection:
            return outgoing.forget_documents(connection)

    case = approved(1, "0001")
    store(staffed, policy, replace(case, state=State.COLLECTING))
    keep_photo(staffed)
    assert (forget(), kept(staffed)) == (0, {PHOTO_SHA256: b"photo"})
    with staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, replace(case, state=State.ENDED))], policy, STAMP)
    assert (forget(), kept(staffed)) == (1, {})


def test_a_case_that_ended_before_its_filings_were_written_keeps_what_they_need(
    staffed: Database, policy: Policy
) -> None:
    store(staffed, policy, replace(approved(1, "0001", AGREEMENT, PHOTO), state=State.ENDED))
    keep_photo(staffed)
    with staffed.transaction() as connection:
        assert outgoing.forget_documents(connection) == 0
    prepare_photo(staffed, NUMBER)
    with staffed.transaction() as connection:
        assert outgoing.forget_documents(connection) == 0
    verify(staffed, NUMBER, FilingKind.PHOTO)
    assert kept(staffed) == {}


def test_an_uploaded_agreement_is_kept_until_it_is_filed(staffed: Database, policy: Policy) -> None:
    signed = Requirement(RequirementKind.SIGNED_AGREEMENT, TODAY, AGREEMENT_SHA256)
    case = replace(new_case(1), state=State.COLLECTING, requirements=(signed,))
    store(staffed, policy, case)
    with staffed.transaction() as connection:
        outgoing.keep_document(connection, AGREEMENT_SHA256, "application/pdf", b"signed", TODAY)
        assert outgoing.forget_documents(connection) == 0
        filed = replace(case, state=State.APPROVED, filings=(Filing(FilingKind.SIGNED_AGREEMENT),))
        save_decisions(connection, [Decided(1, filed)], policy, STAMP)
        assert outgoing.forget_documents(connection) == 0
    prepare(staffed, NUMBER, FilingKind.SIGNED_AGREEMENT, AGREEMENT_SHA256, b"signed")
    verify(staffed, NUMBER, FilingKind.SIGNED_AGREEMENT)
    assert kept(staffed) == {}


def has_unfiled(database: Database, number: str = NUMBER) -> bool:
    with database.transaction() as connection:
        return outgoing.has_unfiled_documents(connection, number)


def test_a_case_has_unfiled_documents_until_all_of_them_are_verified(filing: Database) -> None:
    prepare_photo(filing, NUMBER)
    verify(filing, NUMBER, FilingKind.PHOTO)
    assert (has_unfiled(filing), has_unfiled(filing, OTHER)) == (True, False)
    prepare(filing, NUMBER, FilingKind.AGREEMENT, AGREEMENT_SHA256, b"agreement")
    verify(filing, NUMBER, FilingKind.AGREEMENT)
    assert not has_unfiled(filing)


@pytest.mark.parametrize("filings", [(), (AGREEMENT,)], ids=["never agreed", "agreed before signatures were filed"])
def test_a_signature_that_only_the_folder_has_counts_as_unfiled(
    staffed: Database, policy: Policy, filings: tuple[Filing, ...]
) -> None:
    signed = Requirement(RequirementKind.SIGNED_AGREEMENT, TODAY, "ef" * 32)
    store(staffed, policy, replace(new_case(1), state=State.ENDED, requirements=(signed,), filings=filings))
    if filings:
        prepare(staffed, NUMBER, FilingKind.AGREEMENT, AGREEMENT_SHA256, b"agreement")
        verify(staffed, NUMBER, FilingKind.AGREEMENT)
    assert has_unfiled(staffed) is bool(filings)


# --- Names in documents -----------------------------------------------------------------------------------------


def test_documents_get_the_names_of_the_cases_people(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case(1), new_case(2, "0002", manager_number=None))
    with staffed.transaction() as connection:
        people = outgoing.people_of_cases(connection, [NUMBER, OTHER, "HK-2027-99999"])
        names = outgoing.names_of(connection, ["0001", "0900", "HR"])
    assert people.keys() == {NUMBER, OTHER}
    assert (people[NUMBER].employee_name, people[NUMBER].unit_name) == ("Åse Regnglimt", "Helse og mestring")
    assert people[NUMBER].manager_name == "Åse Regnglimt"
    assert (people[OTHER].manager_name, people[OTHER].manager_mail) == (None, None)
    assert names == {"0001": "Åse Regnglimt", "0900": "Åse Regnglimt"}


def test_one_errand_for_the_same_document_is_enough(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    twice = Action("twice", new_case(), new_case(), errands=(Errand(ErrandKind.OPEN_FOLDER),) * 2)
    with pytest.raises(IntegrityError), staffed.transaction() as connection:
        save_decisions(connection, [Decided(1, new_case(), [twice])], policy, STAMP)
    assert rows(staffed, outbox) == []
