"""`mal.toml`, the policy in which every key stands with its explanation."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from agreements.policy import EvaluationRules, Ladder, Policy
from config.policy_files import SHIPPED, SHIPPED_NAMES, load_policy

TEMPLATE = SHIPPED / "mal.toml"
SOURCE = TEMPLATE.read_text(encoding="utf-8")
LEFT_OUT = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)
"""A key that is left out: a # and no space. Prose has the space."""
WITH_EVERYTHING = LEFT_OUT.sub("", SOURCE)
KEY = re.compile(r"^#?(?P<key>[a-z_]+) = ", re.MULTILINE)
DOCS = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


def structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    """The tables that a value of this kind can hold."""
    match kind:
        case inspect.StructType():
            yield kind
        case inspect.VarTupleType():
            yield from structs(kind.item_type)
        case inspect.UnionType():
            for each in kind.types:
                yield from structs(each)


def keys(table: inspect.StructType, path: str = "") -> Iterator[str]:
    """Every key of a table and of the tables in it: `limits.max_days_per_week`."""
    for field in table.fields:
        yield f"{path}{field.encode_name}"
        for inner in structs(field.type):
            yield from keys(inner, f"{path}{field.encode_name}.")


def keys_in(value: object, path: str = "") -> Iterator[str]:
    """The same of a document: an array of tables has the keys of all of them."""
    if isinstance(value, list):
        for item in value:
            yield from keys_in(item, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}{key}"
            yield from keys_in(inner, f"{path}{key}.")


def policy_keys() -> list[str]:
    return [key for table in structs(inspect.type_info(Policy)) for key in keys(table)]


def test_it_loads_as_it_stands() -> None:
    policy = load_policy("mal")
    assert policy.municipality not in {load_policy(name).municipality for name in SHIPPED_NAMES}


def test_it_loads_with_every_key_that_is_left_out(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    # The clauses stand in the file or in a folder, and not in both.
    own.write_text(WITH_EVERYTHING.replace('clause_folder = "klausuler"', ""), encoding="utf-8")
    assert load_policy(str(own)).units


@pytest.mark.parametrize("key", policy_keys())
def test_every_key_stands_in_it(key: str) -> None:
    assert key in set(keys_in(tomllib.loads(WITH_EVERYTHING)))


def test_every_key_is_explained_the_first_time_it_stands() -> None:
    lines, seen = SOURCE.splitlines(), set[str]()
    tables = {key.rpartition(".")[0].rpartition(".")[2] for key in policy_keys() if "." in key}
    for number, line in enumerate(lines):
        found = KEY.match(line)
        if found is None or found["key"] in seen:
            continue
        seen.add(found["key"])
        explanation = explanation_above(lines, number)
        assert "Required." in explanation or "Default: " in explanation, line
    assert seen == {key.rpartition(".")[2] for key in policy_keys()} - tables


@pytest.mark.parametrize("key", sorted({key.rpartition(".")[2] for key in policy_keys()}))
def test_the_documentation_names_every_key(key: str) -> None:
    assert re.search(rf"`(\[+)?([a-z]+\.)?{key}(\]+)?`", DOCS) is not None


def test_what_it_says_of_defaults_is_so() -> None:
    policy = load_policy("mal")
    for table in (policy.sync_guard, policy.abroad, policy.limits, policy.period):
        for field in msgspec.structs.fields(table):
            if field.default is not msgspec.NODEFAULT:
                assert getattr(table, field.name) == field.default, field.name
    assert (
        policy.evaluation.ladder
        == EvaluationRules(every_months=6).ladder
        == Ladder(remind_after_days=(7, 14), escalate_from=2)
    )


def explanation_above(lines: list[str], number: int) -> str:
    """The comment over a line, joined."""
    comment: list[str] = []
    for line in reversed(lines[:number]):
        if not line.startswith("# "):
            break
        comment.insert(0, line.removeprefix("# "))
    return " ".join(comment)
