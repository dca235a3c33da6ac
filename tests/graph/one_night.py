"""One night's deliveries, as the flows call them but without Prefect."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from integrations.database.throttles import SharedLedger
from integrations.graph.throttling import Budget, limits_of
from tasks.delivering import file_documents, open_folders
from tasks.mailing import write_and_send_mail
from tasks.night import Night, night
from tests.database.samples import TODAY
from tests.graph.hours import Hours


@contextmanager
def quick_night(on: date = TODAY, *, hurried: bool = False, hours: Hours | None = None) -> Iterator[Night]:
    """A night in which nobody waits for the clock. A hurried one tries each request once."""
    with night(on) as running:
        running.is_hurried = hurried
        ledger = SharedLedger(running.database.engine, (hours or Hours()).clock)
        running.budget = Budget(limits_of(running.settings), ledger)
        yield running


def deliver(*, hurried: bool = False) -> None:
    """Folders, documents and mails of one night."""
    with quick_night(hurried=hurried):
        open_folders.fn()
        file_documents.fn()
        write_and_send_mail.fn()
