"""Many rows at once: the reads and writes that every part of the database code shares."""

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, bindparam, insert, update

AnyRow = Row[Any]
"""A row whose columns are named where it is used."""


ROWS_AT_ONCE = 10_000
"""More at once is no faster: it only holds every row in memory in several shapes at the same time."""


def named_rows(connection: Connection, statement: Executable) -> list[Any]:
    """All rows as named tuples, for wide ones: a column of SQLAlchemy's own row is looked up anew at each use."""
    result = connection.execute(statement)
    return list(map(_named_tuple(tuple(result.keys()))._make, result.all()))


@cache
def _named_tuple(names: tuple[str, ...]) -> Any:  # noqa: ANN401 - a type made for these names
    return namedtuple("NamedRow", names)  # noqa: PYI024 - no types are known either


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
