"""What is read of a Stamdata3 file."""

from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree
from lxml.builder import E

from agreements.people import Employee, ManagerFoundBy, Organisation, RejectedRow, Snapshot, Unit
from sandbox.hr.rows import national_id
from sandbox.municipality import Municipality, Notable
from tests.hr.conftest import TODAY
from tests.hr.unit4_shape import EXPORTED_AT, NEVER_READ, Export, put

SAMPLE = Path(__file__).parents[2] / "../shared/samples/unit4/stamdata3_resource.xml"


@pytest.fixture
def export(village: Municipality, tmp_path: Path) -> Export:
    return Export(village, tmp_path)


@pytest.fixture
def somebody(export: Export) -> str:
    """An employee with one position who leads nobody."""
    leaders = {unit.manager_number for unit in export.expected.units}
    ordinary = (who for who in export.expected.employees if len(who.positions) == 1 and who.end_on is None)
    return next(who.employee_number for who in ordinary if who.employee_number not in leaders)


def employee(snapshot: Snapshot, number: str) -> Employee:
    return next(who for who in snapshot.employees if who.employee_number == number)


def unit(snapshot: Snapshot, unit_id: str) -> Unit:
    return next(each for each in snapshot.units if each.unit_id == unit_id)


def test_everyone_is_read_as_the_municipality_has_them(export: Export) -> None:
    assert export.read() == export.expected


def test_the_order_of_rows_is_no_change(export: Export) -> None:
    export.root[:] = list(reversed(export.root))
    for many in ("Resources", "Organisations", "Employments", "Relations"):
        for element in export.root.iter(many):
            element[:] = list(reversed(element))
    assert export.read() == export.expected


def test_managers_are_found_as_the_municipality_means(export: Export, village: Municipality) -> None:
    organisation = Organisation.of(export.read(), TODAY)
    own = village.notable[Notable.OWN_MANAGER]
    for person in village.on(TODAY).people:
        if person.employed_on(TODAY) and person.employee_number not in own:
            read_one = organisation.manager_of(organisation.employees[person.employee_number])
            truth = replace(organisation.employees[person.employee_number], substitute_number=person.substitute_number)
            assert read_one.manager_number == organisation.manager_of(truth).manager_number
            assert read_one.manager_number is not None or person.manager_number is None


def test_nothing_private_is_in_the_snapshot(export: Export, village: Municipality) -> None:
    read = repr(export.read())
    for private in (*NEVER_READ, *(national_id(person) for person in village.on(TODAY).people)):
        assert private not in read
        assert private in export.path.read_text()


def test_leading_zeros_and_markup_arrive_intact(export: Export, village: Municipality) -> None:
    snapshot = export.read()
    assert [employee(snapshot, number).employee_number for number in ("000417", "417")] == ["000417", "417"]
    assert employee(snapshot, village.notable[Notable.MARKUP_NAME][0]).name == "<b>Fet</b> Skrift & <i>Krøll</i>"


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-15", "windows-1252", "US-ASCII"])
def test_any_encoding_that_the_file_declares(export: Export, village: Municipality, encoding: str) -> None:
    for number in village.notable[Notable.SAMI_NAME]:
        export.put(number, "Surname", "Sørlig")  # windows-1252 has no đ; lxml writes it as a character reference
    assert len(export.read(encoding).employees) == len(export.expected.employees)
    assert export.read(encoding) == export.read("UTF-8")


@pytest.mark.parametrize(
    ("text", "percentage"), [("100", 100.0), ("10000", 100.0), ("62,5", 62.5), ("62.50", 62.5), ("0", 0.0)]
)
def test_percentages_in_every_writing(export: Export, somebody: str, text: str, percentage: float) -> None:
    export.put(somebody, "Employments/Employment/Percentage", text)
    assert employee(export.read(), somebody).positions[0].percentage == percentage


@pytest.mark.parametrize(
    ("text", "end_on"),
    [
        ("2026-03-29", date(2026, 3, 29)),
        ("2026-10-25T00:00:00", date(2026, 10, 25)),
        ("2026-03-29+01:00", date(2026, 3, 29)),
        ("2026-10-24T22:00:00Z", date(2026, 10, 25)),
        ("1999-12-31", date(1999, 12, 31)),
        ("2099-12-31T00:00:00", None),
        ("9999-12-31T23:59:59.9999999", None),
        ("0001-01-01T00:00:00", None),
        ("1900-01-01T00:00:00", None),
    ],
)
def test_dates_in_every_writing(export: Export, somebody: str, text: str, end_on: date | None) -> None:
    export.put(somebody, "DateTo", text)
    snapshot = export.read()
    assert employee(snapshot, somebody).end_on == end_on
    assert snapshot.rejected == ()


def test_all_dates_in_the_past(export: Export) -> None:
    for resource in export.root[0]:
        put(resource, "DateTo", "2002-12-31")
    snapshot = export.read()
    assert len(snapshot.employees) == len(export.expected.employees)
    assert not any(who.employed_on(TODAY) for who in snapshot.employees)
    assert snapshot.rejected == ()


@pytest.mark.parametrize(
    ("ends", "end_on"),
    [(("2026-05-31", "2026-06-30"), date(2026, 6, 30)), (("2026-05-31", "2099-12-31"), None), (("", ""), None)],
)
def test_who_has_no_employment_left_has_left(
    export: Export, somebody: str, ends: tuple[str, str], end_on: date | None
) -> None:
    """Resources stay open in Unit4 long after the person has gone."""
    [employments] = export.resource(somebody).findall("Employments")
    employments.append(copy(employments[0]))
    for employment, end in zip(employments, ends, strict=True):
        put(employment, "DateTo", end)
    assert employee(export.read(), somebody).end_on == end_on


def test_a_resource_without_employments_is_no_employee(export: Export, somebody: str) -> None:
    [employments] = export.resource(somebody).findall("Employments")
    employments[:] = []
    snapshot = export.read()
    assert len(snapshot.employees) == len(export.expected.employees) - 1
    assert snapshot.rejected == ()


def test_a_position_for_each_unit_of_an_employment(export: Export, somebody: str) -> None:
    [relations] = export.resource(somebody).findall("Employments/Employment/Relations")
    now = relations[1]
    before = copy(now)
    put(before, "Value", "O-1")
    put(before, "DateFrom", "2010-01-01")
    put(before, "DateTo", "2025-12-31")
    put(now, "DateFrom", "2026-01-01")
    export.put(somebody, "Employments/Employment/DateFrom", "2012-05-01")
    relations.append(before)
    periods = {(each.unit_id, each.start_on, each.end_on) for each in employee(export.read(), somebody).positions}
    assert periods == {
        ("O-1", date(2012, 5, 1), date(2025, 12, 31)),
        (now.findtext("Value"), date(2026, 1, 1), None),
    }


def test_the_older_name_of_the_unit_relation(export: Export) -> None:
    for relation in export.root.iter("Relation"):
        if relation.get("ElementType") == "ORGANISATION":
            relation.set("ElementType", "ORGANIZATIONAL_UNIT")
    assert export.read() == export.expected


def test_an_employment_without_a_unit(export: Export, somebody: str) -> None:
    [relations] = export.resource(somebody).findall("Employments/Employment/Relations")
    relations[:] = []
    [position] = employee(export.read(), somebody).positions
    assert position.unit_id is None


def test_a_file_without_the_organisation(export: Export) -> None:
    """Units are then known by the positions in them, without a tree and without managers."""
    export.root.remove(export.root[3])
    snapshot = export.read()
    assert snapshot.employees == export.expected.employees
    worked_in = {position.unit_id for who in snapshot.employees for position in who.positions}
    assert snapshot.units == tuple(Unit(str(unit_id), "Navnet den gang") for unit_id in sorted(map(str, worked_in)))


def test_a_unit_that_only_positions_name(export: Export, somebody: str) -> None:
    for value in export.resource(somebody).iterfind(".//Relation[@ElementType='ORGANISATION']/Value"):
        value.text = "7777"
    snapshot = export.read()
    assert unit(snapshot, "7777") == Unit("7777", "Navnet den gang")


def test_unit_trees_in_a_cycle_and_unknown_leaders(export: Export, village: Municipality) -> None:
    first, second = export.root[3][5:7]
    for one, other in ((first, second), (second, first)):
        put(one, "ParentId", other.findtext("Id") or "")
        [managers] = one.findall("Managers")
        managers[:] = [E.string("nobody")]
    snapshot = export.read()
    organisation = Organisation.of(snapshot, TODAY)
    member = next(each for each in village.on(TODAY).people if each.unit_id == first.findtext("Id"))
    finding = organisation.manager_of(organisation.employees[member.employee_number])
    assert finding.found_by is ManagerFoundBy.NOBODY
    assert snapshot.rejected == ()


@pytest.mark.parametrize("parent", ["0", "O-1", " "])
def test_the_ways_a_top_unit_is_written(export: Export, parent: str) -> None:
    put(export.organisation("O-1"), "ParentId", parent)
    assert export.read() == export.expected


def test_of_a_units_rows_the_one_that_ends_last_counts(export: Export) -> None:
    for end, name in (("2020-12-31", "Gammelt navn"), ("2021-12-31", "Nyere navn"), ("2020-12-31", "Enda et")):
        older = copy(export.organisation("O-1"))
        put(older, "DateTo", end)
        put(older, "Name", name)
        export.root[3].insert(0, older)
    assert export.read() == export.expected


def test_a_unit_twice_with_different_content(export: Export) -> None:
    other = copy(export.organisation("O-1"))
    put(other, "Name", "Et annet navn")
    export.root[3].append(other)
    snapshot = export.read()
    assert snapshot.rejected == (RejectedRow("O-1", "Organisation.Id", "enheten står flere ganger med ulikt innhold"),)
    assert "O-1" not in {each.unit_id for each in snapshot.units}


def test_a_unit_that_cannot_be_read(export: Export) -> None:
    put(export.organisation("O-1"), "DateTo", "aldri")
    put(export.root[3][7], "Id", "")
    rejected = export.read().rejected
    assert [(row.key, row.could_be_anybody) for row in rejected] == [("O-1", False), ("Organisation[7]", True)]


@pytest.mark.parametrize(
    ("text", "published_at"),
    [
        ("2026-01-20T02:30:00.123456", EXPORTED_AT),
        ("2026-07-20", datetime(2026, 7, 19, 22, tzinfo=UTC)),
        ("i natt", None),
    ],
)
def test_when_the_file_was_written(export: Export, text: str, published_at: datetime | None) -> None:
    put(export.root, "ExportedDate", text)
    snapshot = export.read()
    on_disk = datetime.fromtimestamp(export.path.stat().st_mtime, UTC)
    assert snapshot.published_at == (published_at or on_disk)


def test_the_published_sample(export: Export) -> None:
    """It is an excerpt: names and the file around it were left out, and are put in here."""
    if not SAMPLE.exists():
        pytest.skip("the sample is not beside the project")
    resource = etree.parse(SAMPLE).getroot()
    resource.append(E.Surname("Nordmann"))
    export.root = E.ExportInfo(E.Resources(resource))
    snapshot = export.read()
    [who] = snapshot.employees
    assert (who.employee_number, who.email) == ("514564", "ola.nordmann@utfjord.kommune.no")
    assert (who.start_on, who.end_on) == (None, None)
    [position] = who.positions
    assert (position.unit_id, position.percentage, position.is_main) == ("4098", 100.0, True)
    assert (position.start_on, position.end_on) == (date(2023, 5, 1), None)
    assert snapshot.units == (Unit("4098", "Teknisk anlegg vann og avløp"),)
