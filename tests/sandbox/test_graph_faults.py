"""Failures on order: each kind, over real connections."""

import time
from typing import Literal

import httpx
import pytest

from sandbox.graph import Fault
from tests.sandbox.conftest import IMMUTABLE, KARI, Graph, error_code

USER = f"/users/{KARI.user_id}"
MESSAGE = {"subject": "Hei", "toRecipients": [{"emailAddress": {"address": KARI.mail}}]}


def draft(graph: Graph) -> str:
    answer = graph.client.post(f"{graph.mailbox}/messages", json=MESSAGE, headers=IMMUTABLE)
    return f"{graph.mailbox}/messages/{answer.json()['id']}"


def test_a_status_a_number_of_times(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(path_pattern="^/v1.0/users", times=2, status=429, retry_after=7))
    for _ in range(2):
        answer = graph.client.get(USER)
        assert (answer.status_code, error_code(answer)) == (429, "TooManyRequests")
        assert answer.headers["Retry-After"] == "7"
    assert graph.client.get(USER).status_code == 200
    assert graph.tenant.faults.pending == ()


def test_other_routes_and_methods_stay_well(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(method="POST", path_pattern="/users", times=None, status=503))
    assert graph.client.get(USER).status_code == 200
    assert graph.client.get(graph.lists).status_code == 200
    assert graph.client.post(f"{graph.mailbox}/messages", json=MESSAGE).status_code == 503
    graph.tenant.faults.clear()
    assert graph.client.post(f"{graph.mailbox}/messages", json=MESSAGE).status_code == 201


def test_some_calls_pass_first(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(path_pattern="/users", skip=2, status=500))
    assert [graph.client.get(USER).status_code for _ in range(4)] == [200, 200, 500, 200]


def test_an_error_before_the_work_leaves_the_draft(graph: Graph) -> None:
    address = draft(graph)
    graph.tenant.faults.add(Fault(method="POST", path_pattern="/send$", status=504))
    assert graph.client.post(f"{address}/send").status_code == 504
    assert graph.client.get(address).json()["isDraft"]


def test_an_error_after_the_work_has_sent_the_mail(graph: Graph) -> None:
    address = draft(graph)
    graph.tenant.faults.add(Fault(method="POST", path_pattern="/send$", status=504, after_work=True))
    assert graph.client.post(f"{address}/send").status_code == 504
    assert not graph.client.get(address).json()["isDraft"]
    assert len(graph.tenant.sent_messages()) == 1


@pytest.mark.parametrize(("drop", "sent"), [("before", 0), ("after", 1)])
def test_a_dropped_connection(graph: Graph, drop: Literal["before", "after"], sent: int) -> None:
    address = draft(graph)
    graph.tenant.faults.add(Fault(method="POST", path_pattern="/send$", drop=drop))
    with pytest.raises(httpx.RemoteProtocolError):
        graph.client.post(f"{address}/send")
    assert len(graph.tenant.sent_messages()) == sent


def test_half_an_answer(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(method="POST", path_pattern="/messages$", drop="truncate"))
    with pytest.raises(httpx.RemoteProtocolError):
        draft(graph)
    drafts = graph.client.get(f"{graph.mailbox}/messages").json()["value"]
    assert [message["subject"] for message in drafts] == ["Hei"]


def test_a_page_where_json_was_due(graph: Graph) -> None:
    graph.tenant.faults.add(
        Fault(path_pattern="/users", body="html"), Fault(path_pattern="/users", body="html", status=502)
    )
    assert (graph.client.get(USER).status_code, graph.client.get(USER).status_code) == (200, 502)
    graph.tenant.faults.add(Fault(path_pattern="/messages$", body="html", after_work=True))
    answer = graph.client.post(f"{graph.mailbox}/messages", json=MESSAGE)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(graph.client.get(f"{graph.mailbox}/messages").json()["value"]) == 1


def test_another_files_hash(graph: Graph) -> None:
    address = f"{graph.drive('Personalmapper')}/root:/a.txt"
    stored = graph.client.put(f"{address}:/content", content=b"a").json()["file"]["hashes"]
    graph.tenant.faults.add(Fault(method="GET", path_pattern="a.txt$", body="other_hash"))
    assert graph.client.get(address).json()["file"]["hashes"] != stored
    assert graph.client.get(address).json()["file"]["hashes"] == stored


def test_a_slow_answer(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(path_pattern="/users", delay=0.2))
    started = time.perf_counter()
    assert graph.client.get(USER).status_code == 200
    assert time.perf_counter() - started >= 0.2
    graph.tenant.faults.add(Fault(path_pattern="/users", delay=0.4))
    with pytest.raises(httpx.ReadTimeout):
        graph.client.get(USER, timeout=0.1)


def test_faults_over_http(graph: Graph) -> None:
    address = f"{graph.url}/_sandbox/faults"
    rule = {"method": "GET", "path_pattern": "/users", "times": 1, "status": 423}
    assert graph.client.post(address, json=[rule, rule]).status_code == 200
    assert error_code(graph.client.get(USER)) == "resourceLocked"
    assert len(graph.client.get(address).json()["faults"]) == 1
    assert graph.client.delete(address).json() == {"faults": []}
    assert graph.client.get(USER).status_code == 200
    assert graph.client.post(address, json={"path_patern": "x"}).status_code == 400
    assert graph.client.post(address, json={"path_pattern": "("}).status_code == 400


def test_faults_hit_token_and_upload_addresses_and_parts_of_a_batch(graph: Graph) -> None:
    graph.tenant.faults.add(Fault(path_pattern="/oauth2/", status=503), Fault(path_pattern="/v1.0/users", status=429))
    assert graph.client.post(f"{graph.url}/{graph.tenant.tenant_id}/oauth2/v2.0/token").status_code == 503
    requests = [{"id": str(number), "method": "GET", "url": "/users"} for number in range(2)]
    responses = graph.client.post("/$batch", json={"requests": requests}).json()["responses"]
    assert [response["status"] for response in responses] == [429, 200]
