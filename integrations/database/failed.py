"""What could not be delivered: whose it is, and trying it once more because a person has put right what was wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, update
from sqlalchemy.orm import aliased

from agreements.actions import Role
from integrations.database.addresses import ADDRESSES_IN_A_QUERY, mail_of, senders
from integrations.database.outgoing import MAIL
from integrations.database.rows import AnyRow, update_rows
from integrations.database.tables import cases, employees, notices, outbox


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A row of the outbox with a reason why it is not done; of a mail also to whom, and about which cases."""

    key: str
    is_given_up: bool
    reason: str
    role: Role | None = None
    case_numbers: tuple[str, ...] = ()


def what_failed(connection: Connection, limit: int) -> tuple[int, list[FailedDelivery]]:
    """How many there are, and the first of them."""
    is_undelivered = (outbox.c.reason.is_not(None), outbox.c.status != "done")
    number = connection.scalar(select(func.count()).where(*is_undelivered)) or 0
    rows = connection.execute(
        select(outbox.c.key, outbox.c.status, outbox.c.reason).where(*is_undelivered).order_by(outbox.c.id).limit(limit)
    ).all()
    told = connection.execute(
        select(notices.c.outbox_key, notices.c.role, notices.c.case_number)
        .where(notices.c.outbox_key.in_([row.key for row in rows]))
        .order_by(notices.c.outbox_key, notices.c.key)
    ).all()
    in_mails = {key: list(inside) for key, inside in groupby(told, lambda notice: notice.outbox_key)}
    return number, [_failed_delivery(row, in_mails.get(row.key, [])) for row in rows]


def _failed_delivery(row: AnyRow, told: Sequence[AnyRow]) -> FailedDelivery:
    numbers = dict.fromkeys(notice.case_number for notice in told if notice.case_number is not None)
    role = Role(told[0].role) if told else None
    return FailedDelivery(row.key, row.status == "failed", row.reason, role, tuple(numbers))


def let_try_again(connection: Connection, case_number: str | None) -> int:
    """Rows that were given up wait again, of one case or of all; how many. A mail goes to the address of today.

    The number of attempts stays, so that what an earlier one left behind is looked for first.
    """
    is_wanted = [outbox.c.status == "failed"]
    if case_number is not None:
        in_mails = select(notices.c.outbox_key).where(notices.c.case_number == case_number)
        is_wanted.append(or_(outbox.c.case_number == case_number, outbox.c.key.in_(in_mails)))
    _address_anew(connection, is_wanted)
    waiting = update(outbox).where(*is_wanted).values(status="pending", reason=None)
    return connection.execute(waiting).rowcount


def _address_anew(connection: Connection, is_wanted: Sequence[ColumnElement[bool]]) -> None:
    """Mails go to the address the same person has now; of one that nobody has, to that of the role.

    Whoever has changed their role still has their address: a question to a former manager goes to nobody else. A
    sign-in name that is no mailbox is still the person's when HR has learnt of a better address.
    """
    employee, manager = aliased(employees), aliased(employees)
    rows = connection.execute(
        select(
            outbox.c.key,
            outbox.c.payload,
            notices.c.role,
            mail_of(employee).label("employee_mail"),
            mail_of(manager).label("manager_mail"),
        )
        .join(notices, notices.c.outbox_key == outbox.c.key)
        .join(cases, cases.c.number == notices.c.case_number)
        .join(employee, employee.c.employee_number == cases.c.employee_number)
        .outerjoin(manager, manager.c.employee_number == cases.c.manager_number)
        .where(outbox.c.kind == MAIL, *is_wanted)
        .order_by(notices.c.key)
    ).all()
    of_today = _of_today(connection, sorted({row.payload["to"].lower() for row in rows}))
    changes = {
        row.key: row.payload | {"to": of_today.get(row.payload["to"].lower(), address)}
        for row in rows
        if (address := _address_of_role(row)) is not None
    }
    update_rows(connection, outbox, "key", [{"key": key, "payload": payload} for key, payload in changes.items()])


def _address_of_role(row: AnyRow) -> str | None:
    """None for HR, whose address is a setting, and for whoever has none."""
    addresses: dict[Role, Any] = {Role.EMPLOYEE: row.employee_mail, Role.MANAGER: row.manager_mail}
    found: str | None = addresses.get(Role(row.role))
    return found


def _of_today(connection: Connection, addresses: Sequence[str]) -> dict[str, str]:
    """Those of the addresses, all in lower case, that somebody has, and where mail to them goes now."""
    people = senders(connection, addresses)
    numbers = sorted(set(people.values()))
    mails: dict[str, str] = {}
    for start in range(0, len(numbers), ADDRESSES_IN_A_QUERY):
        part = numbers[start : start + ADDRESSES_IN_A_QUERY]
        columns = select(employees.c.employee_number, mail_of(employees).label("mail"))
        found = connection.execute(columns.where(employees.c.employee_number.in_(part)))
        mails |= {row.employee_number: row.mail for row in found}
    return {address: mails[number] for address, number in people.items()}
