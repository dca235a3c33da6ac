"""What is read of a good CSV export, in every writing we know of."""

import os
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agreements.people import Employee, Leave, Position, Unit
from sandbox.municipality import Municipality, Notable
from tests.hr.conftest import TODAY
from tests.hr.csv_shape import (
    EMPLOYEES_PATH,
    PRIVATE,
    REMARK,
    UNITS_PATH,
    CsvRow,
    Export,
    as_csv,
    downloads,
    employee_rows,
    expected,
    unit_rows,
)

ROW = {"ansattnummer": "000417", "fornavn": "Kari", "etternavn": "Nordmann", "enhet": "O-1"}


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)


def test_the_whole_municipality(export: Export, municipality: Municipality) -> None:
    picture = municipality.on(TODAY)
    snapshot = export.put(as_csv(employee_rows(picture))).read()
    assert replace(snapshot, published_at=None) == expected(picture)
    assert snapshot.published_at is not None


def test_units_from_a_file_of_their_own(export: Export, municipality: Municipality) -> None:
    """Then what the employees' file says of units is not looked at."""
    picture = municipality.on(TODAY)
    rows = [
        {**row, "enhet_navn": str(place), "overordnet_enhet": "?"} for place, row in enumerate(employee_rows(picture))
    ]
    snapshot = export.put(as_csv(rows), as_csv(unit_rows(picture))).read()
    assert replace(snapshot, published_at=None) == expected(picture)


def test_downloaded(village: Municipality) -> None:
    picture = village.on(TODAY)
    files = {
        EMPLOYEES_PATH: as_csv(employee_rows(picture)).encode("utf-8-sig"),
        UNITS_PATH: as_csv(unit_rows(picture)).encode("cp1252", "xmlcharrefreplace"),
    }
    with downloads(files) as download:
        snapshot = download.source().read_snapshot()
    assert snapshot == replace(expected(picture), published_at=datetime(2026, 1, 20, 1, 15, tzinfo=UTC))


def test_the_older_file_says_how_old_the_data_is(export: Export) -> None:
    export.put(as_csv([ROW]), as_csv([{"enhet": "O-1", "navn": "A", "overordnet": "", "leder": ""}]))
    os.utime(export.folder / UNITS_PATH.strip("/"), (1_768_000_000, 1_768_000_000))
    assert export.read().published_at == datetime.fromtimestamp(1_768_000_000, UTC)


def test_nothing_private_gets_through(export: Export, village: Municipality) -> None:
    text = as_csv(employee_rows(village.on(TODAY)))
    read = repr(export.put(text).read())
    for value in (*PRIVATE.values(), REMARK):
        assert value.partition("\n")[0] in text.replace('""', '"')
        assert value not in read


def test_the_order_of_rows_is_no_change(export: Export, village: Municipality) -> None:
    rows = employee_rows(village.on(TODAY))
    rows[3] = {**rows[3], "stillingsprosent": "mye"}
    rows[-1] = {**rows[-1], "enhetsleder": "13"}
    before = export.put(as_csv(rows)).read()
    assert {row.path for row in before.rejected} == {"ansatte.stillingsprosent", "ansatte.enhetsleder"}
    random.Random(1).shuffle(rows)  # noqa: S311 - any other order will do
    after = export.put(as_csv(rows)).read()
    assert replace(after, published_at=before.published_at) == before


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_and_line_ends(export: Export, encoding: str, line_end: str) -> None:
    text = "ansattnummer;fornavn;etternavn;enhet\n1;Åse;Bjørnstad;Æ\n".replace("\n", line_end)
    [employee] = export.put(text.encode(encoding)).read().employees
    assert (employee.name, employee.positions[0].unit_id) == ("Åse Bjørnstad", "Æ")


def test_only_what_must_be_there(export: Export) -> None:
    snapshot = export.put(as_csv([ROW])).read()
    assert snapshot.employees == (
        Employee("000417", "Kari", "Nordmann", positions=(Position("000417--O-1--", "O-1", 0.0),)),
    )
    assert snapshot.units == (Unit("O-1", "O-1"),)


def test_leading_zeros_tell_people_apart(export: Export, municipality: Municipality) -> None:
    read = export.put(as_csv(employee_rows(municipality.on(TODAY)))).read()
    assert set(municipality.notable[Notable.LEADING_ZEROS]) <= {who.employee_number for who in read.employees}


def test_headers_may_vary_in_case_and_spaces(export: Export) -> None:
    text = '\r\n Ansattnummer ;FORNAVN;"etternavn";Enhet;;\r\n1;A;B;O-1;x;y\r\n;;;;;\r\n\r\n'
    assert [who.employee_number for who in export.put(text).read().employees] == ["1"]


def test_quoted_fields_hold_separators_quotes_and_line_breaks(export: Export) -> None:
    rows = [{**ROW, "etternavn": 'Nord;mann "Kari"', "merknad": 'en\r\nto; tre "fire"\nfem'}]
    [employee] = export.put(as_csv(rows)).read().employees
    assert employee.family_name == 'Nord;mann "Kari"'


@pytest.mark.parametrize(
    ("text", "value"),
    [("100", 100), ("10000", 100), ("62,5", 62.5), ("62.5", 62.5), ("6250", 62.5), ("80 %", 80), ("0", 0), ("", 0)],
)
def test_percentages(export: Export, text: str, value: float) -> None:
    assert _position(export, {"stillingsprosent": text}).percentage == value


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("29.03.2026", date(2026, 3, 29)),
        ("2026-03-29", date(2026, 3, 29)),
        ("2026-03-28T23:00:00Z", date(2026, 3, 29)),
        ("2026-03-29T00:00:00+01:00", date(2026, 3, 29)),
        ("25.10.2026", date(2026, 10, 25)),
        ("25.10.2026 00:00:00", date(2026, 10, 25)),
        ("2026-10-24T22:00:00Z", date(2026, 10, 25)),
        ("2026-10-25 00:00:00", date(2026, 10, 25)),
        ("1.2.2026", date(2026, 2, 1)),
        ("31.12.2099", None),
        ("2099-12-31", None),
        ("31.12.9999 00:00:00", None),
        ("9999-12-31T00:00:00", None),
        ("", None),
    ],
)
def test_last_days(export: Export, text: str, day: date | None) -> None:
    assert _position(export, {"stilling_til": text}).end_on == day


@pytest.mark.parametrize("text", ["ja", "JA", "1", "true", "True", "x", "X"])
def test_yes(export: Export, text: str) -> None:
    assert _position(export, {"hovedstilling": text}).is_main


@pytest.mark.parametrize("text", ["nei", "0", "false", ""])
def test_no(export: Export, text: str) -> None:
    assert not _position(export, {"hovedstilling": text}).is_main


def test_several_positions(export: Export) -> None:
    """Without an id of its own, a position is known by person, unit and start, whatever else changes about it."""
    rows = [
        {**ROW, "enhet": "O-2", "stilling_fra": "01.02.2026", "stilling_id": "", "leder": "7"},
        {**ROW, "enhet": "O-1", "stilling_fra": "2025-01-01", "stilling_id": "S-1", "leder": ""},
    ]
    [employee] = export.put(as_csv([*rows, rows[0]])).read().employees
    assert employee.positions == (
        Position("000417--O-2--20260201", "O-2", 0.0, manager_number="7", start_on=date(2026, 2, 1)),
        Position("S-1", "O-1", 0.0, start_on=date(2025, 1, 1)),
    )


def test_several_leaves(export: Export) -> None:
    """A leave is the person's; the row of a position is repeated for another period of leave."""
    rows = [
        {**ROW, "permisjon_fra": "01.05.2026", "permisjon_til": "31.12.2099"},
        {**ROW, "permisjon_fra": "01.02.2026", "permisjon_til": "28.02.2026"},
        {**ROW, "permisjon_fra": "01.05.2026", "permisjon_til": "01.04.2026"},
    ]
    [employee] = export.put(as_csv(rows)).read().employees
    assert len(employee.positions) == 1
    assert employee.leaves == (Leave(date(2026, 2, 1), date(2026, 2, 28)), Leave(date(2026, 5, 1)))


def test_a_position_that_never_holds_is_none(export: Export) -> None:
    rows = [{**ROW, "stilling_fra": "01.05.2026", "stilling_til": "30.04.2026"}]
    assert export.put(as_csv(rows)).read().employees[0].positions == ()


def test_everything_in_the_past(export: Export) -> None:
    dates = {"ansatt_fra": "01.01.1999", "ansatt_til": "31.12.2001"}
    [employee] = export.put(as_csv([{**ROW, **dates}])).read().employees
    assert (employee.start_on, employee.end_on) == (date(1999, 1, 1), date(2001, 12, 31))


def test_units_in_a_cycle_and_leaders_who_do_not_exist(export: Export) -> None:
    """Handed on as they are: who leads whom is not decided here."""
    rows = [
        {"enhet": "O-1", "navn": "A", "overordnet": "O-2", "leder": "nobody"},
        {"enhet": "O-2", "navn": "", "overordnet": "O-1", "leder": ""},
    ]
    snapshot = export.put(as_csv([{**ROW, "leder": "no-one"}]), as_csv(rows)).read()
    assert snapshot.units == (Unit("O-1", "A", "O-2", "nobody"), Unit("O-2", "O-2", "O-1"))
    assert snapshot.employees[0].positions[0].manager_number == "no-one"
    assert snapshot.rejected == ()


def test_what_is_no_address_is_left_out(export: Export) -> None:
    [employee] = export.put(as_csv([{**ROW, "epost": "mangler", "brukernavn": "kno"}])).read().employees
    assert (employee.email, employee.user_principal_name) == (None, None)


def _position(export: Export, cells: CsvRow) -> Position:
    snapshot = export.put(as_csv([{**ROW, **cells}])).read()
    assert snapshot.rejected == ()
    return snapshot.employees[0].positions[0]
