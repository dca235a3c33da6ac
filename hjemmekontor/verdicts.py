"""What one look of `hjemmekontor check` came to."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    WELL = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    verdict: Verdict
    said: str
