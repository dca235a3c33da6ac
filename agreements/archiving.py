"""What an archive is told of a case, before anybody decides in which format: the folder, and what is registered in it.

The keys are ours and never change: an archive that knows one already has the thing, so a repeated import is harmless.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agreements.archive_plan import ArchivePlan, FolderKind
from agreements.case import Case, Filing, FilingKind, State
from agreements.documents import Language
from agreements.paperwork import People, agreed_on, file_name
from agreements.wording import WORDINGS

MASK = "*****"
"""Stands for the name where everybody may read: a public title is never empty and names nobody."""
TURNS_TEXT = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of reading: they could make a title read differently from what it says."""
LEFT_OUT = frozenset({"Cc", "Cs"})
"""Categories of characters that no line of text has: control characters, and halves of others."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file of a registration. `pronom` is its format's id there, `size` in bytes."""

    kind: FilingKind
    title: str
    name: str
    media_type: str
    pronom: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFolder:
    """The archive's saksmappe as it stands now. `closed_on` is set once the agreement has ended."""

    key: str
    title: str
    public_title: str
    opened_on: date
    closed_on: date | None
    employee_name: str
    employee_number: str
    unit_name: str
    unit_code: str
    manager_name: str
    manager_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A journal entry: the first file is its main document, the others are attached. Some come from the employee."""

    key: str
    title: str
    public_title: str
    dated_on: date
    is_from_employee: bool
    files: tuple[ArchivedFile, ...]


@dataclass(frozen=True, slots=True)
class ArchiveMessage:
    """What is said at once. Without a registration it says that something about the folder has changed."""

    key: str
    dated_on: date
    folder: CaseFolder
    registration: Registration | None


def case_folder(case: Case, plan: ArchivePlan, people: People, municipality: str, language: Language) -> CaseFolder:
    """A personnel folder holds more than this agreement and is never closed by it."""
    words = WORDINGS[language]
    name = _name(people, case)
    is_own = plan.folder is FolderKind.CASE
    title = words.case_folder_title if is_own else words.personnel_folder_title
    unit_id, manager = case.unit_id or "", one_line(people.manager_name or "")
    return CaseFolder(
        key=f"sak:{case.number}" if is_own else f"personalmappe:{case.employee_number}",
        title=title.format(number=case.number, name=name),
        public_title=title.format(number=case.number, name=MASK),
        opened_on=case.applied_on,
        closed_on=case.ended_on if is_own and case.state is State.ENDED else None,
        employee_name=name,
        employee_number=case.employee_number,
        unit_name=one_line(people.unit_name or "") or municipality,
        unit_code=plan.unit_codes.get(unit_id, unit_id) or plan.responsible,
        manager_name=manager or plan.responsible,
        manager_number=case.manager_number if manager else None,
    )


def registration(case: Case, people: People, files: Sequence[ArchivedFile], sequence: int) -> Registration:
    """What these files are together; `sequence` is the main document's."""
    main = files[0]
    name = _name(people, case)
    return Registration(
        key=f"{case.number}/{main.kind}-{sequence}",
        title=f"{main.title} - {name}",
        public_title=f"{main.title} - {MASK}",
        dated_on=dated_on(case, main.kind, sequence),
        is_from_employee=main.kind in FROM_EMPLOYEE,
        files=tuple(files),
    )


FROM_EMPLOYEE = frozenset({FilingKind.AGREEMENT, FilingKind.SIGNED_AGREEMENT, FilingKind.PHOTO})
"""What the employee accepts or sends is received; the leader's evaluations and our notes are internal."""


WITH_THE_AGREEMENT = frozenset(
    {Filing(FilingKind.AGREEMENT), Filing(FilingKind.SIGNED_AGREEMENT), Filing(FilingKind.PHOTO)}
)


def registered_together(filings: Sequence[Filing]) -> list[list[Filing]]:
    """What makes one journal entry each: the agreement with what was uploaded to it, and everything else by itself."""
    first = [filing for filing in filings if filing in WITH_THE_AGREEMENT]
    others = [[filing] for filing in filings if filing not in WITH_THE_AGREEMENT]
    return [first, *others] if first else others


def next_turn(case: Case) -> int:
    """The number of the next message about the case."""
    return 1 + sum(filing.kind is FilingKind.ARKIVMELDING for filing in case.filings)


def dated_on(case: Case, kind: FilingKind, sequence: int) -> date:
    """The document's own day, from the case and never from a clock: the same content gives the same bytes."""
    match kind:
        case FilingKind.EVALUATION:
            given = next((each.given_on for each in case.evaluations if each.sequence == sequence), None)
            return given or case.applied_on
        case FilingKind.END_NOTE:
            return case.ended_on or case.applied_on
        case _:
            return agreed_on(case) or case.applied_on


def title_of(kind: FilingKind, sequence: int, case_number: str, language: Language) -> str:
    """The name of the file without its ending: what it is, and of which case."""
    return file_name(kind, sequence, case_number, language).rpartition(".")[0]


def one_line(text: str) -> str:
    """The text as a line that XML 1.0 can hold: without control characters, half characters and turning marks."""
    shown = (" " if character.isspace() else character for character in text if _may_stand(character))
    return " ".join(unicodedata.normalize("NFC", "".join(shown)).split())


def _may_stand(character: str) -> bool:
    if character.isspace():
        return True
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE  # noqa: PLR2004 - the last two of every plane
    return not is_noncharacter and character not in TURNS_TEXT and unicodedata.category(character) not in LEFT_OUT


def _name(people: People, case: Case) -> str:
    return one_line(people.employee_name) or case.employee_number
