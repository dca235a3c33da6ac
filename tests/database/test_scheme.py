"""What a report over the scheme is made from, and the report on its way to the library, on both databases."""

from datetime import date
from hashlib import sha256

import pytest
from msgspec.structs import replace
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from agreements.case import EvaluationOutcome, State
from agreements.policy import Policy
from agreements.scheme import GivenEvaluation, Period
from integrations.database import outgoing, scheme
from integrations.database.engine import Database
from integrations.database.tables import documents, events, notices, scheme_files, scheme_reports
from tests.database.samples import NOW, TODAY, case_with_everything, new_case, rows, statements, store

PERIOD = Period(date(2026, 9, 1), TODAY)
APPROVED_ON, ACTIVE_ON, START_ON = date(2027, 3, 3), date(2027, 3, 5), date(2027, 3, 11)
FIGURES = [{"part": "Enhetene", "row": "O-1", "column": "Ansatte", "figure": "7"}]


def came_into(database: Database, number: str, **days: date) -> None:
    """Events of a case: the states it came into, and when; then one that changed nothing."""
    common = {"case_number": number, "actor": "nightly", "rule": "r", "from_state": "x", "policy_version": "1"}
    happened = (*days.items(), ("active", date(2027, 6, 1)))
    with database.transaction() as connection:
        connection.execute(
            insert(events), [{**common, "business_date": day, "at": NOW, "to_state": state} for state, day in happened]
        )


@pytest.fixture
def agreed(staffed: Database, policy: Policy) -> Database:
    """One agreement in force with an evaluation answered, one application, and one that was imposed."""
    ended = replace(case_with_everything(), imposed=False, number="HK-2027-00001")
    store(staffed, policy, ended, new_case(2, "0002"), new_case(3, "0003", imposed=True, state=State.ACTIVE))
    came_into(staffed, ended.number, approved=APPROVED_ON, active=ACTIVE_ON)
    came_into(staffed, "HK-2027-00003", active=date(2027, 1, 1))
    return staffed


def test_cases_with_the_days_they_were_granted_and_came_into_force(agreed: Database) -> None:
    with agreed.transaction() as connection:
        [agreement, application] = scheme.scheme_cases(connection)
        since = scheme.in_force_since(connection)
    assert (agreement.granted_on, agreement.in_force_on) == (APPROVED_ON, START_ON)
    assert (agreement.unit_id, agreement.days_per_week) == ("skole", 2.5)
    assert agreement.evaluations == (
        GivenEvaluation(date(2027, 9, 14), EvaluationOutcome.ADJUST, (("Samarbeid", 4), ("Tjenester", 1))),
    )
    assert (application.employee_number, application.granted_on, application.in_force_on) == ("0002", None, None)
    assert since == START_ON


def test_nothing_in_force_is_no_first_day(staffed: Database, policy: Policy) -> None:
    store(staffed, policy, new_case())
    with staffed.transaction() as connection:
        assert scheme.in_force_since(connection) is None


def test_two_statements_however_many_cases(agreed: Database, policy: Policy) -> None:
    store(agreed, policy, *(new_case(ordinal, "0002") for ordinal in range(10, 40)))
    with agreed.transaction() as connection, statements(agreed) as sent:
        assert len(scheme.scheme_cases(connection)) == 32
    assert len(sent) == 2


# --- The report -------------------------------------------------------------------------------------------------


def file(file_format: str) -> scheme.ReportFile:
    content = f"%{file_format}".encode()
    path = f"Mappe/Evaluering {TODAY}.{file_format}"
    return scheme.ReportFile(file_format, path, "application/pdf", content, sha256(content).hexdigest(), "hash")


def add(database: Database) -> None:
    with database.transaction() as connection:
        scheme.add_report(connection, PERIOD, [file("pdf"), file("csv")], FIGURES, (TODAY, "2026-11-22"))


def file_next(database: Database) -> None:
    with database.transaction() as connection:
        errand = outgoing.pending(connection, scheme.FILE_REPORT)[0]
        filed = scheme.report_file(connection, errand)
        scheme.report_filed(connection, filed, f"item-{filed.format}", TODAY)
        outgoing.done(connection, errand.key)


def test_a_report_is_there_once_a_day(database: Database) -> None:
    add(database)
    with database.transaction() as connection:
        assert scheme.is_made(connection, TODAY)
        assert not scheme.is_made(connection, PERIOD.first)
        [made] = scheme.reports_made_on(connection, TODAY)
    assert (made.period_from, made.figures, made.policy_version) == (PERIOD.first, FIGURES, "2026-11-22")
    before = len(rows(database, documents))
    with pytest.raises(IntegrityError):
        add(database)
    assert (len(rows(database, documents)), len(rows(database, scheme_reports))) == (before, 1)


def test_its_content_is_kept_until_the_library_has_it_and_hr_is_told_with_the_last_file(database: Database) -> None:
    add(database)
    with database.transaction() as connection:
        outgoing.forget_documents(connection)
    assert len(rows(database, documents)) == 2

    file_next(database)
    assert (len(rows(database, documents)), rows(database, notices)) == (1, [])

    file_next(database)
    assert rows(database, documents) == []
    assert {row.drive_item_id for row in rows(database, scheme_files)} == {"item-pdf", "item-csv"}
    [told] = rows(database, notices)
    assert (told.case_number, told.role, told.template) == (None, "hr", "scheme_report")
    assert told.detail == f"Mappe/Evaluering {TODAY}.pdf"


def test_what_is_told_of_no_case_comes_after_the_cases(agreed: Database) -> None:
    add(agreed)
    file_next(agreed)
    file_next(agreed)
    values = {"case_number": "HK-2027-00002", "rule": "r", "template": "expired", "role": "employee"}
    with agreed.transaction() as connection:
        connection.execute(insert(notices).values(**values, key="zz/last/employee", business_date=TODAY))
        found = outgoing.notices_to_write(connection)
    assert [row.case_number for row in found] == ["HK-2027-00002", None]
    assert (found[1].employee_mail, found[1].manager_mail, found[1].equipment) == (None, None, None)
