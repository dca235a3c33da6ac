"""What people answer, as facts on their case. A fact is taken in or set aside with a sentence; it decides nothing."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    EvaluationOutcome,
    Requirement,
    RequirementKind,
    State,
    Termination,
)
from agreements.documents import EquipmentItem
from agreements.policy import TerminationRules

LONGEST_TEXT = 4_000
"""Characters kept of a free-text answer; a longer one is set aside, since nobody can read it in an agreement."""


class SetAsideError(Exception):
    """A fact that cannot be taken in. The message is a Norwegian sentence for HR's list of deviations (avvik)."""


@dataclass(frozen=True, slots=True)
class AnswersGiven:
    """The employee's answers to the mapping questions: (question, answer) in the order asked.

    `equipment` is what the workplace has, an item each: the employee's own, or on loan from the employer.
    """

    answers: tuple[tuple[str, str], ...]
    accepts_agreement: bool
    equipment: tuple[EquipmentItem, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReceived:
    """A checked upload. `sha256` is of the content that is kept: for a photo, after its metadata is gone."""

    kind: RequirementKind
    sha256: str


@dataclass(frozen=True, slots=True)
class AssessmentGiven:
    outcome: AssessmentOutcome
    measures: str | None
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationGiven:
    """`answers` are (column, score) of the questions that were answered."""

    outcome: EvaluationOutcome
    note: str | None
    answers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TerminationGiven:
    last_day: date


Fact = AnswersGiven | FileReceived | AssessmentGiven | EvaluationGiven | TerminationGiven


@dataclass(frozen=True, slots=True)
class Sender:
    """Who answered, by the signed-in identity: an employee number, and whether the answer came from HR."""

    employee_number: str
    is_hr: bool = False


def take_in(case: Case, fact: Fact, sender: Sender, today: date, notice: TerminationRules | None = None) -> Case:
    """The case with one more fact. `notice` are the policy's days of notice; without them a termination has none.

    Raises:
        SetAsideError: the fact is from the wrong person, comes too late, or says what cannot be.
    """
    match fact:
        case AnswersGiven():
            return _answers(case, fact, sender, today)
        case FileReceived():
            return _file(case, fact, sender, today)
        case AssessmentGiven():
            return _assessment(case, fact, sender, today)
        case EvaluationGiven():
            return _evaluation(case, fact, sender, today)
        case TerminationGiven():
            return _termination(case, fact, sender, today, notice or TerminationRules())


def check_application(
    application: Application, today: date, *, employed_through: date | None, open_case: Case | None, renewal_from: date
) -> None:
    """Whether an application can become a case at all.

    Args:
        application: what was asked for.
        today: the business date.
        employed_through: the last day of the employment, where one is known.
        open_case: the case the employee has already, if any.
        renewal_from: the first day an agreement in force may be applied for again.

    Raises:
        SetAsideError: the application contradicts itself, or a case is open already.
    """
    if not 0 < application.days_per_week <= 7:  # noqa: PLR2004 - days in a week
        raise SetAsideError("Søknaden må ha mellom én halv og sju dager hjemme per uke.")
    if application.end_on is not None and application.end_on < application.start_on:
        raise SetAsideError("Søknaden slutter før den begynner.")
    if employed_through is not None and employed_through < today:
        raise SetAsideError("Den som søker, er ikke lenger ansatt.")
    if open_case is None:
        return
    if open_case.state is not State.ACTIVE:
        raise SetAsideError(f"Den som søker, har allerede en åpen sak: {open_case.number}.")
    if open_case.renewed_by is not None or today < renewal_from:
        raise SetAsideError(f"Den som søker, har allerede en avtale som gjelder: {open_case.number}.")


def _answers(case: Case, fact: AnswersGiven, sender: Sender, today: date) -> Case:
    _must_be_employee(case, sender)
    _must_be_collecting(case)
    for question, answer in fact.answers:
        if len(answer) > LONGEST_TEXT:
            raise SetAsideError(f"Svaret på «{question}» er lengre enn {LONGEST_TEXT} tegn.")
    if any(not answer.strip() for _, answer in fact.answers):
        raise SetAsideError("Ett eller flere av spørsmålene er ikke besvart.")
    case = _received(case, Requirement(RequirementKind.ANSWERS, today, answers=fact.answers))
    case = replace(case, equipment=fact.equipment)
    if not fact.accepts_agreement:
        return case
    return _received(case, Requirement(RequirementKind.SIGNED_AGREEMENT, today))


def _file(case: Case, fact: FileReceived, sender: Sender, today: date) -> Case:
    _must_be_employee(case, sender)
    _must_be_collecting(case)
    if case.requirement(fact.kind) is None:
        raise SetAsideError("Filen er ikke noe saken trenger.")
    return _received(case, Requirement(fact.kind, today, fact.sha256))


def _assessment(case: Case, fact: AssessmentGiven, sender: Sender, today: date) -> Case:
    if case.state is State.SPECIAL_ASSESSMENT:
        if not sender.is_hr:
            raise SetAsideError("Hjemmekontor i utlandet skal vurderes av HR.")
    else:
        _must_be_manager(case, sender)
        if case.state is not State.IN_ASSESSMENT:
            raise SetAsideError("Saken venter ikke på en vurdering.")
    for text in (fact.measures, *(answer for _, answer in fact.answers)):
        _must_be_readable(text)
    given = Assessment(fact.outcome, fact.measures, sender.employee_number, today, fact.answers)
    return replace(case, assessment=given)


def _evaluation(case: Case, fact: EvaluationGiven, sender: Sender, today: date) -> Case:
    _must_be_manager(case, sender)
    evaluation = case.open_evaluation
    if case.state is not State.ACTIVE or evaluation is None:
        raise SetAsideError("Saken venter ikke på en evaluering.")
    _must_be_readable(fact.note)
    given = replace(evaluation, outcome=fact.outcome, note=fact.note, answers=fact.answers)
    return case.with_evaluation(replace(given, given_by=sender.employee_number, given_on=today))


def _termination(case: Case, fact: TerminationGiven, sender: Sender, today: date, notice: TerminationRules) -> Case:
    """The last day that was said, but not before the notice is over: for the employee their own, else the manager's."""
    if not case.is_open:
        raise SetAsideError("Saken er allerede avsluttet.")
    parties = {case.employee_number, case.manager_number}
    if sender.employee_number not in parties and not sender.is_hr:
        raise SetAsideError("Bare den ansatte, nærmeste leder eller HR kan si opp avtalen.")
    if case.imposed and not sender.is_hr:
        raise SetAsideError("Pålagt hjemmekontor kan ikke sies opp. Det opphører når perioden er over.")
    is_employee = sender.employee_number == case.employee_number
    days = notice.employee_notice_days if is_employee else notice.manager_notice_days
    last_day = max(fact.last_day, today + timedelta(days=days))
    return replace(case, termination=Termination(last_day, sender.employee_number))


def _received(case: Case, requirement: Requirement) -> Case:
    return case if case.requirement(requirement.kind) is None else case.with_requirement(requirement)


def _must_be_employee(case: Case, sender: Sender) -> None:
    if sender.employee_number != case.employee_number:
        raise SetAsideError("Svaret kom fra en annen enn den saken gjelder.")


def _must_be_manager(case: Case, sender: Sender) -> None:
    if sender.employee_number != case.manager_number and not sender.is_hr:
        raise SetAsideError("Svaret kom fra en annen enn nærmeste leder.")


def _must_be_collecting(case: Case) -> None:
    if case.state is State.COLLECTING:
        return
    if not case.is_open:
        raise SetAsideError("Saken er avsluttet.")
    raise SetAsideError("Saken tar ikke lenger imot dokumentasjon.")


def _must_be_readable(text: str | None) -> None:
    if text is not None and len(text) > LONGEST_TEXT:
        raise SetAsideError(f"Teksten er lengre enn {LONGEST_TEXT} tegn.")
