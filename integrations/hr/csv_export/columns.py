"""What the columns of an export are called, and how it is written: our defaults, or a municipality's own TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from config.errors import ExpectedError

SETTING = "HK_HR_COLUMNS"
DELIMITERS = (";", ",", "\t", "|")


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    WINDOWS_1252 = "cp1252"


class DateFormat(StrEnum):
    NORWEGIAN = "dd.mm.yyyy"
    ISO = "iso"


class CsvColumnsError(ExpectedError):
    """The file that HK_HR_COLUMNS names cannot be used. One line: which file, which key, what is allowed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns we read of one kind of file, by our names for them; a header must hold the required ones."""

    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return *self.required, *self.optional


EMPLOYEES = Layout(
    "employees",
    ("ansattnummer", "fornavn", "etternavn", "enhet"),
    (
        *("epost", "brukernavn", "ansatt_fra", "ansatt_til", "stedfortreder"),
        *("stilling_id", "enhet_navn", "overordnet_enhet", "enhetsleder"),
        *("stillingsprosent", "hovedstilling", "leder", "stilling_fra", "stilling_til"),
        *("permisjon_fra", "permisjon_til"),
    ),
)
UNITS = Layout("units", ("enhet", "navn", "overordnet", "leder"))


@dataclass(frozen=True, slots=True)
class Headings:
    """What a file's header calls the columns of a layout. `renamed` maps our names to theirs, "" for "do not read".

    A column that somebody took the trouble to name must be there: when an export loses its end dates from one night
    to the next, nobody has got an employment without end.
    """

    layout: Layout
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def theirs(self) -> dict[str, str]:
        """Their name for each of our columns that is read at all."""
        names = {ours: self.renamed.get(ours, ours) for ours in self.layout.names}
        return {ours: theirs for ours, theirs in names.items() if theirs}

    @property
    def needed(self) -> frozenset[str]:
        return frozenset((*self.layout.required, *self.renamed)) & self.theirs.keys()


@dataclass(frozen=True, slots=True)
class Columns:
    """How the files are written. No encoding: whichever of the two fits. No date format: both."""

    delimiter: str = ";"
    encoding: Encoding | None = None
    date_format: DateFormat | None = None
    employees: Headings = Headings(EMPLOYEES)
    units: Headings = Headings(UNITS)


def load_columns(path: Path | None) -> Columns:
    """The municipality's own names, or the defaults where there is no file.

    Raises:
        CsvColumnsError: the file cannot be read, or a key in it is unknown or has a value that is not allowed.
    """
    return Columns() if path is None else _ColumnsFile(path).read()


class _ColumnsFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Columns:
        tables = (EMPLOYEES.table, UNITS.table)
        given = self._parsed()
        self._known("", given, ("delimiter", "encoding", "date_format", *tables))
        encoding = self._choice(given, "encoding", tuple(Encoding))
        date_format = self._choice(given, "date_format", tuple(DateFormat))
        return Columns(
            delimiter=self._choice(given, "delimiter", DELIMITERS) or Columns().delimiter,
            encoding=Encoding(encoding) if encoding else None,
            date_format=DateFormat(date_format) if date_format else None,
            employees=self._headings(given, EMPLOYEES),
            units=self._headings(given, UNITS),
        )

    def _parsed(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise self._error("", f"the file cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise self._error("", "the file is not UTF-8 text. Save it as UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise self._error("", f"the file is not TOML: {error}") from None

    def _headings(self, given: dict[str, object], layout: Layout) -> Headings:
        renamed = given.get(layout.table, {})
        if not isinstance(renamed, dict):
            raise self._error(layout.table, f'must be a table: [{layout.table}], then lines such as enhet = "Unit"')
        self._known(f"{layout.table}.", renamed, layout.names)
        for ours, theirs in renamed.items():
            if not isinstance(theirs, str):
                raise self._error(f"{layout.table}.{ours}", "must be the column's name in the file, as text in quotes")
            if not theirs.strip() and ours in layout.required:
                raise self._error(f"{layout.table}.{ours}", "must name a column; only optional ones can be left unread")
        headings = Headings(layout, {ours: " ".join(theirs.split()) for ours, theirs in renamed.items()})
        self._must_differ(headings)
        return headings

    def _must_differ(self, headings: Headings) -> None:
        used: dict[str, str] = {}
        for ours, theirs in headings.theirs.items():
            other = used.setdefault(theirs.casefold(), ours)
            if other != ours:
                key = f"{headings.layout.table}.{ours}"
                raise self._error(key, f"reads the column «{theirs}», and so does {other}. Each needs one of its own")

    def _known(self, prefix: str, given: Mapping[str, object], allowed: tuple[str, ...]) -> None:
        for key in given:
            if key not in allowed:
                raise self._error(f"{prefix}{key}", f"there is no such key here. Choose from: {', '.join(allowed)}")

    def _choice(self, given: dict[str, object], key: str, allowed: tuple[str, ...]) -> str | None:
        value = given.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or value not in allowed:
            shown = ", ".join(f'"{each}"'.replace("\t", "\\t") for each in allowed)
            raise self._error(key, f"must be one of {shown}")
        return value

    def _error(self, key: str, problem: str) -> CsvColumnsError:
        return CsvColumnsError(f"{SETTING}: {self._path.name}: {key}{': ' if key else ''}{problem}")
