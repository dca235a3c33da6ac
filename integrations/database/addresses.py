"""Who is behind an address, and which address reaches whom: HR's word, else that of the directory (Entra ID)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, or_, select

from integrations.database.rows import update_rows
from integrations.database.tables import ADDRESS_COLUMNS, employees

ADDRESSES_IN_A_QUERY = 2_000
"""Each stands in a statement once for every column (PostgreSQL takes 65,535 values)."""


def mail_of(staff: FromClause) -> ColumnElement[Any]:
    """The address that mail goes to; a sign-in name is one where nothing better is known."""
    names = ("email", "directory_mail", "user_principal_name", "directory_principal_name")
    return func.coalesce(*(staff.c[name] for name in names))


def without_address(connection: Connection, on: date) -> list[str]:
    """Numbers of those employed whom HR gives no e-mail address, or no user principal name."""
    wanted = select(employees.c.employee_number).where(
        or_(employees.c.email.is_(None), employees.c.user_principal_name.is_(None)),
        or_(employees.c.left_on.is_(None), employees.c.left_on >= on),
    )
    return list(connection.scalars(wanted.order_by(employees.c.employee_number)))


def remember_directory(
    connection: Connection, asked: Sequence[str], found: Mapping[str, tuple[str | None, str | None]], on: date
) -> None:
    """Keep the e-mail address and principal name the directory has of those asked about; of others, none any more."""
    nothing = (None, None)
    rows = [
        {
            "employee_number": number,
            "directory_mail": found.get(number, nothing)[0],
            "directory_principal_name": found.get(number, nothing)[1],
            "directory_read_on": on,
        }
        for number in asked
    ]
    update_rows(connection, employees, "employee_number", rows)


def senders(connection: Connection, addresses: Sequence[str]) -> dict[str, str]:
    """Employee number by signed-in address (e-mail or user principal name, HR's or the directory's), in lower case.

    Of several employments with one address, one without a last day counts before one with, then the newest.
    """
    columns = [func.lower(employees.c[name]) for name in ADDRESS_COLUMNS]
    wanted = sorted({address.lower() for address in addresses})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), ADDRESSES_IN_A_QUERY):
        part = wanted[start : start + ADDRESSES_IN_A_QUERY]
        rows = connection.execute(
            select(employees.c.employee_number, *columns)
            .where(or_(*(column.in_(part) for column in columns)))
            .order_by(employees.c.left_on.nulls_last(), employees.c.start_on.nulls_first(), employees.c.employee_number)
        )
        for number, *theirs in rows:
            found.update({address: number for address in theirs if address})
    return found
