"""From bytes to rows with a cell for each column we read; what else the file has stays in the parser.

Every row must have as many fields as the header: Python's reader fills in or drops the rest without a word.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

from integrations.hr.csv_export.columns import SETTING, Columns, Headings
from integrations.hr.csv_export.decoding import WrongFormatError, codec_of
from integrations.hr.http import BrokenContentError


@dataclass(frozen=True, slots=True)
class Header:
    """Where each of our columns is, by our names; `theirs` are the file's own, for messages."""

    index_of: Mapping[str, int]
    theirs: Mapping[str, str]
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row with all of its fields. `line` is where it begins in the file, from 1."""

    line: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class TornRow:
    """A row with another number of fields than the header: which is which, is anybody's guess. Show none of them."""

    line: int
    fields: list[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """One file's header and its rows, which are read as they are asked for, once.

    Reading them raises as `read_table`.
    """

    header: Header
    rows: Iterator[Row | TornRow]


def read_table(content: bytes, columns: Columns, headings: Headings) -> Table:
    """A file's rows.

    Raises:
        BrokenContentError: the file breaks off, is empty, or is a page for people.
        WrongFormatError: it is whole, but not the table it should be.
    """
    lines = _Lines(TextIOWrapper(BytesIO(content), codec_of(content, columns.encoding), newline=""))
    reader = _Reader(lines, columns.delimiter)
    header = _header(reader.first_row(), columns.delimiter, headings)
    return Table(header, _rows(reader, header.width))


class _Lines:
    """Remembers the line it gave last, for a row that cannot be parsed, and whether there was another."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self.last: str | None = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self._source, None)
        if self.last is None:
            raise StopIteration
        return self.last


class _Reader:
    def __init__(self, lines: _Lines, delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def first_row(self) -> list[str]:
        for row in self.rows():
            if isinstance(row, Row):
                return row.fields
            break
        raise WrongFormatError("has a first line that is no header")

    def rows(self) -> Iterator[Row | TornRow]:
        """Every row that is not blank."""
        while True:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                yield self._torn(line)
                continue
            if self.spans_lines(line):
                self._must_not_hold_rows(fields, line)
            if any(map(str.strip, fields)):
                yield Row(line, fields)

    def spans_lines(self, line: int) -> bool:
        """Whether the row read last, which began in `line`, goes on after it."""
        return self._reader.line_num > line

    def _torn(self, line: int) -> TornRow:
        """The parser goes on with the next line. Whatever a stray quotation mark took in with it is lost."""
        if self._lines.last is None:
            raise BrokenContentError(f"ends in the middle of a field in quotation marks (the row from line {line})")
        if self.spans_lines(line):
            raise _stray_mark(line)
        return TornRow(line, self._lines.last.split(self._delimiter), "anførselstegnene i raden går ikke opp")

    def _must_not_hold_rows(self, fields: list[str], line: int) -> None:
        """Two stray quotation marks, rows apart, make one field of all between; the row may still look complete."""
        for text in fields:
            line_breaks = text.count("\n") or text.count("\r")
            if line_breaks and text.count(self._delimiter) == line_breaks * (len(fields) - 1):
                raise _stray_mark(line)


def _rows(reader: _Reader, width: int) -> Iterator[Row | TornRow]:
    last: Row | TornRow | None = None
    for row in reader.rows():
        last = row
        if isinstance(row, TornRow) or len(row.fields) == width:
            yield row
            continue
        if reader.spans_lines(row.line):
            raise _stray_mark(row.line)
        yield TornRow(row.line, row.fields, f"raden har {len(row.fields)} felter, overskriften har {width}")
    if last is None:
        raise BrokenContentError("has a header and nothing below it")
    if isinstance(last, Row) and len(last.fields) < width:
        raise BrokenContentError(f"breaks off: its last row (line {last.line}) has too few fields")


def _header(fields: list[str], delimiter: str, headings: Headings) -> Header:
    names = [" ".join(name.split()).casefold() for name in fields]
    theirs = headings.theirs
    missing = [theirs[ours] for ours in headings.layout.names if _is_missing(ours, names, headings)]
    if missing:
        what_to_do = f"check its first line, the separator (here «{delimiter}») and {SETTING}"
        raise WrongFormatError(f"lacks the column {', '.join(missing)}", what_to_do)
    twice = sorted({place for place, name in enumerate(names, 1) if name and names.count(name) > 1})
    if twice:
        places = ", ".join(map(str, twice))
        raise WrongFormatError(f"has the same name over more than one column ({places})", "give each a name of its own")
    index_of = {ours: names.index(name.casefold()) for ours, name in theirs.items() if name.casefold() in names}
    return Header(index_of, theirs, len(fields))


def _is_missing(ours: str, names: list[str], headings: Headings) -> bool:
    return ours in headings.needed and headings.theirs[ours].casefold() not in names


def _stray_mark(line: int) -> WrongFormatError:
    return WrongFormatError(
        f"has a quotation mark without its pair at line {line} or below, so its rows cannot be told apart",
        'have the HR system put fields with " or line breaks in quotation marks, and double those inside',
    )
