"""What a person looks up: syncs that were held, what was set aside, and the history of a case."""

from typing import Any

from agreements.words import STATES
from config.settings import Settings
from integrations.database.history import history
from integrations.database.ledger import waiting_holds
from integrations.database.reading import reading
from integrations.database.rejected import open_rejections


def held_runs(settings: Settings) -> list[dict[str, Any]]:
    """Newest first: digest, status, reasons, when it was held, and the difference by employee number.

    Raises:
        DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    with reading(settings.database_url) as connection:
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
    with reading(settings.database_url) as connection:
        rows = open_rejections(connection)
    return [
        {
            "source": row.source,
            "key": row.key,
            "who": row.who,
            "item": row.item,
            "path": row.path,
            "reason": row.reason,
            "first_seen_on": row.first_seen_on.isoformat(),
            "last_seen_on": row.last_seen_on.isoformat(),
        }
        for row in rows
    ]


def case_history(settings: Settings, case_number: str) -> dict[str, Any]:
    """One case's number, state, and what happened to it, oldest first.

    Raises:
        NoSuchCaseError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    with reading(settings.database_url) as connection:
        found = history(connection, case_number)
    return {
        "case": found.case_number,
        "state": STATES[found.state],
        "history": [
            {
                "kind": each.kind,
                "date": each.business_date.isoformat(),
                "at": None if each.at is None else each.at.isoformat(),
                "what": each.what,
                "from": each.from_state,
                "to": each.to_state,
                "by": each.by,
                "rule": each.rule,
                "policy_version": each.policy_version,
                "mail": each.mail,
            }
            for each in found.happenings
        ],
    }
