"""What an answer of Graph's must hold: a page of somebody else's, or JSON that is not Graph's, is no answer."""

from collections.abc import Mapping
from typing import Any, NoReturn

import httpx

from integrations.graph.errors import GraphUnreachableError


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
