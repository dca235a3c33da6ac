"""An HR system with FINT's face: OAuth2 password grant, four resources in pages, and faults on request.

It answers for `municipality` as HR would publish it on the day `today()` says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.hr.faults import GARBAGE, Fault, Faults
from sandbox.hr.rows import PERSONNEL, PERSONS, POSITIONS, UNITS, Row, fint_rows
from sandbox.municipality import Municipality
from sandbox.web import DROP_CONNECTION

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, not a secret
RESOURCES = (PERSONNEL, POSITIONS, PERSONS, UNITS)
MAINTENANCE = "<!doctype html><title>Vedlikehold</title><p>Tjenesten er nede for vedlikehold."


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sandbox accepts; pretended secrets that open nothing else."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - pretended
    username: str = "sandbox@client.sandvik.kommune.example"
    password: str = "sandbox-password"  # noqa: S105 - pretended


@dataclass(slots=True)
class SandboxHr:
    """The state behind the API.

    `before_page` is called with (path, offset) before each page is put together: a test may change `rows()` there,
    as somebody at HR may in the middle of a night's reading.
    """

    municipality: Municipality
    today: Callable[[], date]
    page_size_limit: int = 100
    credentials: Credentials = field(default_factory=Credentials)
    faults: Faults = field(default_factory=Faults)
    before_page: Callable[[str, int], None] | None = None
    tokens: set[str] = field(default_factory=set)
    tokens_issued: int = 0
    writes_today: int = 0
    _day: date | None = None
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, path: str) -> list[Row]:
        """The rows of a resource today. Changes made to the list last until the day changes."""
        day = self.today()
        if self._day != day:
            self._rows, self._day = fint_rows(self.municipality.on(day)), day
        return self._rows[path]

    def last_updated(self) -> int:
        """Milliseconds since 1970: two in the night, when this HR system fills its cache, or a later `touch`."""
        return int(datetime.combine(self.today(), time(2), UTC).timestamp() * 1_000) + self.writes_today

    def touch(self) -> None:
        """Somebody wrote a row just now. For whoever changes `rows()` and wants it noticed as FINT would."""
        self.writes_today += 1

    def issue_token(self) -> str:
        self.tokens_issued += 1
        token = f"sandbox-token-{self.tokens_issued}"
        self.tokens.add(token)
        return token


Answer = Callable[[SandboxHr, Request, Fault], Awaitable[Response]]
NO_FAULT = Fault(path_pattern="")


def fint_application(
    municipality: Municipality, today: Callable[[], date], page_size_limit: int = 100, faults: Faults | None = None
) -> Starlette:
    """The API as an ASGI application; `POST /_sandbox/hr-faults` takes a fault, `DELETE` forgets them all."""
    return application_of(SandboxHr(municipality, today, page_size_limit, faults=faults or Faults()))


def application_of(hr: SandboxHr) -> Starlette:
    """The API over a state that the caller keeps hold of."""
    routes = [
        Route(TOKEN_PATH, _answering(hr, _token), methods=["POST"]),
        Route("/_sandbox/hr-faults", _changing_faults(hr), methods=["POST", "DELETE"]),
    ]
    for path in RESOURCES:
        routes.append(Route(path, _answering(hr, _guarded(_page)), methods=["GET"]))
        routes.append(Route(f"{path}/last-updated", _answering(hr, _guarded(_last_updated)), methods=["GET"]))
        routes.append(Route(f"{path}/cache/size", _answering(hr, _guarded(_cache_size)), methods=["GET"]))
    return Starlette(routes=routes)


def _answering(hr: SandboxHr, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Let a fault happen, else answer."""

    async def endpoint(request: Request) -> Response:
        fault = hr.faults.strike(request.url.path, _offset(request)) or NO_FAULT
        await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            request.scope["extensions"][DROP_CONNECTION]()
            return Response()
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return Response(status_code=fault.status, headers=headers)
        if fault.body in {"html", "miscoded"}:
            encoding = {"Content-Encoding": "gzip"} if fault.body == "miscoded" else {}
            return HTMLResponse(MAINTENANCE, headers=encoding)
        response = await answer(hr, request, fault)
        if fault.body == "truncated":
            return Response(response.body[: len(response.body) // 2], media_type="application/json")
        return _DroppedResponse(response.body, media_type="application/json") if fault.drop == "truncate" else response

    return endpoint


def _guarded(answer: Answer) -> Answer:
    async def guarded(hr: SandboxHr, request: Request, fault: Fault) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in hr.tokens:
            return _json({"error": "invalid_token"}, status=401)
        return await answer(hr, request, fault)

    return guarded


async def _token(hr: SandboxHr, request: Request, _fault: Fault) -> Response:
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    wanted = {
        "grant_type": "password",
        "client_id": hr.credentials.client_id,
        "client_secret": hr.credentials.client_secret,
        "username": hr.credentials.username,
        "password": hr.credentials.password,
        "scope": "fint-client",
    }
    if form != wanted:
        return _json({"error": "invalid_grant"}, status=401)
    return _json({"access_token": hr.issue_token(), "token_type": "Bearer", "expires_in": 3_600})


async def _page(hr: SandboxHr, request: Request, fault: Fault) -> Response:
    path, offset = request.url.path, _offset(request) or 0
    if hr.before_page is not None:
        hr.before_page(path, offset)
    rows = hr.rows(path)
    size = min(int(request.query_params.get("size", hr.page_size_limit)), hr.page_size_limit)
    entries: list[Row] = [] if fault.body == "empty-page" else rows[offset : offset + size]
    entries = [GARBAGE if offset + index in fault.garbage else row for index, row in enumerate(entries)]
    since = int(request.query_params.get("sinceTimeStamp", "0"))
    return _json(
        {
            "_embedded": {"_entries": entries if since <= hr.last_updated() else []},
            "_links": _page_links(request, offset, size, len(rows)),
            "total_items": len(rows),
            "offset": offset,
            "size": len(entries),
        }
    )


def _page_links(request: Request, offset: int, size: int, total: int) -> Row:
    """As FINT does it: `self` says all, `next` and `prev` lose sinceTimeStamp."""
    address = str(request.url).partition("?")[0]
    links: Row = {"self": [{"href": str(request.url)}]}
    if offset + size < total:
        links["next"] = [{"href": f"{address}?{urlencode({'offset': offset + size, 'size': size})}"}]
    if offset > 0:
        links["prev"] = [{"href": f"{address}?{urlencode({'offset': max(0, offset - size), 'size': size})}"}]
    return links


async def _last_updated(hr: SandboxHr, _request: Request, _fault: Fault) -> Response:
    return _json({"lastUpdated": str(hr.last_updated())})


async def _cache_size(hr: SandboxHr, request: Request, _fault: Fault) -> Response:
    return _json({"size": len(hr.rows(request.url.path.removesuffix("/cache/size")))})


def _changing_faults(hr: SandboxHr) -> Callable[[Request], Awaitable[Response]]:
    """Never hit by a fault itself: otherwise one that matches everything could not be taken back."""

    async def endpoint(request: Request) -> Response:
        if request.method == "DELETE":
            hr.faults.clear()
            return Response(status_code=204)
        try:
            fault = msgspec.json.decode(await request.body(), type=Fault)
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, status=400)
        hr.faults.add(fault)
        return Response(status_code=204)

    return endpoint


def _offset(request: Request) -> int | None:
    offset = request.query_params.get("offset")
    return int(offset) if offset is not None else None


def _json(content: Mapping[str, object], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")


class _DroppedResponse(Response):
    """Promises the whole body and sends half: the server then closes the connection, as a broken one does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": False})
