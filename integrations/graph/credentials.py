"""How we prove who we are: certificate, secret or managed identity; a plain token request to a stand-in on loopback."""

import asyncio
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import httpx
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import PipelineResponse
from azure.identity.aio import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential
from httpx import codes

from config.settings import Settings
from integrations.graph.errors import GraphCredentialsError

RENEW_BEFORE_EXPIRY_SECONDS = 300
CONNECT_WITHIN = 10


class TokenEndpointError(AzureError):
    """The token endpoint gave neither a token nor a refusal: it is ill, or asks for time."""

    def __init__(self, what: str, status: int, retry_after: str | None) -> None:
        super().__init__(f"the token endpoint answered {what}")
        self.is_throttled = status == codes.TOO_MANY_REQUESTS
        self.retry_after = retry_after


def refused(settings: Settings) -> str:
    """What to look at when Entra ID does not take our word for who we are."""
    look_at = {
        "certificate": "HK_GRAPH_TENANT_ID, HK_GRAPH_CLIENT_ID and HK_GRAPH_CERTIFICATE_PATH",
        "secret": "HK_GRAPH_TENANT_ID, HK_GRAPH_CLIENT_ID and HK_GRAPH_CLIENT_SECRET",
        "managed-identity": "this machine's managed identity (HK_GRAPH_CLIENT_ID names one that is user-assigned)",
    }[settings.graph_credential_kind]
    return f"Microsoft Graph: the credentials were refused. Look at {look_at}."


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The certificate authorities we trust, read once a process: reading them takes 25 ms."""
    return ssl.create_default_context()


def open_credential(settings: Settings, answer_within: float) -> AsyncTokenCredential:
    """The credential the settings describe; settings are complete when this is called.

    azure-identity's own retries stay out, as the SDK's do, except a managed identity's: the machine's token service
    has rules of its own. `answer_within` is in seconds.

    Raises:
        GraphCredentialsError: the certificate cannot be read, or the tenant's id is none.
    """
    tenant, client = settings.graph_tenant_id or "", settings.graph_client_id or ""
    secret = "" if settings.graph_client_secret is None else settings.graph_client_secret.get_secret_value()
    if settings.graph_is_a_stand_in:
        origin = settings.graph_base_url.removesuffix("/v1.0")
        return LoopbackCredential(f"{origin}/{tenant}/oauth2/v2.0/token", settings, secret, answer_within)
    transport = {
        "connection_timeout": min(CONNECT_WITHIN, answer_within),
        "read_timeout": answer_within,
        "retry_total": 0,
        "authority": settings.graph_authority,
        "raw_response_hook": _hear,
    }
    if settings.graph_credential_kind == "managed-identity":
        return ManagedIdentityCredential(client_id=settings.graph_client_id)
    try:
        if settings.graph_credential_kind == "certificate":
            return CertificateCredential(tenant, client, str(settings.graph_certificate_path), **transport)
        return ClientSecretCredential(tenant, client, secret, **transport)
    except (OSError, ValueError, TypeError) as error:
        raise GraphCredentialsError(
            f"Microsoft Graph: the credentials cannot be used ({type(error).__name__}). Look at HK_GRAPH_TENANT_ID, "
            "and whether HK_GRAPH_CERTIFICATE_PATH is a PEM file that has the private key as well."
        ) from None


def _hear(response: PipelineResponse[Any, Any]) -> None:
    """What azure-identity is answered, before it makes of it what it will: it never looks at Retry-After itself."""
    answer = response.http_response
    _must_have_answered(answer.status_code, answer.headers)


def _must_have_answered(status: int, headers: Mapping[str, str]) -> None:
    """Entra ID refuses in JSON: another's page with a 400 says nothing of our credentials."""
    retry_after = headers.get("Retry-After")
    if status == codes.TOO_MANY_REQUESTS or status >= codes.INTERNAL_SERVER_ERROR:
        raise TokenEndpointError(str(status), status, retry_after)
    kind = headers.get("Content-Type", "")
    if status >= codes.BAD_REQUEST and kind and "json" not in kind.lower():
        raise TokenEndpointError(f"{status} with {kind} instead of JSON", status, retry_after)


async def token_of(credential: AsyncTokenCredential, scope: str) -> AccessToken:
    """A token of this credential; azure-core lets through what zlib says of an answer that is not what it is called.

    Raises:
        TokenEndpointError: that, and whatever else the credential raises.
    """
    try:
        return await credential.get_token(scope)
    except zlib.error:
        raise TokenEndpointError("in another encoding than it said", codes.OK, None) from None


class RenewableCredential(AsyncTokenCredential):
    """A credential with the token it gave, which can be told that Graph has refused it before its time was up.

    One request at a time asks for a token; the others take what it got. `generation` says which token a request had.
    """

    def __init__(self, open_anew: Callable[[], AsyncTokenCredential], scope: str) -> None:
        self._open_anew = open_anew
        self._scope = scope
        self._current = open_anew()
        self._opened = [self._current]
        self._asking = asyncio.Lock()
        self._token = AccessToken("", 0)
        self._is_refused = False
        self.generation = 0

    async def sign_in(self, admit: Callable[[], Awaitable[None]], within: float) -> None:
        """See to it that there is a token that lasts. `admit` comes back when the token endpoint may be asked.

        Raises:
            ClientAuthenticationError, GraphCredentialsError: who we are is not believed.
            AzureError, httpx.RequestError, TimeoutError: it was not to be had `within` seconds.
        """
        async with self._asking:
            if self._is_refused or self._token.expires_on - RENEW_BEFORE_EXPIRY_SECONDS < time.time():
                await admit()
                async with asyncio.timeout(within):
                    self._token = await self._ask()
                self._is_refused = False

    async def _ask(self) -> AccessToken:
        try:
            return await token_of(self._current, self._scope)
        except ClientAuthenticationError as error:
            # A managed identity's is heard only here: its own retries have listened in vain.
            headers = getattr(error.response, "headers", {})
            _must_have_answered(error.status_code or codes.UNAUTHORIZED, headers)
            raise

    def renew(self, generation: int) -> None:
        """The next request asks for a new token, once for all those whose token of this generation was refused.

        What other requests are still using is closed at the end.
        """
        if generation != self.generation:
            return
        self.generation += 1
        self._is_refused = True
        self._current = self._open_anew()
        self._opened.append(self._current)

    async def get_token(self, *_scopes: str, **_kwargs: Any) -> AccessToken:  # noqa: ANN401 - azure's own protocol
        """The token of the last `sign_in`."""
        return self._token

    async def close(self) -> None:
        for credential in self._opened:
            await credential.close()

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class LoopbackCredential(AsyncTokenCredential):
    """Client credentials over plain http, which azure-identity rightly refuses: for a stand-in on this machine only."""

    def __init__(self, token_url: str, settings: Settings, client_secret: str, answer_within: float) -> None:
        self._token_url = token_url
        self._settings = settings
        self._answer_within = answer_within
        self._form = {
            "grant_type": "client_credentials",
            "client_id": settings.graph_client_id,
            "client_secret": client_secret,
            "scope": settings.graph_scope,
        }

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,  # noqa: ANN401 - azure's own protocol
    ) -> AccessToken:
        """A new token.

        Raises:
            GraphCredentialsError: the token endpoint refuses.
            TokenEndpointError, httpx.RequestError: it is ill, or not there.
        """
        del scopes, claims, tenant_id, enable_cae, kwargs
        directly = httpx.AsyncHTTPTransport(verify=trusted_authorities())
        async with httpx.AsyncClient(timeout=self._answer_within, transport=directly) as http:
            response = await http.post(self._token_url, data=self._form)
        _must_have_answered(response.status_code, response.headers)
        if response.status_code != codes.OK:
            raise GraphCredentialsError(refused(self._settings))
        try:
            answer = response.json()
            return AccessToken(answer["access_token"], int(time.time()) + int(answer["expires_in"]))
        except (ValueError, KeyError, TypeError):
            raise TokenEndpointError("something else than a token", response.status_code, None) from None

    async def get_token_info(self, *scopes: str, **kwargs: Any) -> AccessTokenInfo:  # noqa: ANN401 - azure's own protocol
        del kwargs
        token = await self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def __aexit__(self, *_exception: object) -> None:
        """Nothing is kept open."""
