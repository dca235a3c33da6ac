"""What a document says, before anybody decides how it looks: for the personnel folder, or over the whole scheme."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

Language = Literal["nb", "nn"]


class EquipmentSource(StrEnum):
    """Whether the employee has the thing at home already or borrows it from the workplace."""

    OWN = "own"
    LENT = "lent"


@dataclass(frozen=True, slots=True)
class Clause:
    """A term of the agreement. `letter` is the one in the regulation's § 2, empty for terms beyond those.

    A line break in `text` begins a new paragraph.
    """

    letter: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the employee answered to one mapping question, word for word."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class EquipmentItem:
    name: str
    source: EquipmentSource


@dataclass(frozen=True, slots=True)
class Package:
    """What the employer provides, under the policy's name for it; `max_amount` in kroner."""

    name: str
    text: str
    max_amount: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One person's yes: what makes the electronic agreement provable.

    `confirmed_at` is an instant with its time zone, or the day where no more is known. `how` says by which channel.
    `sha256` is that of the signed agreement the person uploaded, as it is filed; a yes in a form has none.
    """

    who: str
    role: str
    confirmed_at: datetime | date
    how: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementDocument:
    """One version of the written agreement of the regulation's § 2.

    `dated_on` is the day this version was made; it is printed, and it is the file's own date, so that the same
    content always gives the same bytes. `changed_from` is the first day of a new version's extent, while `start_on` and
    `end_on` are the whole agreement's. `photo_filed_with` is the earlier case whose photo still holds.
    """

    language: Language
    case_number: str
    version: int
    dated_on: date
    municipality: str
    employee_name: str
    employee_number: str
    unit_name: str | None
    manager_name: str | None
    start_on: date
    end_on: date | None
    days_per_week: float
    weekdays: tuple[str, ...] = ()
    changed_from: date | None = None
    clauses: tuple[Clause, ...] = ()
    answers: tuple[Answer, ...] = ()
    measures: str | None = None
    equipment: tuple[EquipmentItem, ...] = ()
    package: Package | None = None
    photo_filed_with: str | None = None
    confirmations: tuple[Confirmation, ...] = ()
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A name and its value, such as `Utfall: Fortsetter`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDocument:
    """A short record beside the agreement: an evaluation, or the note that the case has ended."""

    language: Language
    case_number: str
    dated_on: date
    municipality: str
    title: str
    terms: tuple[Term, ...]
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot. `value` is its length, `shown` the same in words."""

    label: str
    value: float
    shown: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars beside each other in words for whoever cannot see them (`alt`); `limit` is a line across, with its words."""

    bars: tuple[Bar, ...]
    alt: str
    limit: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class DataTable:
    """The first column is text, the others are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what belongs to it. `is_within` the part before it: a heading of the second level."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    plot: Plot | None = None
    table: DataTable | None = None
    is_within: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """A report over the scheme: key figures, then parts with plots and tables. `dated_on` is also the file's date."""

    language: Language
    municipality: str
    title: str
    period: str
    dated_on: date
    terms: tuple[Term, ...]
    parts: tuple[Part, ...]
