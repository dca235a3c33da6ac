"""The report over the scheme in words: its figures as key figures, plots and tables. How it looks is elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from agreements.documents import Bar, DataTable, Part, Plot, ReportDocument, Term
from agreements.paperwork import norwegian_date
from agreements.policy import SCORES, Policy
from agreements.scheme import Breakdown, SchemeReport, ScoreFigures, UnitFigures
from agreements.scheme_wording import SCHEME_WORDINGS, SchemeWording
from agreements.suppression import Group
from agreements.words import days_in_words

MOST_BARS = 25
"""Bars in a plot of units; beyond that it shows the highest, and the table shows all."""

TO = "\N{EN DASH}"
"""From one figure to another, and in place of one that there is not."""

Said = Callable[[Group], str]


def report_file_name(as_of: date, file_format: str, policy: Policy) -> str:
    return SCHEME_WORDINGS[policy.language].file_name.format(day=as_of.isoformat(), format=file_format)


def report_document(report: SchemeReport, policy: Policy, unit_names: Mapping[str, str]) -> ReportDocument:
    """The report as it is read. A unit without a name goes by its id."""
    words = SCHEME_WORDINGS[policy.language]
    first, last = norwegian_date(report.period.first), norwegian_date(report.period.last)
    return ReportDocument(
        language=policy.language,
        municipality=policy.municipality,
        title=words.title,
        period=words.period.format(first=first, last=last),
        dated_on=report.period.as_of,
        terms=_key_figures(report, words),
        parts=(
            _days(report, policy, words),
            _units(report, policy, words, unit_names),
            _plain(report.applications, words.applications_heading, words.result_column, words, words.results),
            _plain(report.ended, words.ended_heading, words.end_column, words, words.ends),
            *_evaluations(report, policy, words),
            Part(words.made_heading, words.made),
        ),
    )


def figures(document: ReportDocument) -> list[dict[str, str]]:
    """Every figure on a line of its own: in which part, of what, which one, how much."""
    key_figures = [
        {"part": document.title, "row": term.name, "column": "", "figure": term.value} for term in document.terms
    ]
    return key_figures + [
        {"part": part.heading, "row": row[0], "column": column, "figure": figure}
        for part in document.parts
        if part.table is not None
        for row in part.table.rows
        for column, figure in zip(part.table.head[1:], row[1:], strict=True)
    ]


# --- Parts ------------------------------------------------------------------------------------------------------


def _key_figures(report: SchemeReport, words: SchemeWording) -> tuple[Term, ...]:
    judged = sum(unit.is_above is not None for unit in report.units)
    above = (
        ()
        if report.units_above is None
        else (Term(words.units_above, words.units_above_value.format(above=report.units_above, judged=judged)),)
    )
    return (
        Term(words.in_force, _people(report.in_force.people, words)),
        Term(words.average_days, _average(report.average_days, words)),
        *above,
        Term(words.applied, _people(report.applications.people, words)),
        Term(words.ended, _people(report.ended.people, words)),
        Term(words.evaluated, _people(report.outcomes.people, words)),
    )


def _days(report: SchemeReport, policy: Policy, words: SchemeWording) -> Part:
    def said(group: Group) -> str:
        if len(group.labels) == 1:
            return days_in_words(float(group.labels[0]), policy.language)
        first, last = float(group.labels[0]), float(group.labels[-1])
        return f"{first:g}{TO}{days_in_words(last, policy.language)}".replace(".", ",")

    part = _broken_down(report.in_force, words.days_heading, words.days_column, said, words)
    return _explained(part, words.days_explained)


def _units(report: SchemeReport, policy: Policy, words: SchemeWording, unit_names: Mapping[str, str]) -> Part:
    limit = report.unit_limit
    if not report.units:
        return Part(words.units_heading, (_nothing(report.in_force, words),))
    named = [(_unit_name(unit, words, unit_names), unit) for unit in report.units]
    if len(named) == 1 and len(report.units[0].unit_ids) > 1:
        named = [(words.all_units, report.units[0])]
    # By name, with those that stand together last.
    named.sort(key=lambda pair: (len(pair[1].unit_ids) > 1, pair[0].casefold()))
    highest = sorted(named, key=lambda pair: -(pair[1].average_days or 0))[:MOST_BARS]
    bars = tuple(
        Bar(name, unit.average_days or 0, _with_decimal(unit.average_days), is_marked=unit.is_above is True)
        for name, unit in highest
    )
    head = [words.unit_column, words.agreements_column, words.average_column]
    rows = [[name, str(unit.people), _with_decimal(unit.average_days)] for name, unit in named]
    paragraphs = [words.units_explained]
    line = None
    if limit is not None:
        in_words = days_in_words(limit, policy.language)
        paragraphs.append(words.units_limit.format(limit=in_words))
        line = (limit, words.limit_label.format(limit=in_words))
        head.append(words.judged_column)
        rows = [[*row, _judged(unit, words)] for row, (_, unit) in zip(rows, named, strict=True)]
    if len(named) > MOST_BARS:
        paragraphs.append(words.units_most.format(number=MOST_BARS))
    return Part(
        words.units_heading,
        tuple(paragraphs),
        Plot(bars, _in_words(words.units_heading, bars, words), line),
        DataTable(tuple(head), tuple(map(tuple, rows))),
    )


def _plain(breakdown: Breakdown, heading: str, column: str, words: SchemeWording, labels: Mapping[str, str]) -> Part:
    return _broken_down(breakdown, heading, column, lambda group: _either(group, labels, words), words)


def _evaluations(report: SchemeReport, policy: Policy, words: SchemeWording) -> list[Part]:
    if report.outcomes.people == 0:
        return [Part(words.outcomes_heading, (words.no_evaluations,))]
    outcomes = _plain(report.outcomes, words.outcomes_heading, words.outcome_column, words, words.outcomes)
    texts = {question.column: question.text for question in policy.evaluation.questions}
    scores = [_score(each, texts[each.column], words) for each in report.scores]
    outcomes = _explained(outcomes, words.outcomes_explained)
    return [outcomes, *([Part(words.scores_heading, (words.scores_explained,)), *scores] if scores else [])]


def _score(score: ScoreFigures, text: str, words: SchemeWording) -> Part:
    ends = {str(SCORES[0]): words.score_ends[0], str(SCORES[-1]): words.score_ends[1]}

    def said(group: Group) -> str:
        first, last = group.labels[0], group.labels[-1]
        return ends.get(first, first) if first == last else f"{first}{TO}{last}"

    average = words.score_average.format(
        average=_average(score.average, words), people=_people(score.answers.people, words)
    )
    part = _broken_down(score.answers, text, words.score_column, said, words)
    return replace(_explained(part, average) if part.table is not None else part, is_within=True)


def _broken_down(breakdown: Breakdown, heading: str, column: str, said: Said, words: SchemeWording) -> Part:
    """A plot and a table of the groups; where all stand together, their number alone."""
    total = breakdown.people
    if not total:
        return Part(heading, (_nothing(breakdown, words),))
    if len(breakdown.groups) == 1 and len(breakdown.groups[0].labels) > 1:
        return Part(heading, (words.undivided.format(people=total),))
    named = [(said(group), group.people) for group in breakdown.groups]
    shares = [f"{people * 100 / total:.0f} %" for _, people in named]
    bars = tuple(Bar(label, people, str(people)) for label, people in named)
    rows = [(label, str(people), share) for (label, people), share in zip(named, shares, strict=True)]
    table = DataTable((column, words.people, words.share), (*rows, (words.total, str(total), "100 %")))
    return Part(heading, (), Plot(bars, _in_words(heading, bars, words)), table)


def _explained(part: Part, *paragraphs: str) -> Part:
    return replace(part, paragraphs=(*paragraphs, *part.paragraphs))


# --- Words ------------------------------------------------------------------------------------------------------


def _nothing(breakdown: Breakdown, words: SchemeWording) -> str:
    return f"{words.total}: {_people(breakdown.people, words)}."


def _people(people: int | None, words: SchemeWording) -> str:
    if people is None:
        return words.too_few
    return str(people) if people else words.nobody


def _average(bounds: tuple[float, float] | None, words: SchemeWording) -> str:
    if bounds is None:
        return words.not_shown
    least, greatest = map(_with_decimal, bounds)
    return least if least == greatest else words.between.format(least=least, greatest=greatest)


def _with_decimal(value: float | None) -> str:
    return TO if value is None else f"{value:.1f}".replace(".", ",")


def _either(group: Group, labels: Mapping[str, str], words: SchemeWording) -> str:
    first, *rest = [labels[label] for label in group.labels]
    if not rest:
        return first
    *middle, last = [each[:1].lower() + each[1:] for each in rest]
    return f"{', '.join([first, *middle])} {words.either} {last}"


def _unit_name(unit: UnitFigures, words: SchemeWording, names: Mapping[str, str]) -> str:
    if len(unit.unit_ids) > 1:
        return words.other_units
    [unit_id] = unit.unit_ids
    return (names.get(unit_id, "").strip() or unit_id) if unit_id else words.no_unit


def _judged(unit: UnitFigures, words: SchemeWording) -> str:
    return {True: words.above, False: words.within, None: words.not_judged}[unit.is_above]


def _in_words(heading: str, bars: Sequence[Bar], words: SchemeWording) -> str:
    return words.plot.format(heading=heading, bars=", ".join(f"{bar.label} {bar.shown}" for bar in bars))
