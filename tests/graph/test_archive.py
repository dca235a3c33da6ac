"""The archive: a document is written once, described, labelled, and read back."""

from contextlib import nullcontext
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.sharepoint import ARCHIVE_LIBRARY
from integrations.graph.archive import SMALL_FILE, NotReadBackError, Paper, archive_file
from integrations.graph.client import Graph
from integrations.graph.drive import ArchiveConflictError, StoredFile, drive_id
from integrations.graph.errors import GraphError, GraphThrottledError, GraphUnreachableError
from integrations.graph.upload_sessions import FRAGMENT, Session, first_missing
from sandbox.graph import Fault
from tests.graph.conftest import Office

PATH = "0001/Hjemmekontor/HK-1/Avtale HK-1.pdf"
SMALL = b"%PDF-1.7 small"
LARGE = bytes(range(256)) * (SMALL_FILE // 256) + b"and a little more"
FIELDS: dict[str, str | date] = {"Saksnummer": "HK-1", "Dokumenttype": "Avtale", "ArkivertDato": date(2027, 7, 1)}
SHOWN = {"Saksnummer": "HK-1", "Dokumenttype": "Avtale", "ArkivertDato": "2027-06-30T22:00:00Z"}
LABEL = "Personalmappe"


def archive(office: Office, content: bytes, label: str | None = LABEL, session: Session | None = None) -> StoredFile:
    paper = Paper(PATH, content, FIELDS, label)
    return office.run(lambda graph: archive_file(graph, ARCHIVE_LIBRARY, paper, session))


def archived(office: Office) -> list[str]:
    return [file.path for file in office.tenant.files(ARCHIVE_LIBRARY)]


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
        Fault(method="PUT", body="miscoded"),
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


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_file_with_another_hash_is_looked_at_again_next_time(office: Office, content: bytes) -> None:
    office.fail(Fault(method="GET", path_pattern="/items/[^/]+$", body="other_hash"))
    with pytest.raises(NotReadBackError, match="notReadBack"):
        archive(office, content)
    assert archive(office, content).holds(content)
    assert archived(office) == [PATH]


# --- What the archive says of it --------------------------------------------------------------------------------


def said(office: Office) -> tuple[dict[str, object], str | None]:
    [file] = office.tenant.files(ARCHIVE_LIBRARY)
    return {name: value for name, value in file.fields.items() if name != "FileLeafRef"}, file.retention_label


def test_a_file_is_described_and_labelled(office: Office) -> None:
    archive(office, SMALL)
    assert said(office) == (SHOWN, LABEL)


def test_without_a_label_none_is_asked_for(office: Office) -> None:
    archive(office, SMALL, label=None)
    assert (said(office), office.requests("/retentionLabel")) == ((SHOWN, None), 0)


def test_what_is_said_already_is_not_said_again(office: Office) -> None:
    archive(office, SMALL)
    archive(office, SMALL)
    assert sum(request.startswith("PATCH") for request in office.gate.requests) == 2


def test_what_others_say_of_it_stays(office: Office) -> None:
    archive(office, SMALL, label=None)
    by_hand = {"Title": "Arkivleders merknad", "Saksnummer": "feil"}
    [file] = office.tenant.files(ARCHIVE_LIBRARY)

    async def edit(graph: Graph) -> None:
        address = f"/drives/{await drive_id(graph, ARCHIVE_LIBRARY)}/items/{file.item_id}/listItem/fields"
        await graph.repeatable("PATCH", address, "PATCH fields", body=by_hand)

    office.run(edit)
    archive(office, SMALL)
    assert said(office) == (SHOWN | {"Title": "Arkivleders merknad"}, LABEL)


def test_who_describes_it_at_the_same_time_makes_us_look_again(office: Office) -> None:
    office.fail(Fault(method="PATCH", path_pattern="/fields$", times=2, status=412))
    archive(office, SMALL)
    assert said(office) == (SHOWN, LABEL)


def test_fields_that_never_stand_there_are_no_delivery(office: Office) -> None:
    office.fail(Fault(method="PATCH", path_pattern="/fields$", times=3, status=412))
    with pytest.raises(NotReadBackError):
        archive(office, SMALL)
    assert said(office) == ({}, None)
    archive(office, SMALL)
    assert said(office) == (SHOWN, LABEL)


def test_another_persons_file_is_neither_described_nor_labelled(office: Office) -> None:
    office.run(lambda graph: archive_file(graph, ARCHIVE_LIBRARY, Paper(PATH, b"what is there", {})))
    with pytest.raises(ArchiveConflictError, match="annen fil"):
        archive(office, SMALL)
    assert said(office) == ({}, None)


# --- Fragments --------------------------------------------------------------------------------------------------


def fragments(office: Office) -> int:
    return sum(request.startswith("PUT /_sandbox/upload/") for request in office.gate.requests)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path_pattern="/upload/", skip=1, drop="before"),
        Fault(path_pattern="/upload/", skip=1, drop="after"),
        Fault(path_pattern="/upload/", skip=1, status=416),
        Fault(path_pattern="/upload/", skip=1, status=500),
        Fault(path_pattern="/upload/", skip=1, status=504, after_work=True),
        Fault(path_pattern="/upload/", skip=1, times=2, status=503),
        Fault(path_pattern="/upload/", skip=1, body="html", after_work=True),
        Fault(path_pattern="/upload/", skip=1, body="miscoded", after_work=True),
    ],
    ids=lambda fault: f"{fault.status} {fault.drop} {fault.body}",
)
def test_an_upload_goes_on_from_where_it_was(office: Office, fault: Fault) -> None:
    content = LARGE * 3
    office.fail(fault)
    archive(office, content)
    assert office.tenant.read(ARCHIVE_LIBRARY, PATH) == content
    assert fragments(office) <= -(-len(content) // FRAGMENT) + 2, "nothing that had arrived was sent again"
    assert (office.requests("/createUploadSession"), office.tenant.open_uploads) == (1, 0)


def test_a_session_that_is_lost_begins_anew_once(office: Office) -> None:
    office.fail(Fault(method="PUT", path_pattern="/upload/", skip=1, status=404))
    archive(office, LARGE * 2)
    assert office.requests("/createUploadSession") == 2


def test_a_session_that_is_always_lost_is_told(office: Office) -> None:
    office.fail(Fault(method="PUT", path_pattern="/upload/", times=None, status=404))
    with pytest.raises(NotReadBackError):
        archive(office, LARGE)
    assert (office.requests("/createUploadSession"), archived(office)) == (2, [])


@pytest.mark.parametrize(
    ("status", "code"), [(507, "quotaLimitReached"), (423, "resourceLocked"), (403, "accessDenied")]
)
def test_a_session_that_is_given_up_is_cancelled(office: Office, status: int, code: str) -> None:
    office.fail(Fault(method="PUT", path_pattern="/upload/", skip=1, status=status))
    with pytest.raises(GraphError, match=f"{status} {code}"):
        archive(office, LARGE * 2)
    assert (office.tenant.open_uploads, archived(office)) == (0, [])


def test_our_patience_with_a_fragment_ends(office: Office) -> None:
    office.fail(Fault(method="PUT", path_pattern="/upload/", times=None, status=503))
    with pytest.raises(GraphError, match="PUT fragment was answered 503"):
        archive(office, LARGE)
    assert (fragments(office), office.tenant.open_uploads) == (3, 0)


def test_the_same_file_that_came_during_the_upload_is_adopted(office: Office) -> None:
    """The answer to the last fragment is a conflict, as when an earlier night's session got through after all."""
    archive(office, LARGE)
    office.fail(Fault(method="GET", path_pattern="/root:/.*pdf$", status=404))
    assert archive(office, LARGE).holds(LARGE)
    assert (archived(office), office.tenant.open_uploads) == ([PATH], 0)


# --- A large upload that nobody lived to finish -----------------------------------------------------------------


@pytest.fixture
def left_off(office: Office) -> Session:
    """The session of somebody who died when the first fragment had arrived."""
    kept: list[str] = []
    office.fail(Fault(method="PUT", path_pattern="/upload/", skip=1, times=None, status=403))
    office.fail(Fault(method="DELETE", path_pattern="/upload/", status=403))
    with pytest.raises(GraphError):
        archive(office, LARGE * 2, session=Session(keep=kept.append))
    office.tenant.faults.clear()
    office.gate.requests.clear()
    assert office.tenant.open_uploads == 1
    [url] = kept
    return Session(url)


def test_the_next_one_goes_on_where_it_was_left_off(office: Office, left_off: Session) -> None:
    content = LARGE * 2
    assert archive(office, content, session=left_off).holds(content)
    assert (fragments(office), office.requests("/createUploadSession")) == (-(-len(content) // FRAGMENT) - 1, 0)
    assert (archived(office), office.tenant.open_uploads) == ([PATH], 0)


def test_a_session_that_has_expired_begins_anew(office: Office) -> None:
    over = Session(f"{office.settings.graph_base_url.removesuffix('/v1.0')}/_sandbox/upload/{'0' * 32}")
    assert archive(office, LARGE, session=over).holds(LARGE)
    assert (archived(office), office.tenant.open_uploads) == ([PATH], 0)


REFUSALS: dict[str, dict[str, Any]] = {
    **{str(status): {"status": status} for status in (400, 403, 423, 500, 503)},
    "no answer": {"drop": "before"},
    "a page": {"body": "html"},
    "another encoding": {"body": "miscoded"},
}


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_earlier_session_that_is_refused_for_good_is_forgotten(
    office: Office, left_off: Session, refusal: str, method: str
) -> None:
    """A new one opens at once: what is wrong with an address need not be wrong with the next."""
    there = urlsplit(left_off.url or "").path
    office.fail(Fault(method=method, path_pattern=there, times=None, **REFUSALS[refusal]))
    kept: list[str] = []
    left_off.keep = kept.append
    assert archive(office, LARGE * 2, session=left_off).holds(LARGE * 2)
    assert (len(kept), office.requests("/createUploadSession"), archived(office)) == (1, 1, [PATH])
    assert office.tenant.open_uploads == 0


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/upload/1", "http://[", "01ABCDEF"])
def test_an_address_that_leads_nowhere_any_more_is_forgotten(office: Office, address: str) -> None:
    """The tenant's domain has another name, or another proxy stands in the way."""
    assert archive(office, LARGE, session=Session(address)).holds(LARGE)
    assert office.requests("/createUploadSession") == 1


def test_an_earlier_session_is_kept_while_the_service_asks_for_time(office: Office, left_off: Session) -> None:
    url = left_off.url
    office.fail(Fault(path_pattern="/upload/", times=None, status=429, retry_after=7200))
    for _ in range(2):
        with pytest.raises((GraphThrottledError, GraphError)):
            archive(office, LARGE * 2, session=Session(url))
    assert (office.requests("/createUploadSession"), office.tenant.open_uploads) == (0, 1)


def test_a_new_session_that_is_refused_as_well_says_what_is_wrong_with_it(office: Office, left_off: Session) -> None:
    office.fail(Fault(path_pattern="/upload/", times=None, status=423))
    with pytest.raises(GraphError, match="PUT fragment was answered 423"):
        archive(office, LARGE * 2, session=left_off)
    assert office.requests("/createUploadSession") == 1


@pytest.mark.parametrize("content", [LARGE * 2, b"another"], ids=["the same", "another"])
def test_nothing_is_left_of_it_when_a_file_stands_there_already(
    office: Office, left_off: Session, content: bytes
) -> None:
    archive(office, content)
    with nullcontext() if content == LARGE * 2 else pytest.raises(ArchiveConflictError):
        archive(office, LARGE * 2, session=left_off)
    assert (archived(office), office.tenant.open_uploads) == ([PATH], 0)


@pytest.mark.parametrize(
    ("ranges", "missing"),
    [
        (["26-"], (26, 100)),
        (["26-49"], (26, 50)),
        (["70-99", "26-49"], (26, 50)),
        (["0-"], (0, 100)),
    ],
)
def test_both_forms_of_what_is_expected_next(ranges: list[str], missing: tuple[int, int]) -> None:
    assert first_missing(ranges, 100) == missing


@pytest.mark.parametrize("ranges", [[], ["-"], ["100-"]])
def test_nothing_expected_is_a_session_that_is_over(ranges: list[str]) -> None:
    with pytest.raises(GraphError, match="410 nothingExpected"):
        first_missing(ranges, 100)
