"""What HR typed in a form leaves Prefect when the form is over: our database has it, or it was refused."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect import task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.runtime import flow_run

from config.errors import ExpectedError
from config.installation import TAG, named
from tasks.batches import LOCAL
from tasks.night import this_night

EMPTY: dict[str, Any] = {"form": {}}
"""The parameters of a run whose form is over. A run that is tried again with these is refused."""
EMPTIED = "skjemaer tømt i Prefect"
RUNS_IN_A_QUERY = 200


class PrefectUnreachableError(ExpectedError):
    """Prefect's server does not answer, or not as it should."""


@contextmanager
def emptied_afterwards() -> Iterator[None]:
    """Overwrite what was filled in, however the block ends; where Prefect does not answer, the night does it."""
    try:
        yield
    finally:
        with suppress(HTTPError), get_client(sync_client=True) as client:
            client.update_flow_run(UUID(flow_run.id), parameters=EMPTY)


@task(name="empty-ended-forms", **LOCAL)
def empty_ended_forms() -> Counter[str]:
    """This municipality's forms that were killed, cancelled, or could not be emptied at their end.

    Found by the tag of our deployments: nobody else's runs are touched, whatever their parameters are called.

    Raises:
        PrefectUnreachableError: the next night tries again.
    """
    try:
        with get_client(sync_client=True) as client:
            filled_in = [run.id for run in _ended_runs(client, named(TAG, this_night().settings)) if _is_filled_in(run)]
            if not this_night().dry_run:
                for run in filled_in:
                    client.update_flow_run(run, parameters=EMPTY)
    except HTTPError as error:
        raise PrefectUnreachableError(
            f"Prefect svarte ikke ({type(error).__name__}), så skjemaer ligger der til neste natt."
        ) from None
    return +Counter({EMPTIED: len(filled_in)})


def _ended_runs(client: SyncPrefectClient, tag: str) -> Iterator[FlowRun]:
    ended = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(TERMINAL_STATES))),
        tags=FlowRunFilterTags(all_=[tag]),
    )
    seen = 0
    while found := client.read_flow_runs(
        flow_run_filter=ended, sort=FlowRunSort.ID_DESC, limit=RUNS_IN_A_QUERY, offset=seen
    ):
        yield from found
        seen += len(found)


def _is_filled_in(run: FlowRun) -> bool:
    return "form" in run.parameters and run.parameters != EMPTY
