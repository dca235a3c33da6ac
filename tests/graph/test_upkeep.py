"""The personnel folders are kept up to date: the unit, who is responsible, and that the case has ended."""

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import update

from agreements.case import FilingKind, State
from agreements.policy import Policy
from config.sharepoint import ARCHIVE_LIBRARY, CASE_CLOSED, CASE_OPEN, LONGEST_TEXT
from integrations.database.tables import cases, filings, outbox, units
from integrations.graph.client import Graph
from integrations.graph.drive import drive_id
from sandbox.graph import Fault
from tests.database.samples import TODAY, changed, decide_all, load_staff, read, rows, staff
from tests.graph.archive_system import NUMBER, approve, file_everything, texts
from tests.graph.conftest import Office
from tests.graph.town import APPLICANTS, APPROVED, Town

PLAN = Path(__file__).parents[2] / "config/archive_plans/mal.toml"
FOLDER = f"0001/Hjemmekontor/{NUMBER}"
EVERYBODY = staff(*APPLICANTS, *APPROVED)


@pytest.fixture
def town(town: Town, policy: Policy) -> Town:
    """An agreement in force, with a photo and a signed agreement, in the personnel folder of 0001."""
    approve(town, policy)
    file_everything()
    decide_all(town.database, policy, [NUMBER])
    assert read(town.database, NUMBER)[1].state is State.ACTIVE
    return town


def said(office: Office) -> set[tuple[object, object, object]]:
    """What the archive says of the case's documents: unit, who is responsible, status."""
    files = [file for file in office.tenant.files(ARCHIVE_LIBRARY) if file.path.startswith(FOLDER)]
    assert files
    return {tuple(file.fields.get(name) for name in ("Enhet", "Leder", "Saksstatus")) for file in files}  # type: ignore[misc]  # three


def new_manager(town: Town, policy: Policy, number: str | None = "0002") -> None:
    load_staff(town.database, changed(EVERYBODY, "0002", given_name="Nye", family_name="Leder"))
    town.change(update(cases).where(cases.c.number == NUMBER).values(manager_number=number, next_action_on=TODAY))
    decide_all(town.database, policy, [NUMBER])


def updates(town: Town) -> list[tuple[str, str | None]]:
    return [(row.status, row.reason) for row in rows(town.database, outbox) if row.kind == "update_archive"]


def test_what_is_filed_says_where_and_under_whom(town: Town, office: Office) -> None:
    del town
    assert said(office) == {("Helse og mestring", "Åse Regnglimt", CASE_OPEN)}


def test_a_new_leader_stands_on_every_document(town: Town, office: Office, policy: Policy) -> None:
    new_manager(town, policy)
    office.gate.requests.clear()
    assert file_everything() == {"arkivsaker oppdatert": 1}
    assert said(office) == {("Helse og mestring", "Nye Leder", CASE_OPEN)}
    assert sum(request.startswith("PATCH") for request in office.gate.requests) == 3, "each document of the case"
    office.gate.requests.clear()
    assert file_everything() == {}
    assert office.gate.requests == [], "what has not changed costs nothing"


def test_another_unit_and_nobody_who_leads(town: Town, office: Office, policy: Policy) -> None:
    town.change(update(units).values(name="Ytre " * 60))
    new_manager(town, policy, None)
    file_everything()
    [(unit, leader, _)] = said(office)
    assert (str(unit).startswith("Ytre Ytre"), len(str(unit)) <= LONGEST_TEXT, leader) == (True, True, None)


def test_the_end_closes_the_case_on_every_document(town: Town, office: Office, policy: Policy) -> None:
    town.change(update(cases).where(cases.c.number == NUMBER).values(left_on=date(2027, 2, 28)))
    decide_all(town.database, policy, [NUMBER])
    counts = file_everything()
    assert (counts["arkivsaker oppdatert"], counts["dokumenter arkivert"]) == (1, 1)
    assert {status for _, _, status in said(office)} == {CASE_CLOSED}
    assert len([file for file in office.tenant.files(ARCHIVE_LIBRARY) if file.path.startswith(FOLDER)]) == 4


@pytest.mark.parametrize("fault", [Fault(method="PATCH", status=423), Fault(method="PATCH", status=403)])
def test_what_is_refused_is_told_and_done_the_next_night(
    town: Town, office: Office, policy: Policy, fault: Fault
) -> None:
    new_manager(town, policy)
    office.fail(fault)
    file_everything()
    [(status, reason)] = updates(town)
    assert status == "pending"
    assert reason
    file_everything()
    assert (updates(town), said(office)) == ([("done", None)], {("Helse og mestring", "Nye Leder", CASE_OPEN)})


def test_a_document_that_the_archive_has_removed_is_let_be(town: Town, office: Office, policy: Policy) -> None:
    async def remove(graph: Graph) -> None:
        [photo] = [row for row in rows(town.database, filings) if row.kind == FilingKind.PHOTO]
        drive = await drive_id(graph, ARCHIVE_LIBRARY)
        await graph.repeatable("DELETE", f"/drives/{drive}/items/{photo.drive_item_id}", "DELETE")

    office.run(remove)
    new_manager(town, policy)
    file_everything()
    assert (updates(town), said(office)) == ([("done", None)], {("Helse og mestring", "Nye Leder", CASE_OPEN)})


# --- With an arkivmelding beside --------------------------------------------------------------------------------


def test_an_arkivmelding_lies_beside_what_it_tells_of(
    town: Town, office: Office, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HK_ARCHIVE_PLAN", str(PLAN))
    approve(town, policy, "HK-2027-00002")
    counts = file_everything()
    assert counts == {"dokumenter skrevet": 3, "dokumenter arkivert": 3, "arkivmeldinger levert": 1}
    folder = "0002/Hjemmekontor/HK-2027-00002"
    read_file, files = office.tenant.read, office.tenant.files(ARCHIVE_LIBRARY)
    there = {file.path.rpartition("/")[2]: file for file in files if file.path.startswith(folder)}
    message = there["arkivmelding HK-2027-00002 1.xml"]
    content = read_file(ARCHIVE_LIBRARY, message.path)
    root = etree.fromstring(content)
    assert sorted([*texts(root, "referanseDokumentfil"), "arkivmelding HK-2027-00002 1.xml"]) == sorted(there)
    for name, digest in zip(texts(root, "referanseDokumentfil"), texts(root, "sjekksum"), strict=True):
        assert sha256(read_file(ARCHIVE_LIBRARY, there[name].path)).hexdigest() == digest
    assert message.fields["SHA256"] == sha256(content).hexdigest()
    assert message.fields["Dokumenttype"] == "Arkivmelding"
    decide_all(town.database, policy, ["HK-2027-00002"])
    assert read(town.database, "HK-2027-00002")[1].state is State.ACTIVE


def test_an_agreement_is_in_force_when_its_arkivmelding_is_read_back_as_well(
    town: Town, office: Office, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HK_ARCHIVE_PLAN", str(PLAN))
    approve(town, policy, "HK-2027-00002")
    office.fail(Fault(method="PUT", path_pattern="arkivmelding", status=507))
    file_everything()
    decide_all(town.database, policy, ["HK-2027-00002"])
    assert read(town.database, "HK-2027-00002")[1].state is State.APPROVED
    file_everything()
    decide_all(town.database, policy, ["HK-2027-00002"])
    assert read(town.database, "HK-2027-00002")[1].state is State.ACTIVE
