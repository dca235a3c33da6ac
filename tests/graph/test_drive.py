"""Folders: made once, shared with the right people and nobody else, closed and emptied again."""

import asyncio

import msgspec
import pytest
from starlette.responses import JSONResponse

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.graph.client import Graph
from integrations.graph.drive import (
    ArchiveConflictError,
    close_to_people,
    delete_item,
    download,
    drive_id,
    ensure_folder,
    find_folder,
    library_changes,
    put_file,
    share,
)
from integrations.graph.errors import GraphError, GraphUnreachableError
from sandbox.graph import Fault
from sandbox.graph import GraphError as Refused
from tests.graph.conftest import Office
from tests.graph.gate import Answering
from tests.graph.town import user

AASE, BRIT = user("0001"), user("0002")


def test_a_folder_is_made_with_its_parents_and_only_once(office: Office) -> None:
    first = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "A/Blå mappe/HK-1"))
    assert office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "A/Blå mappe/HK-1")) == first
    assert office.requests("/children") == 3


def test_a_folder_that_somebody_makes_meanwhile_is_the_folder(office: Office) -> None:
    async def make_at_once(graph: Graph) -> set[str]:
        return set(await asyncio.gather(*(ensure_folder(graph, ARCHIVE_LIBRARY, "0001/HK") for _ in range(4))))

    assert len(office.run(make_at_once)) == 1


def test_a_folder_made_although_the_answer_was_lost_is_the_folder(office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/children$", drop="after"))
    made = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    assert office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1")) == made


def test_a_missing_library_is_named(office: Office) -> None:
    with pytest.raises(GraphUnreachableError, match="«Finnes ikke»"):
        office.run(lambda graph: drive_id(graph, "Finnes ikke"))


def test_a_library_on_a_later_page_is_found(office: Office) -> None:
    following = {"@odata.nextLink": f"{office.settings.graph_base_url}/sites/{office.tenant.site_id}/drives?page=2"}
    first = JSONResponse({"value": [{"id": "b!other", "name": "Andre dokumenter"}], **following})
    office.gate.inside = Answering(office.tenant.application(), "/drives", [first])
    assert office.run(lambda graph: drive_id(graph, CASE_LIBRARY))


def test_the_library_is_looked_up_once_a_connection(office: Office) -> None:
    async def look_often(graph: Graph) -> None:
        for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, CASE_LIBRARY):
            await drive_id(graph, library)

    office.run(look_often)
    assert office.requests("/drives") == 1


def test_a_shared_folder_is_for_those_it_is_shared_with(office: Office) -> None:
    folder_id = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    for _ in range(2):
        office.run(lambda graph: share(graph, CASE_LIBRARY, folder_id, [AASE.mail or ""]))
    office.tenant.upload(CASE_LIBRARY, "HK-1", "bilde.jpg", b"picture", AASE)
    with pytest.raises(Refused):
        office.tenant.upload(CASE_LIBRARY, "HK-1", "bilde.jpg", b"picture", BRIT)


def test_what_a_person_wrote_on_our_draft_is_left_alone(office: Office, shared: str) -> None:
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, shared, "Utkast 1 #.pdf", b"draft"))
    office.tenant.upload(CASE_LIBRARY, "HK-1", "Utkast 1 #.pdf", b"filled in", AASE)
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, shared, "Utkast 1 #.pdf", b"draft"))
    assert office.tenant.read(CASE_LIBRARY, "HK-1/Utkast 1 #.pdf") == b"filled in"


def test_a_draft_whose_answer_was_lost_is_written_once(office: Office, shared: str) -> None:
    office.fail(Fault(method="PUT", path_pattern="Utkast", drop="after"))
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, shared, "Utkast.pdf", b"draft"))
    assert office.tenant.read(CASE_LIBRARY, "HK-1/Utkast.pdf") == b"draft"


def test_a_conflict_that_is_none_of_names_is_told(office: Office, shared: str) -> None:
    office.fail(Fault(method="PUT", path_pattern="Utkast", status=409))
    with pytest.raises(GraphError, match="409"):
        office.run(lambda graph: put_file(graph, CASE_LIBRARY, shared, "Utkast.pdf", b"draft"))


# --- Closed and emptied -----------------------------------------------------------------------------------------


@pytest.fixture
def shared(office: Office) -> str:
    folder_id = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    office.run(lambda graph: share(graph, CASE_LIBRARY, folder_id, [AASE.mail or "", BRIT.mail or ""]))
    return folder_id


def who_may_read(office: Office) -> list[bool]:
    return [office.tenant.may_read(CASE_LIBRARY, "HK-1", who) for who in (AASE, BRIT, user("0003"))]


def test_nobody_but_those_it_is_shared_with_can_read_a_folder(office: Office, shared: str) -> None:
    assert who_may_read(office) == [True, True, False]
    office.run(lambda graph: share(graph, CASE_LIBRARY, shared, [AASE.mail or ""]))
    assert who_may_read(office) == [True, False, False]


def test_a_closed_folder_lets_nobody_in_and_can_be_opened_again(office: Office, shared: str) -> None:
    for _ in range(2):
        office.run(lambda graph: close_to_people(graph, CASE_LIBRARY, shared))
        assert who_may_read(office) == [False, False, False]
    office.run(lambda graph: share(graph, CASE_LIBRARY, shared, [BRIT.mail or ""]))
    assert who_may_read(office) == [False, True, False]


@pytest.mark.parametrize("fault", ["after", "before"])
def test_a_permission_that_was_taken_away_without_our_learning_of_it(office: Office, shared: str, fault: str) -> None:
    office.fail(msgspec.convert({"method": "DELETE", "path_pattern": "/permissions/", "drop": fault}, Fault))
    office.run(lambda graph: close_to_people(graph, CASE_LIBRARY, shared))
    assert who_may_read(office) == [False, False, False]


def test_a_file_that_was_replaced_meanwhile_is_not_deleted(office: Office, shared: str) -> None:
    del shared
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"one", AASE)
    [first] = office.run(lambda graph: library_changes(graph, CASE_LIBRARY, None)).items
    office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"two", AASE)
    assert not office.run(lambda graph: delete_item(graph, CASE_LIBRARY, item_id, first.version))
    [second] = office.run(lambda graph: library_changes(graph, CASE_LIBRARY, None)).items
    for _ in range(2):
        assert office.run(lambda graph: delete_item(graph, CASE_LIBRARY, item_id, second.version))
    assert office.tenant.files(CASE_LIBRARY) == []


def test_a_file_where_the_folder_should_be_is_told(office: Office, shared: str) -> None:
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, shared, "Bilder", b"a file"))
    with pytest.raises(ArchiveConflictError, match="navnet som mappen skulle hatt"):
        office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1/Bilder"))
    assert office.run(lambda graph: find_folder(graph, CASE_LIBRARY, "HK-2")) is None


# --- Downloads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"path_pattern": "^/_sandbox/download", "drop": "truncate"},
        {"path_pattern": "^/_sandbox/download", "drop": "before"},
        {"path_pattern": "^/_sandbox/download", "body": "html"},
        {"path_pattern": "/content$", "status": 503},
        {"path_pattern": "/content$", "body": "html"},
    ],
    ids=str,
)
def test_a_download_is_the_file_or_no_download(office: Office, shared: str, fault: dict[str, str]) -> None:
    del shared
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"picture" * 100, AASE)
    office.fail(msgspec.convert(fault, Fault))
    assert office.run(lambda graph: download(graph, CASE_LIBRARY, item_id)) == b"picture" * 100
    office.fail(msgspec.convert({**fault, "times": None}, Fault))
    with pytest.raises((GraphUnreachableError, GraphError)):
        office.run(lambda graph: download(graph, CASE_LIBRARY, item_id))
