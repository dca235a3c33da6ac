"""What HR typed in a form leaves Prefect when the form is over: our database has it, or it was refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from httpx import HTTPError
from prefect import task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import Pause, TerminationSignal
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Crashed, Scheduled

from config.errors import ExpectedError
from config.installation import POOL, TAG, keyed, named
from config.settings import Settings
from tasks.batches import LOCAL
from tasks.night import this_night

EMPTY: dict[str, Any] = {"form": {}}
"""The parameters of a run whose form is over. A run that is tried again with these is refused."""
EMPTIED = "skjemaer tømt i Prefect"
STOPPED = "skjemaer som stoppet, og må sendes på nytt"
TRIED_AGAIN = "skjemaer som stoppet, og prøves igjen"
RUNS_IN_A_QUERY = 200
CUT_OFF = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED)
"""States in which a form may be whose process is gone. Crashed is what the automation about silent runs makes of it."""
SILENT_FOR = timedelta(hours=1)
"""A worker begins a run in seconds, and a form that runs waits minutes for its turn: the lease is the night's now."""
HEARTBEAT = "prefect.flow-run.heartbeat"
HEARD_WITHIN = timedelta(minutes=15)
"""Five of Prefect's usual 180 seconds."""
NEVER_BEGAN = "Kjøringen begynte aldri, så ingenting er registrert. Fyll ut skjemaet på nytt."
NEVER_ENDED = (
    "Kjøringen stoppet før den var ferdig. Se i «Vis sak» om det er registrert, og fyll ellers ut skjemaet på nytt."
)
PARKED = "Venter"
"""The state of a form that comes again when its turn has not come. Automations know it by this name."""
COMES_AGAIN = (
    "En annen kjøring er i gang. Skjemaet er tatt vare på, og prøves igjen av seg selv. Ikke send det på nytt."
)
RESTARTED = (
    "Kjøringen ble avbrutt fordi tjenesten stoppet. Skjemaet er tatt vare på, og prøves igjen av seg selv. "
    "Ikke send det på nytt."
)
TAKEN_UP = (
    "Kjøringen stoppet før den var ferdig. Skjemaet er tatt vare på, og prøves én gang til av seg selv. "
    "Ikke send det på nytt."
)
"""Said once of a run: whoever brings down its process each time must come to an end."""
AGAIN_AFTER = timedelta(minutes=1)
"""A worker that is told to stop is gone by then, so that it does not take what it has just let go of."""


class PrefectUnreachableError(ExpectedError):
    """Prefect's server does not answer, or not as it should."""


@contextmanager
def emptied_afterwards() -> Iterator[None]:
    """Overwrite what was filled in, however the block ends, unless it is parked.

    A form whose process is told to end, as when the worker is stopped, is parked as well, unless somebody has cancelled
    it: done twice it does nothing twice. Where Prefect does not answer, the night does it.
    """
    is_over = True
    try:
        yield
    except Pause:
        is_over = False
        raise
    except (KeyboardInterrupt, TerminationSignal):
        is_over = False
        with suppress(HTTPError):
            is_over = deployment.id is None or _is_cancelled()
            if not is_over:
                park(AGAIN_AFTER, RESTARTED)
        raise
    finally:
        if is_over:
            with suppress(HTTPError), get_client(sync_client=True) as client:
                client.update_flow_run(UUID(flow_run.id), parameters=EMPTY)


def _is_cancelled() -> bool:
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(flow_run.id))
    return run.state_type in {StateType.CANCELLING, StateType.CANCELLED}


def park(duration: timedelta, said: str = COMES_AGAIN) -> NoReturn:
    """End this process, and let a worker begin the run anew after `duration`, with what was filled in.

    A run of a deployment only: nobody would begin another.

    Raises:
        Pause: Prefect's own signal that a run ends without being over (prefect.engine, 3.8.8).
        HTTPError: Prefect does not answer.
    """
    again = _parked(duration, said)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(flow_run.id), again, force=True)
    raise Pause(state=again)


def _parked(duration: timedelta, said: str) -> State[Any]:
    return Scheduled(scheduled_time=datetime.now(UTC) + duration, name=PARKED, message=said)


@task(name="empty-ended-forms", **LOCAL)
def empty_ended_forms() -> Counter[str]:
    """This municipality's forms that were killed, cancelled, or could not be emptied at their end.

    Found by the tag of our deployments: nobody else's runs are touched, whatever their parameters are called. Those
    whose process is gone before they came to an end are begun anew once, with what was typed. One that stops again is
    marked Crashed with a sentence, which the alerts tell, and emptied.

    Raises:
        PrefectUnreachableError: the next night tries again.
    """
    night = this_night()
    try:
        with get_client(sync_client=True) as client:
            cut_off = _cut_off(client, night.settings, datetime.now(UTC))
            lost = _lifeless(client, cut_off, datetime.now(UTC))
            again = [run for run in lost if _may_come_again(client, run)]
            stopped = [run for run in lost if run not in again]
            terminal = _runs(client, night.settings, sorted(TERMINAL_STATES))
            known = {run.id for run in cut_off}
            ended = [run for run in terminal if _is_filled_in(run) and run.id not in known]
            if not night.dry_run:
                for run in again:
                    client.set_flow_run_state(run.id, _parked(timedelta(), TAKEN_UP), force=True)
                for run in stopped:
                    client.set_flow_run_state(run.id, _end_of(run), force=True)
                for run in (*stopped, *ended):
                    client.update_flow_run(run.id, parameters=EMPTY)
    except HTTPError as error:
        raise PrefectUnreachableError(
            f"Prefect svarte ikke ({type(error).__name__}), så skjemaer ligger der til neste natt."
        ) from None
    to_send_again = sum(not _end_of(run).is_cancelled() for run in stopped)
    return +Counter({EMPTIED: len(stopped) + len(ended), STOPPED: to_send_again, TRIED_AGAIN: len(again)})


def _cut_off(client: SyncPrefectClient, settings: Settings, now: datetime) -> list[FlowRun]:
    """Forms that did not come to an end, and have not said anything for long."""
    return [
        run
        for run in _runs(client, settings, CUT_OFF, pool=keyed(POOL, settings))
        if _is_filled_in(run)
        and run.state is not None
        and (run.state.is_crashed() or run.state.timestamp < now - SILENT_FOR)
    ]


def _lifeless(client: SyncPrefectClient, cut_off: Sequence[FlowRun], now: datetime) -> list[FlowRun]:
    """Those of them that cannot be at work.

    Whoever is at work holds the lease, and that is ours while we look; one that waits for it has not done so for long.
    What has been heard of lately is left alone all the same: a rehearsal takes no lease.
    """
    heard_of = _heard_of(client, cut_off, now)
    return [run for run in cut_off if str(run.id) not in heard_of]


def _may_come_again(client: SyncPrefectClient, run: FlowRun) -> bool:
    """What nobody has cancelled, and no night has taken up before: the same form twice does nothing twice."""
    if run.state_type is StateType.CANCELLING:
        return False
    return all(state.message != TAKEN_UP for state in client.read_flow_run_states(run.id))


def _heard_of(client: SyncPrefectClient, runs: Sequence[FlowRun], now: datetime) -> set[str]:
    """Ids of those of the runs whose process has given a sign of life."""
    if not runs:
        return set()
    wanted = {
        "event": {"name": [HEARTBEAT]},
        "occurred": {"since": (now - HEARD_WITHIN).isoformat(), "until": now.isoformat()},
        "resource": {"id": [f"prefect.flow-run.{run.id}" for run in runs]},
    }
    by_run = {"countable": "resource"}
    counted = client.request("POST", "/events/count-by/{countable}", path_params=by_run, json={"filter": wanted})
    # Of a process that was seen to end, or missed, signs of life from before say nothing any more.
    silent_since = {
        f"prefect.flow-run.{run.id}": run.state.timestamp for run in runs if run.state and run.state.is_crashed()
    }
    return {
        each["value"].removeprefix("prefect.flow-run.")
        for each in counted.json()
        if datetime.fromisoformat(each["end_time"]) > silent_since.get(each["value"], now - HEARD_WITHIN)
    }


def _end_of(run: FlowRun) -> State[Any]:
    """Of a form whose process is gone. What somebody has cancelled may end in no other way, and is not told."""
    match run.state_type:
        case StateType.PENDING:
            return Crashed(message=NEVER_BEGAN)
        case StateType.CANCELLING:
            return Cancelled(message=NEVER_ENDED)
        case _:
            return Crashed(message=NEVER_ENDED)


def _runs(
    client: SyncPrefectClient, settings: Settings, types: Sequence[StateType], pool: str | None = None
) -> Iterator[FlowRun]:
    """Of our deployments, in one of these states; those of a work pool only when one is named."""
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        tags=FlowRunFilterTags(all_=[named(TAG, settings)]),
    )
    in_pool = None if pool is None else WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    seen = 0
    while found := client.read_flow_runs(
        flow_run_filter=wanted,
        work_pool_filter=in_pool,
        sort=FlowRunSort.ID_DESC,
        limit=RUNS_IN_A_QUERY,
        offset=seen,
    ):
        yield from found
        seen += len(found)


def _is_filled_in(run: FlowRun) -> bool:
    return "form" in run.parameters and run.parameters != EMPTY
