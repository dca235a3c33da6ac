"""The municipality as a Stamdata3 file from Unit4, private fields and all."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zlib import crc32

import pytest
from lxml import etree
from lxml.builder import E

from agreements.people import Position, Snapshot, Unit
from integrations.hr import HrUnreadable
from integrations.hr.files import HrFile
from integrations.hr.http import HrHttp
from integrations.hr.unit4 import Unit4Source
from sandbox.hr.rows import HOME_STREET, national_id
from sandbox.municipality import Municipality, Person, Picture
from tests.hr.conftest import TODAY

Element = etree._Element  # noqa: SLF001 - lxml has no other name for the type

SALARY, HOME_PHONE, BIRTH_DATE, PRIVATE_MAIL = "543210.99", "99998888", "1955-06-15", "hjemme@privat.example"
NEVER_READ = (HOME_STREET, SALARY, HOME_PHONE, BIRTH_DATE, PRIVATE_MAIL)
EXPORTED_AT = datetime(2026, 1, 20, 1, 30, 0, 123456, UTC)
NO_END = ("2099-12-31", "9999-12-31", "2099-12-31T00:00:00", "", "0001-01-01")
FULL_TIME = ("100", "100.00", "100,00", "10000")


def stamdata3(picture: Picture) -> Element:
    """The whole file as a tree, for a test to change."""
    return E.ExportInfo(
        E.Resources(*(_resource(person) for person in picture.people)),
        E.NumberOfResources(str(len(picture.people))),
        E.ExportedDate("2026-01-20T02:30:00.1234567+01:00"),
        E.Organisations(*(_organisation(unit) for unit in picture.units)),
    )


def written(root: Element, encoding: str = "UTF-8") -> bytes:
    return etree.tostring(root, encoding=encoding, xml_declaration=True)


def expected(picture: Picture) -> Snapshot:
    """What a correct reading gives: managers are the units', and neither user names nor substitutes are in the file."""
    people = [
        replace(
            person.as_employee(),
            user_principal_name=None,
            substitute_number=None,
            positions=tuple(sorted(map(_as_read, person.positions), key=lambda position: position.position_id)),
        )
        for person in picture.people
    ]
    return Snapshot(
        units=tuple(sorted(picture.units, key=lambda unit: unit.unit_id)),
        employees=tuple(sorted(people, key=lambda who: who.employee_number)),
        published_at=EXPORTED_AT,
    )


def _as_read(position: Position) -> Position:
    number, index, _ = position.position_id.split("--")
    parts = (number, index, "691204", str(position.unit_id), str(position.start_on))
    return replace(position, position_id="/".join(parts), manager_number=None)


def _resource(person: Person) -> Element:
    return E.Resource(
        E.Addresses(
            _address("3", PRIVATE_MAIL),
            _address("1", "", person.hr_email or ""),
        ),
        E.Employments(*(_employment(person, position) for position in person.positions)),
        E.Relations(_relation("A1", "COST_CENTER", "5312", "Et ansvar")),
        E.Rates(E.Rate(SALARY)),
        E.CompanyCode("SK"),
        E.ResourceId(person.employee_number),
        E.DateFrom(str(person.start_on)),
        E.DateTo(_end(person.employee_number, person.end_on)),
        E.FirstName(person.given_name),
        E.Surname(f"{person.family_name} "),
        E.Name(f"{person.family_name}, {person.given_name}"),
        E.Birthdate(BIRTH_DATE),
        E.SocialSecurityNumber(national_id(person)),
        E.Status("N"),
    )


def _address(kind: str, *mails: str) -> Element:
    return E.Address(
        E.AddressId("64699"),
        E.Type(kind),
        E.Street(f"{HOME_STREET} 12"),
        E.ZipCode("9999"),
        E.Home(HOME_PHONE),
        E.EMailList(*(E.string(mail) for mail in mails)),
        E.EMailCopyList(E.string(PRIVATE_MAIL)),
    )


def _employment(person: Person, position: Position) -> Element:
    return E.Employment(
        E.EmploymentType("A"),
        E.MainPosition(str(position.is_main).lower()),
        E.Percentage(_percentage(position)),
        E.PostId(position.position_id.split("--")[1]),
        E.PostCode("691204"),
        E.SalaryPerYears(E.SalaryPerYear(SALARY)),
        E.SeniorityDate("1996-01-01"),
        E.Relations(
            _relation("C1", "COST_CENTER", "5312", "Et ansvar"),
            _relation("MNAL", "ORGANISATION", str(position.unit_id), "Navnet den gang"),
        ),
        E.DateFrom(str(position.start_on)),
        E.DateTo(_end(position.position_id, position.end_on)),
        ResourceId=person.employee_number,
    )


def _relation(kind: str, element_type: str, value: str, description: str) -> Element:
    return E.Relation(
        E.Value(value),
        E.Value1("0"),
        E.Description(description),
        E.DateFrom("1900-01-01"),
        E.DateTo("2099-12-31"),
        Type=kind,
        ElementType=element_type,
    )


def _organisation(unit: Unit) -> Element:
    managers = [] if unit.manager_number is None else [E.string(unit.manager_number)]
    return E.Organisation(
        E.CompanyCode("SK"),
        E.Name(unit.name),
        E.Id(unit.unit_id),
        E.ParentId(unit.parent_id or ""),
        E.Managers(*managers),
        E.DateFrom("1990-01-01T00:00:00"),
        E.DateTo("2099-12-31T00:00:00"),
        E.Status("N"),
    )


def _end(owner: str, end_on: date | None) -> str:
    return NO_END[crc32(owner.encode()) % len(NO_END)] if end_on is None else str(end_on)


def _percentage(position: Position) -> str:
    if position.percentage == 100:
        return FULL_TIME[crc32(position.position_id.encode()) % len(FULL_TIME)]
    return str(position.percentage)


class Export:
    """The file on a day, for a test to change."""

    def __init__(self, village: Municipality, folder: Path) -> None:
        self.root = stamdata3(village.on(TODAY))
        self.expected = expected(village.on(TODAY))
        self.path = folder / "Stamdata3.xml"

    def read(self, encoding: str = "UTF-8") -> Snapshot:
        self.path.write_bytes(written(self.root, encoding))
        return self.read_file()

    def read_file(self) -> Snapshot:
        return Unit4Source(HrHttp(), HrFile(str(self.path))).read_snapshot()

    def unreadable(self, content: bytes) -> str:
        self.path.write_bytes(content)
        with pytest.raises(HrUnreadable) as caught:
            self.read_file()
        message = str(caught.value)
        assert message.startswith(f"{self.path} ")
        assert "\n" not in message
        return message

    def resource(self, number: str) -> Element:
        return next(resource for resource in self.root[0] if resource.findtext("ResourceId") == number)

    def organisation(self, unit_id: str) -> Element:
        return next(each for each in self.root[3] if each.findtext("Id") == unit_id)

    def put(self, number: str, place: str, value: str) -> None:
        put(self.resource(number), place, value)


def put(element: Element, place: str, value: str) -> None:
    found = element.find(place)
    assert found is not None
    found.text = value
