"""A busy night in a process of its own, and what the world looks like when it is over.

Children are forked off a process that has imported this module. Nothing it imports may start a thread: typst has some,
and they do not survive a fork.
"""

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from multiprocessing.connection import Connection as Pipe
from typing import Any

import holidays.countries  # noqa: F401 - 250 modules, which every child would import anew

from agreements.case import State
from agreements.decide import FILING
from config.settings import PREFIX
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, REPORT_LIBRARY
from integrations.database.rows import AnyRow
from integrations.database.tables import filings, leases, metadata, scheme_files, throttles
from integrations.graph.mail import KEY_HEADER
from sandbox.graph import GraphTenant
from tasks.closing import close_folders
from tasks.deciding import decide_batch, due_batches
from tasks.delivering import file_documents, open_folders, share_folders
from tasks.filing import write_documents
from tasks.mailing import write_and_send_mail
from tasks.reporting import file_reports, make_due_report
from tasks.unsent import clear_drafts
from tests.database.samples import rows
from tests.graph.fuse import Fuse, Point
from tests.graph.one_night import quick_night
from tests.graph.town import Town, user

DATABASE, TENANT, POLICY = "hjemmekontor.db", "tenant", "policy.toml"
APPLIED, ALSO_APPLIED, HANDED_OVER, APPROVED, LAPSED, EVALUATED = (f"HK-2027-{ordinal:05d}" for ordinal in range(1, 7))
EMPLOYEES = ("0001", "0002", "0003", "0004", "0005", "0006")
MANAGER, NEW_MANAGER = "0900", "0901"
PEOPLE = (*EMPLOYEES, MANAGER, NEW_MANAGER)
LABEL = "Personalmappe"
SETTINGS = {f"{PREFIX}POLICY": f"{{}}/{POLICY}", f"{PREFIX}ARCHIVE_RETENTION_LABEL": LABEL}
"""Beside those that lead to database and tenant; `{}` is the directory of all of it."""
WITH_A_FOLDER = (APPLIED, ALSO_APPLIED, HANDED_OVER, APPROVED, LAPSED, EVALUATED)
OF_ONE_RUN = (leases, throttles)
OF_ITS_DAY = frozenset({"id", "at", "attempts", "done_at", "drive_item_id", "remote_id", "verified_at", "version"})
"""Columns that may differ between two nights that end alike."""


# --- The night --------------------------------------------------------------------------------------------------


def deliver_everything() -> None:
    """What the flows deliver in one night, as they call it but without Prefect."""
    with quick_night():
        open_folders.fn()
        share_folders.fn()
        _decide_filing()
        write_documents.fn()
        file_documents.fn()
        _decide_filing()
        close_folders.fn()
        make_due_report.fn()
        file_reports.fn()
        clear_drafts.fn()
        write_and_send_mail.fn()


def _decide_filing() -> None:
    for batch in due_batches([State.APPROVED]):
        decide_batch.fn("file-agreements", batch, FILING)


def night_in_child(
    environment: Mapping[str, str],
    burns_at: Point | None,
    tell: Pipe,
    work: Callable[[], None] = deliver_everything,
) -> None:
    """The night in a process of its own, that knows nothing of this shell; tells what it passed if it gets there."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(environment)
    os.chdir(environment[f"{PREFIX}STATE_DIR"])
    fuse = Fuse(burns_at)
    fuse.lay()
    work()
    tell.send(fuse.passed)


# --- The morning after ------------------------------------------------------------------------------------------

Outcome = dict[str, Any]


def outcome_of(town: Town) -> Outcome:
    """All that anybody will ever see of a night: in mailbox, folders, archive, reports and tables."""
    tenant = town.tenant
    return {
        "mails": sorted((mail.to, mail.subject, mail.headers[KEY_HEADER]) for mail in tenant.sent_messages()),
        "drafts": town.drafts(),
        **{library: _files(tenant, library) for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)},
        "readers": {number: _readers(tenant, number) for number in WITH_A_FOLDER},
        "half files": [part.name for part in town.directory.rglob("*.part")],
        "verified": _verified(town),
        **{
            table.name: _alike(rows(town.database, table))
            for table in metadata.sorted_tables
            if table not in OF_ONE_RUN
        },
    }


def _files(tenant: GraphTenant, library: str) -> list[tuple[object, ...]]:
    return [
        (
            file.path,
            sha256(tenant.read(library, file.path)).hexdigest(),
            file.retention_label,
            sorted(file.fields.items()),
        )
        for file in tenant.files(library)
    ]


def _readers(tenant: GraphTenant, number: str) -> list[str]:
    return [employee for employee in PEOPLE if tenant.may_read(CASE_LIBRARY, number, user(employee))]


def _verified(town: Town) -> dict[str, bool]:
    """Whether each document was read back, and as the file that stands there."""
    found = {}
    for library, table in ((ARCHIVE_LIBRARY, filings), (REPORT_LIBRARY, scheme_files)):
        standing = {file.path: file.item_id for file in town.tenant.files(library)}
        for row in rows(town.database, table):
            found[row.path] = row.verified_at is not None and standing.get(row.path) == row.drive_item_id
    return found


def _alike(found: list[AnyRow]) -> list[str]:
    return sorted(str([value for name, value in row._asdict().items() if name not in OF_ITS_DAY]) for row in found)
