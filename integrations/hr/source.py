"""What the nightly sync asks of an HR system, whichever it is."""

from typing import Protocol

from agreements.people import Snapshot
from config.errors import ExpectedError


class HrUnreadable(ExpectedError):  # noqa: N818 - it says what is so: HR could not be read
    """HR could not be read completely, and nothing may be concluded from what was read.

    The message is one line for the person who repairs it: which address (host and path, never a query or anything
    that gives access), what was wrong there, what to do.
    """


class HrRefused(HrUnreadable):
    """HR answered, and asking again will not change the answer: credentials, access rights or the address are wrong."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class HrSource(Protocol):
    def read_snapshot(self) -> Snapshot:
        """Everyone and every unit HR publishes now, from one complete walk.

        Raises:
            HrUnreadable: the walk could not be completed or proven complete.
        """
