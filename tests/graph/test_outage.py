"""Several failures on end are the service; of nothing else than failures a witness tells; one is that item's."""

import asyncio
from collections import Counter

import pytest

from integrations.graph.errors import GraphCredentialsError, GraphError, GraphUnreachableError, SenderRefusedError
from integrations.graph.outage import Outage, is_ill


@pytest.mark.parametrize(
    ("answers", "begins_at", "is_all"),
    [
        ("xxx", 2, True),
        ("xxxx", 2, True),
        ("xx.xx.xx", None, False),
        ("x.xx.xxx", 7, False),
        ("xx", None, True),
        ("x.", None, False),
        (".x", None, False),
        ("x", None, True),
        ("", None, False),
    ],
)
def test_when_it_may_be_the_service(answers: str, begins_at: int | None, *, is_all: bool) -> None:
    outage = Outage(3)
    begun = []
    for place, answer in enumerate(answers):
        if answer == ".":
            outage.is_answered()
        elif outage.begins():
            begun.append(place)
    assert begun == ([] if begins_at is None else [begins_at])
    assert outage.is_all_there_was is is_all


def test_whoever_goes_on_asks_again_after_as_many_more() -> None:
    outage = Outage(3)
    assert [place for place in range(8) if outage.begins()] == [2, 5]


UNREACHABLE, FAILED, REFUSED = (
    GraphUnreachableError("x"),
    GraphError(503, "x", "-", "x"),
    GraphError(403, "x", "-", "x"),
)


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (UNREACHABLE, True),
        (FAILED, True),
        (SenderRefusedError(REFUSED), True),
        *[(GraphError(status, "x", "-", "x"), status in {429, 500}) for status in (400, 404, 409, 429, 500, 507)],
        (GraphCredentialsError("x"), False),
        (Counter(), False),
    ],
)
def test_what_counts(error: object, *, is_it: bool) -> None:
    assert is_ill(error) is is_it


@pytest.mark.parametrize(
    ("error", "said", "is_it"),
    [
        (UNREACHABLE, None, False),
        (UNREACHABLE, REFUSED, False),
        (UNREACHABLE, FAILED, True),
        (FAILED, UNREACHABLE, True),
        (SenderRefusedError(REFUSED), None, True),
    ],
)
def test_the_witness_tells(error: Exception, said: Exception | None, *, is_it: bool) -> None:
    async def witness() -> None:
        if said is not None:
            raise said

    assert asyncio.run(Outage(3, witness).is_the_service(error)) is is_it


def test_what_has_just_been_answered_needs_no_witness() -> None:
    assert not asyncio.run(Outage(3).is_the_service(UNREACHABLE))
