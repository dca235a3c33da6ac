"""A busy night in a process of its own, and what the world looks like when it is over.

Children are forked off a process that has imported this module. Nothing it imports may start a thread: typst has some,
and they do not survive a fork.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

import holidays.countries  # noqa: F401 - 250 modules, which every child would import anew

from agreements.actions import ErrandKind
from agreements.case import State
from agreements.decide import CHASING, FILING, OPENING, Rule
from config.settings import PREFIX
from config.sharepoint import (
    ANSWERS,
    APPLICATIONS,
    ARCHIVE_LIBRARY,
    ASSESSMENTS,
    CASE_LIBRARY,
    IMPORT_LIBRARY,
    REPORT_LIBRARY,
)
from integrations.database.folders import DRAFT_IN
from integrations.database.rows import AnyRow
from integrations.database.tables import filings, leases, metadata, scheme_files, throttles
from integrations.graph.mail import KEY_HEADER
from sandbox.graph import GraphTenant
from tasks.archiving import file_messages, update_archive
from tasks.closing import close_folders
from tasks.deciding import decide_batch, due_batches
from tasks.delivering import file_documents, open_folders, share_folders
from tasks.filing import write_documents
from tasks.mailing import write_and_send_mail
from tasks.opening import open_cases
from tasks.purging import purge_now
from tasks.reading import read_answers
from tasks.receiving import take_in_answers, take_in_uploads
from tasks.reporting import file_reports, make_due_report
from tasks.returning import read_returned_mail
from tasks.unsent import clear_drafts
from tests.database.samples import rows
from tests.graph.fuse import Fuse, Point, doing
from tests.graph.one_night import quick_night
from tests.graph.town import Town, user

if TYPE_CHECKING:
    from tests.graph.archive_system import ArchiveSystem

DATABASE, TENANT, POLICY = "hjemmekontor.db", "tenant", "policy.toml"
NUMBERS = tuple(f"HK-2027-{ordinal:05d}" for ordinal in range(1, 9))
APPLIED, ALSO_APPLIED, HANDED_OVER, APPROVED, LAPSED, EVALUATED, OLD, NEW = NUMBERS
EMPLOYEES = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Whose case each of these is; the last one's is opened in the night."""
MANAGER, NEW_MANAGER = "0900", "0901"
PEOPLE = (*EMPLOYEES, MANAGER, NEW_MANAGER)
LABEL = "Personalmappe"
SETTINGS = {
    f"{PREFIX}POLICY": f"{{}}/{POLICY}",
    f"{PREFIX}ARCHIVE_RETENTION_LABEL": LABEL,
    f"{PREFIX}ARCHIVE_PLAN": str(Path(__file__).parents[2] / "config/archive_plans/mal.toml"),
}
"""Beside those that lead to database and tenant; `{}` is the directory of all of it."""
PACKAGES = {f"{PREFIX}ARCHIVE_TARGET": "import"}
"""What is to be filed goes into packages instead of the personnel folders."""
LISTS = (ANSWERS, ASSESSMENTS)
OF_ONE_RUN = (leases, throttles)
OF_ITS_DAY = frozenset(
    {"id", "at", "attempts", "done_at", "drive_item_id", "remote_id", "verified_at", "version", "token"}
)
"""Columns that may differ between two nights that end alike."""


# --- The night --------------------------------------------------------------------------------------------------


def whole_night() -> None:
    """What the flows do in one night with Microsoft 365, as they call it but without Prefect."""
    _run(NIGHT)


def archive_night() -> None:
    """The part of it that brings documents to the archive."""
    _run(TO_THE_ARCHIVE)


def _run(whats: Iterable[str]) -> None:
    with quick_night():
        for what in whats:
            doing.set(what)
            for step in NIGHT[what]:
                step()
        doing.set("")


def _decide(flow: str, states: Sequence[State], rules: tuple[Rule, ...]) -> None:
    for batch in due_batches(states):
        decide_batch.fn(flow, batch, rules)


def _decide_filing() -> None:
    _decide("file-agreements", [State.APPROVED], FILING)


NIGHT: Mapping[str, Sequence[Callable[[], object]]] = {
    "applications": (
        lambda: read_answers.fn([APPLICATIONS]),
        open_cases.fn,
        lambda: _decide("open-cases", [State.RECEIVED], OPENING),
    ),
    "folders": (open_folders.fn,),
    "reading": (lambda: read_answers.fn(LISTS, uploads=True),),
    "taking in": (
        take_in_uploads.fn,
        lambda: take_in_answers.fn(LISTS),
        lambda: _decide("chase-documentation", [State.COLLECTING, State.IN_ASSESSMENT], CHASING),
    ),
    "sharing": (share_folders.fn, close_folders.fn),
    "filing": (_decide_filing, write_documents.fn, update_archive.fn, file_documents.fn),
    "telling the archive": (file_messages.fn,),
    "closing": (_decide_filing, close_folders.fn),
    "report": (make_due_report.fn, file_reports.fn),
    "purge": (purge_now.fn,),
    "returned mail": (read_returned_mail.fn,),
    "mail": (clear_drafts.fn, write_and_send_mail.fn),
}
"""By what a night is about, which its commits are told apart by."""
TO_THE_ARCHIVE = ("filing", "telling the archive", "closing")


def night_in_child(
    environment: Mapping[str, str],
    burns_at: Point | None,
    tell: Pipe,
    work: Callable[[], None] = whole_night,
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


def outcome_of(town: Town, archive: "ArchiveSystem") -> Outcome:
    """All that anybody will ever see of a night: in mailbox, lists, folders, archive, reports and tables."""
    tenant = town.tenant
    archive.take()
    return {
        "mails": sorted((mail.to, mail.subject, mail.headers[KEY_HEADER]) for mail in tenant.sent_messages()),
        "drafts": town.drafts(),
        **{library: _files(tenant, library) for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)},
        **{each.name: [item.fields for item in tenant.list_items(each.name)] for each in (APPLICATIONS, *LISTS)},
        "packages": archive.taken,
        "packages that nobody has taken": archive.look(),
        "entries": archive.entries,
        "folders as the archive knows them": archive.folders,
        "readers": {
            row.case_number: _readers(tenant, row.case_number)
            for row in town.outbox(ErrandKind.OPEN_FOLDER)
            if row.status == "done"
        },
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
    """Whether each document was read back, and as the file that stands there; a package has been taken away."""
    found = {}
    for library, table in ((ARCHIVE_LIBRARY, filings), (REPORT_LIBRARY, scheme_files)):
        standing = {file.path: file.item_id for file in town.tenant.files(library)}
        for row in rows(town.database, table):
            is_there = standing.get(row.path) == row.drive_item_id or getattr(row, "library", "") == IMPORT_LIBRARY
            found[row.path] = row.verified_at is not None and is_there
    return found


def _alike(found: list[AnyRow]) -> list[str]:
    return sorted(str([value for name, value in _told(row).items() if name not in OF_ITS_DAY]) for row in found)


def _told(row: AnyRow) -> dict[str, Any]:
    """Its columns; of the folder that the draft is in, whose id is its day's, whether it is that of the case."""
    columns = row._asdict()
    if DRAFT_IN in (payload := columns.get("payload") or {}):
        columns["payload"] = {**payload, DRAFT_IN: payload[DRAFT_IN] == row.remote_id}
    return columns
