"""Arkivmeldinger: filings that no rule asks for. They come with the documents they tell of, in one transaction."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, and_, insert, literal, or_, select

from agreements.actions import ErrandKind
from agreements.case import FilingKind
from integrations.database.outgoing import Prepared, keep_prepared
from integrations.database.rows import AnyRow
from integrations.database.tables import filings, outbox


def add_message(connection: Connection, prepared: Prepared, today: date) -> None:
    """A message to be filed under its turn, and the errand that files it."""
    errand = ErrandKind.FILE_MESSAGE
    of_filing = {"case_number": prepared.case_number, "kind": str(prepared.kind), "sequence": prepared.sequence}
    connection.execute(insert(filings).values(of_filing))
    keep_prepared(connection, prepared, today)
    connection.execute(
        insert(outbox).values(
            key=f"{prepared.case_number}/{errand}/{prepared.kind}-{prepared.sequence}",
            kind=str(errand),
            case_number=prepared.case_number,
            payload={"filing": str(prepared.kind), "sequence": prepared.sequence},
            created_on=today,
            status="pending",
        )
    )


def waits_for_others(connection: Connection, message: AnyRow) -> bool:
    """Whether a package lacks one of its documents, or an earlier message of the case has not been handed in."""
    package = message.path.rpartition("/")[0]
    is_message = filings.c.kind == str(FilingKind.ARKIVMELDING)
    is_before = or_(
        and_(is_message, filings.c.sequence < message.sequence),
        and_(~is_message, filings.c.path.startswith(f"{package}/", autoescape=True)),
    )
    here = (filings.c.case_number == message.case_number, filings.c.library == message.library)
    waiting = select(literal(1)).where(*here, filings.c.verified_at.is_(None), is_before)
    return connection.scalar(waiting.limit(1)) is not None


def filed_in(connection: Connection, library: str, case_number: str) -> Sequence[AnyRow]:
    """Everything of the case that is verified in this library."""
    here = (filings.c.library == library, filings.c.case_number == case_number)
    return connection.execute(select(filings).where(*here, filings.c.verified_at.is_not(None))).all()
