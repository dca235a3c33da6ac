"""How tasks run: a batch of about 500 cases each, results as counts, retries where the network is involved."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from integrations.database.cases import BATCH_SIZE
from integrations.graph.errors import SenderRefusedError
from integrations.graph.outage import is_ill
from integrations.hr.source import HrRefused, HrUnreadable
from tasks.night import this_night

REFUSED = (SenderRefusedError, HrRefused)
"""Of what could not be reached, what a person must see to first."""


def _is_passing(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only what may be better in a minute is worth another try."""
    failure = state.result(raise_on_failure=False)
    is_passing = (is_ill(failure) or isinstance(failure, HrUnreadable)) and not isinstance(failure, REFUSED)
    return is_passing and not this_night().is_hurried


LOCAL: Final[dict[str, Any]] = {"cache_policy": NO_CACHE, "persist_result": False}
"""What makes a night safe to repeat is the database, never Prefect's cache."""

NETWORK: Final[dict[str, Any]] = {
    **LOCAL,
    "retries": 2,
    "retry_delay_seconds": [5, 20],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _is_passing,
}
"""For tasks that talk to other systems; each request has its own patience besides (integrations.graph.client)."""


def batches(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), BATCH_SIZE):
        yield numbers[start : start + BATCH_SIZE]
