"""A municipality's rules for home office, as data. See `config/policies/`."""

from datetime import date
from string import Formatter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agreements.calendar import add_months
from agreements.case import RequirementKind

Days = Annotated[int, Meta(ge=0, le=366)]
DaysPerWeek = Annotated[float, Meta(gt=0, le=7)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Weekday = Literal["mandag", "tirsdag", "onsdag", "torsdag", "fredag"]
MUST_BE_AGREED = {
    "a": "the extent",
    "b": "working hours",
    "c": "when the employee is to be available",
    "d": "the expected duration",
    "e": "change and termination",
    "f": "a trial period, or that there is none",
    "g": "equipment: who owns, runs and maintains it",
    "h": "case handling, confidentiality and keeping of documents",
}
"""Forskrift om arbeid som utføres i arbeidstakers hjem (FOR-2002-07-05-715) § 2, by its letters."""
PLACEHOLDERS = ("days_per_week", "weekdays", "start_on", "end_on", "municipality")
"""What a clause may say of the agreement it stands in."""
SCORES = (1, 2, 3, 4, 5)
"""How an evaluation's questions are answered: from 1, does not agree at all, to 5, agrees completely."""


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


class DocumentationLadder(Ladder, frozen=True):
    """How the employee is asked for documentation: the manager is told from `escalate_from` on, then HR as well."""

    escalate_to_hr_from: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        first = 1 if self.escalate_from is None else self.escalate_from
        if self.escalate_to_hr_from is not None and not first <= self.escalate_to_hr_from <= len(
            self.remind_after_days
        ):
            raise ValueError(
                "escalate_to_hr_from must be the number of one of the reminders in remind_after_days, and not before "
                "escalate_from"
            )


class Limits(Rules, frozen=True):
    """How much home office may be agreed, in days a week.

    `max_days_per_week` and `min_office_days_per_week` (of a working week of five days) are what the manager is told to
    decide within; more than `absolute_days_per_week` is refused at once. `unit_average_days_per_week` is for a unit as
    a whole, so that one person may be above it and another below: the report over the scheme names units above it.
    """

    max_days_per_week: DaysPerWeek
    absolute_days_per_week: DaysPerWeek
    sporadic_below_days_per_week: Annotated[float, Meta(ge=0, le=7)] = 1.0
    short_term_up_to_days: Days = 14
    min_office_days_per_week: Annotated[float, Meta(ge=0, le=5)] = 0.0
    unit_average_days_per_week: DaysPerWeek | None = None
    attendance_weekdays: tuple[Weekday, ...] = ()

    def __post_init__(self) -> None:
        if self.max_days_per_week > self.absolute_days_per_week:
            raise ValueError("max_days_per_week must not be more than absolute_days_per_week")


class Period(Rules, frozen=True):
    """How long an agreement holds. A trial ends with an evaluation of its own.

    A renewal does not ask again for a photo and answers that are at most `documentation_valid_months` old.
    """

    months: Annotated[int, Meta(ge=1, le=60)]
    notice_days_before: Days
    renew_from_days_before: Days = 60
    documentation_valid_months: Annotated[int, Meta(ge=0, le=120)] = 24
    trial_months: Annotated[int, Meta(ge=1, le=12)] | None = None


class Abroad(Rules, frozen=True):
    """Work from another country: looked at by a named role, or not done at all.

    `assessed_by_mail` is the role's own mailbox, which is asked and may answer; without it HR is asked.
    """

    outcome: Literal["special_assessment", "refused"] = "special_assessment"
    assessed_by: str = "HR"
    assessed_by_mail: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class Question(Rules, frozen=True):
    """A question in one of the forms. `column` is its internal name in SharePoint, ASCII, and never changes."""

    column: Annotated[str, Meta(pattern=r"^[A-Z][A-Za-z0-9]{1,31}$")]
    text: Annotated[str, Meta(min_length=3, max_length=250)]
    required: bool = True
    only_for_leaders: bool = False


class EquipmentPackage(Rules, frozen=True):
    """What the employer provides for one kind of home office; `max_amount` in kroner.

    The manager chooses one for the agreement, except of those that are for imposed home office.
    """

    name: Annotated[str, Meta(min_length=1, max_length=250)]
    text: str
    max_amount: Annotated[int, Meta(ge=0)] | None = None
    only_when_imposed: bool = False


class Statement(Rules, frozen=True):
    """Something the manager agrees with or not when evaluating, on `SCORES`; nobody has to. `column` as in `Question`.

    Under SharePoint's 255 characters for a column's title there must be room for what the scale means.
    """

    column: Annotated[str, Meta(pattern=r"^[A-Z][A-Za-z0-9]{1,31}$")]
    text: Annotated[str, Meta(min_length=3, max_length=200)]


class EvaluationRules(Rules, frozen=True):
    """Each agreement every so many months, the scheme as a whole every so many months; either may be left out.

    The scheme's months are counted from `scheme_from`. `questions` are answered in numbers. `extra_when` are the
    changes for which the manager evaluates once more; which of them it was is never recorded.
    `last_days_before_end` moves the evaluation that would fall after that day, or after the end, to that day.
    """

    every_months: Annotated[int, Meta(ge=1, le=60)] | None = None
    scheme_every_months: Annotated[int, Meta(ge=1, le=60)] | None = None
    scheme_from: date | None = None
    questions: tuple[Statement, ...] = ()
    extra_when: tuple[str, ...] = ()
    last_days_before_end: Annotated[int, Meta(ge=1, le=180)] | None = None
    ladder: Ladder = Ladder(remind_after_days=(7, 14), escalate_from=2)

    def __post_init__(self) -> None:
        if self.every_months is None and self.scheme_every_months is None:
            raise ValueError("either every_months or scheme_every_months must be given")
        if (self.scheme_every_months is None) != (self.scheme_from is None):
            raise ValueError("scheme_every_months and scheme_from must be given together")
        columns = [question.column for question in self.questions]
        if len(set(columns)) < len(columns):
            raise ValueError("two questions have the same column")


class TerminationRules(Rules, frozen=True):
    """Days of notice by whoever terminates; 0 is with immediate effect."""

    employee_notice_days: Days = 0
    manager_notice_days: Days = 0


class Retention(Rules, frozen=True):
    """How long a case that is over keeps what it says of people; what is archived is the archive's affair.

    Without `months` it is kept for ever: the period is the municipality's own decision (arkivlova 2026).
    """

    months: Annotated[int, Meta(ge=1, le=600)] | None = None
    counted_from: Literal["ended", "filed"] = "ended"

    def last_day_to_go(self, today: date) -> date | None:
        """What ended, or was filed, on this day or before has been kept long enough."""
        return None if self.months is None else add_months(today, -self.months)


class UnitDecision(Rules, frozen=True):
    """What one unit has decided for itself, and that unions and safety service had their say.

    `attendance_weekdays` come on top of the municipality's.
    """

    unit_id: str
    discussed_with_unions_on: date
    safety_service_involved_on: date
    max_days_per_week: DaysPerWeek | None = None
    attendance_weekdays: tuple[Weekday, ...] = ()


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
    """A paragraph of the agreement. `letter` is the one in the regulation's § 2, empty for what only informs.

    Placeholders in braces are filled.
    """

    letter: str
    heading: str
    text: str

    def __post_init__(self) -> None:
        for _, placeholder, _, _ in Formatter().parse(self.text):
            if placeholder is not None and placeholder not in PLACEHOLDERS:
                known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                raise ValueError(f"unknown placeholder {{{placeholder}}} in text. Choose from: {known}")


class Policy(Rules, frozen=True):
    """A municipality's rules. The clauses stand in the file itself, or each in a file of `clause_folder`."""

    name: str
    municipality: str
    version: str
    language: Literal["nb", "nn"]
    requirements: tuple[RequirementKind, ...]
    limits: Limits
    period: Period
    documentation: DocumentationLadder
    assessment: Ladder
    evaluation: EvaluationRules
    clauses: tuple[ClauseText, ...] = ()
    clause_folder: str | None = None
    abroad: Abroad = Abroad()
    employee_questions: tuple[Question, ...] = ()
    manager_questions: tuple[Question, ...] = ()
    equipment: tuple[str, ...] = ()
    equipment_packages: tuple[EquipmentPackage, ...] = ()
    termination: TerminationRules = TerminationRules()
    change: Ladder = Ladder(remind_after_days=(5, 10), give_up_after_days=17)
    retention: Retention = Retention()
    units: tuple[UnitDecision, ...] = ()
    sync_guard: SyncGuard = SyncGuard()

    def __post_init__(self) -> None:
        self._check_clauses()
        self._check_questions()
        most = self.limits.absolute_days_per_week
        for unit in self.units:
            if unit.max_days_per_week is not None and unit.max_days_per_week > most:
                raise ValueError(f"unit {unit.unit_id}: max_days_per_week must not be more than {most:g}, the absolute")
        names = [package.name for package in self.equipment_packages]
        if len(set(names)) < len(names):
            raise ValueError("two equipment_packages have the same name")
        kept, reported = self.retention.months, self.evaluation.scheme_every_months
        if kept is not None and reported is not None and kept < reported:
            raise ValueError("retention.months must not be less than evaluation.scheme_every_months, which counts them")

    def _check_clauses(self) -> None:
        letters = {clause.letter for clause in self.clauses}
        missing = [letter for letter in MUST_BE_AGREED if letter not in letters]
        if missing:
            what = "; ".join(f"{letter}) {MUST_BE_AGREED[letter]}" for letter in missing)
            raise ValueError(f"the regulation's § 2 demands a clause for {what}")

    def _check_questions(self) -> None:
        if RequirementKind.ANSWERS in self.requirements and not self.employee_questions:
            raise ValueError("requirements ask for answers, so employee_questions must not be empty")
        if any(question.only_for_leaders for question in self.employee_questions):
            raise ValueError("only_for_leaders is for manager_questions: employee_questions are asked of everybody")
        columns = [question.column for question in (*self.employee_questions, *self.manager_questions)]
        if len(set(columns)) < len(columns):
            raise ValueError("two questions have the same column")

    @property
    def packages_to_choose(self) -> tuple[EquipmentPackage, ...]:
        return tuple(package for package in self.equipment_packages if not package.only_when_imposed)

    def limits_in(self, unit_id: str | None) -> Limits:
        """The limits as the unit has set them for itself, else the municipality's."""
        decided = next((unit for unit in self.units if unit.unit_id == unit_id), None)
        if decided is None:
            return self.limits
        fixed = tuple(dict.fromkeys((*self.limits.attendance_weekdays, *decided.attendance_weekdays)))
        most = self.limits.max_days_per_week if decided.max_days_per_week is None else decided.max_days_per_week
        return msgspec.structs.replace(self.limits, max_days_per_week=most, attendance_weekdays=fixed)
