"""The overview for HR: figures in Prefect; plots, and a row for each open case, as files in the library of reports."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from prefect import task
from prefect.artifacts import create_markdown_artifact
from sqlalchemy import Connection

from agreements.calendar import OSLO, add_months
from agreements.overview import (
    NEAR,
    Figures,
    Line,
    Waits,
    Week,
    figures_by_unit,
    figures_of_all,
    line_of,
    weeks_ahead,
)
from agreements.overview_paper import NightResult, Overview, decimal, overview_document, summary
from agreements.policy import SCORES
from agreements.scheme import Period, SchemeCase, UnitFigures, scheme_report
from agreements.unit_scores import StatementScores, scores_by_unit
from agreements.words import STATES
from config.installation import keyed
from config.sharepoint import REPORT_LIBRARY
from integrations.database import scheme
from integrations.database.cases import load_cases, open_case_numbers
from integrations.database.nights import EndedNight, last_night
from integrations.documents.agreement import render_report
from integrations.documents.table import render_rows
from integrations.graph.archive import Paper, archive_file
from integrations.graph.drive import site_address
from integrations.letters import Links
from tasks.batches import LOCAL, NETWORK, batches
from tasks.night import Night, this_night
from tasks.receipts import links

MADE = "oversikter laget"
FOLDER = "Oversikt for HR"
FULL_BAR = 20
"""Signs of the longest bar."""
UNITS_SHOWN = 50
HEADINGS = (
    *("Sak", "Enhet", "Enhetens id", "Tilstand", "Venter på", "Spurt", "Svarfrist", "Dager over fristen"),
    *("Avtalens siste dag", "Neste evaluering"),
)
NEXT_STEPS = ("Vis sak", "Sett på pause eller gjenoppta", "Forny avtale", "Lag rapporter")


@task(name="make-overview", **LOCAL)
def make_overview() -> Counter[str]:
    """The figures as an artifact and on paper, and the table they are the sum of. Nothing of it names a person."""
    night = this_night()
    with night.database.transaction() as connection:
        lines, names = _lines(connection, night), scheme.unit_names(connection)
        overview = _overview(night, lines, scheme.scheme_cases(connection), last_night(connection))
    name = f"{FOLDER}/Oversikt {moment(night)}"
    addresses = {
        "Som PDF, med diagrammer": file_for_hr(f"{name}.pdf", _paper(night, overview, names)),
        "Som tabell, med en rad for hver åpen sak": file_for_hr(f"{name}.csv", _rows(lines, names, night.on)),
    }
    page = _page(night, overview, addresses)
    create_markdown_artifact(
        page, key=keyed("oversikt-for-hr", night.settings), description=f"Oversikt {night.on:%d.%m.%Y}"
    )
    return Counter({MADE: 1})


@task(name="file-for-hr", **NETWORK)
def file_for_hr(path: str, content: bytes) -> str:
    """The address of the file in the library; a dry run puts nothing there, and gives none."""
    night = this_night()
    return "" if night.dry_run else asyncio.run(_filed(night, path, content))


async def _filed(night: Night, path: str, content: bytes) -> str:
    async with night.graph() as graph:
        await archive_file(graph, REPORT_LIBRARY, Paper(path, content, {}))
        return Links(await site_address(graph)).file(REPORT_LIBRARY, path)


def moment(night: Night) -> str:
    """For a file's name, by the second: a list is of its moment, and none takes the place of another."""
    return f"{night.on.isoformat()} {night.stamp(FOLDER).at.astimezone(OSLO):%H.%M.%S}"


def _lines(connection: Connection, night: Night) -> list[Line]:
    return [
        line_of(case, night.policy, night.on)
        for batch in batches(open_case_numbers(connection))
        for _, case in load_cases(connection, batch).values()
    ]


def _overview(night: Night, lines: Sequence[Line], cases: Sequence[SchemeCase], ended: EndedNight | None) -> Overview:
    """Averages as in the report over the scheme, small units together: none may tell what one person has."""
    as_of = night.on + timedelta(days=1)
    period = Period(add_months(as_of, -12), as_of)
    return Overview(
        today=night.on,
        total=figures_of_all(lines, night.on),
        units=figures_by_unit(lines, night.on),
        weeks=weeks_ahead(lines, night.on),
        averages=scheme_report(cases, night.policy, period).units,
        limit=night.policy.limits.unit_average_days_per_week,
        scores=scores_by_unit(cases, night.policy, period),
        night=None if ended is None else NightResult(ended.on, ended.is_well, ended.counts),
    )


def _paper(night: Night, overview: Overview, names: Mapping[str, str]) -> bytes:
    return render_report(overview_document(overview, night.policy.municipality, names))


def _rows(lines: Sequence[Line], names: Mapping[str, str], today: date) -> bytes:
    return render_rows(HEADINGS, [row for line in lines for row in _rows_of(line, names, today)])


def _rows_of(line: Line, names: Mapping[str, str], today: date) -> list[tuple[str, ...]]:
    """A row for each open question, or one where nothing is asked."""
    start = (line.case_number, names.get(line.unit_id, line.unit_id), line.unit_id, STATES[line.state])
    end = (_day(line.ends_on), _day(line.evaluated_on))
    asked = [
        (str(each.waits), _day(each.asked_on), _day(each.answer_by), str(each.days_overdue(today) or ""))
        for each in line.questions
    ]
    return [(*start, *question, *end) for question in asked or [("", "", "", "")]]


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%d.%m.%Y}"


# --- The page ---------------------------------------------------------------------------------------------------


def _page(night: Night, overview: Overview, addresses: Mapping[str, str]) -> str:
    kind = " (prøvekjøring, ingen fil er lagret)" if night.dry_run else ""
    parts = [
        f"# Oversikt for HR {night.on:%d.%m.%Y}{kind}",
        " · ".join(f"[{said}]({address})" for said, address in addresses.items() if address),
        "\n".join(f"- {said}: {number}" for said, number in summary(overview.total)),
        _waiting(overview.total),
        _by_unit(overview.units),
        _by_week(overview.weeks),
        _unit_averages(overview.averages, overview.limit),
        *(_unit_scores(each) for each in overview.scores),
        _last_night(night, overview.night),
        links(NEXT_STEPS, {}),
    ]
    return "\n\n".join(filter(None, parts))


def _last_night(night: Night, ended: NightResult | None) -> str:
    said = "Ingen natt er kjørt ennå." if ended is None else ended.in_words
    page = f"[Resultatet av natten](/artifacts/key/{keyed('nightly-rapport', night.settings)})"
    return f"## Siste natt\n{said} {page}"


def _waiting(total: Figures) -> str:
    longest = max(total.waits.values(), default=0)
    rows = [
        f"| {waits} | {total.waits[waits]} | {total.late[waits]} | {bar(total.waits[waits], longest)} |"
        for waits in Waits
        if total.waits[waits]
    ]
    head = "| Venter på | Saker | Fristen er ute | |\n|---|---|---|---|"
    return "\n".join(["## Hva sakene venter på", *([head, *rows] if rows else ["Ingen saker venter på svar."])])


def _by_unit(units: Mapping[str, Figures]) -> str:
    longest = max((figures.open for figures in units.values()), default=0)
    rows = [
        f"| {unit_id or 'uten enhet'} | {each.open} | {each.overdue} | {each.ending} | {each.evaluations} "
        f"| {bar(each.open, longest, each.overdue)} |"
        for unit_id, each in list(units.items())[:UNITS_SHOWN]
    ]
    more = [f"\n… og {len(units) - UNITS_SHOWN} enheter til; de står i filen."] if len(units) > UNITS_SHOWN else []
    head = "| Enhet | Åpne | Fristen er ute | Over snart | Evalueringer | ▓: for sent |\n|---|---|---|---|---|---|"
    return "\n".join(["## Etter enhet", *([head, *rows, *more] if rows else ["Ingen åpne saker."])])


def _by_week(weeks: Sequence[Week]) -> str:
    longest = max(max(week.ending, week.evaluations) for week in weeks)
    rows = [
        f"| {week.name}, fra {week.monday:%d.%m.} | {week.ending} | {bar(week.ending, longest)} "
        f"| {week.evaluations} | {bar(week.evaluations, longest)} |"
        for week in weeks
    ]
    head = "| Uke | Avtaler som er over | | Evalueringer | |\n|---|---|---|---|---|"
    nothing = ["Ingen avtaler er over, og ingen evalueringer kommer."]
    return "\n".join([f"## De neste {NEAR.days} dagene", *([head, *rows] if longest else nothing)])


def _unit_averages(averages: Sequence[UnitFigures], limit: float | None) -> str:
    if not averages:
        return "## Snitt i enhetene\nFor få avtaler gjelder til at snitt kan vises."
    longest = max(unit.average_days or 0 for unit in averages)
    rows = [
        f"| {_units_named(unit.unit_ids)} | {unit.people} | {decimal(unit.average_days)} "
        f"| {'over' if unit.is_above else ''} | {bar(unit.average_days or 0, longest)} |"
        for unit in averages
    ]
    allowed = "" if limit is None else f" Retningslinjenes snitt er {decimal(limit)} dager."
    head = "| Enhet | Avtaler | Dager hjemme per uke | | |\n|---|---|---|---|---|"
    return "\n".join([f"## Snitt i enhetene\nSmå enheter står sammen.{allowed}\n", head, *rows])


def _unit_scores(statement: StatementScores) -> str:
    heading = f"### {statement.text}"
    if not statement.units:
        return f"{heading}\nFor få har svart til at snitt kan vises."
    rows = [
        f"| {_units_named(each.unit_ids)} | {each.people} | {decimal(each.average)} "
        f"| {bar(each.average or 0, SCORES[-1])} |"
        for each in sorted(statement.units, key=lambda unit: unit.average or 0)[:UNITS_SHOWN]
    ]
    head = f"| Enhet | Har svart | Snitt ({SCORES[0]} til {SCORES[-1]}) | |\n|---|---|---|---|"
    return "\n".join([heading, head, *rows])


def _units_named(unit_ids: Sequence[str]) -> str:
    return ", ".join(unit_id or "uten enhet" for unit_id in unit_ids)


def bar(number: float, longest: float, marked: float = 0) -> str:
    """A bar of text, as long as its share of the longest; what is marked of it comes first, in another shade."""
    if not longest:
        return ""
    length = max(round(FULL_BAR * number / longest), 1 if number else 0)
    shaded = min(max(round(FULL_BAR * marked / longest), 1 if marked else 0), length)
    return "▓" * shaded + "█" * (length - shaded)
