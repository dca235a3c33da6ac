"""HR reads Norwegian: every rule and state has a name that is not ours."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest

import agreements.rules
from agreements.case import State
from agreements.documents import Language
from agreements.words import RULES, STATES, extent_in_words, rule_in_words, the_days_in_words
from config.sharepoint import APPLICATIONS, CASE_LIBRARY, LISTS

ROOT = Path(__file__).parents[2]
WRITERS = ("flows", "hjemmekontor", "integrations", "tasks")
RULE_FILES = sorted(Path(agreements.rules.__file__).parent.glob("*.py"))


def _rule_names() -> set[str]:
    """Every text in the rules that is shaped like a rule's name: with a full stop or a paragraph sign, no space."""
    nodes = (node for file in RULE_FILES for node in ast.walk(ast.parse(file.read_text())))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {
        text.rstrip(".") for text in texts if ("." in text[1:] or text.startswith("§")) and not set(text) & set(" :")
    }


def _answers() -> set[str]:
    """What people deliver: an item of any list but the applications, or a file."""
    lists = {definition.name for definition in LISTS if definition is not APPLICATIONS}
    return {f"fact.{source}" for source in lists | {CASE_LIBRARY}}


def _named_elsewhere() -> set[str]:
    """Rules outside the rules' own files: HR's changes by their names, and whatever an `Action` is made with."""
    found = set()
    for file in (file for package in WRITERS for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and re.fullmatch(r"hr\.[a-z-]+", str(node.value)):
                found.add(str(node.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Action":
                found.add(ast.unparse(node.args[0]).removeprefix("f").strip("'\""))
    return found


def test_every_rule_has_norwegian_words() -> None:
    """Whatever is written as an event, wherever it comes from."""
    elsewhere = _named_elsewhere()
    numbered = {rule.partition("{")[0].rstrip(".") for rule in elsewhere if "{" in rule}
    assert "fact" in numbered
    from_hr = {rule for rule in elsewhere if "{" not in rule}
    assert from_hr
    assert _rule_names() | _answers() | numbered - {"fact"} | from_hr == set(RULES)


def test_every_state_has_norwegian_words() -> None:
    assert set(STATES) == set(State)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("documentation.reminder.2", "purret på dokumentasjon"),
        ("evaluation.reminder.1.2", "purret på evaluering"),
        ("§1-sporadic", "trenger ingen avtale (sporadisk)"),
        ("fact.Svar.12", "svar om arbeidsplassen mottatt"),
        ("upload.refused.3", "fil avvist"),
    ],
)
def test_a_number_is_not_part_of_the_name(rule: str, words: str) -> None:
    assert rule_in_words(rule) == words


@pytest.mark.parametrize(
    ("days", "weekdays", "language", "words"),
    [
        (3.0, "fre, man, ons", "nb", "3 dager i uken (mandag, onsdag og fredag) fra 1. mars 2027"),
        (1.0, None, "nb", "1 dag i uken (ukedagene avtales med nærmeste leder) fra 1. mars 2027"),
        (1.0, None, "nn", "1 dag i veka (vekedagane blir avtalte med næraste leiar) frå 1. mars 2027"),
        (5.0, None, "nb", "5 dager i uken fra 1. mars 2027"),
    ],
)
def test_an_extent_says_its_weekdays_or_who_agrees_on_them(
    days: float, weekdays: str | None, language: Language, words: str
) -> None:
    assert extent_in_words(days, weekdays, date(2027, 3, 1), language) == words


@pytest.mark.parametrize(
    ("days", "bokmal", "nynorsk"),
    [
        (0.5, "den halve dagen", "den halve dagen"),
        (1.0, "den ene dagen", "den eine dagen"),
        (2.0, "de 2 dagene", "dei 2 dagane"),
        (2.5, "de 2,5 dagene", "dei 2,5 dagane"),
    ],
)
def test_known_days(days: float, bokmal: str, nynorsk: str) -> None:
    assert (the_days_in_words(days, "nb"), the_days_in_words(days, "nn")) == (bokmal, nynorsk)
