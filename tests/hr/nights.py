"""Nights as the product runs them, read from one HR system into a database with agreements in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

import integrations.hr.http
from agreements.case import Case, State
from agreements.decide import decide
from config.errors import ExpectedError
from integrations.database.cases import load_cases
from integrations.database.engine import Database
from integrations.database.ledger import waiting_holds
from integrations.database.rows import AnyRow
from integrations.database.tables import cases, employees, events, rejected_rows
from integrations.hr import HrUnreadable
from sandbox.municipality import Picture
from tasks.night import night
from tasks.staff import SyncHeldError, synchronise_staff
from tests.agreements.factories import active, shipped_policy
from tests.database.samples import rows, store
from tests.hr.sources import Hr

IN_FORCE_FOR = timedelta(days=30)
GRAPH_IS_NOT_ASKED = {
    "HK_GRAPH_BASE_URL": "http://127.0.0.1:9/v1.0",
    "HK_GRAPH_TENANT_ID": "none",
    "HK_GRAPH_CLIENT_ID": "none",
    "HK_GRAPH_CLIENT_SECRET": "none",
    "HK_GRAPH_SITE_ID": "none",
    "HK_MAIL_SENDER": "none@sandvik.kommune.example",
    "HK_HR_MAIL": "none@sandvik.kommune.example",
}


@dataclass(frozen=True)
class Look:
    """All that a wrong conclusion could have touched. Cases come with the version they were written in."""

    employees: list[AnyRow]
    cases: dict[str, tuple[int, Case]]
    events: list[AnyRow]

    def case_of(self, employee_number: str) -> Case:
        return next(case for _, case in self.cases.values() if case.employee_number == employee_number)

    def ended(self, on: date) -> dict[str, date | None]:
        """Whose agreement the rules would end that night, and its last day."""
        policy = shipped_policy()
        return {
            case.employee_number: case.last_day
            for _, case in self.cases.values()
            if any(action.after.state is State.ENDED for action in decide(case, policy, on))
        }

    def absent(self) -> dict[str, date]:
        """Who was missing from a walk, and since when."""
        return {row.employee_number: row.absent_since for row in self.employees if row.absent_since is not None}


class Town:
    """An HR system, what it publishes when it is well, and the database that the nights write."""

    def __init__(self, hr: Hr, healthy: Picture, database: Database) -> None:
        self.hr = hr
        self.healthy = healthy
        self.database = database

    def night(self, on: date) -> ExpectedError | None:
        """What the night says where HR could not be used, if anything."""
        self.hr.publish()
        with night(on):
            try:
                synchronise_staff.fn()
            except (HrUnreadable, SyncHeldError) as error:
                return error
        return None

    def agree(self, on: date) -> None:
        """An agreement in force with everybody who works here, as HR has them."""
        started = [row for row in rows(self.database, employees) if row.start_on is None or row.start_on <= on]
        present = [row for row in started if row.left_on is None or row.left_on >= on]
        new = [
            active(
                on - IN_FORCE_FOR,
                number=f"HK-2026-{ordinal:05}",
                employee_number=row.employee_number,
                manager_number=row.manager_number,
                led_by=row.manager_number,
                unit_id=row.unit_id,
                placed_in=row.unit_id,
                away=row.is_away,
                paused_on=on if row.is_away else None,
                left_on=row.left_on,
            )
            for ordinal, row in enumerate(present, 1)
        ]
        store(self.database, shipped_policy(), *new)

    def look(self) -> Look:
        numbers = [row.number for row in rows(self.database, cases)]
        with self.database.transaction() as connection:
            loaded = load_cases(connection, numbers)
        return Look(rows(self.database, employees), loaded, rows(self.database, events))

    def deviations(self) -> list[AnyRow]:
        """Rows that are set aside and have not healed."""
        return [row for row in rows(self.database, rejected_rows) if row.resolved_on is None]

    def reasons_of_holds(self) -> list[str]:
        with self.database.transaction() as connection:
            return [reason for held in waiting_holds(connection) for reason in held.reasons]


@contextmanager
def town_of(hr: Hr, healthy: Picture, path: Path) -> Iterator[Town]:
    """A town over a migrated database, with the settings by which the product finds its HR system and nothing else.

    Whoever asks again after an answer that may pass does not wait in between.
    """
    url = f"sqlite:///{path}"
    hr.show(healthy)
    database = Database.open(url)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**hr.environment, **GRAPH_IS_NOT_ASKED, "HK_DATABASE_URL": url}.items():
            patch.setenv(name, value)
        for pause in ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
            patch.setattr(integrations.hr.http, pause, 0.0)
        patch.chdir(path.parent)
        yield Town(hr, healthy, database)
    database.close()
