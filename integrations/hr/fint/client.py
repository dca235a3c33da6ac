"""GET with a bearer token, time limits and a bounded number of new attempts."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from requests.auth import AuthBase

from integrations.hr.source import HrRefused, HrUnreadable

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
SCOPE = "fint-client"

WHAT_TO_DO = {
    400: "check HK_HR_URL",
    401: "the token came from HK_HR_TOKEN_URL; check that it belongs to the API at HK_HR_URL",
    403: "ask the HR system's owner to give the client access to this resource",
    404: "check HK_HR_URL",
}
TOKEN_WHAT_TO_DO = {
    **dict.fromkeys((400, 401, 403), "check HK_HR_USERNAME, HK_HR_PASSWORD, HK_HR_CLIENT_ID, HK_HR_CLIENT_SECRET"),
    404: "check HK_HR_TOKEN_URL",
}
TRY_LATER = "try again later, and ask the HR system's owner if it lasts"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API is and what opens it. The secrets stay out of `repr`, and so out of logs and tracebacks."""

    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)


class _Token(msgspec.Struct):
    access_token: str


class _Bearer(AuthBase):
    """As an auth object and not a header: requests would let a .netrc of the machine replace a header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoAuth(AuthBase):
    """For the token request, for the same reason."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _PassingError(Exception):
    """May be over in a moment; worth another attempt."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class _RefusedError(Exception):
    """An answer that another attempt will not change."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


class FintClient:
    """Reads JSON from one FINT API. Use within a `with`; the token is fetched at first need, and renewed on 401.

    `sleep` takes seconds; tests hand in one that does not wait.
    """

    def __init__(self, access: Access, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._sleep = sleep
        self._session = requests.Session()
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._token = None

    def address(self, path: str) -> str:
        """Host and path, as messages name it."""
        return _without_query(self._access.url + path)

    def get(self, path: str, decoder: msgspec.json.Decoder[T], parameters: Mapping[str, int] | None = None) -> T:
        """What `path` under the API's address answers.

        Raises:
            HrUnreadable: no usable answer after all attempts.
        """
        address = self._access.url + path
        had_token = self._token is not None
        try:
            return self._patiently(address, decoder, lambda: self._ask(address, parameters))
        except _RefusedError as error:
            if error.status != HTTPStatus.UNAUTHORIZED or not had_token:
                raise HrRefused(_sentence(address, str(error), WHAT_TO_DO.get(error.status, TRY_LATER))) from None
        self._token = None
        return self.get(path, decoder, parameters)

    def _ask(self, address: str, parameters: Mapping[str, int] | None) -> requests.Response:
        if self._token is None:
            self._token = self._fetch_token()
        return self._session.get(
            address,
            params=parameters,
            auth=_Bearer(self._token),
            headers={"Accept": "application/json"},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )

    def _fetch_token(self) -> str:
        address = self._access.token_url
        try:
            return self._patiently(address, msgspec.json.Decoder(_Token), self._ask_for_token).access_token
        except _RefusedError as error:
            raise HrRefused(_sentence(address, str(error), TOKEN_WHAT_TO_DO.get(error.status, TRY_LATER))) from None

    def _ask_for_token(self) -> requests.Response:
        form = {
            "grant_type": "password",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
            "username": self._access.username,
            "password": self._access.password,
            "scope": SCOPE,
        }
        return self._session.post(
            self._access.token_url,
            data=form,
            auth=_NoAuth(),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )

    def _patiently(self, address: str, decoder: msgspec.json.Decoder[T], ask: Callable[[], requests.Response]) -> T:
        """Ask until a usable answer comes, at most `ATTEMPTS` times."""
        for attempt in range(ATTEMPTS):
            try:
                return _read(_answer(address, ask), decoder)
            except _PassingError as error:
                problem = error
            if attempt + 1 < ATTEMPTS:
                self._sleep(_pause(attempt, problem.pause))
        raise _unreadable(address, f"{problem}, {ATTEMPTS} times", TRY_LATER)


def _answer(address: str, ask: Callable[[], requests.Response]) -> requests.Response:
    try:
        return ask()
    except requests.exceptions.SSLError:
        raise _unreadable(
            address, "has a certificate this machine does not trust", "have the certificate put right"
        ) from None
    except requests.Timeout:
        raise _PassingError("did not answer in time") from None
    except requests.exceptions.ChunkedEncodingError:
        raise _PassingError("broke off in the middle of an answer") from None
    except requests.ConnectionError:
        raise _PassingError("could not be reached") from None
    except requests.RequestException as error:
        raise _unreadable(address, f"could not be asked ({type(error).__name__})", WHAT_TO_DO[404]) from None


def _read(response: requests.Response, decoder: msgspec.json.Decoder[T]) -> T:
    if response.status_code in PASSING_STATUSES:
        raise _PassingError(f"answered {response.status_code}", _seconds(response.headers.get("Retry-After")))
    if response.status_code != HTTPStatus.OK:
        raise _RefusedError(response.status_code)
    try:
        return decoder.decode(response.content)
    except msgspec.DecodeError:
        # Maintenance and login pages come with status 200, and so do answers cut off by a proxy.
        raise _PassingError("answered with something other than FINT's JSON") from None


def _seconds(retry_after: str | None) -> float | None:
    """Only the form in seconds; for a date the usual pauses do."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None


def _pause(attempt: int, wanted: float | None) -> float:
    usual = FIRST_PAUSE_SECONDS * 2.0**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
    return min(LONGEST_PAUSE_SECONDS, max(usual, wanted or 0.0))


def _unreadable(address: str, what: str, what_to_do: str) -> HrUnreadable:
    return HrUnreadable(_sentence(address, what, what_to_do))


def _sentence(address: str, what: str, what_to_do: str) -> str:
    return f"{_without_query(address)} {what}: {what_to_do}"


def _without_query(address: str) -> str:
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname}{port}{parts.path}"
