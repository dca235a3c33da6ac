"""The sandbox's municipality as a SCIM 2.0 service shows it, with all that such services send unasked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agreements.people import Employee, Position, Snapshot, Unit
from integrations.hr.scim.client import ScimAccess, ScimClient
from integrations.hr.scim.records import ENTERPRISE
from integrations.hr.scim.source import ScimSource
from sandbox.hr.faults import GARBAGE, Fault, Faults
from sandbox.hr.rows import HOME_STREET, Row, national_id
from sandbox.municipality import Person, Picture
from sandbox.web import DROP_CONNECTION, serve

BASE = "/scim/v2"
USERS = f"{BASE}/Users"
PROVIDER = f"{BASE}/ServiceProviderConfig"
TOKEN = "/oauth/token"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
PAYROLL = "urn:example:params:scim:schemas:extension:payroll:1.0:User"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
FIXED_TOKEN = "sandbox-fixed-token"
PRIVATE = (HOME_STREET, "privat.example", "+4791234567", "1955-06-15", "654321", "foreldrepermisjon", "kantine")
"""Invented values that none of ours may hold; national id numbers come on top."""

_NO_FAULT = Fault(path_pattern="")


def scim_users(picture: Picture) -> list[Row]:
    ids = {person.employee_number: person.user_id for person in picture.people}
    return [_user(person, picture, ids.get(person.manager_number or "")) for person in picture.people]


def expected_snapshot(picture: Picture) -> Snapshot:
    """What a correct reading makes of `scim_users`."""
    employed = [person for person in picture.people if person.employed_on(picture.day)]
    names = {department_of(person, picture) for person in employed}
    employees = (_as_read(person, picture) for person in employed)
    return Snapshot(
        units=tuple(Unit(unit_id=name, name=name) for name in sorted(names)),
        employees=tuple(sorted(employees, key=lambda who: who.employee_number)),
    )


def department_of(person: Person, picture: Picture) -> str:
    return next(unit.name for unit in picture.units if unit.unit_id == person.unit_id)


def enterprise(row: Row) -> Row:
    return cast("Row", row[ENTERPRISE])


def number_of(row: Row) -> str:
    return str(enterprise(row)["employeeNumber"])


@dataclass(slots=True)
class ScimSystem:
    """The state behind the service, and a source that reads it.

    `before_page` is called with the page's startIndex before the page is put together. `asked` are the parameters
    of every question for users.
    """

    picture: Picture
    users: list[Row]
    access: ScimAccess
    page_size_limit: int = 100
    sorts: bool = True
    refuses_to_sort: bool = False
    tells_start: bool = True
    pages: bool = True
    before_page: Callable[[int], None] | None = None
    respell: Callable[[bytes], bytes] = bytes
    faults: Faults = field(default_factory=Faults)
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {FIXED_TOKEN})
    tokens_issued: int = 0
    forms: list[bytes] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def source(self, page_size: int = 1_000, only: str | None = None) -> ScimSource:
        return ScimSource(ScimClient(self.access, sleep=self.pauses.append), only, page_size)

    def read(self) -> Snapshot:
        return self.source().read_snapshot()

    def expected(self) -> Snapshot:
        return expected_snapshot(self.picture)

    def active_users(self) -> list[Row]:
        return [row for row in self.users if row["active"]]


class ScimService:
    """A server that serves one system after the other: starting one for each test would cost more than the tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.system: ScimSystem

    def show(self, picture: Picture) -> ScimSystem:
        """A new system, which is served from now on."""
        self.system = ScimSystem(picture, scim_users(picture), ScimAccess(self.url + BASE, token=FIXED_TOKEN))
        return self.system


@contextmanager
def running() -> Iterator[ScimService]:
    service = ScimService("")
    with serve(_application(service)) as server:
        service.url = server.url
        yield service


def fetching(system: ScimSystem) -> ScimAccess:
    """Access by client credentials instead of a token that is given."""
    address = system.access.url.removesuffix(BASE) + TOKEN
    return ScimAccess(system.access.url, token_url=address, client_id="sandbox-client", client_secret="sandbox-secret")


def _user(person: Person, picture: Picture, manager_id: str | None) -> Row:
    manager = {"manager": {"value": manager_id, "$ref": f"../Users/{manager_id}", "displayName": "Leder"}}
    return {
        "schemas": [CORE, ENTERPRISE, PAYROLL],
        "id": person.user_id,
        "externalId": national_id(person),
        "meta": {"resourceType": "User", "created": "2020-05-01T00:00:00Z", "lastModified": "9999-12-31T23:59:59Z"},
        "userName": person.upn,
        "userType": "Employee",
        "name": {"formatted": person.name, "givenName": person.given_name, "familyName": person.family_name},
        "displayName": person.name,
        "nickName": "kantine",
        "emails": [
            {"value": f"{person.user_id}@privat.example", "type": "home", "primary": True},
            {"value": person.email, "type": "work", "primary": False},
        ],
        "phoneNumbers": [{"value": "+4791234567", "type": "mobile"}],
        "addresses": [{"type": "home", "streetAddress": f"{HOME_STREET} 12", "postalCode": "9999"}],
        "entitlements": [{"value": "kantine"}],
        "active": person.employed_on(picture.day),
        ENTERPRISE: {
            "employeeNumber": person.employee_number,
            "department": f"  {department_of(person, picture)} ",
            "costCenter": "654321",
            **(manager if manager_id else {}),
        },
        PAYROLL: {
            "birthDate": "1955-06-15",
            "salary": 654_321,
            "leaveReason": "foreldrepermisjon",
            "percentage": 10_000,
        },
    }


def _as_read(person: Person, picture: Picture) -> Employee:
    department = department_of(person, picture)
    return Employee(
        employee_number=person.employee_number,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        user_principal_name=person.upn,
        positions=(Position("scim", department, 100.0, is_main=True, manager_number=person.manager_number),),
    )


def _application(service: ScimService) -> Starlette:
    async def users(request: Request) -> Response:
        service.system.asked.append(dict(request.query_params))
        return _answer(service.system, request, _page)

    async def provider(request: Request) -> Response:
        return _answer(service.system, request, _provider)

    async def token(request: Request) -> Response:
        service.system.forms.append(await request.body())
        return _answer(service.system, request, _token)

    return Starlette(
        routes=[
            Route(USERS, users, methods=["GET"]),
            Route(PROVIDER, provider, methods=["GET"]),
            Route(TOKEN, token, methods=["POST"]),
        ]
    )


def _answer(system: ScimSystem, request: Request, answer: Callable[[ScimSystem, Request, Fault], Response]) -> Response:
    """Let a fault happen, else answer."""
    fault = system.faults.strike(request.url.path, _start(request)) or _NO_FAULT
    if fault.drop == "before":
        request.scope["extensions"][DROP_CONNECTION]()
        return Response()
    if fault.status is not None:
        return Response(status_code=fault.status)
    if fault.body in {"html", "miscoded"}:
        encoding = {"Content-Encoding": "gzip"} if fault.body == "miscoded" else {}
        return HTMLResponse("<!doctype html><title>Logg inn</title>", headers=encoding)
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if request.url.path != TOKEN and token not in system.tokens:
        return Response(status_code=401)
    response = answer(system, request, fault)
    if fault.body == "truncated":
        return _json_of(bytes(response.body)[: len(response.body) // 2])
    return _DroppedResponse(response.body, media_type="application/json") if fault.drop == "truncate" else response


def _page(system: ScimSystem, request: Request, fault: Fault) -> Response:
    start, parameters = _start(request) or 1, request.query_params
    if system.before_page is not None:
        system.before_page(start)
    if "sortBy" in parameters and (system.refuses_to_sort or not system.sorts):
        return Response(status_code=400)
    kind = parameters.get("filter", "").removeprefix('userType eq "').removesuffix('"')
    rows = [row for row in system.users if not kind or row["userType"] == kind]
    if "sortBy" in parameters:
        rows.sort(key=lambda row: str(row.get("id")))
    count = min(int(parameters.get("count", "100")), system.page_size_limit)
    shown = rows[start - 1 : start - 1 + count] if system.pages else rows
    shown = [GARBAGE if start + place in fault.garbage else row for place, row in enumerate(shown)]
    answer: Row = {"schemas": [LIST_RESPONSE], "totalResults": len(rows), "itemsPerPage": len(shown)}
    if system.tells_start:
        answer["startIndex"] = start
    if shown and fault.body != "empty-page":
        answer["Resources"] = shown
    return _json_of(system.respell(msgspec.json.encode(answer)))


def _provider(system: ScimSystem, _request: Request, _fault: Fault) -> Response:
    return _json_of(msgspec.json.encode({"sort": {"supported": system.sorts}, "filter": {"supported": True}}))


def _token(system: ScimSystem, _request: Request, _fault: Fault) -> Response:
    wanted = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
    if system.forms[-1] != wanted:
        return Response(status_code=401)
    system.tokens_issued += 1
    token = f"sandbox-token-{system.tokens_issued}"
    system.tokens.add(token)
    return _json_of(msgspec.json.encode({"access_token": token, "token_type": "Bearer", "expires_in": 3_600}))


def _start(request: Request) -> int | None:
    start = request.query_params.get("startIndex")
    return int(start) if start is not None else None


def _json_of(content: bytes) -> Response:
    return Response(content, media_type="application/scim+json")


class _DroppedResponse(Response):
    """Promises the whole body and sends half: the server then closes the connection, as a broken one does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": False})
