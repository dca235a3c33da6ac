"""The SharePoint site as HR, employees and leaders meet it: the lists they answer in and the libraries for files.

Internal column names are ASCII and never change; titles are what people read.
"""

from dataclasses import dataclass
from enum import StrEnum


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
        Column("Erfaring", "Hvilke erfaringer har du med hjemmekontor?", ColumnKind.TEXT, multiline=True),
        Column("Lys", "Hvordan er lyset (dagslys og annet)?", ColumnKind.TEXT, multiline=True),
        Column("Stoy", "Hvordan er støyen, og får du konsentrert deg?", ColumnKind.TEXT, multiline=True),
        Column("Pauser", "Hvordan sikrer du pauser fra stillesittende arbeid?", ColumnKind.TEXT, multiline=True),
        Column(
            "LantUtstyr",
            "Hvilket utstyr låner du av arbeidsgiveren? (ett på hver linje)",
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

CASE_LIBRARY = "Hjemmekontor"
"""Document library where each case has one folder shared with its employee and leader."""

ARCHIVE_LIBRARY = "Personalmapper"
"""Document library that is the archive's personnel folders."""
