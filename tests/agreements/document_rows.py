"""What a row of the five documents' tables is, and the ways to show that a rule holds under a policy."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

import msgspec

from agreements.advice import advice
from agreements.case import Application, AssessmentOutcome, Case, EvaluationOutcome, RequirementKind, State
from agreements.decide import decide
from agreements.intake import (
    AnswersGiven,
    AssessmentGiven,
    Fact,
    FileReceived,
    Sender,
    TerminationGiven,
    take_in,
)
from agreements.policy import Policy, UnitDecision
from agreements.rules.evaluation import ask_due
from config.sharepoint import ANSWERS, ASSESSMENTS, Column, lists_of
from tests.agreements.factories import (
    EMPLOYEE,
    MANAGER,
    MONDAY,
    PHOTO_HASH,
    active,
    answered,
    application,
    imposed,
    in_assessment,
    received,
)

Finder = Callable[[Policy], object]
YEAR_OVER = date(2027, 3, 1)
"""The last day of an agreement of twelve months from `MONDAY`."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One rule of a document: a few words of its line in the extraction, its place in the policy, and what shows it."""

    quote: str
    place: str
    found: Finder
    expected: object


def key(quote: str, place: str, value: object) -> DocumentRow:
    """The rule is a value in the policy."""
    return DocumentRow(quote, place, attrgetter(place), value)


def clause(quote: str, which: str, words: str) -> DocumentRow:
    """The rule is said in the agreement: in the clause with this letter, or this heading where it only informs."""
    return DocumentRow(quote, f"clauses: {which}", lambda policy: words in clause_text(policy, which), expected=True)


def asked_of_manager(quote: str, *columns: str) -> DocumentRow:
    """The rule asks for judgement: these columns are in the form of the manager."""
    return _asked(quote, "manager_questions", ASSESSMENTS.name, columns)


def asked_of_employee(quote: str, *columns: str) -> DocumentRow:
    return _asked(quote, "employee_questions", ANSWERS.name, columns)


def question(quote: str, column: str, words: str) -> DocumentRow:
    """The question of this column asks about that."""

    def found(policy: Policy) -> object:
        questions = (*policy.employee_questions, *policy.manager_questions)
        return [words in each.text for each in questions if each.column == column]

    return DocumentRow(quote, f"question {column}", found, [True])


def lent_or_own(quote: str, *items: str) -> DocumentRow:
    """Each item is a choice in the employee's form: own, lent, or none."""

    def found(policy: Policy) -> object:
        columns = [column for column in _columns(policy, ANSWERS.name).values() if column.name.startswith("Utstyr")]
        return [(column.title, column.choices) for column in columns]

    choices = ("Har selv", "Låner av arbeidsgiver", "Har ikke")
    return DocumentRow(quote, "equipment", found, [(item, choices) for item in items])


def sorted_as(quote: str, place: str, rule: str, /, **changes: object) -> DocumentRow:
    """An application that differs so from an ordinary one is sorted by this rule."""
    return DocumentRow(quote, place, lambda policy: first_rule(policy, application(**changes)), rule)


def remarked(quote: str, place: str, /, *, is_remarked: bool, **changes: object) -> DocumentRow:
    """Whether the manager is told something besides the question when an application differs so."""
    asked_for = application(**changes)
    return DocumentRow(
        quote,
        place,
        lambda policy: advice(in_assessment(application=asked_for), policy) is not None,
        is_remarked,
    )


def clause_text(policy: Policy, which: str) -> str:
    return next(each.text for each in policy.clauses if which in {each.letter, each.heading})


def first_rule(policy: Policy, asked_for: Application) -> str:
    return decide(received(asked_for), policy, MONDAY)[0].rule


def letters(policy: Policy) -> set[str]:
    return {each.letter for each in policy.clauses if each.letter}


def evaluation_days(policy: Policy) -> tuple[date, ...]:
    """When an agreement of a year from `MONDAY` is evaluated, each evaluation being answered on its day."""
    case, days = active(), list[date]()
    while (due_on := ask_due(case, policy)) is not None:
        days.append(due_on)
        case = case.with_evaluation(answered(len(days), EvaluationOutcome.CONTINUE, due_on))
    return tuple(days)


def last_day_when_terminated(policy: Policy, by: str) -> date:
    """Terminated on `MONDAY`, as of the same day."""
    case = take_in(active(), TerminationGiven(MONDAY), Sender(by), MONDAY, policy.termination)
    if case.termination is None:
        raise AssertionError("a termination was taken in and is not there")
    return case.termination.last_day


def informed_when_imposed(policy: Policy) -> object:
    action = decide(imposed(), policy, MONDAY)[0]
    return action.rule, action.after.state


IMPOSED = ("imposed.informed", State.ACTIVE)


def decided_by_a_unit(policy: Policy) -> object:
    """What is usual in a unit that has decided on one day a week, and in another."""
    decided = UnitDecision(
        unit_id="O-1", max_days_per_week=1.0, discussed_with_unions_on=MONDAY, safety_service_involved_on=MONDAY
    )
    changed = msgspec.structs.replace(policy, units=(decided,))
    return changed.limits_in("O-1").max_days_per_week, changed.limits_in("O-2").max_days_per_week


def said_no(policy: Policy) -> object:
    """Where the manager rejects, the case is over."""
    case = take_in(in_assessment(), AssessmentGiven(AssessmentOutcome.REJECTED, None), Sender(MANAGER), MONDAY)
    return decide(case, policy, MONDAY)[-1].after.state


@dataclass(frozen=True, slots=True)
class Life:
    """A case run from application to agreement in force, with the rules on the way."""

    case: Case
    rules: tuple[str, ...]


def normal_life(policy: Policy, asked_for: Application | None = None, measures: str | None = None) -> Life:
    """Everybody answers the same day, and the archive confirms what it was given."""
    life = _decided(Life(received(asked_for), ()), policy)
    for fact in _owed_by_employee(life.case, policy):
        life = replace(life, case=take_in(life.case, fact, Sender(EMPLOYEE), MONDAY))
    life = _decided(life, policy)
    answers = tuple((question.text, "Ja") for question in policy.manager_questions)
    approval = AssessmentGiven(AssessmentOutcome.APPROVED, measures, answers)
    life = _decided(replace(life, case=take_in(life.case, approval, Sender(MANAGER), MONDAY)), policy)
    filings = tuple(msgspec.structs.replace(filing, verified=True) for filing in life.case.filings)
    return _decided(replace(life, case=msgspec.structs.replace(life.case, filings=filings)), policy)


def _owed_by_employee(case: Case, policy: Policy) -> list[Fact]:
    answers = tuple((question.text, "Godt") for question in policy.employee_questions)
    photo = [FileReceived(RequirementKind.PHOTO, PHOTO_HASH)] if RequirementKind.PHOTO in case.missing else []
    return [*photo, AnswersGiven(answers, accepts_agreement=True)]


def _decided(life: Life, policy: Policy) -> Life:
    actions = decide(life.case, policy, MONDAY)
    after = actions[-1].after if actions else life.case
    return Life(after, (*life.rules, *(action.rule for action in actions)))


def _columns(policy: Policy, list_name: str) -> dict[str, Column]:
    definition = next(each for each in lists_of(policy) if each.name == list_name)
    return {column.name: column for column in definition.columns}


def _asked(quote: str, place: str, list_name: str, columns: tuple[str, ...]) -> DocumentRow:
    return DocumentRow(
        quote,
        f"{place}: {', '.join(columns)}",
        lambda policy: [name for name in _columns(policy, list_name) if name in columns],
        list(columns),
    )
