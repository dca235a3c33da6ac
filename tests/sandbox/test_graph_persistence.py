"""A tenant outlives its process, and people and the application may act at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from sandbox.graph import GraphTenant
from sandbox.store import Store, StoreInUseError
from tests.sandbox.conftest import IMMUTABLE, KARI, OLA, USERS, BusinessClock, Graph, Line

MESSAGE = {"subject": "Hei", "toRecipients": [{"emailAddress": {"address": KARI.mail}}]}
APPLICATION = {"DagerPerUke": 2, "FraDato": "2026-04-01", "Sted": "Hjemme"}


@contextmanager
def reopened(graph: Graph, line: Line) -> Iterator[GraphTenant]:
    graph.tenant.close()
    tenant = GraphTenant.open(graph.directory, USERS, BusinessClock())
    line.switch.current = tenant.application()
    yield tenant
    tenant.close()


def test_ids_tokens_lists_and_mails_continue(graph: Graph, line: Line) -> None:
    message = graph.client.post(f"{graph.mailbox}/messages", json=MESSAGE, headers=IMMUTABLE).json()["id"]
    graph.client.post(f"{graph.mailbox}/messages/{message}/send")
    graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    delta = graph.client.get(f"{graph.lists}/Soknader/items/delta").json()["@odata.deltaLink"]
    graph.tenant.edit_list_item("Soknader", "1", {"DagerPerUke": 1}, KARI)
    drive = graph.drive(CASE_LIBRARY)
    folder = graph.client.post(f"{drive}/root/children", json={"name": "HK-1", "folder": {}}).json()["id"]
    invitation = {"recipients": [{"email": KARI.mail}], "roles": ["write"], "requireSignIn": True}
    graph.client.post(f"{drive}/items/{folder}/invite", json=invitation)
    with reopened(graph, line) as tenant:
        for name in ("site_id", "tenant_id", "client_id", "client_secret", "sender"):
            assert getattr(tenant, name) == getattr(graph.tenant, name)
        assert not graph.client.get(f"{graph.mailbox}/messages/{message}").json()["isDraft"]
        assert [sent.message_id for sent in tenant.sent_messages()] == [message]
        assert [item["id"] for item in graph.client.get(delta).json()["value"]] == ["1"]
        assert tenant.add_list_item("Soknader", APPLICATION, OLA) == "2"
        assert graph.client.get(f"{drive}/items/{folder}").json()["name"] == "HK-1"
        tenant.upload(CASE_LIBRARY, "HK-1", "foto.jpg", b"jpg", KARI)
        assert tenant.read(CASE_LIBRARY, "HK-1/foto.jpg") == b"jpg"


def test_an_upload_session_continues(graph: Graph, line: Line) -> None:
    address = f"{graph.drive(ARCHIVE_LIBRARY)}/root:/a.bin:/createUploadSession"
    url = graph.client.post(address).json()["uploadUrl"]
    unit = 320 * 1024
    del graph.client.headers["Authorization"]
    first = {"Content-Range": f"bytes 0-{unit - 1}/{unit + 1}"}
    assert graph.client.put(url, content=b"a" * unit, headers=first).status_code == 202
    with reopened(graph, line) as tenant:
        last = {"Content-Range": f"bytes {unit}-{unit}/{unit + 1}"}
        assert graph.client.put(url, content=b"b", headers=last).status_code == 201
        assert tenant.read(ARCHIVE_LIBRARY, "a.bin") == b"a" * unit + b"b"


def test_a_changed_directory_on_a_later_open(graph: Graph, line: Line) -> None:
    graph.tenant.close()
    tenant = GraphTenant.open(graph.directory, [OLA], BusinessClock())
    line.switch.current = tenant.application()
    assert graph.client.get(f"/users/{KARI.user_id}").status_code == 404
    assert graph.client.get(f"/users/{tenant.sender}").status_code == 200
    tenant.close()


def test_two_processes_cannot_share_a_tenant(graph: Graph) -> None:
    with pytest.raises(StoreInUseError, match=r"state\.db is in use by another process"):
        GraphTenant.open(graph.directory, USERS, BusinessClock())


def test_what_was_written_is_there_although_nobody_closed(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    shelf = store.shelf("case", int)
    with store.transaction():
        shelf["a"] = store.next_number("row")
        shelf["b"] = store.next_number("row")
    shelf["a"] = 5
    del shelf["b"]
    copied = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        Path(f"{copied}{suffix}").write_bytes(Path(f"{tmp_path / 'state.db'}{suffix}").read_bytes())
    store.close()
    later = Store(copied)
    assert dict(later.shelf("case", int)) == {"a": 5}
    assert later.next_number("row") == 3
    later.close()


def test_people_act_while_the_application_reads(graph: Graph) -> None:
    def fill_in() -> None:
        for _ in range(50):
            graph.tenant.add_list_item("Soknader", APPLICATION, KARI)

    people = [threading.Thread(target=fill_in) for _ in range(3)]
    for person in people:
        person.start()
    link, seen = f"{graph.lists}/Soknader/items/delta?$select=id", set[str]()
    while True:
        working = any(person.is_alive() for person in people)
        page = graph.client.get(link).json()
        seen.update(item["id"] for item in page["value"])
        link = page.get("@odata.nextLink") or page["@odata.deltaLink"]
        if not working and "@odata.deltaLink" in page:
            break
    assert seen == {str(number) for number in range(1, 151)}
