"""What waits for a person: syncs that were held, and rows, answers and files that were set aside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from config.settings import Settings
from integrations.database.engine import Database
from integrations.database.ledger import waiting_holds
from integrations.database.migrate import must_be_migrated
from integrations.database.rejected import open_rejections


def held_runs(settings: Settings) -> list[dict[str, Any]]:
    """Newest first: digest, status, reasons, when it was held, and the difference by employee number.

    Raises:
        DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    with _reading(settings) as connection:
        rows = waiting_holds(connection)
    return [
        {
            "digest": row.digest,
            "status": row.status,
            "reasons": row.reasons,
            "held_at": row.held_at.isoformat(),
            "diff": row.diff,
        }
        for row in rows
    ]


def rejected_rows(settings: Settings) -> list[dict[str, Any]]:
    """What was set aside and has not healed, by source: whose it is, where the fault is, why, and since when.

    Raises:
        DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    with _reading(settings) as connection:
        rows = open_rejections(connection)
    return [
        {
            "source": row.source,
            "key": row.key,
            "path": row.path,
            "reason": row.reason,
            "first_seen_on": row.first_seen_on.isoformat(),
            "last_seen_on": row.last_seen_on.isoformat(),
        }
        for row in rows
    ]


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    database = Database.open(settings.database_url)
    try:
        must_be_migrated(database)
        with database.transaction() as connection:
            yield connection
    finally:
        database.close()
