"""The report over the scheme: made when it is due or when HR asks for it, filed in the library, and told."""

from collections import Counter
from datetime import date
from hashlib import sha256

from prefect import task
from prefect.artifacts import create_table_artifact
from sqlalchemy import Connection

from agreements.scheme import Period, due_day, period_of, scheme_report
from agreements.scheme_paper import figures, report_document, report_file_name
from config.installation import keyed
from config.sharepoint import REPORT_LIBRARY
from integrations.database import outgoing, scheme
from integrations.database.rows import AnyRow
from integrations.documents.agreement import render_report
from integrations.documents.table import render_table
from integrations.graph.archive import Paper, archive_file
from integrations.graph.client import Graph
from integrations.graph.quickxor import quick_xor_hash
from tasks.batches import LOCAL, NETWORK
from tasks.delivering import deliver_all
from tasks.night import Night, this_night

HEADINGS = {"Del": "part", "Hva": "row", "Kolonne": "column", "Tall": "figure"}
MADE = "rapporter over ordningen laget"
MADE_ALREADY = "rapporten for dagen finnes fra før"


@task(name="make-due-report", **LOCAL)
def make_due_report() -> Counter[str]:
    """The report of the newest day the policy names, once; older days that an outage left out stay out."""
    night = this_night()
    with night.database.transaction() as connection:
        day = due_day(night.policy.evaluation, night.on, scheme.in_force_since(connection))
        if day is None or scheme.is_made(connection, day):
            return Counter()
        _make(connection, night, day)
    return Counter({MADE: 1})


@task(name="make-report", **LOCAL)
def make_report() -> Counter[str]:
    """The report as of the business date, which also is the one that may be due; one a day."""
    night = this_night()
    with night.database.transaction() as connection:
        if scheme.is_made(connection, night.on):
            return Counter({MADE_ALREADY: 1})
        _make(connection, night, night.on)
    return Counter({MADE: 1})


@task(name="file-reports", **NETWORK)
def file_reports() -> Counter[str]:
    """Every file of a report to its library; it counts when it has been read back and found the same."""
    return deliver_all(scheme.FILE_REPORT, _file_report, "rapportfiler lagret", _pretend_filed)


@task(name="show-reports", **LOCAL)
def show_reports() -> None:
    """The figures of tonight's report as an artifact. Units go by their ids, and no group of under five is there."""
    night = this_night()
    with night.database.transaction() as connection:
        made = scheme.reports_made_on(connection, night.on)
    for report in made:
        period = Period(report.period_from, report.as_of)
        shown = f"Evaluering av ordningen, {period.first:%d.%m.%Y} til {period.last:%d.%m.%Y}"
        rows = [{said: line[name] for said, name in HEADINGS.items()} for line in report.figures]
        create_table_artifact(rows, key=keyed("evaluering-av-ordningen", night.settings), description=shown)


def _make(connection: Connection, night: Night, as_of: date) -> None:
    period = period_of(night.policy.evaluation, as_of)
    report = scheme_report(scheme.scheme_cases(connection), night.policy, period)
    document = report_document(report, night.policy, scheme.unit_names(connection))
    files = [
        _file(night, period, "pdf", "application/pdf", render_report(document)),
        _file(night, period, "csv", "text/csv", render_table(document)),
    ]
    by_unit_id = figures(report_document(report, night.policy, {}))
    scheme.add_report(connection, period, files, by_unit_id, (night.on, night.policy.version))


def _file(night: Night, period: Period, file_format: str, media_type: str, content: bytes) -> scheme.ReportFile:
    name = report_file_name(period.as_of, file_format, night.policy)
    path = f"{night.settings.reports_folder.strip('/')}/{name}"
    digest = sha256(content).hexdigest()
    return scheme.ReportFile(file_format, path, media_type, content, digest, quick_xor_hash(content))


async def _file_report(night: Night, graph: Graph, row: AnyRow) -> None:
    with night.database.transaction() as connection:
        filed = scheme.report_file(connection, row)
        content = outgoing.document(connection, filed.sha256)
    if content is None:
        raise AssertionError(f"{row.key}: the content to file is gone before it was verified")
    stored = await archive_file(graph, REPORT_LIBRARY, Paper(filed.path, content, {}))
    with night.database.transaction() as connection:
        scheme.report_filed(connection, filed, stored.item_id, night.on)
        outgoing.done(connection, row.key)


def _pretend_filed(connection: Connection, night: Night, row: AnyRow) -> None:
    scheme.report_filed(connection, scheme.report_file(connection, row), "dry-run", night.on)
