"""XML as nested parts: what is empty is left out, and no text can be markup or break a schema."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, TypeAlias

from lxml import etree

from agreements.archiving import one_line
from agreements.calendar import OSLO

CATALOGUE_PREFIX: Final = "n5mdk"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Part:
    """An element. `name` begins with `n5mdk:` when it is of the metadata catalogue; `kind` is its xsi:type."""

    name: str
    content: "tuple[Part, ...] | str"
    kind: str | None = None


Content: TypeAlias = Part | str | int | bool | date | None


def part(name: str, *content: Content, kind: str | None = None) -> Part | None:
    """An element of a value, or of other parts; None when there is nothing in it."""
    children = tuple(each for each in content if isinstance(each, Part))
    if children:
        return Part(name, children, kind)
    value = "".join(_value(each) for each in content if each is not None and not isinstance(each, Part))
    return Part(name, value, kind) if value else None


def noon(day: date) -> str:
    """The day as an instant in Norway: the same day wherever it is looked at."""
    return datetime.combine(day, time(12), OSLO).isoformat()


def written(root: Part | None, namespace: str, catalogue: str) -> bytes:
    """The whole document, its root and whatever has no prefix in `namespace`."""
    if root is None:
        raise AssertionError("an arkivmelding is never empty")
    names = {None: namespace, CATALOGUE_PREFIX: catalogue, "xsi": XSI}
    top = etree.Element(f"{{{namespace}}}{root.name}", nsmap=names)
    _fill(top, root, namespace, catalogue)
    return etree.tostring(top, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _fill(element: etree._Element, this: Part, namespace: str, catalogue: str) -> None:
    if this.kind is not None:
        element.set(f"{{{XSI}}}type", this.kind)
    if isinstance(this.content, str):
        element.text = this.content
        return
    for child in this.content:
        prefix, _, local = child.name.rpartition(":")
        where = catalogue if prefix == CATALOGUE_PREFIX else namespace
        _fill(etree.SubElement(element, f"{{{where}}}{local}"), child, namespace, catalogue)


def _value(value: str | float | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else one_line(str(value))
