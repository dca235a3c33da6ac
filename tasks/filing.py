"""Documents for the personnel folder: written once, their bytes fixed before the first attempt to deliver them."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from prefect import task
from sqlalchemy import Connection

from agreements.archiving import next_turn, registered_together
from agreements.case import Case, Filing, FilingKind, RequirementKind
from agreements.paperwork import (
    People,
    agreed_on,
    agreement,
    end_note,
    evaluation_record,
    file_name,
    information_letter,
)
from integrations.database.cases import load_cases
from integrations.database.outgoing import (
    Prepared,
    document,
    filings_to_prepare,
    forget_documents,
    keep_prepared,
    names_of,
    people_of_cases,
)
from integrations.database.rows import AnyRow
from integrations.documents.agreement import render_agreement, render_record
from integrations.graph.quickxor import quick_xor_hash
from tasks.announcing import Subject, announce, place_of
from tasks.batches import LOCAL, batches
from tasks.night import Night, this_night

MEDIA_TYPES = {FilingKind.PHOTO: "image/jpeg"}


@task(name="write-documents", **LOCAL)
def write_documents() -> Counter[str]:
    """Every filing that has no content yet gets it: agreement, uploads, evaluation record, end note."""
    night = this_night()
    with night.database.transaction() as connection:
        wanted = filings_to_prepare(connection)
    written = 0
    for batch in batches(sorted({row.case_number for row in wanted})):
        with night.database.transaction() as connection:
            written += _write_batch(connection, night, batch, [row for row in wanted if row.case_number in batch])
    with night.database.transaction() as connection:
        forget_documents(connection)
    return Counter({"dokumenter skrevet": written})


def load_people(connection: Connection, cases: Sequence[Case]) -> dict[str, People]:
    """The names each case's documents print."""
    rows = people_of_cases(connection, [case.number for case in cases])
    involved = {case.assessment.given_by for case in cases if case.assessment is not None}
    involved |= {evaluation.given_by for case in cases for evaluation in case.evaluations if evaluation.given_by}
    involved |= {
        by for case in cases for change in case.changes for by in (change.proposed_by, change.answered_by) if by
    }
    names = names_of(connection, sorted(involved))
    return {number: People(row.employee_name, row.unit_name, row.manager_name, names) for number, row in rows.items()}


def _write_batch(connection: Connection, night: Night, numbers: Sequence[str], wanted: Sequence[AnyRow]) -> int:
    """How many were written. An upload that is not kept is left out, and its errand says so (tasks.delivering)."""
    written = 0
    loaded = load_cases(connection, numbers)
    people = load_people(connection, [case for _, case in loaded.values()])
    for number, (_, case) in loaded.items():
        mine = [Filing(FilingKind(row.kind), row.sequence) for row in wanted if row.case_number == number]
        turn = next_turn(case)
        for together in registered_together(mine):
            found = [(filing, _content(connection, night, case, people[number], filing)) for filing in together]
            prepared = [
                _prepared(night, case, filing, turn, content) for filing, content in found if content is not None
            ]
            if prepared:
                for each in prepared:
                    keep_prepared(connection, each, night.on)
                announce(connection, night, Subject(case, people[number], turn), prepared)
                turn, written = turn + 1, written + len(prepared)
    return written


def _content(connection: Connection, night: Night, case: Case, people: People, filing: Filing) -> bytes | None:
    match filing.kind:
        case FilingKind.AGREEMENT:
            case = case.at_version(filing.sequence)
            words = agreement(case, night.policy, people, agreed_on(case) or night.on, is_draft=False)
            return render_agreement(words, _uploaded(connection, case, RequirementKind.PHOTO))
        case FilingKind.PHOTO | FilingKind.SIGNED_AGREEMENT:
            return _uploaded(connection, case, RequirementKind(filing.kind.value))
        case FilingKind.INFORMATION:
            return render_record(information_letter(case, night.policy, people))
        case FilingKind.EVALUATION:
            evaluation = next(each for each in case.evaluations if each.sequence == filing.sequence)
            return render_record(evaluation_record(case, evaluation, night.policy, people))
        case FilingKind.END_NOTE:
            return render_record(end_note(case, night.policy, people))
        case FilingKind.ARKIVMELDING:
            raise AssertionError(f"{case.number}: a message is written together with what it tells of")


def _uploaded(connection: Connection, case: Case, kind: RequirementKind) -> bytes | None:
    requirement = case.requirement(kind)
    return None if requirement is None or requirement.document is None else document(connection, requirement.document)


def _prepared(night: Night, case: Case, filing: Filing, turn: int, content: bytes) -> Prepared:
    library, path = place_of(
        night, case, turn, file_name(filing.kind, filing.sequence, case.number, night.policy.language)
    )
    return Prepared(
        case_number=case.number,
        kind=filing.kind,
        sequence=filing.sequence,
        path=path,
        content=content,
        media_type=MEDIA_TYPES.get(filing.kind, "application/pdf"),
        sha256=sha256(content).hexdigest(),
        quick_xor_hash=quick_xor_hash(content),
        library=library,
    )
