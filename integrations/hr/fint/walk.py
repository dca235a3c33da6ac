"""One complete walk of a resource, with proof that it was complete.

A row deleted while pages are read shifts another one out of sight, and a cache that is being filled looks like a small
municipality. So a walk counts only if every page came, the number of different rows is the announced total, and
neither total, cache size nor time of last update moved meanwhile. Otherwise it is walked again.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from integrations.hr.fint.client import FintClient
from integrations.hr.fint.records import Identity
from integrations.hr.http import TRY_LATER
from integrations.hr.source import HrUnreadable
from integrations.hr.values import fault_of

WALKS = 3

R = TypeVar("R", bound=msgspec.Struct)
K = TypeVar("K")


class _Embedded(msgspec.Struct):
    entries: list[msgspec.Raw] = msgspec.field(name="_entries")


class _Page(msgspec.Struct):
    embedded: _Embedded = msgspec.field(name="_embedded")
    total_items: int
    offset: int | None = None


class _CacheSize(msgspec.Struct):
    size: int


class _LastUpdated(msgspec.Struct):
    moment: str | int = msgspec.field(name="lastUpdated")


_PAGE = msgspec.json.Decoder(_Page)
_CACHE_SIZE = msgspec.json.Decoder(_CacheSize)
_LAST_UPDATED = msgspec.json.Decoder(_LastUpdated)
_IDENTITY = msgspec.json.Decoder(Identity)


@dataclass(frozen=True, slots=True)
class Resource(Generic[R, K]):
    """`key` tells rows apart; None where the source's own key must not be read, and a hash of the whole row has to do.

    `keep` makes of a row what the picture needs, at once: 60,000 whole rows would be in the way of everything else.
    """

    name: str
    path: str
    decoder: msgspec.json.Decoder[R]
    key: Callable[[R], str] | None
    keep: Callable[[R], K]


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A row that could not be read: its place in the resource, whose it seems to be, and what is wrong where."""

    place: str
    identity: Identity
    path: str
    reason: str


@dataclass(slots=True)
class Walked(Generic[K]):
    """`updated_at`: when FINT's copy was last brought up to date, as FINT says."""

    rows: list[K] = field(default_factory=list)
    unread: list[UnreadRow] = field(default_factory=list)
    updated_at: datetime | None = None


class _DriftError(Exception):
    """The source changed, or seems to have, while it was read."""


def walk(client: FintClient, resource: Resource[R, K], page_size: int) -> Walked[K]:
    """Every row of the resource.

    Raises:
        HrUnreadable: no answer, or no walk of three could be proven complete, or there is nothing there at all.
    """
    problem = ""
    for _ in range(WALKS):
        try:
            return _walk_once(client, resource, page_size)
        except _DriftError as error:
            problem = str(error)
    raise HrUnreadable(f"{client.address(resource.path)} {problem}, {WALKS} times in a row: {TRY_LATER}")


def _walk_once(client: FintClient, resource: Resource[R, K], page_size: int) -> Walked[K]:
    walked = Walked[K]()
    seen: set[Hashable] = set()
    before = _state(client, resource)
    offset, total = 0, None
    while total is None or offset < total:
        page = client.get(resource.path, _PAGE, {"offset": offset, "size": page_size})
        _check_page(page, offset, total)
        total = page.total_items
        seen.update(_take(walked, resource, page.embedded.entries, offset))
        offset += len(page.embedded.entries)
    if total == 0:
        raise HrUnreadable(
            f"{client.address(resource.path)} lists nothing: ask the HR system's owner whether its cache is filled"
        )
    if len(seen) != total or offset != total:
        raise _DriftError(f"announced {total} rows and gave {len(seen)} different ones")
    if _state(client, resource) != before:
        raise _DriftError("changed while it was read")
    walked.updated_at = _instant(before[1])
    return walked


def _check_page(page: _Page, offset: int, total: int | None) -> None:
    if total is not None and page.total_items != total:
        raise _DriftError("changed its total while it was read")
    if page.offset is not None and page.offset != offset:
        raise _DriftError("gave another page than the one asked for")
    if not page.embedded.entries and offset < page.total_items:
        raise _DriftError("left out a page")


def _state(client: FintClient, resource: Resource[R, K]) -> tuple[int, str]:
    size = client.get(f"{resource.path}/cache/size", _CACHE_SIZE).size
    return size, str(client.get(f"{resource.path}/last-updated", _LAST_UPDATED).moment)


def _instant(milliseconds: str) -> datetime | None:
    """FINT's milliseconds since 1970; None for what is none, or was never set."""
    if not milliseconds.isdecimal() or int(milliseconds) == 0:
        return None
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _take(
    walked: Walked[K], resource: Resource[R, K], entries: Iterable[msgspec.Raw], offset: int
) -> Iterator[Hashable]:
    """Keep the rows of a page, or what is wrong with them; gives for each what tells it apart from all others."""
    decode, keep, key = resource.decoder.decode, resource.keep, resource.key
    for place, raw in enumerate(entries, offset):
        try:
            row = decode(raw)
        except msgspec.DecodeError as error:
            path, reason = fault_of(error, resource.name)
            walked.unread.append(UnreadRow(f"{resource.name}[{place}]", _identity(raw), path, reason))
            yield place
            continue
        walked.rows.append(keep(row))
        yield hash(bytes(raw)) if key is None else key(row)


def _identity(raw: msgspec.Raw) -> Identity:
    try:
        return _IDENTITY.decode(raw)
    except msgspec.DecodeError:
        return Identity()
