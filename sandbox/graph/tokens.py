"""Access tokens by the client credentials flow of Microsoft Entra ID."""

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from sandbox.graph.exchange import Answer, Document

LIFETIME_SECONDS = 3600


@dataclass
class Tokens:
    """Gives and checks tokens. They are signed, not stored, so that they outlive a restart.

    `roles` are the permissions consented to in Entra ID. `now` is real time in seconds, not the sandbox's business
    time: a client counts `expires_in` on its own watch.
    """

    tenant_id: str
    client_id: str
    client_secret: str
    roles: Callable[[], Iterable[str]] = tuple
    now: Callable[[], float] = time.time
    _generation: int = field(default=0, init=False)

    def answer(self, tenant: str, form: Mapping[str, str]) -> Answer:
        """The answer to `POST /{tenant}/oauth2/v2.0/token`."""
        if tenant != self.tenant_id:
            return _refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client_id:
            return _refusal(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        if not form.get("scope", "").endswith("/.default"):
            return _refusal(400, "invalid_scope", 1002012, "The provided value for scope is not valid.")
        if not hmac.compare_digest(form.get("client_secret", ""), self.client_secret):
            return _refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
        token = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "ext_expires_in": LIFETIME_SECONDS}
        return Answer(body={**token, "access_token": self.issue()})

    def issue(self) -> str:
        """A token in the usual three parts."""
        claims = {
            "aud": "https://graph.microsoft.com",
            "tid": self.tenant_id,
            "appid": self.client_id,
            "roles": sorted(self.roles()),
            "exp": self.now() + LIFETIME_SECONDS,
            "generation": self._generation,
        }
        signed = _part({"typ": "JWT", "alg": "HS256"}) + "." + _part(claims)
        return f"{signed}.{self._signature(signed)}"

    def accepts(self, authorization: str | None) -> bool:
        """Whether the Authorization header carries a token that is ours, not expired and not revoked."""
        scheme, _, token = (authorization or "").partition(" ")
        signed, _, signature = token.rpartition(".")
        if scheme.lower() != "bearer" or not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return False
        encoded = signed.partition(".")[2]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        return bool(claims["generation"] == self._generation and self.now() < claims["exp"])

    def revoke_all(self) -> None:
        """Refuse every token given so far."""
        self._generation += 1

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self.client_secret.encode(), signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _part(claims: Document) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")


def unavailable(status: int, headers: Mapping[str, str]) -> Answer:
    """What Entra ID answers when it was asked too often, or is ill; `headers` may hold its Retry-After."""
    answer = _refusal(status, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
    return Answer(answer.status, answer.body, headers)


def _refusal(status: int, error: str, number: int, sentence: str) -> Answer:
    trace = str(uuid.uuid4())
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    description = f"AADSTS{number}: {sentence} Trace ID: {trace} Correlation ID: {trace} Timestamp: {moment}"
    body: Document = {
        "error": error,
        "error_description": description,
        "error_codes": [number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": trace,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return Answer(status, body)
