"""Rows of a Stamdata3 file that cannot be read, and files that are none."""

from collections.abc import Iterator
from copy import copy
from pathlib import Path

import pytest
from lxml.builder import E
from requests.auth import HTTPBasicAuth

from agreements.people import RejectedRow
from integrations.hr import HrUnreadable
from integrations.hr.files import HrFile
from integrations.hr.http import HrHttp
from integrations.hr.source import HrRefused
from integrations.hr.unit4 import Unit4Source
from sandbox.municipality import Municipality
from sandbox.web import serve
from tests.hr.unit4_shape import Export, put, written
from tests.hr.visma_shape import PASSWORD, USERNAME, Answers, breaks_off, do_not_wait, fails, gives

BOMB = b'<!DOCTYPE ExportInfo [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><ExportInfo name="&b;"/>'


@pytest.fixture
def export(village: Municipality, tmp_path: Path) -> Export:
    return Export(village, tmp_path)


@pytest.fixture
def somebody(export: Export) -> str:
    """An employee with one position who leads nobody."""
    leaders = {unit.manager_number for unit in export.expected.units}
    ordinary = (who for who in export.expected.employees if len(who.positions) == 1 and who.end_on is None)
    return next(who.employee_number for who in ordinary if who.employee_number not in leaders)


def test_an_employee_number_twice(export: Export, somebody: str) -> None:
    export.root[0].append(copy(export.resource(somebody)))
    put(export.root, "NumberOfResources", str(len(export.root[0])))
    assert export.read() == export.expected
    put(export.root[0][-1], "Surname", "Dobbeltgjenger")
    reason = "ansattnummeret står flere ganger med ulikt innhold"
    assert export.read().rejected == (RejectedRow(somebody, "Resource.ResourceId", reason),)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("DateTo", "31.12.2026", "verdien er ikke en dato"),
        ("Employments/Employment/DateFrom", "i fjor", "verdien er ikke en dato"),
        ("Employments/Employment/Percentage", "full", "stillingsprosenten er ikke et tall"),
        ("Employments/Employment/Percentage", "-1", "stillingsprosenten er ikke et tall"),
        ("Employments/Employment/Percentage", "12345", "stillingsprosenten er utenfor 0-100 %"),
        ("Employments/Employment/MainPosition", "kanskje", "ventet ja eller nei, fant noe annet"),
    ],
)
def test_a_fault_sets_one_employee_aside(export: Export, somebody: str, place: str, value: str, reason: str) -> None:
    export.put(somebody, place, value)
    snapshot = export.read()
    assert snapshot.rejected == (RejectedRow(somebody, f"Resource.{place.replace('/', '.')}", reason),)
    assert len(snapshot.employees) == len(export.expected.employees) - 1


def test_faults_in_numbers_names_and_attributes(export: Export) -> None:
    first, second, third = (who.employee_number for who in export.expected.employees[-3:])
    export.put(first, "FirstName", "")
    export.put(first, "Surname", "")
    [employment] = export.resource(second).findall("Employments/Employment")[:1]
    employment.set("ResourceId", "et annet")
    export.resource(third).append(E.Surname("Dobbel"))
    reasons = {row.key: row.reason for row in export.read().rejected}
    place = next(f"Resource[{at}]" for at, each in enumerate(export.root[0]) if each.findtext("ResourceId") == second)
    assert reasons == {
        first: "personen har ikke noe navn",
        place: "ressursnumrene er ulike",
        third: "feltet står flere ganger",
    }


def test_a_tenth_of_garbage(export: Export) -> None:
    count = len(export.root[0])
    for place in range(0, count, 10):
        export.root[0].insert(place, E.Resource(E.Something("søppel")))
    put(export.root, "NumberOfResources", str(len(export.root[0])))
    snapshot = export.read()
    assert sorted(row.key for row in snapshot.rejected) == sorted(f"Resource[{at}]" for at in range(0, count, 10))
    assert all(row.could_be_anybody for row in snapshot.rejected)
    assert snapshot.employees == export.expected.employees


def test_fewer_resources_than_announced(export: Export) -> None:
    export.root[0].remove(export.root[0][3])
    what = "does not hold as many resources as its NumberOfResources says: have the HR system write the file anew"
    assert what in export.unreadable(written(export.root))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not Unit4's Stamdata3 (ExportInfo)"),
        (b"[]", "is not Unit4's Stamdata3 (ExportInfo)"),
        (b"ResourceId;FirstName\n1;Ola\n", "is not Unit4's Stamdata3 (ExportInfo)"),
        (b"<Resource><ResourceId>1</ResourceId></Resource>", "its root is not ExportInfo"),
        (b"<ExportInfo><Resources></ExportInfo>", "is cut off or damaged"),
        ("<?xml version='1.0' encoding='UTF-8'?><ExportInfo>ø</ExportInfo>".encode("cp1252"), "is cut off or damaged"),
        (b"<!DOCTYPE html><html><p>Logg inn</html>", "is a web page and not Unit4's Stamdata3"),
        (BOMB, "declares a document type (DOCTYPE), which is never read"),
        (BOMB.decode().encode("utf-16"), "declares a document type (DOCTYPE), which is never read"),
        (b"<ExportInfo/>", "holds nobody who is employed and can be read: check what the Stamdata3 export"),
        (b"<ExportInfo><Resources/><NumberOfResources>0</NumberOfResources></ExportInfo>", "holds nobody"),
    ],
)
def test_content_of_another_kind(export: Export, content: bytes, what: str) -> None:
    assert what in export.unreadable(content)


def test_a_file_cut_off_anywhere_is_never_a_shorter_list(export: Export) -> None:
    content = written(export.root)
    for place in range(0, len(content) - 1, len(content) // 23):
        assert "is cut off or damaged: have the HR system write the file anew" in export.unreadable(content[:place])


def test_no_file(export: Export) -> None:
    with pytest.raises(HrRefused, match=r"Stamdata3\.xml cannot be read .*: check HK_HR_URL$"):
        export.read_file()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Answers, str]]:
    answers = Answers(b"")
    with serve(answers.application()) as server:
        yield answers, f"{server.url}/eksport/Stamdata3.xml"


def test_a_download_survives_what_passes(export: Export, served: tuple[Answers, str]) -> None:
    answers, address = served
    answers.body = written(export.root)
    answers.first = [fails(503), breaks_off(answers.body), gives(answers.body[:-100])]
    auth = HTTPBasicAuth(USERNAME, PASSWORD)
    assert Unit4Source(HrHttp(do_not_wait), HrFile(address, auth)).read_snapshot() == export.expected
    assert answers.first == []


@pytest.mark.parametrize(
    ("password", "body", "what"),
    [
        ("open-sesame", b"", "answered 401: check HK_HR_USERNAME and HK_HR_PASSWORD"),
        (PASSWORD, b"<!DOCTYPE html><html><p>Nede</html>", "is a web page and not Unit4's Stamdata3"),
        (
            PASSWORD,
            b"<ExportInfo><Resources>",
            "is not Unit4's Stamdata3 (ExportInfo), or is cut off or damaged, 4 times: try again later",
        ),
        (PASSWORD, b"<ExportInfo/>", "holds nobody who is employed"),
    ],
)
def test_a_download_that_fails_is_told_in_one_line(
    served: tuple[Answers, str], password: str, body: bytes, what: str
) -> None:
    answers, address = served
    answers.body = body
    source = Unit4Source(HrHttp(do_not_wait), HrFile(address, HTTPBasicAuth(USERNAME, password)))
    with pytest.raises(HrUnreadable) as caught:
        source.read_snapshot()
    assert str(caught.value).startswith(f"{address.removeprefix('http://')} {what}")
    assert "open-sesame" not in str(caught.value)
