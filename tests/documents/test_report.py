"""The report over the scheme as files: a PDF that says what its figures are, and a table that Excel opens."""

import csv
import io

import pytest

from agreements.documents import Language, ReportDocument
from agreements.scheme_paper import figures
from integrations.documents.agreement import render_report
from integrations.documents.table import render_table
from tests.documents.reading import says, tags_of
from tests.documents.scheme_samples import LANGUAGES, MARKUP, hostile, large, ordinary


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_tables_is_printed(language: Language) -> None:
    report = ordinary(language)
    content = render_report(report)
    assert says(content, report.title)
    tables = [part.table for part in report.parts if part.table is not None]
    assert len(tables) >= 6
    for table in tables:
        assert all(says(content, "".join(row)) for row in (table.head, *table.rows))
    assert all(says(content, term.name) and says(content, term.value) for term in report.terms)


def test_every_plot_is_told_in_words_to_those_who_cannot_see_it() -> None:
    report = ordinary()
    told = [str(tag["/Alt"]) for tag in tags_of(render_report(report)) if "/Alt" in tag]
    plots = [part.plot for part in report.parts if part.plot is not None]
    assert sorted(told) == sorted(plot.alt for plot in plots)
    assert all(f"{bar.label} {bar.shown}" in plot.alt for plot in plots for bar in plot.bars)


@pytest.mark.parametrize("render", [render_report, render_table])
def test_the_same_report_gives_the_same_bytes(render: object) -> None:
    assert callable(render)
    assert render(ordinary()) == render(ordinary())


def test_a_plot_shows_the_highest_of_very_many_units_and_the_table_all() -> None:
    [units] = [part for part in large().parts if part.heading == "Enhetene"]
    assert units.plot is not None
    assert units.table is not None
    shown = [bar.value for bar in units.plot.bars]
    assert (len(shown), shown) == (25, sorted(shown, reverse=True))
    assert len(units.table.rows) > 70
    assert "Figuren viser de 25 enhetene med høyest snitt." in units.paragraphs


def test_hardly_anybody_is_no_figure_at_all() -> None:
    report = ordinary(number=4)
    assert [part for part in report.parts if part.plot is not None or part.table is not None] == []
    assert {term.value for term in report.terms} == {"færre enn 5", "vises ikke", "ingen"}


# --- The table --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_says_what_the_report_says(language: Language) -> None:
    report = ordinary(language)
    content = render_table(report)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = rows_of(content)
    assert rows[0] == [report.title, report.municipality, report.period]
    for part in report.parts:
        if part.table is not None:
            at = rows.index([part.heading]) + 1
            assert rows[at : at + 1 + len(part.table.rows)] == [[*part.table.head], *map(list, part.table.rows)]


def test_no_name_becomes_a_formula_or_another_cell() -> None:
    rows = rows_of(render_table(hostile()))
    cells = {cell for row in rows for cell in row}
    assert '\'=HYPERLINK("http://ond.example";"Klikk")' in cells
    assert 'Drift;og vei "sør"' in cells
    assert MARKUP in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def parts(report: ReportDocument) -> dict[str, list[tuple[str, ...]]]:
    return {part.heading: list(part.table.rows) for part in report.parts if part.table is not None}


def test_units_that_are_too_small_each_are_told_as_one() -> None:
    [[name, *_]] = parts(ordinary(number=14))["Enhetene"]
    assert name == "Alle enheter samlet"


def test_figures_are_those_of_the_report() -> None:
    report = ordinary()
    told = figures(report)
    assert [(line["row"], line["figure"]) for line in told[: len(report.terms)]] == [
        (term.name, term.value) for term in report.terms
    ]
    assert {"part": "Enhetene", "row": "Barnevern", "column": "Vurdering", "figure": "Innenfor"} in told


@pytest.mark.parametrize(("language", "over", "within"), [("nb", "Over", "Innenfor"), ("nn", "Over", "Innanfor")])
def test_units_are_judged_in_words(language: Language, over: str, within: str) -> None:
    heading = {"nb": "Enhetene", "nn": "Einingane"}[language]
    assert {row[3] for row in parts(ordinary(language))[heading]} == {over, within}
    assert {len(row) for row in parts(ordinary(language, unit_average=None))[heading]} == {3}
