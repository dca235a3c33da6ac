"""Answers and uploads read by delta: everything once, the last word counts, and by whom it was spoken."""

import pytest

from config.sharepoint import CASE_LIBRARY
from integrations.graph.client import Graph
from integrations.graph.drive import download, drive_id, ensure_folder, library_changes, put_file, share
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import Changes, list_changes
from sandbox.graph import Fault
from sandbox.web import serve
from tests.graph.conftest import Office, settings_for
from tests.graph.town import user

AASE, BRIT, LEADER = user("0001"), user("0002"), user("0900")
LIST = "Evalueringer"


def answer(office: Office, result: str = "Fortsetter", case_number: str = "HK-1") -> str:
    return office.tenant.add_list_item(LIST, {"Saksnummer": case_number, "Resultat": result}, LEADER)


def changes(office: Office, token: str | None = None) -> Changes:
    return office.run(lambda graph: list_changes(graph, LIST, token))


def test_every_page_is_read_and_nothing_is_read_again(office: Office) -> None:
    office.tenant.page_size = 3
    wanted = [answer(office, case_number=f"HK-{ordinal}") for ordinal in range(8)]
    first = changes(office)
    assert [item.item_id for item in first.items] == wanted
    assert changes(office, first.token).items == []


def test_an_item_that_changes_while_it_is_read_counts_once_as_it_was_last(office: Office) -> None:
    office.tenant.page_size = 2
    ids = [answer(office) for _ in range(5)]
    token = changes(office).token
    for item_id in (*ids, ids[0]):
        office.tenant.edit_list_item(LIST, item_id, {"Resultat": "Justeres"}, LEADER)
    office.tenant.edit_list_item(LIST, ids[0], {"Resultat": "Avsluttes"}, LEADER)
    later = changes(office, token).items
    assert sorted(item.item_id for item in later) == sorted(ids)
    assert {item.item_id: item.fields["Resultat"] for item in later}[ids[0]] == "Avsluttes"


def test_an_edit_is_a_new_version(office: Office) -> None:
    item_id = answer(office)
    first = changes(office)
    office.tenant.edit_list_item(LIST, item_id, {"Resultat": "Justeres"}, LEADER)
    [edited] = changes(office, first.token).items
    assert edited.item_id == item_id
    assert edited.version != first.items[0].version
    assert edited.sender_mail == LEADER.mail


def test_whoever_rewrites_an_answer_has_given_it(office: Office) -> None:
    """Else an employee could turn their leader's no into a yes, in the leader's name."""
    item_id = answer(office, "Avsluttes")
    office.tenant.edit_list_item(LIST, item_id, {"Resultat": "Fortsetter"}, AASE)
    [item] = changes(office).items
    assert (item.sender_id, item.sender_mail) == (AASE.user_id, AASE.mail)


def test_a_deleted_answer_is_not_an_answer(office: Office) -> None:
    kept, dropped = answer(office), answer(office)
    token = changes(office).token
    office.tenant.delete_list_item(LIST, dropped)
    assert changes(office, token).items == []
    assert [item.item_id for item in changes(office).items] == [kept]


def test_a_forgotten_token_means_reading_everything_again(office: Office) -> None:
    wanted = [answer(office) for _ in range(3)]
    token = changes(office).token
    office.tenant.expire_delta_tokens()
    again = changes(office, token)
    assert [item.item_id for item in again.items] == wanted
    assert changes(office, again.token).items == []


def test_a_token_outlives_the_address_it_was_given_at(office: Office) -> None:
    answer(office)
    token = changes(office).token
    wanted = answer(office)
    with serve(office.tenant.application()) as server:
        moved = Office(office.tenant, settings_for(office.tenant, server.url), office.gate)
        assert moved.settings.graph_base_url != office.settings.graph_base_url
        office.gate.requests.clear()
        assert [item.item_id for item in changes(moved, token).items] == [wanted]
    assert office.gate.requests == [], "nothing asks at the old address"


def test_half_a_walk_is_no_walk(office: Office) -> None:
    office.tenant.page_size = 2
    for _ in range(5):
        answer(office)
    office.fail(Fault(path_pattern="/items/delta", skip=1, times=None, status=503))
    with pytest.raises(GraphError, match=f"GET list {LIST} delta was answered 503"):
        changes(office)


# --- Uploads ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(office: Office) -> str:
    """The folder of the case HK-1, shared with Åse and her leader."""
    folder_id = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    addresses = [AASE.mail or "", LEADER.mail or ""]
    office.run(lambda graph: share(graph, CASE_LIBRARY, folder_id, addresses))
    return folder_id


def uploads(office: Office, token: str | None = None) -> Changes:
    return office.run(lambda graph: library_changes(graph, CASE_LIBRARY, token))


def test_an_upload_comes_with_its_folder_and_who_sent_it(office: Office, folder: str) -> None:
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, folder, "Utkast æøå.pdf", b"draft"))
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "Bilde av pulten.jpg", b"picture", AASE)
    found = {upload.name: upload for upload in uploads(office).items}
    assert found["Utkast æøå.pdf"].sender_id is None
    upload = found["Bilde av pulten.jpg"]
    assert (upload.item_id, upload.folder, upload.size) == (item_id, "HK-1", 7)
    assert (upload.sender_id, upload.sender_mail) == (AASE.user_id, AASE.mail)
    assert office.run(lambda graph: download(graph, CASE_LIBRARY, item_id)) == b"picture"


def test_an_upload_in_place_of_the_draft_is_the_persons(office: Office, folder: str) -> None:
    office.run(lambda graph: put_file(graph, CASE_LIBRARY, folder, "Avtaleutkast HK-1.pdf", b"draft"))
    token = uploads(office).token
    office.tenant.upload(CASE_LIBRARY, "HK-1", "Avtaleutkast HK-1.pdf", b"signed", AASE)
    [upload] = uploads(office, token).items
    assert upload.sender_mail == AASE.mail


def test_a_new_content_is_a_new_version_and_a_deleted_file_is_none(office: Office, folder: str) -> None:
    del folder
    office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"one", AASE)
    first = uploads(office)
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"two", LEADER)
    second = uploads(office, first.token)
    assert [upload.item_id for upload in second.items] == [item_id]
    assert second.items[0].version != first.items[0].version
    drive = office.run(lambda graph: _drive_address(graph, item_id))
    office.run(lambda graph: graph.repeatable("DELETE", drive, "DELETE item"))
    assert uploads(office, second.token).items == []


async def _drive_address(graph: Graph, item_id: str) -> str:
    return f"/drives/{await drive_id(graph, CASE_LIBRARY)}/items/{item_id}"


def test_a_download_that_breaks_off_is_told_as_such(office: Office, folder: str) -> None:
    del folder
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"one" * 1000, AASE)
    office.fail(Fault(path_pattern="^(?!/v1.0).*" + item_id, times=None, drop="truncate"))
    with pytest.raises(GraphUnreachableError):
        office.run(lambda graph: download(graph, CASE_LIBRARY, item_id))
