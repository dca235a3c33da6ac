"""Bad nights with Visma's answer: what passes, what HR could not be read means, and what XML must never do to us."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml.builder import E
from requests.auth import HTTPBasicAuth

from agreements.people import Snapshot
from integrations.hr import HrUnreadable
from integrations.hr.http import HrHttp
from integrations.hr.source import HrRefused
from integrations.hr.visma import VismaSource
from sandbox.municipality import Municipality
from sandbox.web import serve
from tests.hr.conftest import TODAY
from tests.hr.visma_shape import (
    PASSWORD,
    USERNAME,
    Answer,
    Answers,
    breaks_off,
    expected,
    fails,
    gives,
    hangs_up,
    persons,
    written,
)

PLACE = "/hrm_ws/secure/persons/company/1/start-id/0/end-id/99999999"
HTML = b"<!DOCTYPE html><html><title>Vedlikehold</title><p>Nede for vedlikehold.<br></html>"
PERSON = "<person><employments/></person>"
BILLION_LAUGHS = (
    '<!DOCTYPE personsXML [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)


class Night:
    def __init__(self, body: bytes, server: Answers, url: str) -> None:
        self.body = server.body = body
        self.server = server
        self.url = url
        self.pauses: list[float] = []

    def read(self, password: str = PASSWORD, company: str = "1") -> Snapshot:
        auth = HTTPBasicAuth(USERNAME, password)
        return VismaSource(HrHttp(self.pauses.append), self.url, company, auth, lambda: TODAY).read_snapshot()

    def unreadable(self, password: str = PASSWORD, company: str = "1") -> str:
        with pytest.raises(HrUnreadable) as caught:
            self.read(password, company)
        message = str(caught.value)
        assert message.startswith(self.url.removeprefix("http://"))
        assert "\n" not in message
        return message


@pytest.fixture(scope="module")
def body(village: Municipality) -> bytes:
    return written(persons(village.on(TODAY)))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Answers, str]]:
    answers = Answers(b"")
    with serve(answers.application()) as server:
        yield answers, server.url


@pytest.fixture
def night(body: bytes, served: tuple[Answers, str]) -> Night:
    answers, url = served
    answers.first.clear()
    answers.asked.clear()
    return Night(body, answers, url)


def _bad_answers(body: bytes) -> dict[str, Answer]:
    return {
        "503": fails(503),
        "html": gives(HTML),
        "miscoded": gives(HTML, Content_Encoding="gzip"),
        "truncated": gives(body[: len(body) // 2]),
        "broken off": breaks_off(body),
        "hung up": hangs_up,
    }


@pytest.mark.parametrize("fault", ["503", "html", "miscoded", "truncated", "broken off", "hung up"])
def test_a_fault_that_passes_is_not_noticed(night: Night, village: Municipality, fault: str) -> None:
    night.server.first = [_bad_answers(night.body)[fault] for _ in range(3)]
    assert night.read() == expected(village.on(TODAY))
    assert len(night.pauses) == 3


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("503", "answered 503, 4 times: try again later"),
        ("html", "is a web page and not Visma's list of persons (personsXML), 4 times: try again later"),
        ("truncated", "is not Visma's list of persons (personsXML), or is cut off or damaged, 4 times: "),
        ("miscoded", "answered in another encoding than it said, 4 times: try again later"),
        ("broken off", "broke off in the middle of an answer, 4 times"),
        ("hung up", "could not be reached, 4 times"),
    ],
)
def test_a_fault_that_lasts_is_told_in_one_line(night: Night, fault: str, what: str) -> None:
    night.server.first = [_bad_answers(night.body)[fault] for _ in range(4)]
    assert f"{PLACE} {what}" in night.unreadable()


def test_an_answer_cut_off_anywhere_is_never_a_shorter_list(night: Night) -> None:
    for place in range(0, len(night.body) - 1, len(night.body) // 23):
        night.server.body = night.body[:place]
        assert "is cut off or damaged" in night.unreadable()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"persons": []}',
        b"<html><body><p>Logg inn<br></body></html>",
        b"<!doctype html><p>",
        b"<personsXML><person></personsXML>",
        b"<personsXML/><personsXML/>",
        b"<personsXML>&ukjent;</personsXML>",
        "<?xml version='1.0' encoding='UTF-8'?><personsXML>æøå</personsXML>".encode("latin-1"),
        b"<?xml version='1.0' encoding='UTF-16'?><personsXML/>",
        b"<?xml version='1.0' encoding='klingon'?><personsXML/>",
        b"<charts><chart/></charts>",
        b"<personsXML xmlns='urn:annet'><person/></personsXML>",
        b"<person><employments/></person>",
        b"<personsXML>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</personsXML>",
    ],
)
def test_content_of_another_kind(night: Night, body: bytes) -> None:
    night.server.body = body
    assert "is not Visma's list of persons (personsXML)" in night.unreadable()


@pytest.mark.parametrize(
    "document",
    [
        f"{BILLION_LAUGHS}<personsXML><person><familyName>&d;</familyName></person></personsXML>",
        f'{BILLION_LAUGHS}<personsXML><person personIdHRM="&d;"/></personsXML>',
        f'{BILLION_LAUGHS}<personsXML name="&d;"/>',
        '<!DOCTYPE personsXML SYSTEM "{address}/evil.dtd"><personsXML/>',
        '<!DOCTYPE personsXML [<!ENTITY % more SYSTEM "{address}/evil.dtd"> %more;]><personsXML/>',
        '<!DOCTYPE personsXML [<!ENTITY x SYSTEM "file://{secret}">]><personsXML><person>&x;</person></personsXML>',
        f"<!-- {'x' * 200_000} --><!DOCTYPE personsXML><personsXML>{PERSON}</personsXML>",
        f"<!DOCTYPE personsXML [{' ' * 200_000}]><personsXML>{PERSON}</personsXML>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_and_nothing_of_it_is_read(
    night: Night, tmp_path: Path, document: str, encoding: str
) -> None:
    (tmp_path / "secret").write_text("hemmelig")
    written_out = document.replace("{address}", night.url).replace("{secret}", str(tmp_path / "secret"))
    night.server.body = f'<?xml version="1.0" encoding="{encoding}"?>{written_out}'.encode(encoding)
    assert "declares a document type (DOCTYPE), which is never read, 4 times" in night.unreadable()
    assert set(night.server.asked) == {PLACE}, "nothing else was fetched"


@pytest.mark.parametrize("body", [b"<personsXML/>", f"<personsXML>{PERSON}</personsXML>".encode()])
def test_nobody_there_is_not_believed(night: Night, body: bytes) -> None:
    night.server.body = body
    assert f"{PLACE} lists nobody who is employed in the company and can be read: check HK_HR" in night.unreadable()


def test_only_garbage_is_not_believed(night: Night) -> None:
    night.server.body = written(E.personsXML(*(E.person(E.givenName("?")) for _ in range(50))))
    assert "lists nobody" in night.unreadable()


def test_another_company(night: Night) -> None:
    message = night.unreadable(company="2/../../x")
    assert "company/2%2F..%2F..%2Fx/start-id" in message
    assert "check HK_HR_COMPANY" in message


def test_wrong_credentials(night: Night) -> None:
    message = night.unreadable(password="open-sesame")
    assert message.endswith(f"{PLACE} answered 401: check HK_HR_USERNAME and HK_HR_PASSWORD")
    assert "open-sesame" not in message
    assert night.pauses == []


@pytest.mark.parametrize(
    ("status", "advice"), [(403, "give the client access"), (404, "check HK_HR_URL"), (302, "302")]
)
def test_refusals_are_not_asked_again(night: Night, status: int, advice: str) -> None:
    night.server.first = [fails(status)]
    with pytest.raises(HrRefused, match=advice):
        night.read()
    assert night.pauses == []


def test_nobody_at_that_address(night: Night) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        night.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "could not be reached, 4 times" in night.unreadable()


def test_a_compressed_answer(night: Night, village: Municipality) -> None:
    night.server.first = [gives(gzip.compress(night.body), Content_Encoding="gzip")]
    assert night.read() == expected(village.on(TODAY))
    assert night.pauses == []
