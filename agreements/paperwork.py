"""The words of a case's documents: agreement, evaluation record, end note. Pure: what they look like is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from agreements.calendar import last_day_of_period
from agreements.case import Assessment, Case, Change, EndReason, Evaluation, FilingKind, RequirementKind
from agreements.documents import (
    AgreementDocument,
    Answer,
    Clause,
    Confirmation,
    Language,
    Package,
    RecordDocument,
    Term,
)
from agreements.policy import Policy
from agreements.weekdays import listed, shown_weekdays
from agreements.wording import WORDINGS, Wording
from agreements.words import days_in_words


@dataclass(frozen=True, slots=True)
class People:
    """The names a case's documents print; `names` also holds whoever assessed or evaluated, by employee number."""

    employee_name: str
    unit_name: str | None
    manager_name: str | None
    names: Mapping[str, str]


HOLDS_WHEN_IMPOSED = ("b", "c", "g", "h")


def file_name(kind: FilingKind, sequence: int, case_number: str, language: Language) -> str:
    words = WORDINGS[language]
    is_new_version = kind is FilingKind.AGREEMENT and sequence > 1
    pattern = words.new_version_file_name if is_new_version else words.file_names[kind]
    return pattern.format(number=case_number, sequence=sequence)


def agreement(case: Case, policy: Policy, people: People, dated_on: date, *, is_draft: bool) -> AgreementDocument:
    """The written agreement of the regulation's § 2: the policy's clauses with this case's figures in them."""
    start_on = case.start_on or case.application.start_on
    longest = last_day_of_period(start_on, policy.period.months)
    end_on = case.end_on or min(case.application.end_on or longest, longest)
    answers = case.requirement(RequirementKind.ANSWERS)
    return AgreementDocument(
        language=policy.language,
        case_number=case.number,
        version=case.version,
        dated_on=dated_on,
        municipality=policy.municipality,
        employee_name=people.employee_name,
        employee_number=case.employee_number,
        unit_name=people.unit_name or None,
        manager_name=people.manager_name,
        start_on=start_on,
        end_on=end_on,
        days_per_week=case.application.days_per_week,
        weekdays=shown_weekdays(case.application.weekdays, policy.language),
        changed_from=_changed_from(case),
        clauses=_clauses(case, policy, start_on, end_on),
        answers=() if answers is None else tuple(Answer(*pair) for pair in answers.answers),
        equipment=case.equipment,
        package=_package(case, policy),
        photo_filed_with=_photo_filed_with(case),
        measures=None if case.assessment is None else case.assessment.measures,
        confirmations=() if is_draft else _confirmations(case, people, WORDINGS[policy.language]),
        is_draft=is_draft,
    )


def agreed_on(case: Case) -> date | None:
    """The day of the agreement's newest version: when its change came into force, else when it was approved."""
    changed = [change.in_force_on for change in case.changes if change.in_force_on is not None]
    approved = None if case.assessment is None else case.assessment.given_on
    return max(changed, default=approved)


def evaluation_record(case: Case, evaluation: Evaluation, policy: Policy, people: People) -> RecordDocument:
    if evaluation.outcome is None or evaluation.given_on is None or evaluation.given_by is None:
        raise AssertionError(f"{case.number}: evaluation {evaluation.sequence} is not answered")
    words = WORDINGS[policy.language]
    return RecordDocument(
        language=policy.language,
        case_number=case.number,
        dated_on=evaluation.given_on,
        municipality=policy.municipality,
        title=words.evaluation_title.format(sequence=evaluation.sequence),
        terms=(
            Term(words.employee, people.employee_name),
            Term(words.evaluated_by, people.names.get(evaluation.given_by, words.hr_for_manager)),
            Term(words.evaluated_on, norwegian_date(evaluation.given_on)),
            *(() if evaluation.is_extra else (Term(words.due_on, norwegian_date(evaluation.due_on)),)),
            Term(words.outcome, words.outcomes[evaluation.outcome]),
        ),
        paragraphs=(*_scores(evaluation, policy, words), *([] if evaluation.note is None else [evaluation.note])),
    )


def information_letter(case: Case, policy: Policy, people: People) -> RecordDocument:
    """The written information that replaces an agreement while home office is imposed (regulation § 2).

    What the policy says of working hours, availability, equipment and confidentiality (§ 2 b, c, g, h) holds then too.
    """
    if case.start_on is None or case.end_on is None or case.discussed_on is None:
        raise AssertionError(f"{case.number}: not imposed")
    words = WORDINGS[policy.language]
    period = words.from_to.format(start_on=norwegian_date(case.start_on), end_on=norwegian_date(case.end_on))
    holds = [each for each in _clauses(case, policy, case.start_on, case.end_on) if each.letter in HOLDS_WHEN_IMPOSED]
    packages = [package for package in policy.equipment_packages if package.only_when_imposed]
    return RecordDocument(
        language=policy.language,
        case_number=case.number,
        dated_on=case.applied_on,
        municipality=policy.municipality,
        title=words.information_title,
        terms=(
            Term(words.employee, people.employee_name),
            *(() if not people.unit_name else (Term(words.unit, people.unit_name),)),
            Term(words.period, period),
            Term(words.discussed_on, norwegian_date(case.discussed_on)),
        ),
        paragraphs=(
            words.instead_of_agreement,
            *(f"{clause.heading}: {clause.text}" for clause in holds),
            *(f"{package.name}: {package.text}" for package in packages),
        ),
    )


def end_note(case: Case, policy: Policy, people: People) -> RecordDocument:
    if case.ended_on is None or case.end_reason is None:
        raise AssertionError(f"{case.number}: has not ended")
    words = WORDINGS[policy.language]
    return RecordDocument(
        language=policy.language,
        case_number=case.number,
        dated_on=case.ended_on,
        municipality=policy.municipality,
        title=words.imposed_end_note_title if case.imposed else words.end_note_title,
        terms=(
            Term(words.employee, people.employee_name),
            *_held(case, words),
            Term(words.ended_on, norwegian_date(case.ended_on)),
            Term(words.reason, words.end_reasons[case.end_reason]),
            *_notice(case, words),
        ),
    )


def _held(case: Case, words: Wording) -> tuple[Term, ...]:
    """The first and the last day it held; nothing when it ended before it began."""
    last_day = case.last_day or case.ended_on
    if case.start_on is None or last_day is None or last_day < case.start_on:
        return ()
    began, ended = (words.imposed_from, words.imposed_last_day) if case.imposed else (words.started_on, words.last_day)
    return Term(began, norwegian_date(case.start_on)), Term(ended, norwegian_date(last_day))


def _notice(case: Case, words: Wording) -> tuple[Term, ...]:
    """Which party gave notice, never why. What HR registered may be either's."""
    if case.end_reason is not EndReason.TERMINATED or case.termination is None:
        return ()
    given_by = case.termination.given_by
    if given_by == case.employee_number:
        return (Term(words.notice, words.notice_by_employee),)
    is_of_hr = given_by == "HR" or given_by.startswith("HR ")
    return (Term(words.notice, words.notice_by_hr if is_of_hr else words.notice_by_employer),)


def norwegian_date(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _scores(evaluation: Evaluation, policy: Policy, words: Wording) -> tuple[str, ...]:
    """What was answered in numbers, in the policy's order; a question that is gone since is called by its column."""
    texts = {question.column: question.text for question in policy.evaluation.questions}
    place = [*texts, *(column for column, _ in evaluation.answers if column not in texts)].index
    answers = sorted(evaluation.answers, key=lambda answer: place(answer[0]))
    return tuple(words.score.format(statement=texts.get(column, column), score=score) for column, score in answers)


def _changed_from(case: Case) -> date | None:
    """The first day of the extent that the newest version says: as proposed, but not before both had said yes."""
    in_force = [change for change in case.changes if change.in_force_on is not None]
    newest = max(in_force, key=lambda change: change.sequence, default=None)
    return None if newest is None else max(newest.start_on, newest.answered_on or newest.start_on)


def _clauses(case: Case, policy: Policy, start_on: date, end_on: date) -> tuple[Clause, ...]:
    weekdays = shown_weekdays(case.application.weekdays, policy.language)
    figures = {
        "days_per_week": days_in_words(case.application.days_per_week, policy.language),
        "weekdays": listed(weekdays) or WORDINGS[policy.language].weekdays_open,
        "start_on": norwegian_date(start_on),
        "end_on": norwegian_date(end_on),
        "municipality": policy.municipality,
    }
    return tuple(Clause(clause.letter, clause.heading, clause.text.format_map(figures)) for clause in policy.clauses)


def _confirmations(case: Case, people: People, words: Wording) -> tuple[Confirmation, ...]:
    found = []
    signature = case.requirement(RequirementKind.SIGNED_AGREEMENT)
    if signature is not None and signature.received_on is not None:
        how = words.accepted_in_form if signature.document is None else words.uploaded_signed
        found.append(Confirmation(people.employee_name, words.employee, signature.received_on, how, signature.document))
    if case.assessment is not None:
        found.append(_confirmation_of_approval(case.assessment, people, words))
    for change in case.changes:
        found += _confirmations_of_change(change, people, words)
    return tuple(found)


def _confirmation_of_approval(given: Assessment, people: People, words: Wording) -> Confirmation:
    """The manager's yes; whoever is not among the employees is HR, on the manager's behalf."""
    name = people.names.get(given.given_by)
    if name is None:
        return Confirmation(words.hr_for_manager, words.manager, given.given_on, words.approved_by_hr)
    return Confirmation(name, words.manager, given.given_on, words.approved_in_form)


def _confirmations_of_change(change: Change, people: People, words: Wording) -> list[Confirmation]:
    """Who proposed a change that came into force, and who accepted it."""
    if change.in_force_on is None or change.answered_by is None or change.answered_on is None:
        return []
    parties = [(words.employee, words.hr_for_employee), (words.manager, words.hr_for_manager)]
    (proposer, hr_proposing), (answerer, hr_answering) = parties if change.by_employee else reversed(parties)
    names, number = people.names, change.sequence
    proposed = words.proposed_change if change.proposed_by in names else words.proposed_by_hr
    accepted = words.accepted_change if change.answered_by in names else words.accepted_by_hr
    return [
        Confirmation(
            names.get(change.proposed_by, hr_proposing), proposer, change.proposed_on, proposed.format(version=number)
        ),
        Confirmation(
            names.get(change.answered_by, hr_answering), answerer, change.answered_on, accepted.format(version=number)
        ),
    ]


def _photo_filed_with(case: Case) -> str | None:
    """Where the photo is when it is not in this document: with an earlier case, or with this one's first version."""
    photo = case.requirement(RequirementKind.PHOTO)
    if photo is None or photo.document is None:
        return None
    return photo.carried_from or (case.number if case.version > 1 else None)


def _package(case: Case, policy: Policy) -> Package | None:
    """The package that the manager chose, as the policy describes it today."""
    chosen = None if case.assessment is None else case.assessment.package
    found = next((each for each in policy.equipment_packages if each.name == chosen), None)
    return None if found is None else Package(found.name, found.text, found.max_amount)
