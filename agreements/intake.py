"""What people answer, as facts on their case. A fact is taken in or set aside with a sentence; it decides nothing."""

from dataclasses import dataclass
from datetime import date, timedelta

from msgspec.structs import replace

from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    Change,
    ChangeOutcome,
    Chase,
    Evaluation,
    EvaluationOutcome,
    Hold,
    Requirement,
    RequirementKind,
    State,
    Termination,
)
from agreements.documents import EquipmentItem
from agreements.policy import TerminationRules
from agreements.weekdays import kept_weekdays

LONGEST_HOLD = timedelta(days=366)

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
    package: str | None = None
    lacking: tuple[RequirementKind, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationGiven:
    """`answers` are (column, score) of the questions that were answered."""

    outcome: EvaluationOutcome
    note: str | None
    answers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TerminationGiven:
    last_day: date


@dataclass(frozen=True, slots=True)
class ChangeProposed:
    """Another extent, proposed by the employee, or by the manager (or HR for them).

    Weekdays that are not named stay as they are agreed, when they still fit the number of days.
    """

    days_per_week: float
    weekdays: str | None
    start_on: date


@dataclass(frozen=True, slots=True)
class AcceptanceGiven:
    """A yes or no to the agreement as drafted, or to a proposed change."""

    accepts: bool


@dataclass(frozen=True, slots=True)
class HoldGiven:
    """HR sets the case on hold through this day."""

    until: date


@dataclass(frozen=True, slots=True)
class HoldLifted:
    """HR lets the case go on."""


Fact = (
    AnswersGiven
    | FileReceived
    | AssessmentGiven
    | EvaluationGiven
    | TerminationGiven
    | ChangeProposed
    | AcceptanceGiven
    | HoldGiven
    | HoldLifted
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who answered, by the signed-in identity: an employee number, or one of the roles that have a mailbox.

    An adviser who registers what somebody else has said is HR, and `for_employee` when it was the employee.
    """

    employee_number: str
    is_hr: bool = False
    is_specialist: bool = False
    for_employee: bool = False

    def is_employee_of(self, case: Case) -> bool:
        return self.for_employee or self.employee_number == case.employee_number


def take_in(case: Case, fact: Fact, sender: Sender, today: date, notice: TerminationRules | None = None) -> Case:
    """The case with one more fact. `notice` are the policy's days of notice; without them a termination has none.

    Raises:
        SetAsideError: the fact is from the wrong person, comes too late, or says what cannot be.
    """
    match fact:
        case AnswersGiven():
            after = _answers(case, fact, sender, today)
        case FileReceived():
            after = _file(case, fact, sender, today)
        case AssessmentGiven():
            after = _assessment(case, fact, sender, today)
        case EvaluationGiven():
            after = _evaluation(case, fact, sender, today)
        case TerminationGiven():
            after = _termination(case, fact, sender, today, notice or TerminationRules())
        case ChangeProposed():
            after = _change(case, fact, sender, today)
        case AcceptanceGiven():
            after = _acceptance(case, fact, sender, today)
        case HoldGiven() | HoldLifted():
            after = _hold(case, fact, sender, today)
    return after


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


def change_application(case: Case, application: Application, employee_number: str) -> Case:
    """The case with the application as it is now, as long as no rule has looked at the former one.

    Raises:
        SetAsideError: it was changed too late, or by somebody else.
    """
    if employee_number != case.employee_number:
        raise SetAsideError("Søknaden er endret av en annen enn den som søkte. Endringen er ikke tatt inn.")
    if case.state is not State.RECEIVED:
        raise SetAsideError(
            f"Søknaden er endret etter at den ble behandlet i sak {case.number}. Endringen er ikke tatt inn."
        )
    return replace(case, application=application)


def too_late(reason: str) -> str:
    """Why the change of an answer that was used already is set aside."""
    return f"Svaret er endret etter at det ble brukt i saken. Endringen er ikke tatt inn. {reason}"


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
    return _accepted(case, today if fact.accepts_agreement else None)


def _file(case: Case, fact: FileReceived, sender: Sender, today: date) -> Case:
    _must_be_employee(case, sender)
    _must_be_collecting(case)
    if case.requirement(fact.kind) is None:
        raise SetAsideError("Filen er ikke noe saken trenger.")
    return _received(case, Requirement(fact.kind, today, fact.sha256))


def _assessment(case: Case, fact: AssessmentGiven, sender: Sender, today: date) -> Case:
    if case.state is State.SPECIAL_ASSESSMENT:
        if not (sender.is_hr or sender.is_specialist):
            raise SetAsideError("Hjemmekontor i utlandet skal vurderes av HR, eller av den retningslinjene peker ut.")
        if fact.outcome is AssessmentOutcome.INCOMPLETE:
            raise SetAsideError("Saken har ingen dokumentasjon ennå. Velg godkjent eller avslått.")
    else:
        _must_be_manager(case, sender)
        if case.state is not State.IN_ASSESSMENT:
            raise SetAsideError("Saken venter ikke på en vurdering.")
    if fact.outcome is AssessmentOutcome.INCOMPLETE and not case.requirements:
        raise SetAsideError("Saken krever ingen dokumentasjon, så den kan ikke suppleres.")
    for text in (fact.measures, *(answer for _, answer in fact.answers)):
        _must_be_readable(text)
    given = Assessment(
        fact.outcome, fact.measures, sender.employee_number, today, fact.answers, fact.package, fact.lacking
    )
    return replace(case, assessment=given)


def _evaluation(case: Case, fact: EvaluationGiven, sender: Sender, today: date) -> Case:
    _must_be_manager(case, sender)
    if case.state is not State.ACTIVE or case.imposed:
        raise SetAsideError("Saken venter ikke på en evaluering.")
    _must_be_readable(fact.note)
    evaluation = case.open_evaluation or _extra_evaluation(case, today)
    given = replace(evaluation, outcome=fact.outcome, note=fact.note, answers=fact.answers)
    return case.with_evaluation(replace(given, given_by=sender.employee_number, given_on=today))


def _extra_evaluation(case: Case, today: date) -> Evaluation:
    """The manager may evaluate whenever something changes; what it was is never asked."""
    if case.start_on is None or case.start_on > today:
        raise SetAsideError("Avtalen har ikke begynt å gjelde ennå.")
    if case.last_day is not None and case.last_day < today:
        raise SetAsideError("Avtalen gjelder ikke lenger.")
    if any(known.given_on == today for known in case.evaluations):
        raise SetAsideError("Avtalen er allerede evaluert i dag.")
    sequence = 1 + max((known.sequence for known in case.evaluations), default=0)
    return Evaluation(sequence, today, Chase.begun(today), is_extra=True)


def _termination(case: Case, fact: TerminationGiven, sender: Sender, today: date, notice: TerminationRules) -> Case:
    """The last day that was said, but not before the notice is over: for the employee their own, else the manager's."""
    if not case.is_open:
        raise SetAsideError("Saken er allerede avsluttet.")
    _must_be_party(case, sender, "si opp avtalen")
    if case.imposed and not sender.is_hr:
        raise SetAsideError("Pålagt hjemmekontor kan ikke sies opp. Det opphører når perioden er over.")
    days = notice.employee_notice_days if sender.is_employee_of(case) else notice.manager_notice_days
    last_day = max(fact.last_day, today + timedelta(days=days))
    if case.termination is not None and fact.last_day <= case.termination.last_day <= last_day:
        return case  # said once more: the notice does not begin anew
    return replace(case, termination=Termination(last_day, sender.employee_number))


def _change(case: Case, fact: ChangeProposed, sender: Sender, today: date) -> Case:
    _must_be_party(case, sender, "foreslå en endring")
    if case.state is not State.ACTIVE or case.imposed:
        raise SetAsideError("Bare en avtale som gjelder, kan endres.")
    newest = case.newest_change
    if newest is not None and newest.is_open:
        raise SetAsideError("Det ligger allerede et forslag om endring i saken, som ikke er besvart.")
    if newest is not None and newest.outcome is ChangeOutcome.AGREED and newest.in_force_on is None:
        raise SetAsideError("En endring er avtalt, og må tre i kraft før det foreslås en ny.")
    if not 0 < fact.days_per_week <= 7:  # noqa: PLR2004 - days in a week
        raise SetAsideError("Endringen må ha mellom én halv og sju dager hjemme per uke.")
    if case.termination is not None or (case.last_day is not None and fact.start_on > case.last_day):
        raise SetAsideError("Avtalen er sagt opp, eller er over før endringen skal gjelde.")
    weekdays = fact.weekdays or kept_weekdays(
        case.application.weekdays, case.application.days_per_week, fact.days_per_week
    )
    if (fact.days_per_week, weekdays) == (case.application.days_per_week, case.application.weekdays):
        raise SetAsideError("Endringen sier det samme som avtalen.")
    sequence = 1 if newest is None else newest.sequence + 1
    by_employee = sender.is_employee_of(case)
    proposed = Change(sequence, sender.employee_number, today, by_employee, fact.days_per_week, weekdays, fact.start_on)
    return case.with_change(proposed)


def _acceptance(case: Case, fact: AcceptanceGiven, sender: Sender, today: date) -> Case:
    if case.state is State.ACTIVE:
        return _answer_to_change(case, fact, sender, today)
    _must_be_employee(case, sender)
    _must_be_collecting(case)
    if not fact.accepts:
        return replace(case, termination=Termination(today, sender.employee_number))
    if case.requirement(RequirementKind.SIGNED_AGREEMENT) is None:
        raise SetAsideError("Saken trenger ikke at avtalen godtas her.")
    return _accepted(case, today)


def _answer_to_change(case: Case, fact: AcceptanceGiven, sender: Sender, today: date) -> Case:
    """The other party says yes or no; whoever proposed may take it back."""
    _must_be_party(case, sender, "svare på en endring")
    change = case.newest_change
    if change is None or change.outcome is not None:
        raise SetAsideError("Saken venter ikke på svar på en endring.")
    is_own = sender.is_employee_of(case) is change.by_employee
    if is_own and fact.accepts:
        raise SetAsideError("Den som foreslår en endring, kan ikke også godta den.")
    outcome = ChangeOutcome.AGREED if fact.accepts else ChangeOutcome.DECLINED
    if is_own:
        outcome = ChangeOutcome.WITHDRAWN
    answered = replace(change, outcome=outcome, answered_by=sender.employee_number, answered_on=today)
    return case.with_change(answered)


def _hold(case: Case, fact: HoldGiven | HoldLifted, sender: Sender, today: date) -> Case:
    if not sender.is_hr:
        raise SetAsideError("Bare HR kan sette en sak på pause eller ta den opp igjen.")
    if not case.is_open:
        raise SetAsideError("Saken er avsluttet.")
    if isinstance(fact, HoldLifted):
        if case.hold is None:
            raise SetAsideError("Saken er ikke satt på pause.")
        return replace(case, hold=replace(case.hold, until=today - timedelta(days=1)))
    if not today <= fact.until <= today + LONGEST_HOLD:
        raise SetAsideError("Pausen må vare til en dag fra i dag og inntil ett år fram.")
    if case.hold is not None:
        return replace(case, hold=replace(case.hold, until=fact.until))
    return replace(case, hold=Hold(today, fact.until), holds=case.holds + 1)


def _accepted(case: Case, on: date | None) -> Case:
    """What the form says of the agreement, also when the tick is taken away again. A signed paper outweighs it."""
    signature = case.requirement(RequirementKind.SIGNED_AGREEMENT)
    if signature is None or signature.document is not None:
        return case
    return case.with_requirement(replace(signature, received_on=on))


def _received(case: Case, requirement: Requirement) -> Case:
    return case if case.requirement(requirement.kind) is None else case.with_requirement(requirement)


def _must_be_employee(case: Case, sender: Sender) -> None:
    if not sender.is_employee_of(case):
        raise SetAsideError("Svaret kom fra en annen enn den saken gjelder.")


def _must_be_manager(case: Case, sender: Sender) -> None:
    if sender.employee_number != case.manager_number and not sender.is_hr:
        raise SetAsideError("Svaret kom fra en annen enn nærmeste leder.")


def _must_be_party(case: Case, sender: Sender, doing: str) -> None:
    if sender.employee_number not in {case.employee_number, case.manager_number} and not sender.is_hr:
        raise SetAsideError(f"Bare den ansatte, nærmeste leder eller HR kan {doing}.")


def _must_be_collecting(case: Case) -> None:
    if case.state is State.COLLECTING:
        return
    if not case.is_open:
        raise SetAsideError("Saken er avsluttet.")
    raise SetAsideError("Saken tar ikke lenger imot dokumentasjon.")


def _must_be_readable(text: str | None) -> None:
    if text is not None and len(text) > LONGEST_TEXT:
        raise SetAsideError(f"Teksten er lengre enn {LONGEST_TEXT} tegn.")
