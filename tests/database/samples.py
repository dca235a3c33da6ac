"""Cases and people to store, and ways to look at what a database holds and was asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, ExecutionContext, Table, event, select

from agreements.actions import Action
from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    Change,
    ChangeOutcome,
    Chase,
    EndReason,
    Evaluation,
    EvaluationOutcome,
    Filing,
    FilingKind,
    Hold,
    Place,
    Requirement,
    RequirementKind,
    State,
    Termination,
)
from agreements.decide import decide
from agreements.documents import EquipmentItem, EquipmentSource
from agreements.people import Employee, Position, Snapshot, Unit
from agreements.policy import Policy
from agreements.staff import StaffDiff, compare
from integrations.database.cases import Decided, Stamp, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.rows import AnyRow
from integrations.database.staff import apply_diff, known_before, known_employees
from integrations.database.tables import metadata

TODAY = date(2027, 3, 1)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NOW = datetime(2027, 3, 1, 1, 30, tzinfo=UTC)
STAMP = Stamp(TODAY, NOW, "nightly")
UNIT = Unit("helse", "Helse og mestring", None, "0900")
PHOTO_SHA256 = "ab" * 32

# --- People -----------------------------------------------------------------------------------------------------


def person(number: str, **changes: Any) -> Employee:  # noqa: ANN401 - whatever fields an employee has
    address = f"ansatt.{number}@sandvik.kommune.example"
    work = Position(f"p-{number}", UNIT.unit_id, 100.0, is_main=True)
    employee = Employee(number, "Åse", "Regnglimt", address, address, date(2020, 1, 1), positions=(work,))
    return replace(employee, **changes)


def staff(*numbers: str, units: Sequence[Unit] = (UNIT,)) -> Snapshot:
    """Employees of these numbers, and the manager 0900 who leads them all."""
    return Snapshot(tuple(units), tuple(person(number) for number in (*numbers, "0900")))


def changed(snapshot: Snapshot, number: str, **changes: Any) -> Snapshot:  # noqa: ANN401 - as of `person`
    employees = tuple(replace(who, **changes) if who.employee_number == number else who for who in snapshot.employees)
    return replace(snapshot, employees=employees)


def without(snapshot: Snapshot, *numbers: str) -> Snapshot:
    return replace(snapshot, employees=tuple(who for who in snapshot.employees if who.employee_number not in numbers))


def load_staff(database: Database, snapshot: Snapshot, today: date = TODAY) -> StaffDiff:
    """Synchronise as the night does; returns what differed."""
    with database.transaction() as connection:
        known = known_employees(connection)
        diff = compare(snapshot, known, today, before=known_before(connection, known, snapshot, today))
        apply_diff(connection, diff, snapshot, "2026-11-01", Stamp(today, NOW, "sync-employees"))
    return diff


# --- Cases ------------------------------------------------------------------------------------------------------


def new_case(ordinal: int = 1, employee_number: str = "0001", **changes: Any) -> Case:  # noqa: ANN401 - any field
    case = Case(
        number=f"HK-2027-{ordinal:05d}",
        employee_number=employee_number,
        manager_number="0900",
        led_by="0900",
        unit_id=UNIT.unit_id,
        placed_in=UNIT.unit_id,
        state=State.RECEIVED,
        applied_on=TODAY,
        application=Application(2.0, None, date(2027, 3, 15), None, Place.HOME),
    )
    return structs.replace(case, **changes)


def case_with_everything() -> Case:
    """Every field set to something that is not its default; nothing here needs to make sense together."""
    return Case(
        number="HK-2027-00001",
        employee_number="0001",
        manager_number="0900",
        state=State.ENDED,
        applied_on=date(2027, 3, 1),
        application=Application(2.5, "tirsdag og torsdag", date(2027, 3, 2), date(2027, 3, 3), Place.ABROAD),
        led_by="0901",
        handed_over_on=date(2027, 2, 26),
        unit_id="skole",
        placed_in="helse",
        away=True,
        paused_on=date(2027, 2, 27),
        position_percentage=60.0,
        hold=Hold(date(2027, 2, 28), date(2027, 3, 14)),
        holds=2,
        imposed=True,
        discussed_on=date(2027, 2, 25),
        renews="HK-2026-00001",
        renewed_by="HK-2028-00001",
        requirements=(
            Requirement(RequirementKind.PHOTO, date(2027, 3, 4), PHOTO_SHA256, carried_from="HK-2026-00001"),
            Requirement(
                RequirementKind.ANSWERS, date(2027, 3, 5), answers=(("Ro?", "Ja, på loftet"), ("Brannvarsler?", "«To»"))
            ),
            Requirement(RequirementKind.SIGNED_AGREEMENT),
        ),
        equipment=(EquipmentItem("Skjerm", EquipmentSource.LENT), EquipmentItem("Stol", EquipmentSource.OWN)),
        is_leader=True,
        documentation=Chase(date(2027, 3, 6), 2, date(2027, 3, 7)),
        asked_again=1,
        assessment_request=Chase(date(2027, 3, 8), 1, date(2027, 3, 9)),
        assessment=Assessment(
            AssessmentOutcome.APPROVED,
            "Hev- og senkbart bord",
            "0900",
            date(2027, 3, 10),
            (("Behov?", "Ro"),),
            "Pakke 2",
            (RequirementKind.PHOTO, RequirementKind.ANSWERS),
        ),
        start_on=date(2027, 3, 11),
        end_on=date(2028, 3, 10),
        evaluations=(
            Evaluation(
                1,
                date(2027, 9, 11),
                Chase(date(2027, 9, 13), 0, date(2027, 9, 13)),
                EvaluationOutcome.ADJUST,
                "Én dag mindre",
                "0900",
                date(2027, 9, 14),
                (("Samarbeid", 4), ("Tjenester", 1)),
                is_extra=True,
            ),
            Evaluation(2, date(2028, 3, 9), Chase(date(2028, 3, 9), 1, date(2028, 3, 10))),
        ),
        changes=(
            Change(
                1,
                "0001",
                date(2027, 5, 3),
                True,  # noqa: FBT003 - every field by its place
                3.0,
                "mandag",
                date(2027, 5, 10),
                Chase(date(2027, 5, 4), 1, date(2027, 5, 11)),
                ChangeOutcome.AGREED,
                "0900",
                date(2027, 5, 12),
                date(2027, 5, 13),
                date(2027, 5, 14),
            ),
            Change(2, "0900", date(2027, 6, 1), False, 1.0, None, date(2027, 6, 10)),  # noqa: FBT003 - same
        ),
        filings=(
            Filing(FilingKind.AGREEMENT),
            Filing(FilingKind.PHOTO),
            Filing(FilingKind.EVALUATION, 1),
            Filing(FilingKind.EVALUATION, 2),
            Filing(FilingKind.END_NOTE),
        ),
        expiry_notified_on=date(2028, 2, 10),
        termination=Termination(date(2028, 3, 5), "0001"),
        left_on=date(2028, 3, 6),
        ended_on=date(2028, 3, 7),
        end_reason=EndReason.TERMINATED,
    )


def store(database: Database, policy: Policy, *cases: Case) -> None:
    """Store cases just as they are, with their parts: added as the intake does, then saved."""
    with database.transaction() as connection:
        add_cases(connection, cases)
        save_decisions(connection, [Decided(0, case) for case in cases], policy, STAMP)


def read(database: Database, number: str) -> tuple[int, Case]:
    with database.transaction() as connection:
        return load_cases(connection, [number])[number]


def decided(version: int, case: Case, policy: Policy, today: date = TODAY) -> Decided:
    actions: list[Action] = decide(case, policy, today)
    return Decided(version, actions[-1].after if actions else case, actions)


def decide_all(database: Database, policy: Policy, numbers: Sequence[str], today: date = TODAY) -> None:
    """One batch, as the night does it."""
    with database.transaction() as connection:
        loaded = load_cases(connection, numbers).values()
        save_decisions(connection, [decided(version, case, policy, today) for version, case in loaded], policy, STAMP)


# --- Looking ----------------------------------------------------------------------------------------------------


def rows(database: Database, table: Table) -> list[AnyRow]:
    with database.transaction() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def everything(database: Database) -> dict[str, list[AnyRow]]:
    """Every row of every table."""
    return {table.name: rows(database, table) for table in metadata.sorted_tables}


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements sent to the database during the block, with their parameters; many rows in one count once."""
    sent: list[tuple[str, Any]] = []

    def remember(
        _connection: Connection, _cursor: object, statement: str, parameters: object, _c: ExecutionContext, _m: object
    ) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", remember)
