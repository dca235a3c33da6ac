"""Answers and uploads read by delta: everything once, the last word counts, and by whom it was spoken."""

import pytest
from starlette.responses import JSONResponse

from config.sharepoint import CASE_LIBRARY
from integrations.graph.client import Graph
from integrations.graph.drive import download, drive_id, ensure_folder, library_changes, put_file, share
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import Changes, ListMissingError, list_changes
from sandbox.graph import Actor, Fault
from sandbox.graph.identity import SYSTEM_ACCOUNT
from sandbox.web import serve
from tests.graph.conftest import Office, settings_for
from tests.graph.gate import Answering
from tests.graph.town import user

AASE, BRIT, LEADER = user("0001"), user("0002"), user("0900")
LIST = "Evalueringer"


def answer(office: Office, result: str = "Fortsetter", case_number: str = "HK-1") -> str:
    return office.tenant.add_list_item(LIST, {"Saksnummer": case_number, "Resultat": result}, LEADER)


def changes(office: Office, token: str | None = None, *again: str) -> Changes:
    return office.run(lambda graph: list_changes(graph, LIST, token, again))


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


@pytest.mark.parametrize("page", [{"value": []}, {}, {"value": None}, {"message": "please sign in"}])
def test_a_page_without_an_end_is_no_page(office: Office, page: dict[str, object]) -> None:
    """As JSON from something else on the way: nothing is concluded, and the next night reads on from the same place."""
    answer(office)
    office.gate.inside = Answering(office.tenant.application(), "/delta", [JSONResponse(page)])
    with pytest.raises(GraphUnreachableError, match=f"GET list {LIST} delta was answered with"):
        changes(office)
    assert len(changes(office).items) == 1


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


FLOW = Actor("0f0f0f0f-1111-4111-8111-111111111111", "En flyt", is_application=True)


@pytest.mark.parametrize("nobody", [FLOW, SYSTEM_ACCOUNT], ids=["an app", "SharePoint itself"])
@pytest.mark.parametrize("is_kept", [True, False], ids=["with history", "without history"])
def test_what_nobody_has_touched_keeps_its_author(office: Office, nobody: Actor, *, is_kept: bool) -> None:
    if not is_kept:
        office.tenant.forget_history()
    item_id = answer(office)
    office.tenant.edit_list_item(LIST, item_id, {"Merknad": "Sett av en flyt"}, nobody)
    office.tenant.edit_list_item(LIST, item_id, {"Merknad": None}, nobody)
    [item] = changes(office).items
    assert (item.sender_id, item.sender_mail) == (LEADER.user_id, LEADER.mail)


def test_an_app_does_not_wash_away_who_rewrote_an_answer(office: Office) -> None:
    item_id = answer(office, "Avsluttes")
    office.tenant.edit_list_item(LIST, item_id, {"Resultat": "Fortsetter"}, AASE)
    office.tenant.edit_list_item(LIST, item_id, {"Merknad": "Sett av en flyt"}, FLOW)
    [item] = changes(office).items
    assert (item.sender_id, item.sender_mail) == (AASE.user_id, None)


def test_what_an_app_made_is_nobodys(office: Office) -> None:
    body = {"fields": {"Saksnummer": "HK-1", "Resultat": "Fortsetter"}}
    office.run(lambda graph: graph.repeatable("POST", f"{graph.site}/lists/{LIST}/items", "POST", body=body))
    [item] = changes(office).items
    assert (item.sender_id, item.sender_mail) == (None, None)


def test_only_what_people_fill_in_is_read(office: Office) -> None:
    answer(office)
    [item] = changes(office).items
    assert item.fields == {"Saksnummer": "HK-1", "Resultat": "Fortsetter"}


def test_a_deleted_answer_is_not_an_answer(office: Office) -> None:
    kept, dropped = answer(office), answer(office)
    first = changes(office)
    office.tenant.delete_list_item(LIST, dropped)
    later = changes(office, first.token)
    assert (later.items, later.gone) == ([], [dropped])
    again = changes(office)
    assert [item.item_id for item in again.items] == [kept]
    assert [each.is_whole for each in (first, later, again)] == [True, False, True]


def test_an_empty_page_is_not_the_end(office: Office) -> None:
    office.tenant.page_size, office.tenant.has_empty_pages = 2, True
    wanted = [answer(office) for _ in range(5)]
    first = changes(office)
    assert [item.item_id for item in first.items] == wanted
    assert office.requests("/items/delta") == 6, "each of the three pages came after an empty one"
    last = answer(office)
    assert [item.item_id for item in changes(office, first.token).items] == [last]


@pytest.mark.parametrize("status", [410, 404, 400])
def test_a_token_that_is_forgotten_in_the_middle_of_a_walk(office: Office, status: int) -> None:
    office.tenant.page_size = 2
    token = changes(office).token
    wanted = [answer(office) for _ in range(5)]
    office.fail(Fault(path_pattern="/items/delta", skip=1, status=status))
    again = changes(office, token)
    assert [item.item_id for item in again.items] == wanted
    assert again.is_whole


@pytest.mark.parametrize("status", [404, 400])
def test_a_list_that_is_refused_from_its_beginning_is_not_read_as_empty(office: Office, status: int) -> None:
    token = changes(office).token
    office.fail(Fault(path_pattern="/items/delta", times=None, status=status))
    with pytest.raises(GraphError, match=f"delta was answered {status}"):
        changes(office, token)


@pytest.mark.parametrize("token_lasts", [True, False], ids=["from where we were", "from the beginning"])
def test_what_cannot_be_read_is_not_gone_and_comes_again(office: Office, *, token_lasts: bool) -> None:
    token = changes(office).token
    read, unread = answer(office), answer(office)
    if not token_lasts:
        office.tenant.expire_delta_tokens()
    office.fail(Fault(path_pattern=f"/items/{unread}$", times=None, status=404))
    some = changes(office, token)
    assert ([item.item_id for item in some.items], some.gone, list(some.unread)) == ([read], [], [unread])
    assert "404" in some.unread[unread]
    assert list(changes(office, some.token, unread).unread) == [unread]
    assert office.requests(f"/items/{unread}") == 2
    assert office.requests(f"/items/{read}") == 1, "what was read is not read again"
    office.tenant.faults.clear()
    assert [item.item_id for item in changes(office, some.token, unread).items] == [unread]


def test_what_is_deleted_while_it_is_read_is_gone_the_next_time(office: Office) -> None:
    token = changes(office).token
    dropped = answer(office)
    office.fail(Fault(path_pattern=f"/items/{dropped}$", status=404))
    some = changes(office, token)
    assert list(some.unread) == [dropped]
    office.tenant.delete_list_item(LIST, dropped)
    after = changes(office, some.token, dropped)
    assert (after.gone, after.unread) == ([dropped], {})


def test_a_service_that_is_ill_is_not_one_unreadable_item(office: Office) -> None:
    for _ in range(30):
        answer(office)
    office.fail(Fault(path_pattern=r"/items(/\d+)?$", times=None, status=500))
    with pytest.raises(GraphError, match="GET list item was answered 500"):
        changes(office)


def test_a_list_that_is_not_there(office: Office) -> None:
    missing = office.run(lambda graph: graph.repeatable("DELETE", f"{graph.site}/lists/{LIST}", "DELETE"))
    assert missing.is_success
    with pytest.raises(ListMissingError, match="`hjemmekontor provision-sharepoint` makes it"):
        changes(office)


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
    assert (upload.item_id, upload.folder, upload.stored.size) == (item_id, "HK-1", 7)
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
