"""A handful of cases with work for one night's delivery, and what must be true when all of it has gone out."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from msgspec.structs import replace
from sqlalchemy import Update

from agreements.actions import Action, Errand, ErrandKind
from agreements.case import Filing, FilingKind, State
from agreements.policy import Policy
from config.settings import Settings
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.database.cases import Decided, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.outgoing import MAIL, Prepared, keep_prepared
from integrations.database.rows import AnyRow
from integrations.database.tables import cases, documents, filings, notices, outbox
from integrations.graph.client import open_graph
from integrations.graph.mail import KEY_HEADER
from integrations.graph.quickxor import quick_xor_hash
from sandbox.graph import GraphTenant, TenantUser
from tests.database.samples import STAMP, TODAY, decide_all, load_staff, new_case, person, rows, staff

APPLICANTS = ("0001", "0002", "0003")
APPROVED = ("0004", "0005", "0006")
EVERYBODY = (*APPLICANTS, *APPROVED, "0900")
FILED = FilingKind.AGREEMENT


def user(number: str) -> TenantUser:
    """The tenant's picture of the employee of this number."""
    who = person(number)
    address = who.email or ""
    return TenantUser(
        user_id=f"{int(number):08d}-1111-4111-8111-111111111111",
        user_principal_name=address,
        mail=address,
        display_name=who.name,
        employee_id=number,
    )


def settle(database: Database, policy: Policy) -> None:
    """Three applicants who need a folder and a mail each, and three approved cases with a document to file each."""
    load_staff(database, staff(*APPLICANTS, *APPROVED))
    applications = [new_case(ordinal, number) for ordinal, number in enumerate(APPLICANTS, 1)]
    approved = [new_case(ordinal, number, state=State.APPROVED) for ordinal, number in enumerate(APPROVED, 4)]
    with database.transaction() as connection:
        add_cases(connection, [*applications, *approved])
    decide_all(database, policy, [case.number for case in applications])
    errand = Errand(ErrandKind.FILE_DOCUMENT, FILED)
    with database.transaction() as connection:
        decided = []
        for version, case in load_cases(connection, [case.number for case in approved]).values():
            after = replace(case, filings=(Filing(FILED),))
            decided.append(Decided(version, after, [Action("approved.filing", case, after, errands=(errand,))]))
        save_decisions(connection, decided, policy, STAMP)
        for each in decided:
            keep_prepared(connection, prepared(each.case.employee_number, each.case.number), TODAY)


def prepared(employee_number: str, case_number: str) -> Prepared:
    content = f"%PDF-1.7 the agreement of {case_number}".encode() * 200
    path = f"{employee_number}/Hjemmekontor/{case_number}/Avtale {case_number}.pdf"
    digest = sha256(content).hexdigest()
    return Prepared(case_number, FILED, 1, path, content, "application/pdf", digest, quick_xor_hash(content))


@dataclass(frozen=True, slots=True)
class Town:
    """The tenant and the database a night works on, and what they hold."""

    tenant: GraphTenant
    database: Database
    settings: Settings
    environment: dict[str, str]
    directory: Path

    def outbox(self, kind: str) -> list[AnyRow]:
        return [row for row in rows(self.database, outbox) if row.kind == kind]

    def statuses(self, kind: str) -> Counter[str]:
        return Counter(row.status for row in self.outbox(kind))

    def archived(self) -> dict[str, str]:
        """SHA-256 of every file in the archive, by its path."""
        read = self.tenant.read
        paths = [file.path for file in self.tenant.files(ARCHIVE_LIBRARY)]
        return {path: sha256(read(ARCHIVE_LIBRARY, path)).hexdigest() for path in paths}

    def change(self, statement: Update) -> None:
        with self.database.transaction() as connection:
            connection.execute(statement)

    def drafts(self) -> int:
        """How many unsent messages lie in the sender's mailbox."""
        return asyncio.run(self._drafts())

    async def _drafts(self) -> int:
        async with open_graph(self.settings) as graph:
            wanted = f"/users/{quote(self.tenant.sender)}/messages?$filter=isDraft eq true&$select=id&$top=100"
            return len((await graph.get(wanted, "GET drafts"))["value"])

    def assert_all_delivered_once(self) -> None:
        """Tenant and database agree one to one: folders, files and mails, none missing and none twice."""
        assert {row.status for row in rows(self.database, outbox)} == {"done"}
        self._assert_folders()
        self._assert_filings()
        self._assert_mails()

    def _assert_folders(self) -> None:
        numbers = [row.number for row in rows(self.database, cases)][: len(APPLICANTS)]
        drafts = sorted(file.path for file in self.tenant.files(CASE_LIBRARY))
        assert drafts == [f"{number}/Avtaleutkast {number}.pdf" for number in numbers]
        for number, applicant in zip(numbers, APPLICANTS, strict=True):
            # Sharing is proven by use: the tenant refuses those who may not write there.
            for sharer in (applicant, "0900"):
                self.tenant.upload(CASE_LIBRARY, number, f"{sharer}.txt", b"hei", user(sharer))

    def _assert_filings(self) -> None:
        recorded = {row.path: row.sha256 for row in rows(self.database, filings)}
        assert self.archived() == recorded
        assert len(recorded) == len(APPROVED)
        item_ids = {file.path: file.item_id for file in self.tenant.files(ARCHIVE_LIBRARY)}
        assert {row.path: row.drive_item_id for row in rows(self.database, filings)} == item_ids
        assert all(row.verified_at is not None for row in rows(self.database, filings))
        assert rows(self.database, documents) == []

    def _assert_mails(self) -> None:
        sent = self.tenant.sent_messages()
        keys = [message.headers[KEY_HEADER] for message in sent]
        assert sorted(keys) == sorted(row.key for row in self.outbox(MAIL))
        assert {row.outbox_key for row in rows(self.database, notices)} == set(keys)
        assert sorted(message.to for message in sent) == [(person(number).email,) for number in APPLICANTS]
        assert self.drafts() == 0
