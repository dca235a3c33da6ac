"""Folders and the archive: made once, shared with the right people, written once and read back."""

import asyncio

import pytest

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.graph.client import Graph
from integrations.graph.drive import (
    FRAGMENT,
    SMALL_FILE,
    ArchiveConflictError,
    StoredFile,
    archive_file,
    drive_id,
    ensure_folder,
    put_file,
    share,
)
from integrations.graph.errors import GraphError, GraphUnreachableError
from sandbox.graph import Fault
from sandbox.graph import GraphError as Refused
from tests.graph.conftest import Office
from tests.graph.town import user

AASE, BRIT = user("0001"), user("0002")
PATH = "0001/Hjemmekontor/HK-1/Avtale HK-1.pdf"
SMALL = b"%PDF-1.7 small"
LARGE = bytes(range(256)) * (SMALL_FILE // 256) + b"and a little more"


def archive(office: Office, content: bytes, path: str = PATH) -> StoredFile:
    return office.run(lambda graph: archive_file(graph, ARCHIVE_LIBRARY, path, content))


def archived(office: Office) -> list[str]:
    return [file.path for file in office.tenant.files(ARCHIVE_LIBRARY)]


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


def test_a_file_of_ours_is_overwritten(office: Office) -> None:
    folder_id = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, folder_id, "Utkast 1 #.pdf", b"one"))
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, folder_id, "Utkast 1 #.pdf", b"two"))
    assert office.tenant.read(CASE_LIBRARY, "HK-1/Utkast 1 #.pdf") == b"two"


# --- The archive ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [SMALL, LARGE, LARGE * 2, b""], ids=["small", "large", "fragments", "empty"])
def test_a_file_is_filed_and_read_back(office: Office, content: bytes) -> None:
    stored = archive(office, content)
    assert office.tenant.read(ARCHIVE_LIBRARY, PATH) == content
    assert stored.holds(content)
    assert not stored.holds(content + b"x")
    assert (len(LARGE) > SMALL_FILE, len(LARGE * 2) > 2 * FRAGMENT) == (True, True)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_the_same_file_again_is_the_same_file(office: Office, content: bytes) -> None:
    first = archive(office, content)
    written = office.requests("/content") + office.requests("/createUploadSession")
    assert archive(office, content) == first
    assert office.requests("/content") + office.requests("/createUploadSession") == written
    assert archived(office) == [PATH]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_another_file_is_never_overwritten(office: Office, content: bytes) -> None:
    archive(office, b"what is there")
    with pytest.raises(ArchiveConflictError):
        archive(office, content)
    assert office.tenant.read(ARCHIVE_LIBRARY, PATH) == b"what is there"


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_another_file_put_there_in_the_last_moment_is_not_overwritten(office: Office, content: bytes) -> None:
    """The look before the upload sees nothing, as if the other one came just after it."""
    archive(office, b"what is there")
    office.fail(Fault(method="GET", path_pattern="/root:/.*pdf$", status=404))
    with pytest.raises(ArchiveConflictError):
        archive(office, content)
    assert office.tenant.read(ARCHIVE_LIBRARY, PATH) == b"what is there"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="PUT", status=504, after_work=True),
        Fault(method="PUT", drop="after"),
        Fault(method="PUT", drop="truncate"),
        Fault(method="PUT", body="html", after_work=True),
        Fault(method="PUT", body="html"),
        Fault(method="PUT", drop="before"),
        Fault(method="POST", path_pattern="/createUploadSession$", drop="after"),
    ],
    ids=lambda fault: f"{fault.path_pattern} {fault.status} {fault.drop} {fault.body} {fault.after_work}",
)
@pytest.mark.parametrize("content", [SMALL, LARGE * 2], ids=["small", "fragments"])
def test_one_file_however_the_upload_ended(office: Office, content: bytes, fault: Fault) -> None:
    office.fail(fault)
    for _ in range(2):
        try:
            stored = archive(office, content)
        except (GraphError, GraphUnreachableError):
            continue
        break
    assert stored.holds(content)
    assert archived(office) == [PATH]
    assert office.tenant.read(ARCHIVE_LIBRARY, PATH) == content


def test_a_file_that_cannot_be_read_back_yet_is_no_conflict(office: Office) -> None:
    office.fail(Fault(method="GET", path_pattern="/root:/.*pdf$", times=2, status=404))
    with pytest.raises(GraphError, match="notReadBack"):
        archive(office, SMALL)
    assert archive(office, SMALL).holds(SMALL)
