"""A case: one employee's home-office agreement, from application to end."""

from datetime import date
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from agreements.documents import EquipmentItem


class State(StrEnum):
    RECEIVED = "received"
    NO_AGREEMENT_NEEDED = "no_agreement_needed"
    SPECIAL_ASSESSMENT = "special_assessment"
    COLLECTING = "collecting"
    IN_ASSESSMENT = "in_assessment"
    APPROVED = "approved"
    ACTIVE = "active"
    ENDED = "ended"


class EndReason(StrEnum):
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    RENEWED = "renewed"
    TERMINATED = "terminated"
    LEFT = "left"
    REVERTED = "reverted"


TRANSITIONS: frozenset[tuple[State, State]] = frozenset(
    {
        (State.RECEIVED, State.NO_AGREEMENT_NEEDED),
        (State.RECEIVED, State.SPECIAL_ASSESSMENT),
        (State.RECEIVED, State.COLLECTING),
        (State.RECEIVED, State.ACTIVE),  # imposed: written information replaces the agreement (regulation § 2)
        (State.RECEIVED, State.ENDED),
        (State.SPECIAL_ASSESSMENT, State.COLLECTING),
        (State.SPECIAL_ASSESSMENT, State.ENDED),
        (State.COLLECTING, State.IN_ASSESSMENT),
        (State.COLLECTING, State.ENDED),
        (State.IN_ASSESSMENT, State.COLLECTING),  # the manager asks for better documentation
        (State.IN_ASSESSMENT, State.APPROVED),
        (State.IN_ASSESSMENT, State.ENDED),
        (State.APPROVED, State.ACTIVE),
        (State.APPROVED, State.ENDED),
        (State.ACTIVE, State.ENDED),
    }
)
"""The whole truth about which state may follow which."""

CLOSED_STATES = frozenset({State.NO_AGREEMENT_NEEDED, State.ENDED})
OPEN_STATES = frozenset(State) - CLOSED_STATES


class IllegalTransitionError(Exception):
    """A rule asked for a change of state that the life cycle does not have: a bug, never bad input."""


class RequirementKind(StrEnum):
    PHOTO = "photo"
    ANSWERS = "answers"
    SIGNED_AGREEMENT = "signed_agreement"


class Place(StrEnum):
    HOME = "home"
    ELSEWHERE_IN_NORWAY = "elsewhere_in_norway"
    ABROAD = "abroad"


class AssessmentOutcome(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    INCOMPLETE = "incomplete"


class EvaluationOutcome(StrEnum):
    CONTINUE = "continue"
    ADJUST = "adjust"
    END = "end"


class ChangeOutcome(StrEnum):
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    LAPSED = "lapsed"


class FilingKind(StrEnum):
    """What is filed, numbered: evaluations by turn, agreements by version.

    An arkivmelding says of the others what they are, in the archive's own language; it is numbered by turn.
    """

    AGREEMENT = "agreement"
    SIGNED_AGREEMENT = "signed_agreement"
    PHOTO = "photo"
    INFORMATION = "information"
    EVALUATION = "evaluation"
    END_NOTE = "end_note"
    ARKIVMELDING = "arkivmelding"


class Application(Struct, frozen=True, gc=False):
    """What the employee asked for. `end_on` is empty when the policy's ordinary period is wanted."""

    days_per_week: float
    weekdays: str | None
    start_on: date
    end_on: date | None
    place: Place


class Requirement(Struct, frozen=True, gc=False):
    """`document` is the SHA-256 of the received file, `answers` are (question, answer): whichever the kind has.

    `carried_from` is the case it was delivered in, when a renewal uses what is still valid.
    """

    kind: RequirementKind
    received_on: date | None = None
    document: str | None = None
    answers: tuple[tuple[str, str], ...] = ()
    carried_from: str | None = None


class Chase(Struct, frozen=True, gc=False):
    """How far a question has been pursued. Stage 0 is the question itself, 1 the first reminder."""

    asked_on: date
    stage: int
    last_sent_on: date

    @classmethod
    def begun(cls, today: date) -> "Chase":
        return cls(asked_on=today, stage=0, last_sent_on=today)

    def at(self, stage: int, today: date) -> "Chase":
        return replace(self, stage=stage, last_sent_on=today)


class Assessment(Struct, frozen=True, gc=False):
    """What the manager, or whoever looks at a stay abroad, decided.

    `package` is what the employer provides, by its name in the policy. When the documentation is incomplete,
    `lacking` says what of it (empty for all) and `measures` why.
    """

    outcome: AssessmentOutcome
    measures: str | None
    given_by: str
    given_on: date
    answers: tuple[tuple[str, str], ...] = ()
    package: str | None = None
    lacking: tuple[RequirementKind, ...] = ()


class Evaluation(Struct, frozen=True, gc=False):
    """One evaluation; `sequence` counts from 1. `answers` are (column, score) of the policy's evaluation questions.

    An extra one was called by the manager, ahead of the cadence.
    """

    sequence: int
    due_on: date
    chase: Chase
    outcome: EvaluationOutcome | None = None
    note: str | None = None
    given_by: str | None = None
    given_on: date | None = None
    answers: tuple[tuple[str, int], ...] = ()
    is_extra: bool = False


class Change(Struct, frozen=True, gc=False):
    """Another extent of an agreement in force, proposed by one party and answered by the other (regulation § 2).

    `chase` pursues the other party's answer, `settled_on` is the day both were told what came of it, and from
    `in_force_on` the agreement says so in a new version.
    """

    sequence: int
    proposed_by: str
    proposed_on: date
    by_employee: bool
    days_per_week: float
    weekdays: str | None
    start_on: date
    chase: Chase | None = None
    outcome: ChangeOutcome | None = None
    answered_by: str | None = None
    answered_on: date | None = None
    settled_on: date | None = None
    in_force_on: date | None = None

    @property
    def is_open(self) -> bool:
        return self.outcome is None or self.settled_on is None


class Hold(Struct, frozen=True, gc=False):
    """A pause that HR set: nothing is chased through its last day."""

    begun_on: date
    until: date


class Termination(Struct, frozen=True, gc=False):
    """The agreement's last day, said by the employee or the manager."""

    last_day: date
    given_by: str


class Filing(Struct, frozen=True, gc=False):
    """One document for the archive; it counts only when it has been read back and verified."""

    kind: FilingKind
    sequence: int = 1
    verified: bool = False


class Case(Struct, frozen=True, gc=False, kw_only=True):
    """What is known of the case, by whom and how far it has come.

    `handed_over_on` is the day a question that waited moved to another manager, and the reminding began anew.
    HR says `manager_number`, `unit_id`, `away` (on leave) and `left_on`; `led_by` and `placed_in` are the manager and
    the unit the case was last handed to, and `paused_on` the day from which nobody is chased: rules follow the former.
    `position_percentage` is all of the employee's positions together when the case was opened, 100 for full time.
    `asked_again` counts how often better documentation was asked for, `holds` the pauses HR has set.
    `discussed_on` is the day imposed home office was discussed with the unions.
    """

    number: str
    employee_number: str
    manager_number: str | None
    state: State
    applied_on: date
    application: Application
    led_by: str | None = None
    unit_id: str | None = None
    handed_over_on: date | None = None
    placed_in: str | None = None
    away: bool = False
    paused_on: date | None = None
    is_leader: bool = False
    position_percentage: float | None = None
    hold: Hold | None = None
    holds: int = 0
    imposed: bool = False
    discussed_on: date | None = None
    renews: str | None = None
    renewed_by: str | None = None
    requirements: tuple[Requirement, ...] = ()
    equipment: tuple[EquipmentItem, ...] = ()
    documentation: Chase | None = None
    asked_again: int = 0
    assessment_request: Chase | None = None
    assessment: Assessment | None = None
    start_on: date | None = None
    end_on: date | None = None
    evaluations: tuple[Evaluation, ...] = ()
    changes: tuple[Change, ...] = ()
    filings: tuple[Filing, ...] = ()
    expiry_notified_on: date | None = None
    termination: Termination | None = None
    left_on: date | None = None
    ended_on: date | None = None
    end_reason: EndReason | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def missing(self) -> tuple[RequirementKind, ...]:
        return tuple(requirement.kind for requirement in self.requirements if requirement.received_on is None)

    @property
    def open_evaluation(self) -> Evaluation | None:
        return next((evaluation for evaluation in self.evaluations if evaluation.outcome is None), None)

    @property
    def newest_change(self) -> Change | None:
        return max(self.changes, key=lambda change: change.sequence, default=None)

    @property
    def version(self) -> int:
        """The agreement's version: 1 as approved, and one more for each change that has come into force."""
        return 1 + sum(change.in_force_on is not None for change in self.changes)

    def at_version(self, version: int) -> "Case":
        """The case as that version of the agreement has it, when later ones came into force before it was written."""
        in_force = [change for change in self.changes if change.in_force_on is not None]
        later = in_force[version - 1 :]
        if not later:
            return self
        if version == 1:
            raise AssertionError(f"{self.number}: changed before its first version was filed")
        own = in_force[version - 2]
        application = replace(self.application, days_per_week=own.days_per_week, weekdays=own.weekdays)
        return replace(
            self, application=application, changes=tuple(change for change in self.changes if change not in later)
        )

    @property
    def last_day(self) -> date | None:
        """The last day the agreement holds, as far as is known: the period, a termination or the employment ends it."""
        terminated = None if self.termination is None else self.termination.last_day
        return min((day for day in (self.end_on, terminated, self.left_on) if day is not None), default=None)

    def requirement(self, kind: RequirementKind) -> Requirement | None:
        return next((requirement for requirement in self.requirements if requirement.kind is kind), None)

    def in_round(self, rule: str) -> str:
        """The rule of a question, told apart from the same one before documentation was asked for again."""
        return f"{rule}.{self.asked_again + 1}" if self.asked_again else rule

    def in_turn(self, rule: str) -> str:
        """A reminder's rule, told apart from the same one to the manager before: each is sent once."""
        return rule if self.handed_over_on is None else f"{rule}.{self.handed_over_on:%Y%m%d}"

    def moved(self, to: State) -> "Case":
        """The case in its next state.

        Raises:
            IllegalTransitionError: the life cycle has no such step.
        """
        if (self.state, to) not in TRANSITIONS:
            raise IllegalTransitionError(f"{self.number}: {self.state} can not become {to}")
        return replace(self, state=to)

    def ended(self, reason: EndReason, on: date) -> "Case":
        return replace(self.moved(State.ENDED), end_reason=reason, ended_on=on)

    def with_filings(self, *filings: Filing) -> "Case":
        return replace(self, filings=(*self.filings, *filings))

    def with_evaluation(self, evaluation: Evaluation) -> "Case":
        others = tuple(known for known in self.evaluations if known.sequence != evaluation.sequence)
        return replace(self, evaluations=(*others, evaluation))

    def with_change(self, change: Change) -> "Case":
        others = tuple(known for known in self.changes if known.sequence != change.sequence)
        return replace(self, changes=(*others, change))

    def with_requirement(self, requirement: Requirement) -> "Case":
        return replace(
            self,
            requirements=tuple(requirement if known.kind is requirement.kind else known for known in self.requirements),
        )
