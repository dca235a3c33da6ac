"""Every form of HR's with input that no page would send: it is used, or refused with sentences that quote nothing."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from config.policy_files import load_policy
from flows.explain_case import CaseToShow
from flows.forms import UNKNOWN_FIELD, FormError, read_form
from hjemmekontor.serve import ROOT

TYPED = "Kari Nordmann"
LONG = TYPED * 8_000
"""100 kB."""
HOSTILE: dict[str, Any] = {
    "null": None,
    "empty": "",
    "blank": " \t\n\u00a0",
    "invisible": "\u200b\u2060",
    "text": TYPED,
    "long": LONG,
    "control": f"{TYPED}\x00\x1b[31m\u202e",
    "half-a-sign": f"{TYPED}\ud800",
    "template": f"{{{{ {TYPED} }}}} {{0.__class__}} %s ${{x}}",
    "list": [TYPED],
    "nested": [[[TYPED]]],
    "many": ["mandag"] * 10_000,
    "dictionary": {TYPED: TYPED},
    "integer": 10**400,
    "negative": -1,
    "float": 1e308,
    "nan": float("nan"),
    "infinite": "inf",
    "true": True,
    "long-ago": "0001-01-01",
    "moment": "2026-12-01T24:61:00Z",
    "bytes": TYPED.encode(),
    "object": object(),
}
LONGEST_SENTENCE = 400
"""Of one field: its title and all its choices."""


def models() -> Iterator[Any]:
    """Each form, under a policy that asks something in all of them that ask."""
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    for deployment in declared:
        if "hr" in deployment["tags"]:
            path = deployment["entrypoint"].partition(":")[0].removesuffix(".py").replace("/", ".")
            job = getattr(import_module(path), "JOB", None)
            model = CaseToShow if job is None else job.model_under(load_policy("baerum"))
            yield pytest.param(model, id=deployment["name"])


def said_of(model: type[BaseModel], given: object) -> str:
    """What is said of this input; empty where it is used."""
    try:
        used = read_form(model, given)
    except FormError as error:
        return str(error)
    return "" if isinstance(used, model) else "?"


def assert_nothing_is_quoted(sentence: str) -> None:
    assert "Kari" not in sentence
    assert "Nordmann" not in sentence
    assert not any(sign in sentence for sign in ("pydantic", "Input", "Traceback", "\x00", "{", "\n"))
    if sentence:
        assert sentence.endswith((".", ">")), sentence


@pytest.mark.parametrize("model", [*models()])
@pytest.mark.parametrize("hostile", [*HOSTILE.values()], ids=[*HOSTILE])
def test_no_field_quotes_what_was_typed_in_it(model: type[BaseModel], hostile: Any) -> None:  # noqa: ANN401 - anything
    for name in model.model_fields:
        sentence = said_of(model, {name: hostile})
        assert_nothing_is_quoted(sentence)
        assert len(sentence) <= LONGEST_SENTENCE * len(model.model_fields)


@pytest.mark.parametrize("model", [*models()])
def test_all_fields_wrong_at_once_are_each_named_once(model: type[BaseModel]) -> None:
    sentence = said_of(model, {name: {TYPED: [TYPED]} for name in model.model_fields})
    assert_nothing_is_quoted(sentence)
    for field in model.model_fields.values():
        assert sentence.count(f"«{field.title}»") == (field.title is not None)


@pytest.mark.parametrize("model", [*models()])
@pytest.mark.parametrize("given", [*HOSTILE.values()], ids=[*HOSTILE])
def test_what_is_no_form_at_all(model: type[BaseModel], given: Any) -> None:  # noqa: ANN401 - anything
    assert_nothing_is_quoted(said := said_of(model, given))
    assert said


@pytest.mark.parametrize("model", [*models()])
def test_a_field_that_does_not_exist_is_not_overlooked(model: type[BaseModel]) -> None:
    """It may be a misspelt one, or a question that the policy asked when the page was opened."""
    sentence = said_of(model, {TYPED: TYPED, "__class__": TYPED, **dict.fromkeys(map(str, range(1_000)), LONG)})
    assert_nothing_is_quoted(sentence)
    assert sentence.count(UNKNOWN_FIELD) == 1


def test_there_are_all_the_forms() -> None:
    assert len(list(models())) >= 17
