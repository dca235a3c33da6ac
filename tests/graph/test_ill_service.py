"""One bad thing holds up nobody, this night or any other; a service that is ill is asked a few times."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType

from agreements.actions import Errand, ErrandKind
from agreements.policy import Policy
from config.sharepoint import ANSWERS, ASSESSMENTS, CASE_LIBRARY
from flows.running import run_step
from integrations.database.outgoing import MAIL, NewMail, add_mails, begin_attempt, pending_keys
from integrations.database.tables import inbox
from integrations.graph import mail
from integrations.graph.client import Graph
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import READ_AT_A_TIME
from integrations.graph.mail import Mail
from sandbox.graph import Fault
from tasks.batches import NETWORK
from tasks.closing import close_folders
from tasks.delivering import AT_A_TIME, FILES_THAT_FAILED, _in_turns, open_folders, share_folders
from tasks.mailing import AT_A_TIME as MAILS_AT_A_TIME
from tasks.mailing import MAILS_SENT, MAILS_THAT_FAILED, write_and_send_mail
from tasks.reading import UNREAD, UPLOADED, UPLOADS_UNREAD, read_answers
from tasks.receiving import take_in_uploads
from tests.database.samples import TODAY, person, rows
from tests.documents.samples import jpeg
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.test_folders import NUMBER, night_of, order, readers
from tests.graph.town import APPLICANTS, Town, user

EMPLOYEE = user(APPLICANTS[0])
BAD = "Taken offence at"


def letters(town: Town, count: int, bad: int = 0) -> None:
    address = person(APPLICANTS[0]).email
    subjects = [f"{BAD} {number}" if number < bad else f"Sak {number}" for number in range(count)]
    with town.database.transaction() as connection:
        new = [
            NewMail(f"mail/{number:03d}", {"to": address, "subject": subject, "html": "x", "text": "x"}, [])
            for number, subject in enumerate(subjects)
        ]
        add_mails(connection, new, TODAY)


# --- One bad thing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 404}, {"body": "html"}], ids=str)
def test_one_answer_that_cannot_be_read_stops_no_other_list(town: Town, office: Office, fault: dict[str, Any]) -> None:
    night_of(open_folders)
    poison = office.tenant.add_list_item(ANSWERS.name, {"Saksnummer": NUMBER}, EMPLOYEE)
    office.tenant.upload(CASE_LIBRARY, NUMBER, "pult.jpg", jpeg(), EMPLOYEE)
    office.fail(Fault(path_pattern=rf"/items/{poison}$", times=None, **fault))
    with quick_night():
        counts = read_answers.fn([ANSWERS, ASSESSMENTS], uploads=True)
    assert (counts[UNREAD], counts[UPLOADED]) == (1, 1)
    assert [row.source for row in rows(town.database, inbox)] == [CASE_LIBRARY]

    office.tenant.faults.clear()
    with quick_night():
        assert read_answers.fn([ANSWERS])[UNREAD] == 0
    assert {row.source for row in rows(town.database, inbox)} == {CASE_LIBRARY, ANSWERS.name}, "it is read again"


def test_one_upload_that_cannot_be_looked_at_stops_no_step(office: Office, town: Town) -> None:
    night_of(open_folders)
    item = office.tenant.upload(CASE_LIBRARY, NUMBER, "pult.jpg", jpeg(), EMPLOYEE)
    office.fail(Fault(path_pattern=rf"/items/{item}$", times=None, status=500))
    with quick_night():
        assert read_answers.fn([], uploads=True)[UPLOADS_UNREAD] == 1
    assert rows(town.database, inbox) == []


def test_as_many_answers_as_are_read_at_a_time_may_be_unreadable(town: Town, office: Office) -> None:
    """A filter on the way takes offence at them, every night; everybody else's come in all the same."""
    item = {"Saksnummer": NUMBER}
    bad = [office.tenant.add_list_item(ANSWERS.name, item, EMPLOYEE) for _ in range(READ_AT_A_TIME + 1)]
    office.fail(Fault(path_pattern=rf"/items/({'|'.join(bad)})$", times=None, body="html", status=403))
    good = set()
    for day in range(2):
        good.add(office.tenant.add_list_item(ANSWERS.name, item, EMPLOYEE))
        with quick_night(TODAY + timedelta(days=day), hurried=True):
            assert read_answers.fn([ANSWERS])[UNREAD] == len(bad)
        assert {row.external_id for row in rows(town.database, inbox)} == good


def test_as_many_uploads_as_are_read_at_a_time_may_be_unreadable(town: Town, office: Office) -> None:
    night_of(open_folders)
    names = [f"{number}.jpg" for number in range(READ_AT_A_TIME + 1)]
    *bad, good = [office.tenant.upload(CASE_LIBRARY, NUMBER, name, jpeg(), EMPLOYEE) for name in names]
    office.fail(Fault(path_pattern=rf"/items/({'|'.join(bad)})$", times=None, body="html", status=403))
    with quick_night(hurried=True):
        assert read_answers.fn([], uploads=True)[UPLOADS_UNREAD] == len(bad)
    assert {row.external_id for row in rows(town.database, inbox)} == {good}


@pytest.mark.parametrize("fault", [{"body": "html"}, {"status": 503}], ids=str)
def test_one_folder_that_is_never_answered_keeps_no_other_open(
    town: Town, office: Office, policy: Policy, fault: dict[str, Any]
) -> None:
    office.fail(Fault(path_pattern="HK-2027-00003", times=None, **fault))
    night_of(open_folders)
    order(town, policy, Errand(ErrandKind.CLOSE_FOLDER))
    for _ in range(2):
        assert night_of(open_folders, share_folders, close_folders)[FILES_THAT_FAILED] == 1
    assert town.statuses(ErrandKind.OPEN_FOLDER) == {"done": 2, "pending": 1}
    assert readers(office) == set()


def test_as_many_bad_mails_as_go_at_a_time_keep_the_others_one_night(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters(town, 20, bad=MAILS_AT_A_TIME)
    real = mail.draft

    async def filtered(graph: Graph, sender: str, key: str, letter: Mail, message_id: str | None = None) -> str:
        if letter.subject.startswith(BAD):
            raise GraphUnreachableError("a filter's page")
        return await real(graph, sender, key, letter, message_id)

    monkeypatch.setattr(mail, "draft", filtered)
    with quick_night(), pytest.raises(GraphUnreachableError, match="filter"):
        write_and_send_mail.fn()
    for sent in (20 - MAILS_AT_A_TIME, 0):
        with quick_night():
            counts = write_and_send_mail.fn()
        assert counts == {MAILS_SENT: sent, MAILS_THAT_FAILED: MAILS_AT_A_TIME}
    assert town.statuses(MAIL) == {"done": 20 - MAILS_AT_A_TIME, "pending": MAILS_AT_A_TIME}


def test_what_was_tried_most_often_comes_last_and_a_case_keeps_its_order() -> None:
    rows: list[Any] = [
        SimpleNamespace(case_number=case, attempts=attempts, name=name)
        for case, attempts, name in [("A", 2, "A1"), ("B", 0, "B1"), ("A", 0, "A2"), ("C", 1, "C1"), ("B", 0, "B2")]
    ]
    assert [row.name for row in _in_turns(rows)] == ["B1", "B2", "C1", "A1", "A2"]


def test_mails_in_the_order_of_their_attempts(town: Town) -> None:
    letters(town, 3)
    with town.database.transaction() as connection:
        begin_attempt(connection, pending_keys(connection, MAIL)[0])
        assert [row.key for row in pending_keys(connection, MAIL)] == ["mail/001", "mail/002", "mail/000"]


# --- A service that is ill --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500}, {"body": "html"}], ids=str)
@pytest.mark.parametrize("count", [1, 60])
def test_an_outage_of_the_mailbox_is_one_in_whatever_words(
    town: Town, office: Office, count: int, fault: dict[str, Any]
) -> None:
    letters(town, count)
    office.fail(Fault(path_pattern="/messages", times=None, **fault))
    with quick_night(), pytest.raises((GraphError, GraphUnreachableError)):
        write_and_send_mail.fn()
    attempted = sum(row.attempts for row in town.outbox(MAIL))
    assert attempted < 2 * MAILS_AT_A_TIME, "some are under way when it begins"
    office.tenant.faults.clear()
    with quick_night():
        assert write_and_send_mail.fn() == {MAILS_SENT: count}


@pytest.mark.usefixtures("town")
def test_an_outage_of_the_library_ends_the_taking_in(office: Office) -> None:
    night_of(open_folders)
    for number in range(3 * AT_A_TIME):
        office.tenant.upload(CASE_LIBRARY, NUMBER, f"{number}.jpg", jpeg(), EMPLOYEE)
    with quick_night():
        read_answers.fn([], uploads=True)
    office.fail(Fault(path_pattern="/content", times=None, status=503))
    for _ in range(2):
        with quick_night(hurried=True) as running:
            with pytest.raises(GraphError, match="503"):
                take_in_uploads.fn()
            assert running.before_it_broke == {UPLOADS_UNREAD: AT_A_TIME}


def test_uploads_that_are_never_given_let_in_what_an_outage_kept_out(town: Town, office: Office) -> None:
    night_of(open_folders)
    names = [f"{number}.jpg" for number in range(AT_A_TIME + 1)]
    *bad, good = [office.tenant.upload(CASE_LIBRARY, NUMBER, name, jpeg(), EMPLOYEE) for name in names]
    with quick_night():
        read_answers.fn([], uploads=True)
    office.fail(Fault(path_pattern="/content", times=None, status=503))
    with quick_night(hurried=True):
        with pytest.raises(GraphError, match="503"):
            take_in_uploads.fn()
        take_in_uploads.fn()
    office.tenant.faults.clear()
    office.fail(Fault(path_pattern=rf"/items/({'|'.join(bad)})/content", times=None, status=503))
    for day in (1, 2):
        with quick_night(TODAY + timedelta(days=day), hurried=True):
            take_in_uploads.fn()
    taken = {row.external_id for row in rows(town.database, inbox) if row.status == "taken_in"}
    assert taken == {good}


@pytest.mark.usefixtures("town")
def test_after_an_outage_in_whatever_words_the_steps_are_in_a_hurry() -> None:
    error = GraphError(503, "serviceNotAvailable", "-", "GET x")
    state: State[Any] = State(type=StateType.FAILED, data=error)
    is_worth_another_try = NETWORK["retry_condition_fn"]
    with quick_night() as running:
        assert is_worth_another_try(None, None, state)
        result = run_step(running, "E-post", lambda **_: state)
        assert (running.is_hurried, result.problem) == (True, str(error))
        assert not is_worth_another_try(None, None, state)
