"""The SharePoint site as HR, employees and leaders meet it: the lists they answer in and the libraries for files.

Internal column names are ASCII and never change; titles are what people read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agreements.case import FilingKind
from agreements.documents import EquipmentSource
from agreements.policy import Policy, Question


class ColumnKind(StrEnum):
    """Values are the facet names of Microsoft Graph's columnDefinition."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    DATE = "dateTime"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str
    kind: ColumnKind
    choices: tuple[str, ...] = ()
    required: bool = True
    indexed: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class ListDefinition:
    name: str
    title: str
    columns: tuple[Column, ...]


CASE_NUMBER = Column("Saksnummer", "Saksnummer", ColumnKind.TEXT, indexed=True)

APPLICATIONS = ListDefinition(
    "Soknader",
    "Søknad om hjemmekontor",
    (
        Column("DagerPerUke", "Dager hjemme per uke", ColumnKind.NUMBER),
        Column("Ukedager", "Hvilke ukedager", ColumnKind.TEXT, required=False),
        Column("FraDato", "Fra og med", ColumnKind.DATE),
        Column("TilDato", "Til og med", ColumnKind.DATE, required=False),
        Column("Sted", "Hvor", ColumnKind.CHOICE, choices=("Hjemme", "Annet sted i Norge", "Utlandet")),
    ),
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
        ),
        Column("GodtarAvtalen", "Jeg har lest avtaleutkastet og godtar avtalen", ColumnKind.BOOLEAN),
    ),
)
ASSESSMENTS = ListDefinition(
    "Vurderinger",
    "Leders vurdering",
    (
        CASE_NUMBER,
        Column("Resultat", "Resultat", ColumnKind.CHOICE, choices=("Godkjent", "Avslått")),
        Column("Tiltak", "Tiltak som tas inn i avtalen", ColumnKind.TEXT, required=False, multiline=True),
    ),
)
EVALUATIONS = ListDefinition(
    "Evalueringer",
    "Evaluering av hjemmekontor",
    (
        CASE_NUMBER,
        Column("Resultat", "Resultat", ColumnKind.CHOICE, choices=("Fortsetter", "Justeres", "Avsluttes")),
        Column("Merknad", "Merknad", ColumnKind.TEXT, required=False, multiline=True),
    ),
)
TERMINATIONS = ListDefinition(
    "Oppsigelser",
    "Oppsigelse av avtale om hjemmekontor",
    (
        CASE_NUMBER,
        Column("SisteDag", "Siste dag med hjemmekontor", ColumnKind.DATE),
    ),
)
LISTS = (APPLICATIONS, ANSWERS, ASSESSMENTS, EVALUATIONS, TERMINATIONS)
"""What every policy has. `lists_of` adds what a policy asks."""

EQUIPMENT_CHOICES = {"Har selv": EquipmentSource.OWN, "Låner av arbeidsgiver": EquipmentSource.LENT}
NO_EQUIPMENT = "Har ikke"


def lists_of(*policies: Policy) -> tuple[ListDefinition, ...]:
    """The lists with the questions and the equipment that these policies ask about."""
    asked = {
        ANSWERS.name: [column for policy in policies for column in (*employee_columns(policy), *equipment(policy))],
        ASSESSMENTS.name: [column for policy in policies for column in manager_columns(policy)],
    }
    return tuple(_with(definition, asked.get(definition.name, [])) for definition in LISTS)


def employee_columns(policy: Policy) -> tuple[Column, ...]:
    return tuple(_asked(question) for question in policy.employee_questions)


def manager_columns(policy: Policy) -> tuple[Column, ...]:
    return tuple(_asked(question) for question in policy.manager_questions)


def equipment(policy: Policy) -> tuple[Column, ...]:
    """One choice for each item of the policy; its title is the item."""
    choices = (*EQUIPMENT_CHOICES, NO_EQUIPMENT)
    return tuple(
        Column(f"Utstyr{number}", item, ColumnKind.CHOICE, choices, required=False)
        for number, item in enumerate(policy.equipment, start=1)
    )


def _asked(question: Question) -> Column:
    return Column(question.column, question.text, ColumnKind.TEXT, required=question.required, multiline=True)


def _with(definition: ListDefinition, asked: Sequence[Column]) -> ListDefinition:
    """The case number first, then what is asked, each column once, then what every policy has."""
    first, *rest = definition.columns
    columns = {column.name: column for column in (first, *asked, *rest)} if asked else None
    return definition if columns is None else replace(definition, columns=tuple(columns.values()))


CASE_LIBRARY = "Hjemmekontor"
"""Document library where each case has one folder shared with its employee and leader."""

ARCHIVE_LIBRARY = "Personalmapper"
"""Document library that is the archive's personnel folders."""

DOCUMENT_TYPES = {
    FilingKind.AGREEMENT: "Avtale",
    FilingKind.SIGNED_AGREEMENT: "Signert avtale",
    FilingKind.PHOTO: "Bilde av arbeidsplassen",
    FilingKind.EVALUATION: "Evaluering",
    FilingKind.END_NOTE: "Sluttnotat",
}
ARCHIVE_EMPLOYEE = Column("Ansattnummer", "Ansattnummer", ColumnKind.TEXT, required=False, indexed=True)
ARCHIVE_TYPE = Column("Dokumenttype", "Dokumenttype", ColumnKind.CHOICE, tuple(DOCUMENT_TYPES.values()), required=False)
ARCHIVE_DATE = Column("ArkivertDato", "Arkivert dato", ColumnKind.DATE, required=False, indexed=True)
ARCHIVE_HASH = Column("SHA256", "SHA-256", ColumnKind.TEXT, required=False)
ARCHIVE_COLUMNS = (
    replace(CASE_NUMBER, required=False),
    ARCHIVE_EMPLOYEE,
    ARCHIVE_TYPE,
    ARCHIVE_DATE,
    ARCHIVE_HASH,
)
"""What the archive's library says of each document, beside its name and place."""
