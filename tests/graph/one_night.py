"""One night's deliveries, in this process or in a child that is there to be killed."""

import os
from collections.abc import Mapping

from tasks.delivering import file_documents, open_folders
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tests.database.samples import TODAY


def deliver(*, hurried: bool = False) -> None:
    """Folders, documents and mails of one night, as the flows call them but without Prefect.

    A hurried one tries each request once.
    """
    with night(TODAY) as running:
        running.is_hurried = hurried
        open_folders.fn()
        file_documents.fn()
        write_and_send_mail.fn()


def deliver_in_child(environment: Mapping[str, str]) -> None:
    """`deliver` in a process that knows nothing of the test's settings."""
    os.environ.update(environment)
    deliver()
