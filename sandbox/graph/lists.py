"""SharePoint lists of the one site: their columns, their items, who made and changed them."""

import uuid
from collections.abc import Mapping
from datetime import datetime

import msgspec

from sandbox.graph.changes import CHANGE_COUNTER, GENERATION_COUNTER, ChangeFeed, DeltaPage, DeltaQuery
from sandbox.graph.columns import FACETS, ListColumn, checked_fields, column_of
from sandbox.graph.errors import GraphError, invalid_request, item_not_found
from sandbox.graph.exchange import Document
from sandbox.graph.identity import Actor, Clock
from sandbox.store import Shelf, Store

GENERIC, LIBRARY = "genericList", "documentLibrary"
TITLE = {"name": "Title", "displayName": "Tittel", "text": {}}
FILE_NAME = "FileLeafRef"
SYSTEM_COLUMNS = (
    {"name": FILE_NAME, "displayName": "Navn", "text": {}},
    {"name": "ContentType", "displayName": "Innholdstype", "text": {}},
    {"name": "Created", "displayName": "Opprettet", "dateTime": {}},
    {"name": "Modified", "displayName": "Endret", "dateTime": {}},
    {"name": "Author", "displayName": "Opprettet av", "text": {}},
    {"name": "Editor", "displayName": "Endret av", "text": {}},
)
NAMESPACE = uuid.UUID("8f1c5d3e-2b7a-4c60-9d84-5a1e07b6c2f9")


class SharePointList(msgspec.Struct, frozen=True):
    """A list. `name` is the last part of its address and never changes; `title` is what people read."""

    list_id: str
    name: str
    title: str
    template: str
    columns: dict[str, ListColumn]
    created_at: datetime
    modified_at: datetime
    version: int = 1


class ListItem(msgspec.Struct, frozen=True):
    """An item, kept as a tombstone when it is deleted."""

    item_id: str
    unique_id: str
    list_id: str
    fields: Document
    created_by: Actor
    created_at: datetime
    modified_by: Actor
    modified_at: datetime
    changed: int
    version: int = 1
    deleted: bool = False
    drive_item_id: str | None = None
    history: tuple[Actor, ...] = ()
    """Who made each of the versions before this one, newest first."""

    @property
    def etag(self) -> str:
        return f"{self.unique_id},{self.version}"


class Lists:
    """All lists by id, name or title, and their items by number.

    Attributes:
        keeps_history: whether lists and libraries remember who made earlier versions, which is a setting of each.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lists = store.shelf("list", SharePointList)
        self._items: dict[str, Shelf[ListItem]] = {}
        self._feeds: dict[str, ChangeFeed[ListItem]] = {}
        self.keeps_history = True
        for list_id in self._lists:
            self._open(list_id)

    def all(self) -> list[SharePointList]:
        return list(self._lists.values())

    def find(self, key: str) -> SharePointList | None:
        """By id, name or title, as Graph takes them."""
        if key in self._lists:
            return self._lists[key]
        wanted = key.casefold()
        return next(
            (found for found in self._lists.values() if wanted in {found.name.casefold(), found.title.casefold()}), None
        )

    def get(self, key: str) -> SharePointList:
        """The same, or GraphError 404."""
        found = self.find(key)
        if found is None:
            raise item_not_found("The specified list was not found")
        return found

    def create(self, name: str, title: str, template: str, columns: list[Document]) -> SharePointList:
        """A new, empty list.

        Raises:
            GraphError: 409 for a name or title that is taken, 400 for a template or column the sandbox has not.
        """
        if self.find(name) or self.find(title):
            raise _taken()
        if template not in {GENERIC, LIBRARY}:
            raise invalid_request(f"The list template '{template}' is not supported")
        # One that is made anew under the name is another list, and counts its items from 1.
        earlier = self._store.next_number(f"list {name}") - 1
        list_id = str(uuid.uuid5(NAMESPACE, f"{name} {earlier}" if earlier else name))
        system = [msgspec.structs.replace(self._column(list_id, column), read_only=True) for column in SYSTEM_COLUMNS]
        # The form of a new list insists on a title; a library's does not.
        title_column = TITLE | {"required": template == GENERIC}
        own = [self._column(list_id, column) for column in (title_column, *columns)]
        now = self._clock()
        created = SharePointList(
            list_id, name, title, template, {column.name: column for column in (*own, *system)}, now, now
        )
        self._lists[list_id] = created
        self._open(list_id)
        return created

    def rename(self, target: SharePointList, title: str) -> SharePointList:
        """GraphError 409 for a title that another list has."""
        other = self.find(title)
        if other is not None and other.list_id != target.list_id:
            raise _taken()
        return self._update(msgspec.structs.replace(target, title=title))

    def delete(self, target: SharePointList) -> None:
        with self._store.transaction():
            for item_id in list(self._items[target.list_id]):
                del self._items[target.list_id][item_id]
            del self._lists[target.list_id]
            del self._items[target.list_id], self._feeds[target.list_id]

    def add_column(self, target: SharePointList, definition: Document) -> ListColumn:
        """GraphError 409 where the list already has a column of that name."""
        column = self._column(target.list_id, definition)
        if column.name in target.columns:
            raise GraphError(409, "nameAlreadyExists", "A column with the same name already exists")
        self._update(msgspec.structs.replace(target, columns=target.columns | {column.name: column}))
        return column

    def change_column(self, target: SharePointList, column: ListColumn, definition: Document) -> ListColumn:
        """Change title, choices and the like; the name stays.

        Raises:
            GraphError: 400 for another type, or what `column_of` refuses.
        """
        if any(definition.get(kind) is not None for kind in FACETS if kind != column.kind):
            raise invalid_request("The type of a column cannot be changed.")
        merged = {**column.document(), **definition, "name": column.name}
        if definition.get(column.kind) is not None:
            merged[column.kind] = column.facet | definition[column.kind]
        changed = column_of(merged, column.column_id)
        self._update(msgspec.structs.replace(target, columns=target.columns | {column.name: changed}))
        return changed

    def remove_column(self, target: SharePointList, column: ListColumn) -> None:
        left = {name: known for name, known in target.columns.items() if name != column.name}
        self._update(msgspec.structs.replace(target, columns=left))

    def items(self, target: SharePointList) -> list[ListItem]:
        return [item for item in self._items[target.list_id].values() if not item.deleted]

    def item(self, target: SharePointList, item_id: str) -> ListItem:
        item = self._items[target.list_id].get(item_id)
        if item is None or item.deleted:
            raise item_not_found("The specified item was not found")
        return item

    def add(
        self, target: SharePointList, fields: Mapping[str, object], actor: Actor, file: tuple[str, str] | None = None
    ) -> ListItem:
        """A new item; in a library the one of `file`, a drive item's id and name.

        Raises:
            GraphError: 400, when a field is unknown or a value does not fit its column.
        """
        checked = {name: value for name, value in checked_fields(target.columns, fields).items() if value is not None}
        drive_item_id, file_name = file or (None, None)
        if file_name is not None:
            checked[FILE_NAME] = file_name
        with self._store.transaction():
            number = str(self._store.next_number(f"item {target.list_id}"))
            unique_id = str(uuid.uuid5(NAMESPACE, f"{target.list_id} {number}"))
            now = self._clock()
            item = ListItem(
                item_id=number,
                unique_id=unique_id,
                list_id=target.list_id,
                fields=checked,
                created_by=actor,
                created_at=now,
                modified_by=actor,
                modified_at=now,
                changed=self._store.next_number(CHANGE_COUNTER),
                drive_item_id=drive_item_id,
            )
            self._feeds[target.list_id].put(number, item)
        return item

    def edit(self, target: SharePointList, item: ListItem, fields: Mapping[str, object], actor: Actor) -> ListItem:
        """Change some fields; raises as `add` does."""
        merged = item.fields | checked_fields(target.columns, fields)
        kept = {name: value for name, value in merged.items() if value is not None}
        history = (item.modified_by, *item.history) if self.keeps_history else ()
        now = self._clock()
        return self._put(
            msgspec.structs.replace(item, fields=kept, modified_by=actor, modified_at=now, history=history)
        )

    def remove(self, item: ListItem) -> None:
        """Leave a tombstone without any content."""
        self._put(msgspec.structs.replace(item, fields={}, deleted=True))

    def touch(self, item: ListItem, actor: Actor, file_name: str) -> ListItem:
        """A file of a library changed, so its item did."""
        fields = item.fields | {FILE_NAME: file_name}
        return self._put(msgspec.structs.replace(item, fields=fields, modified_by=actor, modified_at=self._clock()))

    def changes(self, target: SharePointList, query: DeltaQuery) -> DeltaPage[ListItem]:
        return query.page(self._feeds[target.list_id], self._store.last_number(CHANGE_COUNTER))

    def generation(self) -> int:
        return self._store.last_number(GENERATION_COUNTER)

    def _put(self, item: ListItem) -> ListItem:
        with self._store.transaction():
            change = self._store.next_number(CHANGE_COUNTER)
            changed = msgspec.structs.replace(item, version=item.version + 1, changed=change)
            self._feeds[item.list_id].put(item.item_id, changed)
        return changed

    def _update(self, target: SharePointList) -> SharePointList:
        changed = msgspec.structs.replace(target, modified_at=self._clock(), version=target.version + 1)
        self._lists[target.list_id] = changed
        return changed

    def _open(self, list_id: str) -> None:
        self._items[list_id] = self._store.shelf(f"item {list_id}", ListItem)
        self._feeds[list_id] = ChangeFeed(self._items[list_id])

    def _column(self, list_id: str, definition: Document) -> ListColumn:
        name = definition.get("name") or definition.get("displayName")
        return column_of(definition, str(uuid.uuid5(NAMESPACE, f"{list_id} {name}")))


def _taken() -> GraphError:
    message = "A list, survey, discussion board, or document library with the specified title already exists"
    return GraphError(409, "nameAlreadyExists", message)
