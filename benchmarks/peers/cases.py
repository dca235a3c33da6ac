"""What each peer is given of a case, what is asked of it, and how it says what came of it."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import Night

FILL, NIGHT = "fill", "night"
DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-32768",
    "PRAGMA wal_autocheckpoint=8192",
)
"""What `integrations.database.engine` sets on SQLite."""


def contents(total: int, due: int) -> Iterator[dict[str, Any]]:
    """`total` cases of which `due` have been due since yesterday, spread evenly; the others are due next week."""
    now = datetime.now(UTC)
    yesterday, next_week = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=7)).isoformat()
    for ordinal in range(total):
        is_due = ordinal * due // total < (ordinal + 1) * due // total
        yield {
            "number": f"HK-2026-{ordinal:06d}",
            "employee_number": f"{ordinal:06d}",
            "manager_number": f"{ordinal // 20 * 20:06d}",
            "days_per_week": 2.0,
            "weekdays": "Tirsdag, Torsdag",
            "missing": ["photo", "answers", "signed_agreement"],
            "stage": 0,
            "due_at": yesterday if is_due else next_week,
        }


def run(fill: Callable[[Path, int, int], None], night: Callable[[Path], Night]) -> int:
    """The command line of a peer: fill an empty database with cases, or run a night and print `Night` as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=(FILL, NIGHT))
    parser.add_argument("path", type=Path)
    parser.add_argument("--total", type=int, default=0)
    parser.add_argument("--due", type=int, default=0)
    options = parser.parse_args()
    if options.what == FILL:
        fill(options.path, options.total, options.due)
    else:
        json.dump(asdict(night(options.path)), sys.stdout)
    return 0
