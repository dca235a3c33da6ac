"""What an answer of Graph's must hold: a page of somebody else's, or JSON that is not Graph's, is no answer."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, NoReturn

import httpx

from integrations.graph.errors import GraphError, GraphUnreachableError

IN_OTHER_WORDS = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    }
)
"""What a pre-authenticated address says in SharePoint's own words or in none: it is over, or has these bytes. Whoever
is told so looks at the file's place before anything is concluded."""
NO_CODE = "(no error code)"


class _Answer(dict[str, Any]):
    """JSON that says so when it lacks what an answer of Graph's has: whoever else answers in JSON is not Graph."""

    def __init__(self, content: Mapping[str, Any], doing: str) -> None:
        super().__init__(content)
        self._doing = doing

    def __missing__(self, name: str) -> NoReturn:
        raise not_as_graph(self._doing, name)


def not_as_graph(doing: str, lacking: str = "id") -> GraphUnreachableError:
    """What to raise of JSON from somebody else; `lacking` is what Graph's would have."""
    return GraphUnreachableError(
        f"Microsoft Graph: {doing} was answered with JSON that is not Graph's (without «{lacking}»); try again later."
    )


def json_object(response: httpx.Response, doing: str) -> dict[str, Any]:
    """The answer as JSON. What it lacks raises GraphUnreachableError when it is asked for with [].

    Raises:
        GraphUnreachableError: a proxy's page, or anything else that Graph does not answer.
    """
    try:
        answer = response.json(object_hook=lambda content: _Answer(content, doing))
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        kind = response.headers.get("Content-Type", "no type")
        raise GraphUnreachableError(
            f"Microsoft Graph: {doing} was answered with {kind} instead of JSON; try again later."
        )
    return answer


def checked(response: httpx.Response, doing: str, believed: Collection[int] = ()) -> httpx.Response:
    """The answer of whoever may say that something is done, or is refused.

    A refusal of Graph's has a code of its own (concepts/errors.md); a gateway's page with a 404 is no proof that
    anything is gone. What says only that the service is ill, or throttles us, is so whoever says it. So are the
    statuses that are `believed`, and a 410 that says where to begin anew (listitem-delta.md).

    Raises:
        GraphError: Graph, or the address it gave us, said no.
        GraphUnreachableError: somebody else answered.
    """
    is_read = response.request.method == "GET"
    if is_read and (response.is_success or response.status_code == HTTPStatus.FOUND):
        return response
    if response.is_success:
        if response.content:
            # A proxy's page with status 200 must not pass for something that has been done.
            json_object(response, doing)
        return response
    code = _error_code(response)
    refusal = GraphError(response.status_code, code or NO_CODE, response.headers.get("request-id", "-"), doing)
    starts_anew = response.status_code == HTTPStatus.GONE and "Location" in response.headers
    if code is None and not (refusal.may_pass or starts_anew or response.status_code in believed):
        kind = response.headers.get("Content-Type", "no type")
        raise GraphUnreachableError(
            f"Microsoft Graph: {doing} was answered {response.status_code} ({kind}) by somebody else on the way, since "
            "it is no error of Graph's; try again later."
        )
    raise refusal


def _error_code(response: httpx.Response) -> str | None:
    try:
        code = response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None
    return code if isinstance(code, str) and code else None


def id_in(response: httpx.Response, doing: str) -> str:
    """The id of what was written, without which it was not. Raises as `json_object`."""
    return str(json_object(response, doing)["id"])


def entries_of(page: Mapping[str, Any], doing: str) -> list[dict[str, Any]]:
    """Raises GraphUnreachableError when it is no page of a collection, whoever has answered with it."""
    entries = page.get("value")
    if not isinstance(entries, list):
        raise GraphUnreachableError(
            f"Microsoft Graph: {doing} was answered with something else than a page; try again later."
        )
    return entries
