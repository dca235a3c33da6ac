"""`/sites/{site}` and its lists, columns and items."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from sandbox.graph.changes import DeltaQuery, paged
from sandbox.graph.columns import ListColumn
from sandbox.graph.errors import GraphError, bad_request, invalid_request, item_not_found
from sandbox.graph.exchange import Answer, Call, Document, Route
from sandbox.graph.identity import timestamp
from sandbox.graph.lists import GENERIC, LIBRARY, ListItem, SharePointList
from sandbox.graph.odata import Condition, fits, nested_select, parse_filter, select
from sandbox.graph.services import Services

FULL_PAGE = "fullpage"
"""Marks the address that an empty page leads on to."""
HONOR_UNINDEXED = "honornonindexedqueriesw"
CONTENT_TYPES = {
    GENERIC: {"id": "0x0100", "name": "Item"},
    LIBRARY: {"id": "0x010100", "name": "Document"},
}


class ListRoutes:
    """Lists as the application sees them."""

    def __init__(self, services: Services) -> None:
        self._lists = services.lists
        self._drives = services.drives
        self._site = services.site
        self._application = services.application
        self._page_size = services.page_size
        self._has_empty_pages = services.has_empty_pages

    def routes(self) -> list[Route]:
        lists = "/sites/{site}/lists"
        one = f"{lists}/{{list}}"
        item = f"{one}/items/{{item}}"
        return [
            Route("GET", "/sites/{site}", self._get_site),
            Route("GET", lists, self._all),
            Route("POST", lists, self._create),
            Route("GET", one, self._get),
            Route("PATCH", one, self._rename),
            Route("DELETE", one, self._delete),
            Route("GET", f"{one}/columns", self._columns),
            Route("POST", f"{one}/columns", self._add_column),
            Route("PATCH", f"{one}/columns/{{column}}", self._change_column),
            Route("DELETE", f"{one}/columns/{{column}}", self._remove_column),
            Route("GET", f"{one}/items", self._items),
            Route("POST", f"{one}/items", self._add),
            Route("GET", f"{one}/items/delta", self._delta),
            Route("GET", item, self._item),
            Route("PATCH", item, self._edit_item),
            Route("DELETE", item, self._delete_item),
            Route("GET", f"{item}/versions", self._versions),
            Route("GET", f"{item}/fields", self._fields),
            Route("PATCH", f"{item}/fields", self._edit_fields),
        ]

    def _get_site(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        return Answer(body=select(self._site.document(), call.option("select")))

    def _all(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        documents = [self._list_document(call, found) for found in self._lists.all()]
        if text := call.option("filter"):
            conditions = parse_filter(text, ("displayName", "name", "id"))
            documents = [document for document in documents if fits(document, conditions)]
        return paged(call, documents, lambda document: document)

    def _create(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        wanted = call.json()
        title = wanted.get("displayName")
        if not isinstance(title, str) or not title.strip():
            raise invalid_request("displayName is required")
        if "name" in wanted:
            message = (
                "Cannot define a 'name' for a list as it is assigned by the server. Instead, provide 'displayName'"
            )
            raise invalid_request(message)
        # SharePoint makes the list's address of the title it is created with; it stays when the title changes.
        name = re.sub(r"\s", "", title)
        template = (wanted.get("list") or {}).get("template", GENERIC)
        created = self._lists.create(name, title, template, wanted.get("columns") or [])
        return Answer(201, self._list_document(call, created))

    def _get(self, call: Call, names: Mapping[str, str]) -> Answer:
        return Answer(body=self._list_document(call, self._list(names)))

    def _rename(self, call: Call, names: Mapping[str, str]) -> Answer:
        title = call.json().get("displayName")
        found = self._list(names)
        return Answer(body=self._list_document(call, self._lists.rename(found, title) if title else found))

    def _delete(self, _: Call, names: Mapping[str, str]) -> Answer:
        self._lists.delete(self._list(names))
        return Answer(204)

    def _columns(self, call: Call, names: Mapping[str, str]) -> Answer:
        return paged(call, list(self._list(names).columns.values()), ListColumn.document)

    def _add_column(self, call: Call, names: Mapping[str, str]) -> Answer:
        return Answer(201, self._lists.add_column(self._list(names), call.json()).document())

    def _change_column(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        changed = self._lists.change_column(found, _column(found, names["column"]), call.json())
        return Answer(body=changed.document())

    def _remove_column(self, _: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        self._lists.remove_column(found, _column(found, names["column"]))
        return Answer(204)

    def _items(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        items = self._lists.items(found)
        if text := call.option("filter"):
            conditions = parse_filter(text)
            _check_indexed(call, found, conditions)
            items = [item for item in items if fits({"fields": item.fields}, conditions)]
        return paged(call, items, lambda item: self._shown(call, found, item))

    def _add(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        if found.template == LIBRARY:
            raise invalid_request("Items of a document library are made by uploading files")
        item = self._lists.add(found, _field_values(call.json().get("fields")), self._application)
        return Answer(201, self.item_document(found, item) | {"fields": self.fields_document(found, item)})

    def _delta(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        if self._has_empty_pages() and FULL_PAGE not in call.query:
            return Answer(
                body={"value": [], "@odata.nextLink": f"{call.url}?{urlencode({**call.query, FULL_PAGE: '1'})}"}
            )
        call = replace(call, query={name: value for name, value in call.query.items() if name != FULL_PAGE})
        query = DeltaQuery(call, found.list_id, self._lists.generation(), self._page_size())
        page = self._lists.changes(found, query)
        value = [
            _tombstone(item) if item.deleted else _changed(self._shown(call, found, item)) for item in page.documents
        ]
        return Answer(body={"value": value, **page.link})

    def _item(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        return Answer(body=self._shown(call, found, self._lists.item(found, names["item"])))

    def _versions(self, call: Call, names: Mapping[str, str]) -> Answer:
        """Graph's listItemVersions, newest first."""
        item = self._lists.item(self._list(names), names["item"])
        documents: list[Document] = [
            {"id": f"{item.version - age}.0", "lastModifiedBy": actor.without_address()}
            for age, actor in enumerate((item.modified_by, *item.history))
        ]
        return paged(call, documents, lambda document: document)

    def _edit_item(self, call: Call, names: Mapping[str, str]) -> Answer:
        found, item = self._changed(call, names, call.json().get("fields") or {})
        return Answer(body=self.item_document(found, item) | {"fields": self.fields_document(found, item)})

    def _edit_fields(self, call: Call, names: Mapping[str, str]) -> Answer:
        found, item = self._changed(call, names, call.json())
        return Answer(body=self.fields_document(found, item))

    def _changed(self, call: Call, names: Mapping[str, str], fields: object) -> tuple[SharePointList, ListItem]:
        found = self._list(names)
        item = self._lists.item(found, names["item"])
        return found, self.edit(call, found, item, fields)

    def edit(self, call: Call, found: SharePointList, item: ListItem, fields: object) -> ListItem:
        """Change fields on behalf of the application, with If-Match honoured."""
        call.check_match(item.etag)
        return self._lists.edit(found, item, _field_values(fields), self._application)

    def _delete_item(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        item = self._lists.item(found, names["item"])
        call.check_match(item.etag)
        if item.drive_item_id is None:
            self._lists.remove(item)
        else:
            drive = self._drives.of_library(found.list_id)
            drive.delete(drive.get(item.drive_item_id))
        return Answer(204)

    def _fields(self, call: Call, names: Mapping[str, str]) -> Answer:
        found = self._list(names)
        return Answer(
            body=select(self.fields_document(found, self._lists.item(found, names["item"])), call.option("select"))
        )

    def _list(self, names: Mapping[str, str]) -> SharePointList:
        self._site.check(names["site"])
        return self._lists.get(names["list"])

    def _shown(self, call: Call, found: SharePointList, item: ListItem) -> Document:
        document = self.item_document(found, item)
        wanted, field_names = nested_select(call.option("expand"), "fields")
        if wanted:
            document["fields"] = select(self.fields_document(found, item), field_names)
        return select(document, names + ",fields" if (names := call.option("select")) else None)

    def _list_document(self, call: Call, found: SharePointList) -> Document:
        document: Document = {
            "@odata.etag": f'"{found.list_id},{found.version}"',
            "createdBy": self._application.identity_set(),
            "createdDateTime": timestamp(found.created_at),
            "description": "",
            "displayName": found.title,
            "eTag": f'"{found.list_id},{found.version}"',
            "id": found.list_id,
            "lastModifiedDateTime": timestamp(found.modified_at),
            "list": {"contentTypesEnabled": False, "hidden": False, "template": found.template},
            "name": found.name,
            "parentReference": {"siteId": self._site.site_id},
            "webUrl": self._site.list_url(found),
        }
        if nested_select(call.option("expand"), "columns")[0]:
            document["columns"] = [column.document() for column in found.columns.values()]
        names = call.option("select")
        return select(document, names + ",columns" if names else None)

    def item_document(self, found: SharePointList, item: ListItem) -> Document:
        """Graph's listItem without its fields."""
        return {
            "@odata.etag": f'"{item.etag}"',
            "contentType": CONTENT_TYPES[found.template],
            "createdBy": item.created_by.identity_set(),
            "createdDateTime": timestamp(item.created_at),
            "eTag": f'"{item.etag}"',
            "id": item.item_id,
            "lastModifiedBy": item.modified_by.identity_set(),
            "lastModifiedDateTime": timestamp(item.modified_at),
            "parentReference": {"id": item.list_id, "siteId": self._site.site_id},
            "webUrl": f"{self._site.list_url(found)}/{item.item_id}_.000",
        }

    def fields_document(self, found: SharePointList, item: ListItem) -> Document:
        """Graph's fieldValueSet: SharePoint's own fields and those that are filled in."""
        return {
            "@odata.etag": f'"{item.etag}"',
            "id": item.item_id,
            "ContentType": CONTENT_TYPES[found.template]["name"],
            "Created": timestamp(item.created_at),
            "Modified": timestamp(item.modified_at),
            "_UIVersionString": f"{item.version}.0",
            "Attachments": False,
            **item.fields,
        }


def _changed(document: Document) -> Document:
    """What a delta query says of an item: of who made it a name, and nothing of who changed it (listitem-delta.md)."""
    created = document.get("createdBy", {})
    named = {kind: {"displayName": who["displayName"]} for kind, who in created.items()}
    kept = {name: value for name, value in document.items() if name not in {"createdBy", "lastModifiedBy"}}
    return {**kept, "createdBy": named} if created else kept


def _tombstone(item: ListItem) -> Document:
    return {
        "id": item.item_id,
        "deleted": {"state": "deleted"},
        "parentReference": {"id": item.list_id},
        "contentType": CONTENT_TYPES[GENERIC],
    }


def _column(found: SharePointList, key: str) -> ListColumn:
    column = next((known for known in found.columns.values() if key in {known.column_id, known.name}), None)
    if column is None:
        raise item_not_found("The specified column was not found")
    return column


def _field_values(fields: object) -> Document:
    if not isinstance(fields, dict):
        raise invalid_request("'fields' is missing")
    return {name: value for name, value in fields.items() if not name.startswith("@") and name != "id"}


def _check_indexed(call: Call, found: SharePointList, conditions: list[Condition]) -> None:
    """SharePoint filters by indexed columns only, unless the caller says it can live with failures."""
    for condition in conditions:
        scope, _, name = condition.name.partition("/")
        column = found.columns.get(name)
        if scope != "fields" or column is None:
            raise bad_request(f"The expression '{condition.name}' is not valid.")
        if not column.indexed and HONOR_UNINDEXED not in call.headers.get("prefer", "").lower():
            message = (
                f"Field '{name}' cannot be referenced in filter or orderby as it is not indexed. Provide the 'Prefer: "
                "HonorNonIndexedQueriesWarningMayFailRandomly' header to allow this, but be warned that such queries "
                "may fail on large lists."
            )
            raise GraphError(400, "invalidRequest", message)
