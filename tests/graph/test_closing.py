"""A case folder has done its work: nobody gets in, nothing of ours is left, and nothing is lost."""

from datetime import date, timedelta
from hashlib import sha256

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agreements.actions import Action, Errand, ErrandKind
from agreements.case import Assessment, AssessmentOutcome, Case, FilingKind, Requirement, RequirementKind, State
from agreements.policy import Policy
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.tables import documents, filings, inbox, outbox, rejected_rows
from integrations.documents.agreement import render_record
from integrations.graph.client import Graph
from integrations.graph.drive import children_of, delete_item, drive_id, ensure_folder, find_folder, library_changes
from integrations.graph.errors import GraphCredentialsError, GraphUnreachableError
from sandbox.graph import Actor, Fault
from sandbox.graph import GraphError as Refused
from sandbox.graph.identity import SYSTEM_ACCOUNT
from tasks.closing import FILES_SET_ASIDE, OTHERS_LEFT_ALONE, close_folders
from tasks.delivering import AT_A_TIME, file_documents, open_folders, share_folders
from tasks.filing import write_documents
from tasks.night import night
from tasks.reading import UPLOADS_UNREAD, read_answers
from tasks.receiving import NOBODYS, take_in_uploads
from tests.database.samples import STAMP, TODAY, decide_all, read, rows
from tests.documents.samples import evaluation_record, jpeg
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.town import Town, user

NUMBER = "HK-2027-00001"
EMPLOYEE, MANAGER, OUTSIDER = user("0001"), user("0900"), user("0002")
SIGNED = render_record(evaluation_record())
"""PDF/A, so that it is kept as it is."""
CLOSED, DELETED, FAILED = "saksmapper lukket", "filer slettet fra saksmapper", "leveranser som feilet"


def upload(office: Office, name: str, content: bytes, folder: str = NUMBER) -> str:
    return office.tenant.upload(CASE_LIBRARY, folder, name, content, EMPLOYEE)


def take_in(on: date = TODAY) -> dict[str, int]:
    with night(on):
        return dict(read_answers.fn([], uploads=True) + take_in_uploads.fn())


def close(*, dry_run: bool = False) -> dict[str, int]:
    with night(TODAY, dry_run=dry_run):
        return dict(close_folders.fn())


def order(town: Town, policy: Policy, rule: str, *errands: Errand, **changes: object) -> Case:
    """Something happens to the case, and this follows."""
    with town.database.transaction() as connection:
        version, case = load_cases(connection, [NUMBER])[NUMBER]
        after = replace(case, **changes)
        save_decisions(
            connection, [Decided(version, after, [Action(rule, case, after, errands=errands)])], policy, STAMP
        )
    return after


def closing(sequence: int = 0) -> Errand:
    return Errand(ErrandKind.CLOSE_FOLDER, sequence=sequence)


def readers(office: Office) -> list[bool]:
    return [office.tenant.may_read(CASE_LIBRARY, NUMBER, who) for who in (EMPLOYEE, MANAGER, OUTSIDER)]


def left(office: Office) -> list[str]:
    return [file.path for file in office.tenant.files(CASE_LIBRARY) if file.path.startswith(NUMBER)]


@pytest.fixture
def town(town: Town) -> Town:
    """Everybody's folder is there."""
    with night(TODAY):
        open_folders.fn()
    return town


def test_a_signed_agreement_is_filed_and_the_folder_closed_when_all_of_it_is_in_the_archive(
    town: Town, office: Office, policy: Policy
) -> None:
    upload(office, "pult.jpg", jpeg())
    upload(office, "signert.pdf", SIGNED)
    take_in()
    approved = Assessment(AssessmentOutcome.APPROVED, None, "0900", TODAY)
    order(town, policy, "test.approved", state=State.APPROVED, assessment=approved, start_on=TODAY, end_on=TODAY)
    decide_all(town.database, policy, [NUMBER])
    with night(TODAY):
        write_documents.fn()
        assert file_documents.fn()["dokumenter arkivert"] == 3 + 3, "three of the other cases"
    decide_all(town.database, policy, [NUMBER])
    assert read(town.database, NUMBER)[1].state is State.ACTIVE
    assert readers(office) == [True, True, False]

    assert close() == {CLOSED: 1, DELETED: 3}

    assert (readers(office), left(office)) == ([False, False, False], [])
    filed = {row.kind: row for row in rows(town.database, filings) if row.case_number == NUMBER}
    assert set(filed) == {FilingKind.AGREEMENT, FilingKind.SIGNED_AGREEMENT, FilingKind.PHOTO}
    signed = filed[FilingKind.SIGNED_AGREEMENT]
    assert office.tenant.read(ARCHIVE_LIBRARY, signed.path) == SIGNED
    assert signed.path.endswith(f"/Signert avtale om hjemmekontor {NUMBER}.pdf")
    assert rows(town.database, documents) == []
    office.gate.requests.clear()
    assert (close(), office.gate.requests) == ({}, [])


def test_a_case_that_ends_without_an_agreement_leaves_nothing_behind(
    town: Town, office: Office, policy: Policy
) -> None:
    upload(office, "pult.jpg", jpeg())
    upload(office, "ferie.gif", b"GIF89a" + bytes(20))
    assert take_in()["svar satt til side"] == 1
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)

    assert close(dry_run=True) == {CLOSED: 1, DELETED: 3}
    assert len(left(office)) == 3
    assert close() == {CLOSED: 1, DELETED: 3}

    assert (readers(office), left(office)) == ([False, False, False], [])
    with pytest.raises(Refused):
        upload(office, "enda en.jpg", jpeg())
    assert take_in() == {}, "what is deleted is no answer"


def test_what_nobody_has_read_stays_until_it_has_been_read(town: Town, office: Office, policy: Policy) -> None:
    upload(office, "pult.jpg", jpeg())
    take_in()
    upload(office, "pult.jpg", jpeg() + b"a little later")
    upload(office, "mer.jpg", jpeg())
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)

    assert close() == {FAILED: 1}
    [row] = town.outbox(ErrandKind.CLOSE_FOLDER)
    assert (row.status, row.reason.startswith("Saksmappen er lukket, men ikke tømt: 2 av filene")) == ("pending", True)
    assert readers(office) == [False, False, False]
    assert left(office) == [f"{NUMBER}/mer.jpg", f"{NUMBER}/pult.jpg"]

    take_in(TODAY + timedelta(days=1))
    assert close() == {CLOSED: 1, FILES_SET_ASIDE: 2}, "they came too late, which somebody may put right"


def test_what_was_set_aside_for_who_sent_it_stays_until_the_case_is_purged(
    town: Town, office: Office, policy: Policy
) -> None:
    upload(office, "pult.jpg", jpeg())
    office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, f"{NUMBER}/Fra leder"))
    office.tenant.upload(CASE_LIBRARY, f"{NUMBER}/Fra leder", "signert.pdf", SIGNED, MANAGER)
    assert take_in()["svar satt til side"] == 1
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED, ended_on=TODAY)

    assert close(dry_run=True) == {CLOSED: 1, DELETED: 2, FILES_SET_ASIDE: 1}
    assert close() == {CLOSED: 1, DELETED: 2, FILES_SET_ASIDE: 1}

    assert readers(office) == [False, False, False]
    assert left(office) == [f"{NUMBER}/Fra leder/signert.pdf"]
    [row] = town.outbox(ErrandKind.CLOSE_FOLDER)
    assert row.status == "done", "it keeps nothing waiting, the purge least of all"
    order(town, policy, "test.closed-again", closing(1))
    assert close() == {CLOSED: 1, FILES_SET_ASIDE: 1}


def test_what_people_put_into_folders_of_their_own_goes_as_well(town: Town, office: Office, policy: Policy) -> None:
    office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, f"{NUMBER}/Bilder/Stua"))
    upload(office, "pult.jpg", jpeg(), f"{NUMBER}/Bilder/Stua")
    take_in()
    upload(office, "ukjent.jpg", jpeg(), f"{NUMBER}/Bilder")
    order(town, policy, "test.closed", closing())
    close()
    assert left(office) == [f"{NUMBER}/Bilder/ukjent.jpg"]
    take_in()
    close()
    assert office.run(_children) == []


async def _children(graph: Graph) -> list[str]:
    folder_id = await find_folder(graph, CASE_LIBRARY, NUMBER)
    assert folder_id is not None
    return [item["name"] for item in await children_of(graph, CASE_LIBRARY, folder_id)]


def test_nothing_is_deleted_while_the_archive_lacks_something(town: Town, office: Office, policy: Policy) -> None:
    upload(office, "signert.pdf", SIGNED)
    take_in()
    order(town, policy, "test.approved", state=State.APPROVED, assessment=None)
    decide_all(town.database, policy, [NUMBER])
    order(town, policy, "application.withdrawn", closing(), state=State.ENDED)
    with night(TODAY):
        assert close_folders.fn() == {FAILED: 1}
    [row] = town.outbox(ErrandKind.CLOSE_FOLDER)
    assert "arkivet mangler ennå et dokument" in row.reason
    assert (readers(office), len(left(office))) == ([False, False, False], 2)


def test_a_signed_agreement_that_was_never_kept_holds_up_its_own_case_only(town: Town, policy: Policy) -> None:
    """As one that came before signed agreements were archived."""
    lost = Requirement(RequirementKind.SIGNED_AGREEMENT, TODAY, "ab" * 32)
    approved = Assessment(AssessmentOutcome.APPROVED, None, "0900", TODAY)
    changes = {"state": State.APPROVED, "assessment": approved, "start_on": TODAY, "end_on": TODAY}
    order(town, policy, "test.approved", requirements=(lost,), **changes)
    decide_all(town.database, policy, [NUMBER])
    with night(TODAY):
        assert write_documents.fn() == {"dokumenter skrevet": 1}
        assert file_documents.fn() == {"dokumenter arkivert": 4, FAILED: 1}
    [row] = [row for row in town.outbox(ErrandKind.FILE_DOCUMENT) if row.status == "pending"]
    assert row.reason.startswith("Filen som skulle arkiveres, er ikke tatt vare på her.")


# --- Opened again -----------------------------------------------------------------------------------------------


def test_a_closed_folder_is_opened_again_for_more_documentation(town: Town, office: Office, policy: Policy) -> None:
    order(town, policy, "filing.verified", closing(1))
    close()
    order(town, policy, "test.reopened", Errand(ErrandKind.OPEN_FOLDER, sequence=TODAY.toordinal()))
    with night(TODAY):
        open_folders.fn()
    assert readers(office) == [True, True, False]
    assert left(office) == [f"{NUMBER}/Avtaleutkast {NUMBER}.pdf"]
    upload(office, "pult.jpg", jpeg())
    take_in()
    order(town, policy, "filing.verified.2", closing(2))
    assert close() == {CLOSED: 1, DELETED: 2}
    assert (readers(office), left(office)) == ([False, False, False], [])


def test_a_sharing_that_came_too_late_does_not_open_a_closed_folder(town: Town, office: Office, policy: Policy) -> None:
    share = Errand(ErrandKind.SHARE_FOLDER, sequence=TODAY.toordinal())
    order(town, policy, "manager.changed", share)
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    close()
    with night(TODAY):
        assert share_folders.fn() == {"saksmapper delt på nytt": 0}
    assert readers(office) == [False, False, False]
    assert {row.status for row in town.outbox(ErrandKind.SHARE_FOLDER)} == {"done"}


def test_a_closing_that_came_too_late_does_not_close_a_folder_that_is_in_use_again(
    town: Town, office: Office, policy: Policy
) -> None:
    order(town, policy, "filing.verified", closing(1))
    order(town, policy, "test.reopened", Errand(ErrandKind.OPEN_FOLDER, sequence=TODAY.toordinal()))
    assert close() == {}
    assert readers(office) == [True, True, False]


def test_a_folder_that_somebody_deleted_is_closed(town: Town, office: Office, policy: Policy) -> None:
    folder_id = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, NUMBER))
    office.run(lambda graph: delete_item(graph, CASE_LIBRARY, folder_id, "*"))
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close()[CLOSED] == 1


OTHER = "HK-2027-00002"


@pytest.mark.parametrize("below", ["", "/Bilder"], ids=["in the folder", "in a folder within"])
def test_the_folder_of_another_case_within_is_left_alone(
    town: Town, office: Office, policy: Policy, below: str
) -> None:
    office.tenant.upload(CASE_LIBRARY, OTHER, "pult.jpg", jpeg(), OUTSIDER)
    upload(office, "pult.jpg", jpeg())
    assert take_in()["svar mottatt"] == 2
    office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, f"{NUMBER}{below}"))
    office.tenant.move(CASE_LIBRARY, OTHER, f"{NUMBER}{below}")
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close(dry_run=True) == close() == {CLOSED: 1, DELETED: 2, OTHERS_LEFT_ALONE: 1}
    within = f"{NUMBER}{below}/{OTHER}"
    assert left(office) == [f"{within}/Avtaleutkast {OTHER}.pdf", f"{within}/pult.jpg"]
    assert office.tenant.may_read(CASE_LIBRARY, within, OUTSIDER)


def test_the_folder_of_another_case_under_this_ones_name_is_left_alone(
    town: Town, office: Office, policy: Policy
) -> None:
    office.tenant.rename(CASE_LIBRARY, NUMBER, "Min mappe", EMPLOYEE)
    office.tenant.rename(CASE_LIBRARY, OTHER, NUMBER, OUTSIDER)
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close() == {CLOSED: 1, DELETED: 1}
    assert left(office) == [f"{NUMBER}/Avtaleutkast {OTHER}.pdf"]
    assert office.tenant.may_read(CASE_LIBRARY, NUMBER, OUTSIDER)


# --- Uploads that are not as they were --------------------------------------------------------------------------


def statuses(town: Town) -> list[str]:
    return [row.status for row in rows(town.database, inbox)]


def test_an_upload_that_was_deleted_before_it_was_read_stops_nobody(town: Town, office: Office) -> None:
    gone = upload(office, "pult.jpg", jpeg())
    upload(office, "signert.pdf", SIGNED)
    with night(TODAY):
        read_answers.fn([], uploads=True)
    office.run(lambda graph: delete_item(graph, CASE_LIBRARY, gone, "*"))
    assert take_in() == {"svar mottatt": 1, "slettet før de ble tatt inn": 1}
    assert read(town.database, NUMBER)[1].missing == (RequirementKind.PHOTO, RequirementKind.ANSWERS)
    assert take_in() == {}


def test_an_upload_that_cannot_be_read_waits_and_stops_nobody(town: Town, office: Office) -> None:
    locked = upload(office, "pult.jpg", jpeg())
    upload(office, "signert.pdf", SIGNED)
    office.fail(Fault(path_pattern=f"/items/{locked}/content", times=None, status=423))
    assert take_in() == {"opplastede filer": 2, "svar mottatt": 1, UPLOADS_UNREAD: 1}
    assert sorted(statuses(town)) == ["new", "taken_in"]
    office.tenant.faults.clear()
    assert take_in() == {"svar mottatt": 1}


@pytest.mark.parametrize("status", [403, 404, 423, 500])
@pytest.mark.usefixtures("town")
def test_an_upload_of_which_nothing_can_be_said_waits_and_stops_nobody(office: Office, status: int) -> None:
    """Not even a 404 is believed: if it is gone, the next walk says so."""
    locked = upload(office, "pult.jpg", jpeg())
    upload(office, "signert.pdf", SIGNED)
    office.fail(Fault(path_pattern=f"/items/{locked}$", times=None, status=status))
    assert take_in() == {"opplastede filer": 1, "svar mottatt": 1, UPLOADS_UNREAD: 1}
    assert take_in() == {UPLOADS_UNREAD: 1}
    office.tenant.faults.clear()
    assert take_in() == {"opplastede filer": 1, "svar mottatt": 1}
    assert take_in() == {}


def deviations(town: Town) -> list[tuple[str, bool]]:
    """Where each is, and whether it still stands."""
    return [(row.path, row.resolved_on is None) for row in rows(town.database, rejected_rows)]


def test_one_file_that_comes_as_a_page_every_night_stops_no_other(town: Town, office: Office) -> None:
    """As where a filter on the way puts its own page in the place of one file, for ever."""
    bad = upload(office, "pult.jpg", jpeg())
    upload(office, "signert.pdf", SIGNED)
    office.fail(Fault(path_pattern=f"/items/{bad}/content", times=None, body="html"))
    with quick_night():
        assert read_answers.fn([], uploads=True)["opplastede filer"] == 2
        assert take_in_uploads.fn() == {"svar mottatt": 1, UPLOADS_UNREAD: 1}
    assert sorted(statuses(town)) == ["new", "taken_in"]
    assert deviations(town) == [(NUMBER, True)]
    with quick_night():
        assert take_in_uploads.fn() == {UPLOADS_UNREAD: 1}, "alone it is no outage either"
    office.tenant.faults.clear()
    with quick_night():
        assert take_in_uploads.fn() == {"svar mottatt": 1}
    assert deviations(town) == [(NUMBER, False)]


def test_several_on_end_end_the_reading_and_the_next_night_begins_with_the_others(town: Town, office: Office) -> None:
    before = upload(office, "ny.gif", b"GIF89a" + bytes(20))
    bad = [upload(office, f"{number}.jpg", jpeg()) for number in range(AT_A_TIME)]
    upload(office, "signert.pdf", SIGNED)
    office.fail(*[Fault(path_pattern=f"/items/{each}/content", times=None, body="html") for each in bad])
    with quick_night() as running:
        read_answers.fn([], uploads=True)
        with pytest.raises(GraphUnreachableError):
            take_in_uploads.fn()
        assert running.before_it_broke == {"svar satt til side": 1, UPLOADS_UNREAD: AT_A_TIME}
    refused = [row.external_id for row in rows(town.database, inbox) if row.status == "refused"]
    assert refused == [before]
    with quick_night():
        assert take_in_uploads.fn() == {"svar mottatt": 1, UPLOADS_UNREAD: AT_A_TIME}, "these are known by now"


def test_files_that_several_tries_could_not_read_are_counted_once(office: Office, town: Town) -> None:
    for number in range(AT_A_TIME):
        upload(office, f"{number}.jpg", jpeg())
    with quick_night() as running:
        read_answers.fn([], uploads=True)
        office.fail(Fault(path_pattern="^/v1.0/drives/", times=None, body="html"))
        for _ in range(3):
            with pytest.raises(GraphUnreachableError):
                take_in_uploads.fn()
        assert running.before_it_broke == {UPLOADS_UNREAD: AT_A_TIME}
        office.tenant.faults.clear()
        taken = take_in_uploads.fn()
        assert (taken["svar mottatt"] + taken["svar satt til side"], +running.before_it_broke) == (AT_A_TIME, {})
    assert "new" not in statuses(town)


def test_what_was_taken_in_before_the_credentials_were_refused_is_counted(town: Town, office: Office) -> None:
    upload(office, "pult.jpg", jpeg())
    last = upload(office, "signert.pdf", SIGNED)
    with quick_night() as running:
        read_answers.fn([], uploads=True)
        office.fail(Fault(path_pattern=f"/items/{last}", times=None, status=401))
        with pytest.raises(GraphCredentialsError):
            take_in_uploads.fn()
        assert running.before_it_broke == {"svar mottatt": 1}
    assert statuses(town) == ["taken_in", "new"]


def test_a_file_that_could_not_be_read_and_was_deleted_is_no_deviation_any_more(town: Town, office: Office) -> None:
    bad = upload(office, "pult.jpg", jpeg())
    office.fail(Fault(path_pattern=f"/items/{bad}/content", times=None, body="html"))
    with quick_night():
        read_answers.fn([], uploads=True)
        take_in_uploads.fn()
    office.run(lambda graph: delete_item(graph, CASE_LIBRARY, bad, "*"))
    take_in()
    assert deviations(town) == [(NUMBER, False)]


def test_a_renamed_file_is_the_same_and_a_replaced_one_another(town: Town, office: Office) -> None:
    item_id = upload(office, "pult.jpg", jpeg())
    take_in()
    office.run(lambda graph: _rename(graph, item_id))
    assert take_in() == {}
    upload(office, "stol.jpg", jpeg() + b"another")
    assert take_in()["opplastede filer"] == 1
    assert statuses(town) == ["taken_in", "taken_in"]


async def _rename(graph: Graph, item_id: str) -> None:
    address = f"/drives/{await drive_id(graph, CASE_LIBRARY)}/items/{item_id}"
    await graph.repeatable("PATCH", address, "PATCH item", body={"name": "stol.jpg"})


def test_a_library_that_is_read_from_its_beginning_gives_nothing_twice(town: Town, office: Office) -> None:
    upload(office, "pult.jpg", jpeg())
    take_in()
    office.tenant.expire_delta_tokens()
    upload(office, "signert.pdf", SIGNED)
    assert take_in()["opplastede filer"] == 1
    assert statuses(town) == ["taken_in", "taken_in"]
    changes = office.run(lambda graph: library_changes(graph, CASE_LIBRARY, None))
    assert len({upload.item_id for upload in changes.items}) == len(changes.items)
    case = read(town.database, NUMBER)[1]
    document = case.requirement(RequirementKind.SIGNED_AGREEMENT)
    assert document is not None
    assert document.document == sha256(SIGNED).hexdigest()


# --- Who is behind a file ---------------------------------------------------------------------------------------

FLOW = Actor("0f0f0f0f-1111-4111-8111-111111111111", "En flyt", is_application=True)
NOT_PEOPLE = pytest.mark.parametrize("nobody", [FLOW, SYSTEM_ACCOUNT], ids=["app", "system"])
DRAFT = f"Avtaleutkast {NUMBER}.pdf"


@NOT_PEOPLE
@pytest.mark.parametrize("is_kept", [True, False], ids=["with history", "without history"])
def test_an_upload_that_an_app_has_touched_is_still_the_employees(
    town: Town, office: Office, nobody: Actor, *, is_kept: bool
) -> None:
    if not is_kept:
        office.tenant.forget_history()
    upload(office, "pult.jpg", jpeg())
    office.tenant.touch(CASE_LIBRARY, f"{NUMBER}/pult.jpg", nobody)
    assert take_in() == {"opplastede filer": 1, "svar mottatt": 1}
    assert [row.sender_mail for row in rows(town.database, inbox)] == [user("0001").mail]


@NOT_PEOPLE
def test_a_signed_agreement_over_the_draft_is_taken_in_though_an_app_has_touched_it(
    town: Town, office: Office, nobody: Actor
) -> None:
    upload(office, "pult.jpg", jpeg())
    take_in()
    upload(office, DRAFT, SIGNED)
    office.tenant.touch(CASE_LIBRARY, f"{NUMBER}/{DRAFT}", nobody)
    assert take_in() == {"opplastede filer": 1, "svar mottatt": 1}
    assert read(town.database, NUMBER)[1].missing == (RequirementKind.ANSWERS,)


@NOT_PEOPLE
@pytest.mark.parametrize("is_read", [True, False], ids=["read", "never read"])
def test_a_signed_agreement_over_the_draft_that_nobody_is_behind_is_not_deleted(
    town: Town, office: Office, policy: Policy, nobody: Actor, *, is_read: bool
) -> None:
    office.tenant.forget_history()
    upload(office, DRAFT, SIGNED)
    office.tenant.touch(CASE_LIBRARY, f"{NUMBER}/{DRAFT}", nobody)
    if is_read:
        assert take_in() == {"opplastede filer": 1, "svar satt til side": 1}
        assert [row.reason for row in rows(town.database, rejected_rows)] == [NOBODYS]
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close() == ({CLOSED: 1, FILES_SET_ASIDE: 1} if is_read else {FAILED: 1})
    assert left(office) == [f"{NUMBER}/{DRAFT}"]


def test_the_draft_is_ours_whoever_has_touched_it(town: Town, office: Office, policy: Policy) -> None:
    office.tenant.touch(CASE_LIBRARY, f"{NUMBER}/{DRAFT}", Actor.person(user("0001")))
    assert take_in() == {}, "an unsigned draft is no agreement"
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close() == {CLOSED: 1, DELETED: 1}


def test_a_draft_from_before_its_hash_was_kept_is_ours(town: Town, office: Office, policy: Policy) -> None:
    town.change(update(outbox).where(outbox.c.kind == str(ErrandKind.OPEN_FOLDER)).values(payload={}))
    office.tenant.touch(CASE_LIBRARY, f"{NUMBER}/{DRAFT}", SYSTEM_ACCOUNT)
    assert take_in() == {}
    order(town, policy, "documentation.lapsed", closing(), state=State.ENDED)
    assert close() == {CLOSED: 1, DELETED: 1}
