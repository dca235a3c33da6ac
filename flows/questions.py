"""What the policy asks, as fields of a form: HR can register everything that the list of the same thing takes."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, Field, create_model
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from agreements.intake import LONGEST_TEXT
from config.sharepoint import Column, ColumnKind

NO_PERSONAL_DATA = (
    "Skriv ikke navn, helseopplysninger eller andre personopplysninger. "
    "Teksten slettes fra Prefect når skjemaet er behandlet."
)
MAY_BE_EMPTY = "Kan stå tomt."
AnyModel = TypeVar("AnyModel", bound=BaseModel)
make_choices: Callable[..., Any] = StrEnum
"""Whose choices are known when the policy is, and not when types are checked."""
Nothing = SkipJsonSchema[None]
"""A field may be left out, which the page is told by leaving out its default."""


def without_default(schema: JsonDict) -> None:
    """Prefect's page takes a field without a value for empty; a default of null it shows as a choice of types."""
    schema.pop("default", None)


def asking(model: type[AnyModel], columns: Sequence[Column]) -> type[AnyModel]:
    """The form with one more field for each column, under the column's own name; a choice may always be left out."""
    fields: dict[str, Any] = {column.name: _field(column) for column in columns}
    asks: type[AnyModel] = create_model(model.__name__, __base__=model, __module__=model.__module__, **fields)
    return asks


def answered(form: BaseModel, columns: Sequence[Column]) -> dict[str, str | None]:
    """What was filled in for these columns, as an item of the list has it."""
    return {column.name: getattr(form, column.name) or None for column in columns}


def _field(column: Column) -> tuple[Any, Any]:
    """The type and the rest of a pydantic field."""
    if column.kind is ColumnKind.CHOICE:
        choices = make_choices(
            f"{column.name}Valg", {f"CHOICE_{number}": each for number, each in enumerate(column.choices)}
        )
        chosen = Field(default=None, title=column.title, description=MAY_BE_EMPTY, json_schema_extra=without_default)
        return choices | Nothing, chosen
    if column.required:
        return str, Field(title=column.title, description=NO_PERSONAL_DATA, min_length=1, max_length=LONGEST_TEXT)
    may_be_empty = f"{MAY_BE_EMPTY} {NO_PERSONAL_DATA}"
    return str, Field(default="", title=column.title, description=may_be_empty, max_length=LONGEST_TEXT)
