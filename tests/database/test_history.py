"""A case's history: events, mails and filings in one list, in the order they happened."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from msgspec import structs
from sqlalchemy import update

from agreements.actions import Action, Role
from agreements.case import FilingKind, State
from agreements.policy import Policy
from integrations.database import outgoing
from integrations.database.cases import Decided, Stamp, save_decisions
from integrations.database.engine import Database
from integrations.database.history import DOCUMENTS, ROLES, Happening, History, Kind, NoSuchCaseError, history
from integrations.database.outgoing import NewMail
from integrations.database.tables import filings, outbox
from tests.database.samples import (
    NOW,
    TODAY,
    TOMORROW,
    UNIT,
    changed,
    decide_all,
    load_staff,
    new_case,
    read,
    staff,
    statements,
    store,
)

NUMBER, OTHER = "HK-2027-00001", "HK-2027-00002"
ASKED = "documentation.ask"


def told(database: Database, number: str = NUMBER) -> History:
    with database.transaction() as connection:
        return history(connection, number)


def of_kind(database: Database, kind: Kind) -> list[Happening]:
    return [each for each in told(database).happenings if each.kind is kind]


def happens(database: Database, policy: Policy, rule: str, stamp: Stamp, actor: str | None = None) -> None:
    version, case = read(database, NUMBER)
    with database.transaction() as connection:
        save_decisions(connection, [Decided(version, case, [Action(rule, case, case, actor=actor)])], policy, stamp)


@pytest.fixture
def asked(staffed: Database, policy: Policy) -> Database:
    """Two cases whose employees were asked for documentation today."""
    store(staffed, policy, new_case(1), new_case(2, "0002"))
    decide_all(staffed, policy, [NUMBER, OTHER])
    return staffed


@pytest.fixture
def to_file(staffed: Database, policy: Policy) -> Database:
    """An approved case whose agreement is due in the archive."""
    store(staffed, policy, new_case(state=State.APPROVED, start_on=TODAY, end_on=TOMORROW))
    decide_all(staffed, policy, [NUMBER])
    return staffed


def test_what_happened_is_told_with_who_why_and_under_which_policy(asked: Database, policy: Policy) -> None:
    found = told(asked)
    assert (found.case_number, found.state) == (NUMBER, State.COLLECTING)
    assert (found.employee_number, found.manager_numbers) == ("0001", frozenset({"0900"}))
    event = Happening(
        Kind.EVENT,
        TODAY,
        NOW,
        "bedt om dokumentasjon",
        "mottatt",
        "venter på dokumentasjon",
        "nightly",
        ASKED,
        policy.version,
    )
    waiting = "e-post til ansatt: bedt om dokumentasjon (ikke sendt, kommer i neste e-post)"
    notice = replace(event, kind=Kind.NOTICE, what=waiting, from_state=None, to_state=None)
    assert found.happenings == (event, notice)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"attempts": 1}, "ikke sendt ennå"),
        ({"status": "failed", "reason": "Graph: 403"}, "ikke levert, oppgitt: Graph: 403"),
        # An hour before midnight in Greenwich is the day after in Oslo.
        ({"status": "done", "done_at": NOW.replace(hour=23)}, "sendt 02.03.2027"),
    ],
    ids=["pending", "failed", "done"],
)
def test_a_notice_says_how_its_mail_went(asked: Database, values: dict[str, object], words: str) -> None:
    with asked.transaction() as connection:
        mail = NewMail("mail/1", {"to": "en@kommune.example"}, [f"{NUMBER}/{ASKED}/employee"])
        outgoing.add_mails(connection, [mail], TODAY)
        connection.execute(update(outbox).where(outbox.c.key == "mail/1").values(values))
    [notice] = of_kind(asked, Kind.NOTICE)
    assert (notice.what, notice.mail) == (f"e-post til ansatt: bedt om dokumentasjon ({words})", "mail/1")


@pytest.mark.parametrize(
    ("status", "verified_at", "words"),
    [
        ("pending", None, "avtalen skal arkiveres"),
        ("failed", None, "avtalen ikke arkivert, oppgitt"),
        ("done", NOW + timedelta(days=1), "avtalen arkivert og kontrollert 02.03.2027"),
    ],
)
def test_a_filing_stands_on_the_day_it_was_due(
    to_file: Database, status: str, verified_at: datetime | None, words: str
) -> None:
    with to_file.transaction() as connection:
        connection.execute(update(outbox).values(status=status))
        connection.execute(update(filings).values(verified_at=verified_at))
    assert told(to_file).happenings[-1] == Happening(Kind.FILING, TODAY, verified_at, words)


def test_every_document_and_role_is_called_something() -> None:
    assert set(DOCUMENTS) == set(FilingKind)
    assert set(ROLES) == set(Role)


def test_each_document_has_its_own_line(to_file: Database, policy: Policy) -> None:
    version, case = read(to_file, NUMBER)
    ended = structs.replace(case, left_on=TODAY)
    with to_file.transaction() as connection:
        save_decisions(connection, [Decided(version, ended)], policy, Stamp(TODAY, NOW, "nightly"))
    decide_all(to_file, policy, [NUMBER], TOMORROW)
    assert {filing.kind for filing in read(to_file, NUMBER)[1].filings} == {FilingKind.AGREEMENT, FilingKind.END_NOTE}
    assert [each.what for each in of_kind(to_file, Kind.FILING)] == [
        "avtalen skal arkiveres",
        "sluttnotatet skal arkiveres",
    ]


def test_an_answer_is_by_the_person_who_gave_it(asked: Database, policy: Policy) -> None:
    happens(asked, policy, "fact.Svar.7", Stamp(TODAY, NOW + timedelta(hours=1), "intake"), "0001")
    answer = told(asked).happenings[-1]
    assert (answer.what, answer.by, answer.rule) == ("svar om arbeidsplassen mottatt", "0001", "fact.Svar.7")
    assert answer.from_state == answer.to_state == "venter på dokumentasjon"


def test_what_hr_says_is_part_of_it(asked: Database) -> None:
    moved = replace(UNIT, manager_number="0003")
    load_staff(asked, changed(staff("0001", "0002", "0003", units=[moved]), "0001", end_on=TOMORROW))
    assert {each.what for each in of_kind(asked, Kind.EVENT) if each.by == "sync-employees"} == {
        "leder endret i HR-systemet",
        "siste arbeidsdag meldt eller endret av HR-systemet",
    }


def test_business_dates_come_before_instants(asked: Database, policy: Policy) -> None:
    """Also for a night of a later date that was run before the answers of today came."""
    happens(asked, policy, "leave.begun.1", Stamp(TOMORROW, NOW - timedelta(days=1), "nightly"))
    for minute in (9, 8):
        happens(asked, policy, f"fact.Svar.{minute}", Stamp(TODAY, NOW + timedelta(minutes=minute), "intake"), "0001")
    rules = [each.rule for each in told(asked).happenings]
    assert rules == [ASKED, ASKED, "fact.Svar.8", "fact.Svar.9", "leave.begun.1"]


def test_capitals_and_spaces_in_the_number_do_not_matter(asked: Database) -> None:
    assert told(asked, " hk-2027-00001\n") == told(asked)


@pytest.mark.parametrize("number", ["HK-2027-99999", "", "HK-2027-0000%", "HK-2027-00001' OR '1'='1"])
def test_a_number_nobody_has_is_one_line(asked: Database, number: str) -> None:
    with pytest.raises(NoSuchCaseError, match=r"^Ingen sak har nummeret .*\.$"):
        told(asked, number)


def test_looking_writes_nothing(asked: Database) -> None:
    with statements(asked) as sent:
        told(asked)
    assert {statement.split()[0] for statement, _ in sent} - {"BEGIN"} == {"SELECT"}
