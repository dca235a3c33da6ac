"""Home office imposed on a unit or on everybody: a case each, with written information in place of an agreement."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from msgspec.structs import replace
from prefect import task
from sqlalchemy import Connection

from agreements.actions import Action, Notice, Role
from agreements.case import Application, Case, Place, State
from agreements.rules.opening import imposed_notice
from agreements.words import date_in_words
from config.errors import ExpectedError
from integrations.database.cases import (
    Decided,
    Stamp,
    add_cases,
    imposed_case_numbers,
    load_cases,
    next_case_ordinal,
    open_cases_of,
    save_decisions,
)
from integrations.database.inbox import is_carried_out
from integrations.database.staff import StaffEntry, employed_in_unit
from tasks.advisers import as_hr
from tasks.batches import LOCAL, batches
from tasks.night import Night, this_night
from tasks.registering import ALREADY

WHOLE_WEEK = 5.0
NOBODY_ANYWHERE = "Ingen er pålagt hjemmekontor nå."
NOBODY_IN_THE_UNIT = "Ingen i denne enheten er pålagt hjemmekontor nå. Se om enhetens id er riktig."


class NobodyToImposeOnError(ExpectedError):
    """The unit does not exist, or has nobody in it, or the order cannot be right."""


class NotImposedError(ExpectedError):
    """There is no imposed home office to end: a unit that is mistyped must not pass for one that is called back."""


@task(name="impose", **LOCAL)
def impose(unit_id: str | None, start_on: date, end_on: date, discussed_on: date, adviser: str) -> Counter[str]:
    """Everybody in the unit, or everybody; imposing the same twice does nothing twice.

    Whoever has an agreement in force keeps it and is told of the period as well.

    Args:
        unit_id: the unit by its id in HR, None for everybody.
        start_on: the first day.
        end_on: the last day.
        discussed_on: the day it was discussed with the unions, without which it cannot be imposed (regulation § 2).
        adviser: the employee number of whoever registers it.

    Raises:
        NobodyToImposeOnError: no such unit, nobody in it, a period that ends before it begins, or a discussion that
            has not been held.
    """
    night = this_night()
    order = Application(WHOLE_WEEK, None, start_on, end_on, Place.HOME)
    with night.database.transaction() as connection:
        if is_carried_out(connection, night.run, night.on):
            return Counter({ALREADY: 1})
        _must_be_in_order(order, discussed_on, night.on)
        staff = employed_in_unit(connection, unit_id, start_on)
        if not staff:
            raise NobodyToImposeOnError("Enheten finnes ikke, eller har ingen ansatte.")
        busy = open_cases_of(connection, list(staff))
        free = {number: entry for number, entry in staff.items() if number not in busy}
        add_cases(connection, _sent_home(connection, night, free, order, discussed_on))
        also = [case.number for case in busy.values() if case.state is State.ACTIVE and not case.imposed]
        stamp = night.stamp(as_hr(adviser))
        told = sum(_tell(connection, night, batch, order, discussed_on, stamp) for batch in batches(also))
    return Counter({"pålagt hjemmekontor": len(free), "har avtale og er informert": told})


@task(name="revert", **LOCAL)
def revert(unit_id: str | None, last_day: date, adviser: str) -> Counter[str]:
    """Imposed home office in the unit, or for everybody, ends with this day; a later end is not given by it.

    Raises:
        NotImposedError: nobody there is at home by order.
    """
    night = this_night()
    with night.database.transaction() as connection:
        if is_carried_out(connection, night.run, night.on):
            return Counter({ALREADY: 1})
        numbers = imposed_case_numbers(connection, unit_id)
        if not numbers:
            raise NotImposedError(NOBODY_ANYWHERE if unit_id is None else NOBODY_IN_THE_UNIT)
        stamp = night.stamp(as_hr(adviser))
        shortened = sum(_shorten(connection, night, batch, last_day, stamp) for batch in batches(numbers))
    return Counter({"pålagt hjemmekontor forkortet": shortened})


def _must_be_in_order(order: Application, discussed_on: date, today: date) -> None:
    if order.end_on is None or order.end_on < max(order.start_on, today):
        raise NobodyToImposeOnError("Perioden slutter før den begynner, eller er allerede over.")
    if discussed_on > today:
        raise NobodyToImposeOnError("Drøftingen med de tillitsvalgte må være holdt før hjemmekontor pålegges.")


def _sent_home(
    connection: Connection, night: Night, staff: dict[str, StaffEntry], order: Application, discussed_on: date
) -> list[Case]:
    first = next_case_ordinal(connection)
    return [
        Case(
            number=f"HK-{night.on.year}-{ordinal:05d}",
            employee_number=number,
            manager_number=entry.manager_number,
            led_by=entry.manager_number,
            unit_id=entry.unit_id,
            placed_in=entry.unit_id,
            away=entry.is_away,
            is_leader=entry.is_leader,
            position_percentage=entry.position_percentage,
            state=State.RECEIVED,
            applied_on=night.on,
            application=order,
            imposed=True,
            discussed_on=discussed_on,
            left_on=entry.left_on,
        )
        for ordinal, (number, entry) in enumerate(staff.items(), start=first)
    ]


def _tell(  # noqa: PLR0913, PLR0917 - what is told, of whom, by whom
    connection: Connection, night: Night, numbers: Sequence[str], order: Application, discussed_on: date, stamp: Stamp
) -> int:
    """One action on each agreement in force, whose extent is overruled for a while; told once for each period."""

    def action(case: Case) -> Action | None:
        if case.discussed_on == discussed_on:
            return None
        notice = imposed_notice(case, order, night.policy)
        after = replace(case, discussed_on=discussed_on)
        return Action(f"imposed.also.{discussed_on:%Y%m%d}", case, after, (notice,))

    return _act(connection, night, numbers, action, stamp)


def _act(
    connection: Connection, night: Night, numbers: Sequence[str], action: Callable[[Case], Action | None], stamp: Stamp
) -> int:
    """The action on each case for which there is one; how many that were."""
    decided = [
        Decided(version, done.after, [done])
        for version, case in load_cases(connection, numbers).values()
        if (done := action(case)) is not None
    ]
    save_decisions(connection, decided, night.policy, stamp)
    return len(decided)


def _shorten(connection: Connection, night: Night, numbers: Sequence[str], last_day: date, stamp: Stamp) -> int:
    return _act(connection, night, numbers, partial(_shortened, last_day=last_day, today=night.on), stamp)


def _shortened(case: Case, last_day: date, today: date) -> Action | None:
    if case.end_on is None or case.end_on <= last_day:
        return None
    notice = Notice("imposed_shortened", Role.EMPLOYEE, detail=date_in_words(last_day))
    notices = (notice,) if last_day >= today else ()
    return Action(f"imposed.shortened.{last_day:%Y%m%d}", case, replace(case, end_on=last_day), notices)
