"""Values of the published code lists (KS Fiks Arkiv v1, `kodelister`), with the words that belong to them."""

from collections.abc import Mapping
from typing import Final

from agreements.archive_plan import JournalStatus
from agreements.case import FilingKind

Coded = tuple[str, str]

DOCUMENT_TYPES: Final[Mapping[FilingKind, Coded]] = {
    FilingKind.AGREEMENT: ("AVTALE", "Avtale"),
    FilingKind.SIGNED_AGREEMENT: ("AVTALE", "Avtale"),
    FilingKind.PHOTO: ("FOTO", "Foto"),
    FilingKind.INFORMATION: ("KORR", "Korrespondanse"),
    FilingKind.EVALUATION: ("NOTAT", "Notat"),
    FilingKind.END_NOTE: ("NOTAT", "Notat"),
}
RECEIVED: Final[Coded] = ("I", "Inngående dokument")
INTERNAL: Final[Coded] = ("X", "Organinternt dokument uten oppfølging")
SENDER: Final[Coded] = ("EA", "Avsender")
INTERNAL_SENDER: Final[Coded] = ("IA", "Intern avsender")
INTERNAL_RECEIVER: Final[Coded] = ("IM", "Intern mottaker")
MAIN: Final[Coded] = ("H", "Hoveddokument")
ATTACHED: Final[Coded] = ("V", "Vedlegg")
FINISHED: Final[Coded] = ("F", "Dokumentet er ferdigstilt")
ARCHIVE_FORMAT: Final[Coded] = ("A", "Arkivformat")
ELECTRONIC: Final[Coded] = ("E", "Elektronisk arkiv")
OPEN: Final[Coded] = ("B", "Under behandling")
CLOSED: Final[Coded] = ("A", "Avsluttet")
JOURNAL_STATUSES: Final[Mapping[JournalStatus, str]] = {
    JournalStatus.JOURNALED: "Journalført",
    JournalStatus.FINISHED: "Ferdigstilt av saksbehandler",
    JournalStatus.APPROVED: "Godkjent av leder",
    JournalStatus.ARCHIVED: "Arkivert",
    JournalStatus.PRELIMINARY: "Midlertidig registrering av innkommende dokument",
    JournalStatus.REGISTERED: "Saksbehandler har registrert innkommende dokument",
}
FINISHED_IN_EFORMIDLING: Final = "Ferdigstilt fra saksbehandler"
"""The one status that eFormidling's schema words differently; its other values are the words above."""
CHECKSUM: Final = "SHA-256"
