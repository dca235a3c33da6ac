"""An export of employees as CSV, and if there is one, a second file with the units."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from agreements.people import Snapshot
from integrations.hr.csv_export.collecting import read_staff, read_units
from integrations.hr.csv_export.columns import DateFormat, Headings, load_columns
from integrations.hr.csv_export.decoding import WrongFormatError
from integrations.hr.csv_export.rows import Table, read_table
from integrations.hr.files import HrFile, read_file
from integrations.hr.http import HrHttp, sentence
from integrations.hr.source import HrUnreadable

T = TypeVar("T")


class CsvSource:
    """An `HrSource`. Reads the files anew each time; keeps nothing between two readings.

    With a file of units, what the employees' file says of units is not looked at.
    """

    def __init__(self, http: HrHttp, employees: HrFile, units: HrFile | None, columns: Path | None) -> None:
        """Raises CsvColumnsError when the file that names the columns cannot be used."""
        self._http = http
        self._employees = employees
        self._units = units
        self._columns = load_columns(columns)

    def read_snapshot(self) -> Snapshot:
        columns = self._columns
        with self._http as http:
            staff, written_at = self._read(http, self._employees, columns.employees, read_staff)
            units, units_written_at = staff.units, None
            if self._units is not None:
                units, units_written_at = self._read(http, self._units, columns.units, read_units)
        return Snapshot(
            units=tuple(sorted(units.readable(), key=lambda unit: unit.unit_id)),
            employees=tuple(sorted(staff.readable(), key=lambda employee: employee.employee_number)),
            rejected=tuple(sorted((*staff.rejected(), *units.rejected()), key=lambda row: (row.key, row.path))),
            published_at=min(filter(None, (written_at, units_written_at)), default=None),
        )

    def _read(
        self,
        http: HrHttp,
        file: HrFile,
        headings: Headings,
        collect: Callable[[Table, DateFormat | None], T],
    ) -> tuple[T, datetime | None]:
        def read(stream: BinaryIO) -> T:
            # Whole: which encoding it is, shows only in the last letter. 60,000 rows are some 20 MB.
            table = read_table(stream.read(), self._columns, headings)
            return collect(table, self._columns.date_format)

        try:
            return read_file(http, file, read)
        except WrongFormatError as error:
            raise HrUnreadable(sentence(file.location, str(error), error.what_to_do)) from None
