"""Which notices have lost their point while they waited for a working day, or for a system that was down.

Nobody is asked for what has come already, and nobody is reminded after the end.
"""

from collections.abc import Callable, Mapping
from typing import Final

from agreements.case import Case, State


def _lacks_documentation(case: Case) -> bool:
    return case.state is State.COLLECTING and bool(case.missing)


def _lacks_assessment(case: Case) -> bool:
    return case.state is State.IN_ASSESSMENT and case.assessment is None


def _lacks_special_assessment(case: Case) -> bool:
    return case.state is State.SPECIAL_ASSESSMENT and case.assessment is None


def _lacks_evaluation(case: Case) -> bool:
    return case.state is State.ACTIVE and case.open_evaluation is not None


def _lacks_answer_to_change(case: Case) -> bool:
    change = case.newest_change
    return case.state is State.ACTIVE and change is not None and change.outcome is None


def _runs_out(case: Case) -> bool:
    is_settled = case.termination is not None or case.renewed_by is not None
    return case.state is State.ACTIVE and not is_settled


STILL_ASKED: Final[Mapping[str, Callable[[Case], bool]]] = {
    "documentation_ask": _lacks_documentation,
    "documentation_reminder": _lacks_documentation,
    "documentation_escalation": _lacks_documentation,
    "documentation_escalation_hr": _lacks_documentation,
    "documentation_again": _lacks_documentation,
    "assessment_ask": _lacks_assessment,
    "assessment_reminder": _lacks_assessment,
    "assessment_escalation": _lacks_assessment,
    "new_manager_assessment": _lacks_assessment,
    "special_assessment_ask": _lacks_special_assessment,
    "special_assessment_reminder": _lacks_special_assessment,
    "evaluation_ask": _lacks_evaluation,
    "evaluation_reminder": _lacks_evaluation,
    "evaluation_escalation": _lacks_evaluation,
    "new_manager_evaluation": _lacks_evaluation,
    "change_ask": _lacks_answer_to_change,
    "change_reminder": _lacks_answer_to_change,
    "change_escalation": _lacks_answer_to_change,
    "expiry_notice": _runs_out,
}
"""Every text that names a day to answer by, and whether the case still waits for that answer."""


def is_outdated(template: str, case: Case) -> bool:
    """Whether the case no longer waits for what this text asks for. News is never outdated, only questions are."""
    return template in STILL_ASKED and not STILL_ASKED[template](case)
