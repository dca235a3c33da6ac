"""Document libraries: folders and files, readable on disk as well."""

import mimetypes
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from integrations.graph.quickxor import QuickXorHash
from sandbox.graph.changes import CHANGE_COUNTER, ChangeFeed, DeltaPage, DeltaQuery
from sandbox.graph.errors import invalid_request, item_not_found, name_already_exists
from sandbox.graph.exchange import Document
from sandbox.graph.file_names import check_name, numbered
from sandbox.graph.identity import Actor, Clock, opaque, opaque_capitals
from sandbox.graph.lists import LIBRARY, Lists, SharePointList
from sandbox.store import Shelf, Store

OnConflict: TypeAlias = Literal["fail", "replace", "rename"]
READ_SIZE = 1 << 20


class DriveItem(msgspec.Struct, frozen=True):
    """A folder or file, kept as a tombstone when it is deleted. `size` is in bytes, `quick_xor` base64."""

    item_id: str
    drive_id: str
    parent_id: str | None
    name: str
    is_folder: bool
    created_by: Actor
    created_at: datetime
    modified_by: Actor
    modified_at: datetime
    changed: int
    size: int = 0
    quick_xor: str = ""
    version: int = 1
    content_version: int = 0
    list_item_id: str | None = None
    retention_label: Document | None = None
    deleted: bool = False
    history: tuple[Actor, ...] = ()
    """Who made each of the versions before this one, newest first."""

    @property
    def etag(self) -> str:
        return f"{self.item_id},{self.version}"

    @property
    def ctag(self) -> str:
        """Of the content alone."""
        return f"c:{self.item_id},{self.content_version}"

    @property
    def media_type(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class Drive:
    """One library's files below `directory`."""

    def __init__(self, store: Store, lists: Lists, library: SharePointList, directory: Path, clock: Clock) -> None:
        self.library_id = library.list_id
        self.name = library.name
        self.drive_id = opaque("b!", library.list_id, 66)
        self.created_at = library.created_at
        self._store = store
        self._lists = lists
        self._directory = directory
        self._clock = clock
        self._items: Shelf[DriveItem] = store.shelf(f"drive {self.drive_id}", DriveItem)
        self._feed = ChangeFeed(self._items)
        self._children: dict[str, dict[str, str]] = {}
        for item in self._items.values():
            self._index(item)

    @property
    def library(self) -> SharePointList:
        return self._lists.get(self.library_id)

    def ensure_root(self, actor: Actor) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if not self._items:
            self._put(self._new(None, "root", actor, is_folder=True))

    @property
    def root(self) -> DriveItem:
        return next(iter(self._items.values()))

    def get(self, item_id: str) -> DriveItem:
        """GraphError 404 where there is none."""
        item = self._items.get(item_id)
        if item is None or item.deleted:
            raise item_not_found()
        return item

    def child(self, folder: DriveItem, name: str) -> DriveItem | None:
        """By name, without regard to case."""
        item_id = self._children.get(folder.item_id, {}).get(name.casefold())
        return None if item_id is None else self._items[item_id]

    def children(self, folder: DriveItem) -> list[DriveItem]:
        return [self._items[item_id] for item_id in self._children.get(folder.item_id, {}).values()]

    def at(self, folder: DriveItem, path: str) -> DriveItem:
        """The item at `path` below `folder`, or GraphError 404."""
        for name in _parts(path):
            found = self.child(folder, name)
            if found is None:
                raise item_not_found()
            folder = found
        return folder

    def folder_at(self, folder: DriveItem, path: str, actor: Actor) -> DriveItem:
        """The folder at `path`; the service makes missing ones when a file is put below them."""
        for name in _parts(path):
            folder = self.child(folder, name) or self.create_folder(folder, name, actor, "fail")
        return folder

    def path_of(self, item: DriveItem) -> str:
        """Names from the root, joined by `/`; empty for the root itself."""
        return "/".join(reversed([ancestor.name for ancestor in self.lineage(item) if ancestor.parent_id is not None]))

    def file_of(self, item: DriveItem) -> Path:
        """Where it lies on disk."""
        return self._directory.joinpath(*_parts(self.path_of(item)))

    def lineage(self, item: DriveItem) -> Iterator[DriveItem]:
        """The item, its folder, and so on up to the root."""
        yield item
        while item.parent_id is not None:
            item = self._items[item.parent_id]
            yield item

    def descendants(self, folder: DriveItem) -> Iterator[DriveItem]:
        """Everything below `folder`, a folder before what is in it."""
        for item in self.children(folder):
            yield item
            yield from self.descendants(item)

    def size_of(self, item: DriveItem) -> int:
        return sum(below.size for below in self.descendants(item)) if item.is_folder else item.size

    def create_folder(self, parent: DriveItem, name: str, actor: Actor, on_conflict: OnConflict) -> DriveItem:
        """A new folder, or with `replace` the one that is there.

        Raises:
            GraphError: 409 nameAlreadyExists, 400 for a name SharePoint forbids.
        """
        name, existing = self._place(parent, name, on_conflict, is_folder=True)
        if existing is not None:
            return existing
        with self._store.transaction():
            folder = self._new(parent, name, actor, is_folder=True)
            self._put(folder)
            self.file_of(folder).mkdir(exist_ok=True)
        return folder

    def put_file(
        self, parent: DriveItem, name: str, content: bytes | Path, actor: Actor, on_conflict: OnConflict
    ) -> tuple[DriveItem, bool]:
        """Make or replace a file with bytes or with a file that is moved here; whether it is new.

        Raises:
            GraphError: 409 nameAlreadyExists, 400 for a name SharePoint forbids.
        """
        name, existing = self._place(parent, name, on_conflict, is_folder=False)
        with self._store.transaction():
            item = existing or self._new(parent, name, actor, is_folder=False)
            # A new item is not known to the tree yet, so its folder says where it will lie.
            file = self.file_of(parent) / item.name
            if isinstance(content, Path):
                content.replace(file)
            else:
                file.write_bytes(content)
            facts = {"size": file.stat().st_size, "quick_xor": _hash(file), "content_version": item.content_version + 1}
            if existing is None:
                item = msgspec.structs.replace(item, **facts)
                self._put(item)
            else:
                item = self.change(item, actor, **facts)
        return item, existing is None

    def move(self, item: DriveItem, parent: DriveItem, name: str, actor: Actor) -> DriveItem:
        """Rename or move.

        Raises:
            GraphError: 409 where the name is taken, 400 for a forbidden name or a folder moved into itself.
        """
        check_name(name)
        taken = self.child(parent, name)
        if taken is not None and taken.item_id != item.item_id:
            raise name_already_exists()
        if not parent.is_folder or item.item_id in {ancestor.item_id for ancestor in self.lineage(parent)}:
            raise invalid_request("The item cannot be moved there")
        with self._store.transaction():
            source = self.file_of(item)
            self._unindex(item)
            moved = self.change(item, actor, name=name, parent_id=parent.item_id)
            source.rename(self.file_of(moved))
        return moved

    def delete(self, item: DriveItem) -> None:
        """Remove with everything below; each leaves a tombstone for delta queries."""
        if item.parent_id is None:
            raise invalid_request("The root cannot be deleted")
        with self._store.transaction():
            file = self.file_of(item)
            for below in reversed([item, *self.descendants(item)]):
                self._unindex(below)
                change = self._store.next_number(CHANGE_COUNTER)
                tombstone = msgspec.structs.replace(below, deleted=True, changed=change, retention_label=None)
                self._feed.put(below.item_id, tombstone)
                if below.list_item_id is not None:
                    self._lists.remove(self._lists.item(self.library, below.list_item_id))
            if item.is_folder:
                shutil.rmtree(file, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)

    def change(self, item: DriveItem, actor: Actor, **changes: Any) -> DriveItem:  # noqa: ANN401 - fields of DriveItem
        """The item with other properties, a new version of it."""
        history = (item.modified_by, *item.history) if self._lists.keeps_history else ()
        with self._store.transaction():
            changed = msgspec.structs.replace(
                item,
                version=item.version + 1,
                modified_by=actor,
                modified_at=self._clock(),
                changed=self._store.next_number(CHANGE_COUNTER),
                history=history,
                **changes,
            )
            self._put(changed)
            if changed.list_item_id is not None:
                self._lists.touch(self._lists.item(self.library, changed.list_item_id), actor, changed.name)
        return changed

    def changes(self, query: DeltaQuery) -> DeltaPage[DriveItem]:
        return query.page(self._feed, self._store.last_number(CHANGE_COUNTER))

    def _place(
        self, parent: DriveItem, name: str, on_conflict: OnConflict, *, is_folder: bool
    ) -> tuple[str, DriveItem | None]:
        """The name to take, and the item there that is to be replaced."""
        check_name(name)
        if not parent.is_folder:
            raise invalid_request("The parent is not a folder")
        existing = self.child(parent, name)
        if existing is None:
            return name, None
        if on_conflict == "rename":
            free = (numbered(name, number, is_folder=is_folder) for number in range(1, len(self._items) + 2))
            return next(candidate for candidate in free if self.child(parent, candidate) is None), None
        if on_conflict == "fail" or existing.is_folder != is_folder:
            raise name_already_exists()
        return name, existing

    def _new(self, parent: DriveItem | None, name: str, actor: Actor, *, is_folder: bool) -> DriveItem:
        number = self._store.next_number(f"drive-item {self.drive_id}")
        item_id = opaque_capitals("01", f"{self.drive_id} {number}", 34)
        now = self._clock()
        list_item_id = None
        if parent is not None:
            list_item_id = self._lists.add(self.library, {}, actor, (item_id, name)).item_id
        return DriveItem(
            item_id=item_id,
            drive_id=self.drive_id,
            parent_id=None if parent is None else parent.item_id,
            name=name,
            is_folder=is_folder,
            created_by=actor,
            created_at=now,
            modified_by=actor,
            modified_at=now,
            changed=self._store.next_number(CHANGE_COUNTER),
            list_item_id=list_item_id,
        )

    def _put(self, item: DriveItem) -> None:
        self._feed.put(item.item_id, item)
        self._index(item)

    def _index(self, item: DriveItem) -> None:
        if item.parent_id is not None and not item.deleted:
            self._children.setdefault(item.parent_id, {})[item.name.casefold()] = item.item_id

    def _unindex(self, item: DriveItem) -> None:
        if item.parent_id is not None:
            self._children.get(item.parent_id, {}).pop(item.name.casefold(), None)


class Drives:
    """The drives of the site's libraries."""

    def __init__(self, store: Store, lists: Lists, directory: Path, clock: Clock, application: Actor) -> None:
        self._store = store
        self._lists = lists
        self._directory = directory
        self._clock = clock
        self._application = application
        self._drives: dict[str, Drive] = {}

    def all(self) -> list[Drive]:
        """In the order the libraries were made; the first is the site's default drive."""
        libraries = [found for found in self._lists.all() if found.template == LIBRARY]
        return [self._of(library) for library in libraries]

    def get(self, drive_id: str) -> Drive:
        """GraphError 404 where there is none."""
        drive = next((drive for drive in self.all() if drive.drive_id == drive_id), None)
        if drive is None:
            raise item_not_found("The resource could not be found.")
        return drive

    def of_library(self, key: str) -> Drive:
        """By the library's id, name or title."""
        library = self._lists.get(key)
        if library.template != LIBRARY:
            raise item_not_found("The list has no drive")
        return self._of(library)

    def _of(self, library: SharePointList) -> Drive:
        drive = self._drives.get(library.list_id)
        if drive is None:
            drive = Drive(self._store, self._lists, library, self._directory / library.name, self._clock)
            drive.ensure_root(self._application)
            self._drives[library.list_id] = drive
        return drive


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _hash(file: Path) -> str:
    hashing = QuickXorHash()
    with file.open("rb") as content:
        while part := content.read(READ_SIZE):
            hashing.update(part)
    return hashing.base64()
