"""A municipality's rules for home office, as data. See `config/policies/`."""

from string import Formatter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agreements.case import RequirementKind

Days = Annotated[int, Meta(ge=0, le=366)]
DaysPerWeek = Annotated[float, Meta(gt=0, le=7)]
Percent = Annotated[float, Meta(ge=0, le=100)]
PLACEHOLDERS = ("days_per_week", "weekdays", "start_on", "end_on", "municipality")
"""What a clause may say of the agreement it stands in."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the policy file: a key that is not known is an error, not a rule that silently never applies."""


class Ladder(Rules, frozen=True):
    """How a question is pursued, in days since it was asked: the days the person has.

    The last of these days is the one the mail names, moved to a working day; the reminder, or after
    `give_up_after_days` the end, comes in the night after it. From reminder number `escalate_from` the next person up
    is told too. The last reminder always leaves the policy's own distance to the end, so that a late one shortens
    nobody's time.
    """

    remind_after_days: tuple[Days, ...]
    escalate_from: int | None = None
    give_up_after_days: Days | None = None

    def __post_init__(self) -> None:
        rungs = [*self.remind_after_days, *([] if self.give_up_after_days is None else [self.give_up_after_days])]
        if rungs != sorted(set(rungs)):
            raise ValueError("the days in remind_after_days must increase, and give_up_after_days come after them")
        if self.escalate_from is not None and not 1 <= self.escalate_from <= len(self.remind_after_days):
            raise ValueError("escalate_from must be the number of one of the reminders in remind_after_days")


class Limits(Rules, frozen=True):
    """How much home office may be agreed.

    `max_days_per_week` is what the manager decides within; more than `absolute_days_per_week` is refused at once.
    """

    max_days_per_week: DaysPerWeek
    absolute_days_per_week: DaysPerWeek
    sporadic_below_days_per_week: Annotated[float, Meta(ge=0, le=7)] = 1.0


class Period(Rules, frozen=True):
    months: Annotated[int, Meta(ge=1, le=60)]
    notice_days_before: Days


class EvaluationRules(Rules, frozen=True):
    every_months: Annotated[int, Meta(ge=1, le=60)]
    ladder: Ladder


class SyncGuard(Rules, frozen=True):
    """A sync whose differences are larger than this waits for a person's approval (facts of the HR integrations).

    Leavers may be `max_leavers` or `max_leavers_percent` of all, whichever is more, but never above `max_leavers_ever`.
    """

    max_leavers: int = 20
    max_leavers_percent: Percent = 1.0
    max_leavers_ever: int = 500
    max_changed_percent: Percent = 10.0
    max_manager_changes_percent: Percent = 5.0
    max_new_percent: Percent = 5.0
    max_rejected_percent: Percent = 2.0
    min_total_percent: Percent = 95.0


class ClauseText(Rules, frozen=True):
    """A paragraph of the agreement. `letter` is the one in the regulation's § 2; placeholders in braces are filled."""

    letter: str
    heading: str
    text: str

    def __post_init__(self) -> None:
        for _, placeholder, _, _ in Formatter().parse(self.text):
            if placeholder is not None and placeholder not in PLACEHOLDERS:
                known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                raise ValueError(f"unknown placeholder {{{placeholder}}} in text. Choose from: {known}")


class Policy(Rules, frozen=True):
    name: str
    municipality: str
    version: str
    language: Literal["nb", "nn"]
    requirements: tuple[RequirementKind, ...]
    limits: Limits
    period: Period
    documentation: Ladder
    assessment: Ladder
    evaluation: EvaluationRules
    clauses: tuple[ClauseText, ...]
    sync_guard: SyncGuard = SyncGuard()
