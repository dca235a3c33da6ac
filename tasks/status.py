"""How the system is, for those who look in Prefect: one page, made at the end of every night and on demand."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from config.deployments import NIGHT
from config.settings import load_settings
from integrations.database.health import read_figures
from integrations.database.reading import reading
from tasks.judging import LastNight, Line, Nights, clock, is_all_well, judge
from tasks.night import Night, today_in_oslo
from tasks.repairs import form_links

KEY = "hvordan-star-det-til"
RUNS_LOOKED_AT = 10
"""Dry runs among them are passed over."""
HOW_IT_WENT = {
    StateType.COMPLETED: "gikk bra",
    StateType.FAILED: "feilet",
    StateType.CRASHED: "stoppet uten å bli ferdig",
    StateType.CANCELLED: "ble avbrutt",
}


def show_status(night: Night, *, is_well: bool) -> None:
    """At the end of a night, which Prefect does not know the end of yet; a dry run leaves the last picture alone."""
    if night.dry_run:
        return
    now = datetime.now(UTC)
    last = LastNight(now, HOW_IT_WENT[StateType.COMPLETED if is_well else StateType.FAILED], is_well)
    with night.database.transaction() as connection:
        figures = read_figures(connection, night.on)
    _publish(judge(figures, Nights(last, read_nights().next_at), night.settings.rejected_limit, now))


def show_status_now() -> list[Line]:
    """On demand, while a night runs as well: it only reads.

    Raises:
        SettingsError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    lines = look(today_in_oslo())
    _publish(lines)
    return lines


def look(on: date) -> list[Line]:
    """The same without a page in Prefect.

    Raises:
        SettingsError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    settings = load_settings()
    with reading(settings.database_url) as connection:
        figures = read_figures(connection, on)
    return judge(figures, read_nights(), settings.rejected_limit, datetime.now(UTC))


def read_nights() -> Nights:
    """The last night that is over and the next that is scheduled, by Prefect's own word."""
    try:
        with get_client(sync_client=True) as client:
            return Nights(_last(_runs(client, set(HOW_IT_WENT))), _next(client))
    except (httpx.HTTPError, RuntimeError):  # RuntimeError: Prefect's own server on the command line did not start
        return Nights(None, None, is_answered=False)


def _publish(lines: Sequence[Line]) -> None:
    verdict = "**Alt er i orden.**" if is_all_well(lines) else "**Noe må ses på.**"
    rows = [f"| {line.mark} | {line.what} | {line.said} | {_links(line)} |" for line in lines]
    page = ["# Hvordan står det til?", "", f"{verdict} {clock(datetime.now(UTC))}", ""]
    page += ["| | Hva | Hvordan | Rett det |", "|---|---|---|---|", *rows]
    create_markdown_artifact("\n".join(page), key=KEY, description="Hvordan står det til?")


def _links(line: Line) -> str:
    return ", ".join(form_links(line.repairs, dict(line.filled_in)))


def _runs(client: SyncPrefectClient, types: Iterable[StateType]) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["nightly"])),
        flow_run_filter=_in_state(types),
        sort=FlowRunSort.END_TIME_DESC,
        limit=RUNS_LOOKED_AT,
    )


def _last(runs: Iterable[FlowRun]) -> LastNight | None:
    for run in runs:
        if run.end_time is not None and run.state is not None and not run.parameters.get("dry_run"):
            return LastNight(run.end_time, HOW_IT_WENT[run.state.type], run.state.is_completed())
    return None


def _next(client: SyncPrefectClient) -> datetime | None:
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[NIGHT])),
        flow_run_filter=_in_state([StateType.SCHEDULED]),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=1,
    )
    return runs[0].next_scheduled_start_time if runs else None


def _in_state(types: Iterable[StateType]) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))
