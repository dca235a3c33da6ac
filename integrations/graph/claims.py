"""What the app's token says that Entra ID has let it do (access-token-claims-reference.md, `roles`)."""

import base64
import binascii
import json

import httpx
from azure.core.exceptions import AzureError, ClientAuthenticationError

from config.settings import Settings
from integrations.graph.credentials import open_credential, refused, token_of
from integrations.graph.errors import GraphCredentialsError, GraphUnreachableError
from integrations.graph.patience import Patience


async def roles_in_token(settings: Settings) -> frozenset[str] | None:
    """The application permissions consented to; None where the token is in no form that can be read.

    What Exchange Online gives by RBAC for Applications, and the role on the site, are in no token.

    Raises:
        GraphCredentialsError: Entra ID refuses the credentials.
        GraphUnreachableError: Entra ID cannot be reached.
    """
    try:
        async with open_credential(settings, Patience().answer_within) as credential:
            token = await token_of(credential, settings.graph_scope)
    except ClientAuthenticationError:
        raise GraphCredentialsError(refused(settings)) from None
    except (AzureError, httpx.RequestError) as error:
        raise GraphUnreachableError(f"Entra ID cannot be reached ({type(error).__name__}).") from None
    return _roles(token.token)


def _roles(token: str) -> frozenset[str] | None:
    """Read, not verified: the token is for Graph, and only Graph must trust it."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    roles = claims.get("roles", []) if isinstance(claims, dict) else None
    return frozenset(map(str, roles)) if isinstance(roles, list) else None
