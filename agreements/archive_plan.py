"""How a municipality's archive wants to be spoken to, as data: codes, classes and units. See `config/archive_plans/`.

Nothing here has a default of law: access codes and paragraphs for this very kind of case differ between archives.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from agreements.policy import Rules

Text = Annotated[str, Meta(min_length=1, pattern=r"\S")]


class Format(StrEnum):
    """The two arkivmelding that archive systems in Norway take."""

    FIKS_ARKIV = "fiks-arkiv-v1"
    EFORMIDLING = "eformidling"


class FolderKind(StrEnum):
    """What the archive's saksmappe is: each agreement a case of its own, or all of a person in the personnel folder."""

    CASE = "case"
    PERSONNEL = "personnel"


class JournalStatus(StrEnum):
    """Values of the published code list `journalstatus` that a document from a specialist system may arrive with."""

    JOURNALED = "J"
    FINISHED = "F"
    APPROVED = "G"
    ARCHIVED = "A"
    PRELIMINARY = "M"
    REGISTERED = "S"


ONLY_IN_FIKS = frozenset({JournalStatus.PRELIMINARY, JournalStatus.REGISTERED})


class Access(Rules, frozen=True):
    """Why the public may not read the documents: the archive's own code with its words, and the paragraph of law."""

    code: Text
    text: Text
    paragraph: Text


class Code(Rules, frozen=True):
    code: Text
    text: Text


class Classification(Rules, frozen=True):
    """A class of one of the archive's systems of classes. Without `code` it is the employee: number and name."""

    system: Text
    code: Text | None = None
    title: Text | None = None

    def __post_init__(self) -> None:
        if (self.code is None) != (self.title is None):
            raise ValueError("a class has both code and title; left out, both of them, it is the employee")


class ArchivePlan(Rules, frozen=True):
    """What every arkivmelding of one municipality says alike.

    `system` is the name we have in the archive: with our keys it makes a repeated import harmless, so it never changes.
    `responsible` stands where nobody leads the employee. `unit_codes` are the archive's codes by the id of HR's unit;
    other units have the id itself. `formats` are the archive's own words for file formats by their PRONOM id.
    """

    format: Format
    system: Text
    folder: FolderKind
    access: Access
    journal_status: JournalStatus
    responsible: Text
    classes: tuple[Classification, ...] = ()
    series: Code | None = None
    rule: Text | None = None
    unit_codes: dict[str, Text] = msgspec.field(default_factory=dict)
    formats: dict[str, Text] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format is Format.EFORMIDLING and self.journal_status in ONLY_IN_FIKS:
            raise ValueError("journal_status M and S are not among the values that eFormidling's format knows")
