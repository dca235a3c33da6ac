"""Is everything there that a night needs? One line each, by the smallest possible call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from config.errors import ExpectedError
from config.policy_files import load_policy
from config.settings import Settings
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, LISTS
from integrations.database.engine import Database
from integrations.database.ledger import last_good_run
from integrations.database.migrate import must_be_migrated
from integrations.graph.client import Graph, Patience, open_graph
from integrations.graph.drive import drive_id
from integrations.hr import open_source

STALE_AFTER = timedelta(hours=50)
ONE_TRY = Patience(tries=1)


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    is_well: bool
    said: str


def run_checks(settings: Settings) -> list[Line]:
    """Every check, whatever the ones before it said."""
    lines = [
        _line("Policy", lambda: load_policy(settings.policy).name),
        _line("Database", lambda: _database(settings)),
        _line("HR system", lambda: _hr(settings)),
    ]
    return [*lines, *asyncio.run(_graph(settings))]


def _line(what: str, look: Callable[[], str]) -> Line:
    try:
        return Line(what, is_well=True, said=look())
    except ExpectedError as error:
        return Line(what, is_well=False, said=str(error))


def _database(settings: Settings) -> str:
    database = Database.open(settings.database_url)
    try:
        must_be_migrated(database)
        with database.transaction() as connection:
            last = last_good_run(connection)
    finally:
        database.close()
    if last is None:
        return "up to date; employees have never been synced"
    age = datetime.now(UTC) - last
    if age > STALE_AFTER:
        raise ExpectedError(f"employees were last synced {age.days} days ago; look at sync-employees")
    return f"up to date; employees synced {age.total_seconds() / 3600:.0f} hours ago"


def _hr(settings: Settings) -> str:
    snapshot = open_source(settings).read_snapshot()
    return f"{len(snapshot.employees)} employees, {len(snapshot.rejected)} rows that cannot be read"


async def _graph(settings: Settings) -> list[Line]:
    try:
        async with open_graph(settings, ONE_TRY) as graph:
            looks: list[tuple[str, Awaitable[object]]] = [
                *((f"List {each.name}", _list(graph, each.name)) for each in LISTS),
                *((f"Library {library}", drive_id(graph, library)) for library in (CASE_LIBRARY, ARCHIVE_LIBRARY)),
                ("Mailbox", _mailbox(graph, settings.mail_sender or "")),
            ]
            return [await _graph_line(what, look) for what, look in looks]
    except ExpectedError as error:
        return [Line("Microsoft Graph", is_well=False, said=str(error))]


async def _graph_line(what: str, look: Awaitable[object]) -> Line:
    try:
        await look
    except ExpectedError as error:
        return Line(what, is_well=False, said=str(error))
    return Line(what, is_well=True, said="can be reached")


async def _list(graph: Graph, name: str) -> None:
    await graph.get(f"{graph.site}/lists/{name}?$select=id", "GET list")


async def _mailbox(graph: Graph, sender: str) -> None:
    await graph.get(f"/users/{quote(sender)}/messages?$top=1&$select=id", "GET mailbox")
