"""Large files in fragments (driveitem-createuploadsession.md): after any doubt we ask how far it has come, and go on.

The SDK's own task for this fails in several ways; see docs/architecture.md.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from config.errors import ExpectedError
from integrations.graph.answers import json_object
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError, GraphThrottledError, GraphUnreachableError

UNIT = 320 * 1024
FRAGMENT = UNIT * 10
"""Bytes a fragment: a multiple of 320 KiB, under 60 MiB. Ten of them are 3.1 MiB, which little is lost of."""
EXPECTED_RANGE = re.compile(r"(\d+)-(\d*)")
GONE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""The session has expired, or has ended because the whole file is there."""
WORTH_ASKING_HOW_FAR = frozenset(
    {
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def _keep_nowhere(_url: str) -> None:
    """Of an upload that nobody goes on with when this process dies."""


@dataclass(slots=True)
class Session:
    """Where the fragments of one file go. Whoever keeps its address can go on with it after a crash, or end it.

    Attributes:
        url: pre-authenticated, for this one file and some days; None before it is opened and when it is over.
        keep: told of the address before the first byte goes there.
    """

    url: str | None = None
    keep: Callable[[str], None] = _keep_nowhere


async def upload_in_fragments(graph: Graph, address: str, content: bytes, session: Session) -> dict[str, Any] | None:
    """Make the file at `address` (`/drives/…:/name:`), which must not be there. The new item.

    None when the session is over before we saw its end: whether the file is there must be looked for at its place, and
    the next try opens another. So ends one that has expired, and one of an earlier night that is refused or cannot be
    reached: what is wrong with its address (a domain that was renamed, a proxy) need not be wrong with the next. A
    session that is given up is cancelled, so that its bytes do not lie about until it expires.

    Raises:
        GraphError: 409 when the name is taken, 507 when there is no room, and whatever else is refused.
        GraphUnreachableError: Graph did not answer, and was asked often enough.
    """
    is_continued = session.url is not None
    url = session.url or await _open(graph, address, session)
    try:
        return await _send(graph, url, content, is_continued=is_continued)
    except (GraphError, GraphUnreachableError) as error:
        if isinstance(error, GraphError) and error.status in GONE:
            session.url = None
            return None
        if is_continued and _is_throttled(error):
            raise  # another one would have to wait as long, and the next night can go on with this one
        await cancel(graph, session)
        if not is_continued:
            raise
        return None


def _is_throttled(error: ExpectedError) -> bool:
    return isinstance(error, GraphThrottledError) or (
        isinstance(error, GraphError) and error.status == HTTPStatus.TOO_MANY_REQUESTS
    )


async def cancel(graph: Graph, session: Session) -> None:
    """Let go of what has arrived. It expires by itself as well, so that nothing depends on this."""
    url, session.url = session.url, None
    if url is not None:
        with suppress(GraphError, GraphUnreachableError):
            await graph.handed_out("DELETE", url, "DELETE upload session")


async def _open(graph: Graph, address: str, session: Session) -> str:
    body = {"item": {"@microsoft.graph.conflictBehavior": "fail"}}
    opened = await graph.repeatable("POST", f"{address}/createUploadSession", "POST upload session", body=body)
    url: str = json_object(opened, "POST upload session")["uploadUrl"]
    session.url = url
    session.keep(url)
    return url


async def _send(graph: Graph, url: str, content: bytes, *, is_continued: bool) -> dict[str, Any]:
    """Fragment after fragment, none beside another. Our patience begins anew with every byte that has arrived."""
    missing, furthest, tries = (0, len(content)), 0, graph.tries()
    must_ask = is_continued
    doubt: ExpectedError | None = None
    while True:
        try:
            if must_ask:
                missing = await _how_far(graph, url, len(content))
            answer = await _put(graph, url, content, missing)
            if "id" in answer:
                return answer
            missing = first_missing(answer.get("nextExpectedRanges", ()), len(content))
            must_ask, doubt = False, None
        except (GraphError, GraphUnreachableError) as error:
            if isinstance(error, GraphError) and error.status not in WORTH_ASKING_HOW_FAR:
                raise
            must_ask, doubt = True, error
        if missing[0] > furthest:
            furthest, tries = missing[0], graph.tries()
        elif not await graph.another_try(tries, None):
            raise doubt or GraphUnreachableError("Microsoft Graph: PUT fragment is answered, but takes no more bytes.")


async def _put(graph: Graph, url: str, content: bytes, missing: tuple[int, int]) -> dict[str, Any]:
    """One fragment, without an Authorization header, which the address refuses."""
    start, end = missing[0], min(missing[0] + FRAGMENT, missing[1])
    span = f"bytes {start}-{end - 1}/{len(content)}"
    answer = await graph.handed_out(
        "PUT", url, "PUT fragment", body=content[start:end], headers={"Content-Range": span}
    )
    return json_object(answer, "PUT fragment")


async def _how_far(graph: Graph, url: str, total: int) -> tuple[int, int]:
    status = json_object(await graph.handed_out("GET", url, "GET upload session"), "GET upload session")
    return first_missing(status.get("nextExpectedRanges", ()), total)


def first_missing(ranges: Sequence[str], total: int) -> tuple[int, int]:
    """From which byte on to which the service lacks something: it writes `26-` and `26-99` (the last one included).

    Raises:
        GraphError: as for a session that is gone: it lacks nothing, so the file is there or never will be.
    """
    found = [match for text in ranges if (match := EXPECTED_RANGE.fullmatch(text)) is not None]
    starts = sorted((int(match[1]), int(match[2]) + 1 if match[2] else total) for match in found)
    if not starts or starts[0][0] >= total:
        raise GraphError(HTTPStatus.GONE, "nothingExpected", "-", "GET upload session")
    return starts[0][0], min(starts[0][1], total)
