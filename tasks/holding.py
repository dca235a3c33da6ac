"""A person's word on a run that was held because it would have changed unusually much."""

from collections import Counter
from enum import StrEnum
from typing import Literal

from prefect import task

from config.errors import ExpectedError
from integrations.database.ledger import decide_hold
from tasks.batches import LOCAL
from tasks.night import this_night


class HoldDecision(StrEnum):
    """The values are what HR sees in the form."""

    APPROVE = "Godkjenn"
    DISCARD = "Forkast"


class NoSuchHoldError(ExpectedError):
    """No run with this digest waits for a decision."""


@task(name="decide-held-run", **LOCAL)
def decide_held_run(digest: str, decision: HoldDecision, decided_by: str) -> Counter[str]:
    """Approve or discard one exact diff. An approval holds for that diff only, and is used up by it.

    Raises:
        NoSuchHoldError: nothing waits under this digest.
    """
    status: Literal["approved", "discarded"] = "approved" if decision is HoldDecision.APPROVE else "discarded"
    with this_night().database.transaction() as connection:
        if not decide_hold(connection, digest.strip(), status, decided_by):
            raise NoSuchHoldError(f"Ingen stanset kjøring med merket {digest} venter på avgjørelse.")
    return Counter({decision.value: 1})
