"""Documents about made-up people, as the policy in use would have them: for whoever edits its texts."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from msgspec.structs import replace

from agreements.calendar import add_months, last_day_of_period
from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    Chase,
    EndReason,
    Evaluation,
    EvaluationOutcome,
    FilingKind,
    Place,
    Requirement,
    RequirementKind,
    State,
)
from agreements.documents import EquipmentItem, EquipmentSource
from agreements.paperwork import People, agreement, end_note, evaluation_record, file_name, information_letter
from agreements.policy import Policy
from integrations.documents.agreement import render_agreement, render_record

NUMBER = "HK-2026-00000"
EMPLOYEE, MANAGER = "1001", "2001"
MADE_UP = People(
    "Kari Nordmann", "Eksempelenheten", "Ola Nordmann", {EMPLOYEE: "Kari Nordmann", MANAGER: "Ola Nordmann"}
)


def write_preview(policy: Policy, folder: Path, today: date) -> list[Path]:
    """One file a kind of document, written over those of the last preview.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in _documents(policy, today):
        file = folder / name
        file.write_bytes(content)
        written.append(file)
    return written


def _documents(policy: Policy, today: date) -> Iterator[tuple[str, bytes]]:
    case = _case(policy, today)
    made_on = today - timedelta(days=3)
    draft = agreement(case, policy, MADE_UP, made_on, is_draft=True)
    yield f"Utkast {NUMBER}.pdf", render_agreement(draft, None)
    final = agreement(case, policy, MADE_UP, made_on, is_draft=False)
    yield file_name(FilingKind.AGREEMENT, 1, NUMBER, policy.language), render_agreement(final, None)
    order = replace(case, imposed=True, discussed_on=made_on, applied_on=made_on)
    letter = information_letter(order, policy, MADE_UP)
    yield file_name(FilingKind.INFORMATION, 1, NUMBER, policy.language), render_record(letter)
    record = evaluation_record(case, case.evaluations[0], policy, MADE_UP)
    yield file_name(FilingKind.EVALUATION, 1, NUMBER, policy.language), render_record(record)
    note = end_note(case, policy, MADE_UP)
    yield file_name(FilingKind.END_NOTE, 1, NUMBER, policy.language), render_record(note)


def _case(policy: Policy, today: date) -> Case:
    """An agreement that has everything this policy knows of, from application to end."""
    weekdays = "tysdag og torsdag" if policy.language == "nn" else "tirsdag og torsdag"
    end_on = last_day_of_period(today, policy.period.months)
    answers = tuple((question.text, "…") for question in policy.employee_questions)
    package = next((each.name for each in policy.packages_to_choose), None)
    held_on = add_months(today, 6)
    return Case(
        number=NUMBER,
        employee_number=EMPLOYEE,
        manager_number=MANAGER,
        state=State.ENDED,
        applied_on=today - timedelta(days=21),
        application=Application(policy.limits.max_days_per_week, weekdays, today, None, Place.HOME),
        requirements=(
            Requirement(RequirementKind.ANSWERS, today - timedelta(days=10), answers=answers),
            Requirement(RequirementKind.SIGNED_AGREEMENT, today - timedelta(days=10)),
        ),
        equipment=tuple(EquipmentItem(name, EquipmentSource.OWN) for name in policy.equipment),
        assessment=Assessment(AssessmentOutcome.APPROVED, None, MANAGER, today - timedelta(days=3), package=package),
        start_on=today,
        end_on=end_on,
        evaluations=(
            Evaluation(
                1,
                held_on,
                Chase.begun(held_on),
                EvaluationOutcome.CONTINUE,
                "…",
                MANAGER,
                held_on,
                tuple((question.column, 4) for question in policy.evaluation.questions),
            ),
        ),
        ended_on=end_on + timedelta(days=1),
        end_reason=EndReason.EXPIRED,
    )
