"""Home office imposed on a unit: a case each, with written information in place of an agreement."""

from collections import Counter
from datetime import date

from prefect import task

from agreements.case import Application, Case, Place, State
from config.errors import ExpectedError
from integrations.database.cases import add_cases, next_case_ordinal, open_cases_of
from integrations.database.staff import employed_in_unit
from tasks.batches import LOCAL
from tasks.night import this_night

WHOLE_WEEK = 5.0


class NobodyToImposeOnError(ExpectedError):
    """The unit does not exist, or has nobody in it."""


@task(name="impose-on-unit", **LOCAL)
def impose_on_unit(unit_id: str, start_on: date, end_on: date) -> Counter[str]:
    """Everybody in the unit who has no case already; imposing the same twice does nothing twice.

    Raises:
        NobodyToImposeOnError: no such unit, nobody in it, or a period that ends before it begins.
    """
    night = this_night()
    if end_on < max(start_on, night.on):
        raise NobodyToImposeOnError("Perioden slutter før den begynner, eller er allerede over.")
    with night.database.transaction() as connection:
        staff = employed_in_unit(connection, unit_id, start_on)
        if not staff:
            raise NobodyToImposeOnError(f"Enheten {unit_id} finnes ikke, eller har ingen ansatte.")
        busy = open_cases_of(connection, list(staff))
        first = next_case_ordinal(connection)
        free = [number for number in staff if number not in busy]
        add_cases(
            connection,
            [
                Case(
                    number=f"HK-{night.on.year}-{ordinal:05d}",
                    employee_number=number,
                    manager_number=staff[number].manager_number,
                    led_by=staff[number].manager_number,
                    unit_id=staff[number].unit_id,
                    placed_in=staff[number].unit_id,
                    away=staff[number].is_away,
                    is_leader=staff[number].is_leader,
                    state=State.RECEIVED,
                    applied_on=night.on,
                    application=Application(WHOLE_WEEK, None, start_on, end_on, Place.HOME),
                    imposed=True,
                    left_on=staff[number].left_on,
                )
                for ordinal, number in enumerate(free, start=first)
            ],
        )
    return Counter({"pålagt hjemmekontor": len(free), "har sak fra før": len(busy)})
