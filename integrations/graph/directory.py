"""E-mail and sign-in name by employee number, looked up in Entra ID (user-list.md, json-batching.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from integrations.graph.answers import json_object
from integrations.graph.client import WORTH_ANOTHER_TRY, Graph
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.gathering import gather
from integrations.graph.patience import seconds_asked

DOING = "GET users by employeeId"
BATCH = "/$batch"
PROPERTIES = "id,employeeId,mail,userPrincipalName,accountEnabled"
BATCHES_AT_A_TIME = 4
MAX_REQUESTS = 20
"""In one batch (json-batching.md)."""
MAX_VALUES = 15
"""In one `in`, unless the query is an advanced one (Graph's known issue 13635, which filter-query-parameter.md names).

The sixteenth is answered 400 "Too many child clauses specified in search filter expression containing 'OR' operators".
"""
MAX_LENGTH = 120
"""Of a value to compare with (the same known issue). No employeeId comes near it, so longer ones are not asked for."""

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What Entra ID knows of one employee. A person without a mailbox has no `mail`."""

    mail: str | None
    user_principal_name: str | None


class _Account(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    employee_id: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    account_enabled: bool | None = None


class _Page(msgspec.Struct, frozen=True):
    value: tuple[_Account, ...]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Part(msgspec.Struct, frozen=True):
    """The answer to one request of a batch."""

    id: str
    status: int
    headers: dict[str, Any] = {}
    body: Any = None

    @property
    def retry_after(self) -> str | None:
        return next((str(value) for name, value in self.headers.items() if name.lower() == "retry-after"), None)


class _Parts(msgspec.Struct, frozen=True):
    responses: tuple[_Part, ...]


class _InnerError(msgspec.Struct, frozen=True):
    request_id: str = msgspec.field(default="-", name="request-id")


class _Reason(msgspec.Struct, frozen=True, rename="camel"):
    code: str = ""
    inner_error: _InnerError = _InnerError()


class _Refusal(msgspec.Struct, frozen=True):
    error: _Reason = _Reason()


async def find_people(graph: Graph, employee_numbers: Sequence[str]) -> dict[str, DirectoryEntry]:
    """The entries of those employees who have one account, or one that is enabled among several.

    Whoever has none is missing in the answer, and so is whoever has several that could be theirs: a mail about one
    person's case must not reach another.

    Raises:
        GraphError: Graph refused one of the questions for good, or throttled it longer than our patience.
        GraphUnreachableError: Graph could not be reached, or answered something else than Graph does.
    """
    wanted = dict.fromkeys(number for number in employee_numbers if number.strip() and len(number) <= MAX_LENGTH)
    questions = [_question(numbers) for numbers in _chunks(list(wanted), MAX_VALUES)]
    found: dict[str, dict[str, _Account]] = {number: {} for number in wanted}
    for account in await _accounts(graph, _chunks(questions, MAX_REQUESTS)):
        # Graph compares without regard to case; to us A7 and a7 are two people.
        if account.employee_id in found:
            found[account.employee_id][account.id] = account
    entries = {number: _entry(list(accounts.values())) for number, accounts in found.items()}
    return {number: entry for number, entry in entries.items() if entry is not None}


def _entry(accounts: Sequence[_Account]) -> DirectoryEntry | None:
    if len(accounts) > 1:
        accounts = [account for account in accounts if account.account_enabled]
    if len(accounts) != 1:
        return None
    return DirectoryEntry(accounts[0].mail or None, accounts[0].user_principal_name or None)


def _question(numbers: Sequence[str]) -> str:
    values = ",".join("'" + number.replace("'", "''") + "'" for number in numbers)
    # Nothing is safe: a bare plus sign would be read as a space.
    return f"/users?$filter={quote(f'employeeId in ({values})', safe='')}&$select={PROPERTIES}"


async def _accounts(graph: Graph, batches: Iterator[Sequence[str]]) -> list[_Account]:
    async def ask(questions: Sequence[str]) -> list[_Account]:
        return [account for page in await _first_pages(graph, questions) for account in await _all(graph, page)]

    return [account for answer in await gather(batches, ask, BATCHES_AT_A_TIME) for account in answer]


async def _first_pages(graph: Graph, questions: Sequence[str]) -> list[_Page]:
    """One batch. What is throttled in it is asked again, after the longest of the times asked for; the rest is not."""
    open_questions = {str(ordinal): question for ordinal, question in enumerate(questions)}
    pages: list[_Page] = []
    tries = graph.tries()
    while True:
        throttled: list[_Part] = []
        for part in await _batch(graph, open_questions):
            if part.status in WORTH_ANOTHER_TRY:
                throttled.append(part)
            else:
                pages.append(_page(part))
                del open_questions[part.id]
        if not throttled:
            return pages
        longest = max(throttled, key=lambda part: seconds_asked(part.retry_after, graph.now()) or 0.0)
        if longest.retry_after is not None:
            graph.slow_down(BATCH, longest.retry_after)
        if not await graph.another_try(tries, longest.retry_after):
            raise _refusal(longest)


async def _batch(graph: Graph, questions: Mapping[str, str]) -> tuple[_Part, ...]:
    """The answers to all questions, in any order. One that is missing is no answer: it would pass for 'not found'."""
    requests = [{"id": key, "method": "GET", "url": question} for key, question in questions.items()]
    response = await graph.repeatable("POST", BATCH, DOING, body={"requests": requests})
    parts = _read(json_object(response, DOING), _Parts).responses
    if sorted(part.id for part in parts) != sorted(questions):
        raise _not_graph()
    return parts


async def _all(graph: Graph, page: _Page) -> list[_Account]:
    accounts = list(page.value)
    while page.next_link is not None:
        page = _read(await graph.get(page.next_link, DOING), _Page)
        accounts += page.value
    return accounts


def _page(part: _Part) -> _Page:
    if part.status != HTTPStatus.OK:
        raise _refusal(part)
    return _read(part.body, _Page)


def _refusal(part: _Part) -> GraphError:
    try:
        reason = msgspec.convert(part.body, _Refusal).error
    except msgspec.ValidationError:
        reason = _Reason()
    return GraphError(part.status, reason.code or "(no error code)", reason.inner_error.request_id, DOING)


def _read(answer: object, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError:
        raise _not_graph() from None


def _not_graph() -> GraphUnreachableError:
    return GraphUnreachableError(
        f"Microsoft Graph: {DOING} was answered in part or not as Graph does; try again later."
    )


def _chunks(entries: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
