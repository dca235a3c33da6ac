"""KS Fiks Arkiv v1: one message makes folder and registration, another changes the folder.

Schemas `no.ks.fiks.arkiv.v1.arkivering.arkivmelding.opprett` and `.oppdater`, whose order of elements this follows.
"""

from typing import Final

from agreements.archive_plan import ArchivePlan
from agreements.archiving import ArchivedFile, ArchiveMessage, CaseFolder, Registration
from integrations.documents.arkivmelding import codes
from integrations.documents.arkivmelding.codes import Coded
from integrations.documents.arkivmelding.parts import Part, noon, part
from integrations.documents.formats import FORMATS

ROOT: Final = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv"
CREATE: Final = f"{ROOT}/arkivmelding/opprett/v1"
UPDATE: Final = f"{ROOT}/arkivmelding/oppdater/v1"
CATALOGUE: Final = f"{ROOT}/metadatakatalog/v1"
YES: Final = True


def creation(message: ArchiveMessage, registration: Registration, plan: ArchivePlan) -> Part | None:
    """A registration with its files, and the folder it goes into: an archive that has the folder keeps its own."""
    return part(
        "arkivmelding",
        part("system", plan.system),
        part("regel", plan.rule),
        part("antallFiler", len(registration.files)),
        _folder(message.folder, plan),
        _registration(registration, message.folder, plan),
    )


def update(message: ArchiveMessage, plan: ArchivePlan) -> Part | None:
    """Who is responsible for the folder now, and whether it is closed."""
    folder = message.folder
    return part(
        "arkivmeldingOppdatering",
        part(
            "mappeOppdateringer",
            part("referanseTilMappe", part("n5mdk:referanseEksternNoekkel", *_key(plan, folder.key))),
            *_closing(folder, plan),
            *_responsible(folder),
            _code("saksstatus", _status(folder)),
            kind="saksmappeOppdatering",
        ),
    )


def _folder(folder: CaseFolder, plan: ArchivePlan) -> Part | None:
    return part(
        "mappe",
        part("tittel", folder.title),
        part("offentligTittel", folder.public_title),
        _code("dokumentmedium", codes.ELECTRONIC),
        *_closing(folder, plan),
        None if plan.series is None else _code("arkivdel", (plan.series.code, plan.series.text)),
        _party(folder),
        _shielding(plan),
        *_classes(folder, plan),
        part("referanseEksternNoekkel", *_key(plan, folder.key)),
        part("saksaar", folder.opened_on.year),
        part("saksdato", folder.opened_on),
        *_responsible(folder),
        _code("saksstatus", _status(folder)),
        kind="saksmappe",
    )


def _registration(this: Registration, folder: CaseFolder, plan: ArchivePlan) -> Part | None:
    moment = noon(this.dated_on)
    return part(
        "registrering",
        part("arkivertDato", moment),
        part("arkivertAv", plan.system),
        part("referanseForelderMappe", part("n5mdk:referanseEksternNoekkel", *_key(plan, folder.key))),
        _party(folder),
        _shielding(plan),
        *(_document(file, number, plan) for number, file in enumerate(this.files, 1)),
        part("tittel", this.title),
        part("offentligTittel", this.public_title),
        *_correspondents(this, folder),
        part("referanseEksternNoekkel", *_key(plan, this.key)),
        _code("journalposttype", codes.RECEIVED if this.is_from_employee else codes.INTERNAL),
        _code("journalstatus", (plan.journal_status, codes.JOURNAL_STATUSES[plan.journal_status])),
        part("dokumentetsDato", this.dated_on),
        part("mottattDato", moment) if this.is_from_employee else None,
        part("offentlighetsvurdertDato", this.dated_on),
        part("antallVedlegg", len(this.files) - 1),
        kind="journalpost",
    )


def _document(file: ArchivedFile, number: int, plan: ArchivePlan) -> Part | None:
    words = FORMATS[file.pronom]
    return part(
        "dokumentbeskrivelse",
        _code("dokumenttype", codes.DOCUMENT_TYPES[file.kind]),
        _code("dokumentstatus", codes.FINISHED),
        part("tittel", file.title),
        _code("dokumentmedium", codes.ELECTRONIC),
        _code("tilknyttetRegistreringSom", codes.MAIN if number == 1 else codes.ATTACHED),
        part("dokumentnummer", number),
        _shielding(plan),
        part(
            "dokumentobjekt",
            part("versjonsnummer", 1),
            _code("variantformat", codes.ARCHIVE_FORMAT),
            _code("format", (plan.formats.get(file.pronom, file.pronom), words)),
            part("mimeType", file.media_type),
            part("filnavn", file.name),
            part("referanseDokumentfil", file.name),
            part("sjekksum", file.sha256),
            part("sjekksumAlgoritme", codes.CHECKSUM),
            part("filstoerrelse", file.size),
        ),
    )


def _correspondents(this: Registration, folder: CaseFolder) -> list[Part | None]:
    """The employee writes to the unit; what the unit itself writes has no other party."""
    role = codes.INTERNAL_RECEIVER if this.is_from_employee else codes.INTERNAL_SENDER
    unit = part(
        "korrespondansepart",
        _code("korrespondanseparttype", role),
        part("erBehandlingsansvarlig", YES),
        part("korrespondansepartNavn", folder.unit_name),
        part("administrativEnhet", *_identified(folder.unit_name, folder.unit_code)),
        part("saksbehandler", *_identified(folder.manager_name, folder.manager_number)),
    )
    employee = part(
        "korrespondansepart",
        _code("korrespondanseparttype", codes.SENDER),
        part("korrespondansepartNavn", folder.employee_name),
        part("erSkjermet", YES),
        part("erPersonnavn", YES),
    )
    return [employee, unit] if this.is_from_employee else [unit]


def _party(folder: CaseFolder) -> Part | None:
    return part("part", part("partNavn", folder.employee_name), part("erPersonnavn", YES))


def _shielding(plan: ArchivePlan) -> Part | None:
    access = plan.access
    return part(
        "skjerming",
        _code("tilgangsrestriksjon", (access.code, access.text)),
        part("skjermingshjemmel", access.paragraph),
    )


def _classes(folder: CaseFolder, plan: ArchivePlan) -> list[Part | None]:
    return [
        part(
            "klassifikasjon",
            part("klassifikasjonssystemID", each.system),
            part("klasseID", each.code or folder.employee_number),
            part("tittel", each.title or folder.employee_name),
            part("erSkjermet", each.code is None),
        )
        for each in plan.classes
    ]


def _closing(folder: CaseFolder, plan: ArchivePlan) -> list[Part | None]:
    if folder.closed_on is None:
        return []
    return [part("avsluttetDato", noon(folder.closed_on)), part("avsluttetAv", plan.system)]


def _responsible(folder: CaseFolder) -> list[Part | None]:
    return [
        part("administrativEnhet", *_identified(folder.unit_name, folder.unit_code)),
        part("saksansvarlig", *_identified(folder.manager_name, folder.manager_number)),
    ]


def _status(folder: CaseFolder) -> Coded:
    return codes.OPEN if folder.closed_on is None else codes.CLOSED


def _key(plan: ArchivePlan, key: str) -> list[Part | None]:
    return [part("n5mdk:fagsystem", plan.system), part("n5mdk:noekkel", key)]


def _identified(name: str, identity: str | None) -> list[Part | None]:
    return [part("n5mdk:navn", name), part("n5mdk:identifikator", identity)]


def _code(name: str, coded: Coded) -> Part | None:
    code, words = coded
    return part(name, part("n5mdk:kode", code), part("n5mdk:beskrivelse", words))
