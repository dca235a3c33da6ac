"""Reports over the scheme: what they are made from, and the reports themselves on their way to the library."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Subquery, delete, false, func, insert, select, update

from agreements.actions import Role
from agreements.case import EndReason, EvaluationOutcome, State
from agreements.scheme import GivenEvaluation, Period, SchemeCase
from integrations.database.outgoing import is_needed, keep_document
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import (
    cases,
    documents,
    evaluations,
    events,
    notices,
    outbox,
    scheme_files,
    scheme_reports,
    units,
)

FILE_REPORT = "file_report"
"""The kind of errand in the outbox."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file of a report, its bytes fixed before the first attempt to deliver them."""

    format: str
    path: str
    media_type: str
    content: bytes
    sha256: str
    quick_xor_hash: str


def in_force_since(connection: Connection) -> date | None:
    """The first day on which any agreement held."""
    in_force = _first_time(State.ACTIVE)
    agreed = select(func.min(cases.c.start_on)).join(in_force, in_force.c.case_number == cases.c.number)
    found: date | None = connection.scalar(agreed.where(cases.c.imposed == false()))
    return found


def is_made(connection: Connection, as_of: date) -> bool:
    return connection.scalar(select(scheme_reports.c.as_of).where(scheme_reports.c.as_of == as_of)) is not None


def scheme_cases(connection: Connection) -> list[SchemeCase]:
    """Every case but the imposed ones, the oldest first, in two statements."""
    granted, in_force = _first_time(State.APPROVED), _first_time(State.ACTIVE)
    wanted = (
        select(cases, granted.c.on.label("granted_on"), in_force.c.on.label("active_on"))
        .outerjoin(granted, granted.c.case_number == cases.c.number)
        .outerjoin(in_force, in_force.c.case_number == cases.c.number)
        .where(cases.c.imposed == false())
        .order_by(cases.c.id)
    )
    given = _given_evaluations(connection)
    return [_scheme_case(row, given[row.number]) for row in connection.execute(wanted)]


def unit_names(connection: Connection) -> dict[str, str]:
    return {row.unit_id: row.name for row in connection.execute(select(units.c.unit_id, units.c.name))}


def add_report(
    connection: Connection, period: Period, files: Sequence[ReportFile], figures: object, stamp: tuple[date, str]
) -> None:
    """The report with its files, their content and the errands that deliver them, in the caller's one transaction.

    Args:
        connection: within a transaction.
        period: what it reports on; there is one report for each `as_of`.
        files: what is to lie in the library.
        figures: what it says in numbers, as JSON.
        stamp: the business date, and the version of the policy.
    """
    made_on, policy_version = stamp
    row = {"as_of": period.as_of, "period_from": period.first, "made_on": made_on}
    connection.execute(insert(scheme_reports).values(**row, policy_version=policy_version, figures=figures))
    for file in files:
        keep_document(connection, file.sha256, file.media_type, file.content, made_on)
    insert_rows(
        connection,
        scheme_files,
        [
            {
                "as_of": period.as_of,
                "format": file.format,
                "path": file.path,
                "sha256": file.sha256,
                "quick_xor_hash": file.quick_xor_hash,
                "size": len(file.content),
            }
            for file in files
        ],
    )
    insert_rows(
        connection,
        outbox,
        [
            {
                "key": f"scheme-report/{period.as_of}/{file.format}",
                "kind": FILE_REPORT,
                "payload": {"as_of": period.as_of.isoformat(), "format": file.format},
                "created_on": made_on,
                "status": "pending",
            }
            for file in files
        ],
    )


def report_file(connection: Connection, errand: AnyRow) -> AnyRow:
    """The file that this row of the outbox delivers."""
    as_of, file_format = date.fromisoformat(errand.payload["as_of"]), errand.payload["format"]
    this = (scheme_files.c.as_of == as_of, scheme_files.c.format == file_format)
    return connection.execute(select(scheme_files).where(*this)).one()


def report_filed(connection: Connection, filed: AnyRow, drive_item_id: str, today: date) -> None:
    """The library's copy is proven: our own goes. With the last file of a report HR is told, once."""
    this = (scheme_files.c.as_of == filed.as_of, scheme_files.c.format == filed.format)
    proven = {"drive_item_id": drive_item_id, "verified_at": datetime.now(UTC)}
    connection.execute(update(scheme_files).where(*this).values(proven))
    connection.execute(delete(documents).where(documents.c.sha256 == filed.sha256, ~is_needed()))
    files = connection.execute(select(scheme_files).where(scheme_files.c.as_of == filed.as_of)).all()
    if all(file.verified_at is not None for file in files):
        _tell_hr(connection, filed.as_of, next(file.path for file in files if file.format == "pdf"), today)


def reports_made_on(connection: Connection, day: date) -> list[AnyRow]:
    made = select(scheme_reports).where(scheme_reports.c.made_on == day).order_by(scheme_reports.c.as_of)
    return list(connection.execute(made))


def _tell_hr(connection: Connection, as_of: date, path: str, today: date) -> None:
    key = f"scheme-report/{as_of}/{Role.HR}"
    if connection.scalar(select(notices.c.key).where(notices.c.key == key)) is None:
        row = {"rule": "scheme.report", "template": "scheme_report", "role": Role.HR, "detail": path}
        connection.execute(insert(notices).values(**row, key=key, business_date=today))


def _first_time(state: State) -> Subquery:
    """The business date on which each case first came into this state."""
    came = events.c.to_state == str(state)
    first = select(events.c.case_number, func.min(events.c.business_date).label("on")).where(came)
    return first.group_by(events.c.case_number).subquery()


def _given_evaluations(connection: Connection) -> dict[str, list[GivenEvaluation]]:
    given: dict[str, list[GivenEvaluation]] = defaultdict(list)
    answered = select(evaluations).where(evaluations.c.outcome.is_not(None)).order_by(evaluations.c.sequence)
    for row in connection.execute(answered):
        answers = tuple((column, score) for column, score in row.answers or ())
        given[row.case_number].append(GivenEvaluation(row.given_on, EvaluationOutcome(row.outcome), answers))
    return given


def _scheme_case(row: AnyRow, given: Sequence[GivenEvaluation]) -> SchemeCase:
    has_been_in_force = row.active_on is not None and row.start_on is not None
    return SchemeCase(
        employee_number=row.employee_number,
        unit_id=row.unit_id,
        days_per_week=row.days_per_week,
        state=State(row.state),
        applied_on=row.applied_on,
        granted_on=row.granted_on,
        in_force_on=max(row.active_on, row.start_on) if has_been_in_force else None,
        ended_on=row.ended_on,
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
        evaluations=tuple(given),
    )
