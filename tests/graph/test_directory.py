"""People looked up by employee number: the right one or nobody, in few requests, through throttling."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.errors import ExpectedError
from integrations.graph.directory import DirectoryEntry, find_people
from integrations.graph.errors import GraphError, GraphUnreachableError
from sandbox.graph import Fault, TenantUser
from sandbox.web import serve
from tests.graph.conftest import Office, settings_for
from tests.graph.failures import ENDLESS, EVERY, PASSING, fault, patience_with
from tests.graph.hours import START
from tests.sandbox.conftest import token
from tests.sandbox.contract import proxy_before
from tests.waiting import AT_MOST

BATCH = "/v1.0/$batch"
ON_A_PART = "^/v1.0/users$"
STRANGE = ("O'Neill", "''", "'", "a&b=c", "1+1", "50%", "%27", "7 8", "æ/ø#å", "(1,2)", "x') or ('y", '"\\')


def account(number: str | None, ordinal: int = 0, *, enabled: bool = True, mail: bool = True) -> TenantUser:
    name = f"user-{ordinal}@sandvik.kommune.example"
    return TenantUser(
        user_id=f"{ordinal:08d}-2222-4222-8222-222222222222",
        user_principal_name=name,
        mail=name.replace("user", "mail") if mail else None,
        display_name=f"Person {ordinal}",
        employee_id=number,
        account_enabled=enabled,
    )


def settle(office: Office, numbers: Iterable[str]) -> None:
    """One account for each number, in their order."""
    office.tenant.set_users([account(number, ordinal) for ordinal, number in enumerate(numbers)])


def find(office: Office, numbers: Sequence[str]) -> dict[str, DirectoryEntry]:
    return office.run(lambda graph: find_people(graph, numbers))


def entry(ordinal: int) -> DirectoryEntry:
    return DirectoryEntry(f"mail-{ordinal}@sandvik.kommune.example", f"user-{ordinal}@sandvik.kommune.example")


# --- Who is found -----------------------------------------------------------------------------------------------


def test_those_who_are_there_are_found_and_the_others_are_missing(office: Office) -> None:
    office.tenant.set_users([account("0417"), account("0418", 1, mail=False), account(None, 2), account("0419", 3)])
    found = find(office, ["0418", "0417", "0999"])
    assert found == {"0418": DirectoryEntry(None, "user-1@sandvik.kommune.example"), "0417": entry(0)}


def test_a_thousand_are_found_in_four_requests(office: Office) -> None:
    numbers = [f"{ordinal:05d}" for ordinal in range(1000)]
    settle(office, numbers)
    assert find(office, numbers) == {number: entry(ordinal) for ordinal, number in enumerate(numbers)}
    assert [request for request in office.gate.requests if "/oauth2/" not in request] == [f"POST {BATCH}"] * 4


@dataclass(slots=True)
class Crowd:
    """An ASGI application that counts how many batches are with it at once; each stays for a moment."""

    tenant: ASGIApp
    now: int = 0
    most: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_batch = scope["path"] == BATCH
        self.now += is_batch
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05 * is_batch)
        await self.tenant(scope, receive, send)
        self.now -= is_batch


def test_four_batches_at_a_time(office: Office) -> None:
    office.gate.inside = crowd = Crowd(office.tenant.application())
    find(office, [str(ordinal) for ordinal in range(1800)])
    assert crowd.most == 4
    assert office.requests(BATCH) == 6


@pytest.mark.parametrize("numbers", [[], [""], [" "], ["9" * 121]], ids=["none", "empty", "blank", "too long"])
def test_nothing_to_look_up_is_no_request(office: Office, numbers: list[str]) -> None:
    assert find(office, numbers) == {}
    assert office.gate.requests == []


def test_a_number_that_cannot_be_asked_for_takes_nobody_with_it(office: Office) -> None:
    settle(office, ["0417"])
    assert find(office, ["", "9" * 121, "9" * 120, "0417"]) == {"0417": entry(0)}


def test_any_text_may_be_a_number(office: Office) -> None:
    settle(office, STRANGE)
    assert find(office, STRANGE) == {number: entry(ordinal) for ordinal, number in enumerate(STRANGE)}


def test_a_number_asked_for_twice_is_one(office: Office) -> None:
    settle(office, ["0417"])
    assert find(office, ["0417"] * 400) == {"0417": entry(0)}
    assert office.requests(BATCH) == 1


@pytest.mark.parametrize(("there", "asked"), [("417", "0417"), ("0417", "417"), ("A7", "a7"), ("0417 ", "0417")])
def test_numbers_are_compared_as_exact_text(office: Office, there: str, asked: str) -> None:
    settle(office, [there])
    assert find(office, [asked]) == {}
    assert find(office, [asked, there]) == {there: entry(0)}


@pytest.mark.parametrize(
    ("enabled", "taken"),
    [
        ([False], 0),
        ([False, True], 1),
        ([True, False, False], 0),
        ([True, True], None),
        ([False, False], None),
        ([True, False, True], None),
    ],
)
def test_of_several_accounts_the_one_that_is_enabled_and_never_a_guess(
    office: Office, enabled: list[bool], taken: int | None
) -> None:
    office.tenant.set_users([account("0417", ordinal, enabled=each) for ordinal, each in enumerate(enabled)])
    assert find(office, ["0417"]) == ({} if taken is None else {"0417": entry(taken)})


def test_every_page_of_an_answer_is_read(office: Office) -> None:
    office.tenant.page_size = 3
    numbers = [f"{ordinal:04d}" for ordinal in range(20)]
    settle(office, numbers)
    office.fail(Fault(path_pattern=ON_A_PART, skip=4, status=429, retry_after=0))
    assert find(office, numbers) == {number: entry(ordinal) for ordinal, number in enumerate(numbers)}
    # 15 numbers on five pages and 5 on two, the first of each in the batch; one page is throttled once.
    assert (office.requests(BATCH), office.requests("GET /v1.0/users")) == (1, 6)


def test_a_second_account_on_a_later_page_counts(office: Office) -> None:
    office.tenant.page_size = 1
    office.tenant.set_users([account("0417", 0), account("0417", 1)])
    assert find(office, ["0417"]) == {}


# --- What is tried again, and what is not -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_only_what_was_throttled_is_asked_again(office: Office, status: int) -> None:
    numbers = [f"{ordinal:04d}" for ordinal in range(75)]
    settle(office, numbers)
    office.fail(
        Fault(path_pattern=ON_A_PART, times=3, status=status, retry_after=0),
        Fault(path_pattern=ON_A_PART, skip=5, status=400),  # the two that were answered, and the three asked again
    )
    assert find(office, numbers) == {number: entry(ordinal) for ordinal, number in enumerate(numbers)}
    assert office.requests(BATCH) == 2
    assert [fault.skip for fault in office.tenant.faults.pending] == [0]


def test_the_longest_time_asked_for_is_waited(office: Office) -> None:
    office.fail(
        Fault(path_pattern=ON_A_PART, status=429, retry_after=0),
        Fault(path_pattern=ON_A_PART, status=429, retry_after=1),
        Fault(path_pattern=ON_A_PART, status=503),
    )
    assert find(office, [str(ordinal) for ordinal in range(60)]) == {}
    assert (office.hours.now - START).total_seconds() >= 1
    assert office.requests(BATCH) == 2


def test_patience_ends(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_A_PART, times=None, status=429, retry_after=0))
    with pytest.raises(GraphError, match="GET users by employeeId was answered 429 TooManyRequests"):
        find(office, ["0417"])
    assert office.requests(BATCH) == 3


def test_a_whole_batch_that_is_throttled_is_tried_again(office: Office) -> None:
    settle(office, ["0417"])
    office.fail(Fault(path_pattern=r"\$batch$", times=2, status=429, retry_after=0))
    assert find(office, ["0417"]) == {"0417": entry(0)}


@pytest.mark.parametrize(
    ("status", "code"), [(403, "Authorization_RequestDenied"), (400, "Request_UnsupportedQuery"), (500, "x")]
)
def test_one_part_refused_is_told_and_names_nobody(office: Office, status: int, code: str) -> None:
    numbers = [f"04{ordinal:04d}" for ordinal in range(700)]
    office.fail(Fault(path_pattern=ON_A_PART, skip=7, status=status, code=code))
    with pytest.raises(GraphError) as caught:
        find(office, numbers)
    message = str(caught.value)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert message.startswith(f"Microsoft Graph: GET users by employeeId was answered {status} {code} (request-id ")
    assert "(request-id -)" not in message
    assert "040" not in message.partition("(request-id")[0]


# --- What is no answer ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Altered:
    """An ASGI application: the tenant, but for batches, which are answered with `answer`."""

    tenant: ASGIApp
    answer: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = JSONResponse(self.answer) if scope["path"] == BATCH else self.tenant
        await inside(scope, receive, send)


def part(**changes: object) -> dict[str, object]:
    return {"id": "0", "status": 200, "headers": {}, "body": {"value": []}} | changes


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"responses": []},
        {"responses": [part(id="7")]},
        {"responses": [part(), part()]},
        {"responses": [part(body="PGh0bWw+")]},
        {"responses": [part(body={"value": None})]},
        {"responses": [part(body={"value": [{"id": "a", "employeeId": 417}]})]},
        [],
    ],
)
def test_an_answer_in_part_does_not_mean_not_found(office: Office, answer: object) -> None:
    office.gate.inside = Altered(office.tenant.application(), answer)
    with pytest.raises(GraphUnreachableError, match="GET users by employeeId was answered"):
        find(office, ["0417"])


@pytest.mark.parametrize("body", [None, "PGh0bWw+", {"error": None}, {"error": {"code": ""}}])
def test_a_refusal_without_a_reason_is_one(office: Office, body: object) -> None:
    office.gate.inside = Altered(office.tenant.application(), {"responses": [part(status=403, body=body)]})
    with pytest.raises(GraphError, match=r"403 \(no error code\) \(request-id -\)$"):
        find(office, ["0417"])


# --- Against Microsoft Graph's published contract ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorder:
    """An ASGI application that keeps the bodies of the batches on their way through."""

    inside: ASGIApp
    batches: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != BATCH:
            await self.inside(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        self.batches.append(json.loads(body))

        async def again() -> Message:
            return {"type": "http.request", "body": body}

        await self.inside(scope, again, send)


@dataclass(slots=True)
class Door:
    """An ASGI application that sends batches through the proxy, and the rest (tokens) straight to the tenant."""

    tenant: ASGIApp
    proxy_url: str
    violations: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != BATCH:
            await self.tenant(scope, receive, send)
            return
        request = Request(scope, receive)
        kept = {name: request.headers[name] for name in ("authorization", "content-type", "accept")}
        async with httpx.AsyncClient(timeout=AT_MOST) as client:
            answer = await client.post(f"{self.proxy_url}/$batch", content=await request.body(), headers=kept)
        self.violations += violations_in(answer)
        await JSONResponse(answer.json(), answer.status_code)(scope, receive, send)


def violations_in(answer: httpx.Response) -> list[str]:
    if "problem+json" in answer.headers.get("Content-Type", ""):
        return [answer.text]
    return [answer.headers["sl-violations"]] if "sl-violations" in answer.headers else []


def test_batches_and_what_is_in_them_keep_the_contract(office: Office) -> None:
    settle(office, STRANGE)
    recorder = Recorder(office.tenant.application())
    with serve(recorder) as server, proxy_before(server.url) as proxy_url:
        door = Door(recorder, proxy_url)
        with serve(door) as front:
            through = Office(office.tenant, settings_for(office.tenant, front.url), office.gate)
            assert list(find(through, [*STRANGE, *map(str, range(400))])) == list(STRANGE)
        with httpx.Client(timeout=AT_MOST) as client:
            client.headers["Authorization"] = f"Bearer {token(office.tenant, client, server.url)}"
            parts = [request for batch in recorder.batches for request in batch["requests"]]
            answers = [client.get(proxy_url + request["url"]) for request in parts[:1] + parts[-1:]]
    assert sorted(len(batch["requests"]) for batch in recorder.batches) == [8, 20]
    assert {request["method"] for request in parts} == {"GET"}
    assert [violations_in(answer) for answer in answers] == [[], []]
    assert {answer.status_code for answer in answers} == {200}
    assert door.violations == []


# --- Whatever goes wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("method", "path_pattern"),
    [("POST", "/oauth2/v2.0/token$"), ("POST", r"\$batch$"), ("GET", ON_A_PART)],
    ids=["token", "batch", "page"],
)
def test_everybody_is_found_or_it_is_said(office: Office, method: str, path_pattern: str, name: str) -> None:
    """An answer that lacks somebody would pass for 'not in the directory'."""
    office.tenant.page_size = 3
    numbers = [f"{ordinal:04d}" for ordinal in range(20)]
    settle(office, numbers)
    # Of the parts of the batch there are two; what follows are pages of their own.
    failing = replace(fault(name, method, path_pattern), skip=2 if path_pattern == ON_A_PART else 0)
    office.fail(failing)
    everybody = {number: entry(ordinal) for ordinal, number in enumerate(numbers)}
    told, found = "", None
    try:
        found = office.run(lambda graph: find_people(graph, numbers), patience_with(name))
    except ExpectedError as error:
        told = str(error)
    if name in PASSING or name in ENDLESS:
        assert (found is not None) == (name in PASSING)
    assert found == everybody or (told.startswith("Microsoft Graph") and "\n" not in told)
    office.tenant.faults.clear()
    office.hours.now += timedelta(days=1)
    assert find(office, numbers) == everybody
