"""Notices that have waited: which of them are still worth telling."""

from datetime import date

import pytest
from msgspec.structs import replace

from agreements.case import Case, EndReason, EvaluationOutcome, Requirement, RequirementKind, State, Termination
from agreements.outdated import STILL_ASKED, is_outdated
from tests.agreements.factories import EMPLOYEE, MONDAY, active, answered, assessment, chase, collecting, evaluation
from tests.agreements.rows import ROWS

ASKING = {
    notice.template
    for row in ROWS
    for outcome in row.outcomes
    for notice in outcome.notices
    if notice.reply_by is not None
} | {"documentation_escalation_hr", "change_escalation"}
"""HR is told by ladders that the rows' policy does not have."""
DELIVERED = (Requirement(RequirementKind.PHOTO, MONDAY, "c3" * 32),)
IN_ASSESSMENT = collecting(requirements=DELIVERED).moved(State.IN_ASSESSMENT)
EVALUATING = active(evaluations=(evaluation(1, chase()),))


def test_every_question_is_known() -> None:
    assert set(STILL_ASKED) == ASKING


@pytest.mark.parametrize(
    ("template", "case", "outdated"),
    [
        pytest.param("documentation_reminder", collecting(), False, id="still-missing"),
        pytest.param("documentation_reminder", collecting(requirements=DELIVERED), True, id="delivered"),
        pytest.param("documentation_escalation", IN_ASSESSMENT, True, id="on-its-way"),
        pytest.param("documentation_ask", collecting().ended(EndReason.WITHDRAWN, MONDAY), True, id="withdrawn"),
        pytest.param("assessment_ask", IN_ASSESSMENT, False, id="not-assessed"),
        pytest.param("assessment_reminder", replace(IN_ASSESSMENT, assessment=assessment()), True, id="assessed"),
        pytest.param("special_assessment_ask", IN_ASSESSMENT, True, id="other-assessment"),
        pytest.param("evaluation_reminder", EVALUATING, False, id="not-evaluated"),
        pytest.param(
            "evaluation_reminder",
            active(evaluations=(answered(1, EvaluationOutcome.CONTINUE, MONDAY),)),
            True,
            id="evaluated",
        ),
        pytest.param("evaluation_ask", EVALUATING.ended(EndReason.LEFT, MONDAY), True, id="left"),
        pytest.param("expiry_notice", active(), False, id="runs-out"),
        pytest.param("expiry_notice", active(renewed_by="HK-2027-00001"), True, id="renewed"),
        pytest.param(
            "expiry_notice",
            active(termination=Termination(date(2026, 12, 1), EMPLOYEE)),
            True,
            id="terminated-already",
        ),
        pytest.param("left", active().ended(EndReason.LEFT, MONDAY), False, id="news"),
        pytest.param("upload_refused", IN_ASSESSMENT, False, id="an-answer-is-news"),
    ],
)
def test_a_question_is_put_while_the_case_waits_for_its_answer(template: str, case: Case, outdated: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_outdated(template, case) == outdated
