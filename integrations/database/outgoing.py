"""What is to go out: errands and mails in the outbox, notices on their way to becoming mails, filings to verify."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import UpdateBase

from agreements.actions import ErrandKind
from agreements.case import OPEN_STATES, FilingKind, RequirementKind
from config.sharepoint import ARCHIVE_LIBRARY
from integrations.database.addresses import mail_of
from integrations.database.rows import AnyRow, insert_rows
from integrations.database.tables import (
    cases,
    documents,
    employees,
    filings,
    notices,
    outbox,
    requirements,
    scheme_files,
    units,
    watermarks,
)

MAIL = "mail"
RESTORED = "restored"
"""Where the day of the last restore stands among the watermarks."""
LOOKED_FOR_AFTER_A_RESTORE = timedelta(days=31)
UNDONE_BY: Mapping[str, Sequence[str]] = {
    ErrandKind.CLOSE_FOLDER: (ErrandKind.OPEN_FOLDER, ErrandKind.SHARE_FOLDER),
    ErrandKind.OPEN_FOLDER: (ErrandKind.CLOSE_FOLDER,),
    ErrandKind.SHARE_FOLDER: (ErrandKind.CLOSE_FOLDER,),
}


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to one address, made of the notices named. Without a `message_id` it goes out under that of its key."""

    key: str
    payload: dict[str, Any]
    notice_keys: Sequence[str]
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document for the archive, its bytes fixed before the first attempt to deliver them. `path` is in `library`."""

    case_number: str
    kind: str
    sequence: int
    path: str
    content: bytes
    media_type: str
    sha256: str
    quick_xor_hash: str
    library: str = ARCHIVE_LIBRARY


def pending(connection: Connection, kind: str) -> list[AnyRow]:
    """Outbox rows of this kind that are still to be done, oldest first."""
    rows = select(outbox).where(outbox.c.status == "pending", outbox.c.kind == kind).order_by(outbox.c.id)
    return list(connection.execute(rows))


def settle_overtaken(connection: Connection, kind: str) -> None:
    """A folder that was to be opened and then to be closed, or the other way round: only the last word is done."""
    opposite = [str(other) for other in UNDONE_BY.get(kind, ())]
    later = outbox.alias("later")
    is_overtaken = exists(
        select(literal(1)).where(
            later.c.case_number == outbox.c.case_number, later.c.kind.in_(opposite), later.c.id > outbox.c.id
        )
    )
    if opposite:
        mine = (outbox.c.status == "pending", outbox.c.kind == str(kind), is_overtaken)
        finished = {"status": "done", "reason": None, "done_at": datetime.now(UTC)}
        connection.execute(update(outbox).where(*mine).values(finished))


def pending_keys(connection: Connection, kind: str) -> list[AnyRow]:
    """The same as key and attempts alone: a thousand mails are not held in memory at once.

    Those that were tried most often come last: some that can never go must not stand before the others every night.
    """
    columns = select(outbox.c.key, outbox.c.attempts)
    rows = columns.where(outbox.c.status == "pending", outbox.c.kind == kind).order_by(outbox.c.attempts, outbox.c.id)
    return list(connection.execute(rows))


def mails(connection: Connection) -> Iterator[AnyRow]:
    """How far every mail is that we know of: key, status, ids in the mailbox, and when it was accepted."""
    wanted = select(outbox.c.key, outbox.c.status, outbox.c.message_id, outbox.c.remote_id, outbox.c.done_at)
    yield from connection.execute(wanted.where(outbox.c.kind == MAIL).execution_options(yield_per=1000))


def begin_attempt(connection: Connection, seen: AnyRow) -> AnyRow | None:
    """Committed before the attempt, so that a later run knows there may be something to look for; the row as it is.

    None when it is not as it was `seen`: another process has taken it, and of two that want to only one does.
    """
    as_seen = (outbox.c.key == seen.key, outbox.c.status == "pending", outbox.c.attempts == seen.attempts)
    counted = update(outbox).where(*as_seen).values(attempts=outbox.c.attempts + 1).returning(*outbox.c)
    return connection.execute(counted).one_or_none()


def remember_remote(connection: Connection, key: str, remote_id: str) -> None:
    connection.execute(update(outbox).where(outbox.c.key == key).values(remote_id=remote_id))


def done(connection: Connection, key: str) -> None:
    finished = {"status": "done", "reason": None, "done_at": datetime.now(UTC)}
    connection.execute(update(outbox).where(outbox.c.key == key).values(finished))


def not_done_after_all(connection: Connection, key: str) -> None:
    """It was believed to be done, and waits again; its id in the other system stays."""
    connection.execute(update(outbox).where(outbox.c.key == key).values(status="pending", done_at=None))


def failed(connection: Connection, key: str, reason: str, *, for_good: bool) -> None:
    """Keep the reason; a failure for good is not tried again by itself."""
    status = "failed" if for_good else "pending"
    connection.execute(update(outbox).where(outbox.c.key == key).values(status=status, reason=reason))


def notices_to_write(connection: Connection) -> list[AnyRow]:
    """Notices not yet in a mail, with what their texts need, in one query.

    A case whose folder is not there yet keeps its notices: nobody is sent to a page that does not exist. One that is
    there and lets somebody not in holds up no mail. What is told of no case comes last.
    """
    employee, manager = aliased(employees), aliased(employees)
    folder = aliased(outbox)
    folder_missing = exists(
        select(literal(1)).where(
            folder.c.case_number == notices.c.case_number,
            folder.c.kind == str(ErrandKind.OPEN_FOLDER),
            folder.c.status == "pending",
            folder.c.remote_id.is_(None),
        )
    )
    return list(
        connection.execute(
            select(
                notices,
                cases.c.days_per_week,
                func.coalesce(cases.c.start_on, cases.c.requested_start_on).label("start_on"),
                cases.c.end_on,
                cases.c.assessment_measures,
                cases.c.discussed_on,
                cases.c.equipment,
                (employee.c.given_name + " " + employee.c.family_name).label("employee_name"),
                employee.c.given_name.label("employee_given_name"),
                mail_of(employee).label("employee_mail"),
                (manager.c.given_name + " " + manager.c.family_name).label("manager_name"),
                manager.c.given_name.label("manager_given_name"),
                mail_of(manager).label("manager_mail"),
            )
            .outerjoin(cases, cases.c.number == notices.c.case_number)
            .outerjoin(employee, employee.c.employee_number == cases.c.employee_number)
            .outerjoin(manager, manager.c.employee_number == cases.c.manager_number)
            .where(notices.c.outbox_key.is_(None), ~folder_missing)
            .order_by(notices.c.case_number.is_(None), cases.c.id, notices.c.key)
        )
    )


def forget_notices(connection: Connection, keys: Sequence[str]) -> None:
    """Notices that are told to nobody; the event that brought them about stays."""
    connection.execute(
        delete(notices).where(notices.c.key == bindparam("forgotten")), [{"forgotten": key} for key in keys]
    )


def missing_requirements(connection: Connection, numbers: Sequence[str]) -> dict[str, set[str]]:
    """What each case still lacks, for the mails that ask for it."""
    lacking: dict[str, set[str]] = defaultdict(set)
    rows = connection.execute(
        select(requirements.c.case_number, requirements.c.kind).where(
            requirements.c.case_number.in_(numbers), requirements.c.received_on.is_(None)
        )
    )
    for row in rows:
        lacking[row.case_number].add(row.kind)
    return lacking


def add_mails(connection: Connection, mails: Sequence[NewMail], today: date) -> None:
    """The mails and the mark on their notices, together: a notice is in one mail, for ever."""
    # One attempt more than we know of, and the mail is looked for in the mailbox before it is sent.
    attempts = int(_may_have_been_sent(connection, today))
    insert_rows(
        connection,
        outbox,
        [
            {
                "key": mail.key,
                "kind": MAIL,
                "payload": mail.payload,
                "message_id": mail.message_id,
                "created_on": today,
                "status": "pending",
                "attempts": attempts,
            }
            for mail in mails
        ],
    )
    marks = [{"notice": notice, "mail": mail.key} for mail in mails for notice in mail.notice_keys]
    if marks:
        in_mail = update(notices).where(notices.c.key == bindparam("notice")).values(outbox_key=bindparam("mail"))
        connection.execute(in_mail, marks)


def looking_first_from(today: date) -> list[UpdateBase]:
    """The database is an older one since today: what it thinks of sending may have been sent.

    Statements, so that they are part of the transaction that brings it; every schema since the first takes them.
    """
    return [
        update(outbox).where(outbox.c.status == "pending").values(attempts=outbox.c.attempts + 1),
        delete(watermarks).where(watermarks.c.source == RESTORED),
        insert(watermarks).values(source=RESTORED, token=today.isoformat()),
    ]


def _may_have_been_sent(connection: Connection, today: date) -> bool:
    restored = connection.scalar(select(watermarks.c.token).where(watermarks.c.source == RESTORED))
    return restored is not None and today <= date.fromisoformat(restored) + LOOKED_FOR_AFTER_A_RESTORE


def filings_to_prepare(connection: Connection) -> list[AnyRow]:
    """Documents that are due in the archive and have no content yet."""
    wanted = select(filings.c.case_number, filings.c.kind, filings.c.sequence).where(filings.c.sha256.is_(None))
    return list(connection.execute(wanted))


def people_of_cases(connection: Connection, numbers: Sequence[str]) -> dict[str, AnyRow]:
    """Names, unit and manager of each case's people, as the documents print them."""
    manager = aliased(employees)
    rows = connection.execute(
        select(
            cases.c.number,
            (employees.c.given_name + " " + employees.c.family_name).label("employee_name"),
            func.coalesce(units.c.name, "").label("unit_name"),
            (manager.c.given_name + " " + manager.c.family_name).label("manager_name"),
            mail_of(employees).label("employee_mail"),
            mail_of(manager).label("manager_mail"),
        )
        .join(employees, employees.c.employee_number == cases.c.employee_number)
        .outerjoin(manager, manager.c.employee_number == cases.c.manager_number)
        .outerjoin(units, units.c.unit_id == employees.c.unit_id)
        .where(cases.c.number.in_(numbers))
    )
    return {row.number: row for row in rows}


def names_of(connection: Connection, employee_numbers: Sequence[str]) -> dict[str, str]:
    """Full names by employee number, for confirmations in documents."""
    name = (employees.c.given_name + " " + employees.c.family_name).label("name")
    rows = connection.execute(
        select(employees.c.employee_number, name).where(employees.c.employee_number.in_(employee_numbers))
    )
    return {row.employee_number: row.name for row in rows}


def has_unfiled_documents(connection: Connection, case_number: str) -> bool:
    """Whether the archive still lacks something of this case's; then nothing may be deleted anywhere else.

    Besides what waits for the archive that is a signed agreement from before those were filed at all.
    """
    of_case = filings.c.case_number == case_number
    waiting = select(literal(1)).where(of_case, filings.c.verified_at.is_(None))
    same = select(literal(1)).where(of_case, filings.c.sha256 == requirements.c.document)
    signed_but_never_filed = select(literal(1)).where(
        requirements.c.case_number == case_number,
        requirements.c.kind == str(RequirementKind.SIGNED_AGREEMENT),
        requirements.c.document.is_not(None),
        ~exists(same),
        exists(select(literal(1)).where(of_case, filings.c.kind == str(FilingKind.AGREEMENT))),
    )
    return connection.scalar(select(or_(exists(waiting), exists(signed_but_never_filed)))) or False


def keep_document(connection: Connection, sha256: str, media_type: str, content: bytes, today: date) -> None:
    """Hold content until the archive has it; the same content is held once."""
    if connection.scalar(select(documents.c.sha256).where(documents.c.sha256 == sha256)) is None:
        connection.execute(
            insert(documents).values(sha256=sha256, media_type=media_type, content=content, stored_on=today)
        )


def document(connection: Connection, sha256: str) -> bytes | None:
    return connection.scalar(select(documents.c.content).where(documents.c.sha256 == sha256))


def forget_documents(connection: Connection) -> int:
    """Let go of content that nothing waits for any more: uploads of cases that ended without an agreement."""
    return connection.execute(delete(documents).where(~is_needed())).rowcount


def keep_prepared(connection: Connection, prepared: Prepared, today: date) -> None:
    """Fix a filing's bytes and place, before the first attempt to deliver it."""
    keep_document(connection, prepared.sha256, prepared.media_type, prepared.content, today)
    connection.execute(
        update(filings)
        .where(*_this_filing(prepared.case_number, prepared.kind, prepared.sequence))
        .values(
            library=prepared.library,
            path=prepared.path,
            sha256=prepared.sha256,
            quick_xor_hash=prepared.quick_xor_hash,
            size=len(prepared.content),
        )
    )


def filing(connection: Connection, case_number: str, kind: str, sequence: int) -> AnyRow:
    """One filing, with what is to be said of its case as it stands now: whose it is, who leads, where, how far."""
    manager = aliased(employees)
    of_whom = (
        select(
            filings,
            cases.c.employee_number,
            cases.c.state,
            units.c.name.label("unit_name"),
            (manager.c.given_name + " " + manager.c.family_name).label("manager_name"),
        )
        .join(cases, cases.c.number == filings.c.case_number)
        .join(employees, employees.c.employee_number == cases.c.employee_number)
        .outerjoin(manager, manager.c.employee_number == cases.c.manager_number)
        .outerjoin(units, units.c.unit_id == employees.c.unit_id)
    )
    return connection.execute(of_whom.where(*_this_filing(case_number, kind, sequence))).one()


def verified(connection: Connection, filed: AnyRow, drive_item_id: str, today: date) -> None:
    """The archive's copy is proven: mark it, let the case know, and let go of our own unless it is still needed."""
    this = _this_filing(filed.case_number, filed.kind, filed.sequence)
    connection.execute(update(filings).where(*this).values(drive_item_id=drive_item_id, verified_at=datetime.now(UTC)))
    look_again = {"next_action_on": today, "version": cases.c.version + 1}
    connection.execute(update(cases).where(cases.c.number == filed.case_number).values(look_again))
    connection.execute(delete(documents).where(documents.c.sha256 == filed.sha256, ~is_needed()))


@cache
def is_needed() -> ColumnElement[bool]:
    """Whether a document is on its way to a library, or was uploaded to a case whose filing is not prepared yet.

    Two cases may have the very same photo: people who share a home, or an agreement and its renewal. What is uploaded
    is filed as what it is: the kinds of requirement that come as a file and of filing have the same names.
    """
    on_its_way = select(literal(1)).where(filings.c.sha256 == documents.c.sha256, filings.c.verified_at.is_(None))
    upload = filings.alias("upload")
    not_planned = and_(upload.c.case_number.is_(None), cases.c.state.in_([str(state) for state in OPEN_STATES]))
    not_prepared = and_(upload.c.case_number.is_not(None), upload.c.sha256.is_(None))
    received = (
        select(literal(1))
        .select_from(requirements)
        .join(cases, cases.c.number == requirements.c.case_number)
        .outerjoin(upload, and_(upload.c.case_number == cases.c.number, upload.c.kind == requirements.c.kind))
        .where(requirements.c.document == documents.c.sha256, or_(not_planned, not_prepared))
    )
    report = select(literal(1)).where(scheme_files.c.sha256 == documents.c.sha256, scheme_files.c.verified_at.is_(None))
    return or_(exists(on_its_way), exists(report), exists(received))


def _this_filing(case_number: str, kind: str, sequence: int) -> tuple[Any, ...]:
    return (filings.c.case_number == case_number, filings.c.kind == kind, filings.c.sequence == sequence)
