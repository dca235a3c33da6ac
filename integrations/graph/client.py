"""One door to Microsoft Graph: msgraph-sdk's transport and authentication, our own retries, native answers.

The SDK's own retry middleware re-sends a POST answered 504 (duplicate e-mails) and its models cost 4 ms an object,
so both stay out: see docs/architecture.md.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx
from azure.core.exceptions import AzureError, ClientAuthenticationError
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_access_token_provider import AzureIdentityAccessTokenProvider
from kiota_http.middleware.options import ResponseHandlerOption, RetryHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory

from config.settings import Settings
from integrations.graph.credentials import (
    REFUSED,
    SCOPE,
    RenewableCredential,
    open_credential,
    trusted_authorities,
)
from integrations.graph.errors import GraphCredentialsError, GraphError, GraphUnreachableError

WORTH_ANOTHER_TRY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
BROKEN_OFF = (httpx.TransportError, AzureError)
"""Graph, or Entra ID before it, was not reached or did not finish its answer."""
CONNECT_WITHIN = 10
Verb = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request that may be repeated is tried again; seconds."""

    tries: int = 3
    first_wait: float = 1.0
    longest_wait: float = 120.0
    answer_within: float = 60.0

    def wait(self, attempt: int, retry_after: str | None) -> float:
        """What the service asks for, else doubling with jitter, so that workers do not come back in step."""
        if retry_after is not None and retry_after.isdigit():
            return min(float(retry_after), self.longest_wait)
        ceiling = self.first_wait * 2**attempt
        return min(random.uniform(ceiling / 2, ceiling), self.longest_wait)  # noqa: S311 - jitter, not a secret


@dataclass(slots=True)
class Tries:
    """The tries of one piece of work."""

    made: int = 0


class Graph:
    """An open connection to one tenant. Belongs to one event loop; see `open_graph`."""

    def __init__(
        self,
        adapter: GraphRequestAdapter,
        plain: httpx.AsyncClient,
        credential: RenewableCredential,
        settings: Settings,
        patience: Patience,
    ) -> None:
        self._adapter = adapter
        self._plain = plain
        self._credential = credential
        self._base_url = settings.graph_base_url
        self.patience = patience
        """How long this night waits; the parts of a batch are throttled one by one, out of sight of `repeatable`."""
        self.site = f"/sites/{quote(settings.graph_site_id or '', safe='')}"
        """The site's own path; the commas in its id are escaped, since not everything on the way takes them bare."""
        self.drive_ids: dict[str, str] = {}

    def without_base(self, address: str) -> str:
        """An address of Graph's as a path, so that what we remember survives a change of HK_GRAPH_BASE_URL."""
        return address.removeprefix(self._base_url)

    async def get(self, address: str, doing: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read JSON from a path or from a whole address that Graph gave us (`@odata.nextLink`)."""
        response = await self.repeatable("GET", address, doing, headers=headers)
        return json_object(response, doing)

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
        for attempt in range(self.patience.tries):
            last = attempt + 1 == self.patience.tries
            try:
                response = await self._exchange(verb, address, body, headers)
            except BROKEN_OFF as error:
                if last:
                    raise self._unreachable(error) from None
                await asyncio.sleep(self.patience.wait(attempt, None))
                continue
            if last or response.status_code not in WORTH_ANOTHER_TRY:
                return _checked(response, doing)
            await asyncio.sleep(self.patience.wait(attempt, response.headers.get("Retry-After")))
        raise AssertionError("a patience of no tries")

    def tries(self) -> Tries:
        return Tries()

    async def another_try(self, tries: Tries, retry_after: str | None) -> bool:
        """Count a try that failed, and wait for the next; False when our patience is at its end."""
        tries.made += 1
        if tries.made >= self.patience.tries:
            return False
        await asyncio.sleep(self.patience.wait(tries.made - 1, retry_after))
        return True

    async def once(
        self, verb: Verb, address: str, doing: str, *, body: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """A request that must never be repeated blindly, because doing it twice is seen by people.

        Raises:
            GraphError, GraphUnreachableError: as `repeatable`; it may have been done all the same, so look first.
        """
        try:
            return _checked(await self._exchange(verb, address, body, None), doing)
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
        try:
            return _checked(await self._plain.request(verb, url, content=body, headers=headers), doing)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    async def _exchange(
        self, verb: Verb, address: str, body: Mapping[str, Any] | bytes | None, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        """A request refused at the door (401) has changed nothing: it comes back once with a new token."""
        response = await self._send(verb, address, body, headers)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        self._credential.renew()
        response = await self._send(verb, address, body, headers)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise GraphCredentialsError(REFUSED)
        return response

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
        try:
            response = await self._adapter.send_primitive_async(request, "bytes", {})
        except ClientAuthenticationError:
            raise GraphCredentialsError(REFUSED) from None
        if not isinstance(response, httpx.Response):
            raise AssertionError("the native handler gave something else than a response")  # noqa: TRY004 - a bug here
        return response

    def _unreachable(self, error: Exception) -> GraphUnreachableError:
        where = urlsplit(self._base_url).netloc
        return GraphUnreachableError(
            f"Microsoft Graph at {where} cannot be reached ({type(error).__name__}). "
            "Look at HK_GRAPH_BASE_URL and the network."
        )


@asynccontextmanager
async def open_graph(settings: Settings, patience: Patience | None = None) -> AsyncIterator[Graph]:
    """Open Graph for the running event loop, and close everything again."""
    middleware = {**options, RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False)}
    credential = RenewableCredential(lambda: open_credential(settings))
    patience = patience or Patience()
    time_out = httpx.Timeout(patience.answer_within, connect=min(CONNECT_WITHIN, patience.answer_within))
    async with (
        # The SDK wraps the transport it is given and never closes it, so we hold on to it ourselves.
        httpx.AsyncHTTPTransport(http2=not settings.graph_is_on_loopback, verify=trusted_authorities()) as transport,
        httpx.AsyncClient(timeout=time_out, transport=transport) as sdk_client,
        httpx.AsyncClient(timeout=time_out, verify=trusted_authorities()) as plain,
        credential,
    ):
        http = GraphClientFactory.create_with_default_middleware(client=sdk_client, options=middleware)
        tokens = AzureIdentityAccessTokenProvider(credential, None, [SCOPE], [], is_cae_enabled=False)
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(tokens), client=http)
        adapter.base_url = settings.graph_base_url
        yield Graph(adapter, plain, credential, settings, patience)


def _checked(response: httpx.Response, doing: str) -> httpx.Response:
    is_read = response.request.method == "GET"
    if response.status_code == HTTPStatus.FOUND or (response.is_success and (is_read or not response.content)):
        return response
    if response.is_success:
        # A proxy's page with status 200 must not pass for something that has been done.
        json_object(response, doing)
        return response
    try:
        code = str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        code = "(no error code)"
    raise GraphError(response.status_code, code, response.headers.get("request-id", "-"), doing)


def json_object(response: httpx.Response, doing: str) -> dict[str, Any]:
    """The answer as JSON.

    Raises:
        GraphUnreachableError: a proxy's page, or anything else that Graph does not answer.
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        kind = response.headers.get("Content-Type", "no type")
        raise GraphUnreachableError(
            f"Microsoft Graph: {doing} was answered with {kind} instead of JSON; try again later."
        )
    return answer
