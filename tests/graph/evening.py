"""The evening before a busy night: something of everything a night does is due, and nothing of it has been done.

To be taken in are an application, an answer, a photo, a file that cannot be used, an assessment of no case, and an
answer that was deleted while it waited. Two applicants are to get folder and mail; a folder is to be shared with a new
manager; an agreement to be filed with a photo and a signed copy that goes in fragments, to come into force and have its
folder closed; an evaluation to be filed, of a case that the archive is to be told of; a case that lapsed to leave
nothing behind, and one that is old to be purged; the report over the scheme to be made and told. In the mailbox lie a
report of a mail that came back, a draft that nobody needs and one that was accepted and never left.
"""

import asyncio
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pikepdf import Pdf
from sqlalchemy import update

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import (
    Assessment,
    AssessmentOutcome,
    Chase,
    EndReason,
    Evaluation,
    EvaluationOutcome,
    Filing,
    FilingKind,
    State,
)
from agreements.policy import Policy
from config.policy_files import SHIPPED
from config.sharepoint import ANSWERS, APPLICATIONS, ASSESSMENTS, CASE_LIBRARY
from integrations.database import outgoing
from integrations.database.cases import Decided, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.outgoing import NewMail
from integrations.database.tables import outbox
from integrations.graph.archive import SMALL_FILE
from integrations.graph.mail import Mail, draft
from sandbox.graph import GraphTenant
from sandbox.graph.reports import Report
from tasks.archiving import file_messages
from tasks.delivering import file_documents, open_folders
from tasks.filing import write_documents
from tasks.mailing import write_and_send_mail
from tasks.night import Night
from tasks.opening import open_cases
from tasks.reading import read_answers
from tasks.receiving import take_in_uploads
from tests.database.samples import STAMP, TODAY, decide_all, load_staff, new_case, person, staff
from tests.database.test_scheme import came_into
from tests.documents.samples import jpeg
from tests.documents.test_signed import claiming
from tests.graph.busy_night import (
    ALSO_APPLIED,
    APPLIED,
    APPROVED,
    EMPLOYEES,
    EVALUATED,
    HANDED_OVER,
    LAPSED,
    LISTS,
    MANAGER,
    NEW_MANAGER,
    OLD,
    POLICY,
)
from tests.graph.one_night import quick_night
from tests.graph.town import user

OLD_EMPLOYEE, NEW_EMPLOYEE = EMPLOYEES[-2:]
LONG_AGO, VERY_LONG_AGO = date(2026, 9, 1), date(2025, 9, 1)
LATE = "a mail that was accepted and never left"
LETTER = Mail([person("0001").email or ""], "Sak", "<p>Hei</p>")


def prepare(database: Database, tenant: GraphTenant, directory: Path) -> None:
    """Everything is due, and nothing of it has been done; what leads to database and tenant is in the environment."""
    _write_policy(directory / POLICY)
    load_staff(database, staff(*EMPLOYEES, NEW_MANAGER))
    received = [new_case(ordinal, number) for ordinal, number in enumerate(EMPLOYEES[:-2], 1)]
    with database.transaction() as connection:
        add_cases(connection, received)
    with quick_night() as running:
        decide_all(database, running.policy, [HANDED_OVER, APPROVED, LAPSED, EVALUATED])
        open_folders.fn()
        write_and_send_mail.fn()
        _upload(tenant)
        _apply(tenant, OLD_EMPLOYEE)
        deleted = tenant.add_list_item(ANSWERS.name, _answer(ALSO_APPLIED), user("0002"))
        read_answers.fn([APPLICATIONS, *LISTS], uploads=True)
        open_cases.fn()
        take_in_uploads.fn()
        decide_all(database, running.policy, [APPLIED, ALSO_APPLIED])
        _bring_about(database, running.policy)
        _file_what_was_agreed_on(database, running.policy)
        asyncio.run(_leave_drafts(running))
    came_into(database, EVALUATED, approved=LONG_AGO, active=LONG_AGO)
    _come_back(tenant)
    _send_in(tenant)
    tenant.delete_list_item(ANSWERS.name, deleted)


def _write_policy(own: Path) -> None:
    """A shipped one, under which the report over the scheme is due, and what is old is purged."""
    shipped = (SHIPPED / "prosedyre-websak.toml").read_text(encoding="utf-8")
    every_half_year = "[evaluation]\nscheme_every_months = 6\nscheme_from = 2026-08-25"
    a_year = "\n[retention]\nmonths = 12\n"
    own.write_text(shipped.replace("[evaluation]", every_half_year, 1) + a_year, encoding="utf-8")


def _upload(tenant: GraphTenant) -> None:
    for number, employee in ((APPROVED, "0004"), (LAPSED, "0005")):
        tenant.upload(CASE_LIBRARY, number, "pult.jpg", jpeg(), user(employee))
    tenant.upload(CASE_LIBRARY, APPROVED, "signert.pdf", signed_agreement(), user("0004"))


def _apply(tenant: GraphTenant, employee: str) -> None:
    tenant.add_list_item(
        APPLICATIONS.name, {"DagerPerUke": 2, "FraDato": "2027-04-01", "Sted": "Hjemme"}, user(employee)
    )


def _answer(number: str) -> dict[str, Any]:
    replies = {"Erfaring": "Gode", "Lys": "Vindu", "Stoy": "Stille", "Pauser": "Tur"}
    return {"Saksnummer": number, **replies, "GodtarAvtalen": True}


def _send_in(tenant: GraphTenant) -> None:
    """What comes in after the evening's reading."""
    _apply(tenant, NEW_EMPLOYEE)
    tenant.add_list_item(ANSWERS.name, _answer(HANDED_OVER), user("0003"))
    tenant.add_list_item(ASSESSMENTS.name, {"Saksnummer": "HK-2027-09999", "Resultat": "Godkjent"}, user(MANAGER))
    tenant.upload(CASE_LIBRARY, HANDED_OVER, "arbeidsplass.jpg", jpeg(), user("0003"))
    tenant.upload(CASE_LIBRARY, HANDED_OVER, "notat.txt", b"Hei", user("0003"))


def _come_back(tenant: GraphTenant) -> None:
    """The first mail that was sent could not be delivered."""
    first = tenant.sent_messages()[0]
    report = Report(first.internet_message_id, first.to[0], b"Subject: Sak\n\nHei\n")
    tenant.receive_mail(report.written(tenant.sender, "<1@postmaster.example>", first.sent_at))


async def _leave_drafts(running: Night) -> None:
    sender = running.settings.mail_sender or ""
    with running.database.transaction() as connection:
        [*_, sent] = outgoing.mails(connection)
        letter = {"to": LETTER.to[0], "subject": LETTER.subject, "html": LETTER.html, "text": "Hei"}
        outgoing.add_mails(connection, [NewMail(LATE, letter, [])], TODAY)
    async with running.graph() as graph:
        await draft(graph, sender, sent.key, LETTER, sent.message_id)
        late = await draft(graph, sender, LATE, LETTER)
    accepted = {"status": "done", "remote_id": late, "done_at": datetime(2025, 1, 1, tzinfo=UTC), "attempts": 1}
    with running.database.transaction() as connection:
        connection.execute(update(outbox).where(outbox.c.key == LATE).values(accepted))


def _file_what_was_agreed_on(database: Database, policy: Policy) -> None:
    """The archive has the agreement that is evaluated tonight; what it says of the case is to be brought up to date."""
    for step in (write_documents, file_documents, file_messages):
        step.fn()
    with database.transaction() as connection:
        version, case = load_cases(connection, [EVALUATED])[EVALUATED]
        evaluation = Evaluation(1, TODAY, Chase(TODAY, 0, TODAY), EvaluationOutcome.CONTINUE, "Går bra", MANAGER, TODAY)
        filings = (*case.filings, Filing(FilingKind.EVALUATION, 1))
        after = replace(case, evaluations=(evaluation,), filings=filings)
        errands = (
            Errand(ErrandKind.FILE_DOCUMENT, FilingKind.EVALUATION, 1),
            Errand(ErrandKind.UPDATE_ARCHIVE, sequence=TODAY.toordinal()),
        )
        action = Action("test.evening-before", case, after, errands=errands)
        save_decisions(connection, [Decided(version, after, [action])], policy, STAMP)


def _bring_about(database: Database, policy: Policy) -> None:
    said_yes = Assessment(AssessmentOutcome.APPROVED, None, MANAGER, TODAY)
    by_case: dict[str, tuple[dict[str, Any], tuple[Errand, ...]]] = {
        HANDED_OVER: (
            {"manager_number": NEW_MANAGER, "led_by": NEW_MANAGER},
            (Errand(ErrandKind.SHARE_FOLDER, sequence=TODAY.toordinal()),),
        ),
        APPROVED: ({"state": State.APPROVED, "assessment": said_yes, "start_on": TODAY, "end_on": TODAY}, ()),
        LAPSED: ({"state": State.ENDED}, (Errand(ErrandKind.CLOSE_FOLDER),)),
        EVALUATED: (
            {
                "state": State.ACTIVE,
                "assessment": said_yes,
                "start_on": LONG_AGO,
                "end_on": date(2027, 8, 31),
                "filings": (Filing(FilingKind.AGREEMENT),),
            },
            (Errand(ErrandKind.FILE_DOCUMENT, FilingKind.AGREEMENT),),
        ),
        OLD: ({"state": State.ENDED, "ended_on": VERY_LONG_AGO, "end_reason": EndReason.WITHDRAWN}, ()),
    }
    told = {LAPSED: (Notice("lapsed", Role.EMPLOYEE),)}
    with database.transaction() as connection:
        decided = []
        for number, (version, case) in load_cases(connection, list(by_case)).items():
            changes, errands = by_case[number]
            after = replace(case, **changes)
            action = Action("test.evening-before", case, after, told.get(number, ()), errands)
            decided.append(Decided(version, after, [action]))
        save_decisions(connection, decided, policy, STAMP)


def signed_agreement() -> bytes:
    """PDF/A, so that it is kept to the last byte, and large enough to go in fragments."""
    scanned = random.Random(1).randbytes(SMALL_FILE)  # noqa: S311 - bytes that no compression makes smaller

    def with_a_scan(pdf: Pdf) -> None:
        pdf.Root.Scan = pdf.make_stream(scanned)

    return claiming("2", "b", with_a_scan)
