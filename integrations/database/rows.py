"""Many rows in one statement: the writes that every part of the database code shares."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, update

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are named where it is used."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def update_rows(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update each row found by the column `key`; every row names the same columns."""
    if not rows:
        return
    names = [name for name in rows[0] if name != key]
    statement = update(table).where(table.c[key] == bindparam("key_"))
    changes = [{"key_": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows]
    connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), changes)
