"""A tenant over real HTTP on loopback, with a clock the test sets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.graph import GraphTenant, TenantUser
from sandbox.web import serve
from tests.waiting import AT_MOST

KARI = TenantUser(
    user_id="11111111-1111-4111-8111-111111111111",
    user_principal_name="kari.lie@sandvik.kommune.example",
    mail="Kari.Lie@sandvik.kommune.example",
    display_name="Kari Bjørg Lie",
    employee_id="00017",
    manager_id="22222222-2222-4222-8222-222222222222",
)
OLA = TenantUser(
    user_id="22222222-2222-4222-8222-222222222222",
    user_principal_name="ola.moe@sandvik.kommune.example",
    mail="ola.moe@sandvik.kommune.example",
    display_name="Ola Moe",
    employee_id="00018",
)
USERS = (KARI, OLA)
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@dataclass
class BusinessClock:
    """Business time that a test may move."""

    now: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Graph:
    """A running tenant and a client with a token. `client` speaks below `/v1.0` of `url`."""

    tenant: GraphTenant
    clock: BusinessClock
    client: httpx.Client
    directory: Path
    url: str

    @property
    def mailbox(self) -> str:
        return f"/users/{self.tenant.sender}"

    @property
    def lists(self) -> str:
        return f"/sites/{self.tenant.site_id}/lists"

    def drive(self, library: str) -> str:
        """`/drives/{id}` of a library."""
        drive_id = self.client.get(f"{self.lists}/{library}/drive").json()["id"]
        return f"/drives/{drive_id}"


def token(tenant: GraphTenant, client: httpx.Client, url: str) -> str:
    answer = client.post(
        f"{url}/{tenant.tenant_id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": tenant.client_id,
            "client_secret": tenant.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        },
    )
    return str(answer.json()["access_token"])


class Switch:
    """An ASGI application that passes calls on to the tenant of the running test: one server serves all tests."""

    def __init__(self) -> None:
        self.current: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.current is not None
        await self.current(scope, receive, send)


@dataclass(frozen=True)
class Line:
    """The server and the client that all tests of a process share."""

    switch: Switch
    url: str
    client: httpx.Client


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    switch = Switch()
    with serve(switch) as server, httpx.Client(base_url=f"{server.url}/v1.0", timeout=AT_MOST) as client:
        yield Line(switch, server.url, client)


@pytest.fixture
def graph(tmp_path: Path, line: Line) -> Iterator[Graph]:
    clock = BusinessClock()
    tenant = GraphTenant.open(tmp_path / "graph", USERS, clock)
    line.switch.current = tenant.application()
    line.client.headers["Authorization"] = f"Bearer {token(tenant, line.client, line.url)}"
    yield Graph(tenant, clock, line.client, tmp_path / "graph", line.url)
    line.switch.current = None
    tenant.close()


def error_code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])
