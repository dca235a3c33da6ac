"""The five shipped policies are their documents: a row for every rule, and a normal life under each of them."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from agreements.case import Place, State
from agreements.paperwork import People, agreement
from agreements.policy import MUST_BE_AGREED
from config.policy_files import SHIPPED, SHIPPED_NAMES, load_policy
from tests.agreements.baerum_rows import BAERUM_ROWS
from tests.agreements.document_rows import (
    DocumentRow,
    evaluation_days,
    first_rule,
    last_day_when_terminated,
    letters,
    normal_life,
)
from tests.agreements.factories import EMPLOYEE, MANAGER, MONDAY, application
from tests.agreements.midt_telemark_rows import MIDT_TELEMARK_ROWS
from tests.agreements.oslo_rows import OSLO_ROWS
from tests.agreements.procedure_rows import PROCEDURE_ROWS
from tests.agreements.troms_rows import TROMS_ROWS

ROWS: Mapping[str, tuple[DocumentRow, ...]] = {
    "midt-telemark": MIDT_TELEMARK_ROWS,
    "prosedyre-websak": PROCEDURE_ROWS,
    "oslo": OSLO_ROWS,
    "troms": TROMS_ROWS,
    "baerum": BAERUM_ROWS,
}
NOT_YET: Mapping[tuple[str, str], str] = {}
"""Rules, or parts of them, that the policy can say and nothing acts on, or that have no place at all."""
NOT_RULES = "—"
"""How docs/policies.md begins the place of a line that is no rule: who decided, what was found, where it is kept."""

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "policies.md"
EXTRACTION = ROOT / "../shared/facts/seed-rules.md"
DOCUMENTS = {
    "000_": "midt-telemark",
    "001_": "prosedyre-websak",
    "002_": "oslo",
    "003_": "troms",
    "004_": "baerum",
}
PEOPLE = People("Åse Regnglimt", "Plan og bygg", "Bo Strand", {MANAGER: "Bo Strand"})
EVALUATED_ON = {
    "midt-telemark": (),
    "prosedyre-websak": (date(2026, 9, 2), date(2027, 1, 30)),
    "oslo": (date(2026, 9, 2),),
    "troms": (date(2026, 9, 2),),
    "baerum": (date(2026, 9, 2),),
}
NOTICE_DAYS = {
    "midt-telemark": (0, 14),
    "prosedyre-websak": (0, 0),
    "oslo": (14, 14),
    "troms": (0, 0),
    "baerum": (14, 14),
}
"""Of the employee, and of the manager."""
MOST_DAYS = {"midt-telemark": 2.0, "prosedyre-websak": 5.0, "oslo": 5.0, "troms": 4.0, "baerum": 3.0}
INFORMING = {
    "midt-telemark": ["Arbeidsmiljø"],
    "prosedyre-websak": ["Forsikring"],
    "oslo": ["Forsikring", "Oppfølging"],
    "troms": ["Forsikring", "Reise"],
    "baerum": [],
}
SIGNS_OF_NYNORSK = re.compile(r"\b(heime\w*|ikkje|frå|òg|veka|den tilsette)\b", re.IGNORECASE)
SIGNS_OF_BOKMAL = re.compile(r"\b(hjemme\w*|ikke|fra|også|uken|arbeidstakeren)\b", re.IGNORECASE)

NAMED_ROWS = [
    pytest.param(name, row, id=f"{name}: {row.quote} -> {row.place}") for name, rows in ROWS.items() for row in rows
]


@pytest.mark.parametrize(("name", "row"), NAMED_ROWS)
def test_each_rule_of_each_document_holds(name: str, row: DocumentRow) -> None:
    assert row.found(load_policy(name)) == row.expected


def test_all_five_have_rows() -> None:
    assert set(ROWS) == set(SHIPPED_NAMES) == {file.stem for file in SHIPPED.glob("*.toml")} - {"mal"}


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_the_documentation_places_what_is_tested_and_nothing_else(name: str) -> None:
    placed = dict(documented(name))
    not_rules = {quote for quote, place in placed.items() if place.startswith(NOT_RULES)}
    tested = {row.quote for row in ROWS[name]}
    not_yet = {quote for policy, quote in NOT_YET if policy == name}
    assert set(placed) == tested | not_rules
    assert not tested & not_rules
    assert {quote for quote, place in placed.items() if "not yet" in place} == not_yet


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.skipif(not EXTRACTION.exists(), reason="the extraction of the documents is not in this checkout")
def test_no_line_of_the_extraction_is_left_out(name: str) -> None:
    placed = [quote for quote, _ in documented(name)]
    lines = list(extracted(name))
    assert len(lines) > 5
    assert [line for line in lines if not any(quote in line for quote in placed)] == []
    assert [quote for quote in placed if not any(quote in line for line in lines)] == []


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_a_normal_application_comes_into_force(name: str) -> None:
    policy = load_policy(name)
    life = normal_life(policy)
    assert life.case.state is State.ACTIVE
    assert life.rules == (
        "documentation.ask",
        "assessment.ask",
        "assessment.approved",
        "filing.prepare",
        "filing.verified",
    )
    assert {kind.kind for kind in life.case.requirements} == set(policy.requirements)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({}, "documentation.ask", id="ordinary"),
        pytest.param({"days_per_week": 0.5}, "§1-sporadic", id="sporadic"),
        pytest.param({"end_on": MONDAY + timedelta(days=43)}, "§1-short-term", id="short"),
        pytest.param({"place": Place.ELSEWHERE_IN_NORWAY}, "§1-elsewhere-than-home", id="elsewhere"),
        pytest.param({"place": Place.ABROAD}, "abroad.special-assessment", id="abroad"),
        pytest.param({"end_on": MONDAY - timedelta(days=1)}, "period.already-over", id="over-already"),
    ],
)
def test_eligibility(name: str, changes: dict[str, object], rule: str) -> None:
    assert first_rule(load_policy(name), application(**changes)) == rule


@pytest.mark.parametrize(("name", "most"), MOST_DAYS.items())
def test_the_most_days_there_may_be(name: str, most: float) -> None:
    policy = load_policy(name)
    assert first_rule(policy, application(days_per_week=most)) == "documentation.ask"
    assert first_rule(policy, application(days_per_week=most + 0.5)) == "limits.too-many-days"


@pytest.mark.parametrize(("name", "days"), NOTICE_DAYS.items())
def test_terms_of_termination(name: str, days: tuple[int, int]) -> None:
    policy = load_policy(name)
    last_days = tuple(last_day_when_terminated(policy, by) for by in (EMPLOYEE, MANAGER))
    assert last_days == tuple(MONDAY + timedelta(days=number) for number in days)


@pytest.mark.parametrize(("name", "days"), EVALUATED_ON.items())
def test_days_of_evaluation(name: str, days: tuple[date, ...]) -> None:
    assert evaluation_days(load_policy(name)) == days


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_the_agreement_says_everything_in_its_language(name: str) -> None:
    policy = load_policy(name)
    life = normal_life(policy)
    words = agreement(life.case, policy, PEOPLE, MONDAY, is_draft=False)
    text = "\n".join(f"{clause.heading}\n{clause.text}" for clause in words.clauses)
    assert [clause.letter for clause in words.clauses if clause.letter] == list(MUST_BE_AGREED)
    assert [clause.heading for clause in words.clauses if not clause.letter] == INFORMING[name]
    assert "{" not in text
    assert "2 dag" in text
    assert policy.municipality in text
    foreign, own = SIGNS_OF_NYNORSK, SIGNS_OF_BOKMAL
    if policy.language == "nn":
        foreign, own = own, foreign
    assert own.search(text) is not None
    assert foreign.findall(text) == []
    assert letters(policy) == set(MUST_BE_AGREED)


def documented(name: str) -> Iterator[tuple[str, str]]:
    """(quote, place) of every line in the table that the documentation has for this policy."""
    section = DOCS.read_text(encoding="utf-8").split(f"\n### `{name}`", maxsplit=1)[1]
    table = re.split(r"\n##", section, maxsplit=1)[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0] != "line" and not cells[0].startswith("---"):
            yield cells[0], cells[1]


def extracted(name: str) -> Iterator[str]:
    """Every line that the extraction has from this policy's document."""
    for section in EXTRACTION.read_text(encoding="utf-8").split("\n## ")[1:]:
        if DOCUMENTS[section[:4]] == name:
            yield from (line for line in section.splitlines() if line.startswith("- "))
