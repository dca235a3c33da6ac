"""Many questions at a time, in the order they were asked; the first that fails is the failure of all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

QuestionT = TypeVar("QuestionT")
AnswerT = TypeVar("AnswerT")


async def gather(
    questions: Iterable[QuestionT], ask: Callable[[QuestionT], Awaitable[AnswerT]], at_a_time: int
) -> list[AnswerT]:
    """The answers, in the order of the questions. Raises what `ask` raised first; the others are broken off."""
    places = asyncio.Semaphore(at_a_time)

    async def answer(question: QuestionT) -> AnswerT:
        async with places:
            return await ask(question)

    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(answer(question)) for question in questions]
    except ExceptionGroup as errors:
        # Whoever waits for the answers knows the error itself, not the group: retries and reports depend on it.
        raise errors.exceptions[0] from None
    return [task.result() for task in asked]
