"""Mails that Exchange takes and cannot deliver: given up with a reason, sent anew once to the address of today."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from email.message import EmailMessage
from multiprocessing.context import ForkServerContext

import pytest
from sqlalchemy import delete, update

from agreements.actions import ErrandKind
from integrations.database.health import read_figures
from integrations.database.history import Kind, history
from integrations.database.outgoing import MAIL
from integrations.database.retention import purge
from integrations.database.rows import AnyRow
from integrations.database.tables import employees, outbox, watermarks
from integrations.graph import returned
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError
from sandbox.graph import Fault
from sandbox.graph.mailbox import SentMessage
from sandbox.graph.reports import Report
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tasks.retrying import let_wait_for_delivery
from tasks.returning import REPORTS_UNREAD, read_returned_mail, reason_for
from tests.database.samples import TODAY, person, rows
from tests.graph.busy_night import night_in_child
from tests.graph.conftest import Office
from tests.graph.fuse import Point
from tests.graph.one_night import quick_night
from tests.graph.test_killed import points
from tests.graph.town import APPLICANTS, Town
from tests.graph.workers import send_what_came_back
from tests.waiting import AT_MOST

NUMBER = "HK-2027-00001"
RIGHT, WRONG = person("0001").email or "", "borte@sandvik.kommune.example"
GIVEN_UP = "Kom i retur. Adressen finnes ikke. Rett den i HR-systemet (5.1.10)."
NOTHING: dict[str, int] = {}


@pytest.fixture
def town_url(database_url: str) -> str:
    return database_url


@pytest.fixture
def town(town: Town) -> Town:
    """Everybody's folder is there, and everybody has a question to get by mail; the first one's address is gone."""
    town.change(update(outbox).where(outbox.c.kind == ErrandKind.OPEN_FOLDER).values(status="done"))
    move(town, WRONG)
    return town


def move(town: Town, address: str) -> None:
    """HR gives the first applicant this address."""
    town.change(update(employees).where(employees.c.employee_number == "0001").values(email=address))


def send_mail(*, hurried: bool = False) -> dict[str, int]:
    with quick_night(hurried=hurried):
        return dict(write_and_send_mail.fn())


def read_returned() -> dict[str, int]:
    with quick_night():
        return dict(read_returned_mail.fn())


def send_again() -> dict[str, int]:
    """HR's form, and the mail that follows it."""
    with quick_night():
        let_wait_for_delivery.fn(NUMBER)
        return dict(write_and_send_mail.fn())


def given_up(town: Town) -> list[AnyRow]:
    return [row for row in town.outbox(MAIL) if row.status == "failed"]


def sent_to(town: Town, address: str) -> list[SentMessage]:
    return [message for message in town.tenant.sent_messages() if message.to == (address,)]


def report(town: Town, about: str | None, **said: str) -> str:
    """Another report comes in; its id."""
    number = len(town.tenant.sent_messages())
    written = Report(about, WRONG, b"Subject: Sak\n\nHei\n", **said)  # type: ignore[arg-type]  # words of a report
    at = town.tenant.sent_messages()[0].sent_at
    return town.tenant.receive_mail(written.written(town.tenant.sender, f"<{number}@postmaster.example>", at))


# --- Given up, and sent anew ------------------------------------------------------------------------------------


def test_a_mail_that_came_back_is_given_up_with_its_reason(town: Town) -> None:
    assert send_mail() == {"e-poster sendt": len(APPLICANTS)}
    assert read_returned() == {"e-poster i retur": 1}

    [row] = given_up(town)
    assert (row.payload["to"], row.reason) == (WRONG, GIVEN_UP)
    with town.database.transaction() as connection:
        figures = read_figures(connection, TODAY)
        told = [each.what for each in history(connection, NUMBER).happenings if each.kind is Kind.NOTICE]
    assert (figures.given_up, figures.tried_again) == (1, 0)
    assert [words for words in told if words.endswith(f"(ikke levert, oppgitt: {GIVEN_UP})")] == told
    assert send_mail() == {"e-poster sendt": 0}, "nobody has put it right yet"
    assert read_returned() == NOTHING


def test_it_goes_once_to_the_address_that_hr_has_put_right(town: Town) -> None:
    send_mail()
    read_returned()
    move(town, RIGHT)

    for expected in (1, 0):
        assert send_again() == {"e-poster sendt": expected}
        assert read_returned() == NOTHING, "the old report says nothing of the new mail"

    [first], [second] = sent_to(town, WRONG), sent_to(town, RIGHT)
    assert first.internet_message_id != second.internet_message_id
    assert (first.subject, first.headers) == (second.subject, second.headers)
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}
    assert (len(town.tenant.sent_messages()), town.drafts()) == (len(APPLICANTS) + 1, 0)


def test_a_sign_in_name_that_is_no_mailbox_gives_way_to_a_better_address(town: Town) -> None:
    """Nothing better was known; that HR has learnt of one does not make the sign-in name another's."""
    of_one = update(employees).where(employees.c.employee_number == "0001")
    town.change(of_one.values(email=None, user_principal_name=WRONG))
    send_mail()
    assert read_returned() == {"e-poster i retur": 1}
    move(town, RIGHT)
    assert send_again() == {"e-poster sendt": 1}
    assert [len(sent_to(town, address)) for address in (WRONG, RIGHT)] == [1, 1]


def test_it_may_come_back_again_and_again(town: Town) -> None:
    send_mail()
    for tries in range(1, 4):
        assert read_returned() == {"e-poster i retur": 1}
        assert len(sent_to(town, WRONG)) == tries
        assert send_again() == {"e-poster sendt": 1}
    assert len({message.internet_message_id for message in sent_to(town, WRONG)}) == 4


def test_the_return_is_known_before_that_it_left(town: Town, office: Office) -> None:
    """It left without our learning of it; whoever looks now must not take it for delivered."""
    office.fail(
        Fault(method="POST", path_pattern="/send$", times=None, status=504, after_work=True),
        Fault(method="GET", path_pattern="/messages/[^/]+$", times=None, status=504),
    )
    send_mail(hurried=True)
    office.tenant.faults.clear()
    assert town.statuses(MAIL) == {"pending": len(APPLICANTS)}

    assert read_returned() == {"e-poster i retur": 1}
    assert send_mail() == {"e-poster sendt": len(APPLICANTS) - 1}
    move(town, RIGHT)
    assert send_again() == {"e-poster sendt": 1}

    assert [len(sent_to(town, address)) for address in (WRONG, RIGHT)] == [1, 1]
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


def test_several_reports_on_one_mail_are_one_return(town: Town) -> None:
    send_mail()
    [sent] = sent_to(town, WRONG)
    for status in ("5.1.10", "5.2.2"):
        report(town, sent.internet_message_id, status=status)
    assert read_returned() == {"e-poster i retur": 1}
    assert send_again() == {"e-poster sendt": 1}
    report(town, sent.internet_message_id)
    [again] = [message for message in sent_to(town, WRONG) if message != sent]
    assert read_returned() == {"e-poster i retur": 1}, "the new mail came back as well"
    assert again.internet_message_id not in {row.message_id for row in town.outbox(MAIL)}


def test_a_killed_night_makes_one_mail_of_each_return(
    town: Town, nursery: ForkServerContext, pytestconfig: pytest.Config
) -> None:
    """A quarter of the points that a whole night is killed at; `--points 300` is all there are."""

    def run(burns_at: Point | None = None) -> tuple[int | None, Counter[str]]:
        ours, theirs = nursery.Pipe(duplex=False)
        child = nursery.Process(target=night_in_child, args=(town.environment, burns_at, theirs, send_what_came_back))
        child.start()
        theirs.close()
        child.join(AT_MOST)
        with ours:
            return child.exitcode, ours.recv() if child.exitcode == 0 else Counter()

    send_mail()
    move(town, RIGHT)
    ended, passed = run()
    assert ended == 0
    assert passed.keys() >= {"GET messages", "GET $value", "POST messages", "POST send", "COMMIT"}
    option = pytestconfig.option
    for point in points(passed, option.seed)[: option.points // 4]:
        [*_, last] = sent_to(town, RIGHT)
        report(town, last.internet_message_id)
        assert run(point)[0] == -9, point
        assert run()[0] == 0, point
        assert sent_to(town, RIGHT)[-2] == last, f"{point}: it went once more, and only once"
        assert town.statuses(MAIL) == {"done": len(APPLICANTS)}, point
    assert town.drafts() == 0


# --- Nothing else -----------------------------------------------------------------------------------------------


def test_what_is_no_return_of_ours_is_left_alone(town: Town, office: Office) -> None:
    move(town, RIGHT)
    send_mail()
    ours = sent_to(town, RIGHT)[0].internet_message_id
    kept = [
        report(town, ours, action="delayed", status="4.4.7"),
        report(town, "<noe-annet@sandvik.kommune.example>"),
        report(town, "<0123.hjemmekontor@sandvik.kommune.example>"),
        report(town, None),
        town.tenant.receive_mail(answer(ours, "Automatisk svar: Jeg er borte", "auto-replied")),
        town.tenant.receive_mail(answer(ours, "Kan ikke leveres: spør noen andre", "no")),
    ]
    before = rows(town.database, outbox)
    office.gate.requests.clear()

    assert read_returned() == NOTHING

    assert rows(town.database, outbox) == before
    assert [request.partition(" ")[0] for request in office.gate.requests if "/messages" in request] == ["GET"]
    assert office.run(lambda graph: read_state(graph, town.tenant.sender, kept)) == [False] * len(kept)


async def read_state(graph: Graph, sender: str, identities: Sequence[str]) -> list[bool]:
    return [(await graph.get(f"/users/{sender}/messages/{each}", "GET mail"))["isRead"] for each in identities]


def answer(about: str, subject: str, automatic: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = person("0001").email or "", subject
    mail["In-Reply-To"] = mail["References"] = about
    mail["Auto-Submitted"] = automatic
    mail.set_content("550 5.1.10 er ikke noe å bry seg om.")
    return mail.as_bytes()


def test_a_mail_whose_case_is_purged_is_nobodys(town: Town) -> None:
    send_mail()
    with town.database.transaction() as connection:
        purge(connection, [NUMBER], TODAY)
    before = rows(town.database, outbox)
    assert read_returned() == NOTHING
    assert rows(town.database, outbox) == before


def test_a_mail_that_was_emptied_with_a_case_cannot_be_sent_anew(town: Town) -> None:
    send_mail()
    town.change(update(outbox).where(outbox.c.kind == MAIL).values(payload={}))
    assert read_returned() == NOTHING
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


# --- How it is read ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("town")
def test_a_quiet_night_asks_once_and_for_what_is_new(office: Office) -> None:
    send_mail()
    read_returned()
    office.gate.requests.clear()
    assert read_returned() == NOTHING
    assert office.requests("/messages") == sum("/messages" in request for request in office.gate.requests) == 1


def test_whoever_has_forgotten_how_far_it_was_read_does_nothing_twice(town: Town) -> None:
    """The mark is a time and not a token of Graph's: it is never refused (410), but a restored database is older."""
    send_mail()
    read_returned()
    move(town, RIGHT)
    send_again()
    with town.database.transaction() as connection:
        connection.execute(delete(watermarks))
    assert read_returned() == NOTHING
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


def test_a_return_is_found_among_many_reports(town: Town) -> None:
    send_mail()
    for _ in range(returned.PAGE + 5):
        report(town, "<noe-annet@sandvik.kommune.example>")
    assert read_returned() == {"e-poster i retur": 1}


@pytest.mark.parametrize(
    ("path", "status", "is_alone"),
    [("/messages$", 503, False), ("/messages$", 403, False), (r"/\$value$", 503, True)],
)
def test_what_could_not_be_read_is_read_the_next_night(
    town: Town, office: Office, path: str, status: int, *, is_alone: bool
) -> None:
    send_mail()
    office.fail(Fault(method="GET", path_pattern=path, times=None, status=status))
    with nullcontext() if is_alone else pytest.raises(GraphError, match=str(status)):
        assert read_returned() == {REPORTS_UNREAD: 1}, "the mailbox is there all the same"
    assert (given_up(town), rows(town.database, watermarks)) == ([], [])
    office.tenant.faults.clear()
    assert read_returned() == {"e-poster i retur": 1}


def test_a_report_that_somebody_keeps_back_or_removes_is_a_return_all_the_same(town: Town, office: Office) -> None:
    send_mail()
    for fault in ({"body": "html"}, {"status": 404}, {"status": 403}):
        office.fail(Fault(method="GET", path_pattern=r"/\$value$", **fault))
        assert read_returned() == {"e-poster i retur": 1}
        assert [row.reason for row in given_up(town)] == ["Kom i retur. Mottakerens e-postsystem sier ikke hvorfor."]
        send_again()


def test_a_report_that_is_kept_back_for_good_holds_up_no_other(town: Town, office: Office) -> None:
    town.change(
        update(employees).where(employees.c.employee_number == "0002").values(email="vekk@sandvik.kommune.example")
    )
    send_mail()
    office.fail(Fault(method="GET", path_pattern=r"/\$value$", status=403, code="ErrorAccessDenied"))
    assert read_returned() == {"e-poster i retur": 2}
    assert len(given_up(town)) == 2
    assert {row.reason for row in given_up(town)} == {
        "Kom i retur. Mottakerens e-postsystem sier ikke hvorfor.",
        GIVEN_UP,
    }
    assert read_returned() == NOTHING


def test_a_dry_run_shows_returns_and_gives_nothing_up(town: Town) -> None:
    send_mail()
    with night(TODAY, dry_run=True):
        assert read_returned_mail.fn() == {"e-poster i retur": 1}
    assert given_up(town) == []
    assert read_returned() == {"e-poster i retur": 1}


@pytest.mark.parametrize(
    ("status", "diagnosis", "reason"),
    [
        ("5.1.1", "User unknown", "Kom i retur. Adressen finnes ikke. Rett den i HR-systemet (5.1.1)."),
        ("5.2.2", "mailbox full", "Kom i retur. Postboksen er full (5.2.2)."),
        ("5.7.1", "Not accepted", "Kom i retur. Mottakerens e-postsystem tar ikke imot e-post fra oss (5.7.1)."),
        ("4.4.7", "Message expired", "Kom i retur. Mottakerens e-postsystem svarte ikke i tide (4.4.7)."),
        ("5.9.9", "10.5.1.10 nei", "Kom i retur. Mottakerens e-postsystem sier ikke hvorfor (5.9.9)."),
    ],
)
def test_why_it_came_back_is_said_without_an_address(town: Town, status: str, diagnosis: str, reason: str) -> None:
    move(town, RIGHT)
    send_mail()
    report(town, sent_to(town, RIGHT)[0].internet_message_id, status=status, diagnosis=f"{diagnosis} <{RIGHT}>")
    assert read_returned() == {"e-poster i retur": 1}
    assert [row.reason for row in given_up(town)] == [reason]


def test_a_code_is_read_by_its_longest_part_that_is_known() -> None:
    assert reason_for("5.4.1") != reason_for("5.4.310").replace("5.4.310", "5.4.1")
    assert reason_for("5.1.351").startswith("Kom i retur. Adressen finnes ikke.")
    assert reason_for("5.1.8").startswith("Kom i retur. Avsenderen er sperret")
