"""Every call of the file delivery meets every failure: nothing twice, nothing wrong, and the next night ends well.

A row of CALLS is one request of one piece of work; a row of PASSING or OTHERS is what happens to it, once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import count
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import delete, update

from agreements.actions import Action, Errand, ErrandKind
from agreements.case import Case, Filing, FilingKind, RequirementKind, State
from agreements.policy import Policy, Retention
from config.errors import ExpectedError
from config.settings import PREFIX
from config.sharepoint import ARCHIVE_LIBRARY, CASE_CLOSED, CASE_LIBRARY, EVALUATIONS, IMPORT_LIBRARY
from integrations.database.cases import Decided, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.outgoing import Prepared, keep_prepared
from integrations.database.rows import AnyRow
from integrations.database.tables import cases, documents, filings, inbox, outbox
from integrations.graph.archive import SMALL_FILE
from integrations.graph.patience import Patience
from integrations.graph.quickxor import quick_xor_hash
from sandbox.graph import Fault, GraphTenant
from sandbox.graph.identity import SYSTEM_ACCOUNT
from sandbox.web import serve
from tasks.archiving import file_messages, update_archive
from tasks.closing import close_folders
from tasks.delivering import file_documents, open_folders, share_folders
from tasks.night import night, this_night
from tasks.purging import purge_now
from tasks.reading import read_answers
from tasks.receiving import take_in_uploads
from tests.database.samples import STAMP, TODAY, decide_all, load_staff, new_case, read, rows, staff
from tests.documents.samples import jpeg
from tests.graph.conftest import settings_for
from tests.graph.gate import Gate
from tests.graph.town import user
from tests.sandbox.conftest import BusinessClock

EMPLOYEE, MANAGER, SUCCESSOR, OUTSIDER = "0001", "0900", "0901", "0002"
PATIENT = Patience(tries=3, first_wait=0.0, longest_wait=0.0)
HASTY = Patience(tries=3, first_wait=0.0, longest_wait=0.0, answer_within=0.5)
LABEL = "Personalmappe"
HANG = 1.0
LONG_AGO = date(2025, 1, 1)
LARGE = SMALL_FILE + 1
"""Bytes that take two fragments."""


@dataclass(slots=True)
class Street:
    """A tenant and a database that all tests of this file share; each has a case of its own."""

    tenant: GraphTenant
    database: Database
    policy: Policy
    environment: dict[str, str]
    gate: Gate
    ordinals: Iterator[int] = field(default_factory=lambda: count(1))

    def case(self, state: State = State.RECEIVED) -> Case:
        case = new_case(next(self.ordinals), EMPLOYEE, state=state)
        with self.database.transaction() as connection:
            add_cases(connection, [case])
        return case

    def order(self, number: str, *errands: Errand, **changes: object) -> None:
        with self.database.transaction() as connection:
            version, case = load_cases(connection, [number])[number]
            after = replace(case, **changes)
            action = Action(f"test.{next(self.ordinals)}", case, after, errands=errands)
            save_decisions(connection, [Decided(version, after, [action])], self.policy, STAMP)

    def run(self, *steps: Callable[[], object], patience: Patience = PATIENT) -> None:
        with night(TODAY) as running:
            running.patience = patience
            for step in steps:
                step()

    def open(self) -> str:
        number = self.case().number
        decide_all(self.database, self.policy, [number])
        return number

    def opened(self) -> str:
        number = self.open()
        self.run(open_folders.fn)
        return number

    def rows_of(self, number: str) -> list[AnyRow]:
        return [row for row in rows(self.database, outbox) if row.case_number == number]

    def readers(self, number: str) -> set[str]:
        people = (EMPLOYEE, MANAGER, SUCCESSOR, OUTSIDER)
        return {who for who in people if self.tenant.may_read(CASE_LIBRARY, number, user(who))}

    def files(self, library: str, number: str) -> dict[str, str]:
        found = [file.path for file in self.tenant.files(library) if number in file.path]
        return {path: sha256(self.tenant.read(library, path)).hexdigest() for path in found}


# --- The pieces of work -----------------------------------------------------------------------------------------


class Work:
    """What is ordered of the street, what does it, and what must be true when it is done."""

    step: Callable[[], object]

    def order(self, street: Street) -> str:
        raise NotImplementedError

    def assert_no_harm(self, street: Street, number: str) -> None:
        """Also while it is only half done."""

    def assert_done(self, street: Street, number: str) -> None:
        raise NotImplementedError


class Opening(Work):
    step = staticmethod(open_folders.fn)

    def order(self, street: Street) -> str:
        return street.open()

    def assert_no_harm(self, street: Street, number: str) -> None:
        assert not street.files(CASE_LIBRARY, number) or street.readers(number) == {EMPLOYEE, MANAGER}

    def assert_done(self, street: Street, number: str) -> None:
        assert list(street.files(CASE_LIBRARY, number)) == [f"{number}/Avtaleutkast {number}.pdf"]
        assert street.readers(number) == {EMPLOYEE, MANAGER}


class Renaming(Work):
    """The employee has given the folder another name; it gets its own back."""

    step = staticmethod(open_folders.fn)

    def order(self, street: Street) -> str:
        number = street.opened()
        street.tenant.rename(CASE_LIBRARY, number, f"{number} Kari", user(EMPLOYEE))
        street.run(lambda: read_answers.fn([], uploads=True))
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        assert len(street.files(CASE_LIBRARY, number)) == 1, "no second folder with a second draft"

    def assert_done(self, street: Street, number: str) -> None:
        Opening().assert_done(street, number)


class Sharing(Work):
    step = staticmethod(share_folders.fn)

    def order(self, street: Street) -> str:
        number = street.opened()
        street.order(number, Errand(ErrandKind.SHARE_FOLDER, sequence=TODAY.toordinal()), manager_number=SUCCESSOR)
        return number

    def assert_done(self, street: Street, number: str) -> None:
        assert street.readers(number) == {EMPLOYEE, SUCCESSOR}


@dataclass
class FilingOf(Work):
    size: int
    step = staticmethod(file_documents.fn)

    def order(self, street: Street) -> str:
        number = street.case(State.APPROVED).number
        errand = Errand(ErrandKind.FILE_DOCUMENT, FilingKind.AGREEMENT)
        street.order(number, errand, filings=(Filing(FilingKind.AGREEMENT),))
        content = f"%PDF-1.7 {number} ".encode().ljust(self.size, b"*")
        digest, path = sha256(content).hexdigest(), f"{EMPLOYEE}/Hjemmekontor/{number}/Avtale {number}.pdf"
        with street.database.transaction() as connection:
            paper = Prepared(number, "agreement", 1, path, content, "application/pdf", digest, quick_xor_hash(content))
            keep_prepared(connection, paper, TODAY)
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        [filed] = [row for row in rows(street.database, filings) if row.case_number == number]
        assert street.files(ARCHIVE_LIBRARY, number) in ({}, {filed.path: filed.sha256})
        is_kept = any(row.sha256 == filed.sha256 for row in rows(street.database, documents))
        assert is_kept is (filed.verified_at is None), "our copy goes when the archive's is verified, not before"

    def assert_done(self, street: Street, number: str) -> None:
        [filed] = [row for row in rows(street.database, filings) if row.case_number == number]
        assert filed.verified_at is not None
        assert street.files(ARCHIVE_LIBRARY, number) == {filed.path: filed.sha256}
        [file] = [file for file in street.tenant.files(ARCHIVE_LIBRARY) if number in file.path]
        assert (file.item_id, file.retention_label) == (filed.drive_item_id, LABEL)
        expected = {"Saksnummer": number, "Ansattnummer": EMPLOYEE, "Dokumenttype": "Avtale", "SHA256": filed.sha256}
        assert file.fields.items() >= {**expected, "ArkivertDato": "2027-02-28T23:00:00Z"}.items()


class Closing(Work):
    step = staticmethod(close_folders.fn)

    def order(self, street: Street) -> str:
        number = street.opened()
        street.tenant.upload(CASE_LIBRARY, number, "pult.jpg", jpeg(), user(EMPLOYEE))
        street.run(lambda: read_answers.fn([], uploads=True), take_in_uploads.fn)
        street.order(number, Errand(ErrandKind.CLOSE_FOLDER, sequence=0))
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        is_open = street.readers(number) != set()
        assert not is_open or street.files(CASE_LIBRARY, number), "closed before it is emptied"

    def assert_done(self, street: Street, number: str) -> None:
        assert (street.readers(number), street.files(CASE_LIBRARY, number)) == (set(), {})


class Upload(Work):
    """Read by delta, fetched and taken in; an app touched it last, so that its history says whose it is."""

    @staticmethod
    def step() -> None:
        read_answers.fn([], uploads=True)
        take_in_uploads.fn()

    def order(self, street: Street) -> str:
        number = street.opened()
        street.tenant.upload(CASE_LIBRARY, number, "pult.jpg", jpeg(), user(EMPLOYEE))
        street.tenant.touch(CASE_LIBRARY, f"{number}/pult.jpg", SYSTEM_ACCOUNT)
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        received = [row for row in rows(street.database, inbox) if row.payload["folder"] == number]
        # The draft comes as well where its hash was said to be another, and is known by its bytes.
        theirs = [row for row in received if row.payload["name"] == "pult.jpg"]
        assert {row.status for row in theirs} <= {"new", "taken_in"}, "nobody is told that their file is bad"
        assert "set_aside" not in {row.status for row in received}

    def assert_done(self, street: Street, number: str) -> None:
        photo = read(street.database, number)[1].requirement(RequirementKind.PHOTO)
        assert photo is not None
        assert photo.received_on == TODAY


class Answer(Work):
    """Read by delta; an app touched it last, so that its history says whose it is."""

    @staticmethod
    def step() -> None:
        read_answers.fn([EVALUATIONS])

    def order(self, street: Street) -> str:
        number = street.case(State.ACTIVE).number
        item_id = street.tenant.add_list_item(EVALUATIONS.name, {"Saksnummer": number}, user(MANAGER))
        street.tenant.edit_list_item(EVALUATIONS.name, item_id, {"Merknad": "Sett"}, SYSTEM_ACCOUNT)
        return number

    def assert_done(self, street: Street, number: str) -> None:
        received = [row for row in rows(street.database, inbox) if row.payload.get("Saksnummer") == number]
        assert [row.sender for row in received] == [user(MANAGER).user_id]


class Package(Work):
    """A message to the archive system, and the marker that says it is whole."""

    step = staticmethod(file_messages.fn)

    def order(self, street: Street) -> str:
        number = street.case(State.APPROVED).number
        errand = Errand(ErrandKind.FILE_MESSAGE, FilingKind.ARKIVMELDING)
        street.order(number, errand, filings=(Filing(FilingKind.ARKIVMELDING),))
        content = f"<arkivmelding>{number}</arkivmelding>".encode()
        digest, path = sha256(content).hexdigest(), f"{number} 1/arkivmelding.xml"
        paper = Prepared(
            *(number, FilingKind.ARKIVMELDING, 1, path, content, "application/xml", digest),
            *(quick_xor_hash(content), IMPORT_LIBRARY),
        )
        with street.database.transaction() as connection:
            keep_prepared(connection, paper, TODAY)
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        found = street.files(IMPORT_LIBRARY, number)
        assert f"{number} 1/ferdig.txt" not in found or len(found) == 2, "nothing is taken before it is whole"

    def assert_done(self, street: Street, number: str) -> None:
        [filed] = [row for row in rows(street.database, filings) if row.case_number == number]
        assert filed.verified_at is not None
        marker = sha256(f"{filed.sha256}  {filed.path}\n".encode()).hexdigest()
        assert street.files(IMPORT_LIBRARY, number) == {filed.path: filed.sha256, f"{number} 1/ferdig.txt": marker}


class Upkeep(Work):
    """What the archive says of a case, when it has ended."""

    step = staticmethod(update_archive.fn)

    def order(self, street: Street) -> str:
        number = SMALL_PAPER.order(street)
        street.run(file_documents.fn)
        street.order(number, Errand(ErrandKind.UPDATE_ARCHIVE, sequence=0), state=State.ENDED)
        return number

    def assert_done(self, street: Street, number: str) -> None:
        [file] = [file for file in street.tenant.files(ARCHIVE_LIBRARY) if number in file.path]
        assert (file.fields["Saksstatus"], file.retention_label) == (CASE_CLOSED, LABEL)


class Purging(Work):
    """A case that is old enough goes, and with it what was filled in."""

    @staticmethod
    def step() -> None:
        this_night().policy = msgspec.structs.replace(this_night().policy, retention=Retention(months=12))
        purge_now.fn()

    def order(self, street: Street) -> str:
        number = Answer().order(street)
        street.run(Answer.step)
        with street.database.transaction() as connection:
            read_here = inbox.c.payload["Saksnummer"].as_string() == number
            connection.execute(update(inbox).where(read_here).values(case_number=number, status="taken_in"))
            over = {"state": State.ENDED, "ended_on": LONG_AGO}
            connection.execute(update(cases).where(cases.c.number == number).values(over))
        return number

    def assert_no_harm(self, street: Street, number: str) -> None:
        is_known = number in {row.number for row in rows(street.database, cases)}
        assert is_known or not self._items(street, number), "what was filled in goes first"

    def assert_done(self, street: Street, number: str) -> None:
        assert number not in {row.number for row in rows(street.database, cases)}
        assert self._items(street, number) == []

    def _items(self, street: Street, number: str) -> list[str]:
        items = street.tenant.list_items(EVALUATIONS.name)
        return [item.item_id for item in items if item.fields.get("Saksnummer") == number]


OPEN, SHARE, SMALL_PAPER, LARGE_PAPER, CLOSE, UPLOAD = (
    *(Opening(), Sharing()),
    *(FilingOf(2_000), FilingOf(LARGE)),
    *(Closing(), Upload()),
)
ANSWER, PACKAGE, UPKEEP, PURGING, RENAME = Answer(), Package(), Upkeep(), Purging(), Renaming()


# --- Every call and every fault -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a piece of work; `needs` is a fault without which the request is not made."""

    name: str
    work: Work
    method: str
    path: str
    skip: int = 0
    needs: Fault | None = None


CALLS = (
    Call("library look-up", OPEN, "GET", "/drives$"),
    Call("folder look-up", OPEN, "GET", "/root:/HK"),
    Call("make folder", OPEN, "POST", "/children$"),
    Call("put draft", OPEN, "PUT", "Avtaleutkast"),
    Call("invite", OPEN, "POST", "/invite$"),
    Call("look at a renamed folder", RENAME, "GET", "/items/[^/]+$"),
    Call("give its name back", RENAME, "PATCH", "/items/[^/]+$"),
    Call("list permissions", OPEN, "GET", "/permissions$"),
    Call("take a permission away", SHARE, "DELETE", "/permissions/"),
    Call("archive look-up", SMALL_PAPER, "GET", r"/root:/0001/.*pdf$"),
    Call("archive folder look-up", SMALL_PAPER, "GET", "/root:/0001/Hjemmekontor/HK-[^/]*$"),
    Call("make archive folder", SMALL_PAPER, "POST", "/children$"),
    Call("put small file", SMALL_PAPER, "PUT", "/content$"),
    Call("write fields", SMALL_PAPER, "PATCH", "/fields$"),
    Call("read fields back", SMALL_PAPER, "GET", "/listItem$"),
    Call("write label", SMALL_PAPER, "PATCH", "/retentionLabel$"),
    Call("read label back", SMALL_PAPER, "GET", "/retentionLabel$"),
    Call("read back", SMALL_PAPER, "GET", "/items/[^/]+$"),
    Call("open session", LARGE_PAPER, "POST", "/createUploadSession$"),
    Call("first fragment", LARGE_PAPER, "PUT", "/upload/"),
    Call("last fragment", LARGE_PAPER, "PUT", "/upload/", skip=1),
    Call("ask how far", LARGE_PAPER, "GET", "/upload/", needs=Fault(method="PUT", path_pattern="/upload/", status=503)),
    Call(
        "cancel session",
        LARGE_PAPER,
        "DELETE",
        "/upload/",
        needs=Fault(method="PUT", path_pattern="/upload/", status=507),
    ),
    Call("look for a folder to close", CLOSE, "GET", "/items/[^/]+$"),
    Call("list permissions to take away", CLOSE, "GET", "/permissions$"),
    Call("take everybody out", CLOSE, "DELETE", "/permissions/"),
    Call("list files", CLOSE, "GET", "/children$"),
    Call("delete file", CLOSE, "DELETE", "/items/[^/]+$"),
    Call("delta", UPLOAD, "GET", "/delta$"),
    Call("look at upload", UPLOAD, "GET", "/items/[^/]+$"),
    Call("versions of upload", UPLOAD, "GET", "/versions$"),
    Call("content", UPLOAD, "GET", "/content$"),
    Call("download", UPLOAD, "GET", "^/_sandbox/download/"),
    Call("list look-up", ANSWER, "GET", "/lists$"),
    Call("list delta", ANSWER, "GET", "/items/delta$"),
    Call("versions", ANSWER, "GET", "/versions$"),
    Call("look for the message", PACKAGE, "GET", "/items/[^/]+$", skip=1),
    Call("put marker", PACKAGE, "PUT", "ferdig.txt"),
    Call("look for what is filed", UPKEEP, "GET", "/items/[^/]+$"),
    Call("read its fields", UPKEEP, "GET", "/listItem$"),
    Call("write its fields", UPKEEP, "PATCH", "/fields$"),
    Call("list look-up before deleting", PURGING, "GET", "/lists$"),
    Call("delete list item", PURGING, "DELETE", "/items/[^/]+$"),
    Call("see that it is gone", PURGING, "GET", "/lists/[^/]+/items/[^/]+$"),
)
PASSING: dict[str, dict[str, object]] = {
    "429 with Retry-After": {"status": 429, "retry_after": 0},
    "429": {"status": 429},
    "503": {"status": 503},
    "504 after the work": {"status": 504, "after_work": True},
    "reset before": {"drop": "before"},
    "reset after": {"drop": "after"},
    "half an answer": {"drop": "truncate"},
    "another encoding": {"body": "miscoded"},
    "another encoding after the work": {"body": "miscoded", "after_work": True},
    "hang": {"delay": HANG, "drop": "before"},
    "hang, and the work late": {"delay": HANG},
    "401": {"status": 401},
}
"""What is over in a moment: the same night goes on and does it."""
OTHERS: dict[str, dict[str, object]] = {
    "another's JSON": {"body": "foreign"},
    "a page": {"body": "html"},
    "a page after the work": {"body": "html", "after_work": True},
    **{f"{status} as a page": {"status": status, "body": "html"} for status in (400, 403, 404)},
    "404 as a page after the work": {"status": 404, "body": "html", "after_work": True},
    "another hash": {"body": "other_hash"},
    **{str(status): {"status": status} for status in (400, 403, 404, 409, 410, 412, 416, 423, 500, 507)},
}
"""What a person may have to see to; that this night does it is welcome, but not asked."""
AFTER_THE_WORK = {
    *("504 after the work", "reset after", "another encoding after the work"),
    *("a page after the work", "404 as a page after the work", "hang, and the work late"),
}
FACTS_OF_A_FILE = {"put small file", "read back", "last fragment", "look at upload"}


def meets(call: Call, fault: str) -> bool:
    """To ask does no work, and only facts of a file have its hash in them; the rest of the table is whole."""
    if fault == "another hash":
        return call.name in FACTS_OF_A_FILE
    return call.method != "GET" or fault not in AFTER_THE_WORK


TABLE = [
    pytest.param(call, fault, id=f"{call.name} - {fault}")
    for call in CALLS
    for fault in (*PASSING, *OTHERS)
    if meets(call, fault)
]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, policy: Policy) -> Iterator[Street]:
    directory = tmp_path_factory.mktemp("street")
    url = f"sqlite:///{directory}/hjemmekontor.db"
    (directory / "hjemmekontor.db").write_bytes(sqlite_template.read_bytes())
    people = [user(number) for number in (EMPLOYEE, MANAGER, SUCCESSOR, OUTSIDER)]
    tenant = GraphTenant.open(directory / "tenant", people, BusinessClock())
    database = Database.open(url)
    load_staff(database, staff(EMPLOYEE, SUCCESSOR))
    gate = Gate(tenant.application())
    with serve(gate) as server:
        settings = settings_for(tenant, server.url)
        plain = settings.model_dump(mode="json", include=settings.model_fields_set)
        secret = {"graph_client_secret": tenant.client_secret, "hr_client_secret": "-", "hr_password": "-"}
        environment = {PREFIX + name.upper(): str(value) for name, value in {**plain, **secret}.items()}
        environment |= {"HK_DATABASE_URL": url, "HK_STATE_DIR": str(directory), "HK_ARCHIVE_RETENTION_LABEL": LABEL}
        yield Street(tenant, database, policy, environment, gate)
    database.close()
    tenant.close()


@pytest.fixture(autouse=True)
def _quiet_street(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left over from another test, not even from one that failed."""
    street.tenant.faults.clear()
    with street.database.transaction() as connection:
        connection.execute(update(outbox).values(status="done"))
        connection.execute(delete(inbox).where(inbox.c.status == "new"))
        connection.execute(update(cases).values(state=State.ENDED))
    for name, value in street.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("call", "what"), TABLE)
def test_every_call_meets_every_fault(street: Street, call: Call, what: str) -> None:
    number = call.work.order(street)
    target = {"method": call.method, "path_pattern": call.path, "skip": call.skip}
    fault = msgspec.convert({**target, **{**PASSING, **OTHERS}[what]}, Fault)
    street.tenant.faults.add(*([fault] if call.needs is None else [call.needs, fault]))

    said = ""
    try:
        street.run(call.work.step, patience=HASTY if fault.delay else PATIENT)
    except ExpectedError as error:
        said = str(error)
    street.gate.wait_until_empty()
    assert street.tenant.faults.pending == (), "the call was made"
    call.work.assert_no_harm(street, number)
    undone = [row for row in street.rows_of(number) if row.status != "done"]
    assert all(row.reason or said for row in undone), "nothing fails in silence"
    if what in PASSING and call.needs is None:
        assert undone == []
        call.work.assert_done(street, number)

    street.run(call.work.step)

    call.work.assert_done(street, number)
    assert {row.status for row in street.rows_of(number)} <= {"done"}


# --- Where a large file went on an earlier night ----------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 423, 500, None], ids=str)
def test_an_address_of_an_earlier_night_keeps_no_document_back(street: Street, status: int | None) -> None:
    """None: nobody is at that address any more."""
    work = FilingOf(LARGE)
    number = work.order(street)
    address = "http://127.0.0.1:9/upload/stale"
    if status is not None:
        address = f"{street.environment['HK_GRAPH_BASE_URL'].removesuffix('/v1.0')}/upload/stale"
        street.tenant.faults.add(Fault(path_pattern="/upload/stale", times=None, status=status))
    with street.database.transaction() as connection:
        connection.execute(update(outbox).where(outbox.c.case_number == number).values(remote_id=address))
    street.run(work.step)
    work.assert_done(street, number)
    assert {row.status for row in street.rows_of(number)} == {"done"}
