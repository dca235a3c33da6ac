"""A SCIM server that is not ours (PyPI `scim2-server`), over real HTTP on loopback."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests
from scim2_models import Resource, ResourceType
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from agreements.people import Employee, Snapshot
from integrations.hr import HrUnreadable
from integrations.hr.http import Bearer
from integrations.hr.scim.client import ScimAccess, ScimClient
from integrations.hr.scim.records import ENTERPRISE
from integrations.hr.scim.source import ScimSource
from sandbox.hr.rows import HOME_STREET, Row
from tests.hr.scim_shape import CORE
from tests.waiting import AT_MOST

SIZE = 2_000
LEADERS = 40
POSTED = 200
"""As many are created by a POST each; the others in the server's memory, which is ten times faster."""
TOKEN = "real-server-token"


class Storage(InMemoryStorage):
    """Whoever is new is listed last: the case in which a swap between two pages hides somebody."""

    created = 0

    def generate_id(self, resource_type: ResourceType, resource: Resource[Any]) -> str:  # noqa: ARG002 - its signature
        self.created += 1
        return f"{self.created:032x}"


@dataclass(slots=True)
class RealServer:
    """`before_page` happens before the page that begins at the number is put together, once. `starts` are all such."""

    storage: Storage
    application: BearerTokenApplication
    url: str = ""
    before_page: dict[int, Callable[[], object]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/v2/Users":
            start = int(parse_qs(environ["QUERY_STRING"])["startIndex"][0])
            self.starts.append(start)
            self.before_page.pop(start, lambda: None)()
        return self.application(environ, start_response)

    def post(self, user: Row) -> str:
        answer = requests.post(f"{self.url}/Users", json=user, auth=Bearer(TOKEN), timeout=AT_MOST)
        assert answer.status_code == 201
        return str(answer.json()["id"])

    def delete(self, scim_id: str) -> None:
        assert requests.delete(f"{self.url}/Users/{scim_id}", auth=Bearer(TOKEN), timeout=AT_MOST).status_code == 204

    def source(self, page_size: int = 1_000, token: str = TOKEN, only: str | None = None) -> ScimSource:
        client = ScimClient(ScimAccess(self.url, token=token), sleep=lambda _seconds: None)
        return ScimSource(client, only, page_size)


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each question, so that one may be asked from within another."""

    block_on_close = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """The test's output is not a place for a log."""


@contextmanager
def serving(storage: Storage, provider: Any) -> Iterator[RealServer]:  # noqa: ANN401 - a type of the library's own
    real = RealServer(storage, BearerTokenApplication(storage, provider, bearer_tokens=[TOKEN]))
    with make_server("127.0.0.1", 0, real, server_class=_Server, handler_class=_Quiet) as server:
        real.url = f"http://127.0.0.1:{server.server_port}/v2"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield real
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def ids() -> dict[int, str]:
    """Who has which SCIM id; filled along with `filled`."""
    return {}


@pytest.fixture(scope="module")
def provider() -> Any:  # noqa: ANN401 - a type of the library's own
    return load_default_provider()


@pytest.fixture(scope="module")
def filled(provider: Any, ids: dict[int, str]) -> list[Resource[Any]]:  # noqa: ANN401 - a type of the library's own
    """2,000 users as the server keeps them: leaders first, as the others name their ids."""
    storage = Storage()
    with serving(storage, provider) as real:
        for index in range(POSTED):
            ids[index] = real.post(user(index, ids))
    [kind] = [kind for kind in provider.resource_types if kind.name == "User"]
    model = provider.model_for(kind)
    for index in range(POSTED, SIZE):
        ids[index] = str(storage.create(kind, model.model_validate(user(index, ids))).id)
    return storage.resources


@pytest.fixture
def real(provider: Any, filled: list[Resource[Any]]) -> Iterator[RealServer]:  # noqa: ANN401 - as above
    """All 2,000. A page of 1,000 takes this server about a second."""
    with serving(_holding(filled), provider) as server:
        yield server


@pytest.fixture
def few(provider: Any, filled: list[Resource[Any]]) -> Iterator[RealServer]:  # noqa: ANN401 - as above
    """The first 200."""
    with serving(_holding(filled[:POSTED]), provider) as server:
        yield server


def _holding(resources: list[Resource[Any]]) -> Storage:
    storage = Storage()
    storage.resources = resources
    storage.created = SIZE
    return storage


def number(index: int) -> str:
    return f"{index:06}"


def manager_of(index: int) -> int | None:
    """The first leads the leaders, and they everybody else."""
    if index == 0:
        return None
    return 0 if index < LEADERS else 1 + index % (LEADERS - 1)


def user(index: int, ids: dict[int, str]) -> Row:
    leader = manager_of(index)
    return {
        "schemas": [CORE, ENTERPRISE],
        "userName": f"bruker{index}@sandvik.example",
        "userType": "Employee",
        "name": {"givenName": "Navn", "familyName": f"Navnesen {index}"},
        "emails": [
            {"value": f"bruker{index}@privat.example", "type": "home", "primary": True},
            {"value": f"bruker{index}@sandvik.example", "type": "work"},
        ],
        "phoneNumbers": [{"value": "tel:+47-91234567", "type": "mobile"}],
        "addresses": [{"type": "home", "streetAddress": f"{HOME_STREET} 12"}],
        "active": True,
        ENTERPRISE: {
            "employeeNumber": number(index),
            "department": f"Enhet {index % LEADERS}",
            **({} if leader is None else {"manager": {"value": ids[leader]}}),
        },
    }


def managers(snapshot: Snapshot) -> dict[str, str | None]:
    return {who.employee_number: who.positions[0].manager_number for who in snapshot.employees}


def expected(size: int, *but: int) -> dict[str, str | None]:
    """Everyone's manager, without some people; nobody is led by one of them."""
    leaders = {index: manager_of(index) for index in range(size) if index not in but}
    return {
        number(index): None if leader is None or leader in but else number(leader) for index, leader in leaders.items()
    }


def test_two_thousand_users_and_one_deleted_between_two_pages(real: RealServer, ids: dict[int, str]) -> None:
    """A leader, on the first page: the one behind that page slides into it unseen, and many name a manager less."""
    real.before_page[1_000] = lambda: real.delete(ids[7])
    snapshot = real.source().read_snapshot()
    assert len(snapshot.employees) == SIZE - 1
    assert managers(snapshot) == expected(SIZE, 7)
    assert snapshot.rejected == ()
    assert len(snapshot.units) == LEADERS
    sort, first, second, again, rest, total = real.starts
    assert (first, second, again, rest) == (1, 1_000, 1, 1_000), "the server gives at most 1,000 users a page"
    assert (sort, total) == (1, 1), "of one row each"


def test_what_is_read_of_a_user(few: RealServer) -> None:
    snapshot = few.source(page_size=60).read_snapshot()
    assert managers(snapshot) == expected(POSTED)
    who: Employee = snapshot.employees[123]
    assert who.name == "Navn Navnesen 123"
    assert who.email == who.user_principal_name == "bruker123@sandvik.example"
    assert who.positions[0].unit_id == "Enhet 3"
    assert not [private for private in (HOME_STREET, "91234567", "privat.example") if private in repr(snapshot)]


def test_one_deleted_and_one_created_between_two_pages(few: RealServer, ids: dict[int, str]) -> None:
    """The total is the same before and after, and one row slides by unseen if nobody looks."""

    def swap() -> None:
        few.delete(ids[45])
        few.post(user(SIZE, ids))

    few.before_page[60] = swap
    snapshot = few.source(page_size=60).read_snapshot()
    new = {number(SIZE): number(1 + SIZE % (LEADERS - 1))}
    assert managers(snapshot) == {**expected(POSTED, 45), **new}
    assert snapshot.rejected == ()
    assert few.starts.count(60) == 2


def test_the_filter_is_the_servers_own(few: RealServer, ids: dict[int, str]) -> None:
    robot = user(SIZE, ids)
    del robot[ENTERPRISE]
    few.post({**robot, "userType": "Service"})
    assert [row.could_be_anybody for row in few.source().read_snapshot().rejected] == [True]
    snapshot = few.source(only='userType eq "Employee"').read_snapshot()
    assert managers(snapshot) == expected(POSTED)
    assert snapshot.rejected == ()


def test_what_it_refuses(few: RealServer) -> None:
    with pytest.raises(HrUnreadable, match="/v2/Users answered 401: check HK_HR_TOKEN; it may have run out"):
        few.source(token="open-sesame").read_snapshot()
    with pytest.raises(HrUnreadable, match="/v2/Users answered 400: check HK_HR_URL and HK_HR_FILTER"):
        few.source(only="userType is Employee").read_snapshot()
