"""A municipality's open cases in every state, as they stand the evening before the night that is to be measured."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import cycle, islice

from msgspec.structs import replace

from agreements.case import Case, EvaluationOutcome, Filing, FilingKind, RequirementKind
from agreements.policy import Policy
from integrations.database.cases import Decided, Stamp, add_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.rows import insert_rows
from integrations.database.tables import employees
from tests.agreements.factories import (
    active,
    answered,
    approved,
    chase,
    collecting,
    days,
    evaluation,
    filed,
    in_assessment,
    received,
)

TODAY = date(2026, 3, 17)
"""A working day, so that reminders go out."""
LONG_AGO = date(2025, 1, 1)
EMPLOYEES_OF_A_MANAGER = 20
CASES_AT_ONCE = 5_000
LAST_AUTUMN, LAST_SPRING = TODAY - days(183), TODAY - days(340)


def evaluated(start_on: date) -> Case:
    """In force, and evaluated half way with the record in the archive."""
    answer = answered(1, EvaluationOutcome.CONTINUE, start_on + days(190))
    return active(start_on, evaluations=(answer,), filings=(*filed(), Filing(FilingKind.EVALUATION, verified=True)))


DUE = (
    received(applied_on=TODAY - days(1)),
    collecting(chase(TODAY - days(9))),
    collecting(chase(TODAY - days(17), 1, TODAY - days(9)), RequirementKind.PHOTO),
    collecting(chase(TODAY - days(3)), *RequirementKind),
    in_assessment(chase(TODAY - days(8))),
    approved(TODAY + days(10)),
    active(LAST_AUTUMN),
    active(LAST_AUTUMN, evaluations=(evaluation(1, chase(TODAY - days(10))),)),
    evaluated(LAST_SPRING),
    active(TODAY - days(366), expiry_notified_on=TODAY - days(31)),
)
"""One of each thing that falls due; what each of them then brings about is told by the rules."""
WAITING = (
    collecting(chase(TODAY - days(2)), RequirementKind.PHOTO),
    in_assessment(chase(TODAY - days(2))),
    approved(TODAY + days(10), filings=filed(verified=False)),
    active(LAST_AUTUMN, evaluations=(evaluation(1, chase(TODAY - days(2))),)),
    *(active(TODAY - days(age)) for age in (20, 60, 100, 140)),
    *(evaluated(TODAY - days(age)) for age in (220, 280)),
)
"""What a municipality has most of: agreements in force that nothing is due for today."""


def fill(database: Database, policy: Policy, total: int, due: int) -> None:
    """`total` open cases of as many employees, `due` of them spread evenly among them."""
    stamp = Stamp(LONG_AGO, datetime.now(UTC), "benchmark")
    with database.transaction() as connection:
        insert_rows(connection, employees, (_employee(ordinal) for ordinal in range(total)))
        stock = _cases(total, due)
        while part := list(islice(stock, CASES_AT_ONCE)):
            add_cases(connection, part)
            save_decisions(connection, [Decided(0, case) for case in part], policy, stamp)


def _cases(total: int, due: int) -> Iterator[Case]:
    falling_due, waiting = cycle(DUE), cycle(WAITING)
    for ordinal in range(total):
        is_due = ordinal * due // total < (ordinal + 1) * due // total
        manager = _number(ordinal // EMPLOYEES_OF_A_MANAGER * EMPLOYEES_OF_A_MANAGER)
        yield replace(
            next(falling_due if is_due else waiting),
            number=f"HK-2026-{ordinal:06d}",
            employee_number=_number(ordinal),
            manager_number=manager,
            led_by=manager,
        )


def _employee(ordinal: int) -> dict[str, object]:
    return {
        "employee_number": _number(ordinal),
        "given_name": "Kari",
        "family_name": "Nordmann",
        "email": f"{_number(ordinal)}@example.no",
        "manager_found_by": "unit",
        "content_hash": b"",
    }


def _number(ordinal: int) -> str:
    return f"{ordinal:06d}"
