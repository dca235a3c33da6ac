"""The overview for HR as a PDF: its figures, its plots in words, and odd names of units."""

from datetime import date

import pytest

from agreements.overview import Figures, Waits, Week
from agreements.overview_paper import TOO_FEW, NightResult, Overview, overview_document
from agreements.scheme import scheme_report
from agreements.unit_scores import scores_by_unit
from integrations.documents.agreement import render_report
from tests.documents.reading import says
from tests.documents.scheme_samples import HOSTILE_UNITS, PERIOD, UNITS, rules, town

TODAY = date(2026, 7, 1)
WEEKS = [Week(date(2026, 6, 29), 2, 1), Week(date(2026, 7, 6), 0, 3)]


def overview(people: int = 160) -> Overview:
    policy = rules()
    cases = town(people, policy)
    busy = Figures(28, 12, 7, 16)
    busy.waits[Waits.DOCUMENTATION], busy.late[Waits.DOCUMENTATION] = 11, 7
    return Overview(
        today=TODAY,
        total=busy if people else Figures(),
        units={"O-1": busy, "": Figures(1), "O-9": Figures(2)} if people else {},
        weeks=WEEKS if people else [],
        averages=scheme_report(cases, policy, PERIOD).units,
        limit=2.0,
        scores=scores_by_unit(cases, policy, PERIOD),
        night=NightResult(date(2026, 6, 30), is_well=False, counts={"e-poster sendt": 27, "lest": 0})
        if people
        else None,
    )


def test_what_the_page_says_is_on_paper_with_the_names_of_the_units() -> None:
    document = overview_document(overview(), "Sandvik kommune", UNITS)
    content = render_report(document)
    for expected in (
        "Åpne saker",
        "28 (12)",
        "Plan og byggesak",
        "Uten enhet",
        "O-9",
        "Uke 27",
        "11 (7)",
        "E-poster sendt 27",
    ):
        assert says(content, expected)
    assert [part.heading for part in document.parts[:2]] == ["Hva sakene venter på", "Åpne saker etter enhet"]
    assert says(content, "Nattkjøringen for 30.06.2026. Ikke alle steg gikk bra")
    for question in rules().evaluation.questions:
        assert question.text in [part.heading for part in document.parts]
    for part in document.parts:
        assert part.plot is None or part.plot.alt.startswith(part.heading)


def test_the_same_figures_give_the_same_bytes() -> None:
    document = overview_document(overview(), "Sandvik kommune", UNITS)
    assert render_report(document) == render_report(document)


def test_with_nobody_there_is_a_sentence_for_each_part() -> None:
    document = overview_document(overview(0), "Sandvik kommune", {})
    assert all(part.plot is None and part.table is None for part in document.parts)
    assert says(render_report(document), TOO_FEW)


@pytest.mark.parametrize("number", [1, 4])
def test_no_group_of_fewer_than_five_is_told(number: int) -> None:
    document = overview_document(overview(number), "Sandvik kommune", UNITS)
    told = {part.heading: part for part in document.parts}
    assert told["Dager hjemme per uke i enhetene"].table is None
    assert all(told[question.text].table is None for question in rules().evaluation.questions)


def test_names_that_would_do_harm_are_names() -> None:
    assert render_report(overview_document(overview(), "Sandvik kommune", HOSTILE_UNITS)).startswith(b"%PDF")
