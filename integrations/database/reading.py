"""A look at the database that writes nothing: no lease, no night, one short transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from integrations.database.engine import Database
from integrations.database.migrate import must_be_migrated


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """Open the database at this address for the block alone; a night that is running goes on.

    Raises:
        DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    database = Database.open(url)
    try:
        must_be_migrated(database)
        with database.transaction() as connection:
            yield connection
    finally:
        database.close()
