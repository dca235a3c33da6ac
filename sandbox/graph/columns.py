"""Columns of SharePoint lists, and which values SharePoint takes in them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from sandbox.graph.errors import invalid_request
from sandbox.graph.exchange import Document
from sandbox.graph.identity import OSLO, timestamp

MAX_SINGLE_LINE = 255
MAX_LINES = 63_999
DATE_ONLY = "dateOnly"


class ListColumn(msgspec.Struct, frozen=True):
    """A column. `facet` is Graph's facet for `kind`, such as `{"choices": […]}` for a choice."""

    column_id: str
    name: str
    title: str
    kind: str
    facet: Document
    required: bool = False
    indexed: bool = False
    read_only: bool = False
    description: str = ""

    def document(self) -> Document:
        """Graph's columnDefinition."""
        return {
            "columnGroup": "Custom Columns",
            "description": self.description,
            "displayName": self.title,
            "enforceUniqueValues": False,
            "hidden": False,
            "id": self.column_id,
            "indexed": self.indexed,
            "name": self.name,
            "readOnly": self.read_only,
            "required": self.required,
            self.kind: self.facet,
        }


def column_of(definition: Document, column_id: str) -> ListColumn:
    """A column as a client defines it.

    Raises:
        GraphError: 400, without a name, with a type the sandbox has not, or with an index on several lines of text.
    """
    name = definition.get("name") or definition.get("displayName")
    kinds = [kind for kind in FACETS if definition.get(kind) is not None]
    if not isinstance(name, str) or len(kinds) != 1:
        raise invalid_request("A column needs a name and exactly one type of text, number, choice, boolean, dateTime.")
    kind = kinds[0]
    facet = FACETS[kind] | definition[kind]
    if definition.get("indexed") and facet.get("allowMultipleLines"):
        raise invalid_request(f"The field '{name}' cannot be indexed.")
    return ListColumn(
        column_id=column_id,
        name=name,
        title=definition.get("displayName") or name,
        kind=kind,
        facet=facet,
        required=bool(definition.get("required")),
        indexed=bool(definition.get("indexed")),
        description=definition.get("description") or "",
    )


def checked_fields(columns: Mapping[str, ListColumn], fields: Mapping[str, object]) -> Document:
    """The values as SharePoint stores them; `None` clears a field. Only forms insist on required columns, not the API.

    Raises:
        GraphError: 400, for an unknown or read-only field or a value of the wrong type.
    """
    checked: Document = {}
    for name, value in fields.items():
        column = columns.get(name)
        if column is None:
            raise invalid_request(f"Field '{name}' is not recognized")
        if column.read_only:
            raise invalid_request(f"Field '{name}' is read-only")
        checked[name] = None if value is None else CHECKS[column.kind](column, value)
    return checked


def _text(column: ListColumn, value: object) -> object:
    limit = MAX_LINES if column.facet.get("allowMultipleLines") else column.facet.get("maxLength") or MAX_SINGLE_LINE
    if not isinstance(value, str) or len(value) > limit:
        raise _unfit(column, f"text of at most {limit} characters")
    return value


def _number(column: ListColumn, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unfit(column, "a number")
    minimum, maximum = column.facet.get("minimum"), column.facet.get("maximum")
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise _unfit(column, "a number within the column's limits")
    return float(value)


def _choice(column: ListColumn, value: object) -> object:
    if not isinstance(value, str) or not (column.facet.get("allowTextEntry") or value in column.facet["choices"]):
        raise _unfit(column, "one of the column's choices")
    return value


def _boolean(column: ListColumn, value: object) -> object:
    if not isinstance(value, bool):
        raise _unfit(column, "true or false")
    return value


def _date(column: ListColumn, value: object) -> object:
    """Times are kept in UTC. A date without time is midnight in the site's time zone: 2026-01-31T23:00:00Z."""
    if not isinstance(value, str):
        raise _unfit(column, "a date")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _unfit(column, "a date") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if column.facet.get("format") == DATE_ONLY:
        moment = moment.astimezone(OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    return timestamp(moment)


def _unfit(column: ListColumn, wanted: str) -> Exception:
    return invalid_request(f"Invalid value for field '{column.name}': {wanted} is expected")


FACETS: dict[str, Document] = {
    "text": {"allowMultipleLines": False, "appendChangesToExistingText": False, "linesForEditing": 0},
    "number": {"decimalPlaces": "automatic", "displayAs": "number"},
    "choice": {"allowTextEntry": False, "choices": [], "displayAs": "dropDownMenu"},
    "boolean": {},
    "dateTime": {"displayAs": "default", "format": "dateTime"},
}
CHECKS: dict[str, Callable[[ListColumn, object], object]] = {
    "text": _text,
    "number": _number,
    "choice": _choice,
    "boolean": _boolean,
    "dateTime": _date,
}
