"""A tenant, a database and the steps of the intake between them, without Prefect around."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agreements.case import Case, State
from agreements.policy import Policy
from config.sharepoint import APPLICATIONS, ListDefinition
from integrations.database.cases import add_cases, load_cases
from integrations.database.engine import Database
from integrations.database.tables import cases, inbox, rejected_rows
from sandbox.graph import GraphTenant
from tasks.night import night
from tasks.opening import open_cases
from tasks.reading import read_answers
from tasks.receiving import take_in_answers
from tests.database.samples import TODAY, decide_all, new_case, rows
from tests.graph.town import user

WANTED = {"DagerPerUke": 2, "FraDato": "2027-04-01", "Sted": "Hjemme"}
AASE = user("0001")


@dataclass(slots=True)
class Desk:
    """A tenant, a database, and the steps between them."""

    tenant: GraphTenant
    database: Database
    policy: Policy
    day: int = 0

    def read(self, *lists: ListDefinition, uploads: bool = False) -> dict[str, int]:
        """The reading of another night, and no more: as if it had been killed there."""
        self.day += 1
        with night(TODAY + timedelta(days=self.day)):
            return dict(read_answers.fn(lists, uploads=uploads))

    def open(self) -> dict[str, int]:
        """Read applications, and make cases of them."""
        self.read(APPLICATIONS)
        with night(TODAY + timedelta(days=self.day)):
            return dict(open_cases.fn())

    def take_in(self, *lists: ListDefinition) -> None:
        self.read(*lists)
        with night(TODAY + timedelta(days=self.day)):
            take_in_answers.fn(lists)

    def apply(self, **changes: Any) -> str:  # noqa: ANN401 - values of any column
        return self.tenant.add_list_item("Soknader", {**WANTED, **changes}, AASE)

    def case(self, number: str) -> Case:
        with self.database.transaction() as connection:
            return load_cases(connection, [number])[number][1]

    def have_case(self, **changes: Any) -> str:  # noqa: ANN401 - any field of a case
        case = new_case(1, "0001", **changes)
        with self.database.transaction() as connection:
            add_cases(connection, [case])
        if case.state is State.RECEIVED:
            decide_all(self.database, self.policy, [case.number])
        return case.number

    def statuses(self) -> list[tuple[str, str]]:
        return [(row.external_id, row.status) for row in rows(self.database, inbox)]

    def numbers(self) -> list[tuple[str, str]]:
        return [(row.number, row.employee_number) for row in rows(self.database, cases)]

    def reasons(self) -> list[str]:
        return [row.reason for row in rows(self.database, rejected_rows) if row.resolved_on is None]
