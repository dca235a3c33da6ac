"""What is read of a healthy answer of Visma's, and what becomes of persons that cannot be read."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml.builder import E
from requests.auth import HTTPBasicAuth

from agreements.people import Employee, Leave, ManagerFoundBy, Organisation, RejectedRow, Snapshot
from integrations.hr.http import HrHttp
from integrations.hr.visma import VismaSource
from sandbox.hr.rows import national_id
from sandbox.municipality import Municipality, Notable
from sandbox.web import serve
from tests.hr.conftest import TODAY
from tests.hr.visma_shape import (
    NEVER_READ,
    PASSWORD,
    REASON,
    USERNAME,
    Answers,
    Element,
    Hrm,
    do_not_wait,
    hrm_id,
    written,
)

SAMPLE = Path(__file__).parents[2] / "../shared/samples/visma/personsXML.xml"
UNIT = "employments/employment/positions/position/chart/unit"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Answers, str]]:
    answers = Answers(b"")
    with serve(answers.application()) as server:
        yield answers, server.url


@pytest.fixture
def hrm(village: Municipality, served: tuple[Answers, str]) -> Hrm:
    answers, url = served
    answers.asked.clear()
    return Hrm(village, answers, url)


@pytest.fixture
def somebody(hrm: Hrm) -> str:
    """An employee with one position who leads nobody."""
    leaders = {unit.manager_number for unit in hrm.expected.units}
    ordinary = (who for who in hrm.expected.employees if len(who.positions) == 1 and who.end_on is None)
    return next(who.employee_number for who in ordinary if who.employee_number not in leaders)


def employee(snapshot: Snapshot, number: str) -> Employee:
    return next(who for who in snapshot.employees if who.employee_number == number)


def test_everyone_is_read_as_the_municipality_has_them(hrm: Hrm) -> None:
    assert hrm.read() == hrm.expected
    assert hrm.server.asked == ["/hrm_ws/secure/persons/company/1/start-id/0/end-id/99999999"]
    assert len(hrm.expected.employees) > 50


def test_the_order_of_persons_and_positions_is_no_change(hrm: Hrm) -> None:
    hrm.root[:] = list(reversed(hrm.root))
    for positions in hrm.root.iter("positions"):
        positions[:] = list(reversed(positions))
    assert hrm.read() == hrm.expected


def test_managers_are_found_as_the_municipality_means(hrm: Hrm, village: Municipality) -> None:
    organisation = Organisation.of(hrm.read(), TODAY)
    leaders = {unit.unit_id: unit.manager_number for unit in village.on(TODAY).units}
    found = {
        number: organisation.manager_of(who) for number, who in organisation.employees.items() if who.employed_on(TODAY)
    }
    by_unit = [number for number, finding in found.items() if finding.found_by is ManagerFoundBy.UNIT]
    assert len(by_unit) > 20
    for number in by_unit:
        assert found[number].manager_number == leaders[village.on(TODAY).person(number).unit_id]


def test_nothing_private_is_in_the_snapshot(hrm: Hrm, village: Municipality, somebody: str) -> None:
    _on_leave(hrm, somebody, "2026-01-01", "2026-06-30")
    read = repr(hrm.read())
    assert "Leave(" in read
    for private in (*NEVER_READ, *(national_id(person) for person in village.on(TODAY).people)):
        assert private not in read
        assert private in written(hrm.root).decode()


def test_leading_zeros_and_markup_arrive_intact(hrm: Hrm, village: Municipality) -> None:
    snapshot = hrm.read()
    assert [employee(snapshot, number).employee_number for number in ("000417", "417")] == ["000417", "417"]
    assert employee(snapshot, village.notable[Notable.MARKUP_NAME][0]).name == "<b>Fet</b> Skrift & <i>Krøll</i>"


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-15", "US-ASCII"])
def test_any_encoding_that_the_document_declares(hrm: Hrm, encoding: str) -> None:
    assert hrm.read(encoding=encoding) == hrm.expected


@pytest.mark.parametrize("tail", ["/", "/hrm_ws", "/hrm_ws/", "/hrm_ws/secure/persons/company/7/start-id/0/end-id/9"])
def test_the_address_with_more_or_less_of_its_path(hrm: Hrm, tail: str) -> None:
    hrm.url += tail
    assert hrm.read() == hrm.expected
    assert hrm.server.asked == ["/hrm_ws/secure/persons/company/1/start-id/0/end-id/99999999"]


@pytest.mark.parametrize(
    ("text", "percentage"),
    [("100", 100.0), ("10000", 100.0), ("62,5", 62.5), ("62.50", 62.5), ("5000.0", 50.0), ("0.0", 0.0)],
)
def test_percentages_in_every_writing(hrm: Hrm, somebody: str, text: str, percentage: float) -> None:
    hrm.put(somebody, "positions/position/positionPercentage", text)
    assert employee(hrm.read(), somebody).positions[0].percentage == percentage


@pytest.mark.parametrize(
    ("text", "end_on"),
    [
        ("2026-03-29", date(2026, 3, 29)),
        ("2026-10-25+01:00", date(2026, 10, 25)),
        ("2026-03-29T00:00:00", date(2026, 3, 29)),
        ("2026-03-28T23:00:00Z", date(2026, 3, 29)),
        ("2026-10-24T22:00:00Z", date(2026, 10, 25)),
        ("1999-12-31", date(1999, 12, 31)),
        ("2099-12-31", None),
        ("9999-12-31T23:59:59", None),
        ("0001-01-01T00:00:00", None),
        ("1900-01-01", None),
        (" ", None),
    ],
)
def test_dates_in_every_writing(hrm: Hrm, somebody: str, text: str, end_on: date | None) -> None:
    hrm.put(somebody, "endDate", text)
    snapshot = hrm.read()
    assert employee(snapshot, somebody).end_on == end_on
    assert snapshot.rejected == ()


def test_all_dates_in_the_past(hrm: Hrm) -> None:
    for employment in hrm.root.iter("employment"):
        for name, text in (("startDate", "2001-01-01"), ("endDate", "2002-12-31")):
            [found] = employment.findall(name)
            found.text = text
    snapshot = hrm.read()
    assert len(snapshot.employees) == len(hrm.expected.employees)
    assert not any(who.employed_on(TODAY) for who in snapshot.employees)
    assert snapshot.rejected == ()


def test_each_employment_is_an_employee(hrm: Hrm, somebody: str) -> None:
    [employments] = hrm.person(somebody).findall("employments")
    employments.append(E.employment(E.employeeId("0099"), E.positions(), E.startDate("2026-02-01")))
    employments.append(E.employment(E.company(E.companyId("2")), E.employeeId("0100"), E.positions()))
    snapshot = hrm.read()
    assert employee(snapshot, "0099").name == employee(snapshot, somebody).name
    assert employee(snapshot, "0099").positions == ()
    assert len(snapshot.employees) == len(hrm.expected.employees) + 1


def test_a_person_without_employments_is_no_employee(hrm: Hrm, somebody: str) -> None:
    [employments] = hrm.person(somebody).findall("employments")
    employments[:] = []
    snapshot = hrm.read()
    assert len(snapshot.employees) == len(hrm.expected.employees) - 1
    assert snapshot.rejected == ()


def test_a_manager_with_several_employments_is_the_one_employed_today(hrm: Hrm) -> None:
    unit = next(unit for unit in hrm.expected.units if unit.manager_number)
    leader = hrm.person(str(unit.manager_number))
    [employments] = leader.findall("employments")
    employments.append(E.employment(E.employeeId("000"), E.endDate("2020-12-31")))
    employments.append(E.employment(E.employeeId("001"), E.startDate("2030-01-01")))
    assert next(each for each in hrm.read().units if each.unit_id == unit.unit_id) == unit


def test_a_manager_may_be_given_by_employee_number(hrm: Hrm) -> None:
    for unit in hrm.root.iter("unit"):
        for manager in unit.findall("manager"):
            by_id = {hrm_id(who.employee_number): who.employee_number for who in hrm.expected.employees}
            manager.set("id", by_id[manager.get("id") or ""])
    assert hrm.read() == hrm.expected


def test_a_leader_that_does_not_exist(hrm: Hrm, somebody: str) -> None:
    unit_id = employee(hrm.expected, somebody).positions[0].unit_id
    for unit in hrm.root.iter("unit"):
        if unit.get("id") == unit_id:
            unit[:] = [E.manager(id="31415")]
    snapshot = hrm.read()
    organisation = Organisation.of(snapshot, TODAY)
    assert organisation.manager_of(organisation.employees[somebody]).found_by is ManagerFoundBy.NOBODY
    assert snapshot.rejected == ()


def test_positions_of_one_unit_that_name_different_managers(hrm: Hrm, somebody: str) -> None:
    """The unit's manager is the one most positions name; a position that names another keeps its own."""
    other = hrm.expected.employees[0].employee_number
    [unit] = hrm.person(somebody).findall(UNIT)
    unit.set("name", "Et annet navn")
    unit[:] = [E.manager(id=hrm_id(other))]
    snapshot = hrm.read()
    assert snapshot.units == hrm.expected.units
    assert employee(snapshot, somebody).positions[0].manager_number == other


def test_a_manager_who_is_set_aside_still_leads(hrm: Hrm) -> None:
    leader = next(str(unit.manager_number) for unit in hrm.expected.units if unit.manager_number)
    hrm.put(leader, "startDate", "i fjor")
    snapshot = hrm.read()
    assert [row.key for row in snapshot.rejected] == [leader]
    assert snapshot.units == hrm.expected.units


def test_a_manager_who_may_be_the_unreadable_person_keeps_the_unit_as_it_was(hrm: Hrm, somebody: str) -> None:
    unit_id = employee(hrm.expected, somebody).positions[0].unit_id
    unit = next(unit for unit in hrm.expected.units if unit.unit_id == unit_id)
    hrm.put(str(unit.manager_number), "employeeId", "")
    snapshot = hrm.read()
    assert unit.unit_id not in {each.unit_id for each in snapshot.units}
    [of_person, *of_units] = sorted(snapshot.rejected, key=lambda row: row.could_be_anybody, reverse=True)
    assert of_person.could_be_anybody
    assert unit.unit_id in {row.key for row in of_units}


def test_a_position_without_a_unit(hrm: Hrm, somebody: str) -> None:
    [position] = hrm.person(somebody).findall("employments/employment/positions/position")
    [chart] = position.findall("chart")
    position.remove(chart)
    assert employee(hrm.read(), somebody).positions[0].unit_id is None


def test_versions_of_one_position_hold_one_after_the_other(hrm: Hrm, somebody: str) -> None:
    [positions] = hrm.person(somebody).findall("employments/employment/positions")
    first = positions[0]
    first.set("validToDate", "2026-04-30")
    second = E.position(*(E.positionInfo(E.positionCode(positionId="1")), E.positionPercentage("50")))
    second.set("validFromDate", "2026-05-01")
    second.append(E.positionStartDate(first.findtext("positionStartDate") or ""))
    positions.append(second)
    periods = {position.percentage: position for position in employee(hrm.read(), somebody).positions}
    assert periods[50.0].start_on == date(2026, 5, 1)
    assert max(periods.values(), key=lambda each: each.percentage).end_on == date(2026, 4, 30)


def _on_leave(hrm: Hrm, number: str, start: str, end: str, percentage: str = "100.00") -> None:
    [leave] = hrm.person(number).findall("employments/employment/positions/position/leave")
    reason = E.leaveReason(value="5023", name=REASON)
    leave[:] = [E.leaveFromDate(start), E.leavePercentage(percentage), reason, E.leaveToDate(end)]


@pytest.mark.parametrize(
    ("written_as", "leaves"),
    [
        (("2026-01-01", "2026-06-30", "100.00"), (Leave(date(2026, 1, 1), date(2026, 6, 30)),)),
        (("2026-01-01", "", "100,0"), (Leave(date(2026, 1, 1)),)),
        (("2026-01-01", "9999-12-31", "10000"), (Leave(date(2026, 1, 1)),)),
        (("2026-01-01", "2026-06-30", ""), (Leave(date(2026, 1, 1), date(2026, 6, 30)),)),
        (("2026-01-01", "2026-06-30", "44.00"), ()),
        (("", "2026-06-30", "100.00"), ()),
        (("2026-06-30", "2026-01-01", "100.00"), ()),
    ],
)
def test_leave_by_its_dates(
    hrm: Hrm, somebody: str, written_as: tuple[str, str, str], leaves: tuple[Leave, ...]
) -> None:
    _on_leave(hrm, somebody, *written_as)
    assert employee(hrm.read(), somebody).leaves == leaves


@pytest.mark.parametrize(("elsewhere", "away"), [("60.0", False), ("0.0", True)])
def test_leave_from_one_position_to_work_in_another(hrm: Hrm, somebody: str, elsewhere: str, *, away: bool) -> None:
    _on_leave(hrm, somebody, "2026-01-01", "2026-06-30")
    [positions] = hrm.person(somebody).findall("employments/employment/positions")
    positions.append(E.position(E.positionPercentage(elsewhere), E.positionStartDate("2026-01-01")))
    assert employee(hrm.read(), somebody).away_on(TODAY) is away


def test_a_person_twice_with_the_same_content_is_once(hrm: Hrm) -> None:
    hrm.root.extend([_copied(person) for person in hrm.root])
    assert hrm.read() == hrm.expected


def _copied(element: Element) -> Element:
    return copy(element)


def test_an_employee_number_twice_with_different_content(hrm: Hrm, somebody: str) -> None:
    other = _copied(hrm.person(somebody))
    [name] = other.findall("familyName")
    name.text = "Dobbeltgjenger"
    hrm.root.append(other)
    snapshot = hrm.read()
    reason = "ansattnummeret står flere ganger med ulikt innhold"
    assert snapshot.rejected == (RejectedRow(somebody, "person.employments.employment.employeeId", reason),)
    assert somebody not in {who.employee_number for who in snapshot.employees}


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("startDate", "i fjor", "verdien er ikke en dato"),
        ("startDate", "9999-12-31", "startdatoen er en dato som betyr «ingen sluttdato»"),
        ("endDate", "31.12.2026", "verdien er ikke en dato"),
        ("positions/position/positionPercentage", "full", "ikke et tall"),
        ("positions/position/positionPercentage", "", "feltet mangler eller er tomt"),
        ("positions/position/positionPercentage", "10001", "utenfor 0-100 %"),
        ("positions/position/positionEndDate", "?", "verdien er ikke en dato"),
    ],
)
def test_a_fault_sets_one_employee_aside(hrm: Hrm, somebody: str, place: str, value: str, reason: str) -> None:
    hrm.put(somebody, place, value)
    snapshot = hrm.read()
    [row] = snapshot.rejected
    assert row.key == somebody
    assert row.path == f"person.employments.employment.{place.replace('/', '.')}"
    assert reason in row.reason
    assert value == "" or value not in f"{row.path} {row.reason}"
    assert len(snapshot.employees) == len(hrm.expected.employees) - 1


def test_faults_in_a_person_and_in_attributes(hrm: Hrm) -> None:
    first, second, third, fourth = (who.employee_number for who in hrm.expected.employees[-4:])
    for name in ("givenName", "familyName"):
        [found] = hrm.person(first).findall(name)
        found.text = " "
    hrm.person(second).append(E.familyName("Dobbel"))
    [position] = hrm.person(third).findall("employments/employment/positions/position")[:1]
    position.set("isPrimaryPosition", "kanskje")
    hrm.person(fourth).findall(UNIT)[0].set("id", "")
    reasons = {row.key: row.reason for row in hrm.read().rejected}
    assert reasons == {
        first: "personen har ikke noe navn",
        second: "feltet står flere ganger",
        third: "ventet ja eller nei, fant noe annet",
        fourth: "feltet mangler eller er tomt",
    }


def test_a_tenth_of_garbage(hrm: Hrm) -> None:
    count = len(hrm.root)
    for place in range(0, count, 10):
        hrm.root.insert(place, E.person(E.something("søppel"), personIdHRM="x"))
    snapshot = hrm.read()
    garbage = [row for row in snapshot.rejected if row.could_be_anybody]
    assert [row.key for row in garbage] == sorted(f"person[{place}]" for place in range(0, count, 10))
    assert {row.reason for row in garbage} == {"feltet mangler"}
    assert snapshot.employees == hrm.expected.employees


def test_the_published_sample() -> None:
    if not SAMPLE.exists():
        pytest.skip("the sample is not beside the project")
    answers = Answers(SAMPLE.read_bytes())
    with serve(answers.application()) as server:
        auth = HTTPBasicAuth(USERNAME, PASSWORD)
        snapshot = VismaSource(HrHttp(do_not_wait), server.url, "1", auth).read_snapshot()
    [who] = snapshot.employees
    [unit] = snapshot.units
    assert (who.employee_number, who.name, who.email) == ("01234567", "Bjarne Betjent", "bjarne.betjent@vtfk.no")
    assert (who.start_on, who.end_on, who.leaves) == (date(2020, 5, 1), None, ())
    [position] = who.positions
    assert replace(position, position_id="") == replace(
        position, position_id="", unit_id="11200", percentage=100.0, is_main=True, start_on=date(2021, 5, 1)
    )
    assert (unit.name, unit.manager_number) == ("Teknologi og digitalisering", None)
