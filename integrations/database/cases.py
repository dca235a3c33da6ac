"""Cases in and out of the database: a batch at a time, never one by one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, select, update

from agreements.actions import Action, ErrandKind
from agreements.case import (
    OPEN_STATES,
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
from agreements.decide import next_action_on
from agreements.documents import EquipmentItem, EquipmentSource
from agreements.policy import Policy
from config.errors import ExpectedError
from integrations.database.rows import AnyRow, insert_rows, named_rows
from integrations.database.tables import cases, changes, evaluations, events, filings, notices, outbox, requirements

BATCH_SIZE = 500
"""Cases per transaction and per Prefect task: large enough that the engine's cost vanishes."""

PLACES = {kinds: {kind: place for place, kind in enumerate(kinds)} for kinds in (RequirementKind, FilingKind)}


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
    insert_rows(connection, cases, [{**_columns(case), "next_action_on": case.applied_on} for case in new])
    insert_rows(connection, requirements, [row for case in new for row in _requirement_rows(case)])


def next_case_ordinal(connection: Connection) -> int:
    return (connection.scalar(select(func.max(cases.c.id))) or 0) + 1


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
    contents = [_columns(each.case) for each in decided]
    differing: set[str] = set()
    for each, content in zip(decided, contents, strict=True):
        if each.before is None:
            return list(content), contents
        known = _columns(each.before)
        differing.update(name for name, value in content.items() if value != known[name])
    return sorted(differing), contents


def _save_parts(connection: Connection, decided: Sequence[Decided]) -> None:
    """Requirements, evaluations and changes are replaced; filings carry the archive's answers and are only added to."""
    parts = ((requirements, _requirement_rows), (evaluations, _evaluation_rows), (changes, _change_rows))
    for table, row_of in parts:
        changed = [each.case for each in decided if each.differs_in(table.name)]
        numbers = [case.number for case in changed]
        connection.execute(delete(table).where(table.c.case_number.in_(numbers)))
        insert_rows(connection, table, [row for case in changed for row in row_of(case)])
    changed = [each.case for each in decided if each.differs_in(filings.name)]
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


# --- Rows to cases ----------------------------------------------------------------------------------------------


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
            _case(
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


def _case(
    row: AnyRow,
    of_requirements: list[AnyRow],
    of_evaluations: list[AnyRow],
    of_changes: list[AnyRow],
    of_filings: list[AnyRow],
) -> Case:
    return Case(
        number=row.number,
        employee_number=row.employee_number,
        manager_number=row.manager_number,
        state=State(row.state),
        applied_on=row.applied_on,
        application=Application(
            row.days_per_week, row.weekdays, row.requested_start_on, row.requested_end_on, Place(row.place)
        ),
        led_by=row.led_by,
        handed_over_on=row.handed_over_on,
        unit_id=row.unit_id,
        placed_in=row.placed_in,
        away=row.away,
        paused_on=row.paused_on,
        position_percentage=row.position_percentage,
        hold=None if row.hold_begun_on is None else Hold(row.hold_begun_on, row.hold_until),
        holds=row.holds,
        imposed=row.imposed,
        discussed_on=row.discussed_on,
        renews=row.renews,
        renewed_by=row.renewed_by,
        requirements=tuple(sorted(map(_requirement, of_requirements), key=lambda each: _place(each.kind))),
        equipment=tuple(EquipmentItem(name, EquipmentSource(source)) for name, source in row.equipment or ()),
        is_leader=row.is_leader,
        documentation=_chase(row.documentation_asked_on, row.documentation_stage, row.documentation_last_sent_on),
        asked_again=row.asked_again,
        assessment_request=_chase(row.assessment_asked_on, row.assessment_stage, row.assessment_last_sent_on),
        assessment=_assessment(row),
        start_on=row.start_on,
        end_on=row.end_on,
        evaluations=tuple(_evaluation(part) for part in sorted(of_evaluations, key=lambda part: int(part.sequence))),
        changes=tuple(_change(part) for part in sorted(of_changes, key=lambda part: int(part.sequence))),
        filings=tuple(sorted(map(_filing, of_filings), key=lambda each: (_place(each.kind), each.sequence))),
        expiry_notified_on=row.expiry_notified_on,
        termination=(
            None
            if row.termination_last_day is None
            else Termination(row.termination_last_day, row.termination_given_by)
        ),
        left_on=row.left_on,
        ended_on=row.ended_on,
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
    )


def _chase(asked_on: date | None, stage: int | None, last_sent_on: date | None) -> Chase | None:
    return None if asked_on is None or stage is None or last_sent_on is None else Chase(asked_on, stage, last_sent_on)


def _assessment(row: AnyRow) -> Assessment | None:
    if row.assessment_outcome is None:
        return None
    outcome = AssessmentOutcome(row.assessment_outcome)
    answers = tuple((question, answer) for question, answer in row.assessment_answers or ())
    return Assessment(
        outcome,
        row.assessment_measures,
        row.assessment_given_by,
        row.assessment_given_on,
        answers,
        row.assessment_package,
        tuple(RequirementKind(kind) for kind in row.assessment_lacking or ()),
    )


def _place(kind: RequirementKind | FilingKind) -> int:
    """The order they are declared in; without one, the database's own would differ from day to day."""
    return PLACES[type(kind)][kind]


def _filing(row: AnyRow) -> Filing:
    return Filing(FilingKind(row.kind), row.sequence, row.verified_at is not None)


def _requirement(row: AnyRow) -> Requirement:
    answers = tuple((question, answer) for question, answer in row.answers)
    return Requirement(RequirementKind(row.kind), row.received_on, row.document, answers, row.carried_from)


def _evaluation(row: AnyRow) -> Evaluation:
    return Evaluation(
        sequence=row.sequence,
        due_on=row.due_on,
        chase=Chase(row.asked_on, row.stage, row.last_sent_on),
        outcome=None if row.outcome is None else EvaluationOutcome(row.outcome),
        note=row.note,
        given_by=row.given_by,
        given_on=row.given_on,
        answers=tuple((column, score) for column, score in row.answers or ()),
        is_extra=row.is_extra,
    )


def _change(row: AnyRow) -> Change:
    return Change(
        sequence=row.sequence,
        proposed_by=row.proposed_by,
        proposed_on=row.proposed_on,
        by_employee=row.by_employee,
        days_per_week=row.days_per_week,
        weekdays=row.weekdays,
        start_on=row.start_on,
        chase=_chase(row.asked_on, row.stage, row.last_sent_on),
        outcome=None if row.outcome is None else ChangeOutcome(row.outcome),
        answered_by=row.answered_by,
        answered_on=row.answered_on,
        settled_on=row.settled_on,
        in_force_on=row.in_force_on,
    )


# --- Cases to rows ----------------------------------------------------------------------------------------------


def _columns(case: Case) -> dict[str, Any]:
    documentation, request, assessment = case.documentation, case.assessment_request, case.assessment
    return {
        "number": case.number,
        "employee_number": case.employee_number,
        "manager_number": case.manager_number,
        "state": case.state,
        "applied_on": case.applied_on,
        "days_per_week": case.application.days_per_week,
        "weekdays": case.application.weekdays,
        "requested_start_on": case.application.start_on,
        "requested_end_on": case.application.end_on,
        "place": case.application.place,
        "led_by": case.led_by,
        "handed_over_on": case.handed_over_on,
        "unit_id": case.unit_id,
        "placed_in": case.placed_in,
        "away": case.away,
        "paused_on": case.paused_on,
        "position_percentage": case.position_percentage,
        "hold_begun_on": case.hold and case.hold.begun_on,
        "hold_until": case.hold and case.hold.until,
        "holds": case.holds,
        "imposed": case.imposed,
        "discussed_on": case.discussed_on,
        "renews": case.renews,
        "renewed_by": case.renewed_by,
        "equipment": [[item.name, item.source] for item in case.equipment],
        "is_leader": case.is_leader,
        "documentation_asked_on": documentation and documentation.asked_on,
        "documentation_stage": documentation and documentation.stage,
        "documentation_last_sent_on": documentation and documentation.last_sent_on,
        "asked_again": case.asked_again,
        "assessment_asked_on": request and request.asked_on,
        "assessment_stage": request and request.stage,
        "assessment_last_sent_on": request and request.last_sent_on,
        "assessment_outcome": assessment and assessment.outcome,
        "assessment_measures": assessment and assessment.measures,
        "assessment_answers": [list(pair) for pair in assessment.answers] if assessment else None,
        "assessment_given_by": assessment and assessment.given_by,
        "assessment_given_on": assessment and assessment.given_on,
        "assessment_package": assessment and assessment.package,
        "assessment_lacking": [str(kind) for kind in assessment.lacking] if assessment else None,
        "start_on": case.start_on,
        "end_on": case.end_on,
        "expiry_notified_on": case.expiry_notified_on,
        "termination_last_day": case.termination and case.termination.last_day,
        "termination_given_by": case.termination and case.termination.given_by,
        "left_on": case.left_on,
        "ended_on": case.ended_on,
        "end_reason": case.end_reason,
    }


def _requirement_rows(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "case_number": case.number,
            "kind": requirement.kind,
            "received_on": requirement.received_on,
            "document": requirement.document,
            "answers": [list(pair) for pair in requirement.answers],
            "carried_from": requirement.carried_from,
        }
        for requirement in case.requirements
    ]


def _evaluation_rows(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "case_number": case.number,
            "sequence": evaluation.sequence,
            "due_on": evaluation.due_on,
            "asked_on": evaluation.chase.asked_on,
            "stage": evaluation.chase.stage,
            "last_sent_on": evaluation.chase.last_sent_on,
            "outcome": evaluation.outcome,
            "note": evaluation.note,
            "given_by": evaluation.given_by,
            "given_on": evaluation.given_on,
            "is_extra": evaluation.is_extra,
            "answers": [list(pair) for pair in evaluation.answers],
        }
        for evaluation in case.evaluations
    ]


def _change_rows(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "case_number": case.number,
            "sequence": change.sequence,
            "proposed_by": change.proposed_by,
            "proposed_on": change.proposed_on,
            "by_employee": change.by_employee,
            "days_per_week": change.days_per_week,
            "weekdays": change.weekdays,
            "start_on": change.start_on,
            "asked_on": change.chase and change.chase.asked_on,
            "stage": change.chase and change.chase.stage,
            "last_sent_on": change.chase and change.chase.last_sent_on,
            "outcome": change.outcome,
            "answered_by": change.answered_by,
            "answered_on": change.answered_on,
            "settled_on": change.settled_on,
            "in_force_on": change.in_force_on,
        }
        for change in case.changes
    ]
