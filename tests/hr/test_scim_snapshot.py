"""What is read from a healthy SCIM service, and what becomes of users that cannot be read."""

import random
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from agreements.people import Employee, ManagerFoundBy, Organisation, RejectedRow, Snapshot
from integrations.hr.scim.records import ATTRIBUTES, ENTERPRISE, UnreadUser, in_our_spelling, read_user
from sandbox.hr.faults import Fault
from sandbox.hr.rows import national_id
from sandbox.municipality import Municipality, Notable
from tests.hr.conftest import TODAY
from tests.hr.scim_shape import PRIVATE, USERS, ScimService, ScimSystem, enterprise, number_of, running

EMPLOYEE_NUMBER = f"Users.{ENTERPRISE}.employeeNumber"


@pytest.fixture(scope="module")
def service() -> Iterator[ScimService]:
    with running() as service:
        yield service


@pytest.fixture
def large(service: ScimService, municipality: Municipality) -> ScimSystem:
    """300 employees, in pages of 100."""
    return service.show(municipality.on(TODAY))


@pytest.fixture
def small(service: ScimService, village: Municipality) -> ScimSystem:
    """60 employees, in one page."""
    return service.show(village.on(TODAY))


def employee(snapshot: Snapshot, number: str) -> Employee:
    return next(employee for employee in snapshot.employees if employee.employee_number == number)


def without(snapshot: Snapshot, number: str) -> tuple[Employee, ...]:
    return tuple(who for who in snapshot.employees if who.employee_number != number)


def test_everyone_is_read_as_the_municipality_has_them(large: ScimSystem) -> None:
    snapshot = large.read()
    assert snapshot == large.expected()
    assert len(snapshot.employees) == len(large.active_users()) > 290
    assert {who.positions[0].percentage for who in snapshot.employees} == {100.0}
    assert sum(who.positions[0].manager_number is not None for who in snapshot.employees) > 290


def test_managers_are_found_as_the_municipality_means(large: ScimSystem, municipality: Municipality) -> None:
    organisation = Organisation.of(large.read(), TODAY)
    for person in municipality.on(TODAY).people:
        if person.employed_on(TODAY) and person.manager_number is not None:
            found = organisation.manager_of(organisation.employees[person.employee_number])
            assert (found.manager_number, found.found_by) == (person.manager_number, ManagerFoundBy.POSITION)


def test_awkward_kinds_arrive_intact(large: ScimSystem, municipality: Municipality) -> None:
    snapshot = large.read()
    assert [employee(snapshot, number).employee_number for number in ("000417", "417")] == ["000417", "417"]
    assert employee(snapshot, municipality.notable[Notable.MARKUP_NAME][0]).name == "<b>Fet</b> Skrift & <i>Krøll</i>"
    assert employee(snapshot, municipality.notable[Notable.SAMI_NAME][2]).name == "Niillas Đorroŋavdna"


def test_nothing_private_is_asked_for_or_kept(large: ScimSystem, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    text = repr(large.read()) + caplog.text
    private = (*PRIVATE, *(national_id(person) for person in large.picture.people))
    assert all(value in msgspec.json.encode(large.users).decode() for value in private)
    assert [value for value in private if value in text] == []
    assert {question["attributes"] for question in large.asked} == {",".join(ATTRIBUTES)}


def test_the_order_of_rows_is_no_change(large: ScimSystem) -> None:
    large.sorts = False
    random.Random(7).shuffle(large.users)  # noqa: S311 - a fixed order, no secret
    assert large.read() == large.expected()


def test_attribute_names_in_any_case(small: ScimSystem) -> None:
    names = "totalResults Resources id userName familyName emails type value active employeeNumber department manager"

    def respell(content: bytes) -> bytes:
        for name in (*names.split(), ENTERPRISE):
            content = content.replace(b'"%b":' % name.encode(), b'"%b" :' % name.swapcase().encode())
        return content

    small.respell = respell
    assert small.read() == small.expected()


def test_only_names_are_respelt() -> None:
    content = rb'{"USERNAME":"a \"USERNAME\": b","NAME" : {"ACTIVE":"NAME"}}'
    assert in_our_spelling(content) == rb'{"userName":"a \"USERNAME\": b","name" : {"active":"NAME"}}'


def test_a_filter_leaves_service_accounts_out(small: ScimSystem) -> None:
    small.users.append({"schemas": [], "id": "robot", "userName": "robot", "userType": "Service"})
    only = 'userType eq "Employee"'
    assert small.source(only=only).read_snapshot() == small.expected()
    assert {question["filter"] for question in small.asked} == {only}


def test_a_user_who_is_not_active_is_not_there(small: ScimSystem) -> None:
    gone = small.active_users()[7]
    # Nothing else about such a user matters: neither what is unreadable nor what another one has as well.
    gone.update({"active": False, "emails": "?", "name": 7})
    other = small.active_users()[8]
    small.users.append({**other, "id": "earlier", "active": False})
    snapshot = small.read()
    assert snapshot.employees == without(small.expected(), number_of(gone))
    assert snapshot.rejected == ()


def test_active_is_presumed(small: ScimSystem) -> None:
    silent, empty = small.active_users()[:2]
    del silent["active"]
    empty["active"] = None
    assert small.read() == small.expected()


def test_a_manager_who_is_not_active_is_still_named(small: ScimSystem) -> None:
    """For the first of the two nights until the manager has left: the team must not change managers back and forth."""
    led = next(row for row in small.active_users() if "manager" in enterprise(row))
    manager_number = employee(small.expected(), number_of(led)).positions[0].manager_number
    manager = next(row for row in small.users if number_of(row) == manager_number)
    manager["active"] = False
    assert small.read().employees == without(small.expected(), number_of(manager))


@pytest.mark.parametrize("told", ["$ref", "text", "$ref/"])
def test_a_manager_told_in_another_way(small: ScimSystem, told: str) -> None:
    for row in small.users:
        if manager := enterprise(row).get("manager"):
            assert isinstance(manager, dict)
            address = f"https://hr.example/Users/{manager['value']}{told.removeprefix('$ref')}"
            enterprise(row)["manager"] = manager["value"] if told == "text" else {"$ref": address}
    assert small.read() == small.expected()


@pytest.mark.parametrize("manager", [{"value": "nobody"}, {"value": ""}, {"value": None}, {}, None, "nobody"])
def test_a_manager_who_does_not_exist_blocks_nobody(small: ScimSystem, manager: object) -> None:
    row = small.active_users()[20]
    enterprise(row)["manager"] = manager
    snapshot = small.read()
    assert snapshot.rejected == ()
    assert employee(snapshot, number_of(row)).positions[0].manager_number is None
    assert without(snapshot, number_of(row)) == without(small.expected(), number_of(row))


def test_managers_in_a_cycle_and_of_themselves(small: ScimSystem) -> None:
    first, second, alone = small.active_users()[20:23]
    for row, manager in ((first, second), (second, first), (alone, alone)):
        enterprise(row)["manager"] = {"value": manager["id"]}
    organisation = Organisation.of(small.read(), TODAY)
    found = [organisation.manager_of(organisation.employees[number_of(row)]) for row in (first, second, alone)]
    assert [finding.manager_number for finding in found] == [number_of(second), number_of(first), None]


@pytest.mark.parametrize(
    ("emails", "chosen"),
    [
        ([{"value": "a@x.no", "type": "work"}, {"value": "b@x.no", "type": "work", "primary": True}], "b@x.no"),
        ([{"value": "a@x.no", "type": "home", "primary": True}, {"value": "b@x.no", "type": "Work"}], "b@x.no"),
        ([{"value": "a@x.no", "type": "other"}, {"value": "b@x.no", "type": "other", "primary": True}], "b@x.no"),
        ([{"value": "a@x.no", "primary": True}], "a@x.no"),
        ([{"value": "a@x.no", "type": "HOME", "primary": True}], None),
        ([{"value": "a@x.no"}], None),
        ([{"value": "not an address", "type": "work"}], None),
        ([{"value": None, "type": "work"}], None),
        ([{"type": "work"}], None),
        ([{"value": 7, "type": "home"}, {"value": "b@x.no", "type": "work"}], "b@x.no"),
        ([], None),
        (None, None),
    ],
)
def test_the_mail_address_for_work(small: ScimSystem, emails: object, chosen: str | None) -> None:
    row = small.active_users()[20]
    row["emails"] = emails
    assert employee(small.read(), number_of(row)).email == chosen


@pytest.mark.parametrize(("user_name", "taken"), [("kari@x.no", "kari@x.no"), ("KARI01", None), (None, None)])
def test_a_user_name_that_is_a_sign_in_name(small: ScimSystem, user_name: str | None, taken: str | None) -> None:
    row = small.active_users()[20]
    row["userName"] = user_name
    assert employee(small.read(), number_of(row)).user_principal_name == taken


@pytest.mark.parametrize(
    ("name", "display_name", "read"),
    [
        ({"givenName": "Kari", "middleName": "Anne", "familyName": "Vik"}, "X", ("Kari Anne", "Vik")),
        ({"familyName": "Vik", "formatted": "Kari Vik"}, None, ("", "Vik")),
        ({"givenName": " ", "formatted": "Kari Anne  Vik"}, "X", ("Kari Anne", "Vik")),
        ({}, "Vik, Kari Anne", ("Kari Anne", "Vik")),
        (None, "Vik", ("", "Vik")),
    ],
)
def test_names(small: ScimSystem, name: object, display_name: str | None, read: tuple[str, str]) -> None:
    row = small.active_users()[20]
    row.update({"name": name, "displayName": display_name})
    who = employee(small.read(), number_of(row))
    assert (who.given_name, who.family_name) == read


@pytest.mark.parametrize("department", [None, " ", "gone"])
def test_a_user_without_department(small: ScimSystem, department: str | None) -> None:
    row = small.active_users()[20]
    enterprise(row)["department"] = department
    if department == "gone":
        del enterprise(row)["department"]
    assert employee(small.read(), number_of(row)).positions[0].unit_id is None


def test_blanks_in_a_department_are_no_other_department(small: ScimSystem) -> None:
    for row in small.users[::2]:
        enterprise(row)["department"] = str(enterprise(row)["department"]).replace(" ", " \t\n ")
    assert small.read() == small.expected()


@pytest.mark.parametrize(
    ("place", "value", "path", "reason"),
    [
        ("active", "True", "Users.active", "ventet ja eller nei, fant tekst"),
        ("active", 1, "Users.active", "ventet ja eller nei, fant tall"),
        ("name", {"givenName": 7}, "Users.name.givenName", "ventet tekst, fant tall"),
        ("emails", "x@y.no", "Users.emails", "ventet en liste, fant tekst"),
        ("emails", [{"value": 7, "type": "work"}], "Users.emails", "ventet tekst, fant tall"),
        ("id", None, "Users.id", "verdien mangler"),
        (f"{ENTERPRISE}|department", ["x"], f"Users.{ENTERPRISE}.department", "ventet tekst, fant en liste"),
    ],
)
def test_a_user_who_cannot_be_read_is_set_aside(
    small: ScimSystem, place: str, value: object, path: str, reason: str
) -> None:
    row = small.active_users()[20]
    holder = enterprise(row) if "|" in place else row
    holder[place.rpartition("|")[2]] = value
    snapshot = small.read()
    assert snapshot.rejected == (RejectedRow(number_of(row), path, reason),)
    expected = without(small.expected(), number_of(row))
    lost = {number_of(row) if place == "id" else None}  # nobody is led by a user without an id
    assert snapshot.employees == tuple(
        replace(who, positions=(replace(who.positions[0], manager_number=None),))
        if who.positions[0].manager_number in lost
        else who
        for who in expected
    )


def test_a_user_without_a_name_is_set_aside(small: ScimSystem) -> None:
    row = small.active_users()[20]
    row.update({"name": {"givenName": " "}, "displayName": ""})
    snapshot = small.read()
    reason = "brukeren har ikke navn (name eller displayName)"
    assert snapshot.rejected == (RejectedRow(number_of(row), "Users.name", reason),)
    assert snapshot.units == small.expected().units


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (None, "brukeren har ikke ansattnummer (employeeNumber)"),
        ("", "brukeren har ikke ansattnummer (employeeNumber)"),
        ("  ", "brukeren har ikke ansattnummer (employeeNumber)"),
        (417, "ventet tekst, fant tall"),
    ],
)
def test_a_user_without_employee_number_could_be_anybody(small: ScimSystem, number: object, reason: str) -> None:
    small.sorts = False
    place = next(place for place, row in enumerate(small.users, 1) if row["active"] and place > 17)
    row = small.users[place - 1]
    was = number_of(row)
    enterprise(row)["employeeNumber"] = number
    snapshot = small.read()
    assert snapshot.rejected == (RejectedRow(f"Users[{place}]", EMPLOYEE_NUMBER, reason),)
    assert snapshot.rejected[0].could_be_anybody
    assert was not in {who.employee_number for who in snapshot.employees}


def test_a_user_without_the_enterprise_extension(small: ScimSystem) -> None:
    """Those led by such a user are set aside as well: they have a manager, and it cannot be said who."""
    small.sorts = False
    number = number_of(small.users[0])
    led = [who.employee_number for who in small.expected().employees if who.positions[0].manager_number == number]
    del small.users[0][ENTERPRISE]
    assert [row.key for row in small.read().rejected] == [*led, "Users[1]"]


def test_blanks_around_an_employee_number(small: ScimSystem) -> None:
    row = small.active_users()[20]
    number = number_of(row)
    enterprise(row)["employeeNumber"] = f" {number}"
    reason = "ansattnummeret har blanke tegn rundt seg"
    assert small.read().rejected == (RejectedRow(number, EMPLOYEE_NUMBER, reason),)


@pytest.mark.parametrize("same", [True, False])
def test_two_users_with_one_employee_number(small: ScimSystem, *, same: bool) -> None:
    row, other = small.active_users()[20:22]
    number = number_of(row)
    another = row if same else {**other, ENTERPRISE: enterprise(row)}
    small.users.append({**another, "id": "another"})
    snapshot = small.read()
    reason = "flere aktive brukere har dette ansattnummeret"
    assert snapshot.rejected == (RejectedRow(number, EMPLOYEE_NUMBER, reason),)
    assert snapshot.employees == without(small.expected(), number)


def test_a_readable_and_an_unreadable_user_with_one_employee_number(small: ScimSystem) -> None:
    row = small.active_users()[20]
    small.users.append({**row, "id": "another", "emails": 7})
    snapshot = small.read()
    assert [rejected.key for rejected in snapshot.rejected] == [number_of(row)]
    assert snapshot.employees == without(small.expected(), number_of(row))


@pytest.mark.parametrize("sorts", [True, False])
def test_a_tenth_of_the_users_unreadable(large: ScimSystem, *, sorts: bool) -> None:
    """Also when it is the rows at the borders of pages, which tell that nobody has moved."""
    large.sorts = sorts
    garbage = tuple(range(10, len(large.users) + 1, 10))
    large.faults.add(Fault(path_pattern=f"{USERS}$", garbage=garbage, times=None))
    snapshot = large.read()
    unread = [row for row in snapshot.rejected if row.could_be_anybody]
    led = [row for row in snapshot.rejected if not row.could_be_anybody]
    assert [row.key for row in unread] == sorted(f"Users[{place}]" for place in garbage)
    assert {row.reason for row in unread} == {"feltet id mangler"}
    assert {row.path for row in led} <= {f"Users.{ENTERPRISE}.manager"}
    assert set(snapshot.employees) < set(large.expected().employees)  # nobody is led by another than before
    assert len(snapshot.employees) >= len(large.active_users()) - len(garbage) - len(led)


@pytest.mark.parametrize("nonsense", [b"7", b'"x"', b"null", b"[]", b"true"])
def test_rows_that_are_no_objects(nonsense: bytes) -> None:
    read = read_user(msgspec.Raw(nonsense), "Users[3]")
    assert isinstance(read, UnreadUser)
    assert (read.place, read.path, read.number, read.scim_id) == ("Users[3]", "Users", None, None)
