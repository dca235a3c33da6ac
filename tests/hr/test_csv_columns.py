"""A municipality's own names for the columns, and its own way to write the file."""

from pathlib import Path

import pytest

from config.settings import Settings
from integrations.hr import open_source
from integrations.hr.csv_export.columns import EMPLOYEES, UNITS, CsvColumnsError, load_columns
from integrations.hr.source import HrUnreadable
from sandbox.municipality import Municipality
from tests.hr.conftest import TODAY
from tests.hr.csv_shape import Export, as_csv, employee_rows, expected, unit_rows

EXAMPLE = Path(__file__).parents[2] / "docs/hr/csv-columns.toml"
OTHER_NAMES = {"ansattnummer": "Res.nr", "fornavn": "First Name", "epost": "E-post", "leder": "Nærmeste leder"}


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "columns.toml"


def test_a_file_with_other_names(export: Export, file: Path, village: Municipality) -> None:
    picture = village.on(TODAY)
    rows = [{OTHER_NAMES.get(ours, ours): value for ours, value in row.items()} for row in employee_rows(picture)]
    units = [{"Id": row.pop("enhet"), **row} for row in unit_rows(picture)]
    names = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in OTHER_NAMES.items())
    file.write_text(f'delimiter = "\\t"\nencoding = "utf-8"\n[employees]\n{names}\n[units]\nenhet = "ID"\n')
    snapshot = export.put(as_csv(rows, "\t"), as_csv(units, "\t")).read(file)
    assert (snapshot.employees, snapshot.units) == (expected(picture).employees, expected(picture).units)


def test_the_example_names_every_column() -> None:
    columns = load_columns(EXAMPLE)
    assert set(columns.employees.renamed) == set(EMPLOYEES.names)
    assert set(columns.units.renamed) == set(UNITS.names)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('encoding = "latin1"', 'encoding: must be one of "utf-8", "cp1252"'),
        ("encoding = 1252", 'encoding: must be one of "utf-8", "cp1252"'),
        ('delimiter = "##"', r'delimiter: must be one of ";", ",", "\t", "|"'),
        ('date_format = "mm/dd/yyyy"', 'date_format: must be one of "dd.mm.yyyy", "iso"'),
        (
            '[employes]\nfornavn = "F"',
            "employes: there is no such key here. Choose from: delimiter, encoding, date_format, employees, units",
        ),
        (
            '[units]\nname = "Navn"',
            "units.name: there is no such key here. Choose from: enhet, navn, overordnet, leder",
        ),
        ('[units]\ndelimiter = ","', "units.delimiter: there is no such key here. Choose from: enhet, navn"),
        ('employees = "a"', "employees: must be a table: [employees], then lines such as"),
        ("[employees]\nfornavn = 3", "employees.fornavn: must be the column's name in the file, as text in quotes"),
        ('[employees]\nenhet = " "', "employees.enhet: must name a column; only optional ones can be left unread"),
        (
            '[employees]\nleder = "Enhet"',
            "employees.leder: reads the column «Enhet», and so does enhet. Each needs one of its own",
        ),
        ("[employees", "the file is not TOML: "),
    ],
)
def test_a_file_that_cannot_be_used(file: Path, text: str, problem: str) -> None:
    file.write_text(text)
    with pytest.raises(CsvColumnsError) as caught:
        load_columns(file)
    message = str(caught.value)
    assert message.startswith(f"HK_HR_COLUMNS: columns.toml: {problem}")
    assert "\n" not in message
    assert "\t" not in message


def test_a_file_that_is_no_text_or_not_there(file: Path) -> None:
    with pytest.raises(CsvColumnsError, match=r"^HK_HR_COLUMNS: columns\.toml: the file cannot be read \(No such file"):
        load_columns(file)
    file.write_bytes(b"# \xf8\n")
    with pytest.raises(CsvColumnsError, match=r"^HK_HR_COLUMNS: columns\.toml: the file is not UTF-8 text\. Save it"):
        load_columns(file)


def test_open_source_complains_before_anything_is_read(file: Path) -> None:
    file.write_text('encoding = "klingon"')
    settings = Settings.model_construct(hr_kind="csv", hr_url="missing.csv", hr_columns=file)
    with pytest.raises(CsvColumnsError, match="encoding: must be one of"):
        open_source(settings)


def test_open_source_reads_both_files(export: Export, village: Municipality) -> None:
    picture = village.on(TODAY)
    export.put(as_csv(employee_rows(picture)), as_csv(unit_rows(picture)))
    employees, units = f"{export.folder}/ansatte.csv", f"{export.folder}/enheter.csv"
    settings = Settings.model_construct(hr_kind="csv", hr_url=employees, hr_units_url=units)
    read = open_source(settings).read_snapshot()
    assert (read.employees, read.units) == (expected(picture).employees, expected(picture).units)


def test_a_column_that_is_named_must_be_there(export: Export, file: Path) -> None:
    """By its default name it may be missing; what somebody named and the export has lost is not empty."""
    export.put("ansattnummer;fornavn;etternavn;enhet\n1;A;B;O-1\n")
    assert len(export.read().employees) == 1
    file.write_text('[employees]\nansatt_til = "Sluttdato"\n')
    with pytest.raises(HrUnreadable, match="lacks the column Sluttdato: check its first line"):
        export.read(file)


def test_a_column_that_is_not_to_be_read(export: Export, file: Path) -> None:
    export.put("ansattnummer;fornavn;etternavn;enhet;leder\n1;A;B;O-1;Kari Dal\n")
    file.write_text('[employees]\nleder = ""\n')
    assert export.read().employees[0].positions[0].manager_number == "Kari Dal"
    assert export.read(file).employees[0].positions[0].manager_number is None


@pytest.mark.parametrize(
    ("date_format", "text", "is_read"),
    [
        ("dd.mm.yyyy", "31.01.2026", True),
        ("dd.mm.yyyy", "2026-01-31", False),
        ("iso", "2026-01-31", True),
        ("iso", "31.01.2026", False),
    ],
)
def test_one_way_to_write_dates(export: Export, file: Path, date_format: str, text: str, *, is_read: bool) -> None:
    file.write_text(f'date_format = "{date_format}"\n')
    export.put(f"ansattnummer;fornavn;etternavn;enhet;ansatt_til\n1;A;B;O-1;{text}\n")
    read = export.read(file)
    assert (len(read.employees), len(read.rejected)) == ((1, 0) if is_read else (0, 1))


@pytest.mark.parametrize(
    ("encoding", "written_in", "outcome"),
    [
        ("utf-8", "utf-8-sig", "read"),
        ("utf-8", "cp1252", "is not UTF-8 in line 2: have the HR system export it as CSV in UTF-8"),
        ("cp1252", "cp1252", "read"),
        ("cp1252", "utf-8", "is UTF-8, and would come out garbled in another encoding"),
    ],
)
def test_one_encoding(export: Export, file: Path, encoding: str, written_in: str, outcome: str) -> None:
    file.write_text(f'encoding = "{encoding}"\n')
    export.put("ansattnummer;fornavn;etternavn;enhet\n1;Bjørg;Ås;O-1\n".encode(written_in))
    if outcome == "read":
        assert export.read(file).employees[0].name == "Bjørg Ås"
    else:
        with pytest.raises(HrUnreadable, match=outcome):
            export.read(file)
