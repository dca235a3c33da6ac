"""What people filled in, read from a list item's fields: the one place that knows both forms and facts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from agreements.calendar import OSLO
from agreements.case import Application, AssessmentOutcome, EvaluationOutcome, Place, RequirementKind
from agreements.documents import EquipmentItem, EquipmentSource
from agreements.intake import (
    AcceptanceGiven,
    AnswersGiven,
    AssessmentGiven,
    ChangeProposed,
    EvaluationGiven,
    Fact,
    SetAsideError,
    TerminationGiven,
)
from agreements.policy import SCORES, Policy
from config.sharepoint import (
    ACCEPTANCES,
    ANSWERS,
    ASSESSMENTS,
    CASE_NUMBER,
    CHANGES,
    EQUIPMENT_CHOICES,
    EVALUATIONS,
    PACKAGE,
    TERMINATIONS,
    Column,
    employee_columns,
    equipment,
    evaluation_columns,
    in_bokmal,
    manager_columns,
)

PLACES = {
    "Hjemme": Place.HOME,
    "Annet sted i Norge": Place.ELSEWHERE_IN_NORWAY,
    "Utlandet": Place.ABROAD,
}
ASSESSMENT_OUTCOMES = {
    "Godkjent": AssessmentOutcome.APPROVED,
    "Avslått": AssessmentOutcome.REJECTED,
    "Må suppleres": AssessmentOutcome.INCOMPLETE,
}
LACKING = {
    "Bildet": (RequirementKind.PHOTO,),
    "Svarene": (RequirementKind.ANSWERS,),
    "Bildet og svarene": (RequirementKind.PHOTO, RequirementKind.ANSWERS),
}
ACCEPTS = {"Godtar": True, "Godtar ikke": False}
EVALUATION_OUTCOMES = {
    "Fortsetter": EvaluationOutcome.CONTINUE,
    "Justeres": EvaluationOutcome.ADJUST,
    "Avsluttes": EvaluationOutcome.END,
}
SCORES_CHOSEN = {str(score): score for score in SCORES}
PLAUSIBLE_YEARS = range(2000, 2100)
"""A year outside is a slip of the hand, and one at the end of the calendar has no day after it."""

LENT_EQUIPMENT = "LantUtstyr"
ACCEPTS_AGREEMENT = "GodtarAvtalen"
EMPLOYEE_NUMBER = "Ansattnummer"
"""Who applies, where HR registers it; in the list it is the one who is signed in."""
FOR_EMPLOYEE = "ForDenAnsatte"
"""Whether what HR registers was said by the employee; else it is the manager's, or HR's own."""

Fields = Mapping[str, Any]
Value = TypeVar("Value")


def read_application(fields: Fields) -> Application:
    """Raises SetAsideError with a Norwegian sentence when a field is missing or cannot be what it says."""
    return Application(
        days_per_week=_number(fields, "DagerPerUke"),
        weekdays=_text(fields, "Ukedager"),
        start_on=_required(_date(fields, "FraDato"), "FraDato"),
        end_on=_date(fields, "TilDato"),
        place=_choice(fields, "Sted", PLACES),
    )


def read_fact(list_name: str, fields: Fields, policy: Policy) -> Fact:
    """The answer in an item of one of the lists, to what this policy asks. Raises as `read_application`."""
    return _READERS[list_name](fields, policy)


def case_number_of(fields: Fields) -> str:
    return _required(_text(fields, CASE_NUMBER.name), CASE_NUMBER.name).strip().upper()


def _answers(fields: Fields, policy: Policy) -> Fact:
    """Questions that must be answered are there even when they are not; others only with their answer."""
    answers = _answered(fields, employee_columns(policy))
    items = [
        EquipmentItem(column.title, EQUIPMENT_CHOICES[choice])
        for column in equipment(policy)
        if (choice := in_bokmal(_text(fields, column.name) or "")) in EQUIPMENT_CHOICES
    ]
    other = (_text(fields, LENT_EQUIPMENT) or "").splitlines()
    items += [EquipmentItem(item, EquipmentSource.LENT) for line in other if (item := line.strip())]
    return AnswersGiven(answers, fields.get(ACCEPTS_AGREEMENT) is True, tuple(items))


def _assessment(fields: Fields, policy: Policy) -> Fact:
    outcome = _choice(fields, "Resultat", ASSESSMENT_OUTCOMES)
    package = _text(fields, PACKAGE)
    if package is not None and package not in {each.name for each in policy.packages_to_choose}:
        raise SetAsideError(f"Feltet {PACKAGE} er ikke en av pakkene i retningslinjene.")
    return AssessmentGiven(
        outcome,
        _text(fields, "Tiltak"),
        _answered(fields, manager_columns(policy)),
        package,
        () if _text(fields, "Mangler") is None else _choice(fields, "Mangler", LACKING),
    )


def _evaluation(fields: Fields, policy: Policy) -> Fact:
    answered = [column.name for column in evaluation_columns(policy) if _text(fields, column.name) is not None]
    answers = tuple((name, _choice(fields, name, SCORES_CHOSEN)) for name in answered)
    return EvaluationGiven(_choice(fields, "Resultat", EVALUATION_OUTCOMES), _text(fields, "Merknad"), answers)


def _termination(fields: Fields, _policy: Policy) -> Fact:
    return TerminationGiven(_required(_date(fields, "SisteDag"), "SisteDag"))


def _change(fields: Fields, _policy: Policy) -> Fact:
    return ChangeProposed(
        _number(fields, "DagerPerUke"), _text(fields, "Ukedager"), _required(_date(fields, "FraDato"), "FraDato")
    )


def _acceptance(fields: Fields, _policy: Policy) -> Fact:
    return AcceptanceGiven(_choice(fields, "Svar", ACCEPTS))


def _answered(fields: Fields, columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    pairs = [(column, _text(fields, column.name)) for column in columns]
    return tuple((column.title, answer or "") for column, answer in pairs if answer is not None or column.required)


_READERS = {
    ANSWERS.name: _answers,
    ASSESSMENTS.name: _assessment,
    EVALUATIONS.name: _evaluation,
    TERMINATIONS.name: _termination,
    CHANGES.name: _change,
    ACCEPTANCES.name: _acceptance,
}


def _required(value: Value | None, name: str) -> Value:
    if value is None:
        raise SetAsideError(f"Feltet {name} er ikke fylt ut.")
    return value


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    return cleaned(str(value)) or None


def cleaned(typed: str) -> str:
    """Without control characters, which break documents, mails and databases.

    Line breaks, and whatever parts two words, are what people mean.
    """
    return "\n".join("".join(_plain(sign) for sign in line) for line in typed.splitlines()).strip()


def _plain(sign: str) -> str:
    if sign.isprintable() or sign == "\t":
        return sign
    return " " if sign.isspace() else ""


def _number(fields: Fields, name: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SetAsideError(f"Feltet {name} er ikke et tall.")
    return float(value)


def _date(fields: Fields, name: str) -> date | None:
    """SharePoint gives a day as an instant: midnight in Oslo, said in UTC."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        day = _day(str(value))
    except (ValueError, OverflowError):
        raise SetAsideError(f"Feltet {name} er ikke en dato.") from None
    if day.year not in PLAUSIBLE_YEARS:
        raise SetAsideError(f"Feltet {name} har et årstall som ikke kan stemme.")
    return day


def _day(value: str) -> date:
    if len(value) == len("2026-11-22"):
        return date.fromisoformat(value)
    instant = datetime.fromisoformat(value)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(OSLO).date()


def _choice(fields: Fields, name: str, choices: Mapping[str, Value]) -> Value:
    value = fields.get(name)
    chosen = in_bokmal(value) if isinstance(value, str) else ""
    if chosen not in choices:
        raise SetAsideError(f"Feltet {name} må være ett av: {', '.join(choices)}.")
    return choices[chosen]
