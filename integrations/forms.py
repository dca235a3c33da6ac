"""What people filled in, read from a list item's fields: the one place that knows both forms and facts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from agreements.calendar import OSLO
from agreements.case import Application, AssessmentOutcome, EvaluationOutcome, Place
from agreements.intake import (
    AnswersGiven,
    AssessmentGiven,
    EvaluationGiven,
    Fact,
    SetAsideError,
    TerminationGiven,
)
from config.sharepoint import ANSWERS, ASSESSMENTS, CASE_NUMBER, EVALUATIONS, TERMINATIONS

PLACES = {
    "Hjemme": Place.HOME,
    "Annet sted i Norge": Place.ELSEWHERE_IN_NORWAY,
    "Utlandet": Place.ABROAD,
}
ASSESSMENT_OUTCOMES = {"Godkjent": AssessmentOutcome.APPROVED, "Avslått": AssessmentOutcome.REJECTED}
EVALUATION_OUTCOMES = {
    "Fortsetter": EvaluationOutcome.CONTINUE,
    "Justeres": EvaluationOutcome.ADJUST,
    "Avsluttes": EvaluationOutcome.END,
}
PLAUSIBLE_YEARS = range(2000, 2100)
"""A year outside is a slip of the hand, and one at the end of the calendar has no day after it."""

QUESTIONS = ("Erfaring", "Lys", "Stoy", "Pauser")
LENT_EQUIPMENT = "LantUtstyr"

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


def read_fact(list_name: str, fields: Fields) -> Fact:
    """The answer in an item of one of the lists. Raises SetAsideError as `read_application`."""
    return _READERS[list_name](fields)


def case_number_of(fields: Fields) -> str:
    return _required(_text(fields, CASE_NUMBER.name), CASE_NUMBER.name).strip().upper()


def _answers(fields: Fields) -> Fact:
    titles = {column.name: column.title for column in ANSWERS.columns}
    answers = [(titles[name], _text(fields, name) or "") for name in QUESTIONS]
    lent = _text(fields, LENT_EQUIPMENT)
    if lent is not None:
        answers.append((titles[LENT_EQUIPMENT], lent))
    items = tuple(item for line in (lent or "").splitlines() if (item := line.strip()))
    return AnswersGiven(tuple(answers), fields.get("GodtarAvtalen") is True, items)


def _assessment(fields: Fields) -> Fact:
    return AssessmentGiven(_choice(fields, "Resultat", ASSESSMENT_OUTCOMES), _text(fields, "Tiltak"))


def _evaluation(fields: Fields) -> Fact:
    return EvaluationGiven(_choice(fields, "Resultat", EVALUATION_OUTCOMES), _text(fields, "Merknad"))


def _termination(fields: Fields) -> Fact:
    return TerminationGiven(_required(_date(fields, "SisteDag"), "SisteDag"))


_READERS = {
    ANSWERS.name: _answers,
    ASSESSMENTS.name: _assessment,
    EVALUATIONS.name: _evaluation,
    TERMINATIONS.name: _termination,
}


def _required(value: Value | None, name: str) -> Value:
    if value is None:
        raise SetAsideError(f"Feltet {name} er ikke fylt ut.")
    return value


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    # Control characters break documents and mails; line breaks and whatever parts two words are what people mean.
    cleaned = "\n".join("".join(_plain(sign) for sign in line) for line in str(value).splitlines()).strip()
    return cleaned or None


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
    if not isinstance(value, str) or value not in choices:
        raise SetAsideError(f"Feltet {name} må være ett av: {', '.join(choices)}.")
    return choices[value]
