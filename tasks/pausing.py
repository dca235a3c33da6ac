"""HR sets a case on hold, or lets it go on."""

from collections import Counter
from datetime import date
from enum import StrEnum

from prefect import task

from agreements.actions import Action
from agreements.intake import Fact, HoldGiven, HoldLifted, Sender, SetAsideError, take_in
from config.errors import ExpectedError
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.inbox import is_carried_out
from tasks.advisers import as_hr, must_be_impartial
from tasks.batches import LOCAL
from tasks.night import this_night
from tasks.registering import ALREADY


class CaseNotFoundError(ExpectedError):
    """There is no case of that number."""


class NotPossibleError(ExpectedError):
    """The case is in no state for that."""


class HoldChoice(StrEnum):
    # The values are what HR chooses between in the form; a docstring would be shown there.
    PAUSE = "Sett på pause"
    RESUME = "Gjenoppta"


@task(name="set-or-lift-hold", **LOCAL)
def set_or_lift(case_number: str, choice: HoldChoice, until: date | None, adviser: str) -> Counter[str]:
    """The hold is set or lifted; what follows from it is decided by the rules. Doing it twice changes nothing more.

    Raises:
        CaseNotFoundError, NotAnAdviserError, NotPossibleError: one line in Norwegian for whoever filled in the form.
    """
    night, number = this_night(), case_number.strip().upper()
    if choice is HoldChoice.PAUSE and until is None:
        raise NotPossibleError("Skriv siste dag av pausen.")
    fact: Fact = HoldLifted() if choice is HoldChoice.RESUME or until is None else HoldGiven(until)
    with night.database.transaction() as connection:
        found = load_cases(connection, [number]).get(number)
        if found is None:
            raise CaseNotFoundError(f"Saken {number} finnes ikke.")
        version, case = found
        night.about.append(number)
        must_be_impartial(adviser, case.employee_number)
        if is_carried_out(connection, night.run, night.on):
            return Counter({ALREADY: 1})
        try:
            after = take_in(case, fact, Sender(as_hr(adviser), is_hr=True), night.on)
        except SetAsideError as reason:
            raise NotPossibleError(f"{number}: {reason}") from None
        if isinstance(fact, HoldGiven) and case.hold is not None and case.hold.until == fact.until:
            return Counter()
        stamp = night.stamp(as_hr(adviser))
        if isinstance(fact, HoldLifted):
            action = Action(f"hold.lifted.{after.holds}", case, after, actor=stamp.actor)
        else:
            action = Action(f"hold.set.{after.holds}", case, after, actor=stamp.actor)
        save_decisions(connection, [Decided(version, after, [action])], night.policy, stamp)
    return Counter({"saker satt på pause" if choice is HoldChoice.PAUSE else "saker tatt opp igjen": 1})
