"""eFormidling's arkivmelding: one format for all, with codes as words and ids that are GUIDs.

The ids are made of our keys, so that a message that comes twice speaks of the same things. The schema is
`arkivmelding.xsd` of eFormidling's integrasjonspunkt; it has no place for checksums and sizes.
"""

import uuid
from typing import Final

from agreements.archive_plan import ArchivePlan, JournalStatus
from agreements.archiving import ArchivedFile, ArchiveMessage, CaseFolder, Registration
from integrations.documents.arkivmelding import codes
from integrations.documents.arkivmelding.parts import Part, noon, part

NAMESPACE: Final = "http://www.arkivverket.no/standarder/noark5/arkivmelding"
CATALOGUE: Final = "http://www.arkivverket.no/standarder/noark5/metadatakatalog"
EMPLOYEE_ROLE: Final = "Ansatt"
SHIELDED: Final = ("Skjerming av tittel", "Skjerming av navn part")
WHOLE_DOCUMENT: Final = "Skjerming av hele dokumentet"


def arkivmelding(message: ArchiveMessage, plan: ArchivePlan) -> Part | None:
    """The folder as it stands now, with what is registered in it: a change of the folder has nothing in it."""
    files = () if message.registration is None else message.registration.files
    return part(
        "arkivmelding",
        part("system", plan.system),
        part("meldingId", _identity(plan, f"melding:{message.key}")),
        part("tidspunkt", noon(message.dated_on)),
        part("antallFiler", len(files)),
        _folder(message.folder, message.registration, plan),
    )


def _folder(folder: CaseFolder, registered: Registration | None, plan: ArchivePlan) -> Part | None:
    is_open = folder.closed_on is None
    status = codes.OPEN if is_open else codes.CLOSED
    return part(
        "mappe",
        part("systemID", _identity(plan, folder.key)),
        part("tittel", folder.title),
        part("offentligTittel", folder.public_title),
        part("dokumentmedium", codes.ELECTRONIC[1]),
        *_made(noon(folder.opened_on), plan),
        None if folder.closed_on is None else part("avsluttetDato", noon(folder.closed_on)),
        None if is_open else part("avsluttetAv", plan.system),
        None if plan.series is None else part("referanseArkivdel", plan.series.code),
        _shielding(plan),
        *_classes(folder, plan),
        None if registered is None else _registration(registered, folder, plan),
        part("saksdato", folder.opened_on),
        part("administrativEnhet", folder.unit_name),
        part("saksansvarlig", folder.manager_name),
        part("saksstatus", status[1]),
        part("sakspart", part("sakspartNavn", folder.employee_name), part("sakspartRolle", EMPLOYEE_ROLE)),
        kind="saksmappe",
    )


def _registration(this: Registration, folder: CaseFolder, plan: ArchivePlan) -> Part | None:
    moment = noon(this.dated_on)
    kind = codes.RECEIVED if this.is_from_employee else codes.INTERNAL
    return part(
        "basisregistrering",
        part("systemID", _identity(plan, this.key)),
        *_made(moment, plan),
        part("arkivertDato", moment),
        part("arkivertAv", plan.system),
        part("referanseForelderMappe", _identity(plan, folder.key)),
        _shielding(plan),
        *(_document(file, number, this, plan) for number, file in enumerate(this.files, 1)),
        part("tittel", this.title),
        part("offentligTittel", this.public_title),
        part("dokumentmedium", codes.ELECTRONIC[1]),
        part("journalposttype", kind[1]),
        part("journalstatus", _status(plan.journal_status)),
        part("journaldato", this.dated_on),
        part("dokumentetsDato", this.dated_on),
        part("mottattDato", moment) if this.is_from_employee else None,
        part("offentlighetsvurdertDato", this.dated_on),
        part("antallVedlegg", len(this.files) - 1),
        *_correspondents(this, folder),
        kind="journalpost",
    )


def _document(file: ArchivedFile, number: int, this: Registration, plan: ArchivePlan) -> Part | None:
    moment = noon(this.dated_on)
    role = codes.MAIN if number == 1 else codes.ATTACHED
    return part(
        "dokumentbeskrivelse",
        part("systemID", _identity(plan, f"{this.key}/{file.sha256}/{number}")),
        part("dokumenttype", codes.DOCUMENT_TYPES[file.kind][1]),
        part("dokumentstatus", codes.FINISHED[1]),
        part("tittel", file.title),
        *_made(moment, plan),
        part("dokumentmedium", codes.ELECTRONIC[1]),
        part("tilknyttetRegistreringSom", role[1]),
        part("dokumentnummer", number),
        part("tilknyttetDato", moment),
        part("tilknyttetAv", plan.system),
        part(
            "dokumentobjekt",
            part("versjonsnummer", 1),
            part("variantformat", codes.ARCHIVE_FORMAT[1]),
            *_made(moment, plan),
            part("referanseDokumentfil", file.name),
        ),
    )


def _correspondents(this: Registration, folder: CaseFolder) -> list[Part | None]:
    role = codes.INTERNAL_RECEIVER if this.is_from_employee else codes.INTERNAL_SENDER
    unit = part(
        "korrespondansepart",
        part("korrespondanseparttype", role[1]),
        part("korrespondansepartNavn", folder.unit_name),
        part("administrativEnhet", folder.unit_name),
        part("saksbehandler", folder.manager_name),
    )
    employee = part(
        "korrespondansepart",
        part("korrespondanseparttype", codes.SENDER[1]),
        part("korrespondansepartNavn", folder.employee_name),
    )
    return [employee, unit] if this.is_from_employee else [unit]


def _shielding(plan: ArchivePlan) -> Part | None:
    return part(
        "skjerming",
        part("tilgangsrestriksjon", plan.access.text),
        part("skjermingshjemmel", plan.access.paragraph),
        *(part("skjermingMetadata", what) for what in SHIELDED),
        part("skjermingDokument", WHOLE_DOCUMENT),
    )


def _classes(folder: CaseFolder, plan: ArchivePlan) -> list[Part | None]:
    return [
        part(
            "klassifikasjon",
            part("referanseKlassifikasjonssystem", each.system),
            part("klasseID", each.code or folder.employee_number),
            part("tittel", each.title or folder.employee_name),
        )
        for each in plan.classes
    ]


def _status(status: JournalStatus) -> str:
    return codes.FINISHED_IN_EFORMIDLING if status is JournalStatus.FINISHED else codes.JOURNAL_STATUSES[status]


def _made(moment: str, plan: ArchivePlan) -> list[Part | None]:
    return [part("opprettetDato", moment), part("opprettetAv", plan.system)]


def _identity(plan: ArchivePlan, key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{plan.system}/{key}"))
