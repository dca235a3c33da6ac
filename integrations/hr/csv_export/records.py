"""What one row says: a person, the position it is about, a leave, a unit. Only the columns of the layout are looked at.

Reasons are Norwegian, for the list of deviations (avvik), and never quote a value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from agreements.people import Employee, Leave, Position, Unit
from integrations.hr.csv_export.columns import DateFormat
from integrations.hr.csv_export.rows import Header
from integrations.hr.values import mail_address, oslo_day, percent_of_full_time

NORWEGIAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: 00:00(?::00)?)?")
PERCENTAGE = re.compile(r"(\d{1,5}(?:[.,]\d+)?) ?%?")
YES = frozenset({"ja", "1", "true", "x"})
NO = frozenset({"nei", "0", "false"})

T = TypeVar("T")


class FaultError(Exception):
    """A cell that cannot be read: our name of its column, and a Norwegian reason that quotes nothing."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Cells:
    """One row's cells by our names for the columns. A column that the file does not have is as good as empty."""

    header: Header
    fields: list[str]
    date_format: DateFormat | None

    def text(self, column: str) -> str | None:
        index = self.header.index_of.get(column)
        return None if index is None else " ".join(self.fields[index].split()) or None

    def key(self, column: str) -> str:
        """A value that there must be.

        Raises:
            FaultError: the cell is empty.
        """
        found = self.text(column)
        if found is None:
            raise FaultError(column, "verdien mangler")
        return found

    def last_day(self, column: str) -> date | None:
        """None for no end, also where a date in the far future says so.

        Raises:
            FaultError: not a date.
        """
        found = self.text(column)
        return None if found is None else self._read(column, self._day, found)

    def first_day(self, column: str) -> date | None:
        """None where the cell is empty.

        Raises:
            FaultError: not a date, or one that stands for "no end", which is no day to begin on.
        """
        found = self.last_day(column)
        if found is None and self.text(column) is not None:
            raise FaultError(column, "startdatoen er en dato som betyr «ingen sluttdato»")
        return found

    def percentage(self, column: str) -> float:
        """Per cent of full time; 0 where nothing is said, so that any position with a size is larger.

        Raises:
            FaultError: not a number, or out of range.
        """
        found = self.text(column)
        return 0.0 if found is None else self._read(column, _percentage, found)

    def truth(self, column: str) -> bool:
        """Raises FaultError for anything but the few ways to say yes or no; an empty cell is a no."""
        found = self.text(column)
        return found is not None and self._read(column, _truth, found.casefold())

    def _day(self, text: str) -> date | None:
        written = NORWEGIAN_DATE.fullmatch(text) if self.date_format is not DateFormat.ISO else None
        if written:
            day, month, year = written.groups()
            return oslo_day(f"{year}-{month:0>2}-{day:0>2}")
        if self.date_format is DateFormat.NORWEGIAN:
            raise ValueError("verdien er ikke en dato på formen dd.mm.åååå")
        return oslo_day(text)

    @staticmethod
    def _read(column: str, read: Callable[[str], T], text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise FaultError(column, str(error)) from None


def read_person(cells: Cells) -> Employee:
    """The part of a row that is about the person, without positions and leaves.

    Raises:
        FaultError: a cell of it cannot be read.
    """
    given_name, family_name = cells.text("fornavn"), cells.text("etternavn")
    if given_name is None and family_name is None:
        raise FaultError("etternavn", "både fornavn og etternavn mangler")
    return Employee(
        employee_number=cells.key("ansattnummer"),
        given_name=given_name or "",
        family_name=family_name or "",
        email=mail_address(cells.text("epost")),
        user_principal_name=mail_address(cells.text("brukernavn")),
        start_on=cells.first_day("ansatt_fra"),
        end_on=cells.last_day("ansatt_til"),
        substitute_number=cells.text("stedfortreder"),
    )


def read_position(cells: Cells) -> Position:
    """The part of a row that is about the position. One without an id gets one that is the same every night.

    Raises:
        FaultError: a cell of it cannot be read.
    """
    number, unit_id, start_on = cells.key("ansattnummer"), cells.key("enhet"), cells.first_day("stilling_fra")
    made_up = f"{number}--{unit_id}--{'' if start_on is None else format(start_on, '%Y%m%d')}"
    return Position(
        position_id=cells.text("stilling_id") or made_up,
        unit_id=unit_id,
        percentage=cells.percentage("stillingsprosent"),
        is_main=cells.truth("hovedstilling"),
        manager_number=cells.text("leder"),
        start_on=start_on,
        end_on=cells.last_day("stilling_til"),
    )


def read_leave(cells: Cells) -> Leave | None:
    """Raises FaultError for a cell that cannot be read, and for an end without a beginning."""
    start_on, end_on = cells.first_day("permisjon_fra"), cells.last_day("permisjon_til")
    if start_on is None and cells.text("permisjon_til") is not None:
        raise FaultError("permisjon_fra", "permisjonen har en slutt og ingen start")
    if start_on is None or (end_on is not None and end_on < start_on):
        return None
    return Leave(start_on, end_on)


def read_unit(cells: Cells, columns: Mapping[str, str]) -> Unit:
    """The unit in the column `enhet`; `columns` are those of `Unit`'s other fields, which depend on the file.

    Raises:
        FaultError: it has no id.
    """
    unit_id, parent_id = cells.key("enhet"), cells.text(columns["parent_id"])
    return Unit(
        unit_id=unit_id,
        name=cells.text(columns["name"]) or unit_id,
        parent_id=None if parent_id == unit_id else parent_id,
        manager_number=cells.text(columns["manager_number"]),
    )


def _percentage(text: str) -> float:
    written = PERCENTAGE.fullmatch(text)
    if written is None:
        raise ValueError("stillingsprosenten er ikke et tall")
    return percent_of_full_time(float(written[1].replace(",", ".")))


def _truth(text: str) -> bool:
    if text not in YES | NO:
        raise ValueError("ventet ja eller nei")
    return text in YES
