"""Packages for an archive system: whole when they are marked, taken once, and in the order things happened."""

import multiprocessing
import signal
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agreements.case import Case, EvaluationOutcome, State
from agreements.policy import Policy
from config.sharepoint import ARCHIVE_LIBRARY
from integrations.database.tables import cases, documents, filings, outbox
from integrations.graph.errors import GraphUnreachableError
from sandbox.graph import Fault
from tasks.archiving import NOT_WHOLE, file_messages
from tasks.filing import write_documents
from tasks.night import night
from tests.agreements.factories import answered
from tests.database.samples import TODAY, changed, decide_all, load_staff, read, rows, staff
from tests.graph.archive_system import (
    MARKER,
    NUMBER,
    ArchiveSystem,
    approve,
    change,
    file_everything,
    file_everything_in_child,
)
from tests.graph.conftest import Office
from tests.graph.fuse import Moment, Point
from tests.graph.town import APPLICANTS, APPROVED, Town
from tests.waiting import AT_MOST

PLAN = Path(__file__).parents[2] / "config/archive_plans/mal.toml"
FIRST = f"{NUMBER}-01"
PHOTO, SIGNED = f"Bilde av arbeidsplassen {NUMBER}.jpg", f"Signert avtale om hjemmekontor {NUMBER}.pdf"
DOCUMENTS = [f"Avtale om hjemmekontor {NUMBER}.pdf", PHOTO, SIGNED]
MESSAGE = len(DOCUMENTS) + len(APPROVED) + 1
"""Which of the files put there is arkivmelding.xml; the marker is the one after it."""


@pytest.fixture
def town(town: Town, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Packages are what this municipality's archive wants."""
    for name, value in {"HK_ARCHIVE_TARGET": "import", "HK_ARCHIVE_PLAN": str(PLAN)}.items():
        monkeypatch.setenv(name, value)
        town.environment[name] = value
    approve(town, policy)
    return town


@pytest.fixture
def archive(town: Town, office: Office) -> ArchiveSystem:
    del town
    return ArchiveSystem(office)


def state(town: Town) -> State:
    return read(town.database, NUMBER)[1].state


def filed(town: Town) -> dict[str, bool]:
    of_case = [row for row in rows(town.database, filings) if row.case_number == NUMBER]
    return {f"{row.kind}-{row.sequence}": row.verified_at is not None for row in of_case}


def assert_all_is_well(town: Town, archive: ArchiveSystem) -> None:
    """Everything was taken once, nothing is left, and the case is what it should be."""
    archive.take()
    assert archive.look() == []
    assert archive.entries == {f"{NUMBER}/agreement-1": 1}
    assert sorted(archive.taken[FIRST]) == [*DOCUMENTS, "arkivmelding.xml"]
    assert set(filed(town).values()) == {True}
    assert {row.status for row in rows(town.database, outbox) if "file_" in row.kind} == {"done"}
    assert rows(town.database, documents) == []


def test_a_package_is_documents_and_what_they_are_and_then_its_marker(
    town: Town, office: Office, archive: ArchiveSystem, policy: Policy
) -> None:
    counts = file_everything()

    assert counts == {"dokumenter skrevet": 3, "dokumenter arkivert": 3 + len(APPROVED), "arkivmeldinger levert": 1}
    assert archive.look() == [f"{FIRST}/{name}" for name in [*DOCUMENTS, "arkivmelding.xml", MARKER]]
    puts = [request for request in office.gate.requests if request.startswith("PUT")]
    assert puts[-1].endswith(f"{MARKER}:/content")
    decide_all(town.database, policy, [NUMBER])
    assert state(town) is State.ACTIVE
    assert_all_is_well(town, archive)
    assert [file.path for file in office.tenant.files(ARCHIVE_LIBRARY) if NUMBER in file.path] == []


def test_a_second_night_sends_nothing_again(town: Town, archive: ArchiveSystem) -> None:
    file_everything()
    archive.take()
    assert file_everything() == {}
    assert_all_is_well(town, archive)


@pytest.mark.parametrize(
    "point",
    [
        Point(Moment.AFTER, 1, "PUT content"),
        Point(Moment.AFTER, MESSAGE, "PUT content"),
        Point(Moment.BEFORE, MESSAGE + 1, "PUT content"),
        Point(Moment.AFTER, MESSAGE + 1, "PUT content"),
    ],
    ids=str,
)
def test_killed_anywhere_and_run_again_it_is_the_same_one_package(
    town: Town, archive: ArchiveSystem, point: Point
) -> None:
    """What is whole by then has been taken before the next night begins."""
    # Forked off a process that has imported everything, a child hung before it wrote: this one begins from nothing.
    child = multiprocessing.get_context("spawn").Process(
        target=file_everything_in_child, args=(town.environment, point), daemon=True
    )
    child.start()
    child.join(AT_MOST)
    assert child.exitcode == -signal.SIGKILL, "the night has no such request"
    child.close()
    archive.take()

    file_everything()

    assert_all_is_well(town, archive)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="PUT", path_pattern=MARKER, drop="after"),
        Fault(method="PUT", path_pattern=MARKER, status=504, after_work=True),
        Fault(method="PUT", path_pattern=MARKER, status=507),
        Fault(method="PUT", path_pattern=MARKER, status=403),
        Fault(method="PUT", path_pattern=MARKER, body="html", after_work=True),
        Fault(method="PUT", path_pattern="arkivmelding", status=423),
        Fault(method="PUT", path_pattern="Bilde", status=507),
    ],
    ids=lambda fault: f"{fault.path_pattern} {fault.status} {fault.drop} {fault.body}",
)
def test_whatever_goes_wrong_it_is_one_whole_package_the_next_night(
    town: Town, office: Office, archive: ArchiveSystem, fault: Fault
) -> None:
    office.fail(fault)
    with suppress(GraphUnreachableError):
        file_everything()
    archive.take()
    file_everything()
    assert_all_is_well(town, archive)


def test_a_404_page_is_no_proof_that_a_package_was_taken(town: Town, office: Office, archive: ArchiveSystem) -> None:
    office.fail(Fault(method="PUT", path_pattern=f"{MARKER}:/content", status=423))
    file_everything()
    office.fail(Fault(path_pattern=r"/drives/[^/]+/(items/[^/]+$|root:)", times=None, status=404, body="html"))
    with suppress(GraphUnreachableError):
        file_everything()
    office.tenant.faults.clear()
    file_everything()
    archive.take()
    assert_all_is_well(town, archive)


def test_a_package_that_lacks_a_document_is_not_marked(town: Town, office: Office, archive: ArchiveSystem) -> None:
    office.fail(Fault(method="PUT", path_pattern="Bilde", times=None, status=507))
    assert file_everything()["leveranser som feilet"] == 2
    assert archive.take() == []
    [message] = [row for row in rows(town.database, outbox) if row.kind == "file_message"]
    assert (message.status, message.reason) == ("pending", NOT_WHOLE)
    assert state(town) is State.APPROVED


# --- What happens afterwards ------------------------------------------------------------------------------------


@pytest.fixture
def active(town: Town, archive: ArchiveSystem, policy: Policy) -> Case:
    """In force, and the archive has taken what there was."""
    file_everything()
    archive.take()
    decide_all(town.database, policy, [NUMBER])
    return read(town.database, NUMBER)[1]


def test_a_new_leader_is_told_to_the_archive(town: Town, active: Case, archive: ArchiveSystem, policy: Policy) -> None:
    assert archive.folders == {f"sak:{active.number}": ("Helse og mestring", "Åse Regnglimt", "Under behandling")}
    everybody = staff(*APPLICANTS, *APPROVED)
    load_staff(town.database, changed(everybody, "0002", given_name="Nye", family_name="Leder"))
    town.change(update(cases).where(cases.c.number == NUMBER).values(manager_number="0002", next_action_on=TODAY))
    decide_all(town.database, policy, [NUMBER])

    assert file_everything() == {"arkivsaker oppdatert": 1, "arkivmeldinger levert": 1}

    assert archive.take() == [f"{NUMBER}-02"]
    assert archive.folders == {f"sak:{NUMBER}": ("Helse og mestring", "Nye Leder", "Under behandling")}
    assert file_everything() == {}


def test_the_case_is_closed_in_the_archive_when_the_agreement_ends(
    town: Town, active: Case, archive: ArchiveSystem, policy: Policy
) -> None:
    town.change(
        update(cases).where(cases.c.number == NUMBER).values(end_on=TODAY.replace(day=1), left_on=date(2027, 2, 28))
    )
    decide_all(town.database, policy, [active.number])
    assert state(town) is State.ENDED

    file_everything()

    assert archive.take() == [f"{NUMBER}-02", f"{NUMBER}-03"]
    assert sorted(archive.taken[f"{NUMBER}-02"]) == [f"Sluttnotat hjemmekontor {NUMBER}.pdf", "arkivmelding.xml"]
    assert list(archive.taken[f"{NUMBER}-03"]) == ["arkivmelding.xml"]
    assert archive.entries == {f"{NUMBER}/agreement-1": 1, f"{NUMBER}/end_note-1": 1}
    assert archive.folders[f"sak:{NUMBER}"][2] == "Avsluttet"
    assert file_everything() == {}


def test_messages_of_a_case_come_in_their_order(
    town: Town, office: Office, active: Case, archive: ArchiveSystem, policy: Policy
) -> None:
    """The evaluation's package is refused, so what came after it waits as well."""
    evaluated = answered(1, EvaluationOutcome.CONTINUE, TODAY)
    change(town, policy, evaluations=(replace(evaluated, given_by="0900"),), left_on=date(2027, 2, 28))
    decide_all(town.database, policy, [active.number])
    office.fail(Fault(method="PUT", path_pattern="Evaluering", times=None, status=507))
    file_everything()
    assert archive.take() == []

    office.tenant.faults.clear()
    file_everything()

    assert len(archive.take()) == 3
    assert archive.folders[f"sak:{NUMBER}"][2] == "Avsluttet"


def test_in_a_dry_run_nothing_is_handed_over(town: Town, archive: ArchiveSystem) -> None:
    with night(TODAY, dry_run=True):
        assert write_documents.fn() == {"dokumenter skrevet": 3}
        assert file_messages.fn() == {"arkivmeldinger levert": 1}
    assert archive.look() == []
    assert set(filed(town).values()) == {False}
