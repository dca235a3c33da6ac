"""Is everything there that a night needs? One line each, by the smallest possible call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from agreements.calendar import OSLO
from agreements.freshness import Freshness, freshness, hours
from config.errors import ExpectedError
from config.manager_overrides import load_overrides
from config.policy_files import load_policy
from config.settings import Settings
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, LISTS, REPORT_LIBRARY
from integrations.database.ledger import last_good_run
from integrations.database.reading import reading
from integrations.graph.client import Graph, Patience, open_graph
from integrations.graph.drive import drive_id
from integrations.hr import open_source

ONE_TRY = Patience(tries=1)
LIBRARIES = (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)


class Verdict(StrEnum):
    WELL = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"


VERDICTS = {
    Freshness.FRESH: Verdict.WELL,
    Freshness.AGEING: Verdict.WARNING,
    Freshness.STALE: Verdict.FAILURE,
}


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    verdict: Verdict
    said: str


def run_checks(settings: Settings) -> list[Line]:
    """Every check, whatever the ones before it said."""
    lines = [
        _line("Policy", lambda: load_policy(settings.policy).name),
        _line("Manager overrides", lambda: _overrides(settings)),
        _line("Database", lambda: _database(settings)),
        _staff_data(settings),
        _line("HR system", lambda: _hr(settings)),
    ]
    return [*lines, *asyncio.run(_graph(settings))]


def _line(what: str, look: Callable[[], str]) -> Line:
    try:
        return Line(what, Verdict.WELL, look())
    except ExpectedError as error:
        return Line(what, Verdict.FAILURE, str(error))


def _overrides(settings: Settings) -> str:
    overrides = load_overrides(settings.manager_overrides, datetime.now(OSLO).date())
    return f"{len(overrides.of_employees)} for employees, {len(overrides.of_units)} for units"


def _database(settings: Settings) -> str:
    with reading(settings.database_url):
        return "up to date"


def _staff_data(settings: Settings) -> Line:
    """How old the picture of the staff is, by our own last good run and by the source's own word."""
    what = "Staff data"
    try:
        with reading(settings.database_url) as connection:
            last = last_good_run(connection)
    except ExpectedError:
        return Line(what, Verdict.FAILURE, "cannot be looked at; see Database")
    if last is None:
        return Line(what, Verdict.WELL, "employees have never been synced")
    now = datetime.now(UTC)
    ages = [("synced", now - last.finished_at)]
    if last.published_at is not None:
        ages.append(("brought up to date by the HR system", now - last.published_at))
    verdict = max((VERDICTS[freshness(age)] for _, age in ages), key=list(Verdict).index)
    said = ", ".join(f"{said} {hours(age)} hours ago" for said, age in ages)
    advice = "" if verdict is Verdict.WELL else "; look at the last runs of sync-employees, and at the HR system"
    return Line(what, verdict, said + advice)


def _hr(settings: Settings) -> str:
    snapshot = open_source(settings).read_snapshot()
    return f"{len(snapshot.employees)} employees, {len(snapshot.rejected)} rows that cannot be read"


async def _graph(settings: Settings) -> list[Line]:
    try:
        async with open_graph(settings, ONE_TRY) as graph:
            looks: list[tuple[str, Awaitable[object]]] = [
                *((f"List {each.name}", _list(graph, each.name)) for each in LISTS),
                *((f"Library {library}", drive_id(graph, library)) for library in LIBRARIES),
                ("Directory", _directory(graph)),
                ("Mailbox", _mailbox(graph, settings.mail_sender or "")),
            ]
            return [await _graph_line(what, look) for what, look in looks]
    except ExpectedError as error:
        return [Line("Microsoft Graph", Verdict.FAILURE, str(error))]


async def _graph_line(what: str, look: Awaitable[object]) -> Line:
    try:
        await look
    except ExpectedError as error:
        return Line(what, Verdict.FAILURE, str(error))
    return Line(what, Verdict.WELL, "can be reached")


async def _list(graph: Graph, name: str) -> None:
    await graph.get(f"{graph.site}/lists/{name}?$select=id", "GET list")


async def _directory(graph: Graph) -> None:
    """People whom HR gives no address are looked up here (User.Read.All)."""
    await graph.get("/users?$top=1&$select=id", "GET users")


async def _mailbox(graph: Graph, sender: str) -> None:
    await graph.get(f"/users/{quote(sender)}/messages?$top=1&$select=id", "GET mailbox")
