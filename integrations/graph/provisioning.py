"""The site's lists and libraries made as the policy has them: what is missing is made, nothing is ever deleted.

list-create.md, list-update.md, list-post-columns.md, columndefinition-update.md. Graph v1.0 can neither make views nor
change the order of a form: docs/tenant.md has the steps for HR.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from config.errors import ExpectedError
from config.settings import Settings
from config.sharepoint import Column, ColumnKind, ListDefinition, Template, in_bokmal
from integrations.graph.client import Graph, open_graph
from integrations.graph.errors import GraphError
from integrations.graph.lists import FoundList, lists_on_site

KINDS = {
    ColumnKind.TEXT: "tekst",
    ColumnKind.NUMBER: "tall",
    ColumnKind.CHOICE: "valg",
    ColumnKind.BOOLEAN: "ja/nei",
    ColumnKind.DATE: "dato",
}
TITLE = "Title"
BORN_WITH = frozenset(
    {TITLE, "Attachments", "ContentType", "FileLeafRef", "ComplianceAssetId", "MediaServiceImageTags"}
)
"""What a list or library has of itself and a person may write in, besides names that begin with an underscore."""
IN_A_NEW_LIST = ({"id": "", "name": TITLE, "displayName": "Tittel", "required": True, "text": {}},)
"""What a dry run takes a list to be born with."""


class MayNotProvisionError(ExpectedError):
    """The app may read the site, and not change what it is built of."""


class NameTakenError(ExpectedError):
    """SharePoint would not make a list or column under the name it must have."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A harmless change of one column: the body to send, and what it is in Norwegian, a line for each property."""

    column_id: str
    body: Mapping[str, Any]
    said: Sequence[str]


@dataclass(slots=True)
class Comparison:
    """A list beside its definition.

    Attributes:
        missing: columns to be made, in this order.
        patches: columns that differ in a way that does no harm to change.
        left_alone: what differs and is not touched, a line each.
        wrong: the same, where the nights cannot work with it.
    """

    missing: list[Column] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Provisioned:
    """What was changed, or in a dry run would be; what is not touched; and of that, what the nights cannot work with.

    Norwegian, a line each.
    """

    changes: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def provision_site(settings: Settings, site: Sequence[ListDefinition], *, dry_run: bool) -> Provisioned:
    """Open Graph and `provision`."""

    async def work() -> Provisioned:
        async with open_graph(settings) as graph:
            return await provision(graph, site, dry_run=dry_run)

    return asyncio.run(work())


async def provision(graph: Graph, site: Sequence[ListDefinition], *, dry_run: bool) -> Provisioned:
    """Make what is missing of the site and change what differs harmlessly. A dry run reads and tells.

    Doing it again changes nothing; broken off, it goes on where it stopped.

    Raises:
        MayNotProvisionError: Graph answers 403.
        NameTakenError: a name is taken by something else.
        GraphError, GraphUnreachableError: as for every request.
    """
    result = Provisioned()
    try:
        found = await lists_on_site(graph)
        for definition in site:
            await _provision_list(graph, definition, found.get(definition.name), result, dry_run=dry_run)
    except GraphError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        raise MayNotProvisionError(
            "Appen har ikke lov til å lage lister og kolonner på området. Gi den rollen fullcontrol på området mens "
            f"dette kjøres; docs/tenant.md sier hvordan. ({error})"
        ) from None
    return result


def compare(definition: ListDefinition, columns: Sequence[Mapping[str, Any]]) -> Comparison:
    """The columns of a list, as Graph gives them, beside its definition."""
    there = {column["name"]: column for column in columns}
    comparison = Comparison()
    for wanted in definition.columns:
        found = there.get(wanted.name)
        if found is None:
            comparison.missing.append(wanted)
        elif found.get(wanted.kind) is None:
            kind = KINDS[wanted.kind]
            comparison.wrong.append(
                f"{definition.name}: kolonnen {wanted.name} er av et annet slag og skulle vært {kind}; den røres ikke. "
                "Slett den i SharePoint hvis den ikke er i bruk, og kjør på nytt."
            )
        else:
            _compare_column(f"{definition.name}: kolonnen {wanted.name}", wanted, found, comparison)
    _look_at_title(definition, there.get(TITLE), comparison)
    ours = {column.name for column in definition.columns}
    comparison.left_alone += [
        f"{definition.name}: kolonnen {name} er ikke vår{_still_asked(found)}; den røres ikke."
        for name, found in there.items()
        if name not in ours | BORN_WITH and not name.startswith("_") and not found.get("readOnly")
    ]
    return comparison


async def columns_of(graph: Graph, found: FoundList) -> list[dict[str, Any]]:
    return await graph.pages(f"{graph.site}/lists/{found.list_id}/columns", f"GET columns of {found.name}")


async def _provision_list(
    graph: Graph, definition: ListDefinition, found: FoundList | None, result: Provisioned, *, dry_run: bool
) -> None:
    name = definition.name
    if found is None:
        what = "biblioteket" if definition.template is Template.LIBRARY else "listen"
        result.changes.append(f"{name}: {what} lages.")
        found = None if dry_run else await _make_list(graph, definition)
    elif found.template != definition.template:
        result.wrong.append(f"{name}: er noe annet enn det skulle vært ({definition.template}); det røres ikke.")
        return
    if (definition.title != name) if found is None else (found.title != definition.title):
        result.changes.append(f"{name}: får tittelen «{definition.title}».")
    if found is None:
        born_with = IN_A_NEW_LIST if definition.template is Template.LIST else ()
        _tell(definition, compare(definition, born_with), result)
        return
    comparison = compare(definition, await columns_of(graph, found))
    _tell(definition, comparison, result)
    if not dry_run:
        await _carry_out(graph, definition, found, comparison)


def _tell(definition: ListDefinition, comparison: Comparison, result: Provisioned) -> None:
    made = [
        f"{definition.name}: kolonnen {column.name} («{column.title}», {KINDS[column.kind]}) lages."
        for column in comparison.missing
    ]
    result.changes += [*made, *(line for patch in comparison.patches for line in patch.said)]
    result.left_alone += comparison.left_alone
    result.wrong += comparison.wrong


async def _make_list(graph: Graph, definition: ListDefinition) -> FoundList:
    """Born under its name, since SharePoint makes the address of the first title; the real title comes afterwards."""
    body = {"displayName": definition.name, "list": {"template": str(definition.template)}}
    await _post(graph, f"{graph.site}/lists", f"POST list {definition.name}", body)
    found = (await lists_on_site(graph)).get(definition.name)
    if found is None:
        raise NameTakenError(
            f"SharePoint ville ikke lage noe som heter {definition.name}: navnet er i bruk på området, kanskje som "
            "tittel på en annen liste, eller i papirkurven. Rydd det bort, og kjør på nytt."
        )
    return found


async def _carry_out(graph: Graph, definition: ListDefinition, found: FoundList, comparison: Comparison) -> None:
    where = f"{graph.site}/lists/{found.list_id}"
    if found.title != definition.title:
        doing = f"PATCH list {definition.name}"
        await graph.repeatable("PATCH", where, doing, body={"displayName": definition.title})
    for column in comparison.missing:
        doing = f"POST column {definition.name}.{column.name}"
        await _post(graph, f"{where}/columns", doing, column.definition())
    if comparison.missing:
        # SharePoint does not always take everything that is said at birth, so what came of it is looked at.
        comparison = compare(definition, await columns_of(graph, found))
    if comparison.missing:
        names = ", ".join(column.name for column in comparison.missing)
        raise NameTakenError(f"{definition.name}: SharePoint ville ikke lage kolonnen {names}. Er tittelen i bruk?")
    for patch in comparison.patches:
        doing = f"PATCH column of {definition.name}"
        await graph.repeatable("PATCH", f"{where}/columns/{patch.column_id}", doing, body=patch.body)


async def _post(graph: Graph, address: str, doing: str, body: Mapping[str, Any]) -> None:
    """409 may be the answer to our own first try; whoever called looks whether it is there."""
    try:
        await graph.repeatable("POST", address, doing, body=body)
    except GraphError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _compare_column(what: str, wanted: Column, found: Mapping[str, Any], comparison: Comparison) -> None:
    body: dict[str, Any] = {}
    said: list[str] = []
    if found.get("displayName") != wanted.title:
        body["displayName"] = wanted.title
        said.append(f"{what} får tittelen «{wanted.title}» (het «{found.get('displayName')}»).")
    if wanted.note and found.get("description") != wanted.note:
        body["description"] = wanted.note
        said.append(f"{what} får forklaringen «{wanted.note}».")
    if bool(found.get("required")) != wanted.required:
        body["required"] = wanted.required
        said.append(f"{what} {'må fylles ut' if wanted.required else 'trenger ikke fylles ut'}.")
    if wanted.indexed and not found.get("indexed"):
        body["indexed"] = True
        said.append(f"{what} indekseres.")
    facet = found[wanted.kind]
    if missing := [choice for choice in wanted.choices if choice not in _choices(facet)]:
        # Added and never taken away: what somebody has chosen must stay a choice.
        body[wanted.kind] = {**facet, "choices": [*_choices(facet), *missing]}
        said += [f"{what} får valget «{choice}»." for choice in missing]
    comparison.left_alone += [f"{what} {difference}; det røres ikke." for difference in _of_another_form(wanted, facet)]
    if body:
        comparison.patches.append(Patch(found["id"], body, said))


def _choices(facet: Mapping[str, Any]) -> Sequence[str]:
    choices: Sequence[str] = facet.get("choices") or []
    return choices


def _of_another_form(wanted: Column, facet: Mapping[str, Any]) -> list[str]:
    found = []
    ours = {in_bokmal(choice) for choice in wanted.choices}
    if foreign := [f"«{choice}»" for choice in _choices(facet) if in_bokmal(choice) not in ours]:
        found.append(f"har valg som ikke er våre ({', '.join(foreign)})")
    if wanted.multiline and facet.get("allowMultipleLines") is False:
        found.append("tar bare én linje")
    if wanted.multiline and facet.get("textType") == "richText":
        found.append("tar formatert tekst")
    if wanted.kind is ColumnKind.DATE and facet.get("format") == "dateTime":
        found.append("viser klokkeslett")
    return found


def _still_asked(column: Mapping[str, Any]) -> str:
    """A question that the policy has dropped still stops whoever fills in the form."""
    return ", men skjemaet krever den" if column.get("required") else ""


def _look_at_title(definition: ListDefinition, title: Mapping[str, Any] | None, comparison: Comparison) -> None:
    """The form of a new list insists on a title, which nobody needs here."""
    if definition.template is Template.LIST and title is not None and title.get("required"):
        said = f"{definition.name}: kolonnen {TITLE} trenger ikke fylles ut."
        comparison.patches.append(Patch(title["id"], {"required": False}, [said]))
