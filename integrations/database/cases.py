"""Cases in and out of the database: a batch at a time, never one by one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Select, Table, bindparam, cast, delete, func, select, union_all, update

from agreements.actions import Action, ErrandKind
from agreements.case import OPEN_STATES, Case, FilingKind, State
from agreements.decide import next_action_on
from agreements.policy import Policy
from config.errors import ExpectedError
from integrations.database.case_rows import case_of, change_rows, columns_of, evaluation_rows, requirement_rows
from integrations.database.rows import AnyRow, insert_rows, named_rows
from integrations.database.tables import (
    cases,
    changes,
    evaluations,
    events,
    filings,
    notices,
    outbox,
    purged_cases,
    requirements,
)

BATCH_SIZE = 500
"""Cases per transaction and per Prefect task: large enough that the engine's cost vanishes."""


class CaseChangedError(ExpectedError):
    """Somebody else wrote the case since it was read. The batch is undone; the next run decides afresh."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, by whom and under which policy something was written."""

    business_date: date
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A case, and what happened to it. Where `before`, as it was read, is given, only what differs is written."""

    version: int
    case: Case
    actions: Sequence[Action] = ()
    before: Case | None = None

    def differs_in(self, part: str) -> bool:
        return self.before is None or getattr(self.case, part) != getattr(self.before, part)


def due_case_numbers(connection: Connection, states: Iterable[State], today: date) -> list[str]:
    """Numbers of the cases in these states that some rule may have something to do for."""
    due = (
        select(cases.c.number)
        .where(cases.c.state.in_([str(state) for state in states]), cases.c.next_action_on <= today)
        .order_by(cases.c.id)
    )
    return list(connection.scalars(due))


def load_cases(connection: Connection, numbers: Sequence[str]) -> dict[str, tuple[int, Case]]:
    """Cases by number, the oldest first, each with the version that `save_decisions` wants back."""
    return _load(connection, select(cases).where(cases.c.number.in_(numbers)))


def open_cases_of(connection: Connection, employee_numbers: Sequence[str]) -> dict[str, Case]:
    """The open case of each employee who has one; of an agreement and its renewal, the renewal."""
    open_states = [str(state) for state in OPEN_STATES]
    wanted = select(cases).where(cases.c.employee_number.in_(employee_numbers), cases.c.state.in_(open_states))
    found = _load(connection, wanted)
    return {case.employee_number: case for _, case in found.values()}


def open_case_numbers(connection: Connection) -> list[str]:
    """Numbers of all open cases, the oldest first."""
    open_states = [str(state) for state in OPEN_STATES]
    return list(connection.scalars(select(cases.c.number).where(cases.c.state.in_(open_states)).order_by(cases.c.id)))


def imposed_case_numbers(connection: Connection, unit_id: str | None) -> list[str]:
    """Numbers of the cases of imposed home office in force, in one unit or in all."""
    wanted = select(cases.c.number).where(cases.c.state == str(State.ACTIVE), cases.c.imposed)
    if unit_id is not None:
        wanted = wanted.where(cases.c.unit_id == unit_id)
    return list(connection.scalars(wanted.order_by(cases.c.id)))


def add_cases(connection: Connection, new: Sequence[Case]) -> None:
    """New cases, with what a renewal brings with it."""
    insert_rows(connection, cases, [{**columns_of(case), "next_action_on": case.applied_on} for case in new])
    insert_rows(connection, requirements, [row for case in new for row in requirement_rows(case)])


def next_case_ordinal(connection: Connection) -> int:
    """One more than any case has had, also those that were purged: a number is given once."""
    given = union_all(select(cases.c.number.label("number")), select(purged_cases.c.case_number)).subquery()
    ordinal = cast(func.substr(given.c.number, len("HK-2026-") + 1), Integer)
    return (connection.scalar(select(func.max(ordinal))) or 0) + 1


def save_decisions(connection: Connection, decided: Sequence[Decided], policy: Policy, stamp: Stamp) -> None:
    """Write what happened: cases, events, notices and outbox rows in the caller's one transaction.

    Raises:
        CaseChangedError: a case was written by somebody else since it was read.
    """
    if not decided:
        return
    _save_cases(connection, decided, policy)
    actions = [action for each in decided for action in each.actions]
    insert_rows(connection, events, [_event(action, policy, stamp) for action in actions])
    insert_rows(connection, notices, [row for action in actions for row in _notices(action, stamp)])
    insert_rows(connection, outbox, [row for action in actions for row in _errands(action, stamp)])


def mark_renewed(connection: Connection, renewals: Sequence[Case], today: date) -> None:
    """Tell the agreements that these renewals follow on which case took over; the night looks at them again."""
    if not renewals:
        return
    connection.execute(
        update(cases)
        .where(cases.c.number == bindparam("old"))
        .values(renewed_by=bindparam("by"), next_action_on=today, version=cases.c.version + 1),
        [{"old": renewal.renews, "by": renewal.number} for renewal in renewals],
    )


def _save_cases(connection: Connection, decided: Sequence[Decided], policy: Policy) -> None:
    names, contents = _to_write(decided)
    rows = [
        {
            **{f"new_{name}": content[name] for name in names},
            "new_next_action_on": next_action_on(each.case, policy),
            "key": each.case.number,
            "read_version": each.version,
        }
        for each, content in zip(decided, contents, strict=True)
    ]
    statement = (
        update(cases)
        .where(cases.c.number == bindparam("key"), cases.c.version == bindparam("read_version"))
        .values(
            {
                **{name: bindparam(f"new_{name}") for name in (*names, "next_action_on")},
                "version": bindparam("read_version") + 1,
            }
        )
    )
    result = connection.execute(statement, rows)
    if result.rowcount != len(rows):
        raise CaseChangedError("A case was changed by another run meanwhile; nothing of this batch was written.")
    _save_parts(connection, decided)


def _to_write(decided: Sequence[Decided]) -> tuple[Sequence[str], Sequence[dict[str, Any]]]:
    """The columns in which some case differs from how it was read, and what every case has in all columns."""
    contents = [columns_of(each.case) for each in decided]
    differing: set[str] = set()
    for each, content in zip(decided, contents, strict=True):
        if each.before is None:
            return list(content), contents
        known = columns_of(each.before)
        differing.update(name for name, value in content.items() if value != known[name])
    return sorted(differing), contents


def _save_parts(connection: Connection, decided: Sequence[Decided]) -> None:
    """Requirements, evaluations and changes are replaced; filings carry the archive's answers and are only added to."""
    parts = ((requirements, requirement_rows), (evaluations, evaluation_rows), (changes, change_rows))
    for table, row_of in parts:
        changed = [each.case for each in decided if each.differs_in(table.name)]
        if not changed:
            continue
        numbers = [case.number for case in changed]
        connection.execute(delete(table).where(table.c.case_number.in_(numbers)))
        insert_rows(connection, table, [row for case in changed for row in row_of(case)])
    changed = [each.case for each in decided if each.differs_in(filings.name)]
    if not changed:
        return
    columns = (filings.c.case_number, filings.c.kind, filings.c.sequence)
    stored = select(*columns).where(filings.c.case_number.in_([case.number for case in changed]))
    known = {tuple(row) for row in connection.execute(stored)}
    planned = [(case.number, str(filing.kind), filing.sequence) for case in changed for filing in case.filings]
    names = [column.name for column in columns]
    insert_rows(connection, filings, [dict(zip(names, key, strict=True)) for key in planned if key not in known])


def _event(action: Action, policy: Policy, stamp: Stamp) -> dict[str, Any]:
    return {
        "case_number": action.before.number,
        "business_date": stamp.business_date,
        "at": stamp.at,
        "actor": action.actor or stamp.actor,
        "rule": action.rule,
        "from_state": action.before.state,
        "to_state": action.after.state,
        "policy_version": policy.version,
    }


def _notices(action: Action, stamp: Stamp) -> list[dict[str, Any]]:
    return [
        {
            "key": f"{action.before.number}/{action.rule}/{notice.to}",
            "case_number": action.before.number,
            "rule": action.rule,
            "template": notice.template,
            "role": notice.to,
            "reply_by": notice.reply_by,
            "detail": notice.detail,
            "business_date": stamp.business_date,
        }
        for notice in action.notices
    ]


def _errands(action: Action, stamp: Stamp) -> list[dict[str, Any]]:
    return [
        {
            "key": _errand_key(action.before.number, errand.kind, errand.filing, errand.sequence),
            "kind": errand.kind,
            "case_number": action.before.number,
            "payload": {"filing": errand.filing, "sequence": errand.sequence},
            "created_on": stamp.business_date,
            "status": "pending",
        }
        for errand in action.errands
    ]


def _errand_key(number: str, kind: ErrandKind, filing: FilingKind | None, sequence: int) -> str:
    if filing is not None:
        return f"{number}/{kind}/{filing}-{sequence}"
    return f"{number}/{kind}" if sequence == 1 else f"{number}/{kind}/{sequence}"


def _load(connection: Connection, wanted: Select[Any]) -> dict[str, tuple[int, Case]]:
    rows = named_rows(connection, wanted.order_by(cases.c.id))
    numbers = [row.number for row in rows]
    of_requirements = _parts(connection, requirements, numbers)
    of_evaluations = _parts(connection, evaluations, numbers)
    of_changes = _parts(connection, changes, numbers)
    of_filings = _parts(connection, filings, numbers)
    return {
        row.number: (
            row.version,
            case_of(
                row,
                of_requirements[row.number],
                of_evaluations[row.number],
                of_changes[row.number],
                of_filings[row.number],
            ),
        )
        for row in rows
    }


def _parts(connection: Connection, table: Table, numbers: Sequence[str]) -> dict[str, list[AnyRow]]:
    by_case: dict[str, list[AnyRow]] = defaultdict(list)
    if numbers:
        for row in named_rows(connection, select(table).where(table.c.case_number.in_(numbers))):
            by_case[row.case_number].append(row)
    return by_case
