"""Whole nights against the town: what people got, what the archive holds, what the database says."""

import re
from datetime import date, timedelta

from sqlalchemy import text

from flows.explain_case import explain_case
from flows.hold_case import hold_case
from flows.make_reports import Report, make_reports
from flows.review_hold import review_hold
from flows.terminate_agreement import terminate_agreement
from sandbox.graph import Fault
from tests.flows.conftest import FIRST_NIGHT, MakeTown, PrefectServer, Town, assert_nobody_is_named, fill_in, nights

SECOND_NIGHT = FIRST_NIGHT + timedelta(days=1)
CASE_NUMBER = re.compile(r"HK-\d{4}-\d{5}")


def test_the_first_night_opens_the_waiting_applications(town: Town) -> None:
    state = town.night(FIRST_NIGHT)

    assert state.is_completed(), state.message
    assert town.count("employees") == len(town.sandbox.municipality.on(FIRST_NIGHT).people)
    assert town.count("cases") == town.count("inbox", "source = 'Soknader'") > 0
    asked = town.rows("SELECT case_number FROM notices WHERE template = 'documentation_ask'")
    folders = town.sandbox.directory / "drive" / "Hjemmekontor"
    assert {number for (number,) in asked} == {folder.name for folder in folders.iterdir()}
    assert all((folder / f"Avtaleutkast {folder.name}.pdf").exists() for folder in folders.iterdir())


def test_every_mail_is_one_persons_and_tells_of_their_cases(town: Town) -> None:
    town.night(FIRST_NIGHT)

    mails = town.mails()
    assert len(mails) == town.count("outbox", "kind = 'mail' AND status = 'done'") > 0
    recipients = [mail["To"] for mail in mails]
    assert len(recipients) == len(set(recipients)), "one mail a person a night"
    told = {number for mail in mails for number in CASE_NUMBER.findall(mail.get_body().get_content())}  # type: ignore[union-attr] # a mail of ours has a body
    assert told <= {number for (number,) in town.rows("SELECT number FROM cases")}


def test_the_same_night_again_does_nothing_again(town: Town) -> None:
    days = nights(FIRST_NIGHT, 12, every=2)
    town.nights(days)
    before, mails, files = town.contents(), len(town.mails()), town.archived()

    state = town.night(days[-1])

    assert state.is_completed(), state.message
    assert town.contents() == before | {"sync_runs": before["sync_runs"] + 1}
    assert len(town.mails()) == mails
    assert town.archived() == files


def test_a_dry_run_decides_the_same_and_writes_nothing(town: Town) -> None:
    town.night(FIRST_NIGHT)
    next_night = FIRST_NIGHT + timedelta(days=3)
    before, mails, files = town.contents(), len(town.mails()), town.archived()

    rehearsed = town.night(next_night, dry_run=True)

    assert rehearsed.is_completed(), rehearsed.message
    assert town.contents() == before
    assert (len(town.mails()), town.archived()) == (mails, files)
    real = town.night(next_night)
    assert rehearsed.result() == real.result()
    assert real.result()["E-post"]["e-poster sendt"] > 0


def test_thirteen_months_a_night_a_week_end_cases_in_every_way(
    make_town: MakeTown, prefect_server: PrefectServer
) -> None:
    """Every night also has an outage of six days to catch up with; and Prefect is told nobody's name all the while."""
    town = make_town(size=120, seed=4)
    town.nights(nights(FIRST_NIGHT, 400, every=7))

    reasons = {reason for (reason,) in town.rows("SELECT DISTINCT end_reason FROM cases WHERE end_reason IS NOT NULL")}
    assert reasons >= {"expired", "lapsed", "rejected", "reverted", "terminated", "withdrawn"}
    assert town.count("cases", "state = 'active'") > 0
    assert len(town.mails()) == town.count("outbox", "kind = 'mail'")
    assert town.count("outbox", "status <> 'done'") == 0
    assert town.archived() == dict(town.rows("SELECT path, sha256 FROM filings WHERE verified_at IS NOT NULL"))
    assert town.count("filings", "verified_at IS NULL") == 0
    assert town.count("notices", "outbox_key IS NULL") == 0
    assert town.count("evaluations", "asked_on < due_on") == 0
    kept = {sha for (sha,) in town.rows("SELECT sha256 FROM documents")}
    wanted = """
        SELECT r.document FROM requirements r JOIN cases c ON c.number = r.case_number
        WHERE c.state NOT IN ('ended', 'no_agreement_needed')
    """
    assert kept <= {sha for (sha,) in town.rows(wanted)}, "no copy outlives the case it was kept for"
    _an_adviser_at_work(town, FIRST_NIGHT + timedelta(days=400))
    assert_nobody_is_named(prefect_server, town)


def _an_adviser_at_work(town: Town, on: date) -> None:
    """What the forms leave in Prefect: their receipts, reports and histories."""
    number, manager = town.rows("SELECT number, manager_number FROM cases WHERE state = 'active' AND NOT imposed")[0]
    for report in Report:
        made = fill_in(make_reports, town, on, report=report.value)
        assert made.is_completed(), made.message
    paused = fill_in(hold_case, town, on, case_number=number, until=on + timedelta(days=30), registered_by=manager)
    assert paused.is_completed(), paused.message
    ended = fill_in(terminate_agreement, town, on, case_number=number, party="Arbeidsgiveren", last_day=on)
    assert ended.is_completed(), ended.message
    shown = explain_case(form={"case_number": number}, return_state=True)
    assert shown.is_completed(), shown.message


def test_a_failing_step_fails_the_night_and_stops_nothing_else(town: Town) -> None:
    town.night(FIRST_NIGHT)
    next_night = FIRST_NIGHT + timedelta(days=2)
    town.sandbox.tenant.faults.add(Fault(path_pattern="/items/delta", times=1, status=403, code="accessDenied"))

    failed = town.night(next_night)

    assert failed.is_failed()
    assert failed.message is not None
    assert failed.message.startswith(
        "Nye saker: Microsoft Graph: GET list Soknader delta was answered 403 accessDenied"
    )
    assert town.count("inbox", "source = 'Svar'") > 0, "the other steps have done their work"
    before = town.count("cases")
    town.sandbox.tenant.faults.clear()
    assert town.night(next_night + timedelta(days=1)).is_completed()
    assert town.count("cases") >= before


def test_an_unusual_sync_waits_for_the_approval_of_exactly_that_diff(town: Town) -> None:
    town.night(FIRST_NIGHT)
    half = [person.employee_number for person in town.sandbox.municipality.people][::2]
    with town.engine.begin() as connection:
        # As if HR had changed half of its staff since: what we remember differs from what it says tonight.
        for number in half:
            connection.execute(
                text("UPDATE employees SET content_hash = :old WHERE employee_number = :number"),
                {"old": b"\x02old", "number": number},
            )
    before = town.rows("SELECT employee_number, content_hash FROM employees ORDER BY 1")

    held = town.night(FIRST_NIGHT + timedelta(days=1))

    assert held.is_failed()
    assert "Venter på godkjenning" in (held.message or "")
    assert town.rows("SELECT employee_number, content_hash FROM employees ORDER BY 1") == before
    (digest,) = town.rows("SELECT digest FROM holds WHERE status = 'waiting'")[0]
    wrong = fill_in(review_hold, town, SECOND_NIGHT, digest="0" * 32, decision="Godkjenn")
    assert wrong.is_failed()
    assert town.count("holds", "status = 'waiting'") == 1
    approved = fill_in(review_hold, town, SECOND_NIGHT, digest=digest, decision="Godkjenn")
    assert approved.is_completed(), approved.message
    assert town.rows("SELECT employee_number, content_hash FROM employees ORDER BY 1") != before
    assert town.rows("SELECT status FROM holds") == [("applied",)]
