"""The SharePoint site as HR, employees and leaders meet it: the lists they answer in and the libraries for files.

Internal names are ASCII and never change; titles, choices and notes are what people read, in the policy's language.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from agreements.case import FilingKind
from agreements.documents import EquipmentSource, Language
from agreements.policy import SCORES, Policy, Question


class ColumnKind(StrEnum):
    """Values are the facet names of Microsoft Graph's columnDefinition."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    DATE = "dateTime"


class Template(StrEnum):
    """Values are those of Microsoft Graph's listInfo."""

    LIST = "genericList"
    LIBRARY = "documentLibrary"


@dataclass(frozen=True, slots=True)
class Column:
    """`title`, `choices` and `note` are bokmål; `*_nn` is nynorsk, empty where it is the same."""

    name: str
    title: str
    kind: ColumnKind
    choices: tuple[str, ...] = ()
    required: bool = True
    indexed: bool = False
    multiline: bool = False
    note: str = ""
    title_nn: str = ""
    choices_nn: tuple[str, ...] = ()
    note_nn: str = ""

    def spoken(self, language: Language) -> "Column":
        """The column as those read it who speak this language."""
        if language == "nb":
            return self
        return replace(
            self,
            title=self.title_nn or self.title,
            choices=self.choices_nn or self.choices,
            note=self.note_nn or self.note,
        )

    def definition(self) -> dict[str, Any]:
        """Graph's columnDefinition."""
        facets: dict[ColumnKind, dict[str, Any]] = {
            # Else SharePoint may keep what people write in several lines as HTML.
            ColumnKind.TEXT: {"allowMultipleLines": self.multiline, "textType": "plain"},
            ColumnKind.CHOICE: {"choices": list(self.choices), "allowTextEntry": False},
            ColumnKind.DATE: {"format": "dateOnly"},
        }
        return {
            "name": self.name,
            "displayName": self.title,
            "description": self.note,
            "required": self.required,
            "indexed": self.indexed,
            str(self.kind): facets.get(self.kind, {}),
        }


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """A list or library. `name` is the last part of its address; SharePoint makes it of the title it is born with."""

    name: str
    title: str
    columns: tuple[Column, ...]
    title_nn: str = ""
    template: Template = Template.LIST

    def spoken(self, language: Language) -> "ListDefinition":
        title = self.title_nn if language == "nn" and self.title_nn else self.title
        return replace(self, title=title, columns=tuple(column.spoken(language) for column in self.columns))


CASE_NUMBER = Column(
    "Saksnummer",
    "Saksnummer",
    ColumnKind.TEXT,
    indexed=True,
    note="Står i e-posten du har fått, for eksempel HK-2026-00042.",
    note_nn="Står i e-posten du har fått, til dømes HK-2026-00042.",
)

CASE_NUMBER_OF_FILE = replace(CASE_NUMBER, required=False, note="", note_nn="")

APPLICATIONS = ListDefinition(
    "Soknader",
    "Søknad om hjemmekontor",
    (
        Column("DagerPerUke", "Dager hjemme per uke", ColumnKind.NUMBER, title_nn="Dagar heime per veke"),
        Column("Ukedager", "Hvilke ukedager", ColumnKind.TEXT, required=False, title_nn="Kva vekedagar"),
        Column("FraDato", "Fra og med", ColumnKind.DATE, indexed=True, title_nn="Frå og med"),
        Column("TilDato", "Til og med", ColumnKind.DATE, required=False),
        Column(
            "Sted",
            "Hvor",
            ColumnKind.CHOICE,
            choices=("Hjemme", "Annet sted i Norge", "Utlandet"),
            title_nn="Kvar",
            choices_nn=("Heime", "Annan stad i Noreg", "Utlandet"),
        ),
    ),
    title_nn="Søknad om heimekontor",
)
ANSWERS = ListDefinition(
    "Svar",
    "Spørsmål om hjemmekontoret",
    (
        CASE_NUMBER,
        Column(
            "LantUtstyr",
            "Hvilket annet utstyr låner du av arbeidsgiveren? (ett på hver linje)",
            ColumnKind.TEXT,
            required=False,
            multiline=True,
            title_nn="Kva anna utstyr låner du av arbeidsgivaren? (eitt på kvar linje)",
        ),
        Column(
            "GodtarAvtalen",
            "Jeg har lest avtaleutkastet og godtar avtalen",
            ColumnKind.BOOLEAN,
            title_nn="Eg har lese avtaleutkastet og godtek avtalen",
        ),
    ),
    title_nn="Spørsmål om heimekontoret",
)
ASSESSMENTS = ListDefinition(
    "Vurderinger",
    "Leders vurdering",
    (
        CASE_NUMBER,
        Column(
            "Resultat",
            "Resultat",
            ColumnKind.CHOICE,
            choices=("Godkjent", "Avslått", "Må suppleres"),
            choices_nn=("Godkjend", "Avslått", "Må supplerast"),
        ),
        Column(
            "Mangler",
            "Hva må suppleres?",
            ColumnKind.CHOICE,
            choices=("Bildet", "Svarene", "Bildet og svarene"),
            required=False,
            title_nn="Kva må supplerast?",
            choices_nn=("Biletet", "Svara", "Biletet og svara"),
        ),
        Column(
            "Tiltak",
            "Tiltak som tas inn i avtalen, eller hva som må suppleres og hvorfor",
            ColumnKind.TEXT,
            required=False,
            multiline=True,
            title_nn="Tiltak som blir tekne inn i avtalen, eller kva som må supplerast og kvifor",
        ),
    ),
    title_nn="Vurderinga til leiaren",
)
EVALUATIONS = ListDefinition(
    "Evalueringer",
    "Evaluering av hjemmekontor",
    (
        CASE_NUMBER,
        Column(
            "Resultat",
            "Resultat",
            ColumnKind.CHOICE,
            choices=("Fortsetter", "Justeres", "Avsluttes"),
            choices_nn=("Held fram", "Blir justert", "Blir avslutta"),
        ),
        Column(
            "Merknad",
            "Merknad",
            ColumnKind.TEXT,
            required=False,
            multiline=True,
            note="Ikke skriv helseopplysninger, og ikke hvorfor avtalen evalueres.",
            note_nn="Ikkje skriv helseopplysningar, og ikkje kvifor avtalen blir evaluert.",
        ),
    ),
    title_nn="Evaluering av heimekontor",
)
TERMINATIONS = ListDefinition(
    "Oppsigelser",
    "Oppsigelse av avtale om hjemmekontor",
    (
        CASE_NUMBER,
        Column("SisteDag", "Siste dag med hjemmekontor", ColumnKind.DATE, title_nn="Siste dag med heimekontor"),
    ),
    title_nn="Oppseiing av avtale om heimekontor",
)
CHANGES = ListDefinition(
    "Endringer",
    "Endring av avtale om hjemmekontor",
    (
        CASE_NUMBER,
        Column("DagerPerUke", "Dager hjemme per uke", ColumnKind.NUMBER, title_nn="Dagar heime per veke"),
        Column("Ukedager", "Hvilke ukedager", ColumnKind.TEXT, required=False, title_nn="Kva vekedagar"),
        Column("FraDato", "Endringen gjelder fra og med", ColumnKind.DATE, title_nn="Endringa gjeld frå og med"),
    ),
    title_nn="Endring av avtale om heimekontor",
)
ACCEPTANCES = ListDefinition(
    "Aksept",
    "Godta avtale eller endring",
    (
        CASE_NUMBER,
        Column(
            "Svar",
            "Godtar du avtalen eller endringen?",
            ColumnKind.CHOICE,
            choices=("Godtar", "Godtar ikke"),
            title_nn="Godtek du avtalen eller endringa?",
            choices_nn=("Godtek", "Godtek ikkje"),
        ),
    ),
    title_nn="Godta avtale eller endring",
)
LISTS = (APPLICATIONS, ANSWERS, ASSESSMENTS, EVALUATIONS, TERMINATIONS, CHANGES, ACCEPTANCES)
"""What every policy has. `lists_of` adds what a policy asks."""

CASE_LIBRARY = "Hjemmekontor"
"""Document library where each case has one folder shared with its employee and leader."""

ARCHIVE_LIBRARY = "Personalmapper"
"""Document library that is the archive's personnel folders."""

REPORT_LIBRARY = "Rapporter"
"""Document library for the reports over the scheme: whoever may read them need not see a personnel folder."""

IMPORT_LIBRARY = "Arkivimport"
"""Document library that an archive system takes packages from, where that is how it is filed."""

DOCUMENT_TYPES = {
    FilingKind.AGREEMENT: "Avtale",
    FilingKind.SIGNED_AGREEMENT: "Signert avtale",
    FilingKind.PHOTO: "Bilde av arbeidsplassen",
    FilingKind.INFORMATION: "Informasjon",
    FilingKind.EVALUATION: "Evaluering",
    FilingKind.END_NOTE: "Sluttnotat",
    FilingKind.ARKIVMELDING: "Arkivmelding",
}
ARCHIVE_EMPLOYEE = Column(
    "Ansattnummer", "Ansattnummer", ColumnKind.TEXT, required=False, indexed=True, title_nn="Tilsettnummer"
)
ARCHIVE_TYPE = Column("Dokumenttype", "Dokumenttype", ColumnKind.CHOICE, tuple(DOCUMENT_TYPES.values()), required=False)
ARCHIVE_DATE = Column("ArkivertDato", "Arkivert dato", ColumnKind.DATE, required=False, indexed=True)
ARCHIVE_HASH = Column("SHA256", "SHA-256", ColumnKind.TEXT, required=False)
ARCHIVE_UNIT = Column("Enhet", "Enhet", ColumnKind.TEXT, required=False, title_nn="Eining")
ARCHIVE_MANAGER = Column("Leder", "Ansvarlig leder", ColumnKind.TEXT, required=False, title_nn="Ansvarleg leiar")
CASE_OPEN, CASE_CLOSED = "Under behandling", "Avsluttet"
"""The archive's own words for it: those of the published code list `saksstatus`."""
ARCHIVE_STATUS = Column("Saksstatus", "Saksstatus", ColumnKind.CHOICE, (CASE_OPEN, CASE_CLOSED), required=False)
ARCHIVE_COLUMNS = (
    *(CASE_NUMBER_OF_FILE, ARCHIVE_EMPLOYEE, ARCHIVE_TYPE, ARCHIVE_DATE, ARCHIVE_HASH),
    *(ARCHIVE_UNIT, ARCHIVE_MANAGER, ARCHIVE_STATUS),
)
"""What the archive's library says of each document, beside its name and place; the last three are kept up to date."""
LONGEST_TEXT = 255
"""Characters that SharePoint holds in a line of text."""

LIBRARIES = (
    ListDefinition(CASE_LIBRARY, CASE_LIBRARY, (CASE_NUMBER_OF_FILE,), template=Template.LIBRARY),
    ListDefinition(ARCHIVE_LIBRARY, ARCHIVE_LIBRARY, ARCHIVE_COLUMNS, template=Template.LIBRARY),
    ListDefinition(REPORT_LIBRARY, REPORT_LIBRARY, (), template=Template.LIBRARY),
)
"""Graph names a drive by its library's title, so a library has the same in both languages."""
IMPORTS = ListDefinition(IMPORT_LIBRARY, IMPORT_LIBRARY, (), template=Template.LIBRARY)

EQUIPMENT_CHOICES = {"Har selv": EquipmentSource.OWN, "Låner av arbeidsgiver": EquipmentSource.LENT}
NO_EQUIPMENT = "Har ikke"
PACKAGE = "Utstyrspakke"
EQUIPMENT_CHOICES_NN = ("Har sjølv", "Låner av arbeidsgivaren", "Har ikkje")


def site_of(policy: Policy, *, has_imports: bool = False) -> tuple[ListDefinition, ...]:
    """Every list and library of the site under this policy, in its language; with that for imports where it is used."""
    libraries = (*LIBRARIES, IMPORTS) if has_imports else LIBRARIES
    return tuple(definition.spoken(policy.language) for definition in (*lists_of(policy), *libraries))


def in_bokmal(choice: str) -> str:
    """What somebody chose, as it is called in bokmål: the language may have changed since, and answers stay readable.

    A text that is no choice of ours comes back as it is.
    """
    return _BOKMAL.get(choice, choice)


SCALES: dict[Language, str] = {
    "nb": " (1 = helt uenig, 5 = helt enig)",
    "nn": " (1 = heilt ueinig, 5 = heilt einig)",
}


def lists_of(*policies: Policy) -> tuple[ListDefinition, ...]:
    """The lists with the questions and the equipment that these policies ask about."""
    asked = {
        ANSWERS.name: [column for policy in policies for column in (*employee_columns(policy), *equipment(policy))],
        ASSESSMENTS.name: [
            column for policy in policies for column in (*manager_columns(policy), *package_columns(policy))
        ],
        EVALUATIONS.name: [column for policy in policies for column in evaluation_columns(policy)],
    }
    return tuple(_with(definition, asked.get(definition.name, [])) for definition in LISTS)


def employee_columns(policy: Policy) -> tuple[Column, ...]:
    return tuple(_asked(question) for question in policy.employee_questions)


def manager_columns(policy: Policy) -> tuple[Column, ...]:
    return tuple(_asked(question) for question in policy.manager_questions)


def package_columns(policy: Policy) -> tuple[Column, ...]:
    """The package that the manager chooses for the agreement, where the policy has any."""
    names = tuple(package.name for package in policy.packages_to_choose)
    return (Column(PACKAGE, "Utstyrspakke", ColumnKind.CHOICE, names, required=False),) if names else ()


def evaluation_columns(policy: Policy) -> tuple[Column, ...]:
    """One choice for each question in numbers; its title also says what the ends of the scale mean."""
    choices = tuple(str(score) for score in SCORES)
    return tuple(
        Column(question.column, question.text + SCALES[policy.language], ColumnKind.CHOICE, choices, required=False)
        for question in policy.evaluation.questions
    )


def equipment(policy: Policy) -> tuple[Column, ...]:
    """One choice for each item of the policy; its title is the item."""
    choices = (*EQUIPMENT_CHOICES, NO_EQUIPMENT)
    return tuple(
        Column(f"Utstyr{number}", item, ColumnKind.CHOICE, choices, required=False, choices_nn=EQUIPMENT_CHOICES_NN)
        for number, item in enumerate(policy.equipment, start=1)
    )


def _asked(question: Question) -> Column:
    return Column(question.column, question.text, ColumnKind.TEXT, required=question.required, multiline=True)


def _with(definition: ListDefinition, asked: Sequence[Column]) -> ListDefinition:
    """The case number first, then what is asked, each column once, then what every policy has."""
    first, *rest = definition.columns
    columns = {column.name: column for column in (first, *asked, *rest)} if asked else None
    return definition if columns is None else replace(definition, columns=tuple(columns.values()))


_BOKMAL = {
    nynorsk: bokmal
    for choices, in_nynorsk in (
        *((column.choices, column.choices_nn) for definition in LISTS for column in definition.columns),
        ((*EQUIPMENT_CHOICES, NO_EQUIPMENT), EQUIPMENT_CHOICES_NN),
    )
    for bokmal, nynorsk in zip(choices, in_nynorsk, strict=False)
}
