"""Why a case stands where it does: everything that was written of it, in the order it happened."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from agreements.actions import ErrandKind, Role
from agreements.calendar import OSLO
from agreements.case import FilingKind, State
from agreements.words import STATES, rule_in_words
from config.errors import ExpectedError
from integrations.database.rows import AnyRow
from integrations.database.tables import cases, events, filings, notices, outbox, purged_cases

ROLES = {Role.EMPLOYEE: "ansatt", Role.MANAGER: "leder", Role.HR: "HR", Role.SPECIALIST: "særskilt vurdering"}
DOCUMENTS = {
    FilingKind.AGREEMENT: "avtalen",
    FilingKind.SIGNED_AGREEMENT: "den signerte avtalen",
    FilingKind.PHOTO: "bildet av arbeidsplassen",
    FilingKind.INFORMATION: "informasjonen om pålagt hjemmekontor",
    FilingKind.EVALUATION: "evaluering {sequence}",
    FilingKind.END_NOTE: "sluttnotatet",
    FilingKind.ARKIVMELDING: "arkivmelding {sequence}",
}
FILING_ERRANDS = [str(ErrandKind.FILE_DOCUMENT), str(ErrandKind.FILE_MESSAGE)]
AT_THE_END_OF_THE_DAY = datetime.max.replace(tzinfo=UTC)


class NoSuchCaseError(ExpectedError):
    """No case has this number."""


class Kind(StrEnum):
    EVENT = "event"
    NOTICE = "notice"
    FILING = "filing"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history. `what` and the states are in HR's words, and quote nobody.

    `at` is when it was written, or verified in the archive; None while a document is still on its way there. `by` is
    the employee number of whoever answered, or the name of the flow. A notice has these from the event it tells of;
    of a document nothing but its day is stored. `mail` is the key of the mail a notice went into, if it has.
    """

    kind: Kind
    business_date: date
    at: datetime | None
    what: str
    from_state: str | None = None
    to_state: str | None = None
    by: str | None = None
    rule: str | None = None
    policy_version: str | None = None
    mail: str | None = None

    @property
    def when(self) -> tuple[date, datetime]:
        return self.business_date, self.at or AT_THE_END_OF_THE_DAY


@dataclass(frozen=True, slots=True)
class History:
    """A case by its number, its state, whose it is and who leads it, and what has happened, oldest first."""

    case_number: str
    state: State
    imposed: bool
    employee_number: str
    manager_numbers: frozenset[str]
    happenings: tuple[Happening, ...]


def case_named(connection: Connection, case_number: str) -> AnyRow:
    """The row of the case somebody has typed the number of; capitals and spaces in it do not matter.

    Raises:
        NoSuchCaseError: no case has this number.
    """
    number = "".join(case_number.split()).upper()
    case = connection.execute(select(cases).where(cases.c.number == number)).one_or_none()
    if case is None:
        purged = connection.scalar(select(purged_cases.c.purged_on).where(purged_cases.c.case_number == number))
        if purged is not None:
            raise NoSuchCaseError(
                f"Personopplysningene i {number} ble slettet {purged:%d.%m.%Y}. Dokumentene er i arkivet."
            )
        raise NoSuchCaseError(f"Ingen sak har nummeret {number}.")
    return case


def history(connection: Connection, case_number: str) -> History:
    """The history of one case; capitals and spaces in its number do not matter.

    Raises:
        NoSuchCaseError: no case has this number.
    """
    case = case_named(connection, case_number)
    number: str = case.number
    # Sorting keeps the order of equals, so what was told comes right after what it was told of.
    happenings = sorted([*_events(connection, number), *_filings(connection, number)], key=lambda each: each.when)
    managers = frozenset({case.manager_number, case.led_by} - {None})
    return History(number, State(case.state), case.imposed, case.employee_number, managers, tuple(happenings))


def _events(connection: Connection, number: str) -> Iterable[Happening]:
    """Each event with its notices, which were written in one transaction with it."""
    told: dict[tuple[date, str], list[AnyRow]] = defaultdict(list)
    for notice in connection.execute(
        select(notices, outbox.c.status, outbox.c.done_at, outbox.c.reason)
        .outerjoin(outbox, outbox.c.key == notices.c.outbox_key)
        .where(notices.c.case_number == number)
        .order_by(notices.c.key)
    ):
        told[notice.business_date, notice.rule].append(notice)
    for row in connection.execute(select(events).where(events.c.case_number == number).order_by(events.c.id)):
        event = _event(row)
        yield event
        yield from (_notice(notice, event) for notice in told.pop((row.business_date, row.rule), ()))


def _event(row: AnyRow) -> Happening:
    return Happening(
        Kind.EVENT,
        row.business_date,
        row.at,
        rule_in_words(row.rule),
        STATES[State(row.from_state)],
        STATES[State(row.to_state)],
        row.actor,
        row.rule,
        row.policy_version,
    )


def _notice(row: AnyRow, event: Happening) -> Happening:
    what = f"e-post til {ROLES[Role(row.role)]}: {event.what} ({_mail_in_words(row)})"
    return replace(event, kind=Kind.NOTICE, what=what, from_state=None, to_state=None, mail=row.outbox_key)


def _mail_in_words(row: AnyRow) -> str:
    if row.status is None:
        return "ikke sendt, kommer i neste e-post"
    if row.status == "done":
        return f"sendt {_day(row.done_at)}"
    return f"ikke levert, oppgitt: {row.reason}" if row.status == "failed" else "ikke sendt ennå"


def _filings(connection: Connection, number: str) -> Iterable[Happening]:
    """A document has the day it was due in the archive, which its errand knows."""
    of_case = filings.c.case_number == number
    verified = {
        (row.kind, row.sequence): row.verified_at
        for row in connection.execute(select(filings.c.kind, filings.c.sequence, filings.c.verified_at).where(of_case))
    }
    errands = select(outbox).where(outbox.c.case_number == number, outbox.c.kind.in_(FILING_ERRANDS))
    for row in connection.execute(errands.order_by(outbox.c.id)):
        kind, sequence = FilingKind(row.payload["filing"]), row.payload["sequence"]
        at = verified.get((kind, sequence))
        words = f"{DOCUMENTS[kind].format(sequence=sequence)} {_filing_in_words(row.status, at)}"
        yield Happening(Kind.FILING, row.created_on, at, words)


def _filing_in_words(status: str, verified_at: datetime | None) -> str:
    if verified_at is not None:
        return f"arkivert og kontrollert {_day(verified_at)}"
    return "ikke arkivert, oppgitt" if status == "failed" else "skal arkiveres"


def _day(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y}"
