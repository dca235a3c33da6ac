"""Who in HR stands behind what is registered in a form."""

from datetime import date

from sqlalchemy import Connection

from config.errors import ExpectedError
from integrations.database.staff import staff_entries


class NotAnAdviserError(ExpectedError):
    """Whoever filled in the form is not employed, or registers in a case of their own."""


def must_be_employed(connection: Connection, adviser: str, on: date) -> None:
    """Raises NotAnAdviserError unless the number is that of somebody who works here on the day."""
    entry = staff_entries(connection, [adviser]).get(adviser)
    if entry is None or (entry.left_on is not None and entry.left_on < on):
        raise NotAnAdviserError(
            "Ansattnummeret i «Registrert av» tilhører ingen som er ansatt. Skriv ditt eget nummer."
        )


def must_be_impartial(adviser: str, employee_number: str) -> None:
    """Nobody registers in their own case (forvaltningsloven § 6)."""
    if adviser == employee_number:
        raise NotAnAdviserError("Du kan ikke registrere i din egen sak. Be en annen i HR om å gjøre det.")


def as_hr(adviser: str) -> str:
    """An adviser as an actor, told from those who answer for themselves; documents and Prefect say no more than HR."""
    return f"HR {adviser}"
