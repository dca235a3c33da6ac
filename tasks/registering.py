"""What HR registers in a form goes the way of what people answer in the lists: the inbox first, then the rules."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from prefect import task
from sqlalchemy import Connection

from agreements.actions import Action
from agreements.case import Case, State
from agreements.decide import ALL_RULES
from agreements.words import rule_in_words
from config.errors import ExpectedError
from config.sharepoint import APPLICATIONS, CASE_LIBRARY, CASE_NUMBER
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.history import case_named
from integrations.database.inbox import (
    is_carried_out,
    register,
    registered,
    registered_as,
    set_aside_in,
    vouch,
    waiting,
)
from integrations.database.rejected import reasons_for
from integrations.database.staff import staff_entries
from integrations.forms import EMPLOYEE_NUMBER, FOR_EMPLOYEE, PLACES
from tasks.advisers import as_hr, must_be_impartial
from tasks.archiving import to_the_archive
from tasks.batches import LOCAL
from tasks.closing import close_folders
from tasks.deciding import decide_cases
from tasks.delivering import open_folders, share_folders
from tasks.night import Night, counting, this_night
from tasks.opening import open_now
from tasks.reading import read_answers
from tasks.receiving import TAKEN_IN, folder_cases, take_in_now, take_in_uploads

ALREADY = "registrert fra før"
NO_FILE = "Det ligger ingen fil i saksmappen som venter på å bli tatt imot."
Fields = Mapping[str, Any]


class NotRegisteredError(ExpectedError):
    """What the form says cannot be taken in; nothing of it is kept."""


def register_answer(source: str, case_number: str, fields: Fields, adviser: str) -> Counter[str]:
    """An answer as if it had come in the list `source`, taken in at once; sent twice in a day it is taken in once.

    Raises:
        NoSuchCaseError, NotAnAdviserError, NotRegisteredError: one sentence for whoever filled in the form.
    """
    night = this_night()
    with night.database.transaction() as connection:
        case = case_named(connection, case_number)
        night.about.append(case.number)
        must_be_impartial(adviser, case.employee_number)
        said = {CASE_NUMBER.name: case.number, **fields}
        row = register(connection, source, said, adviser, night.on, item=registered_as(night.asked_on, said))
        if row.status != "new":
            return Counter({ALREADY: 1})
        verdict = take_in_now(connection, night, row)
        if verdict.reason is not None:
            raise NotRegisteredError(f"{case.number}: {verdict.reason}")
    return Counter({rule_in_words(f"fact.{source}"): 1})


def register_files(case_number: str, adviser: str) -> Counter[str]:
    """What lies in the case's folder from somebody else than the employee, on the adviser's word that it is theirs.

    Raises as `register_answer`, and GraphError or GraphUnreachableError when the folder cannot be read.
    """
    night = this_night()
    with night.database.transaction() as connection:
        case = case_named(connection, case_number)
        must_be_impartial(adviser, case.employee_number)
    night.about.append(case.number)
    read_answers([], uploads=True)
    with night.database.transaction() as connection:
        waiting_rows = waiting(connection, [CASE_LIBRARY])
        numbers = folder_cases(connection, waiting_rows)
        fresh = [row for row in waiting_rows if numbers[row.id] == case.number]
        files = [*set_aside_in(connection, CASE_LIBRARY, case.number), *fresh]
        vouch(connection, files, adviser, {FOR_EMPLOYEE: True})
        is_known = is_carried_out(connection, night.run, night.on)
        if not files and not is_known:
            raise NotRegisteredError(f"{case.number}: {NO_FILE}")
    if not files:
        return Counter({ALREADY: 1})
    counts = take_in_uploads(case.number)
    with night.database.transaction() as connection:
        reasons = reasons_for(connection, CASE_LIBRARY, [str(row.id) for row in files])
    if reasons and not counts[TAKEN_IN]:
        raise NotRegisteredError(f"{case.number}: {' '.join(reasons)}")
    return +counts


def register_application(employee_number: str, fields: Fields, adviser: str) -> Counter[str]:
    """An application as if the employee had sent it in the list; raises as `register_answer`."""
    night = this_night()
    with night.database.transaction() as connection:
        item = registered_as(night.asked_on, {EMPLOYEE_NUMBER: employee_number, **fields})
        return _apply(connection, night, employee_number, fields, adviser, item)


def register_renewal(case_number: str, changed: Fields, adviser: str) -> Counter[str]:
    """An application for what the agreement in force says, but for what is changed, from the day after it is over.

    Raises as `register_answer`.
    """
    night = this_night()
    with night.database.transaction() as connection:
        number = case_named(connection, case_number).number
        _, case = load_cases(connection, [number])[number]
        # What the agreement says by now is no part of what was sent, and it may be over since.
        item = registered_as(night.asked_on, {CASE_NUMBER.name: number, **changed})
        is_known = registered(connection, APPLICATIONS.name, item) is not None
        if not is_known and (case.state is not State.ACTIVE or case.imposed or case.end_on is None):
            raise NotRegisteredError(f"{number}: Bare en avtale som gjelder, kan fornyes. Registrer en ny søknad.")
        return _apply(connection, night, case.employee_number, {**_as_now(case), **changed}, adviser, item)


def decide_what_follows(flow: str) -> Counter[str]:
    """All rules on the cases that the form was about, now and not tonight."""
    return decide_cases(flow, this_night().about, ALL_RULES)


@task(name="deliver-at-once", **LOCAL)
def deliver_at_once() -> Counter[str]:
    """Folders and documents that what was registered has brought about; what fails is tried again at night."""
    with counting() as counts:
        counts.update(open_folders())
        counts.update(share_folders())
        counts.update(to_the_archive())
        counts.update(close_folders())
    return +counts


def _apply(  # noqa: PLR0913, PLR0917 - who applies for what, who registers it, and how it is known again
    connection: Connection, night: Night, employee_number: str, fields: Fields, adviser: str, item: str
) -> Counter[str]:
    must_be_impartial(adviser, employee_number)
    _must_be_known(connection, employee_number)
    wanted = {EMPLOYEE_NUMBER: employee_number, **fields}
    row = register(connection, APPLICATIONS.name, wanted, adviser, night.on, item=item)
    if row.status != "new":
        night.about.append(row.case_number)
        return Counter({ALREADY: 1})
    verdict = open_now(connection, night, row)
    if verdict.case_number is None or verdict.reason is not None:
        raise NotRegisteredError(verdict.reason or "")
    night.about.append(verdict.case_number)
    version, case = load_cases(connection, [verdict.case_number])[verdict.case_number]
    registered = Action("application.registered", case, case, actor=as_hr(adviser))
    save_decisions(connection, [Decided(version, case, [registered])], night.policy, night.stamp(as_hr(adviser)))
    return Counter({rule_in_words(registered.rule): 1})


def _must_be_known(connection: Connection, employee_number: str) -> None:
    """Raises NotRegisteredError when HR's system knows nobody by the number."""
    if employee_number not in staff_entries(connection, [employee_number]):
        raise NotRegisteredError("Ansattnummeret til den som søker, finnes ikke blant de ansatte i HR-systemet.")


def _as_now(case: Case) -> dict[str, Any]:
    day_after = case.end_on + timedelta(days=1) if case.end_on else case.application.start_on
    names = {place: name for name, place in PLACES.items()}
    return {
        "DagerPerUke": case.application.days_per_week,
        "Ukedager": case.application.weekdays,
        "FraDato": day_after.isoformat(),
        "Sted": names[case.application.place],
    }
