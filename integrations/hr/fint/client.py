"""GET with a bearer token that is fetched when it is needed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self, TypeVar

import msgspec

from integrations.hr.http import TRY_LATER, WHAT_TO_DO, Bearer, HrHttp, Question, place, read_json
from integrations.hr.source import HrRefused

SCOPE = "fint-client"
ADVICE = {
    **WHAT_TO_DO,
    401: "the token came from HK_HR_TOKEN_URL; check that it belongs to the API at HK_HR_URL",
}
TOKEN_ADVICE = {
    **dict.fromkeys(range(400, 500), TRY_LATER),
    **dict.fromkeys((400, 401, 403), "check HK_HR_USERNAME, HK_HR_PASSWORD, HK_HR_CLIENT_ID, HK_HR_CLIENT_SECRET"),
    404: "check HK_HR_TOKEN_URL",
}

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


class FintClient:
    """Reads JSON from one FINT API. Use within a `with`; the token is fetched at first need, and renewed on 401."""

    def __init__(self, access: Access, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._http = HrHttp(sleep)
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()
        self._token = None

    def address(self, path: str) -> str:
        """Host and path, as messages name it."""
        return place(self._access.url + path)

    def get(self, path: str, decoder: msgspec.json.Decoder[T], parameters: Mapping[str, int] | None = None) -> T:
        """What `path` under the API's address answers.

        Raises:
            HrUnreadable: no usable answer after all attempts.
        """
        had_token = self._token is not None
        try:
            return self._ask(path, decoder, parameters)
        except HrRefused as refusal:
            if refusal.status != HTTPStatus.UNAUTHORIZED or not had_token:
                raise
        self._token = None
        return self._ask(path, decoder, parameters)

    def _ask(self, path: str, decoder: msgspec.json.Decoder[T], parameters: Mapping[str, int] | None) -> T:
        if self._token is None:
            self._token = self._fetch_token()
        question = Question(self._access.url + path, Bearer(self._token), parameters=parameters, advice=ADVICE)
        return self._http.get(question, read_json(decoder, "FINT's JSON"))

    def _fetch_token(self) -> str:
        form = {
            "grant_type": "password",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
            "username": self._access.username,
            "password": self._access.password,
            "scope": SCOPE,
        }
        read = read_json(msgspec.json.Decoder(_Token), "FINT's JSON")
        return self._http.post_form(self._access.token_url, read, form=form, advice=TOKEN_ADVICE).access_token
