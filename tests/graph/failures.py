"""Everything that can go wrong with one request, by name, and what becomes of it."""

from enum import StrEnum
from typing import Any

from integrations.graph.patience import Patience
from sandbox.graph import Fault

HTTP_DATE = "Mon, 01 Mar 2027 01:16:00 GMT"
ANSWER_WITHIN, HANG = 0.3, 0.9
"""Seconds, where an answer hangs; where none does, a busy machine has all the time it needs."""

PASSING: dict[str, dict[str, Any]] = {
    "429": {"status": 429},
    "429 with seconds": {"status": 429, "retry_after": 30},
    "429 with a date": {"status": 429, "retry_after": HTTP_DATE},
    "502 as a page": {"status": 502, "body": "html"},
    "503": {"status": 503},
    "503 with seconds": {"status": 503, "retry_after": 30},
    "504": {"status": 504},
    "504 after the work": {"status": 504, "after_work": True},
    "reset before the work": {"drop": "before"},
    "reset after the work": {"drop": "after"},
    "reset in the body": {"drop": "truncate"},
    "another encoding": {"body": "miscoded"},
    "another encoding after the work": {"body": "miscoded", "after_work": True},
    "a hang": {"delay": HANG, "status": 504},
    "a hang before the work": {"delay": HANG},
    "a hang after the work": {"delay": HANG, "after_work": True},
}
"""Any request that does no harm when it is done twice is tried again after these."""
FAILING: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "500 after the work": {"status": 500, "after_work": True},
    "507": {"status": 507},
    "another's JSON": {"body": "foreign"},
    "a page": {"body": "html"},
    "a page after the work": {"body": "html", "after_work": True},
    **{f"{status} as a page": {"status": status, "body": "html"} for status in (400, 403, 404)},
    "404 as a page after the work": {"status": 404, "body": "html", "after_work": True},
}
"""Only a mail is looked for after these, and tried again."""
REFUSING: dict[str, dict[str, Any]] = {
    "400": {"status": 400},
    "403": {"status": 403},
    "404": {"status": 404},
    "409": {"status": 409},
    "410": {"status": 410},
    "412": {"status": 412},
    "416": {"status": 416},
    "423": {"status": 423},
}
TOKEN_ENDED: dict[str, dict[str, Any]] = {"401": {"status": 401}}
LONG: dict[str, dict[str, Any]] = {"429 for two hours": {"status": 429, "retry_after": 7200}}
ENDLESS: dict[str, dict[str, Any]] = {
    "401 for ever": {"status": 401, "times": None},
    "503 for ever": {"status": 503, "times": None},
    "reset for ever": {"drop": "after", "times": None},
}
EVERY = PASSING | FAILING | REFUSING | TOKEN_ENDED | LONG | ENDLESS


class Outcome(StrEnum):
    """What one night makes of it."""

    DONE = "done"
    WAITS = "waits for the next night"
    GIVEN_UP = "given up, until somebody lets it be tried again"


def fault(name: str, method: str, path_pattern: str) -> Fault:
    return Fault(method=method, path_pattern=path_pattern, **EVERY[name])


def patience_with(name: str) -> Patience:
    """How long an answer is waited for while this goes wrong."""
    return Patience(answer_within=ANSWER_WITHIN) if EVERY[name].get("delay") else Patience()
