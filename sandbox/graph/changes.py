"""Delta queries and paging: what changed since a token, in the order of change, the last change only."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlencode

from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Answer, Call, Document
from sandbox.store import Shelf, Store

CHANGE_COUNTER = "change"
GENERATION_COUNTER = "delta-generation"
TOKEN_NAMES = ("$skiptoken", "$deltatoken", "token", "skiptoken", "deltatoken")
DEFAULT_PAGE = 200
MAX_PAGE = 999


class Changing(Protocol):
    """Something a delta query reports. `changed` is the tenant-wide number of its last change."""

    @property
    def changed(self) -> int: ...
    @property
    def deleted(self) -> bool: ...


ChangingT = TypeVar("ChangingT", bound=Changing)
EntryT = TypeVar("EntryT")


class ChangeFeed(Generic[ChangingT]):
    """The documents of a shelf in the order they last changed, removed ones included."""

    def __init__(self, documents: Shelf[ChangingT]) -> None:
        self._documents = documents
        self._order = dict.fromkeys(sorted(documents, key=lambda key: documents[key].changed))

    def put(self, key: str, document: ChangingT) -> None:
        self._documents[key] = document
        self._order.pop(key, None)
        self._order[key] = None

    def since(self, change: int) -> list[ChangingT]:
        """What changed after `change`, oldest first. Costs what changed, not what exists."""
        return list(self._newest_first(change))[::-1]

    def _newest_first(self, change: int) -> Iterator[ChangingT]:
        for key in reversed(self._order):
            document = self._documents[key]
            if document.changed <= change:
                return
            yield document


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """Where a walk stands: `after` is the last change shown, removals up to `removals_after` are not of interest."""

    after: int = 0
    removals_after: int = 0

    def encode(self, scope: str, generation: int) -> str:
        text = f"{scope};{generation};{self.after};{self.removals_after}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str, scope: str, generation: int) -> "DeltaToken | None":
        """`None` for a token of another list, of an earlier generation, or one this tenant never gave."""
        try:
            text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
            token_scope, token_generation, after, removals_after = text.split(";")
            parsed = cls(int(after), int(removals_after))
        except ValueError:
            return None
        return parsed if (token_scope, token_generation) == (scope, str(generation)) else None


def expire_tokens(store: Store) -> None:
    """Make every delta token given so far unusable, as the service may at any time."""
    store.next_number(GENERATION_COUNTER)


@dataclass(frozen=True, slots=True)
class DeltaPage(Generic[ChangingT]):
    """One page. `link` is the annotation that leads on (`@odata.nextLink` or `@odata.deltaLink`)."""

    documents: list[ChangingT]
    link: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeltaQuery:
    """A delta call on the collection `scope`. `dialect` says how the service names tokens there."""

    call: Call
    scope: str
    generation: int
    page_size: int
    token_names: tuple[str, str] = ("$skiptoken", "$deltatoken")

    def page(self, feed: ChangeFeed[ChangingT], newest_change: int) -> DeltaPage[ChangingT]:
        """The next page of `feed`.

        Raises:
            GraphError: 410 with Location, when the token is not valid any more.
        """
        size = self.call.number("top", self.page_size, self.page_size)
        token = self._token(newest_change)
        changed = [
            document
            for document in feed.since(token.after)
            if not document.deleted or document.changed > token.removals_after
        ]
        page = changed[:size]
        if len(changed) > size:
            return DeltaPage(page, self._link("next", DeltaToken(page[-1].changed, token.removals_after)))
        return DeltaPage(page, self._link("delta", DeltaToken(newest_change)))

    def _token(self, newest_change: int) -> DeltaToken:
        given = next((self.call.query[name] for name in TOKEN_NAMES if name in self.call.query), None)
        if given is None:
            return DeltaToken(0, newest_change)
        if given == "latest":
            return DeltaToken(newest_change)
        token = DeltaToken.decode(given, self.scope, self.generation)
        if token is None:
            message = "Resync required. Replace any local items with the server's version."
            raise GraphError(410, "resyncRequired", message, {"Location": self._url({})})
        return token

    def _link(self, kind: str, token: DeltaToken) -> Mapping[str, str]:
        name = self.token_names[0] if kind == "next" else self.token_names[1]
        encoded = token.encode(self.scope, self.generation)
        return {f"@odata.{kind}Link": self._url({name: encoded})}

    def _url(self, extra: Mapping[str, str]) -> str:
        kept = {name: value for name, value in self.call.query.items() if name not in TOKEN_NAMES}
        query = urlencode({**kept, **extra}, safe="$,'()")
        return f"{self.call.url}?{query}" if query else self.call.url


def paged(
    call: Call,
    entries: Sequence[EntryT],
    shown: Callable[[EntryT], Document],
    default: int = DEFAULT_PAGE,
    maximum: int = MAX_PAGE,
) -> Answer:
    """One page of a plain collection, each entry as `shown`, with a nextLink while there is more."""
    size = call.number("top", default, maximum)
    start = _offset(call)
    body: Document = {"value": [shown(entry) for entry in entries[start : start + size]]}
    if start + size < len(entries):
        kept = {name: value for name, value in call.query.items() if name not in TOKEN_NAMES and name != "$skip"}
        query = urlencode({**kept, "$skiptoken": str(start + size)}, safe="$,'()")
        body["@odata.nextLink"] = f"{call.url}?{query}"
    return Answer(body=body)


def _offset(call: Call) -> int:
    text = call.query.get("$skiptoken", call.query.get("$skip", "0"))
    if not text.isdecimal():
        raise bad_request("The skip token is not valid.")
    return int(text)
