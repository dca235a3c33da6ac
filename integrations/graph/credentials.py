"""How we prove who we are: certificate or secret through azure-identity; a plain token request on loopback."""

import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ServiceResponseError
from azure.identity.aio import CertificateCredential, ClientSecretCredential

from config.settings import Settings
from integrations.graph.errors import GraphCredentialsError

SCOPE = "https://graph.microsoft.com/.default"
REFUSED = (
    "Microsoft Graph: the credentials were refused. Look at HK_GRAPH_TENANT_ID, HK_GRAPH_CLIENT_ID and "
    "HK_GRAPH_CERTIFICATE_PATH or HK_GRAPH_CLIENT_SECRET."
)
RENEW_BEFORE_EXPIRY_SECONDS = 300


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The certificate authorities we trust, read once a process: reading them takes 25 ms."""
    return ssl.create_default_context()


def open_credential(settings: Settings) -> AsyncTokenCredential:
    """The credential the settings describe; settings are complete when this is called."""
    tenant, client = settings.graph_tenant_id or "", settings.graph_client_id or ""
    secret = "" if settings.graph_client_secret is None else settings.graph_client_secret.get_secret_value()
    if settings.graph_is_on_loopback:
        origin = settings.graph_base_url.removesuffix("/v1.0")
        return LoopbackCredential(f"{origin}/{tenant}/oauth2/v2.0/token", client, secret)
    if settings.graph_certificate_path is not None:
        return CertificateCredential(tenant, client, str(settings.graph_certificate_path))
    return ClientSecretCredential(tenant, client, secret)


class RenewableCredential(AsyncTokenCredential):
    """A credential that can be told to forget its token, because Graph refused it before its time was up."""

    def __init__(self, open_anew: Callable[[], AsyncTokenCredential]) -> None:
        self._open_anew = open_anew
        self._current = open_anew()
        self._opened = [self._current]

    def renew(self) -> None:
        """The next request asks for a new token. What other requests are still using is closed at the end."""
        self._current = self._open_anew()
        self._opened.append(self._current)

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:  # noqa: ANN401 - azure's own protocol
        return await self._current.get_token(*scopes, **kwargs)

    async def close(self) -> None:
        for credential in self._opened:
            await credential.close()

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class LoopbackCredential(AsyncTokenCredential):
    """Client credentials over plain http, which azure-identity rightly refuses: for a stand-in on this machine only."""

    def __init__(self, token_url: str, client_id: str, client_secret: str) -> None:
        self._token_url = token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": SCOPE,
        }
        self._token: AccessToken | None = None

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,  # noqa: ANN401 - azure's own protocol
    ) -> AccessToken:
        """The token, asked for when there is none that lasts.

        Raises:
            GraphCredentialsError: the token endpoint refuses.
            ServiceResponseError, httpx.TransportError: it is ill, or not there.
        """
        del scopes, claims, tenant_id, enable_cae, kwargs
        if self._token is None or self._token.expires_on - RENEW_BEFORE_EXPIRY_SECONDS < time.time():
            self._token = await self._request_token()
        return self._token

    async def get_token_info(self, *scopes: str, **kwargs: Any) -> AccessTokenInfo:  # noqa: ANN401 - azure's own protocol
        del kwargs
        token = await self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)

    async def _request_token(self) -> AccessToken:
        async with httpx.AsyncClient(timeout=10, verify=trusted_authorities()) as http:
            response = await http.post(self._token_url, data=self._form)
        if response.is_server_error:
            raise ServiceResponseError(f"the token endpoint answered {response.status_code}")
        if response.status_code != httpx.codes.OK:
            raise GraphCredentialsError(REFUSED)
        answer = response.json()
        return AccessToken(answer["access_token"], int(time.time()) + int(answer["expires_in"]))

    async def close(self) -> None:
        """Nothing is kept open."""

    async def __aexit__(self, *_exception: object) -> None:
        """Nothing is kept open."""
