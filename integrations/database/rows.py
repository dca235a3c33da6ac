"""Many rows at once: the reads and writes that every part of the database code shares."""

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Executable, Row, Table, bindparam, insert, update

AnyRow = Row[Any]
"""A row whose columns are named where it is used."""


ROWS_AT_ONCE = 10_000
"""More at once is no faster: it only holds every row in memory in several shapes at the same time."""
IDS_IN_A_QUERY = 10_000
"""More than a statement takes (PostgreSQL: 65,535 values) must never be asked for at once."""


def named_rows(connection: Connection, statement: Executable) -> list[Any]:
    """All rows as named tuples, for wide ones: a column of SQLAlchemy's own row is looked up anew at each use."""
    result = connection.execute(statement)
    return list(map(_named_tuple(tuple(result.keys()))._make, result.all()))


@cache
def _named_tuple(names: tuple[str, ...]) -> Any:  # noqa: ANN401 - a type made for these names
    return namedtuple("NamedRow", names)  # noqa: PYI024 - no types are known either


def insert_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """All rows, which may come from a generator; every row names the same columns.

    The driver gets them column by column: SQLAlchemy's own way through each row takes longer than SQLite itself.
    """
    remaining = iter(rows)
    while part := list(islice(remaining, ROWS_AT_ONCE)):
        columns = [column for column in table.columns if column.name in part[0]]
        names = [column.name for column in columns]
        statement = insert(table).inline().compile(dialect=connection.dialect, column_keys=names)
        values = zip(*(_as_stored(connection.dialect, column, part) for column in columns), strict=True)
        parameters = list(values) if statement.positional else [dict(zip(names, row, strict=True)) for row in values]
        connection.exec_driver_sql(str(statement), parameters)


def _as_stored(dialect: Dialect, column: Column[Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """This column's value of each row as the driver takes it."""
    values = [row[column.name] for row in rows]
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if process is None else list(map(process, values))


def update_rows(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update each row found by the column `key`; every row names the same columns."""
    if not rows:
        return
    names = [name for name in rows[0] if name != key]
    statement = update(table).where(table.c[key] == bindparam("key_"))
    changes = [{"key_": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows]
    connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), changes)
