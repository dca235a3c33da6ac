"""What a case is in the tables' rows, both ways: columns, and the parts that have a table of their own."""

from datetime import date
from typing import Any

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
from agreements.documents import EquipmentItem, EquipmentSource
from integrations.database.rows import AnyRow

PLACES = {kinds: {kind: place for place, kind in enumerate(kinds)} for kinds in (RequirementKind, FilingKind)}

# --- Rows to cases ----------------------------------------------------------------------------------------------


def case_of(
    row: AnyRow,
    of_requirements: list[AnyRow],
    of_evaluations: list[AnyRow],
    of_changes: list[AnyRow],
    of_filings: list[AnyRow],
) -> Case:
    """The case that its row and those of its parts make."""
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


def columns_of(case: Case) -> dict[str, Any]:
    """The case's own row; not `next_action_on`, which the policy decides, nor its version."""
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


def requirement_rows(case: Case) -> list[dict[str, Any]]:
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


def evaluation_rows(case: Case) -> list[dict[str, Any]]:
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


def change_rows(case: Case) -> list[dict[str, Any]]:
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
