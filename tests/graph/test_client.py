"""One door to Graph: what is tried again, what is not, and what a person is told when it does not work."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from config.sharepoint import CASE_LIBRARY
from integrations.graph.client import Graph, Verb, open_graph
from integrations.graph.drive import download, ensure_folder, share
from integrations.graph.errors import (
    GraphCredentialsError,
    GraphError,
    GraphThrottledError,
    GraphUnreachableError,
)
from integrations.graph.mail import Mail, draft
from integrations.graph.patience import LONGEST_BELIEVED, Patience, Tries, seconds_asked
from sandbox.graph import Fault
from tests.graph.conftest import Office
from tests.graph.gate import Answering
from tests.graph.hours import START, Hours
from tests.graph.town import user

USER = f"/users/{user('0001').user_id}"
ON_USERS = "^/v1.0/users"


async def read(graph: Graph) -> dict[str, Any]:
    return await graph.get(f"{USER}?$select=id,mail", "GET user")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path_pattern=ON_USERS, times=2, status=429, retry_after=0),
        Fault(path_pattern=ON_USERS, times=2, status=502, body="html"),
        Fault(path_pattern=ON_USERS, times=2, status=503),
        Fault(path_pattern=ON_USERS, times=2, status=504),
        Fault(path_pattern=ON_USERS, times=2, drop="before"),
        Fault(path_pattern=ON_USERS, times=2, drop="after"),
        Fault(path_pattern=ON_USERS, times=2, drop="truncate"),
        Fault(path_pattern=ON_USERS, times=2, body="miscoded"),
        Fault(path_pattern="/oauth2/", times=2, body="miscoded"),
        Fault(path_pattern="/oauth2/", times=2, status=503),
        Fault(path_pattern="/oauth2/", times=2, drop="before"),
    ],
    ids=lambda fault: f"{fault.path_pattern} {fault.status} {fault.drop} {fault.body}",
)
def test_what_passes_is_tried_again(office: Office, fault: Fault) -> None:
    office.fail(fault)
    assert office.run(read)["mail"] == user("0001").mail
    assert office.tenant.faults.pending == ()


HTTP_DATE = "Mon, 01 Mar 2027 01:17:00 GMT"
"""Two minutes after the clock's start."""


@pytest.mark.parametrize(("retry_after", "seconds"), [(7, 7.0), (HTTP_DATE, 120.0), ("soon", 1.0), (None, 1.0)])
@pytest.mark.parametrize("status", [429, 503, 504])
def test_the_service_says_how_long_to_wait(
    office: Office, status: int, retry_after: int | str | None, seconds: float
) -> None:
    office.fail(Fault(path_pattern=ON_USERS, status=status, retry_after=retry_after))
    office.run(read)
    assert seconds * 0.5 <= (office.hours.now - START).total_seconds() <= seconds * 1.1 + 1


def test_whoever_asks_for_more_than_our_patience_is_not_asked_again_too_early(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, status=429, retry_after=301))
    with pytest.raises(GraphError, match="429"):
        office.run(read)
    assert (office.requests(USER), office.hours.slept) == (1, [])


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("99999999999999999", LONGEST_BELIEVED),
        ("9" * 400, LONGEST_BELIEVED),
        ("Mon, 01 Mar 2027 01:16:00 GMT", 60),
        ("Mon, 01 Mar 2027 01:16:00 -0000", 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_BELIEVED),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Mon, 01 Mar 2027 01:16:00 +99999999999999", None),
        *[(nonsense, None) for nonsense in ("-5", "1.5", "soon", "", " ", ",", "Mon,", "1 2 3 4 5 6")],
    ],
)
def test_what_is_asked_for_is_read_or_left_and_never_more_than_is_believed(said: str, seconds: float | None) -> None:
    assert seconds_asked(said, START) == seconds


def test_a_slip_of_the_service_breaks_nothing(office: Office) -> None:
    too_many = JSONResponse({}, 429, {"Retry-After": "9" * 17})
    office.gate.inside = Answering(office.tenant.application(), USER, [too_many])
    with pytest.raises(GraphError, match="429"):
        office.run(read)


def test_waits_double_up_to_a_ceiling_and_are_never_the_same() -> None:
    waits = [Tries(Patience(tries=99, first_wait=1.0, longest_wait=3.0, in_all=1e6), Hours().clock) for _ in range(50)]
    first, second, third = ([tries.wait(None) for tries in waits] for _ in range(3))
    assert all(0.5 <= (wait or 0) <= 1.0 for wait in first)
    assert all(1.0 <= (wait or 0) <= 2.0 for wait in second)
    assert all(1.5 <= (wait or 0) <= 3.0 for wait in third)
    assert len(set(first)) > 1


def test_all_the_tries_together_take_no_longer_than_the_patience(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, status=503, retry_after=20))
    with pytest.raises(GraphError, match="503"):
        office.run(read, Patience(tries=99, in_all=90))
    assert (office.hours.now - START).total_seconds() <= 90
    assert 4 <= office.requests(USER) <= 5


def test_a_hang_ends(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, delay=1.0))
    with pytest.raises(GraphUnreachableError, match="ReadTimeout"):
        office.run(read, Patience(tries=1, answer_within=0.3))


def test_patience_ends(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, status=503))
    with pytest.raises(GraphError, match="GET user was answered 503 serviceNotAvailable"):
        office.run(read)
    assert office.requests(USER) == 3


@pytest.mark.parametrize("drop", ["before", "truncate"])
def test_a_broken_line_is_told_with_the_setting_to_look_at(office: Office, drop: Literal["before", "truncate"]) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, drop=drop))
    with pytest.raises(GraphUnreachableError, match=r"127\.0\.0\.1:\d+ cannot be reached .*HK_GRAPH_BASE_URL"):
        office.run(read)


def test_an_answer_in_another_encoding_is_said_to_be_one(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, body="miscoded"))
    with pytest.raises(GraphUnreachableError, match=r"at 127\.0\.0\.1:\d+ answered in another encoding than it said"):
        office.run(read)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/upload/key-to-it", "http://[/key-to-it", "/login/key-to-it"])
def test_where_graph_sent_us_to_is_told_and_no_setting_is_blamed(office: Office, address: str) -> None:
    with pytest.raises(GraphUnreachableError, match="which Graph sent us to, cannot be reached") as told:
        office.run(lambda graph: graph.handed_out("PUT", address, "PUT fragment", body=b""))
    assert ("127.0.0.1:9" in str(told.value)) == ("127.0.0.1:9" in address)
    assert "HK_" not in str(told.value)
    assert "key-to-it" not in str(told.value)


def test_a_page_where_json_was_due_is_no_answer(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, body="html"))
    with pytest.raises(GraphUnreachableError, match="GET user was answered with text/html"):
        office.run(read)


def test_a_page_is_no_proof_that_something_was_written(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, body="html"))
    with pytest.raises(GraphUnreachableError, match="POST draft was answered with text/html"):
        office.run(lambda graph: graph.once("POST", f"/users/{office.tenant.sender}/messages", "POST draft", body={}))


# --- Sent elsewhere ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Signpost:
    """An ASGI application: the tenant, but directory questions are sent to a page to sign in on; who went where."""

    tenant: ASGIApp
    asked: list[tuple[str, bool]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["path"], b"authorization" in dict(scope["headers"])))
        is_sent_away = scope["path"].startswith("/v1.0/users")
        await (RedirectResponse("/login", 302) if is_sent_away else self.tenant)(scope, receive, send)


@pytest.mark.parametrize("verb", ["PATCH", "DELETE", "POST"])
def test_to_be_sent_elsewhere_is_no_proof_that_something_was_done(office: Office, verb: Verb) -> None:
    office.gate.inside = signpost = Signpost(office.tenant.application())
    with pytest.raises(GraphUnreachableError, match="was answered 302"):
        office.run(lambda graph: graph.repeatable(verb, USER, f"{verb} user", body={}))
    with pytest.raises(GraphUnreachableError, match="instead of JSON"):
        office.run(read)
    assert ("/login", True) not in signpost.asked
    assert ("/login", False) not in signpost.asked


def test_a_file_is_fetched_without_our_token(office: Office) -> None:
    people = [user("0001").mail or ""]

    async def open_folder(graph: Graph) -> None:
        await share(graph, CASE_LIBRARY, await ensure_folder(graph, CASE_LIBRARY, "HK-1"), people)

    office.run(open_folder)
    item_id = office.tenant.upload(CASE_LIBRARY, "HK-1", "a.jpg", b"one", user("0001"))
    office.gate.inside = signpost = Signpost(office.tenant.application())
    assert office.run(lambda graph: download(graph, CASE_LIBRARY, item_id)) == b"one"
    [has_token] = [has_token for path, has_token in signpost.asked if path.startswith("/_sandbox/download/")]
    assert not has_token


# --- Who we are -------------------------------------------------------------------------------------------------


def test_a_revoked_token_is_renewed(office: Office) -> None:
    async def read_twice(graph: Graph) -> None:
        await read(graph)
        office.tenant.tokens.revoke_all()
        await asyncio.gather(*(read(graph) for _ in range(4)))

    office.run(read_twice)
    assert office.requests("/token") == 2


def test_a_token_is_asked_for_once(office: Office) -> None:
    async def read_often(graph: Graph) -> None:
        for _ in range(3):
            await read(graph)

    office.run(read_often)
    assert office.requests("/token") == 1


def test_a_write_comes_back_with_a_new_token_as_well(office: Office) -> None:
    async def write(graph: Graph) -> None:
        await read(graph)
        office.tenant.tokens.revoke_all()
        await graph.once("POST", f"/users/{office.tenant.sender}/messages", "POST draft", body={"subject": "Hei"})

    office.run(write)


def test_a_new_token_that_is_refused_too_ends_it(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, status=401))
    with pytest.raises(GraphCredentialsError, match="HK_GRAPH_CLIENT_SECRET"):
        office.run(read)
    assert (office.requests(USER), office.requests("/token")) == (2, 2)


def test_a_wrong_secret_is_told_without_quoting_it(office: Office) -> None:
    settings = office.settings.model_copy(update={"graph_client_secret": SecretStr("not-the-secret")})

    async def attempt() -> None:
        async with open_graph(settings) as graph:
            await read(graph)

    with pytest.raises(GraphCredentialsError, match="HK_GRAPH_CLIENT_ID") as caught:
        asyncio.run(attempt())
    assert "not-the-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
def test_the_token_endpoint_says_how_long_to_wait_and_nobody_asks_it_earlier(office: Office, status: int) -> None:
    office.fail(Fault(path_pattern="/oauth2/", status=status, retry_after=HTTP_DATE))

    async def several(graph: Graph) -> None:
        await asyncio.gather(*(read(graph) for _ in range(4)))

    office.run(several)
    assert 120 <= (office.hours.now - START).total_seconds() <= 133
    assert office.requests("/token") == 2


def test_a_token_endpoint_that_asks_for_more_than_our_patience_is_left_alone(office: Office) -> None:
    office.fail(Fault(path_pattern="/oauth2/", status=429, retry_after=7200))
    with pytest.raises(GraphThrottledError, match="the sign-in is throttled until 2027-03-01 03:"):
        office.run(read)
    assert office.requests("/token") == 1


def test_a_send_waits_for_the_token_as_well(office: Office) -> None:
    office.fail(Fault(path_pattern="/oauth2/", status=503, retry_after=60))
    letter = Mail([user("0001").mail or ""], "Hei", "<p>Hei</p>")
    office.run(lambda graph: draft(graph, office.tenant.sender, "key", letter))
    assert (office.hours.now - START).total_seconds() >= 60
    assert (office.requests("/messages"), office.requests("/token")) == (2, 2), "once to look, once to make it"


# --- What is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(403, "accessDenied"), (404, "itemNotFound"), (400, "BadRequest")])
def test_a_refusal_is_told_by_code_and_request_id_and_names_nobody(office: Office, status: int, code: str) -> None:
    office.fail(Fault(path_pattern=ON_USERS, times=None, status=status))
    with pytest.raises(GraphError) as caught:
        office.run(read)
    message = str(caught.value)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert message.startswith(f"Microsoft Graph: GET user was answered {status} {code} (request-id ")
    assert "(request-id -)" not in message
    for told in ("?", "select", "asked to fail", "ansatt", user("0001").user_id):
        assert told not in message
    assert office.requests(USER) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(path_pattern=ON_USERS, times=None, status=429, retry_after=0), GraphError),
        (Fault(path_pattern=ON_USERS, times=None, status=503), GraphError),
        (Fault(path_pattern=ON_USERS, times=None, status=504, after_work=True), GraphError),
        (Fault(path_pattern=ON_USERS, times=None, drop="before"), GraphUnreachableError),
        (Fault(path_pattern=ON_USERS, times=None, drop="after"), GraphUnreachableError),
        (Fault(path_pattern=ON_USERS, times=None, body="miscoded"), GraphUnreachableError),
    ],
    ids=lambda value: f"{value.status} {value.drop} {value.body}" if isinstance(value, Fault) else "",
)
def test_once_is_once(office: Office, fault: Fault, error: type[Exception]) -> None:
    office.fail(fault)
    address = f"/users/{office.tenant.sender}/messages"
    with pytest.raises(error):
        office.run(lambda graph: graph.once("POST", address, "POST draft", body={"subject": "Hei"}))
    assert office.requests("/messages") == 1


# --- How much at a time -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Crowd:
    """An ASGI application that counts how many requests to a mailbox are with it at once; each stays for a moment."""

    tenant: ASGIApp
    now: int = 0
    most: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += (counts := "/messages" in scope["path"])
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.02 * counts)
        await self.tenant(scope, receive, send)
        self.now -= counts


def test_four_requests_at_a_time_in_a_mailbox(office: Office) -> None:
    office.gate.inside = crowd = Crowd(office.tenant.application())

    async def many(graph: Graph) -> None:
        address = f"/users/{office.tenant.sender}/messages?$top=1"
        await asyncio.gather(*(graph.get(address, "GET mail") for _ in range(20)))

    office.run(many)
    assert crowd.most == 4


def test_a_429_holds_back_those_who_were_not_refused_themselves(office: Office) -> None:
    office.fail(Fault(path_pattern=ON_USERS, status=429, retry_after=60))

    async def refused_then_another(graph: Graph) -> None:
        with pytest.raises(GraphError, match="429"):
            await graph.once("POST", f"/users/{office.tenant.sender}/messages", "POST draft", body={"subject": "Hei"})
        assert office.hours.now == START
        await graph.get(f"/users/{office.tenant.sender}/messages?$top=1", "GET mail")

    office.run(refused_then_another)
    assert (office.hours.now - START).total_seconds() >= 60
