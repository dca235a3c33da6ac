"""One door to Microsoft Graph: msgraph-sdk's transport and authentication, our own retries, native answers.

The SDK's own retry middleware re-sends a POST answered 504 (duplicate e-mails) and its models cost 4 ms an object,
so both stay out: see docs/architecture.md.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from azure.core.exceptions import AzureError, ClientAuthenticationError
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_access_token_provider import AzureIdentityAccessTokenProvider
from kiota_http.middleware.options import RedirectHandlerOption, ResponseHandlerOption, RetryHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory

from config.settings import Settings
from integrations.graph.answers import IN_OTHER_WORDS, checked, entries_of, json_object, not_as_graph
from integrations.graph.credentials import (
    RenewableCredential,
    TokenEndpointError,
    open_credential,
    refused,
    trusted_authorities,
)
from integrations.graph.errors import GraphCredentialsError, GraphError, GraphUnreachableError
from integrations.graph.patience import Patience, Tries, seconds_asked
from integrations.graph.proxies import BESIDE_THE_PROXY, proxy_for
from integrations.graph.throttling import (
    AT_A_TIME_IN_A_MAILBOX,
    MAILBOX,
    SHAREPOINT,
    SIGN_IN,
    Budget,
    Cost,
    OwnLedger,
    cost_of,
    limits_of,
)

WORTH_ANOTHER_TRY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
BROKEN_OFF = (httpx.RequestError, httpx.InvalidURL, AzureError, TimeoutError)
"""Graph, or Entra ID before it, was not reached, or did not finish its answer, or not in the encoding it said."""
MISCODED = "answered in another encoding than it said, as a proxy's page may; try again later."
IN_WHAT_IS_READ = frozenset({"@odata.context", "id", "value", "name"})
"""Of these Graph's answers have one: a resource its id, a collection its value. Other JSON is somebody else's."""
CONNECT_WITHIN = 10
TRICKLE = 5
"""An answer that comes in drops never is silent for long: it may take so many times our patience with silence."""
Verb = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Line:
    """The SDK's transport with our credential, and a client without one."""

    adapter: GraphRequestAdapter
    plain: httpx.AsyncClient
    credential: RenewableCredential


class Graph:
    """An open connection to one tenant. Belongs to one event loop; see `open_graph`."""

    def __init__(self, line: _Line, settings: Settings, patience: Patience, budget: Budget) -> None:
        self._line = line
        self._settings = settings
        self._base_url = settings.graph_base_url
        self._patience = patience
        self._budget = budget
        self._in_the_mailbox = asyncio.Semaphore(AT_A_TIME_IN_A_MAILBOX)
        self.site = f"/sites/{quote(settings.graph_site_id or '', safe='')}"
        """The site's own path; the commas in its id are escaped, since not everything on the way takes them bare."""
        self.drive_ids: dict[str, str] = {}
        self.folder_ids: dict[str, str] = {}
        self.folder_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.parent_ids: dict[str, str] = {}
        self.list_ids: dict[str, str] = {}

    def without_base(self, address: str) -> str:
        """An address of Graph's as a path, so that what we remember survives a change of HK_GRAPH_BASE_URL."""
        return address.removeprefix(self._base_url)

    async def get(self, address: str, doing: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read JSON from a path or from a whole address that Graph gave us (`@odata.nextLink`)."""
        answer = json_object(await self.repeatable("GET", address, doing, headers=headers), doing)
        if answer.keys().isdisjoint(IN_WHAT_IS_READ):
            raise not_as_graph(doing)
        return answer

    async def pages(
        self, address: str | None, doing: str, headers: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """All entries of a plain collection. A page may be empty and lead on all the same."""
        entries: list[dict[str, Any]] = []
        while address is not None:
            page = await self.get(address, doing, headers)
            entries += entries_of(page, doing)
            address = page.get("@odata.nextLink")
        return entries

    async def repeatable(
        self,
        verb: Verb,
        address: str,
        doing: str,
        *,
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A request that does no harm when it is done twice: tried again on throttling and broken connections.

        Raises:
            GraphError: Graph refused it for good.
            GraphUnreachableError: Graph could not be reached, or answered something else than Graph does.
        """
        tries = self.tries()
        while True:
            try:
                response = await self._exchange(verb, address, body, headers, tries.last_begins_by)
            except BROKEN_OFF as error:
                if not await self.another_try(tries, None):
                    raise self._unreachable(error) from None
                continue
            passing = response.status_code in WORTH_ANOTHER_TRY
            if not passing or not await self.another_try(tries, response.headers.get("Retry-After")):
                return checked(response, doing)

    async def delete(self, address: str, doing: str, version: str | None = None) -> bool:
        """What is gone already is gone: an earlier try may have done it. False when it is another version by now.

        Raises as `repeatable`.
        """
        try:
            headers = None if version is None else {"If-Match": version}
            response = await self.repeatable("DELETE", address, doing, headers=headers)
        except GraphError as error:
            if version is not None and error.status == HTTPStatus.PRECONDITION_FAILED:
                return False
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return True
        if response.content:
            raise GraphUnreachableError(
                f"Microsoft Graph: {doing} was answered with content, and Graph has none to give; try again later."
            )
        return True

    async def carefully(self, act: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]]) -> T:
        """Do what must not be done twice: act once; on any doubt wait, look whether it is done, and only then again.

        `act` makes its requests with `once`; `look` gives None when there is nothing to be seen of it.

        Raises:
            GraphError, GraphUnreachableError: what `act` raised last. It has been looked for in vain.
        """
        tries = self.tries()
        while True:
            try:
                return await act()
            except (GraphError, GraphUnreachableError) as error:
                is_doubtful = not isinstance(error, GraphError) or error.may_pass
                if not is_doubtful and tries.made == 0:
                    raise
                again = is_doubtful and await self.another_try(tries, None)
                found = await look()
                if found is not None:
                    return found
                if not again:
                    raise

    def now(self) -> datetime:
        return self._budget.clock.now()

    def tries(self) -> Tries:
        return Tries(self._patience, self._budget.clock)

    async def another_try(self, tries: Tries, retry_after: str | None) -> bool:
        """Count a try that failed, and wait for the next; False when our patience is at its end."""
        asked = seconds_asked(retry_after, self.now())
        seconds = tries.wait(asked)
        if seconds is None:
            return False
        self._budget.repeated += 1
        if asked is None:  # else it waits with everybody else, to be admitted
            await self._budget.clock.sleep(seconds)
        return True

    def slow_down(self, address: str, retry_after: str | None) -> None:
        """The service behind this address has asked for time: nobody asks it anything until then."""
        self._slow_down(cost_of("GET", address), retry_after)

    async def once(
        self,
        verb: Verb,
        address: str,
        doing: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A request that must never be repeated blindly, because doing it twice is seen by people.

        Raises:
            GraphError, GraphUnreachableError: as `repeatable`; it may have been done all the same, so look first.
        """
        try:
            return checked(await self._exchange(verb, address, body, headers, self.tries().last_begins_by), doing)
        except BROKEN_OFF as error:
            raise self._unreachable(error) from None

    async def handed_out(
        self,
        verb: Verb,
        url: str,
        doing: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request to a pre-authenticated address that Graph gave us: those refuse an Authorization header.

        Raises:
            GraphError, GraphUnreachableError: as `repeatable`.
        """
        cost = Cost(SHAREPOINT, 1 if verb == "GET" else 2)
        await self._budget.admit(cost, self.tries().last_begins_by)
        try:
            async with asyncio.timeout(TRICKLE * self._patience.answer_within):
                response = await self._line.plain.request(verb, url, content=body, headers=headers)
        except BROKEN_OFF as error:
            raise _unreachable_elsewhere(error, url, doing) from None
        self._heed(cost, response)
        return checked(response, doing, IN_OTHER_WORDS)

    async def _exchange(
        self,
        verb: Verb,
        address: str,
        body: Mapping[str, Any] | bytes | None,
        headers: Mapping[str, str] | None,
        last_begins_by: datetime,
    ) -> httpx.Response:
        """A request refused at the door (401) has changed nothing: it comes back once with a new token."""
        cost = cost_of(verb, address)
        async with self._in_the_mailbox if cost.resource == MAILBOX else nullcontext():
            token = await self._sign_in(last_begins_by)
            await self._budget.admit(cost, last_begins_by)
            response = await self._send(verb, address, body, headers)
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                self._line.credential.renew(token)
                await self._sign_in(last_begins_by)
                await self._budget.admit(cost, last_begins_by)
                response = await self._send(verb, address, body, headers)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise GraphCredentialsError(refused(self._settings))
        self._heed(cost, response)
        return response

    async def _sign_in(self, last_begins_by: datetime) -> int:
        """See to it that there is a token; its generation. The token endpoint's word on waiting counts for everybody.

        Raises:
            GraphCredentialsError: Entra ID refuses.
            GraphThrottledError: it has asked for more time than `last_begins_by` leaves.
            AzureError, httpx.RequestError, TimeoutError: this time there was none to be had.
        """
        door, within = Cost(SIGN_IN, 0), TRICKLE * self._patience.answer_within
        try:
            await self._line.credential.sign_in(lambda: self._budget.admit(door, last_begins_by), within)
        except TokenEndpointError as error:
            if error.is_throttled or error.retry_after is not None:
                self._slow_down(door, error.retry_after)
            raise
        except ClientAuthenticationError:
            raise GraphCredentialsError(refused(self._settings)) from None
        return self._line.credential.generation

    def _heed(self, cost: Cost, response: httpx.Response) -> None:
        retry_after = response.headers.get("Retry-After")
        is_throttled = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        if is_throttled or (response.status_code in WORTH_ANOTHER_TRY and retry_after is not None):
            self._slow_down(cost, retry_after)

    def _slow_down(self, cost: Cost, retry_after: str | None) -> None:
        asked = seconds_asked(retry_after, self.now())
        self._budget.slow_down(cost.resource, self._patience.first_wait if asked is None else asked)

    async def _send(
        self, verb: Verb, address: str, body: Mapping[str, Any] | bytes | None, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        request = RequestInformation()
        request.http_method = Method[verb]
        request.url = address if address.startswith("http") else self._base_url + address
        request.headers.add("Accept", "application/json")
        for name, value in (headers or {}).items():
            request.headers.add(name, value)
        if isinstance(body, bytes):
            request.set_stream_content(body, "application/octet-stream")
        elif body is not None:
            request.set_stream_content(json.dumps(body, ensure_ascii=False).encode(), "application/json")
        handler = ResponseHandlerOption(NativeResponseHandler())
        request.add_request_options([handler])
        async with asyncio.timeout(TRICKLE * self._patience.answer_within):
            response = await self._line.adapter.send_primitive_async(request, "bytes", {})
        if not isinstance(response, httpx.Response):
            raise AssertionError("the native handler gave something else than a response")  # noqa: TRY004 - a bug here
        return response

    def _unreachable(self, error: Exception) -> GraphUnreachableError:
        if isinstance(error, TokenEndpointError):
            return GraphUnreachableError(f"Microsoft Graph: {error.message}; try again later.")
        kind = type(error).__name__
        if isinstance(error, AzureError):  # nobody else raises it than who asks for a token
            where = "" if self._settings.graph_credential_kind == "managed-identity" else self._settings.graph_authority
            return GraphUnreachableError(
                f"Microsoft Graph: the token endpoint {_host(where)} cannot be reached ({kind}). "
                "Look at HK_GRAPH_AUTHORITY and the network."
            )
        where = f"Microsoft Graph at {_host(self._base_url)}"
        if isinstance(error, httpx.DecodingError):
            return GraphUnreachableError(f"{where} {MISCODED}")
        return GraphUnreachableError(f"{where} cannot be reached ({kind}). Look at HK_GRAPH_BASE_URL and the network.")


@asynccontextmanager
async def open_graph(
    settings: Settings, patience: Patience | None = None, budget: Budget | None = None
) -> AsyncIterator[Graph]:
    """Open Graph for the running event loop, and close everything again.

    The steps of a night share its budget (`Night.graph`); without one, this connection has one of its own.
    """
    patience = patience or Patience()
    budget = budget or Budget(limits_of(settings), OwnLedger())
    middleware = {
        **options,
        RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False),
        # Where Graph sends us to for a file's bytes is asked without our token (`handed_out`); nobody else may send us.
        RedirectHandlerOption.get_key(): RedirectHandlerOption(max_redirect=0, should_redirect=False),
    }
    credential = RenewableCredential(lambda: open_credential(settings, patience.answer_within), settings.graph_scope)
    time_out = httpx.Timeout(patience.answer_within, connect=min(CONNECT_WITHIN, patience.answer_within))
    async with (
        # The SDK wraps the transport it is given and never closes it, so we hold on to it ourselves.
        httpx.AsyncHTTPTransport(
            http2=not settings.graph_is_a_stand_in,
            verify=trusted_authorities(),
            proxy=proxy_for(settings.graph_base_url),
        ) as transport,
        httpx.AsyncClient(timeout=time_out, transport=transport) as sdk_client,
        httpx.AsyncClient(timeout=time_out, verify=trusted_authorities(), mounts=BESIDE_THE_PROXY) as plain,
        credential,
    ):
        http = GraphClientFactory.create_with_default_middleware(client=sdk_client, options=middleware)
        tokens = AzureIdentityAccessTokenProvider(credential, None, [settings.graph_scope], [], is_cae_enabled=False)
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(tokens), client=http)
        adapter.base_url = settings.graph_base_url
        yield Graph(_Line(adapter, plain, credential), settings, patience, budget)


def _unreachable_elsewhere(error: Exception, url: str, doing: str) -> GraphUnreachableError:
    """Of an address that Graph handed out, which no setting of ours leads to."""
    where = f"Microsoft Graph: {doing}: {_host(url)}"
    if isinstance(error, httpx.DecodingError):
        return GraphUnreachableError(f"{where} {MISCODED}")
    return GraphUnreachableError(
        f"{where}, which Graph sent us to, cannot be reached ({type(error).__name__}). "
        "Look at the network: proxy and firewall must let us there."
    )


def _host(address: str) -> str:
    """Host and port; no more, since the rest of a pre-authenticated address lets in whoever knows it."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return "an address that is none"
