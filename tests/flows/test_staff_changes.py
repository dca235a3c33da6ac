"""What HR's changes mean to people: who is asked, told, left in peace. HR is a file that the test rewrites."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.nightly import nightly
from flows.replay_rejected import replay_rejected
from flows.review_hold import review_hold
from hjemmekontor.year import run_nights
from sandbox.graph import TenantUser
from sandbox.municipality import Notable, Person
from tests.flows.conftest import FIRST_NIGHT, Town, fill_in
from tests.hr.csv_shape import CsvRow, as_csv, employee_rows

SECOND_NIGHT, THIRD_NIGHT = FIRST_NIGHT + timedelta(days=1), FIRST_NIGHT + timedelta(days=2)
Publish = Callable[[list[CsvRow]], None]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here; whole nights on both are in test_nights."""
    return sqlite_url


@pytest.fixture
def rows(town: Town) -> list[CsvRow]:
    """Everybody as HR has them on the first night."""
    return employee_rows(town.sandbox.municipality.on(FIRST_NIGHT))


@pytest.fixture
def publish(rows: list[CsvRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    path = tmp_path / "ansatte.csv"
    monkeypatch.setenv("HK_HR_KIND", "csv")
    monkeypatch.setenv("HK_HR_URL", str(path))

    def write(changed: list[CsvRow]) -> None:
        path.write_text(as_csv(changed), encoding="utf-8")

    write(rows)
    return write


def _user(person: Person) -> TenantUser:
    return TenantUser(
        user_id=person.user_id,
        user_principal_name=person.upn,
        mail=person.email,
        display_name=person.name,
        employee_id=person.employee_number,
    )


def _a_case(town: Town, state: str) -> tuple[str, Person, Person]:
    """A case in this state, its employee and its manager."""
    query = f"SELECT number, employee_number, manager_number FROM cases WHERE state = '{state}' ORDER BY number"  # noqa: S608 - our own words
    people = {person.employee_number: person for person in town.sandbox.municipality.people}
    ordinary = (row for row in town.rows(query) if row[2] is not None and people[row[1]].hr_knows_address)
    number, employee, manager = next(ordinary)
    return number, people[employee], people[manager]


def _set(rows: list[CsvRow], number: str, **changes: str) -> list[CsvRow]:
    return [row | changes if row["ansattnummer"] == number else row for row in rows]


def _to_assessment(town: Town, number: str, on: date) -> None:
    """As if the employee had delivered everything the day before."""
    with town.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE cases SET state = 'in_assessment', assessment_asked_on = :on, assessment_stage = 0, "
                "assessment_last_sent_on = :on WHERE number = :number"
            ),
            {"on": on.isoformat(), "number": number},
        )


def _mails_to(town: Town, person: Person, about: str) -> list[str]:
    """Text of the mails to this person that speak of the case."""
    bodies = [
        f"{mail['Subject']} {mail.get_body(('html',)).get_content()}"  # type: ignore[union-attr] # a mail of ours has a body
        for mail in town.mails()
        if mail["To"] == person.email
    ]
    return [body for body in bodies if about in body]


def _open_to(town: Town, number: str) -> Callable[[Person], bool]:
    """Who may upload into the case folder."""

    def may_write(person: Person) -> bool:
        try:
            town.sandbox.tenant.upload("Hjemmekontor", number, f"{person.employee_number}.txt", b"x", _user(person))
        except Exception as error:  # noqa: BLE001 - whatever the tenant says no with
            assert "may not write" in str(error)  # noqa: PT017 - the other outcome is an answer as well
            return False
        return True

    return may_write


def test_a_new_leader_takes_over_with_one_mail_and_the_folder(town: Town, rows: list[CsvRow], publish: Publish) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    number, employee, old = _a_case(town, "collecting")
    _to_assessment(town, number, FIRST_NIGHT)
    new = next(
        person
        for person in town.sandbox.municipality.on(FIRST_NIGHT).people
        if person.hr_knows_address and person.employee_number not in {employee.employee_number, old.employee_number}
    )
    publish(_set(rows, employee.employee_number, leder=new.employee_number))

    assert town.night(SECOND_NIGHT).is_completed()
    assert town.night(SECOND_NIGHT).is_completed()

    [mail] = _mails_to(town, new, number)
    assert "Du er nå nærmeste leder" in mail
    assert _mails_to(town, old, "Du er nå nærmeste leder") == []
    may_write = _open_to(town, number)
    assert [may_write(person) for person in (employee, new, old)] == [True, True, False]
    events = town.rows(f"SELECT rule FROM events WHERE case_number = '{number}' ORDER BY id")  # noqa: S608 - our own words
    assert [rule for (rule,) in events][-2:] == ["hr.manager", "manager.changed.20261117"]


def test_a_leader_on_leave_is_stood_in_for(town: Town, rows: list[CsvRow], publish: Publish) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    number, employee, leader = _a_case(town, "collecting")
    _to_assessment(town, number, FIRST_NIGHT)
    stand_in = next(
        person
        for person in town.sandbox.municipality.on(FIRST_NIGHT).people
        if person.hr_knows_address and person.employee_number not in {employee.employee_number, leader.employee_number}
    )
    away = {"permisjon_fra": SECOND_NIGHT.isoformat(), "permisjon_til": (SECOND_NIGHT + timedelta(60)).isoformat()}
    publish(_set(rows, leader.employee_number, stedfortreder=stand_in.employee_number, **away))

    assert town.night(SECOND_NIGHT).is_completed()

    found = town.rows("SELECT DISTINCT manager_found_by FROM employees WHERE manager_found_by = 'substitute'")
    assert found == [("substitute",)]
    assert len(_mails_to(town, stand_in, number)) == 1
    publish(rows)
    assert town.night(THIRD_NIGHT).is_completed()
    assert any("Du er nå nærmeste leder" in mail for mail in _mails_to(town, leader, number))


def test_leave_pauses_the_chase_and_the_end_of_it_resumes(town: Town, rows: list[CsvRow], publish: Publish) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    number, employee, _ = _a_case(town, "collecting")
    asked = len(_mails_to(town, employee, number))
    back_on = FIRST_NIGHT + timedelta(days=45)
    away = {"permisjon_fra": SECOND_NIGHT.isoformat(), "permisjon_til": (back_on - timedelta(1)).isoformat()}
    publish(_set(rows, employee.employee_number, **away))

    for on in (SECOND_NIGHT, FIRST_NIGHT + timedelta(days=14), FIRST_NIGHT + timedelta(days=35)):
        assert nightly(on=on, return_state=True).is_completed(), "a night in which nobody answers"
    assert len(_mails_to(town, employee, number)) == asked
    assert town.rows(f"SELECT state, away FROM cases WHERE number = '{number}'") == [("collecting", 1)]  # noqa: S608 - our own words

    for on in (back_on, back_on + timedelta(days=8)):
        assert nightly(on=on, return_state=True).is_completed()
    assert len(_mails_to(town, employee, number)) > asked


def test_a_leaver_ends_the_agreement_and_the_leader_hears_of_the_equipment(
    town: Town, rows: list[CsvRow], publish: Publish
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    number, employee, leader = _a_case(town, "collecting")
    with town.engine.begin() as connection:
        connection.execute(
            text("UPDATE cases SET equipment = :lent WHERE number = :number"),
            {"lent": '[["Skjerm 27 tommer", "lent"], ["Stol", "own"]]', "number": number},
        )
    publish(_set(rows, employee.employee_number, ansatt_til=f"{SECOND_NIGHT:%d.%m.%Y}"))

    assert town.night(SECOND_NIGHT).is_completed()
    assert town.rows(f"SELECT state FROM cases WHERE number = '{number}'") == [("collecting",)]  # noqa: S608 - our own words
    assert town.night(THIRD_NIGHT).is_completed()

    ended = town.rows(f"SELECT state, end_reason, ended_on FROM cases WHERE number = '{number}'")  # noqa: S608 - our own words
    assert ended == [("ended", "left", THIRD_NIGHT.isoformat())]
    [mail] = [mail for mail in _mails_to(town, leader, number) if "ikke lenger ansatt" in mail]
    assert "Skjerm 27 tommer" in mail


def test_those_whom_hr_gives_no_address_get_their_mail_by_the_directorys(town: Town) -> None:
    """The sandbox's own HR (FINT) has no address for three people; Entra ID has them by employee number."""
    assert town.night(FIRST_NIGHT).is_completed()
    without = town.sandbox.municipality.notable[Notable.NO_ADDRESS]
    people = {person.employee_number: person for person in town.sandbox.municipality.people}
    known = town.rows(
        "SELECT employee_number, email, directory_mail, directory_read_on FROM employees "
        "WHERE directory_mail IS NOT NULL ORDER BY 1"
    )
    assert known == [(number, None, people[number].email, FIRST_NIGHT.isoformat()) for number in sorted(without)]


def test_what_was_set_aside_is_taken_in_when_the_cause_is_mended_and_it_is_replayed(
    town: Town, rows: list[CsvRow], publish: Publish
) -> None:
    """Somebody applies before HR has them; a week later HR does, and the application is played once more."""
    newcomer = next(
        person
        for person in town.sandbox.municipality.on(FIRST_NIGHT).people
        if person.hr_knows_address and person.manager_number is not None
    )
    publish([row for row in rows if row["ansattnummer"] != newcomer.employee_number])
    fields = {"DagerPerUke": 2.0, "FraDato": "2026-12-24T00:00:00Z", "Sted": "Hjemme"}
    town.sandbox.live_until(FIRST_NIGHT)
    town.sandbox.tenant.add_list_item("Soknader", fields, created_by=_user(newcomer))
    assert town.night(FIRST_NIGHT).is_completed()
    reason = "Den som søker, finnes ikke blant de ansatte i HR-systemet."
    assert town.count("rejected_rows", f"reason = '{reason}' AND resolved_on IS NULL") == 1
    publish(rows)

    wrong = fill_in(replay_rejected, town, SECOND_NIGHT, source="Tull")
    replayed = fill_in(replay_rejected, town, SECOND_NIGHT)

    assert "«Hva skal spilles av på nytt?» må være ett av: «Alt»" in (wrong.message or "")
    assert replayed.is_completed(), replayed.message
    assert town.count("cases", f"employee_number = '{newcomer.employee_number}'") == 1
    assert town.count("rejected_rows", f"reason = '{reason}' AND resolved_on IS NULL") == 0
    assert fill_in(replay_rejected, town, SECOND_NIGHT).is_completed()
    assert town.count("cases", f"employee_number = '{newcomer.employee_number}'") == 1


def test_only_what_was_held_is_applied_by_its_approval(town: Town, rows: list[CsvRow], publish: Publish) -> None:
    """HR goes on changing between the night and the morning: that comes with the next reading, judged by itself."""
    assert town.night(FIRST_NIGHT).is_completed()
    gone = [row["ansattnummer"] for row in rows[::2]]
    publish([row for row in rows if row["ansattnummer"] not in gone])
    held = town.night(SECOND_NIGHT)
    assert "Venter på godkjenning" in (held.message or "")
    assert town.count("employees", "absent_since IS NOT NULL") == 0
    publish(rows)

    [(digest,)] = town.rows("SELECT digest FROM holds WHERE status = 'waiting'")
    approved = fill_in(review_hold, town, SECOND_NIGHT, digest=digest, decision="Godkjenn")

    assert approved.is_completed(), approved.message
    assert town.rows("SELECT status, snapshot FROM holds") == [("applied", None)]
    outcomes = town.rows("SELECT outcome, absent FROM sync_runs ORDER BY id DESC LIMIT 2")
    assert outcomes == [("applied", 0), ("applied", len(set(gone)))]
    assert town.count("employees", "left_on IS NOT NULL AND end_on IS NULL") == 0


def test_what_a_night_of_the_year_holds_is_approved_the_same_morning(
    town: Town, rows: list[CsvRow], publish: Publish
) -> None:
    gone = {row["ansattnummer"] for row in rows[::2]}

    def when_done(day: date) -> None:
        if day == FIRST_NIGHT:
            publish([row for row in rows if row["ansattnummer"] not in gone])

    failed = run_nights(town.sandbox, [FIRST_NIGHT, SECOND_NIGHT, THIRD_NIGHT], when_done)

    # Whoever is missing once is away, and has left when missing twice: both are unusually many.
    assert [line.partition(":")[0] for line in failed] == [f"{day} nightly" for day in (SECOND_NIGHT, THIRD_NIGHT)]
    assert town.rows("SELECT DISTINCT status FROM holds") == [("applied",)]
    assert gone <= {
        number for (number,) in town.rows("SELECT employee_number FROM employees WHERE left_on IS NOT NULL")
    }
