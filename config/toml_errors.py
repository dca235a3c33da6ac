"""What is wrong with a key of a TOML file, in a line for whoever wrote the file."""

import re

import msgspec
from msgspec import inspect

WHERE = re.compile(r" - at `\$\.?(?P<key>[^`]*)`$")
NAMELESS = ("unknown field", "enum value")
"""What a message says when it leaves out what would have been allowed."""


def sentence(error: msgspec.DecodeError, table: type[msgspec.Struct]) -> str:
    """The key first, then what is wrong with it, then what it may be where the message does not say."""
    message = str(error)
    place = WHERE.search(message)
    key = "" if place is None else place["key"]
    problem = WHERE.sub("", message)
    allowed = _allowed_at(key, table) if any(words in problem for words in NAMELESS) else ()
    choice = f". Choose from: {', '.join(allowed)}" if allowed else ""
    return (f"{key}: " if key else "") + problem + choice


def _allowed_at(key: str, table: type[msgspec.Struct]) -> tuple[str, ...]:
    """The keys of a table, or the values of a key that is a choice."""
    found = inspect.type_info(table)
    for segment in re.findall(r"\w+|\[", key):
        found = _inside(found, segment)
    if isinstance(found, inspect.StructType):
        return tuple(field.encode_name for field in found.fields)
    if isinstance(found, inspect.EnumType):
        return tuple(str(member.value) for member in found.cls)
    return tuple(str(value) for value in found.values) if isinstance(found, inspect.LiteralType) else ()


def _inside(kind: inspect.Type, segment: str) -> inspect.Type:
    if isinstance(kind, inspect.StructType):
        return next((field.type for field in kind.fields if field.encode_name == segment), kind)
    if isinstance(kind, inspect.VarTupleType) and segment == "[":
        return kind.item_type
    return kind
