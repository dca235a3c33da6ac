"""A person's word on a run that was held because it would have changed unusually much."""

from collections import Counter
from enum import StrEnum

from prefect import task

from config.errors import ExpectedError
from integrations.database.inbox import is_carried_out
from integrations.database.ledger import conclude_hold, find_hold
from tasks.batches import LOCAL
from tasks.night import this_night
from tasks.registering import ALREADY
from tasks.staff import apply_held


class HoldDecision(StrEnum):
    # The values are what HR chooses between in the form; a docstring would be shown there.
    APPROVE = "Godkjenn"
    DISCARD = "Forkast"


class NoSuchHoldError(ExpectedError):
    """No run with this digest waits for a decision."""


@task(name="decide-held-run", **LOCAL)
def decide_held_run(digest: str, decision: HoldDecision, decided_by: str) -> Counter[str]:
    """Discard one exact diff, or apply it: what was held, and nothing that HR has said since.

    Raises:
        NoSuchHoldError: nothing waits under this digest.
        HoldOutdatedError: what was held no longer fits the database.
    """
    night, digest = this_night(), digest.strip()
    with night.database.transaction() as connection:
        if is_carried_out(connection, night.run, night.on):
            return Counter({ALREADY: 1})
        held = find_hold(connection, digest)
        if held is None:
            raise NoSuchHoldError("Ingen stanset kjøring med det merket venter på avgjørelse.")
        if decision is HoldDecision.DISCARD:
            conclude_hold(connection, digest, "discarded", decided_by)
        else:
            apply_held(connection, held)
            conclude_hold(connection, digest, "applied", decided_by)
    return Counter({decision.value: 1})
