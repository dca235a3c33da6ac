"""Bad files and bad nights: what is set aside and why, and when nothing at all may be concluded."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agreements.people import RejectedRow
from integrations.hr.csv_export.source import CsvSource
from integrations.hr.files import HrFile
from integrations.hr.http import ATTEMPTS, HrHttp
from integrations.hr.source import HrRefused, HrUnreadable
from sandbox.municipality import Municipality
from tests.hr.conftest import TODAY
from tests.hr.csv_shape import (
    EMPLOYEES_PATH,
    PAGE_FOR_PEOPLE,
    PASSWORD,
    USERNAME,
    CsvRow,
    Download,
    Export,
    as_csv,
    downloads,
    employee_rows,
)

HEADER = "ansattnummer;fornavn;etternavn;enhet;merknad\n"
KARI, OLA, LIV = "101;Kari;Dal;O-1;\n", "102;Ola;Bø;O-1;\n", "103;Liv;Ås;O-1;\n"
ROW = {"ansattnummer": "101", "fornavn": "Kari", "etternavn": "Dal", "enhet": "O-1"}
NATIONAL_ID = "01010199999"


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)


# --- The whole file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty: have the HR system write the file anew"),
        (b" \r\n\r\n", "is empty"),
        (HEADER, "has a header and nothing below it"),
        (HEADER + ";;;;\n\n", "has a header and nothing below it"),
        (PAGE_FOR_PEOPLE, "is a web page or XML instead of CSV"),
        ("\ufeff \n<html>\n", "is a web page or XML instead of CSV"),
        (HEADER + KARI + OLA.strip(), "breaks off: its last line has no line end"),
        (HEADER + KARI + "102;Ol\n", "breaks off: its last row (line 3) has too few fields"),
        (HEADER + KARI + '102;Ola;Bø;O-1;"en\nto\n', "ends in the middle of a field in quotation marks (the row from"),
        ((HEADER + KARI).encode("utf-16"), "is UTF-16 (which Excel calls Unicode) or no text at all: have the HR"),
        ((HEADER + KARI).encode("utf-16-le"), "is UTF-16"),
        (HEADER + KARI + "\0" * 512, "no text at all"),
        (b"PK\x03\x04rest of a workbook", "is an Excel workbook or an archive: have the HR system export it as CSV"),
        ((HEADER + OLA + LIV).encode() + b"104;Bj\xc3rn;Dal;O-1;\n", "is UTF-8 with a broken letter in line 4, and"),
        ((HEADER + OLA).encode().decode("cp1252").encode(), "has its letters encoded twice"),
        (HEADER.encode() + b"101;\x81\x8d;\xf8;O-1;\n", "is neither UTF-8 nor Windows-1252: see line 2"),
        (KARI + OLA, "lacks the column ansattnummer, fornavn, etternavn, enhet: check its first line"),
        (HEADER.replace(";", ",") + KARI, "the separator (here «;») and HK_HR_COLUMNS"),
        ("ansattnummer;fornavn;etternavn\n1;2;3\n", "lacks the column enhet: "),
        ('"ansatt"nummer;fornavn\n', "has a first line that is no header"),
        (HEADER.replace("merknad", "Enhet") + KARI, "has the same name over more than one column (4, 5): give each"),
        (HEADER.replace("merknad", "x;X") + "1;2;3;4;5;6\n", "has the same name over more than one column (5, 6)"),
    ],
)
def test_a_file_that_says_nothing_certain(export: Export, content: str | bytes, what: str) -> None:
    message = _unreadable(export.put(content).source())
    assert message.startswith(f"{export.folder / 'ansatte.csv'} ")
    assert what in message
    assert "\n" not in message
    assert "Kari" not in message


@pytest.mark.parametrize(
    "broken",
    [
        # A mark that opens and never closes, one that closes rows later, and two that make one row of two.
        HEADER + KARI + '102;"Ola;Bø;O-1;\n' + LIV + '104;Per;"Li";O-1;\n',
        HEADER + KARI + '102;Ola;Bø;O-1;"stor skjerm\n' + LIV + '104;Per;Li;O-1;"\n',
        HEADER + KARI + '102;Ola;Bø;O-1;"stor skjerm\n' + '103;Liv;Ås;O-1;skjerm"\n' + KARI,
        HEADER + KARI + '102;"Ola;Bø;O-1;\n' + '103;Liv";Ås;O-1;\n' + KARI,
        HEADER + KARI + '102;Ola;"Bø;O-1;\n' + '103;Liv";Ås;O-1;\n' + KARI,
    ],
)
def test_a_stray_quotation_mark_that_takes_rows_with_it(export: Export, broken: str) -> None:
    assert "has a quotation mark without its pair at line 3 or below" in _unreadable(export.put(broken).source())


def test_an_empty_file_of_units(export: Export) -> None:
    export.put(HEADER + KARI, "enhet;navn;overordnet;leder\n")
    assert "enheter.csv has a header and nothing below it" in _unreadable(export.source())
    export.put(HEADER + KARI, "enhet;navn\nO-1;A\n")
    assert "enheter.csv lacks the column overordnet, leder: " in _unreadable(export.source())


def test_no_such_file(export: Export) -> None:
    with pytest.raises(HrRefused, match=r"ansatte\.csv cannot be read \(No such file or directory\): check HK_HR_URL$"):
        export.read()


def test_a_genuine_windows_file_with_a_pair_that_looks_like_utf_8(export: Export) -> None:
    """«Å·» is a valid sequence of UTF-8 in Windows-1252; one of them among real letters does not make it so."""
    [employee, _] = export.put((HEADER + "101;Bjørg;Å·s;O-1;\n" + OLA).encode("cp1252")).read().employees
    assert employee.name == "Bjørg Å·s"


# --- Single rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "path", "reason"),
    [
        ({"fornavn": "", "etternavn": " "}, "ansatte.etternavn", "både fornavn og etternavn mangler"),
        ({"enhet": ""}, "ansatte.enhet", "verdien mangler"),
        ({"ansatt_til": "32.01.2026"}, "ansatte.ansatt_til", "verdien er ikke en dato"),
        ({"ansatt_til": "01/31/2026"}, "ansatte.ansatt_til", "verdien er ikke en dato"),
        ({"ansatt_fra": "i fjor"}, "ansatte.ansatt_fra", "verdien er ikke en dato"),
        ({"stilling_fra": "31.12.9999"}, "ansatte.stilling_fra", "startdatoen er en dato som betyr «ingen sluttdato»"),
        ({"stillingsprosent": "mye"}, "ansatte.stillingsprosent", "stillingsprosenten er ikke et tall"),
        ({"stillingsprosent": "nan"}, "ansatte.stillingsprosent", "stillingsprosenten er ikke et tall"),
        ({"stillingsprosent": "-10"}, "ansatte.stillingsprosent", "stillingsprosenten er ikke et tall"),
        ({"stillingsprosent": "10001"}, "ansatte.stillingsprosent", "stillingsprosenten er utenfor 0-100 %"),
        ({"hovedstilling": "kanskje"}, "ansatte.hovedstilling", "ventet ja eller nei"),
        ({"permisjon_til": "01.01.2026"}, "ansatte.permisjon_fra", "permisjonen har en slutt og ingen start"),
    ],
)
def test_a_cell_that_cannot_be_read(export: Export, cells: CsvRow, path: str, reason: str) -> None:
    """The employee is set aside whole, with the row that can be read as well; the others are there."""
    good = {**ROW, **dict.fromkeys(cells, ""), "fornavn": "Kari", "enhet": "O-1", "stilling_fra": "01.01.2020"}
    other = {**good, "ansattnummer": "102"}
    snapshot = export.put(as_csv([good, {**good, "enhet": "O-2", **cells}, other])).read()
    assert snapshot.rejected == (RejectedRow("101", path, reason),)
    assert [who.employee_number for who in snapshot.employees] == ["102"]


def test_a_row_without_a_number_could_be_anybodys(export: Export) -> None:
    snapshot = export.put(as_csv([{**ROW, "ansattnummer": " "}, ROW])).read()
    assert snapshot.rejected == (RejectedRow("ansatte[2]", "ansatte.ansattnummer", "verdien mangler"),)
    assert snapshot.rejected[0].could_be_anybody


@pytest.mark.parametrize(
    ("column", "value"),
    [("etternavn", "Li"), ("epost", "kari@sandvik.example"), ("ansatt_til", "01.01.2026"), ("stedfortreder", "7")],
)
def test_rows_that_contradict_each_other_about_a_person(export: Export, column: str, value: str) -> None:
    row = {**ROW, column: ROW.get(column, "")}
    snapshot = export.put(as_csv([row, {**row, "enhet": "O-2", column: value}])).read()
    reason = "radene om den ansatte sier imot hverandre"
    assert snapshot.rejected == (RejectedRow("101", f"ansatte.{column}", reason),)
    assert snapshot.employees == ()


def test_the_same_row_twice_counts_once(export: Export) -> None:
    snapshot = export.put(as_csv([ROW, ROW])).read()
    assert len(snapshot.employees[0].positions) == 1
    assert snapshot.rejected == ()


def test_the_same_position_twice_with_different_content(export: Export) -> None:
    rows = [{**ROW, "stillingsprosent": "40"}, {**ROW, "stillingsprosent": "60"}]
    reason = "samme stilling står flere ganger, med ulikt innhold"
    assert export.put(as_csv(rows)).read().rejected == (RejectedRow("101", "ansatte.stilling_id", reason),)


@pytest.mark.parametrize("column", ["enhet_navn", "overordnet_enhet", "enhetsleder"])
def test_rows_that_contradict_each_other_about_a_unit(export: Export, column: str) -> None:
    """The people are there all the same: their rows say where they work, and that is not in doubt."""
    rows = [
        {**ROW, column: "1"},
        {**ROW, "ansattnummer": "102", column: ""},
        {**ROW, "ansattnummer": "103", "enhet": "2"},
    ]
    rows[2][column] = ""
    snapshot = export.put(as_csv(rows)).read()
    reason = "radene om enheten sier imot hverandre"
    assert snapshot.rejected == (RejectedRow("O-1", f"ansatte.{column}", reason),)
    assert [unit.unit_id for unit in snapshot.units] == ["2"]
    assert len(snapshot.employees) == 3


def test_bad_rows_of_units(export: Export) -> None:
    units = "enhet;navn;overordnet;leder\nO-1;A;;\nO-1;A;O-2;\nO-2;B;;\n;C;;\nO-3;D\nO-4;E;;\n"
    snapshot = export.put(HEADER + KARI, units).read()
    assert [unit.unit_id for unit in snapshot.units] == ["O-2", "O-4"]
    assert snapshot.rejected == (
        RejectedRow("O-1", "enheter.overordnet", "radene om enheten sier imot hverandre"),
        RejectedRow("enheter[5]", "enheter.enhet", "verdien mangler"),
        RejectedRow("enheter[6]", "enheter", "raden har 2 felter, overskriften har 4"),
    )


@pytest.mark.parametrize(
    ("torn", "key", "reason"),
    [
        ("102;Ola\n", "102", "raden har 2 felter, overskriften har 5"),
        ("102;Ola;Bø;O-1;en;to\n", "102", "raden har 6 felter, overskriften har 5"),
        ("101;Kari\n", "101", "raden har 2 felter, overskriften har 5"),
        ('102;"Ola" Bø;Bø;O-1;\n', "102", "anførselstegnene i raden går ikke opp"),
        ("Gate 1;Ola;Bø\n", "ansatte[3]", "raden har 3 felter, overskriften har 5"),
        (f"{NATIONAL_ID};Ola;Bø\n", "ansatte[3]", "raden har 3 felter, overskriften har 5"),
    ],
)
def test_a_row_with_other_fields_than_the_header(export: Export, torn: str, key: str, reason: str) -> None:
    """A number at the beginning of a row is believed; what only stands where one should, is not shown."""
    snapshot = export.put(HEADER + KARI + torn + LIV).read()
    assert snapshot.rejected == (RejectedRow(key, "ansatte", reason),)
    assert [who.employee_number for who in snapshot.employees] == ["103"] if key == "101" else ["101", "103"]


def test_a_row_with_other_fields_where_numbers_do_not_come_first(export: Export) -> None:
    """What stands in the number's place may have been shifted there: the row could be anybody's."""
    header = "enhet;ansattnummer;fornavn;etternavn\n"
    snapshot = export.put(header + "O-1;101;A;B\nO-2;101\nO-1;102\nO-1;103;A;B\n").read()
    assert [(row.key, row.could_be_anybody) for row in snapshot.rejected] == [
        ("101", False),
        ("ansatte[3]", True),
        ("ansatte[4]", True),
    ]
    assert [who.employee_number for who in snapshot.employees] == ["103"]


def test_a_tenth_of_the_rows_is_garbage(export: Export, municipality: Municipality) -> None:
    lines = as_csv([{**row, "merknad": ""} for row in employee_rows(municipality.on(TODAY))]).splitlines(keepends=True)
    before = export.put("".join(lines)).read()
    garbled = range(5, len(lines), 10)
    for place in garbled:
        lines[place] = "#¤%&/()=?;uleselig\r\n"
    snapshot = export.put("".join(lines)).read()
    assert [row.key for row in snapshot.rejected] == sorted(f"ansatte[{place + 1}]" for place in garbled)
    assert len(snapshot.employees) + len(garbled) >= len(before.employees)
    assert len(snapshot.employees) < len(before.employees)


def test_every_row_is_garbage(export: Export) -> None:
    snapshot = export.put(HEADER + "x;y\n" * 3 + "?;;;;\n").read()
    assert snapshot.employees == ()
    assert len(snapshot.rejected) == 4


# --- The way here -----------------------------------------------------------------------------------------------

CONTENT = {EMPLOYEES_PATH: (HEADER + KARI + OLA + LIV).encode()}


@pytest.fixture
def download() -> Iterator[Download]:
    with downloads(dict(CONTENT)) as server:
        yield server


@pytest.mark.parametrize("fault", [503, 502, 429, "html", "miscoded", "half", "drop"])
def test_a_fault_that_passes_is_not_noticed(download: Download, fault: int | str) -> None:
    download.faults = [fault]
    assert len(download.source().read_snapshot().employees) == 3
    assert len(download.pauses) == 1


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (503, "answered 503, 4 times: try again later"),
        ("html", "is a web page or XML instead of CSV, 4 times: try again later"),
        ("miscoded", "answered in another encoding than it said, 4 times: try again later"),
        ("half", "breaks off: its last line has no line end, 4 times"),
        ("drop", "broke off in the middle of an answer, 4 times"),
    ],
)
def test_a_fault_that_lasts_is_told_in_one_line(download: Download, fault: int | str, what: str) -> None:
    download.faults = [fault] * ATTEMPTS
    message = _unreadable(download.source())
    assert message.startswith(f"{download.url.removeprefix('http://')}{EMPLOYEES_PATH} {what}")
    assert "\n" not in message


def test_another_format_is_not_asked_for_again(download: Download) -> None:
    download.files[EMPLOYEES_PATH] = (HEADER + KARI).encode("utf-16")
    message = _unreadable(download.source())
    assert message.endswith(
        "/ansatte.csv is UTF-16 (which Excel calls Unicode) or no text at all: "
        "have the HR system export it as CSV in UTF-8"
    )
    assert download.calls == 1


def test_wrong_credentials(download: Download) -> None:
    message = _unreadable(download.source(password="open-sesame"))
    assert message.endswith(f"{EMPLOYEES_PATH} answered 401: check HK_HR_USERNAME and HK_HR_PASSWORD")
    assert "open-sesame" not in message
    assert download.calls == 1


def test_secrets_are_not_shown(download: Download) -> None:
    assert PASSWORD not in repr(HrFile(download.url)) + repr(vars(download.source()))
    assert USERNAME not in repr(vars(download.source()))


@pytest.mark.parametrize("missing", [1, len(LIV.encode())])
def test_less_than_was_announced(missing: int) -> None:
    """Cut off between two rows, and with nothing amiss but the announced length."""
    with _cut_short(CONTENT[EMPLOYEES_PATH], missing) as url:
        source = CsvSource(HrHttp(sleep=lambda _seconds: None), HrFile(f"{url}/ansatte.csv"), None, None)
        assert "broke off in the middle of an answer, 4 times" in _unreadable(source)


@contextmanager
def _cut_short(content: bytes, missing: int) -> Iterator[str]:
    """A server that announces all of the content, sends less, and closes the connection in good order."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:-missing])

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _unreadable(source: CsvSource) -> str:
    with pytest.raises(HrUnreadable) as caught:
        source.read_snapshot()
    return str(caught.value)
