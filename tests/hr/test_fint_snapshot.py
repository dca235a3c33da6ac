"""What is read from a healthy walk, and what becomes of rows that cannot be read."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
import pytest

from agreements.people import Employee, ManagerFoundBy, Organisation, Position, RejectedRow, Snapshot
from integrations.hr.fint.records import EmploymentRow, PersonRow, UnitRow, linked
from integrations.hr.values import read_value
from sandbox.hr.faults import Fault
from sandbox.hr.rows import HOME_STREET, PERSONNEL, PERSONS, POSITIONS, UNITS, Row, national_id, personnel_link
from sandbox.municipality import Municipality, Notable
from tests.hr.conftest import TODAY, HrSystem, put

SAMPLES = Path(__file__).parents[2] / "../shared/samples/fint"


class BadRow(NamedTuple):
    """A value that is put into a row of one employee, and what the list of rejected rows then says."""

    resource: str
    place: str
    value: object
    path: str
    reason: str


def employee(snapshot: Snapshot, number: str) -> Employee:
    return next(employee for employee in snapshot.employees if employee.employee_number == number)


def test_everyone_is_read_as_the_municipality_has_them(large: HrSystem) -> None:
    snapshot = large.read()
    assert snapshot == large.expected()
    assert len(snapshot.units) == 25
    assert len(snapshot.employees) == 297, "300, less the starters who are not shown yet"
    assert len(_positions(snapshot)) == 309, "one each, and a second for two jobs, a leave or a move"


def test_managers_are_found_as_the_municipality_means(large: HrSystem, municipality: Municipality) -> None:
    organisation = Organisation.of(large.read(), TODAY)
    for person in municipality.on(TODAY).people:
        if person.employed_on(TODAY):
            found = organisation.manager_of(organisation.employees[person.employee_number])
            assert found.manager_number == person.manager_number, person.employee_number


def test_awkward_kinds_arrive_intact(large: HrSystem, municipality: Municipality) -> None:
    snapshot = large.read()
    assert [employee(snapshot, number).employee_number for number in ("000417", "417")] == ["000417", "417"]
    assert employee(snapshot, municipality.notable[Notable.MARKUP_NAME][0]).name == "<b>Fet</b> Skrift & <i>Krøll</i>"
    assert employee(snapshot, municipality.notable[Notable.SAMI_NAME][2]).name == "Niillas Đorroŋavdna"
    for number in municipality.notable[Notable.ON_LEAVE]:
        absent = employee(snapshot, number)
        assert absent.employed_on(TODAY)
        assert absent.away_on(TODAY)
    for number in municipality.notable[Notable.TWO_POSITIONS]:
        assert len(employee(snapshot, number).positions) == 2
    [leader] = municipality.notable[Notable.LEADER_ON_LEAVE]
    assert employee(snapshot, leader).substitute_number is not None


def test_an_employee_without_positions_is_listed(small: HrSystem) -> None:
    row = small.hr.rows(PERSONNEL)[20]
    positions = [link for link in small.hr.rows(POSITIONS) if _points_at(link, "personalressurs", _number(row))]
    for position in positions:
        small.hr.rows(POSITIONS).remove(position)
    snapshot = small.read()
    assert employee(snapshot, _number(row)).positions == ()
    assert snapshot.rejected == ()


def test_a_position_whose_periods_never_meet_is_left_out(small: HrSystem) -> None:
    row = small.hr.rows(POSITIONS)[20]
    put(row, "gyldighetsperiode", {"start": "2020-01-01", "slutt": "2020-06-30"})
    put(row, "arbeidsforholdsperiode", {"start": "2021-01-01T00:00:00Z", "slutt": None})
    snapshot = small.read()
    assert len(_positions(snapshot)) == len(small.hr.rows(POSITIONS)) - 1


def test_both_periods_bound_a_position(small: HrSystem) -> None:
    row = small.hr.rows(POSITIONS)[20]
    put(row, "gyldighetsperiode", {"start": "2020-01-01", "slutt": "2099-12-31"})
    put(row, "arbeidsforholdsperiode", {"start": "2021-01-01T00:00:00Z", "slutt": "2026-06-30T23:59:59Z"})
    position = _positions(small.read())[_system_id(row)]
    assert (position.start_on, position.end_on) == (date(2021, 1, 1), date(2026, 6, 30))


@pytest.mark.parametrize(("written", "meant"), [(10_000, 100.0), (100, 100.0), (5_000, 50.0), (50, 50.0)])
def test_percentages_in_both_units(small: HrSystem, written: int, meant: float) -> None:
    row = small.hr.rows(POSITIONS)[20]
    put(row, "ansettelsesprosent", written)
    assert _positions(small.read())[_system_id(row)].percentage == meant


def test_a_position_is_found_from_either_end(small: HrSystem) -> None:
    expected = small.expected()
    for row in small.hr.rows(POSITIONS)[:20]:
        del cast("Row", row["_links"])["personalressurs"]
    for row in small.hr.rows(PERSONNEL)[20:]:
        del cast("Row", row["_links"])["arbeidsforhold"]
    assert small.read() == expected


def test_user_names_and_mail_addresses_only_where_they_are_some(small: HrSystem) -> None:
    row, other = small.hr.rows(PERSONNEL)[20:22]
    put(row, "brukernavn.identifikatorverdi", "ANS2901")
    put(row, "kontaktinformasjon.epostadresse", " ")
    put(other, "kontaktinformasjon", None)
    put(other, "brukernavn", None)
    snapshot = small.read()
    for number in (_number(row), _number(other)):
        assert employee(snapshot, number).email is None
        assert employee(snapshot, number).user_principal_name is None


def test_a_substitute_named_by_another_resource_is_nobody(small: HrSystem) -> None:
    row = small.hr.rows(PERSONNEL)[20]
    put(row, "_links.stedfortreder", [{"href": "https://hr.example/administrasjon/fullmakt/fullmakt/systemid/7"}])
    assert employee(small.read(), _number(row)).substitute_number is None


def test_unit_trees_in_a_cycle_and_unknown_leaders(small: HrSystem, village: Municipality) -> None:
    first, second = small.hr.rows(UNITS)[5:7]
    put(first, "_links.overordnet", cast("Row", second["_links"])["self"])
    put(second, "_links.overordnet", cast("Row", first["_links"])["self"])
    for row in (first, second):
        put(row, "_links.leder", personnel_link("nobody"))
    snapshot = small.read()
    organisation = Organisation.of(snapshot, TODAY)
    unit_id = cast("Row", first["organisasjonsId"])["identifikatorverdi"]
    member = next(person for person in village.on(TODAY).people if person.unit_id == unit_id)
    finding = organisation.manager_of(employee(snapshot, member.employee_number))
    assert finding.found_by is ManagerFoundBy.NOBODY
    assert snapshot.rejected == ()


@pytest.mark.parametrize(
    "bad",
    [
        BadRow(PERSONNEL, "ansettelsesperiode", None, "personalressurs.ansettelsesperiode", "verdien mangler"),
        BadRow(
            PERSONNEL,
            "ansettelsesperiode.start",
            "i fjor",
            "personalressurs.ansettelsesperiode.start",
            "verdien er ikke en dato",
        ),
        BadRow(
            PERSONNEL, "kontaktinformasjon.epostadresse", 7, "personalressurs.kontaktinformasjon.epostadresse", "tall"
        ),
        BadRow(POSITIONS, "ansettelsesprosent", None, "arbeidsforhold.ansettelsesprosent", "ikke et tall"),
        BadRow(POSITIONS, "ansettelsesprosent", 20_000, "arbeidsforhold.ansettelsesprosent", "utenfor 0-100 %"),
        BadRow(POSITIONS, "hovedstilling", "ja", "arbeidsforhold.hovedstilling", "ventet ja eller nei, fant tekst"),
        BadRow(
            POSITIONS,
            "_links.arbeidssted",
            [{"href": "https://hr.example/organisasjonskode/7"}],
            "arbeidsforhold._links.arbeidssted",
            "ikke en organisasjonsId",
        ),
        BadRow(PERSONS, "navn.etternavn", ["x"], "person.navn.etternavn", "ventet tekst, fant en liste"),
        BadRow(PERSONS, "navn", {"fornavn": " "}, "person._links.personalressurs", "ingen person med navn"),
        BadRow(PERSONS, "_links", {}, "person._links.personalressurs", "ingen person med navn"),
    ],
)
def test_a_bad_row_sets_its_employee_aside(small: HrSystem, bad: BadRow) -> None:
    healthy = small.expected()
    number = _number(small.hr.rows(PERSONNEL)[10])
    rows = small.hr.rows(bad.resource)
    own = next(row for row in rows if row.get("ansattnummer") or _points_at(row, "personalressurs", number))
    if bad.resource == PERSONNEL:
        own = rows[10]
    put(own, bad.place, bad.value)
    snapshot = small.read()
    [rejected] = snapshot.rejected
    assert (rejected.key, rejected.path) == (number, bad.path)
    assert bad.reason in rejected.reason
    assert snapshot.employees == tuple(who for who in healthy.employees if who.employee_number != number)


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("navn", 7, RejectedRow("O-2000", "organisasjonselement.navn", "ventet tekst, fant tall")),
        (
            "_links.overordnet",
            [{"href": "https://hr.example/organisasjonskode/7"}],
            RejectedRow(
                "O-2000",
                "organisasjonselement._links.overordnet",
                "lenken til overordnet enhet er ikke en organisasjonsId",
            ),
        ),
        (
            "organisasjonsId.identifikatorverdi",
            "",
            RejectedRow(
                "organisasjonselement[5]",
                "organisasjonselement.organisasjonsId.identifikatorverdi",
                "verdien er tom eller har blanke tegn rundt seg",
            ),
        ),
    ],
)
def test_a_bad_unit_is_set_aside(small: HrSystem, place: str, value: object, expected: RejectedRow) -> None:
    healthy = small.expected()
    put(small.hr.rows(UNITS)[5], place, value)
    snapshot = small.read()
    assert snapshot.rejected == (expected,)
    assert snapshot.units == tuple(unit for unit in healthy.units if unit.unit_id != "O-2000")
    assert snapshot.employees == healthy.employees


def test_a_tenth_of_the_rows_unreadable(large: HrSystem, municipality: Municipality) -> None:
    """Everyone else is read, and every unreadable row is in the list: nobody is gone without a word."""
    people = municipality.on(TODAY).people
    for path in (PERSONNEL, POSITIONS, PERSONS, UNITS):
        every_tenth = tuple(range(0, len(large.hr.rows(path)), 10))
        large.hr.faults.add(Fault(path_pattern=f"{path}$", times=None, garbage=every_tenth))
    snapshot = large.read()
    counts = Counter(row.path.partition(".")[0] for row in snapshot.rejected if "[" in row.key)
    assert counts["personalressurs"] == counts["person"] == len(range(0, len(people), 10))
    assert counts["organisasjonselement"] == 3
    # Whatever is read is read whole: right names, all positions, or not at all.
    expected = {person.employee_number: person.as_employee() for person in people}
    assert all(expected[who.employee_number] == who for who in snapshot.employees)
    named = {row.key for row in snapshot.rejected} | {who.employee_number for who in snapshot.employees}
    assert len(expected.keys() - named) == counts["personalressurs"]


def test_a_position_that_has_gone_is_no_fault(small: HrSystem) -> None:
    row = small.hr.rows(PERSONNEL)[20]
    cast("list[Row]", cast("Row", row["_links"])["arbeidsforhold"]).append({"href": "/arbeidsforhold/systemid/gone"})
    healthy = small.read()
    assert healthy.rejected == ()
    # It may be the unreadable one as soon as there is an unreadable one.
    put(small.hr.rows(POSITIONS)[0], "systemId", None)
    del cast("Row", small.hr.rows(POSITIONS)[0]["_links"])["personalressurs"]
    rejected = {row.key for row in small.read().rejected}
    assert {_number(row), _number(small.hr.rows(PERSONNEL)[0]), "arbeidsforhold[0]"} == rejected


def test_nothing_of_private_life_is_in_a_snapshot(small: HrSystem, village: Municipality) -> None:
    people = village.on(TODAY).people
    for number, row in enumerate(small.hr.rows(PERSONS)):
        if number % 3 == 0:  # Where the person's row is unreadable too.
            put(row, "navn.fornavn", {"hemmelig": national_id(people[number])})
    snapshot = small.read()
    assert len(snapshot.rejected) == len(range(0, len(people), 3))
    encoded = msgspec.json.encode(snapshot).decode()
    for private in (HOME_STREET, "54321000", "-459133200", "hemmelig", *map(national_id, people)):
        assert private not in encoded


def test_nothing_of_private_life_is_in_the_types() -> None:
    fields = msgspec.json.schema_components((EmploymentRow, PersonRow), schema_hook=lambda _: {"type": "string"})
    encoded = msgspec.json.encode(fields).decode()
    for private in ("fodsel", "adresse", "lonn", "mobil", "parorende", "kjonn"):
        assert private not in encoded.replace("epostadresse", "")


def test_a_day_later_only_what_changed_changes(small: HrSystem, village: Municipality) -> None:
    first = small.expected()
    small.hr.today = lambda: village.leader_change.on
    second = small.read()
    before = {unit.unit_id: unit for unit in first.units}
    changed = [unit for unit in second.units if before[unit.unit_id] != unit]
    assert changed == [
        replace(before[village.leader_change.unit_id], manager_number=village.leader_change.manager_number)
    ]


def test_starters_and_leavers_come_and_go(small: HrSystem, village: Municipality) -> None:
    leaver = village.notable[Notable.LEAVER][0]
    end_on = next(person.end_on for person in village.people if person.employee_number == leaver)
    assert end_on is not None
    small.hr.today = lambda: end_on + timedelta(days=30)
    assert employee(small.read(), leaver).end_on == end_on
    small.hr.today = lambda: end_on + timedelta(days=31)
    assert leaver not in {who.employee_number for who in small.read().employees}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published FINT samples are not beside this checkout")
def test_published_samples() -> None:
    page = msgspec.json.decode((SAMPLES / "organisasjonselement_vestfold_builder.json").read_bytes(), type=_Page)
    units = [msgspec.convert(row, UnitRow, dec_hook=read_value) for row in page.embedded["_entries"]]
    assert [linked(unit.links.parent, "organisasjonsid") for unit in units] == [
        ["O-39006-hoved"],
        ["O-39006-hoved"],
        ["O-39006-1"],
        ["O-39006-1"],
    ]
    assert [linked(unit.links.manager, "ansattnummer") for unit in units] == [["1000001"], ["1000002"], ["1036101"], []]
    person = msgspec.json.decode((SAMPLES / "personresource.json").read_bytes(), type=PersonRow, dec_hook=read_value)
    assert (person.name.given, person.name.family) == ("Tore", "Test")


class _Page(msgspec.Struct):
    embedded: dict[str, list[object]] = msgspec.field(name="_embedded")


def _number(row: Row) -> str:
    return cast("str", cast("Row", row["ansattnummer"])["identifikatorverdi"])


def _system_id(row: Row) -> str:
    return cast("str", cast("Row", row["systemId"])["identifikatorverdi"])


def _points_at(row: Row, link: str, number: str) -> bool:
    return cast("Row", row["_links"]).get(link) == personnel_link(number)


def _positions(snapshot: Snapshot) -> dict[str, Position]:
    return {position.position_id: position for who in snapshot.employees for position in who.positions}
