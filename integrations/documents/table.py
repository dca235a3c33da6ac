"""The figures of a report as a table that Excel opens: semicolons, decimal commas, UTF-8 with its mark."""

import csv
import io
from collections.abc import Iterable, Sequence

from agreements.documents import ReportDocument

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_table(report: ReportDocument) -> bytes:
    """The report's key figures and its tables one below the other, each under its heading; the same bytes every time.

    A spreadsheet would run what begins as a formula, and a unit may be called anything: such a text gets an apostrophe.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written, delimiter=";", lineterminator="\r\n")
    rows.writerow(map(_harmless, (report.title, report.municipality, report.period)))
    rows.writerow([])
    rows.writerows((_harmless(term.name), _harmless(term.value)) for term in report.terms)
    for part in report.parts:
        if part.table is not None:
            rows.writerow([])
            rows.writerow([_harmless(part.heading)])
            rows.writerows(map(_harmless, row) for row in (part.table.head, *part.table.rows))
    # What cannot be written as UTF-8 is half of a character, and stands as a question mark.
    return written.getvalue().encode("utf-8-sig", errors="replace")


def _harmless(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(STARTS_A_FORMULA) else line


def render_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One table with a row of headings, so that Excel can sort and filter it; written as `render_table` writes."""
    written = io.StringIO(newline="")
    table = csv.writer(written, delimiter=";", lineterminator="\r\n")
    table.writerows(map(_harmless, row) for row in (head, *rows))
    return written.getvalue().encode("utf-8-sig", errors="replace")
