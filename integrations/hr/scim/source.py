"""SCIM users, with the manager of each found among them."""

from collections import Counter
from collections.abc import Iterator

from agreements.people import Employee, Position, RejectedRow, Snapshot, Unit
from integrations.hr.scim.client import ScimClient
from integrations.hr.scim.records import ENTERPRISE, RESOURCE, UnreadUser, User
from integrations.hr.scim.walk import USERS, Walked, walk
from integrations.hr.source import HrUnreadable
from integrations.hr.values import FULL_TIME

PAGE_SIZE = 1_000
"""What is asked for; servers give fewer."""
POSITION_ID = "scim"
"""SCIM knows no positions: everyone has this one."""


class ScimSource:
    """An `HrSource`. Reads all users anew each time; keeps nothing between two readings.

    `only` is a SCIM filter that tells employees from other users. `page_size` is at least 2.
    """

    def __init__(self, client: ScimClient, only: str | None = None, page_size: int = PAGE_SIZE) -> None:
        self._client = client
        self._only = only
        self._page_size = page_size

    def read_snapshot(self) -> Snapshot:
        with self._client as client:
            walked = walk(client, self._only, self._page_size)
        snapshot = _snapshot(walked)
        if not snapshot.employees and not snapshot.rejected:
            raise HrUnreadable(f"{self._client.address(USERS)} lists nobody who is active: check HK_HR_FILTER")
        return snapshot


def _snapshot(walked: Walked) -> Snapshot:
    """In the order of keys, so that the order in which a source lists its rows is no change."""
    # Managers who are set aside or not active any more are still who they are; whether they may lead is decided later.
    everybody: list[User | UnreadUser] = [*walked.users, *walked.unread]
    numbers = {user.scim_id: user.number for user in everybody if user.scim_id is not None}
    active = [user for user in walked.users if user.active]
    rejected = _rejected(walked, active)
    set_aside = {row.key for row in rejected}
    units = {user.department for user in everybody if user.department is not None}
    employees = [
        _employee(user, user.number, numbers.get(user.manager_id or ""))
        for user in active
        if user.number is not None and user.number not in set_aside
    ]
    return Snapshot(
        units=tuple(Unit(unit_id=name, name=name) for name in sorted(units)),
        employees=tuple(sorted(employees, key=lambda employee: employee.employee_number)),
        rejected=tuple(sorted(rejected, key=lambda row: (row.key, row.path))),
    )


def _rejected(walked: Walked, active: list[User]) -> list[RejectedRow]:
    """One row for each employee number, and one for each user whose number cannot be read."""
    rows: dict[str, RejectedRow] = {}
    for unread in walked.unread:
        key = unread.number or unread.place
        rows.setdefault(key, RejectedRow(key, unread.path, unread.reason))
    for number, users in Counter(user.number for user in active if user.number is not None).items():
        if users > 1:
            path = f"{RESOURCE}.{ENTERPRISE}.employeeNumber"
            rows.setdefault(number, RejectedRow(number, path, "flere aktive brukere har dette ansattnummeret"))
    for number in _with_a_manager_who_could_not_be_read(walked, active):
        reason = "lederen finnes ikke blant dem som kunne leses, og kan være en av de andre"
        rows.setdefault(number, RejectedRow(number, f"{RESOURCE}.{ENTERPRISE}.manager", reason))
    return list(rows.values())


def _with_a_manager_who_could_not_be_read(walked: Walked, active: list[User]) -> Iterator[str]:
    """Employee numbers. To say that they have no manager would be to conclude something from a row that is spoilt."""
    known = {user.scim_id for user in walked.users} | {unread.scim_id for unread in walked.unread if unread.number}
    doubtful = {unread.scim_id for unread in walked.unread} - (known - {None})
    for user in active:
        could_be_anybody = None in doubtful and user.manager_id not in known
        if user.number and user.manager_id and (could_be_anybody or user.manager_id in doubtful):
            yield user.number


def _employee(user: User, number: str, manager_number: str | None) -> Employee:
    position = Position(
        position_id=POSITION_ID,
        unit_id=user.department,
        percentage=FULL_TIME,
        is_main=True,
        manager_number=manager_number,
    )
    return Employee(
        employee_number=number,
        given_name=user.given_name,
        family_name=user.family_name,
        email=user.email,
        user_principal_name=user.user_principal_name,
        positions=(position,),
    )
