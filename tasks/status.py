"""How the system is, for those who look in Prefect: one page, made at the end of every night and on demand."""

from collections.abc import Iterable, Mapping, Sequence
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
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from config.deployments import NIGHT
from config.installation import TAG, keyed, named
from config.settings import Settings, load_settings
from integrations.database.health import Figures, read_figures
from integrations.database.nights import EndedNight, record_night, went_well_since
from integrations.database.reading import reading
from integrations.graph.expiry import credential_of
from tasks.judging import FAILED, WENT_WELL, LastNight, Line, Nights, backup_line, clock, is_all_well, judge
from tasks.night import Night, today_in_oslo
from tasks.repairs import form_links

KEY = "hvordan-star-det-til"
RUNS_LOOKED_AT = 10
"""Dry runs among them are passed over."""
HOW_IT_WENT = {
    StateType.COMPLETED: WENT_WELL,
    StateType.FAILED: FAILED,
    StateType.CRASHED: "stoppet uten å bli ferdig",
    StateType.CANCELLED: "ble avbrutt",
}


def remember_night(night: Night, counts: Mapping[str, int], *, is_well: bool) -> None:
    """That it came to its end, before anybody is told: Prefect may not be there to tell. A dry run is undone."""
    with night.database.transaction() as connection:
        record_night(connection, EndedNight(night.on, datetime.now(UTC), is_well, counts))


def was_done_meanwhile(night: Night, since: datetime) -> bool:
    """Whether another run has done this very night, and done it well, since that instant."""
    with night.database.transaction() as connection:
        return went_well_since(connection, night.on, since)


def show_status(night: Night) -> None:
    """At the end of a night, which Prefect does not know the end of yet; a dry run leaves the last picture alone."""
    if not night.dry_run:
        with night.database.transaction() as connection:
            figures = read_figures(connection, night.on)
        _publish(_judged(figures, night.settings), night.settings)


def show_status_now() -> list[Line]:
    """On demand, while a night runs as well: it only reads.

    Raises:
        SettingsError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    lines = look(today_in_oslo())
    _publish(lines, load_settings())
    return lines


def look(on: date) -> list[Line]:
    """The same without a page in Prefect.

    Raises:
        SettingsError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    settings = load_settings()
    with reading(settings.database_url) as connection:
        figures = read_figures(connection, on)
    return _judged(figures, settings)


def _judged(figures: Figures, settings: Settings) -> list[Line]:
    now = datetime.now(UTC)
    lines = judge(figures, read_nights(settings), credential_of(settings), settings.rejected_limit, now)
    return lines if settings.backup_dir is None else [*lines, backup_line(figures.backed_up_at, now)]


def read_nights(settings: Settings) -> Nights:
    """The last night of ours that is over and the next that is scheduled, by Prefect's own word."""
    try:
        with get_client(sync_client=True) as client:
            return Nights(_last(_over(client, settings)), _next(client, settings))
    except (httpx.HTTPError, RuntimeError):  # RuntimeError: Prefect's own server on the command line did not start
        return Nights(None, None, is_answered=False)


def _publish(lines: Sequence[Line], settings: Settings) -> None:
    verdict = "**Alt er i orden.**" if is_all_well(lines) else "**Noe må ses på.**"
    rows = [f"| {line.mark} | {line.what} | {line.said} | {_links(line)} |" for line in lines]
    page = ["# Hvordan står det til?", "", f"{verdict} {clock(datetime.now(UTC))}", ""]
    page += ["| | Hva | Hvordan | Rett det |", "|---|---|---|---|", *rows]
    create_markdown_artifact("\n".join(page), key=keyed(KEY, settings), description="Hvordan står det til?")


def _links(line: Line) -> str:
    return ", ".join(form_links(line.repairs, dict(line.filled_in)))


def _over(client: SyncPrefectClient, settings: Settings) -> list[FlowRun]:
    """Runs of our deployments, which the tag says; what was run by hand is in the database alone."""
    ours = FlowRunFilterTags(all_=[named(TAG, settings)])
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["nightly"])),
        flow_run_filter=FlowRunFilter(state=_one_of(HOW_IT_WENT), tags=ours),
        sort=FlowRunSort.END_TIME_DESC,
        limit=RUNS_LOOKED_AT,
    )


def _last(runs: Iterable[FlowRun]) -> LastNight | None:
    for run in runs:
        if run.end_time is not None and run.state is not None and not run.parameters.get("dry_run"):
            return LastNight(run.end_time, HOW_IT_WENT[run.state.type], run.state.is_completed())
    return None


def _next(client: SyncPrefectClient, settings: Settings) -> datetime | None:
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[named(NIGHT, settings)])),
        flow_run_filter=FlowRunFilter(state=_one_of([StateType.SCHEDULED])),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=1,
    )
    return runs[0].next_scheduled_start_time if runs else None


def _one_of(types: Iterable[StateType]) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
