"""Upload sessions: large files in fragments."""

from datetime import timedelta

import httpx
import pytest

from config.sharepoint import ARCHIVE_LIBRARY
from integrations.graph.quickxor import quick_xor_hash
from tests.sandbox.conftest import Graph, error_code

UNIT = 320 * 1024
CONTENT = bytes(index % 251 for index in range(2 * UNIT + 1000))
TOTAL = len(CONTENT)


@pytest.fixture
def upload_url(graph: Graph) -> str:
    return open_session(graph, "fail")


def open_session(graph: Graph, behaviour: str, name: str = "foto.jpg") -> str:
    body = {"item": {"@microsoft.graph.conflictBehavior": behaviour}}
    address = f"{graph.drive(ARCHIVE_LIBRARY)}/root:/00017/{name}:/createUploadSession"
    answer = graph.client.post(address, json=body)
    assert answer.status_code == 200
    assert answer.json()["nextExpectedRanges"] == ["0-"]
    url = str(answer.json()["uploadUrl"])
    assert "/v1.0" not in url
    return url


def send(graph: Graph, url: str, first: int, end: int, total: int = TOTAL) -> httpx.Response:
    request = graph.client.build_request(
        "PUT", url, content=CONTENT[first:end], headers={"Content-Range": f"bytes {first}-{end - 1}/{total}"}
    )
    del request.headers["Authorization"]
    return graph.client.send(request)


def ask(graph: Graph, method: str, url: str) -> httpx.Response:
    request = graph.client.build_request(method, url)
    del request.headers["Authorization"]
    return graph.client.send(request)


def test_fragments_in_order_make_the_file(graph: Graph, upload_url: str) -> None:
    first = send(graph, upload_url, 0, UNIT)
    assert (first.status_code, first.json()["nextExpectedRanges"]) == (202, [f"{UNIT}-"])
    assert ask(graph, "GET", upload_url).json()["nextExpectedRanges"] == [f"{UNIT}-"]
    assert send(graph, upload_url, UNIT, 2 * UNIT).status_code == 202
    last = send(graph, upload_url, 2 * UNIT, TOTAL)
    assert (last.status_code, last.json()["size"]) == (201, TOTAL)
    assert last.json()["file"]["hashes"]["quickXorHash"] == quick_xor_hash(CONTENT)
    assert graph.tenant.read(ARCHIVE_LIBRARY, "00017/foto.jpg") == CONTENT
    assert ask(graph, "GET", upload_url).status_code == 404


def test_the_upload_address_refuses_our_token(graph: Graph, upload_url: str) -> None:
    answer = graph.client.put(upload_url, content=CONTENT, headers={"Content-Range": f"bytes 0-{TOTAL - 1}/{TOTAL}"})
    assert (answer.status_code, error_code(answer)) == (401, "unauthenticated")


def test_repeated_and_early_fragments_are_refused_and_change_nothing(graph: Graph, upload_url: str) -> None:
    assert send(graph, upload_url, 0, UNIT).status_code == 202
    assert send(graph, upload_url, 0, UNIT).status_code == 416
    assert send(graph, upload_url, 2 * UNIT, TOTAL).status_code == 416
    assert ask(graph, "GET", upload_url).json()["nextExpectedRanges"] == [f"{UNIT}-"]
    assert send(graph, upload_url, UNIT, TOTAL).status_code == 201


@pytest.mark.parametrize(
    ("first", "end", "total"), [(0, UNIT - 1, TOTAL), (0, UNIT, UNIT - 1), (0, 1000, TOTAL)], ids=str
)
def test_fragments_that_break_the_rules(graph: Graph, upload_url: str, first: int, end: int, total: int) -> None:
    answer = send(graph, upload_url, first, end, total)
    assert (answer.status_code, error_code(answer)) == (400, "invalidRequest")


def test_a_range_that_does_not_fit_the_bytes(graph: Graph, upload_url: str) -> None:
    for content_range in ("", f"bytes 0-{UNIT}/{TOTAL}", "bytes */5"):
        request = graph.client.build_request("PUT", upload_url, content=b"x", headers={"Content-Range": content_range})
        del request.headers["Authorization"]
        assert graph.client.send(request).status_code == 400


def test_conflicts_show_on_the_last_fragment(graph: Graph) -> None:
    for behaviour, status in (("fail", 201), ("fail", 409), ("replace", 200), ("rename", 201)):
        url = open_session(graph, behaviour)
        assert send(graph, url, 0, UNIT).status_code == 202
        last = send(graph, url, UNIT, TOTAL)
        assert last.status_code == status
        if status == 409:
            assert error_code(last) == "nameAlreadyExists"
            assert ask(graph, "GET", url).json()["nextExpectedRanges"] == []
            assert (graph.tenant.open_uploads, ask(graph, "DELETE", url).status_code) == (1, 204)
    assert graph.tenant.open_uploads == 0
    assert [file.path for file in graph.tenant.files(ARCHIVE_LIBRARY)] == ["00017/foto 1.jpg", "00017/foto.jpg"]


def test_a_small_file_in_one_fragment(graph: Graph, upload_url: str) -> None:
    assert send(graph, upload_url, 0, 5, 5).status_code == 201
    assert graph.tenant.read(ARCHIVE_LIBRARY, "00017/foto.jpg") == CONTENT[:5]


def test_sessions_by_folder_and_by_file(graph: Graph) -> None:
    drive = graph.drive(ARCHIVE_LIBRARY)
    by_folder = graph.client.post(f"{drive}/root/createUploadSession", json={"item": {"name": "a.txt"}}).json()
    item = send(graph, by_folder["uploadUrl"], 0, 5, 5).json()
    body = {"item": {"@microsoft.graph.conflictBehavior": "replace"}}
    by_file = graph.client.post(f"{drive}/items/{item['id']}/createUploadSession", json=body).json()
    assert send(graph, by_file["uploadUrl"], 0, 9, 9).json()["id"] == item["id"]
    below = graph.client.post(f"{drive}/items/{item['parentReference']['id']}:/b.txt:/createUploadSession")
    assert send(graph, below.json()["uploadUrl"], 0, 9, 9).json()["name"] == "b.txt"
    assert graph.client.post(f"{drive}/root/createUploadSession").status_code == 400


def test_cancelled_and_expired_sessions_are_gone(graph: Graph, upload_url: str) -> None:
    assert ask(graph, "DELETE", upload_url).status_code == 204
    assert send(graph, upload_url, 0, UNIT).status_code == 404
    url = open_session(graph, "fail", "annen.jpg")
    graph.clock.now += timedelta(days=2)
    assert send(graph, url, 0, UNIT).status_code == 404
