"""Errands in other systems, from the outbox: case folders opened, documents filed, read back and verified."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Any

from prefect import task
from sqlalchemy import Connection

from agreements.actions import ErrandKind
from agreements.archiving import one_line
from agreements.case import CLOSED_STATES, FilingKind, State
from agreements.paperwork import agreement
from config.errors import ExpectedError
from config.sharepoint import (
    ARCHIVE_DATE,
    ARCHIVE_EMPLOYEE,
    ARCHIVE_HASH,
    ARCHIVE_LIBRARY,
    ARCHIVE_MANAGER,
    ARCHIVE_STATUS,
    ARCHIVE_TYPE,
    ARCHIVE_UNIT,
    CASE_CLOSED,
    CASE_LIBRARY,
    CASE_NUMBER,
    CASE_OPEN,
    DOCUMENT_TYPES,
    LONGEST_TEXT,
)
from integrations.database import folders, outgoing
from integrations.database.cases import load_cases
from integrations.database.rows import AnyRow
from integrations.documents.agreement import render_agreement
from integrations.graph.archive import Fields, Paper, archive_file
from integrations.graph.client import Graph
from integrations.graph.drive import (
    ArchiveConflictError,
    StillOpenError,
    ensure_folder,
    is_there,
    known_folder,
    put_file,
    rename,
    share,
)
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.outage import Outage, is_ill
from integrations.graph.quickxor import quick_xor_hash
from integrations.graph.upload_sessions import Session
from tasks.batches import NETWORK
from tasks.drafts import draft_name
from tasks.filing import load_people
from tasks.night import Night, counting, this_night
from tasks.reasons import reason_of

AT_A_TIME = 4
"""Graph's own limit is four requests at a time for a mailbox; SharePoint is happier with few as well."""
FILINGS_AT_A_TIME = 20
"""A document waits for eight answers or more, one after the other. What spares the service is the budget."""

Deliver = Callable[[Night, Graph, AnyRow], Awaitable[None]]
Pretend = Callable[[Connection, Night, AnyRow], None]

DOCUMENTS_FILED = "dokumenter arkivert"
FILES_THAT_FAILED = "leveranser som feilet"
TAKEN_BY_ANOTHER = "leveranser som en annen kjøring har tatt"
NOT_LET_IN = (
    "Saksmappen er der, men {who} slipper ikke inn: Microsoft 365 kjenner ingen med den e-postadressen. Rett adressen "
    "i HR-systemet eller i Entra ID; det prøves på nytt hver natt."
)
WITHOUT_ADDRESS = (
    "Saksmappen er der, men {who} slipper ikke inn: e-postadressen mangler. Legg den inn i HR-systemet eller i "
    "Entra ID; det prøves på nytt hver natt."
)
NO_ADDRESSES = (
    "Saksmappen er der, men ingen slipper inn: verken den ansatte eller lederen har en e-postadresse. Legg dem inn i "
    "HR-systemet eller i Entra ID; det prøves på nytt hver natt."
)
NAMED_LIKE_THIS = (
    "Mappen som har saksnummeret som navn, er laget for sak {whose}. Gi den navnet sitt igjen; det prøves på nytt hver "
    "natt."
)
NOT_KEPT = "Filen som skulle arkiveres, er ikke tatt vare på her. Legg den i arkivet for hånd, og avslutt saken."


class NotYetError(ExpectedError):
    """An errand that has to wait for something else. The message is a Norwegian sentence for the night's report."""


@task(name="open-folders", **NETWORK)
def open_folders() -> Counter[str]:
    """A folder for each new case, shared with its employee and manager, with the draft agreement in it."""
    return deliver_all(ErrandKind.OPEN_FOLDER, _open_folder, "saksmapper opprettet")


@task(name="share-folders", **NETWORK)
def share_folders() -> Counter[str]:
    """The case folder opened to a new manager, and closed to the one before."""
    return deliver_all(ErrandKind.SHARE_FOLDER, _share_folder, "saksmapper delt på nytt")


@task(name="file-documents", **NETWORK)
def file_documents() -> Counter[str]:
    """Every written document to the archive; it counts when it has been read back and found the same."""
    return deliver_all(ErrandKind.FILE_DOCUMENT, _file_document, DOCUMENTS_FILED, pretend_filed, FILINGS_AT_A_TIME)


def deliver_all(
    kind: str, deliver: Deliver, what: str, pretend: Pretend | None = None, at_a_time: int = AT_A_TIME
) -> Counter[str]:
    """Every errand of this kind that is still to be done, a few at a time, counted under `what`.

    In a dry run they count as done, so that what follows from them is decided as it would be; `pretend` writes what
    the errand itself would have.
    """
    night = this_night()
    with night.database.transaction() as connection:
        outgoing.settle_overtaken(connection, kind)
        rows = outgoing.pending(connection, kind)
    if night.dry_run:
        with night.database.transaction() as connection:
            for row in rows:
                if pretend is not None:
                    pretend(connection, night, row)
                outgoing.done(connection, row.key)
    if not rows or night.dry_run:
        return Counter({what: len(rows)})
    return asyncio.run(_deliver_rows(night, rows, deliver, what, at_a_time))


async def _deliver_rows(
    night: Night, rows: Sequence[AnyRow], deliver: Deliver, what: str, at_a_time: int
) -> Counter[str]:
    """A row that Graph refuses keeps its reason and is tried again next time; the others go on."""
    async with night.graph() as graph:

        async def attempt(row: AnyRow) -> str:
            return await _attempt(night, graph, row, deliver) or what

        def library() -> Awaitable[None]:
            return is_there(graph, CASE_LIBRARY)

        return await attempt_each(what, FILES_THAT_FAILED, _in_turns(rows), attempt, Outage(at_a_time, library))


def _in_turns(rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The first of each case, then the second: what goes into one folder does not wait while another makes it.

    What has been tried in vain most often comes last, and after it what follows it in its case: of one case the oldest
    is always first.
    """
    seen, tried = Counter[str](), Counter[str]()
    turns = []
    for row in rows:
        tried[row.case_number] = max(tried[row.case_number], row.attempts)
        turns.append(((tried[row.case_number], seen[row.case_number]), row))
        seen[row.case_number] += 1
    return [row for _, row in sorted(turns, key=itemgetter(0))]


async def attempt_each(
    success: str,
    failure: str,
    rows: Sequence[AnyRow],
    attempt: Callable[[AnyRow], Awaitable[str]],
    outage: Outage,
) -> Counter[str]:
    """How many ended under each heading that `attempt` gives, `success` even when none did.

    As many go at a time as would be an outage.

    A row for which the service is ill counts as a failure, and the others go on until it is an outage. Rows that have
    failed on earlier nights, or were all there is, end the step only when it is the service; else what is left waits.

    Raises:
        ExpectedError: the last that `attempt` raised; other attempts are broken off, as by a crash.
    """
    waiting = deque(rows)
    failures: list[Exception] = []

    async def work() -> None:
        while waiting:
            row = waiting.popleft()
            try:
                counts[await attempt(row)] += 1
                outage.is_answered()
            except (GraphError, GraphUnreachableError) as error:
                if not is_ill(error):
                    raise
                counts[failure] += 1
                failures.append(error)
                if outage.begins():
                    waiting.clear()
                    if row.attempts == 0 or await outage.is_the_service(error):
                        raise

    with counting(success) as counts:
        counts[success] = 0
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(outage.several):
                    group.create_task(work())
        except ExceptionGroup as group_of_errors:
            # Whoever waits for the result knows the error itself, not the group: retries and reports depend on it.
            raise group_of_errors.exceptions[0] from None
        if outage.is_all_there_was and await outage.is_the_service(failures[-1]):
            raise failures[-1]
    return counts


def begin(night: Night, seen: AnyRow) -> AnyRow | None:
    """Count the attempt; None when another process has taken the row since it was `seen`.

    Raises:
        LeaseLostError: another night has taken over.
    """
    with night.database.transaction() as connection:
        night.must_be_alone(connection)
        return outgoing.begin_attempt(connection, seen)


async def _attempt(night: Night, graph: Graph, row: AnyRow, deliver: Deliver) -> str | None:
    """None when it was done, else the heading under which the failure is counted."""
    if begin(night, row) is None:
        return TAKEN_BY_ANOTHER
    try:
        await deliver(night, graph, row)
    except (GraphError, GraphUnreachableError, ArchiveConflictError, StillOpenError, NotYetError) as error:
        conflict = isinstance(error, ArchiveConflictError)
        with night.database.transaction() as connection:
            outgoing.failed(connection, row.key, reason_of(error), for_good=conflict)
        if is_ill(error):
            raise
        return FILES_THAT_FAILED
    return None


async def _open_folder(night: Night, graph: Graph, row: AnyRow) -> None:
    """Shared first: the draft says where somebody lives and works, and the library may let everybody in."""
    folder = await case_folder(night, graph, row.case_number)
    folder_id = folder["id"] if folder else await _folder_by_name(night, graph, row.case_number)
    people_in, told = await _share(night, graph, row.case_number, folder_id)
    if people_in:
        await _put_draft(night, graph, row.case_number, folder_id)
    with night.database.transaction() as connection:
        # From here on the case's mails go out: whoever is kept out must be told as well.
        folders.remember_folder(connection, row.case_number, folder_id)
    if folder and folder["name"].casefold() != row.case_number.casefold():
        # The mails lead to it by its name.
        await rename(graph, CASE_LIBRARY, folder_id, row.case_number)
    _must_be_in(told)
    with night.database.transaction() as connection:
        outgoing.done(connection, row.key)


async def _folder_by_name(night: Night, graph: Graph, number: str) -> str:
    """The folder of this name, made where it is missing.

    Raises:
        NotYetError: it is another case's, whose people have given it this name.
    """
    folder_id = await ensure_folder(graph, CASE_LIBRARY, number)
    with night.database.transaction() as connection:
        whose = folders.cases_of_folders(connection, [folder_id]).get(folder_id, number)
    if whose != number:
        raise NotYetError(NAMED_LIKE_THIS.format(whose=whose))
    return folder_id


async def _share_folder(night: Night, graph: Graph, row: AnyRow) -> None:
    folder = await case_folder(night, graph, row.case_number)
    if folder is None:
        await _open_folder(night, graph, row)
        return
    _must_be_in((await _share(night, graph, row.case_number, folder["id"]))[1])
    with night.database.transaction() as connection:
        outgoing.done(connection, row.key)


async def case_folder(night: Night, graph: Graph, number: str) -> dict[str, Any] | None:
    """The folder that was made for this case, whatever people call it by now; None when there is none (any more)."""
    with night.database.transaction() as connection:
        made_as = folders.opened_folder(connection, number)
    return None if made_as is None else await known_folder(graph, CASE_LIBRARY, made_as)


async def _put_draft(night: Night, graph: Graph, number: str, folder_id: str) -> None:
    """Once in a folder: an errand that waits for somebody's address comes by every night."""
    with night.database.transaction() as connection:
        if folders.has_had_its_draft(connection, number, folder_id):
            return
        case = load_cases(connection, [number])[number][1]
        people = load_people(connection, [case])[number]
    draft = agreement(case, night.policy, people, case.applied_on, is_draft=True)
    content = render_agreement(draft, None)
    with night.database.transaction() as connection:
        folders.remember_draft(connection, number, len(content), quick_xor_hash(content))
    await put_file(graph, CASE_LIBRARY, folder_id, draft_name(number), content)
    with night.database.transaction() as connection:
        folders.draft_is_in(connection, number, folder_id)


async def _share(night: Night, graph: Graph, number: str, folder_id: str) -> tuple[int, list[str]]:
    """With the employee and the manager of today: how many of them are in, and a sentence about those who are not.

    A case without a manager waits for none: whoever comes is let in by an errand of their own.
    """
    with night.database.transaction() as connection:
        people = outgoing.people_of_cases(connection, [number])[number]
    reachable = {"den ansatte": people.employee_mail}
    if people.manager_name is not None:
        reachable["lederen"] = people.manager_mail
    wanted = [address for address in reachable.values() if address]
    without = [role for role, address in reachable.items() if not address]
    refused = await share(graph, CASE_LIBRARY, folder_id, wanted)
    kept_out = {
        NOT_LET_IN: [role for role, address in reachable.items() if address in refused],
        (NO_ADDRESSES if len(without) > 1 else WITHOUT_ADDRESS): without,
    }
    told = [sentence.format(who=" og ".join(roles)) for sentence, roles in kept_out.items() if roles]
    return len(wanted) - len(refused), told


def _must_be_in(told: Sequence[str]) -> None:
    """Raises NotYetError, which names nobody, when something is told of one of them."""
    if told:
        raise NotYetError(" ".join(told))


async def _file_document(night: Night, graph: Graph, row: AnyRow) -> None:
    filed, content = to_file(night, row)
    stored = await archive_file(graph, filed.library, paper(night, filed, content), _session(night, row))
    is_filed(night, row, filed, stored.item_id)


def to_file(night: Night, row: AnyRow) -> tuple[AnyRow, bytes]:
    """The filing of an errand, and its bytes.

    Raises:
        NotYetError: what should have been filed is not kept.
    """
    with night.database.transaction() as connection:
        filed = outgoing.filing(connection, row.case_number, row.payload["filing"], row.payload["sequence"])
        content = outgoing.document(connection, filed.sha256)
    if filed.sha256 is None:
        raise NotYetError(NOT_KEPT)
    if content is None:
        raise AssertionError(f"{row.key}: the content to file is gone before it was verified")
    return filed, content


def is_filed(night: Night, row: AnyRow, filed: AnyRow, item_id: str) -> None:
    with night.database.transaction() as connection:
        outgoing.remember_remote(connection, row.key, item_id)
        outgoing.verified(connection, filed, item_id, night.on)
        outgoing.done(connection, row.key)


def pretend_filed(connection: Connection, night: Night, row: AnyRow) -> None:
    filed = outgoing.filing(connection, row.case_number, row.payload["filing"], row.payload["sequence"])
    outgoing.verified(connection, filed, "dry-run", night.on)


def _session(night: Night, row: AnyRow) -> Session:
    """Where the fragments of a large file went when a night was killed; kept until the file has an id."""

    def keep(url: str) -> None:
        with night.database.transaction() as connection:
            outgoing.remember_remote(connection, row.key, url)

    return Session(row.remote_id, keep)


def paper(night: Night, filed: AnyRow, content: bytes) -> Paper:
    """A package says all in its message; the personnel folders say it in columns, and label what they hold."""
    if filed.library != ARCHIVE_LIBRARY:
        return Paper(filed.path, content, {})
    fields: Fields = {
        CASE_NUMBER.name: filed.case_number,
        ARCHIVE_EMPLOYEE.name: filed.employee_number,
        ARCHIVE_TYPE.name: DOCUMENT_TYPES[FilingKind(filed.kind)],
        ARCHIVE_DATE.name: night.on,
        ARCHIVE_HASH.name: filed.sha256,
        **standing(filed.unit_name, filed.manager_name, State(filed.state)),
    }
    return Paper(filed.path, content, fields, night.settings.archive_retention_label)


def standing(unit_name: str | None, manager_name: str | None, state: State) -> Fields:
    """What the archive says of a case and is kept up to date: unit, who is responsible, whether it has ended."""
    return {
        ARCHIVE_UNIT.name: _line(unit_name),
        ARCHIVE_MANAGER.name: _line(manager_name),
        ARCHIVE_STATUS.name: CASE_CLOSED if state in CLOSED_STATES else CASE_OPEN,
    }


def _line(text: str | None) -> str | None:
    return one_line(text or "")[:LONGEST_TEXT].strip() or None
