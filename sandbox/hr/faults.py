"""Faults the sandbox's HR system can be told to have: what a real one does on a bad night."""

import re
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

import msgspec

GARBAGE: dict[str, object] = {"uleselig": True}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. A call it fits uses it up once; rules are tried in the order they were added.

    Attributes:
        path_pattern: regular expression searched for in the path, such as `/arbeidsforhold$`.
        offset: only the page that begins there.
        times: how many calls it hits; `None` for every one until it is cleared.
        skip: how many fitting calls it lets pass first.
        status: answer with this status and no body.
        retry_after: seconds, sent as the Retry-After header.
        delay: seconds to wait before anything else.
        drop: cut the connection off before the answer or in the middle of it.
        body: what comes with status 200 instead: an HTML page, one that calls itself compressed and is not, half of
            the JSON, or a page without entries.
        garbage: rows, counted through the whole resource, that come without anything readable.
    """

    path_pattern: str
    offset: int | None = None
    times: int | None = 1
    skip: int = 0
    status: int | None = None
    retry_after: int | None = None
    delay: float = 0.0
    drop: Literal["before", "truncate"] | None = None
    body: Literal["html", "miscoded", "truncated", "empty-page"] | None = None
    garbage: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        try:
            re.compile(self.path_pattern)
        except re.error as error:
            raise ValueError(f"path_pattern is not a regular expression: {error}") from None

    def fits(self, path: str, offset: int | None) -> bool:
        return self.offset in {None, offset} and re.search(self.path_pattern, path) is not None


@dataclass(slots=True)
class Faults:
    """The rules in force. Safe to change from a test while the server answers in its own thread."""

    _rules: list[Fault] = field(default_factory=list)
    _calls: list[int] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._rules.append(fault)
            self._calls.append(0)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self._calls.clear()

    def strike(self, path: str, offset: int | None) -> Fault | None:
        """The first rule for this request that is not used up; counts it as used once."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                last = None if rule.times is None else rule.skip + rule.times
                if not rule.fits(path, offset) or (last is not None and self._calls[index] >= last):
                    continue
                self._calls[index] += 1
                if self._calls[index] > rule.skip:
                    return rule
        return None
