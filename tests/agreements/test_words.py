"""HR reads Norwegian: every rule and state has a name that is not ours."""

import ast
from pathlib import Path

import pytest

import agreements.rules
from agreements.case import State
from agreements.words import RULES, STATES, rule_in_words

RULE_FILES = sorted(Path(agreements.rules.__file__).parent.glob("*.py"))


def _rule_names() -> set[str]:
    """Every text in the rules that is shaped like a rule's name: with a full stop or a paragraph sign, no space."""
    nodes = (node for file in RULE_FILES for node in ast.walk(ast.parse(file.read_text())))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {
        text.rstrip(".") for text in texts if ("." in text[1:] or text.startswith("§")) and not set(text) & set(" :")
    }


def test_every_rule_has_norwegian_words() -> None:
    assert _rule_names() == set(RULES)


def test_every_state_has_norwegian_words() -> None:
    assert set(STATES) == set(State)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("documentation.reminder.2", "purret på dokumentasjon"),
        ("evaluation.reminder.1.2", "purret på evaluering"),
        ("§1-sporadic", "trenger ingen avtale (sporadisk)"),
    ],
)
def test_a_number_is_not_part_of_the_name(rule: str, words: str) -> None:
    assert rule_in_words(rule) == words
