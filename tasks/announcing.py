"""What an archive system is told: an arkivmelding beside what is filed, or alone when something has changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from sqlalchemy import Connection

from agreements.archive_plan import ArchivePlan
from agreements.archiving import (
    ArchivedFile,
    ArchiveMessage,
    CaseFolder,
    case_folder,
    registration,
    title_of,
)
from agreements.case import Case, FilingKind
from agreements.paperwork import People, file_name
from config.sharepoint import ARCHIVE_LIBRARY, IMPORT_LIBRARY
from integrations.database.messages import add_message
from integrations.database.outgoing import Prepared
from integrations.documents.arkivmelding import MEDIA_TYPE, render_message
from integrations.documents.formats import pronom_of
from integrations.graph.quickxor import quick_xor_hash
from tasks.night import Night

NAME_IN_A_PACKAGE = "arkivmelding.xml"
"""What archive systems look for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a message is about: the case, its people's names, and the message's turn among those about it."""

    case: Case
    people: People
    turn: int


def place_of(night: Night, case: Case, turn: int, name: str) -> tuple[str, str]:
    """The library and the path a file of this message's goes to: the case's own folder, or a package of the turn."""
    if night.settings.has_imports:
        return IMPORT_LIBRARY, f"{case.number}-{turn:02}/{name}"
    folder = night.settings.archive_folder.format(employee_number=case.employee_number, case_number=case.number)
    return ARCHIVE_LIBRARY, f"{folder.strip('/')}/{name}"


def announce(connection: Connection, night: Night, subject: Subject, filed: Sequence[Prepared]) -> None:
    """Tell what these files are, which are registered together; nothing where nobody wants to be told."""
    plan = night.archive_plan
    if plan is None:
        return
    told = registration(subject.case, subject.people, [_file(night, each) for each in filed], filed[0].sequence)
    folder = _folder(night, plan, subject)
    # A package comes to an open folder, and is followed by one that closes it.
    folder = replace(folder, closed_on=None) if night.settings.has_imports else folder
    message = ArchiveMessage(_key(subject), told.dated_on, folder, told)
    add_message(connection, _prepared(night, subject, render_message(message, plan)), night.on)


def announce_change(connection: Connection, night: Night, subject: Subject, on: date) -> None:
    """Tell who is responsible for the case since the day `on`, and whether it has ended."""
    plan = night.archive_plan
    if plan is not None:
        message = ArchiveMessage(_key(subject), on, _folder(night, plan, subject), None)
        add_message(connection, _prepared(night, subject, render_message(message, plan)), night.on)


def _key(subject: Subject) -> str:
    return f"{subject.case.number}/{FilingKind.ARKIVMELDING}-{subject.turn}"


def _folder(night: Night, plan: ArchivePlan, subject: Subject) -> CaseFolder:
    return case_folder(subject.case, plan, subject.people, night.policy.municipality, night.policy.language)


def _prepared(night: Night, subject: Subject, content: bytes) -> Prepared:
    kind, number, turn = FilingKind.ARKIVMELDING, subject.case.number, subject.turn
    own_name = file_name(kind, turn, number, night.policy.language)
    name = NAME_IN_A_PACKAGE if night.settings.has_imports else own_name
    library, path = place_of(night, subject.case, turn, name)
    digest, quick = sha256(content).hexdigest(), quick_xor_hash(content)
    return Prepared(number, kind, turn, path, content, MEDIA_TYPE, digest, quick, library)


def _file(night: Night, prepared: Prepared) -> ArchivedFile:
    kind = FilingKind(prepared.kind)
    return ArchivedFile(
        kind=kind,
        title=title_of(kind, prepared.sequence, prepared.case_number, night.policy.language),
        name=prepared.path.rpartition("/")[2],
        media_type=prepared.media_type,
        pronom=pronom_of(prepared.content),
        sha256=prepared.sha256,
        size=len(prepared.content),
    )
