"""Answers and uploads from the inbox become facts on their cases, or are set aside with a sentence."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from prefect import task
from sqlalchemy import Connection

from agreements.actions import Action, Notice, Role
from agreements.case import Case, RequirementKind
from agreements.intake import Fact, FileReceived, Sender, SetAsideError, take_in, too_late
from agreements.people import RejectedRow
from config.sharepoint import CASE_LIBRARY, ListDefinition
from integrations.database.addresses import senders
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.folders import cases_of_folders, drafts_put
from integrations.database.inbox import Verdict, conclude, taken_in_as, waiting, withdraw
from integrations.database.outgoing import keep_document
from integrations.database.rejected import last_seen, set_aside
from integrations.database.rows import AnyRow
from integrations.documents.apart import Examiner, NotExaminedError
from integrations.documents.refusals import refusal_in
from integrations.documents.uploads import MAX_BYTES, UploadKind
from integrations.forms import FOR_EMPLOYEE, case_number_of, read_fact
from integrations.graph.client import Graph
from integrations.graph.drive import download, find_item, is_there
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.outage import Outage, is_ill
from tasks.advisers import as_hr
from tasks.batches import LOCAL, NETWORK
from tasks.delivering import AT_A_TIME
from tasks.drafts import case_of_draft, holds_one_of, holds_our_draft
from tasks.night import Night, counting, this_night
from tasks.reading import UPLOADS_UNREAD

ACTOR = "intake"
TAKEN_IN = "svar mottatt"
UNEXPECTED = "filer som ga en uventet feil (se Avvik)"
TAKEN_FOR = {
    UploadKind.PHOTO: (RequirementKind.PHOTO, "image/jpeg"),
    UploadKind.PDF: (RequirementKind.SIGNED_AGREEMENT, "application/pdf"),
}
NOBODYS = (
    "Ingen person står bak filen: en app eller SharePoint selv har lagt den der. Se på den, og bruk «Registrer filer» "
    "hvis den hører til saken."
)
NOT_READ_YET = "Filen kunne ikke leses ennå; det prøves på nytt neste natt."


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An upload after the check: what it is and the content to keep, or a sentence why it cannot be used.

    One that `is_gone` was deleted before it was read; one that could not be fetched is `unread`, and says why it waits.
    One that `is_draft` is our own after all.
    A `fault` says that nobody expected such a file, and where in the program it came up.
    """

    kind: RequirementKind | None = None
    content: bytes = b""
    media_type: str = ""
    sha256: str = ""
    refusal: str | None = None
    is_gone: bool = False
    is_draft: bool = False
    unread: str | None = None
    fault: str | None = None


@task(name="take-in-answers", **LOCAL)
def take_in_answers(lists: Sequence[ListDefinition]) -> Counter[str]:
    """Every waiting item of these lists, in the order they came."""
    night = this_night()
    with counting() as counts:
        for definition in lists:
            with night.database.transaction() as connection:
                rows = waiting(connection, [definition.name])
                desk = _Desk(connection, night, rows, [_case_number(row) for row in rows])
                verdicts = [desk.receive(row, _case_number(row)) for row in rows]
                desk.close(definition.name, verdicts)
            counts.update(+_counted(verdicts))
    return counts


def take_in_now(connection: Connection, night: Night, row: AnyRow) -> Verdict:
    """One answer that HR registers, in the caller's transaction."""
    number = _case_number(row)
    desk = _Desk(connection, night, [row], [number])
    verdict = desk.receive(row, number)
    desk.close(row.source, [verdict])
    return verdict


@task(name="take-in-uploads", **NETWORK)
def take_in_uploads(case_number: str | None = None) -> Counter[str]:
    """Every waiting upload: fetched, judged by its content, kept without metadata; a bad one is answered with why.

    One that Graph will not give us holds up nobody else's: it waits for the next night, is counted, and stands among
    the deviations with the reason. Only those of one case where its number is given.

    Raises:
        GraphError, GraphUnreachableError, NotExaminedError: several on end could not be fetched, or looked at. What
            came before them is taken in.
    """
    night = this_night()
    with night.database.transaction() as connection:
        waiting_rows = waiting(connection, [CASE_LIBRARY])
        numbers = folder_cases(connection, waiting_rows)
        wanted = [row for row in waiting_rows if case_number in {None, numbers[row.id]}]
        tried = last_seen(connection, CASE_LIBRARY)
    # Those that can never be read must not stand in the way every night, nor of others that once could not be.
    rows = sorted(wanted, key=lambda row: tried.get(str(row.id), date.min))
    return asyncio.run(_take_in_each(night, rows, numbers, tried)) if rows else Counter()


async def _take_in_each(
    night: Night, rows: Sequence[AnyRow], numbers: Mapping[int, str], tried: Collection[str]
) -> Counter[str]:
    """One file at a time, in memory and in a transaction of its own: what happens to one happens to no other.

    One alone that cannot be fetched or looked at is no outage; several on end are, unless they are those that were
    tried before and the library is there: then what is left waits.
    """
    # What an earlier try could not read is read anew by this one, and counted by the last.
    night.before_it_broke.pop(UPLOADS_UNREAD, None)
    with counting() as counts, Examiner() as examiner:
        async with night.graph() as graph:
            outage = Outage(AT_A_TIME, lambda: is_there(graph, CASE_LIBRARY))
            for row in rows:
                try:
                    file = await _checked(night, graph, examiner, row, numbers[row.id])
                    outage.is_answered()
                except (GraphError, GraphUnreachableError, NotExaminedError) as error:
                    file = CheckedFile(unread=f"{NOT_READ_YET} ({error})")
                    counts.update(_conclude(night, row, numbers[row.id], file))
                    if not outage.begins():
                        continue
                    if str(row.id) in tried and not await outage.is_the_service(error):
                        break
                    raise
                counts.update(_conclude(night, row, numbers[row.id], file))
    return counts


def _conclude(night: Night, row: AnyRow, number: str, file: CheckedFile) -> Counter[str]:
    with night.database.transaction() as connection:
        night.must_be_alone(connection)
        if file.unread is not None:
            set_aside(connection, CASE_LIBRARY, [RejectedRow(str(row.id), number, file.unread)], night.on)
            return Counter({UPLOADS_UNREAD: 1})
        if file.is_draft:
            withdraw(connection, CASE_LIBRARY, [row.external_id], night.on)
            return Counter()
        desk = _Desk(connection, night, [row], [number])
        verdict = desk.receive_file(row, number, file)
        desk.close(CASE_LIBRARY, [verdict])
    return +_counted([verdict]) + Counter({UNEXPECTED: 1} if file.fault else {})


async def _checked(night: Night, graph: Graph, examiner: Examiner, row: AnyRow, number: str) -> CheckedFile:
    if row.payload["size"] > MAX_BYTES:
        return CheckedFile(refusal="Filen er større enn 25 MB. Last opp en mindre fil.")
    try:
        content = await download(graph, CASE_LIBRARY, row.external_id)
    except GraphError as error:
        if is_ill(error):
            raise
        is_gone = await _is_gone(graph, row)
        return CheckedFile(is_gone=is_gone, unread=None if is_gone else f"{NOT_READ_YET} ({error})")
    if (draft := _as_draft(night, row, number, content)) is not None:
        return draft
    found = examiner.examine(content, row.received_on, night.policy.language)
    if found.kind is None:
        return CheckedFile(refusal=found.refusal, fault=found.fault)
    requirement, media_type = TAKEN_FOR[found.kind]
    return CheckedFile(requirement, found.content, media_type, sha256(found.content).hexdigest())


def _as_draft(night: Night, row: AnyRow, number: str, content: bytes) -> CheckedFile | None:
    """Under its own name our draft lies ready, whoever has touched it; under another, somebody hands it in unsigned."""
    name: str = row.payload["name"]
    with night.database.transaction() as connection:
        put = drafts_put(connection, {number, case_of_draft(name) or ""})
    if row.registered_by is None and holds_our_draft(name, content, put):
        return CheckedFile(is_draft=True)
    if holds_one_of(content, put.get(number, ())):
        return CheckedFile(
            refusal="Dette er utkastet til avtalen, uten underskrift. Last opp avtalen med underskrift som PDF, eller "
            "godta avtalen i skjemaet."
        )
    return None


async def _is_gone(graph: Graph, row: AnyRow) -> bool:
    """Only when it is said a second time: what could not be read is not what is not there."""
    try:
        return await find_item(graph, CASE_LIBRARY, row.external_id) is None
    except GraphError:
        return False


class _Desk:
    """One sitting over a batch of answers: several answers to one case build on each other."""

    def __init__(self, connection: Connection, night: Night, rows: Sequence[AnyRow], numbers: Sequence[str]) -> None:
        self._connection = connection
        self._night = night
        self._cases = load_cases(connection, sorted(set(numbers)))
        self._who = senders(connection, [row.sender_mail or "" for row in rows])
        self._actions: dict[str, list[Action]] = {}
        self._used = {
            item
            for source in {row.source for row in rows}
            for item in taken_in_as(connection, source, [row.external_id for row in rows if row.source == source])
        }

    def receive(self, row: AnyRow, number: str) -> Verdict:
        try:
            return self._take_in(row, number, read_fact(row.source, row.payload, self._night.policy))
        except SetAsideError as reason:
            said = too_late(str(reason)) if row.external_id in self._used else str(reason)
            return Verdict(row.id, self._known(number), said)

    def receive_file(self, row: AnyRow, number: str, file: CheckedFile) -> Verdict:
        if file.is_gone:
            return Verdict(row.id, self._known(number), "Filen ble slettet før den ble lest.")
        try:
            if file.kind is None:
                return self._refuse(row, number, file.refusal or "", file.fault)
            verdict = self._take_in(row, number, FileReceived(file.kind, file.sha256))
        except SetAsideError as reason:
            return Verdict(row.id, self._known(number), str(reason))
        keep_document(self._connection, file.sha256, file.media_type, file.content, self._night.on)
        return verdict

    def close(self, source: str, verdicts: Sequence[Verdict]) -> None:
        decided = [
            Decided(self._cases[number][0], actions[-1].after, actions) for number, actions in self._actions.items()
        ]
        save_decisions(self._connection, decided, self._night.policy, self._night.stamp(ACTOR))
        conclude(self._connection, source, verdicts, self._night.on)

    def _take_in(self, row: AnyRow, number: str, fact: Fact) -> Verdict:
        case, sender = self._case(number), self._sender(row)
        after = take_in(case, fact, sender, self._night.on, self._night.policy.termination)
        self._remember(Action(f"fact.{row.source}.{row.id}", case, after, actor=sender.employee_number))
        return Verdict(row.id, number)

    def _refuse(self, row: AnyRow, number: str, sentence: str, fault: str | None) -> Verdict:
        """Whoever may upload is told what is wrong with the file; anybody else's file only shows as a deviation.

        Of a fault that is ours to mend, the deviations say where it is.
        """
        case, sender = self._case(number), self._sender(row)
        if case.is_open and sender.employee_number == case.employee_number:
            told = refusal_in(self._night.policy.language, sentence)
            notice = Notice("upload_refused", Role.EMPLOYEE, detail=told)
            self._remember(Action(f"upload.refused.{row.id}", case, case, (notice,)))
        reason = sentence if fault is None else f"{sentence} (Uventet feil: {fault})"
        return Verdict(row.id, number, reason, is_refused=True)

    def _remember(self, action: Action) -> None:
        self._actions.setdefault(action.before.number, []).append(action)

    def _case(self, number: str) -> Case:
        if number in self._actions:
            return self._actions[number][-1].after
        if number not in self._cases:
            raise SetAsideError("Saksnummeret finnes ikke.")
        return self._cases[number][1]

    def _known(self, number: str) -> str | None:
        return number if number in self._cases else None

    def _sender(self, row: AnyRow) -> Sender:
        if row.registered_by is not None:
            return Sender(as_hr(row.registered_by), is_hr=True, for_employee=row.payload.get(FOR_EMPLOYEE) is True)
        if row.sender is None and row.source == CASE_LIBRARY:
            raise SetAsideError(NOBODYS)
        address = (row.sender_mail or "").lower()
        is_hr = address == (self._night.settings.hr_mail or "").lower() != ""
        is_specialist = address == (self._night.policy.abroad.assessed_by_mail or "").lower() != ""
        number = self._who.get(address)
        if number is None and not is_hr and not is_specialist:
            raise SetAsideError("Den som svarte, finnes ikke blant de ansatte i HR-systemet.")
        role = self._night.policy.abroad.assessed_by if is_specialist else "HR"
        return Sender(number or role, is_hr, is_specialist)


def _case_number(row: AnyRow) -> str:
    try:
        return case_number_of(row.payload)
    except SetAsideError:
        return ""


def folder_cases(connection: Connection, rows: Sequence[AnyRow]) -> dict[int, str]:
    """By the row's id, the number of the case in whose folder this upload lies.

    The folder is known by its id, since people who write in it may rename it. One that we did not make is known by its
    name, as far as that is a number.
    """
    within = {row.id: row.payload.get("within", ()) for row in rows}
    known = cases_of_folders(connection, {folder for folders in within.values() for folder in folders})
    return {row.id: next((known[each] for each in within[row.id] if each in known), _named(row)) for row in rows}


def _named(row: AnyRow) -> str:
    folder: str = row.payload["folder"]
    return folder.split("/", maxsplit=1)[0].upper()


def _counted(verdicts: Sequence[Verdict]) -> Counter[str]:
    aside = sum(verdict.reason is not None for verdict in verdicts)
    return Counter({TAKEN_IN: len(verdicts) - aside, "svar satt til side": aside})
