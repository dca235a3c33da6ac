"""The municipality as Visma's `hrm_ws` answers it, private fields and all, and a server that answers so."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from zlib import crc32

from lxml import etree
from lxml.builder import E
from requests.auth import HTTPBasicAuth
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agreements.people import Position, Snapshot, Unit
from integrations.hr.http import HrHttp
from integrations.hr.visma import VismaSource
from sandbox.hr.rows import HOME_STREET, national_id
from sandbox.municipality import Municipality, Person, Picture
from sandbox.web import DROP_CONNECTION
from tests.hr.conftest import TODAY

Element = etree._Element  # noqa: SLF001 - lxml has no other name for the type

SALARY, ACCOUNT, PRIVATE_PHONE, CHILD = "543210.99", "99990012345", "99998888", "Lillebror"
REASON, BIRTH_DATE, PRIVATE_MAIL = "Permisjon u/lønn", "1955-06-15", "hjemme@privat.example"
NEVER_READ = (HOME_STREET, SALARY, ACCOUNT, PRIVATE_PHONE, CHILD, REASON, BIRTH_DATE, PRIVATE_MAIL)
USERNAME, PASSWORD = "hjemmekontor", "sandbox-password"
NO_END = ("", "2099-12-31", "9999-12-31", "9999-12-31+01:00")
FULL_TIME = ("100.0", "100", "100,00", "10000")


def persons(picture: Picture) -> Element:
    """The whole answer as a tree, for a test to change."""
    units = {unit.unit_id: unit for unit in picture.units}
    return E.personsXML(*(_person(person, units) for person in picture.people))


def written(root: Element, encoding: str = "UTF-8") -> bytes:
    return etree.tostring(root, encoding=encoding, xml_declaration=True)


def expected(picture: Picture) -> Snapshot:
    """What a correct reading gives: no tree, no substitutes, and no manager of a position alone."""
    people = [
        replace(
            person.as_employee(),
            substitute_number=None,
            positions=tuple(sorted(map(_as_read, person.positions), key=lambda position: position.position_id)),
        )
        for person in picture.people
    ]
    worked_in = {position.unit_id for person in people for position in person.positions}
    return Snapshot(
        units=tuple(
            replace(unit, parent_id=None)
            for unit in sorted(picture.units, key=lambda unit: unit.unit_id)
            if unit.unit_id in worked_in
        ),
        employees=tuple(sorted(people, key=lambda who: who.employee_number)),
    )


def hrm_id(employee_number: str) -> str:
    """HRM's own id of a person, which nobody's employee number is."""
    return f"{crc32(employee_number.encode()):010}"


def _as_read(position: Position) -> Position:
    number, index, _ = position.position_id.split("--")
    parts = (number, index, str(position.unit_id), str(position.start_on))
    return replace(position, position_id="/".join(parts), manager_number=None)


def _person(person: Person, units: dict[str, Unit]) -> Element:
    number = person.employee_number
    return E.person(
        E.authentication(E.initials("ABC1201"), E.username(person.name.upper()), E.alias(person.hr_upn or "")),
        E.careerInfo(),
        E.contactInfo(
            E.email(person.hr_email or ""),
            E.mobilePhone(PRIVATE_PHONE),
            E.privateEmail(PRIVATE_MAIL),
        ),
        E.dateOfBirth(BIRTH_DATE),
        E.dependents(E.dependent(E.person(E.givenName(CHILD)))),
        etree.Comment("kommentar"),
        E.employments(
            E.employment(
                E.bankDetails(E.accountNumber(ACCOUNT)),
                E.category(E.description("Fast ansatt"), id="F"),
                E.company(E.companyId("1"), E.companyName("Sandvik kommune")),
                E.employeeId(number),
                E.employmentPercentage("100.0"),
                E.endDate(_end(number, person.end_on)),
                E.positions(*(_position(position, units) for position in person.positions)),
                E.startDate(str(person.start_on)),
            )
        ),
        E.familyName(person.family_name),
        E.givenName(f" {person.given_name}\n"),
        E.postalAddress(E.address1(f"{HOME_STREET} 12"), E.postalCode("9999")),
        E.ssn(national_id(person)),
        personIdHRM=hrm_id(number),
    )


def _position(position: Position, units: dict[str, Unit]) -> Element:
    unit = units[str(position.unit_id)]
    manager = [] if unit.manager_number is None else [E.manager(id=hrm_id(unit.manager_number), name="Leder")]
    return E.position(
        E.chart(E.unit(*manager, E.roles(), id=unit.unit_id, name=unit.name), id="4", name="Sandvik kommune"),
        E.leave(),
        E.positionEndDate(_end(position.position_id, position.end_on)),
        E.positionInfo(E.positionCode(name="Rådgiver", positionId=position.position_id.split("--")[1])),
        E.positionPercentage(_percentage(position)),
        E.positionStartDate(str(position.start_on)),
        E.salaryInfo(E.yearlySalary(SALARY)),
        isPrimaryPosition=str(position.is_main).lower(),
        validFromDate="2022-03-01",
    )


def _end(owner: str, end_on: date | None) -> str:
    return NO_END[crc32(owner.encode()) % len(NO_END)] if end_on is None else str(end_on)


def _percentage(position: Position) -> str:
    if position.percentage == 100:
        return FULL_TIME[crc32(position.position_id.encode()) % len(FULL_TIME)]
    return str(position.percentage)


class Hrm:
    """The answer on a day, for a test to change, and the server that gives it."""

    def __init__(self, village: Municipality, server: "Answers", url: str) -> None:
        self.root = persons(village.on(TODAY))
        self.expected = expected(village.on(TODAY))
        self.server = server
        self.url = url

    def read(self, company: str = "1", encoding: str = "UTF-8") -> Snapshot:
        self.server.body = written(self.root, encoding)
        auth = HTTPBasicAuth(USERNAME, PASSWORD)
        return VismaSource(HrHttp(do_not_wait), self.url, company, auth, today=lambda: TODAY).read_snapshot()

    def person(self, number: str) -> Element:
        return next(person for person in self.root if person.findtext("employments/employment/employeeId") == number)

    def put(self, number: str, place: str, value: str) -> None:
        found = self.person(number).find(f"employments/employment/{place}")
        assert found is not None
        found.text = value


def do_not_wait(_seconds: float) -> None:
    """In place of the pauses between attempts."""


Answer = Callable[[Request], Response]


@dataclass(slots=True)
class Answers:
    """A server behind HTTP Basic that gives each of `first` once, and then `body` for ever."""

    body: bytes
    first: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def application(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        right = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {right}":
            return Response(status_code=401)
        if self.first:
            return self.first.pop(0)(request)
        return Response(self.body, media_type="application/xml")


def fails(status: int) -> Answer:
    return lambda _: Response(status_code=status)


def gives(body: bytes, **headers: str) -> Answer:
    """Status 200, whatever it is."""
    return lambda _: Response(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def breaks_off(body: bytes) -> Answer:
    """Promises the whole body, and is gone after half of it."""
    return lambda _: _Half(body, media_type="application/xml")


def hangs_up(request: Request) -> Response:
    request.scope["extensions"][DROP_CONNECTION]()
    return Response()


class _Half(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": False})
