"""GET with a bearer token: one that is given, or one that is fetched when it is needed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self, TypeVar

import msgspec
import requests

from integrations.hr.http import TRY_LATER, WHAT_TO_DO, Bearer, HrHttp, Question, place, read_json, sentence
from integrations.hr.source import HrRefused

ACCEPT = "application/scim+json"
ADVICE = {
    **WHAT_TO_DO,
    400: "check HK_HR_URL and HK_HR_FILTER",
    403: "ask the HR system's owner to let the token read users",
}
GIVEN_TOKEN_ADVICE = {**ADVICE, 401: "check HK_HR_TOKEN; it may have run out or been withdrawn"}
FETCHED_TOKEN_ADVICE = {
    **ADVICE,
    401: "the token came from HK_HR_TOKEN_URL; check that it belongs to the API at HK_HR_URL",
}
TOKEN_ADVICE = {
    **dict.fromkeys(range(400, 500), TRY_LATER),
    **dict.fromkeys((400, 401, 403), "check HK_HR_CLIENT_ID and HK_HR_CLIENT_SECRET"),
    404: "check HK_HR_TOKEN_URL",
}

Parameters = Mapping[str, str | int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScimAccess:
    """Where the service is, and a token, or what fetches one. Secrets stay out of `repr`.

    A token that is given is used, and nothing is fetched then.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


class _Token(msgspec.Struct):
    access_token: str


class ScimClient:
    """Reads from one SCIM service. Use within a `with`; a token that was fetched is renewed once on 401."""

    def __init__(self, access: ScimAccess, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._http = HrHttp(sleep)
        self._token = access.token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()
        self._token = self._access.token

    def address(self, path: str) -> str:
        """Host and path, as messages name it."""
        return place(self._access.url + path)

    def get(self, path: str, read: Callable[[requests.Response], T], parameters: Parameters | None = None) -> T:
        """What `read` makes of what `path` under the service's address answers.

        Raises:
            HrUnreadable: no usable answer after all attempts.
        """
        may_be_old = self._access.token is None and self._token is not None
        try:
            return self._ask(path, read, parameters)
        except HrRefused as refusal:
            if refusal.status != HTTPStatus.UNAUTHORIZED or not may_be_old:
                raise
        self._token = None
        return self._ask(path, read, parameters)

    def get_if_offered(
        self, path: str, read: Callable[[requests.Response], T], parameters: Parameters | None = None
    ) -> T | None:
        """As `get`, for what a service need not offer: None where it refuses. A token that cannot be had is no answer.

        Raises:
            HrUnreadable: no usable answer after all attempts, or no token.
        """
        self._token = self._token or self._fetch_token()
        try:
            return self._ask(path, read, parameters)
        except HrRefused:
            return None

    def _ask(self, path: str, read: Callable[[requests.Response], T], parameters: Parameters | None) -> T:
        self._token = self._token or self._fetch_token()
        advice = FETCHED_TOKEN_ADVICE if self._access.token is None else GIVEN_TOKEN_ADVICE
        question = Question(self._access.url + path, Bearer(self._token), ACCEPT, parameters, advice)
        return self._http.get(question, read)

    def _fetch_token(self) -> str:
        mine = self._access
        if mine.token_url is None or mine.client_id is None or mine.client_secret is None:
            what_to_do = "set HK_HR_TOKEN, or HK_HR_TOKEN_URL, HK_HR_CLIENT_ID and HK_HR_CLIENT_SECRET"
            raise HrRefused(sentence(mine.url, "needs a token", what_to_do))
        form = {
            "grant_type": "client_credentials",
            "client_id": mine.client_id,
            "client_secret": mine.client_secret,
        }
        read = read_json(msgspec.json.Decoder(_Token), "a token")
        return self._http.post_form(mine.token_url, read, form=form, advice=TOKEN_ADVICE).access_token
