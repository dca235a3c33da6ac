"""The overview for HR on paper: key figures, then plots and tables. How it looks is elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agreements.documents import Bar, DataTable, Part, Plot, ReportDocument, Term
from agreements.overview import NEAR, Figures, Waits, Week
from agreements.policy import SCORES
from agreements.scheme import UnitFigures
from agreements.unit_scores import StatementScores

MOST_BARS = 25
"""Bars in a plot of units; the table has all of them."""
ALL_TOGETHER = "Små enheter samlet"
NO_UNIT = "Uten enhet"
TOO_FEW = "For få til at tall kan vises."
LATE = "I diagrammet står saker der svarfristen er ute, i parentes."
ROUNDED = "Små enheter står sammen. Der det er færre enn 20 i en gruppe, er snittet rundet av til nærmeste halve."
ENDS_OF_SCALE = (
    f"{SCORES[0]} er helt uenig og {SCORES[-1]} helt enig, i den nyeste evalueringen av hver avtale siste år."
)


@dataclass(frozen=True, slots=True)
class NightResult:
    """The last night that came to its end. `counts` are of all its steps together, by what was counted."""

    on: date
    is_well: bool
    counts: Mapping[str, int]

    @property
    def in_words(self) -> str:
        how = "Alle steg gikk bra" if self.is_well else "Ikke alle steg gikk bra; siden i Prefect sier hva som feilet"
        return f"Nattkjøringen for {self.on:%d.%m.%Y}. {how}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the overview tells, in numbers. `limit` is the policy's average for a unit, if it has one."""

    today: date
    total: Figures
    units: Mapping[str, Figures]
    weeks: Sequence[Week]
    averages: Sequence[UnitFigures]
    limit: float | None
    scores: Sequence[StatementScores]
    night: NightResult | None


def overview_document(overview: Overview, municipality: str, unit_names: Mapping[str, str]) -> ReportDocument:
    """The overview as it is read. A unit without a name goes by its id."""
    return ReportDocument(
        language="nb",
        municipality=municipality,
        title="Oversikt for HR",
        period="Hjemmekontor i alle enheter",
        dated_on=overview.today,
        terms=tuple(Term(said, str(number)) for said, number in summary(overview.total)),
        parts=(
            _waiting(overview.total),
            _units(overview.units, unit_names),
            *_ahead(overview.weeks),
            _averages(overview, unit_names),
            *_scores(overview.scores, unit_names),
            _night(overview.night),
        ),
    )


def summary(total: Figures) -> list[tuple[str, int]]:
    """The key figures, in words and in number."""
    return [
        ("Åpne saker", total.open),
        ("Saker der svarfristen er ute", total.overdue),
        (f"Avtaler som er over innen {NEAR.days} dager", total.ending),
        (f"Evalueringer som er i gang eller kommer innen {NEAR.days} dager", total.evaluations),
    ]


def decimal(number: float | None) -> str:
    return "" if number is None else f"{number:.1f}".replace(".", ",")


def _waiting(total: Figures) -> Part:
    heading = "Hva sakene venter på"
    rows = [(waits, total.waits[waits], total.late[waits]) for waits in Waits if total.waits[waits]]
    if not rows:
        return Part(heading, ("Ingen saker venter på svar.",))
    bars = [
        Bar(waits.capitalize(), number, _and_late(number, late), is_marked=late > 0) for waits, number, late in rows
    ]
    table = [(waits.capitalize(), str(number), str(late)) for waits, number, late in rows]
    return Part(
        heading, (LATE,), _plot(heading, bars), DataTable(("Venter på", "Saker", "Fristen er ute"), tuple(table))
    )


def _units(units: Mapping[str, Figures], names: Mapping[str, str]) -> Part:
    heading = "Åpne saker etter enhet"
    if not units:
        return Part(heading, ("Ingen åpne saker.",))
    named = [(_unit((unit_id,), names), each) for unit_id, each in units.items()]
    bars = [
        Bar(name, each.open, _and_late(each.open, each.overdue), is_marked=each.overdue > 0) for name, each in named
    ]
    rows = [(name, *map(str, (each.open, each.overdue, each.ending, each.evaluations))) for name, each in named]
    head = ("Enhet", "Åpne", "Fristen er ute", "Over snart", "Evalueringer")
    most = f"Det viser de {MOST_BARS} enhetene som har flest slike."
    told = (LATE, most) if len(bars) > MOST_BARS else (LATE,)
    return Part(heading, told, _plot(heading, bars[:MOST_BARS]), DataTable(head, tuple(rows)))


def _ahead(weeks: Sequence[Week]) -> list[Part]:
    heading = f"De neste {NEAR.days} dagene"
    if not any(week.ending or week.evaluations for week in weeks):
        return [Part(heading, ("Ingen avtaler er over, og ingen evalueringer kommer.",))]
    rows = tuple((week.name, str(week.ending), str(week.evaluations)) for week in weeks)
    ending = [Bar(week.name, week.ending, str(week.ending)) for week in weeks]
    evaluations = [Bar(week.name, week.evaluations, str(week.evaluations)) for week in weeks]
    said = "Det som skulle vært før denne uken, står i den første."
    return [
        Part(heading, (said,), None, DataTable(("Uke", "Avtaler som er over", "Evalueringer"), rows)),
        Part("Avtaler som er over", (), _plot("Avtaler som er over", ending), is_within=True),
        Part("Evalueringer", (), _plot("Evalueringer", evaluations), is_within=True),
    ]


def _averages(overview: Overview, names: Mapping[str, str]) -> Part:
    heading = "Dager hjemme per uke i enhetene"
    if not overview.averages:
        return Part(heading, (TOO_FEW,))
    named = sorted(
        ((_unit(unit.unit_ids, names), unit) for unit in overview.averages), key=lambda pair: pair[0].casefold()
    )
    bars = [
        Bar(name, unit.average_days or 0, decimal(unit.average_days), is_marked=unit.is_above is True)
        for name, unit in sorted(named, key=lambda pair: -(pair[1].average_days or 0))[:MOST_BARS]
    ]
    rows = [(name, str(unit.people), decimal(unit.average_days)) for name, unit in named]
    line = None if overview.limit is None else (overview.limit, f"retningslinjenes snitt: {decimal(overview.limit)}")
    table = DataTable(("Enhet", "Avtaler", "Dager i snitt"), tuple(rows))
    return Part(heading, (ROUNDED,), _plot(heading, bars, line), table)


def _scores(statements: Sequence[StatementScores], names: Mapping[str, str]) -> list[Part]:
    if not statements:
        return []
    return [Part("Evalueringer i enhetene", (ENDS_OF_SCALE, ROUNDED)), *(_score(each, names) for each in statements)]


def _score(statement: StatementScores, names: Mapping[str, str]) -> Part:
    if not statement.units:
        return Part(statement.text, (TOO_FEW,), is_within=True)
    named = sorted(
        ((_unit(each.unit_ids, names), each) for each in statement.units), key=lambda pair: pair[0].casefold()
    )
    lowest = sorted(named, key=lambda pair: pair[1].average or 0)[:MOST_BARS]
    bars = [Bar(name, each.average or 0, decimal(each.average)) for name, each in lowest]
    rows = tuple((name, str(each.people), decimal(each.average)) for name, each in named)
    table = DataTable(("Enhet", "Har svart", "Snitt"), rows)
    return Part(statement.text, (), _plot(statement.text, bars), table, is_within=True)


def _night(night: NightResult | None) -> Part:
    heading = "Siste natt"
    if night is None:
        return Part(heading, ("Ingen natt er kjørt ennå.",))
    rows = tuple((what.capitalize(), str(number)) for what, number in night.counts.items() if number)
    return Part(heading, (night.in_words,), None, DataTable(("Hva", "Antall"), rows) if rows else None)


def _plot(heading: str, bars: Sequence[Bar], limit: tuple[float, str] | None = None) -> Plot:
    in_words = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return Plot(tuple(bars), f"{heading}: {in_words}.", limit)


def _and_late(number: int, late: int) -> str:
    return f"{number} ({late})" if late else str(number)


def _unit(unit_ids: Sequence[str], names: Mapping[str, str]) -> str:
    if len(unit_ids) > 1:
        return ALL_TOGETHER
    [unit_id] = unit_ids
    return (names.get(unit_id, "").strip() or unit_id) if unit_id else NO_UNIT
