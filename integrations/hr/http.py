"""Asking an HR system: time limits, a bounded number of attempts, and one line for a person when it does not work."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.auth import AuthBase

from integrations.hr.source import HrRefused, HrUnreadable

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
TRY_LATER = "try again later, and ask the HR system's owner if it lasts"
CHECK_THE_ADDRESS = "check HK_HR_URL"
WHAT_TO_DO = {
    400: CHECK_THE_ADDRESS,
    401: "check HK_HR_USERNAME and HK_HR_PASSWORD",
    403: "ask the HR system's owner to give the client access to this resource",
    404: CHECK_THE_ADDRESS,
}

T = TypeVar("T")


class BrokenContentError(Exception):
    """The answer is not what it should be: cut off, a page for people, another format. Says what, and quotes nothing.

    Maintenance and login pages come with status 200, so the same question is asked again.
    """


class Bearer(AuthBase):
    """As an auth object and not a header: requests would let a .netrc of the machine replace a header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth(AuthBase):
    """For an address that wants no credentials, for the same reason."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True, slots=True)
class Question:
    """What to GET and how. `advice` says what to do about a refusal, by status."""

    address: str
    auth: AuthBase
    accept: str = "application/json"
    parameters: Mapping[str, str | int] | None = None
    advice: Mapping[int, str] = field(default_factory=lambda: WHAT_TO_DO)


class _PassingError(Exception):
    """May be over in a moment; worth another attempt."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class HrHttp:
    """One HR system's session. `sleep` takes seconds; tests hand in one that does not wait."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._session = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, question: Question, read: Callable[[requests.Response], T]) -> T:
        """What `read` makes of the answer, which is streamed: `read` may take it whole or piece by piece.

        Raises:
            HrRefused: an answer that another attempt will not change.
            HrUnreadable: no usable answer after all attempts.
        """

        def ask() -> requests.Response:
            return self._session.get(
                question.address,
                params=question.parameters,
                auth=question.auth,
                headers={"Accept": question.accept},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )

        return self._patiently(question.address, ask, read, question.advice)

    def post_form(
        self,
        address: str,
        read: Callable[[requests.Response], T],
        *,
        form: Mapping[str, str],
        advice: Mapping[int, str] = WHAT_TO_DO,
    ) -> T:
        """Ask for a token. Raises as `get`."""

        def ask() -> requests.Response:
            return self._session.post(
                address,
                data=form,
                auth=NoAuth(),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )

        return self._patiently(address, ask, read, advice)

    def _patiently(
        self,
        address: str,
        ask: Callable[[], requests.Response],
        read: Callable[[requests.Response], T],
        advice: Mapping[int, str],
    ) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return _read(address, ask, read, advice)
            except _PassingError as error:
                problem = error
            if attempt + 1 < ATTEMPTS:
                self._sleep(_pause(attempt, problem.pause))
        raise HrUnreadable(sentence(address, f"{problem}, {ATTEMPTS} times", TRY_LATER))


def read_json(decoder: msgspec.json.Decoder[T], expected: str) -> Callable[[requests.Response], T]:
    """Reads an answer whole; `expected` names what it should have been, such as "FINT's JSON"."""

    def read(response: requests.Response) -> T:
        content = response.content
        try:
            content.decode()  # the decoder does not look at the encoding of what it skips
            return decoder.decode(content)
        except (UnicodeDecodeError, msgspec.DecodeError):
            raise BrokenContentError(f"answered with something other than {expected}") from None

    return read


def sentence(address: str, what: str, what_to_do: str) -> str:
    """The one line of an error: host and path, what is wrong there, what to do. Never a query, which may let in."""
    return f"{place(address)} {what}: {what_to_do}"


def place(address: str) -> str:
    """Host and path of an address, or a file's path, as messages name it."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return address
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname}{port}{parts.path}"


def _read(
    address: str,
    ask: Callable[[], requests.Response],
    read: Callable[[requests.Response], T],
    advice: Mapping[int, str],
) -> T:
    try:
        with closing(ask()) as response:
            _must_be_ok(address, response, advice)
            return read(response)
    except BrokenContentError as error:
        raise _PassingError(str(error)) from None
    except requests.exceptions.SSLError:
        what = "has a certificate this machine does not trust"
        raise HrUnreadable(sentence(address, what, "have the certificate put right")) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise _PassingError("did not answer in time") from None
    except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError):
        raise _PassingError("broke off in the middle of an answer") from None
    except (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        raise _PassingError("answered in another encoding than it said") from None
    except requests.ConnectionError:
        raise _PassingError("could not be reached") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        what = f"could not be asked ({type(error).__name__})"
        raise HrUnreadable(sentence(address, what, CHECK_THE_ADDRESS)) from None


def _must_be_ok(address: str, response: requests.Response, advice: Mapping[int, str]) -> None:
    status = response.status_code
    if status in PASSING_STATUSES:
        raise _PassingError(f"answered {status}", _seconds(response.headers.get("Retry-After")))
    if status != HTTPStatus.OK:
        raise HrRefused(sentence(address, f"answered {status}", advice.get(status, TRY_LATER)), status)


def _seconds(retry_after: str | None) -> float | None:
    """Only the form in seconds; for a date the usual pauses do."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None


def _pause(attempt: int, wanted: float | None) -> float:
    usual = FIRST_PAUSE_SECONDS * 2.0**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
    return min(LONGEST_PAUSE_SECONDS, max(usual, wanted or 0.0))
