"""Employees, units and positions: read the hashes, write only what changed, and let the cases know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, insert, literal, or_, select, true, update

from agreements.case import OPEN_STATES
from agreements.people import Employee, Leave, Position, Snapshot, Unit
from agreements.staff import HASH_BYTES, KnownEmployee, StaffDiff, Staffing
from integrations.database.cases import Stamp
from integrations.database.rows import IDS_IN_A_QUERY, insert_rows, update_rows
from integrations.database.tables import cases, employees, events, leaves, positions, units


def known_employees(connection: Connection) -> dict[str, KnownEmployee]:
    wanted = select(
        employees.c.employee_number,
        employees.c.content_hash,
        employees.c.manager_number,
        employees.c.absent_since,
        employees.c.left_on,
    )
    return {
        number: KnownEmployee(content_hash, manager_number, absent_since, left_on)
        for number, content_hash, manager_number, absent_since, left_on in connection.execute(wanted)
    }


def known_before(connection: Connection, known: Mapping[str, KnownEmployee], read: Snapshot, today: date) -> Snapshot:
    """The units as they are known, and the employed who are not among those read: enough to say whether they lead."""
    of_units = connection.execute(select(units.c.unit_id, units.c.name, units.c.parent_id, units.c.manager_number))
    numbers = {employee.employee_number for employee in read.employees}
    missing = [
        number
        for number, entry in known.items()
        if number not in numbers and (entry.left_on is None or entry.left_on >= today)
    ]
    return Snapshot(
        units=tuple(Unit(unit_id, name, parent_id, manager) for unit_id, name, parent_id, manager in of_units),
        employees=tuple(_stand_ins(connection, missing, today)),
    )


def _stand_ins(connection: Connection, numbers: Sequence[str], today: date) -> Iterable[Employee]:
    """As much of an employee as decides whether they lead: from when to when, on leave or not, and who fills in."""
    columns = (
        employees.c.employee_number,
        employees.c.start_on,
        employees.c.left_on,
        employees.c.substitute_number,
        employees.c.is_away,
    )
    for start in range(0, len(numbers), IDS_IN_A_QUERY):
        part = numbers[start : start + IDS_IN_A_QUERY]
        rows = connection.execute(select(*columns).where(employees.c.employee_number.in_(part)))
        for number, start_on, left_on, substitute, is_away in rows:
            leaves_now = (Leave(today, today),) if is_away else ()
            yield Employee(
                number, "", "", start_on=start_on, end_on=left_on, substitute_number=substitute, leaves=leaves_now
            )


def apply_diff(connection: Connection, diff: StaffDiff, snapshot: Snapshot, policy_version: str, stamp: Stamp) -> None:
    """Write the diff and carry its consequences to the open cases, all in the caller's transaction."""
    _write_units(connection, snapshot.units)
    _write_employees(connection, diff)
    _write_parts(connection, diff)
    _mark_absences(connection, diff, stamp.business_date)
    _carry_to_cases(connection, policy_version, stamp)


def _write_units(connection: Connection, current: Sequence[Unit]) -> None:
    """Units are only added and changed: a unit that is gone still names old cases."""
    known = {row.unit_id: row.content_hash for row in connection.execute(select(units.c.unit_id, units.c.content_hash))}
    rows = [
        {
            "unit_id": unit.unit_id,
            "name": unit.name,
            "parent_id": unit.parent_id,
            "manager_number": unit.manager_number,
            "content_hash": blake2b(msgspec.msgpack.encode(unit), digest_size=HASH_BYTES).digest(),
        }
        for unit in current
    ]
    insert_rows(connection, units, [row for row in rows if row["unit_id"] not in known])
    changed = [row for row in rows if known.get(row["unit_id"], row["content_hash"]) != row["content_hash"]]
    update_rows(connection, units, "unit_id", changed)


def _write_employees(connection: Connection, diff: StaffDiff) -> None:
    insert_rows(connection, employees, (_employee_row(staffing) for staffing in diff.new))
    update_rows(connection, employees, "employee_number", [_employee_row(staffing) for staffing in diff.changed])


def _employee_row(staffing: Staffing) -> dict[str, Any]:
    employee = staffing.employee
    return {
        "employee_number": employee.employee_number,
        "given_name": employee.given_name,
        "family_name": employee.family_name,
        "email": employee.email,
        "user_principal_name": employee.user_principal_name,
        "start_on": employee.start_on,
        "end_on": employee.end_on,
        "substitute_number": employee.substitute_number,
        "unit_id": staffing.unit_id,
        "manager_number": staffing.manager.manager_number,
        "manager_found_by": staffing.manager.found_by,
        "is_away": staffing.is_away,
        "absent_since": None,
        "left_on": employee.end_on,
        "content_hash": staffing.content_hash,
    }


def _write_parts(connection: Connection, diff: StaffDiff) -> None:
    """Positions and leaves of those who are new or changed, written anew."""
    changed = [{"key": staffing.employee.employee_number} for staffing in diff.changed]
    if changed:
        for table in (positions, leaves):
            connection.execute(delete(table).where(table.c.employee_number == bindparam("key")), changed)
    written = [staffing.employee for staffing in (*diff.new, *diff.changed)]
    insert_rows(connection, positions, (_position_row(each, held) for each in written for held in each.positions))
    insert_rows(connection, leaves, (_leave_row(each, leave) for each in written for leave in _longest(each.leaves)))


def _position_row(employee: Employee, position: Position) -> dict[str, Any]:
    return {
        "employee_number": employee.employee_number,
        "position_id": position.position_id,
        "unit_id": position.unit_id,
        "percentage": position.percentage,
        "is_main": position.is_main,
        "manager_number": position.manager_number,
        "start_on": position.start_on,
        "end_on": position.end_on,
    }


def _longest(periods: Sequence[Leave]) -> Iterable[Leave]:
    """Of leaves that begin on one day, from two positions for instance, the longest: it covers the others."""
    return {leave.start_on: leave for leave in sorted(periods, key=lambda leave: leave.end_on or date.max)}.values()


def _leave_row(employee: Employee, leave: Leave) -> dict[str, Any]:
    return {"employee_number": employee.employee_number, "start_on": leave.start_on, "end_on": leave.end_on}


def _mark_absences(connection: Connection, diff: StaffDiff, today: date) -> None:
    changed = update(employees).where(employees.c.employee_number == bindparam("key"))
    if diff.absent:
        connection.execute(changed.values(absent_since=today), [{"key": number} for number in diff.absent])
    if diff.returned:
        # The last day we concluded from the absence goes with it; the one HR has said, if any, stays.
        back = changed.values(absent_since=None, left_on=employees.c.end_on)
        connection.execute(back, [{"key": number} for number in diff.returned])
    if diff.gone:
        gone = [{"key": number, "left": last_day} for number, last_day in diff.gone.items()]
        connection.execute(changed.values(left_on=bindparam("left")), gone)


def _carry_to_cases(connection: Connection, policy_version: str, stamp: Stamp) -> None:
    """Open cases follow their employee's last day, manager, unit and leave, each with an event that says so."""
    is_open = cases.c.state.in_([str(state) for state in OPEN_STATES])
    differences = tuple(
        (rule, column, select(said).where(employees.c.employee_number == cases.c.employee_number).scalar_subquery())
        for rule, column, said in (
            ("hr.last-day", cases.c.left_on, employees.c.left_on),
            ("hr.manager", cases.c.manager_number, employees.c.manager_number),
            ("hr.unit", cases.c.unit_id, employees.c.unit_id),
            ("hr.leave", cases.c.away, employees.c.is_away),
        )
    )
    for rule, column, current in differences:
        differs = is_open & column.is_distinct_from(current)
        happened = select(
            cases.c.number,
            literal(stamp.business_date),
            literal(stamp.at, type_=events.c.at.type),
            literal(stamp.actor),
            literal(rule),
            cases.c.state,
            cases.c.state,
            literal(policy_version),
        ).where(differs)
        names = ("case_number", "business_date", "at", "actor", "rule", "from_state", "to_state", "policy_version")
        connection.execute(insert(events).from_select(names, happened))
        # The night looks at the case again and works out its next day itself.
        changes = {column.name: current, "next_action_on": stamp.business_date, "version": cases.c.version + 1}
        connection.execute(update(cases).where(differs).values(changes))


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What a new case needs to know of its employee."""

    manager_number: str | None
    left_on: date | None
    unit_id: str | None
    is_away: bool
    is_leader: bool
    position_percentage: float | None


_LED = employees.alias("led")
_ENTRY = (
    employees.c.employee_number,
    employees.c.manager_number,
    employees.c.left_on,
    employees.c.unit_id,
    employees.c.is_away,
    exists(select(_LED.c.employee_number).where(_LED.c.manager_number == employees.c.employee_number)).label(
        "is_leader"
    ),
    select(func.sum(positions.c.percentage))
    .where(positions.c.employee_number == employees.c.employee_number)
    .scalar_subquery()
    .label("position_percentage"),
)


def staff_entries(connection: Connection, employee_numbers: Sequence[str]) -> dict[str, StaffEntry]:
    return _entries(connection, select(*_ENTRY).where(employees.c.employee_number.in_(employee_numbers)))


def employed_in_unit(connection: Connection, unit_id: str | None, on: date) -> dict[str, StaffEntry]:
    """Those whose main position is in this very unit, or everybody, who are employed on the day."""
    wanted = select(*_ENTRY).where(
        true() if unit_id is None else employees.c.unit_id == unit_id,
        or_(employees.c.left_on.is_(None), employees.c.left_on >= on),
        or_(employees.c.start_on.is_(None), employees.c.start_on <= on),
    )
    return _entries(connection, wanted.order_by(employees.c.employee_number))


def _entries(connection: Connection, wanted: Select[Any]) -> dict[str, StaffEntry]:
    return {
        row.employee_number: StaffEntry(
            row.manager_number, row.left_on, row.unit_id, row.is_away, row.is_leader, row.position_percentage
        )
        for row in connection.execute(wanted)
    }
