"""HR's XML, read one row at a time: what a row is, how its fields are read, and what becomes of rows that cannot be.

Everything an attacker could hide in XML sits in a document type declaration, and no HR system needs one: a document
that has one is refused before it is parsed. Of a row, only the fields that are asked for become Python values.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO, NoReturn, cast

from lxml import etree

from agreements.people import Employee, Position, RejectedRow
from integrations.hr.http import BrokenContentError
from integrations.hr.values import oslo_day, percent_of_full_time

CHUNK_BYTES = 64 * 1024
KEY = re.compile(r"\S(.*\S)?")
NUMBER = re.compile(r"\d+([.,]\d+)?")
DATE_WITH_ZONE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})")
"""Java and .NET may write a date with the zone of the machine. The date is the one that is written."""
FLAGS = {"true": True, "1": True, "false": False, "0": False}
NO_DATE_UNTIL = date(1900, 1, 1)
"""0001-01-01 and 1900-01-01 are how .NET and Agresso store "no date"; read as an end, they would end everybody."""


@dataclass(frozen=True, slots=True)
class Document:
    """What to expect: the root's name, the rows' places below it, and how messages name the whole."""

    name: str
    root: str
    rows: frozenset[str]


class FaultError(Exception):
    """A field that cannot be read: where it is in the row, and a Norwegian reason that quotes nothing."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a row. Names are those of its children, such as `company/companyId`, or `@id` for an attribute."""

    element: etree._Element
    path: str

    def every(self, name: str) -> "list[Node]":
        return [Node(found, self.path_of(name)) for found in self.element.findall(name)]

    def one(self, name: str) -> "Node | None":
        """Raises FaultError when there are several: which of them is meant is not for us to guess."""
        found = self.element.findall(name)
        if len(found) > 1:
            raise self._given_twice(name)
        return Node(found[0], self.path_of(name)) if found else None

    def needed(self, name: str) -> "Node":
        found = self.one(name)
        if found is None:
            raise FaultError(self.path_of(name), "feltet mangler")
        return found

    def text(self, name: str) -> str | None:
        """Without the blanks around it; None where there is nothing else."""
        if name.startswith("@"):
            return (self.element.get(name[1:]) or "").strip() or None
        found = self.element.findall(name)
        if len(found) > 1:
            raise self._given_twice(name)
        return ((found[0].text or "").strip() or None) if found else None

    def line(self, name: str) -> str:
        """A name of somebody or something: blanks inside it are single ones; empty where there is none."""
        return " ".join((self.text(name) or "").split())

    def key(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            raise FaultError(self.path_of(name), "feltet mangler eller er tomt")
        if KEY.fullmatch(text) is None:
            raise FaultError(self.path_of(name), "verdien går over flere linjer")
        return text

    def last_day(self, name: str) -> date | None:
        """None where there is none, and for the dates that stand for none."""
        text = self.text(name)
        day = self._date(name, text) if text else None
        return None if day is None or day <= NO_DATE_UNTIL else day

    def first_day(self, name: str) -> date | None:
        """As `last_day`, but what stands for "no end" is a fault: taken for no start, it would begin at once."""
        text = self.text(name)
        if text is None:
            return None
        day = self._date(name, text)
        if day is None:
            raise FaultError(self.path_of(name), "startdatoen er en dato som betyr «ingen sluttdato»")
        return None if day <= NO_DATE_UNTIL else day

    def flag(self, name: str) -> bool:
        text = self.text(name) or "false"
        if text.lower() not in FLAGS:
            raise FaultError(self.path_of(name), "ventet ja eller nei, fant noe annet")
        return FLAGS[text.lower()]

    def percentage(self, name: str) -> float:
        text = self.text(name)
        if text is None:
            raise FaultError(self.path_of(name), "feltet mangler eller er tomt")
        if NUMBER.fullmatch(text) is None:
            raise FaultError(self.path_of(name), "stillingsprosenten er ikke et tall")
        try:
            return percent_of_full_time(float(text.replace(",", ".")))
        except ValueError as error:
            raise FaultError(self.path_of(name), str(error)) from None

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name.replace('/', '.')}"

    def _date(self, name: str, text: str) -> date | None:
        zoned = DATE_WITH_ZONE.fullmatch(text)
        try:
            return oslo_day(zoned[1] if zoned else text)
        except ValueError as error:
            raise FaultError(self.path_of(name), str(error)) from None

    def _given_twice(self, name: str) -> FaultError:
        return FaultError(self.path_of(name), "feltet står flere ganger")


def rows(stream: BinaryIO, document: Document) -> Iterator[tuple[str, Node]]:
    """Each row with its place below the root. A row is gone when the next is asked for: nothing is kept.

    That the iteration ends is the proof that the document does: a shorter one is not well-formed.

    Raises:
        BrokenContentError: not that document, not well-formed, cut off, or with a document type declaration.
    """
    prolog = _Prolog(document)
    parser = etree.XMLPullParser(
        events=("end",),
        tag=sorted({place.rpartition("/")[2] for place in document.rows}),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        while chunk := stream.read(CHUNK_BYTES):
            prolog.feed(chunk)
            parser.feed(chunk)
            yield from _finished(parser, document)
        parser.close()
        yield from _finished(parser, document)
    except etree.XMLSyntaxError:
        raise BrokenContentError(f"is not {document.name}, or is cut off or damaged") from None


def _finished(parser: "etree.XMLPullParser[etree._Element]", document: Document) -> Iterator[tuple[str, Node]]:
    for _, element in parser.read_events():
        upwards = [str(each.tag) for each in (element, *element.iterancestors())]
        place = "/".join(reversed(upwards[:-1]))
        if place not in document.rows:
            continue
        yield place, Node(element, upwards[0])
        element.clear(keep_tail=False)
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


class _RootSeenError(Exception):
    """The prolog is over; stops the parser that looks at it."""


class _Prolog:
    """Looks at what comes before the root, one step ahead of the real parser, and refuses what must not be parsed.

    The parser's own switches are not enough: entities in attributes are expanded whatever they say.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._over = False
        target = cast("etree.ParserTarget[None]", self)  # which in truth need not have every method of it
        self._parser = etree.XMLParser(
            target=target, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
        )

    def feed(self, chunk: bytes) -> None:
        if self._over:
            return
        try:
            self._parser.feed(chunk)
        except _RootSeenError:
            self._over = True

    def doctype(self, name: str, _public: str | None, _system: str | None) -> NoReturn:
        if name.lower() == "html":
            raise BrokenContentError(f"is a web page and not {self._document.name}")
        raise BrokenContentError("declares a document type (DOCTYPE), which is never read")

    def start(self, tag: str, _attributes: object) -> NoReturn:
        if tag != self._document.root:
            raise BrokenContentError(f"is not {self._document.name}: its root is not {self._document.root}")
        raise _RootSeenError

    def close(self) -> None:
        """The parser asks for it."""


class Roster:
    """Collects employees, and the rows that could not be read. An employee with a bad row is set aside as a whole."""

    def __init__(self) -> None:
        self._employees: dict[str, Employee] = {}
        self._set_aside: dict[str, RejectedRow] = {}
        self._anybody: list[RejectedRow] = []

    @property
    def employees(self) -> list[Employee]:
        """Those who are not set aside, in the order of keys."""
        return [self._employees[number] for number in sorted(self._employees.keys() - self._set_aside.keys())]

    @property
    def rejected(self) -> list[RejectedRow]:
        return sorted((*self._anybody, *self._set_aside.values()), key=lambda row: (row.key, row.path))

    @property
    def could_hold_anybody(self) -> bool:
        """There are rows of whom nothing is known."""
        return bool(self._anybody)

    def find(self, number: str) -> Employee | None:
        return self._employees.get(number)

    def add(self, employee: Employee, path: str) -> None:
        """The same row twice is once; two rows that contradict each other set the employee aside."""
        number = employee.employee_number
        if self._employees.setdefault(number, employee) != employee:
            self.reject(RejectedRow(number, path, "ansattnummeret står flere ganger med ulikt innhold"))

    def reject(self, row: RejectedRow) -> None:
        if row.could_be_anybody:
            self._anybody.append(row)
        else:
            self._set_aside.setdefault(row.key, row)


def distinct(positions: Iterable[Position]) -> tuple[Position, ...]:
    """Sorted, without those that never hold, each with an id of its own whatever the order they were listed in."""
    kept = {position for position in positions if _ever_holds(position)}
    times: Counter[str] = Counter()
    found = []
    for position in sorted(kept, key=_order) if len(kept) > 1 else kept:
        times[position.position_id] += 1
        count = times[position.position_id]
        found.append(position if count == 1 else replace(position, position_id=f"{position.position_id}#{count}"))
    return tuple(sorted(found, key=lambda position: position.position_id))


def _ever_holds(position: Position) -> bool:
    return position.start_on is None or position.end_on is None or position.start_on <= position.end_on


def _order(position: Position) -> tuple[str, date, date, str]:
    return position.position_id, position.start_on or date.min, position.end_on or date.max, repr(position)
