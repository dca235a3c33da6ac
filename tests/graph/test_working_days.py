"""Mail on working days only: what is decided on other days waits, and goes out in one mail a person."""

from datetime import date

import pytest
from sqlalchemy import insert, update

from agreements.case import State
from config.policy_files import load_policy
from integrations.database.cases import load_cases
from integrations.database.outgoing import MAIL
from integrations.database.tables import cases, notices, requirements
from sandbox.graph import Fault
from tasks.delivering import open_folders
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tests.database.samples import TODAY, person, rows
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.town import APPLICANTS, Town

SATURDAY, MONDAY = date(2027, 3, 6), date(2027, 3, 8)
WAITING = "e-poster som venter til neste virkedag"
ANSWERED = "HK-2027-00001"


def mail_on(on: date, *, dry_run: bool = False) -> dict[str, int]:
    with night(on, dry_run=True) if dry_run else quick_night(on):
        return dict(write_and_send_mail.fn())


@pytest.fixture
def town(town: Town) -> Town:
    """Everybody's folder is there, and everybody has a question to get by mail."""
    with quick_night():
        open_folders.fn()
    return town


def news(town: Town, case_number: str, rule: str) -> None:
    """One more thing to tell the employee of this case."""
    values = {"case_number": case_number, "rule": rule, "template": "upload_refused", "role": "employee"}
    with town.database.transaction() as connection:
        key = f"{case_number}/{rule}/employee"
        connection.execute(insert(notices).values(**values, key=key, detail="Filen er tom.", business_date=SATURDAY))


@pytest.mark.parametrize(
    "on",
    [
        pytest.param(SATURDAY, id="saturday"),
        pytest.param(date(2027, 3, 7), id="sunday"),
        pytest.param(date(2027, 3, 25), id="maundy-thursday"),
        pytest.param(date(2027, 5, 17), id="constitution-day-a-monday"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True], ids=["real", "rehearsed"])
def test_on_a_day_off_nothing_is_written_or_sent(town: Town, office: Office, on: date, dry_run: bool) -> None:  # noqa: FBT001 - a parameter of the test
    office.gate.requests.clear()

    assert mail_on(on, dry_run=dry_run) == {WAITING: len(APPLICANTS)}

    assert (office.gate.requests, town.outbox(MAIL)) == ([], [])
    assert all(row.outbox_key is None for row in rows(town.database, notices))


def test_what_waited_goes_into_one_mail_a_person_on_the_next_working_day(town: Town, office: Office) -> None:
    assert mail_on(SATURDAY) == {WAITING: 3}
    news(town, ANSWERED, "upload.refused.1")
    assert mail_on(date(2027, 3, 7)) == {WAITING: 3}

    assert mail_on(MONDAY, dry_run=True) == {"e-poster sendt": 3}
    assert mail_on(MONDAY) == {"e-poster sendt": 3}
    assert mail_on(MONDAY) == {"e-poster sendt": 0}

    sent = office.tenant.sent_messages()
    assert sorted(message.to for message in sent) == [(person(number).email,) for number in APPLICANTS]
    [both] = [message for message in sent if message.to == (person(APPLICANTS[0]).email,)]
    assert both.subject.startswith("2 meldinger om hjemmekontor, første frist ")


@pytest.mark.usefixtures("town")
def test_a_mail_that_could_not_be_sent_on_friday_waits_as_well(office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/send$", status=423))
    assert mail_on(date(2027, 3, 5)) == {"e-poster sendt": 2, "e-poster som feilet": 1}

    assert mail_on(SATURDAY) == {WAITING: 1}
    assert len(office.tenant.sent_messages()) == 2

    assert mail_on(MONDAY) == {"e-poster sendt": 1}
    assert len(office.tenant.sent_messages()) == 3


def test_nobody_is_asked_on_monday_for_what_came_on_sunday(town: Town, office: Office) -> None:
    mail_on(SATURDAY)
    mine = requirements.c.case_number == ANSWERED
    town.change(update(requirements).where(mine).values(received_on=date(2027, 3, 7)))
    town.change(update(cases).where(cases.c.number == ANSWERED).values(state=State.IN_ASSESSMENT))
    news(town, ANSWERED, "upload.refused.1")

    assert mail_on(MONDAY, dry_run=True) == {"e-poster sendt": 3}
    assert mail_on(MONDAY) == {"e-poster sendt": 3}

    [mail] = [message for message in office.tenant.sent_messages() if message.to == (person(APPLICANTS[0]).email,)]
    assert mail.subject == f"Last opp en ny fil: den forrige kan ikke brukes ({ANSWERED})"
    assert all(row.outbox_key is not None for row in rows(town.database, notices))


def test_nobody_is_reminded_after_the_end(town: Town, office: Office) -> None:
    mail_on(SATURDAY)
    ended = {"state": State.ENDED, "ended_on": date(2027, 3, 7), "end_reason": "withdrawn"}
    town.change(update(cases).where(cases.c.number == ANSWERED).values(ended))

    assert mail_on(MONDAY) == {"e-poster sendt": 2}

    assert (person(APPLICANTS[0]).email,) not in {message.to for message in office.tenant.sent_messages()}
    with town.database.transaction() as connection:
        assert load_cases(connection, [ANSWERED])[ANSWERED][1].state is State.ENDED


def test_the_text_is_kept_beside_the_html_and_read_by_those_who_read_text(town: Town, office: Office) -> None:
    """Exchange keeps one body and makes the plain part of a mail from its HTML itself, so ours stays with us."""
    assert mail_on(TODAY) == {"e-poster sendt": 3}

    municipality = load_policy("prosedyre-websak").municipality
    for row in town.outbox(MAIL):
        assert row.payload["text"].startswith("Hei ")
        assert f"Vennlig hilsen\n{municipality}, HR\n" in row.payload["text"]
        assert "<p>" not in row.payload["text"]
    assert all(message.body_html.startswith("<!DOCTYPE html>") for message in office.tenant.sent_messages())
