"""What the commands share: where they write to people, and how a date is typed."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from config.errors import ExpectedError

console = Console(stderr=True)

On = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Business date; today in Oslo when left out.")]


class BadDateError(ExpectedError):
    """A date on the command line is none."""


def typed_date(text: str) -> date:
    """The date that was typed.

    Raises:
        BadDateError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDateError(f"«{text}» is not a date; write it as 2027-06-01.") from None
