"""Failures on order: which calls fail, how, and how often."""

import re
import threading
from typing import Literal

import msgspec

ERROR_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "accessDenied",
    404: "itemNotFound",
    409: "nameAlreadyExists",
    410: "resyncRequired",
    412: "resourceModified",
    423: "resourceLocked",
    429: "TooManyRequests",
    500: "generalException",
    502: "BadGateway",
    503: "serviceNotAvailable",
    504: "UnknownError",
    507: "quotaLimitReached",
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. A call it fits uses it up once; rules are tried in the order they were added.

    Attributes:
        method: HTTP method, `None` for any.
        path_pattern: regular expression searched for in the whole path, such as `/messages/[^/]+/send$`.
        times: how many calls it hits; `None` for every one until it is removed.
        skip: how many fitting calls it lets pass first.
        status: answer with this status and Graph's error body.
        code: Graph's error code, where the usual one for the status is not meant.
        retry_after: the Retry-After header, in seconds or as it stands (an HTTP date).
        delay: seconds to wait before anything else, or after the work with `after_work`.
        drop: cut the connection off before the work, after it, or in the middle of the answer's body (after the work).
        body: answer an HTML page where JSON was due, as proxies do (with `status`, else 200), or one that calls itself
            compressed and is not, or JSON that is not Graph's; or, after the work, the true answer with another file's
            hash in it.
        after_work: do the work, then fail. Without it, a failing call has changed nothing.
    """

    method: str | None = None
    path_pattern: str = ""
    times: int | None = 1
    skip: int = 0
    status: int | None = None
    code: str | None = None
    retry_after: int | str | None = None
    delay: float = 0.0
    drop: Literal["before", "after", "truncate"] | None = None
    body: Literal["html", "miscoded", "foreign", "other_hash"] | None = None
    after_work: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.path_pattern)
        except re.error as error:
            raise ValueError(f"path_pattern is not a regular expression: {error}") from None

    def fits(self, method: str, path: str) -> bool:
        return self.method in {None, method} and re.search(self.path_pattern, path) is not None

    @property
    def works(self) -> bool:
        """Whether the call's work is done although the caller may not learn of it."""
        if self.after_work or self.drop in {"after", "truncate"} or self.body == "other_hash":
            return True
        return self.drop is None and self.status is None and self.body is None

    @property
    def error_code(self) -> str:
        return self.code or ERROR_CODES.get(self.status or 500, "generalException")


class Faults:
    """The rules in force. They live in memory only: a restarted sandbox is healthy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, *rules: Fault) -> None:
        with self._lock:
            self._rules.extend(rules)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """Rules that have not been used up, with what is left of `skip` and `times`."""
        with self._lock:
            return tuple(self._rules)

    def take(self, method: str, path: str) -> Fault | None:
        """The first rule that hits this call, used up once; `None` if all is well."""
        if not self._rules:
            return None
        with self._lock:
            for position, rule in enumerate(self._rules):
                if not rule.fits(method, path):
                    continue
                if rule.skip > 0:
                    self._rules[position] = msgspec.structs.replace(rule, skip=rule.skip - 1)
                    continue
                self._use_up(position, rule)
                return rule
        return None

    def _use_up(self, position: int, rule: Fault) -> None:
        if rule.times is None:
            return
        if rule.times <= 1:
            del self._rules[position]
        else:
            self._rules[position] = msgspec.structs.replace(rule, times=rule.times - 1)
