"""Is everything there that a night needs? One line each, by the smallest possible call."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from prefect.settings import PREFECT_UI_URL

from agreements.calendar import OSLO
from agreements.freshness import Freshness, freshness, hours
from config.archive_plan_files import load_archive_plan
from config.errors import ExpectedError
from config.manager_overrides import load_overrides
from config.policy_files import load_policy
from config.settings import LOOPBACK_HOSTS, GraphCredential, Settings
from config.sharepoint import ARCHIVE_LIBRARY, IMPORT_LIBRARY
from hjemmekontor.check_graph import graph_lines
from hjemmekontor.verdicts import Line, Verdict
from integrations.database.ledger import last_good_run
from integrations.database.reading import reading
from integrations.graph.expiry import Credential, Validity, credential_of
from integrations.hr import open_source

VERDICTS = {
    Freshness.FRESH: Verdict.WELL,
    Freshness.AGEING: Verdict.WARNING,
    Freshness.STALE: Verdict.FAILURE,
}

NAMES: Mapping[GraphCredential, str] = {
    "certificate": "Certificate",
    "secret": "Client secret",
    "managed-identity": "Managed identity",
}
UNTOLD: Mapping[GraphCredential, str] = {
    "certificate": "not set",
    "secret": "when it runs out is not known; set HK_GRAPH_SECRET_EXPIRES, and we warn ahead",
    "managed-identity": "does not run out",
}
RENEW = "make a new one beside it, put it in and restart the workers (docs/tenant.md)"


def run_checks(settings: Settings) -> list[Line]:
    """Every check, whatever the ones before it said."""
    lines = [
        _line("Policy", lambda: load_policy(settings.policy).name),
        _line("Archive plan", lambda: _archive_plan(settings)),
        _line("Manager overrides", lambda: _overrides(settings)),
        _line("Database", lambda: _database(settings)),
        _staff_data(settings),
        _line("HR system", lambda: _hr(settings)),
        credential_line(credential_of(settings), datetime.now(UTC)),
        alert_links_line(settings, PREFECT_UI_URL.value()),
    ]
    return [*lines, *asyncio.run(graph_lines(settings))]


def _line(what: str, look: Callable[[], str]) -> Line:
    try:
        return Line(what, Verdict.WELL, look())
    except ExpectedError as error:
        return Line(what, Verdict.FAILURE, str(error))


def _archive_plan(settings: Settings) -> str:
    plan = load_archive_plan(settings.archive_plan)
    where = f"packages in {IMPORT_LIBRARY}" if settings.has_imports else f"documents in {ARCHIVE_LIBRARY}"
    return f"{where}, no arkivmelding" if plan is None else f"{where}, arkivmelding for {plan.format}"


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
        return Line(what, Verdict.WARNING, "employees have never been synced; the first night does it")
    now = datetime.now(UTC)
    ages = [("synced", now - last.finished_at)]
    if last.published_at is not None:
        ages.append(("brought up to date by the HR system", now - last.published_at))
    verdict = max((VERDICTS[freshness(age)] for _, age in ages), key=list(Verdict).index)
    said = ", ".join(f"{said} {hours(age)} hours ago" for said, age in ages)
    advice = "" if verdict is Verdict.WELL else "; look at the last runs of sync-employees, and at the HR system"
    return Line(what, verdict, said + advice)


def credential_line(credential: Credential, now: datetime) -> Line:
    """How long Microsoft 365 still takes our word for who we are."""
    day = "" if credential.ends_at is None else f"{credential.ends_at.astimezone(OSLO):%Y-%m-%d}"
    verdict, said = {
        Validity.LASTING: (Verdict.WELL, f"lasts until {day}"),
        Validity.ENDING: (Verdict.WARNING, f"runs out in {credential.days_left(now)} days ({day}); {RENEW}"),
        Validity.ENDED: (Verdict.FAILURE, f"ran out {day}; {RENEW}"),
        Validity.UNKNOWN: (Verdict.WELL, UNTOLD[credential.kind]),
        Validity.UNREADABLE: (Verdict.FAILURE, "HK_GRAPH_CERTIFICATE_PATH cannot be read as a certificate"),
    }[credential.validity(now)]
    return Line(NAMES[credential.kind], verdict, said)


def alert_links_line(settings: Settings, page: str | None) -> Line:
    """Whether whoever gets an alert by e-mail can open what it links to; on the sandbox's machine anybody can."""
    what = "Links in alerts"
    if settings.ops_mailbox is None:
        return Line(what, Verdict.WELL, "no alerts by e-mail (HK_OPS_MAILBOX is not set)")
    is_reached = page is not None and urlsplit(page).hostname not in LOOPBACK_HOSTS
    if is_reached or settings.graph_is_a_stand_in:
        return Line(what, Verdict.WELL, f"lead to {page}" if page else "none")
    leads = "lead nowhere" if page is None else f"lead to {page}, which opens on that machine alone"
    said = f"{leads}; set PREFECT_UI_URL beside PREFECT_API_URL (worker.env) to the address people open"
    return Line(what, Verdict.WARNING, said)


def _hr(settings: Settings) -> str:
    snapshot = open_source(settings).read_snapshot()
    return f"{len(snapshot.employees)} employees, {len(snapshot.rejected)} rows that cannot be read"
