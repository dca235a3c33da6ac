"""The part of OData that clients use: $select, and $filter as a conjunction of simple comparisons."""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Document

Literal: TypeAlias = str | float | bool | None

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}
LITERAL = r"'(?:[^']|'')*'|[^\s,()']+"
COMPARISON = re.compile(rf"([\w/]+)\s+(eq|ne|ge|gt|le|lt)\s+({LITERAL})")
MEMBERSHIP = re.compile(rf"([\w/]+)\s+in\s+\(\s*((?:{LITERAL})(?:\s*,\s*(?:{LITERAL}))*)\s*\)")
PREFIX = re.compile(rf"startswith\(\s*([\w/]+)\s*,\s*({LITERAL})\s*\)", re.IGNORECASE)
EXTENDED = re.compile(
    rf"(singleValueExtendedProperties)/any\(\s*(\w+)\s*:\s*\2/id\s+eq\s+('[^']*')\s+and\s+\2/value\s+(eq|ne)\s+({LITERAL})\s*\)",
    re.IGNORECASE,
)
AND = re.compile(r"\s+and\s+", re.IGNORECASE)
MAX_MEMBERS = 15


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: a property (`fields/Saksnummer` for nested ones), an operator and what to compare with.

    An extended property is nested by its id: `singleValueExtendedProperties/String 0x001A`.
    """

    name: str
    operation: str
    values: tuple[Literal, ...]

    def holds(self, document: Document) -> bool:
        actual: Any = document
        for part in self.name.split("/"):
            actual = actual.get(part) if isinstance(actual, dict) else None
        if self.operation == "in":
            return any(folded(actual) == folded(value) for value in self.values)
        wanted = self.values[0]
        if self.operation == "startswith":
            return isinstance(actual, str) and actual.casefold().startswith(str(wanted).casefold())
        if actual is None or wanted is None:
            return self.operation in {"eq", "ne"} and COMPARISONS[self.operation](actual, wanted)
        if isinstance(actual, str) != isinstance(wanted, str):
            return False
        return COMPARISONS[self.operation](folded(actual), folded(wanted))


def parse_filter(text: str, allowed: Iterable[str] | None = None) -> list[Condition]:
    """The conditions of a $filter, all of which must hold.

    Raises:
        GraphError: 400, for anything but comparisons, `in` and `startswith` joined by `and`, or a property that is
            not `allowed`.
    """
    conditions: list[Condition] = []
    position = 0
    text = text.strip()
    while True:
        condition, position = _condition_at(text, position)
        conditions.append(condition)
        if position == len(text):
            break
        joint = AND.match(text, position)
        if joint is None:
            raise bad_request(f"Invalid filter clause: unsupported text at position {position}.")
        position = joint.end()
    for condition in conditions:
        if allowed is not None and condition.name not in allowed:
            raise bad_request(f"Unsupported or invalid query filter clause specified for property '{condition.name}'.")
    return conditions


def unsupported_query(message: str) -> GraphError:
    """The directory's code for a $filter that it understands and does not work with."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def fits(document: Document, conditions: Iterable[Condition]) -> bool:
    """Whether every condition holds."""
    return all(condition.holds(document) for condition in conditions)


def select(document: Document, names: str | None) -> Document:
    """The document with the properties named in $select; annotations and the id stay."""
    if names is None:
        return document
    wanted = {name.strip() for name in names.split(",")} | {"id"}
    return {name: value for name, value in document.items() if name in wanted or name.startswith("@")}


def nested_select(expand: str | None, name: str) -> tuple[bool, str | None]:
    """Whether $expand names `name`, and the $select inside its parentheses."""
    found = re.search(rf"(?:^|,)\s*{name}\s*(?:\(\s*\$?select=([^)]*)\))?", expand or "", re.IGNORECASE)
    return (False, None) if found is None else (True, found[1])


def _condition_at(text: str, position: int) -> tuple[Condition, int]:
    if found := COMPARISON.match(text, position):
        return Condition(found[1], found[2], (_value(found[3]),)), found.end()
    if found := EXTENDED.match(text, position):
        return Condition(f"{found[1]}/{_value(found[3])}", found[4], (_value(found[5]),)), found.end()
    if found := PREFIX.match(text, position):
        return Condition(found[1], "startswith", (_value(found[2]),)), found.end()
    if found := MEMBERSHIP.match(text, position):
        values = tuple(_value(value) for value in re.findall(LITERAL, found[2]))
        if len(values) > MAX_MEMBERS:
            raise unsupported_query(
                "Too many child clauses specified in search filter expression containing 'OR' operators: "
                f"{len(values)}. Max allowed: {MAX_MEMBERS}."
            )
        return Condition(found[1], "in", values), found.end()
    raise bad_request("Invalid filter clause")


def _value(text: str) -> Literal:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[text]
    try:
        return float(text)
    except ValueError:
        return text


def folded(value: Literal) -> Literal:
    """Graph compares text without regard to case."""
    return value.casefold() if isinstance(value, str) else value
