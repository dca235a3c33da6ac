"""Cases that are over and have been kept long enough: what they say of people goes, a figure and a proof stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from agreements.actions import ErrandKind
from agreements.calendar import OSLO
from agreements.case import CLOSED_STATES
from agreements.policy import Retention
from config.sharepoint import CASE_LIBRARY
from integrations.database.outgoing import MAIL, forget_documents
from integrations.database.rejected import FORMER
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import (
    cases,
    employees,
    evaluations,
    filings,
    inbox,
    notices,
    outbox,
    purged_cases,
    purged_filings,
    rejected_rows,
)

NOTHING_LEFT: dict[str, Any] = {"payload": {}, "sender": None, "sender_mail": None, "registered_by": None}
HEARD = ("set_aside", "refused", "replaced", "withdrawn")
WORK_IN_THE_ARCHIVE = (
    ErrandKind.FILE_DOCUMENT,
    ErrandKind.FILE_MESSAGE,
    ErrandKind.UPDATE_ARCHIVE,
    ErrandKind.CLOSE_FOLDER,
)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Numbers of the cases whose time is up: those that may go, and those the archive is not done with."""

    ready: Sequence[str]
    unfiled: Sequence[str]


@dataclass(frozen=True, slots=True)
class UnsentMail:
    """A mail that was tried and never left, by the message id it has in the mailbox, and the cases it tells of."""

    key: str
    message_id: str | None
    case_numbers: Sequence[str]


def overdue(connection: Connection, rules: Retention, today: date) -> Overdue:
    """Cases kept long enough, the oldest first; none where the policy sets no time."""
    last_day = rules.last_day_to_go(today)
    if last_day is None:
        return Overdue((), ())
    rows = connection.execute(_over(rules, last_day).add_columns(_is_unfiled().label("is_unfiled"))).all()
    return Overdue([row.number for row in rows if not row.is_unfiled], [row.number for row in rows if row.is_unfiled])


def number_of_closed(connection: Connection) -> int:
    """How many cases are over, whenever that was."""
    closed = select(func.count()).where(cases.c.state.in_([str(state) for state in CLOSED_STATES]))
    return connection.scalar(closed) or 0


def items_of(connection: Connection, numbers: Sequence[str]) -> list[AnyRow]:
    """What these cases still have in SharePoint: what people filled in in its lists, and files that were set aside.

    The newest version we read of each; none of a list that is no more. Every other file went when the case folder was
    closed.
    """
    newest = func.max(inbox.c.id).label("id")
    of_cases = select(newest).where(
        inbox.c.case_number.in_(numbers),
        or_(inbox.c.source != CASE_LIBRARY, inbox.c.status == "set_aside"),
        inbox.c.registered_by.is_(None),
        ~inbox.c.external_id.contains(FORMER),
    )
    of_items = of_cases.group_by(inbox.c.source, inbox.c.external_id).subquery()
    wanted = select(inbox).join(of_items, of_items.c.id == inbox.c.id).order_by(inbox.c.id)
    return list(connection.execute(wanted))


def unsent_mails_of(connection: Connection, numbers: Sequence[str]) -> list[UnsentMail]:
    """The mails that go with these cases, were tried and never left.

    What is told of anybody else as well is not among them, since it may be sent yet.
    """
    other = notices.alias("other")
    of_others = select(literal(1)).where(
        other.c.outbox_key == outbox.c.key,
        or_(other.c.case_number.is_(None), other.c.case_number.not_in(numbers)),
    )
    wanted = select(outbox.c.key, outbox.c.message_id, notices.c.case_number).join(
        notices, notices.c.outbox_key == outbox.c.key
    )
    unsent = wanted.where(
        *(outbox.c.kind == MAIL, outbox.c.status != "done", outbox.c.attempts > 0),
        *(notices.c.case_number.in_(numbers), ~exists(of_others)),
    )
    rows = connection.execute(unsent.distinct().order_by(outbox.c.key, notices.c.case_number))
    mails = groupby(rows, key=lambda row: (row.key, row.message_id))
    return [UnsentMail(key, message_id, [row.case_number for row in told]) for (key, message_id), told in mails]


def purge(connection: Connection, numbers: Sequence[str], today: date) -> None:
    """Take these cases out, with everything that hangs on them, in the caller's one transaction.

    What stays: a line without a person for the statistics, and of each filed document the hash and the archive's id.
    Of an inbox row it stays that it came, so that it is never taken in again.
    """
    insert_rows(connection, purged_cases, [_figure(row, today) for row in _figures(connection, numbers)])
    proofs = [filings.c[column.name] for column in purged_filings.columns]
    proven = select(*proofs).where(filings.c.case_number.in_(numbers), filings.c.verified_at.is_not(None))
    connection.execute(insert(purged_filings).from_select([column.name for column in purged_filings.columns], proven))
    of_cases = inbox.c.case_number.in_(numbers)
    connection.execute(
        delete(rejected_rows).where(
            or_(
                rejected_rows.c.path.in_(numbers),
                exists(
                    select(literal(1)).where(
                        of_cases, inbox.c.source == rejected_rows.c.source, _as_key() == rejected_rows.c.key
                    )
                ),
            )
        )
    )
    connection.execute(update(inbox).where(of_cases).values(status="purged", **NOTHING_LEFT))
    _purge_mails(connection, numbers)
    connection.execute(delete(cases).where(cases.c.number.in_(numbers)))


def purge_loose_ends(connection: Connection, rules: Retention, today: date) -> int:
    """What never belonged to a case and is as old: applications set aside, people who left, bytes nobody needs.

    Returns how many inbox rows were emptied.
    """
    last_day = rules.last_day_to_go(today)
    if last_day is None:
        return 0
    loose = and_(
        inbox.c.status.in_(HEARD),
        inbox.c.received_on <= last_day,
        ~exists(select(literal(1)).where(cases.c.number == inbox.c.case_number)),
    )
    connection.execute(
        delete(rejected_rows).where(
            exists(
                select(literal(1)).where(
                    loose, inbox.c.source == rejected_rows.c.source, _as_key() == rejected_rows.c.key
                )
            )
        )
    )
    emptied = connection.execute(update(inbox).where(loose).values(status="purged", **NOTHING_LEFT)).rowcount
    # Whom HR still lists comes back with the next sync; whoever is a party of a case stays as long as it does.
    connection.execute(
        delete(employees).where(
            employees.c.absent_since.is_not(None),
            employees.c.left_on <= last_day,
            ~exists(select(literal(1)).where(_involves(employees.c.employee_number))),
        )
    )
    forget_documents(connection)
    return emptied


def _over(rules: Retention, last_day: date) -> Select[tuple[str]]:
    """Where no agreement was needed nothing ended: the day of the application counts."""
    states = [str(state) for state in CLOSED_STATES]
    over = select(cases.c.number).where(
        cases.c.state.in_(states), func.coalesce(cases.c.ended_on, cases.c.applied_on) <= last_day
    )
    if rules.counted_from == "filed":
        next_day = datetime.combine(last_day + timedelta(days=1), time(), OSLO)
        later = filings.c.verified_at >= next_day
        over = over.where(~exists(select(literal(1)).where(filings.c.case_number == cases.c.number, later)))
    return over.order_by(cases.c.id)


def _is_unfiled() -> ColumnElement[bool]:
    """A document is not verified in the archive, or the case folder not closed and emptied."""
    unverified = select(literal(1)).where(filings.c.case_number == cases.c.number, filings.c.verified_at.is_(None))
    work = [str(kind) for kind in WORK_IN_THE_ARCHIVE]
    waiting = select(literal(1)).where(
        outbox.c.case_number == cases.c.number, outbox.c.kind.in_(work), outbox.c.status != "done"
    )
    return or_(exists(unverified), exists(waiting))


def _figures(connection: Connection, numbers: Sequence[str]) -> Sequence[AnyRow]:
    held = select(func.count()).where(evaluations.c.case_number == cases.c.number, evaluations.c.outcome.is_not(None))
    wanted = select(cases, held.scalar_subquery().label("evaluations")).where(cases.c.number.in_(numbers))
    return connection.execute(wanted).all()


def _figure(row: AnyRow, today: date) -> dict[str, object]:
    """Months instead of days, and nobody."""
    return {
        "case_number": row.number,
        "unit_id": row.unit_id,
        "applied_in": row.applied_on.replace(day=1),
        "started_in": None if row.start_on is None else row.start_on.replace(day=1),
        "ended_in": None if row.ended_on is None else row.ended_on.replace(day=1),
        "end_reason": row.end_reason,
        "days_per_week": row.days_per_week,
        "imposed": row.imposed,
        "evaluations": row.evaluations,
        "purged_on": today,
    }


def _purge_mails(connection: Connection, numbers: Sequence[str]) -> None:
    """A mail may speak of several people: once sent it is emptied with the first of them, and it goes with the last.

    One that was given up keeps what it says as long as somebody else is to be told, since it may be sent yet.
    """
    of_cases = notices.c.case_number.in_(numbers)
    mails = list(connection.scalars(select(notices.c.outbox_key).where(of_cases, notices.c.outbox_key.is_not(None))))
    connection.execute(delete(notices).where(of_cases))
    these = and_(outbox.c.kind == MAIL, outbox.c.key.in_(mails))
    still_told = exists(select(literal(1)).where(notices.c.outbox_key == outbox.c.key))
    connection.execute(delete(outbox).where(these, ~still_told))
    connection.execute(update(outbox).where(these, outbox.c.status == "done").values(payload={}))


def _as_key() -> ColumnElement[str]:
    """What the list of deviations calls an inbox row."""
    return cast(inbox.c.id, String)


def _involves(employee_number: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(
        cases.c.employee_number == employee_number,
        cases.c.manager_number == employee_number,
        cases.c.led_by == employee_number,
    )
