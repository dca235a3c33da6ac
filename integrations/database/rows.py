"""Many rows in one statement: the writes that every part of the database code shares."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, update

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are named where it is used."""


ROWS_AT_ONCE = 10_000
"""More at once is no faster: it only holds every row in memory in several shapes at the same time."""


def insert_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """All rows, which may come from a generator; every row names the same columns."""
    remaining = iter(rows)
    while part := list(islice(remaining, ROWS_AT_ONCE)):
        connection.execute(insert(table), part)


def update_rows(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update each row found by the column `key`; every row names the same columns."""
    if not rows:
        return
    names = [name for name in rows[0] if name != key]
    statement = update(table).where(table.c[key] == bindparam("key_"))
    changes = [{"key_": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows]
    connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), changes)
