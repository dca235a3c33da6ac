"""One request and one answer, free of the web framework, and the table that leads from one to the other."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from sandbox.graph.errors import GraphError, bad_request, resource_modified

Document: TypeAlias = dict[str, Any]
"""A JSON object as it comes or goes."""

VERSION = "/v1.0"
MATCH_HEADER = "if-match"


@dataclass(frozen=True, slots=True)
class Call:
    """A request below `/v1.0`. `path` is decoded, header names are in lower case, `origin` has no trailing slash."""

    method: str
    path: str
    origin: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def option(self, name: str) -> str | None:
        """A system query option; Graph takes `$top` and `top` alike."""
        return self.query.get(f"${name}", self.query.get(name))

    def number(self, name: str, default: int, maximum: int) -> int:
        value = self.option(name)
        if value is None:
            return default
        if not value.isdecimal() or int(value) == 0:
            raise bad_request(f"Invalid value '{value}' for ${name} query option found.")
        return min(int(value), maximum)

    def json(self) -> Document:
        """The body as an object.

        Raises:
            GraphError: 400, when it is not one.
        """
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise bad_request("Unable to read JSON request payload.") from None

    @property
    def url(self) -> str:
        """The address without its query."""
        return f"{self.origin}{VERSION}{self.path}"

    def check_match(self, *tags: str) -> None:
        """Honour If-Match, which may name any of an item's tags.

        Raises:
            GraphError: 412, when the caller has seen another version.
        """
        wanted = self.headers.get(MATCH_HEADER)
        if wanted is not None and wanted != "*" and _bare(wanted) not in map(_bare, tags):
            raise resource_modified()


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a JSON object, the bytes of a file, or nothing."""

    status: int = 200
    body: Document | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/octet-stream"


Handler: TypeAlias = Callable[[Call, Mapping[str, str]], Answer]

DRIVE_TARGET = r"(?:(?:items/)?root|items/(?P<item>[^/:]+))(?::/?(?P<path>[^:]*):?)?"
"""An item by id, by path from the root, or by path from another item: `root:/a/b:`, `items/7`, `items/7:/a:`.

Microsoft's client library writes the second form as `items/root:/a/b:`.
"""


class Route:
    """A method and a path with `{names}`; `{target}` stands for the ways to point at a drive item."""

    __slots__ = ("_pattern", "handle", "method")

    def __init__(self, method: str, path: str, handle: Handler) -> None:
        pattern = re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>[^/]+)", path.replace("{target}", "\0"))
        self._pattern = re.compile(pattern.replace("\0", DRIVE_TARGET))
        self.method = method
        self.handle = handle

    def match(self, path: str) -> Mapping[str, str] | None:
        found = self._pattern.fullmatch(path)
        return None if found is None else {name: value or "" for name, value in found.groupdict().items()}


def dispatch(routes: list[Route], call: Call) -> Answer:
    """The answer of the first route that fits.

    Raises:
        GraphError: as the handler refuses, 400 for an unknown address, 405 for a known one with another method.
    """
    known = False
    for route in routes:
        names = route.match(call.path)
        if names is None:
            continue
        if route.method == call.method:
            return route.handle(call, names)
        known = True
    if known:
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    segment = call.path.rsplit("/", 1)[-1]
    raise bad_request(f"Resource not found for the segment '{segment}'.")


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
