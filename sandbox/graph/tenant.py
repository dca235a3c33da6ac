"""The tenant as one thing: opened from a directory, used by people in-process and by clients over HTTP."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette

from config.policy_files import SHIPPED_NAMES, load_policy
from config.settings import Settings
from config.sharepoint import IMPORTS, LIBRARIES, ListDefinition, Template, lists_of
from sandbox.graph.application import GraphApplication
from sandbox.graph.changes import DEFAULT_PAGE, expire_tokens
from sandbox.graph.directory import Directory
from sandbox.graph.drive_documents import DriveDocuments
from sandbox.graph.drives import Drives
from sandbox.graph.errors import item_not_found
from sandbox.graph.exchange import Document
from sandbox.graph.faults import Faults
from sandbox.graph.grants import Grants
from sandbox.graph.identity import APPLICATION_NAME, Actor, Clock, TenantUser
from sandbox.graph.lists import ListItem, Lists
from sandbox.graph.mailbox import Mailbox, SentMessage
from sandbox.graph.permissions import Permissions
from sandbox.graph.services import Services
from sandbox.graph.site import Site
from sandbox.graph.tokens import Tokens
from sandbox.graph.uploads import Uploads
from sandbox.store import Store

DEFAULT_DOMAIN = "sandkommune.example"
MAILBOX_NAME = "Hjemmekontor"
BORN_WITH = ListDefinition("Shared Documents", "Dokumenter", (), template=Template.LIBRARY)


class TenantRecord(msgspec.Struct, frozen=True):
    """What a tenant is given when it is made, and keeps."""

    tenant_id: str
    client_id: str
    client_secret: str
    sender: str
    sender_id: str
    host: str
    collection_id: str
    web_id: str
    created_at: datetime


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a library. `path` is below the library, `size` in bytes, `fields` are the library's columns."""

    path: str
    size: int
    item_id: str
    quick_xor_hash: str
    created_by: Actor
    created_at: datetime
    retention_label: str | None
    fields: Document


class GraphTenant:
    """A tenant in `directory`: `state.db` and, for people to open, `mail/` and `drive/`.

    Attributes:
        faults: failures on order.
        tokens: `revoke_all` and the clock tokens expire by.
        page_size: limit of delta pages and folder pages; lower it to see paging.
        has_empty_pages: whether each page of a list's delta query comes after one that is empty.
        grants: what the application may do.
    """

    def __init__(
        self, directory: Path, users: Iterable[TenantUser], clock: Clock, *, is_site_empty: bool = False
    ) -> None:
        users = list(users)
        self._store = Store(directory / "state.db")
        with self._store.transaction():
            record = self._record(users, clock)
            self.tenant_id = record.tenant_id
            self.client_id = record.client_id
            self.client_secret = record.client_secret
            self.sender = record.sender
            self._sender_id = record.sender_id
            self.faults = Faults()
            self.grants = Grants()
            self.tokens = Tokens(
                record.tenant_id, record.client_id, record.client_secret, lambda: self.grants.consented
            )
            self.page_size = DEFAULT_PAGE
            self.has_empty_pages = False
            self._services = self._build(directory, record, clock)
            self.site_id = self._services.site.site_id
            self.set_users(users)
            self._make_site(is_empty=is_site_empty)

    @classmethod
    def open(
        cls, directory: Path, users: Iterable[TenantUser], clock: Clock, *, is_site_empty: bool = False
    ) -> "GraphTenant":
        """Continue the tenant in `directory`, or make one with the lists and libraries of the configuration.

        Args:
            directory: made if it is not there.
            users: the people who exist now, as `set_users` takes them.
            clock: business time, aware of its time zone; every time the tenant writes comes from it.
            is_site_empty: a new site has no more than the library that every site is born with.
        """
        return cls(directory, users, clock, is_site_empty=is_site_empty)

    def set_users(self, users: Iterable[TenantUser]) -> None:
        """Make `users` everybody there is, beside the shared mailbox. Mail to others in our domains bounces."""
        mailbox = TenantUser(
            user_id=self._sender_id,
            user_principal_name=self.sender,
            mail=self.sender,
            display_name=MAILBOX_NAME,
            account_enabled=False,
        )
        self._services.directory.set_users([*users, mailbox])

    def application(self) -> Starlette:
        """The HTTP face: Graph below `/v1.0`, tokens at `/{tenant_id}/oauth2/v2.0/token`."""
        return GraphApplication(self._services, self.tokens, self.faults, self._store.transaction).starlette()

    def sent_messages(self, after: int = 0) -> list[SentMessage]:
        """Mails sent after the one with sequence `after`, oldest first."""
        return self._services.mailbox.sent_messages(after)

    def receive_mail(self, mail: bytes) -> str:
        """A mail comes to the sender's mailbox; its immutable id."""
        return self._services.mailbox.receive(mail).immutable_id

    def add_list_item(self, list_name: str, fields: Mapping[str, object], created_by: TenantUser) -> str:
        """A person fills in a list's form; the item's id.

        Raises:
            GraphError: 400, for a field the list has not or a value that does not fit.
        """
        lists = self._services.lists
        return lists.add(lists.get(list_name), fields, Actor.person(created_by)).item_id

    def edit_list_item(
        self, list_name: str, item_id: str, fields: Mapping[str, object], edited_by: TenantUser | Actor
    ) -> None:
        """A person changes some fields, or an app or SharePoint itself does; `None` clears one."""
        editor = edited_by if isinstance(edited_by, Actor) else Actor.person(edited_by)
        with self._store.transaction():
            lists = self._services.lists
            found = lists.get(list_name)
            lists.edit(found, lists.item(found, item_id), fields, editor)

    def delete_list_item(self, list_name: str, item_id: str) -> None:
        with self._store.transaction():
            lists = self._services.lists
            lists.remove(lists.item(lists.get(list_name), item_id))

    def remake_list(self, list_name: str) -> None:
        """Somebody deletes a list and makes it anew: another id, no items, and numbers that begin at 1."""
        with self._store.transaction():
            lists = self._services.lists
            former = lists.get(list_name)
            columns = [column.document() for column in former.columns.values() if not column.read_only]
            lists.delete(former)
            made = lists.create(
                former.name, former.title, former.template, [each for each in columns if each["name"] != "Title"]
            )
            lists.change_column(made, made.columns["Title"], {"required": False})

    def list_items(self, list_name: str) -> list[ListItem]:
        with self._store.lock:
            return self._services.lists.items(self._services.lists.get(list_name))

    def upload(self, library: str, folder_path: str, file_name: str, content: bytes, created_by: TenantUser) -> str:
        """A person puts a file into a folder shared with them, over one of the same name if need be; the item's id.

        Raises:
            GraphError: 404 when there is no such folder, 403 when the person may not write there.
        """
        with self._store.transaction():
            drive = self._services.drives.of_library(library)
            folder = drive.at(drive.root, folder_path)
            self._services.permissions.check_write(drive, folder, created_by)
            item, _ = drive.put_file(folder, file_name, content, Actor.person(created_by), "replace")
        return item.item_id

    def touch(self, library: str, path: str, actor: Actor) -> None:
        """An app, or SharePoint itself, sets a column or a label of a file; its content stays."""
        with self._store.transaction():
            drive = self._services.drives.of_library(library)
            drive.change(drive.at(drive.root, path), actor)

    def rename(self, library: str, path: str, name: str, renamed_by: TenantUser) -> None:
        """A person gives a folder or file another name.

        Raises:
            GraphError: 404 when it is not there, 403 when the person may not write in it.
        """
        with self._store.transaction():
            drive = self._services.drives.of_library(library)
            item = drive.at(drive.root, path)
            self._services.permissions.check_write(drive, item, renamed_by)
            drive.move(item, drive.get(item.parent_id or ""), name, Actor.person(renamed_by))

    def move(self, library: str, path: str, into: str) -> None:
        """Somebody moves a folder or file into another folder of the library."""
        with self._store.transaction():
            drive = self._services.drives.of_library(library)
            item = drive.at(drive.root, path)
            drive.move(item, drive.at(drive.root, into), item.name, self._services.application)

    def delete(self, library: str, path: str) -> None:
        """Somebody puts a folder or file into the recycle bin."""
        with self._store.transaction():
            drive = self._services.drives.of_library(library)
            drive.delete(drive.at(drive.root, path))

    def read(self, library: str, path: str) -> bytes:
        """The content of a file, or GraphError 404."""
        with self._store.lock:
            drive = self._services.drives.of_library(library)
            return drive.file_of(drive.at(drive.root, path)).read_bytes()

    def files(self, library: str) -> list[StoredFile]:
        """Every file of a library, sorted by path."""
        with self._store.lock:
            drive = self._services.drives.of_library(library)
            lists = self._services.lists
            files = [
                StoredFile(
                    path=drive.path_of(item),
                    size=item.size,
                    item_id=item.item_id,
                    quick_xor_hash=item.quick_xor,
                    created_by=item.created_by,
                    created_at=item.created_at,
                    retention_label=(item.retention_label or {}).get("name"),
                    fields=lists.item(drive.library, item.list_item_id or "").fields,
                )
                for item in drive.descendants(drive.root)
                if not item.is_folder
            ]
        return sorted(files, key=lambda file: file.path)

    def may_read(self, library: str, path: str, user: TenantUser) -> bool:
        """Whether a person who has the address of a file or folder gets to see it."""
        with self._store.lock:
            drive = self._services.drives.of_library(library)
            return self._services.permissions.may_read(drive, drive.at(drive.root, path), user)

    def close_library(self, library: str) -> None:
        """What a person does in SharePoint («Slutt å arve tillatelser»): the site's visitors are let in no longer."""
        with self._store.lock:
            self._services.permissions.stop_inheriting(self._services.drives.of_library(library).root)

    @property
    def open_uploads(self) -> int:
        """Upload sessions that have neither ended, been cancelled nor expired."""
        return self._services.uploads.open_sessions

    def locate(self, web_url: str) -> tuple[str, str]:
        """Library and path behind a folder's or file's `webUrl`, as a person follows the link in a mail."""
        path = unquote(web_url).removeprefix(self._services.site.url + "/")
        library, *below = PurePosixPath(path).parts or ("",)
        if library not in {drive.name for drive in self._services.drives.all()}:
            raise item_not_found("The address leads to no library of this site")
        return library, "/".join(below)

    def expire_delta_tokens(self) -> None:
        """Every delta token given so far gets 410 Gone from now on."""
        expire_tokens(self._store)

    def forget_history(self) -> None:
        """From now on no list or library keeps who made earlier versions of its items."""
        self._services.lists.keeps_history = False

    def close(self) -> None:
        """Let go of the files. A later `open` of the same directory continues."""
        self._store.close()

    def _record(self, users: list[TenantUser], clock: Clock) -> TenantRecord:
        records = self._store.shelf("tenant", TenantRecord)
        if "tenant" not in records:
            addresses = [user.mail or user.user_principal_name for user in users]
            domain = addresses[0].partition("@")[2] if addresses else DEFAULT_DOMAIN
            sender = f"hjemmekontor@{domain}"
            records["tenant"] = TenantRecord(
                tenant_id=_uuid(f"tenant {domain}"),
                client_id=_uuid(f"application {domain}"),
                client_secret=secrets.token_urlsafe(30),
                sender=sender,
                sender_id=_uuid(sender),
                host=f"{domain.partition('.')[0]}.sharepoint.example",
                collection_id=_uuid(f"site collection {domain}"),
                web_id=_uuid(f"web {domain}"),
                created_at=clock(),
            )
        return records["tenant"]

    def _build(self, directory: Path, record: TenantRecord, clock: Clock) -> Services:
        application = Actor(record.client_id, APPLICATION_NAME, is_application=True)
        users = Directory(self._store)
        lists = Lists(self._store, clock)
        drives = Drives(self._store, lists, directory / "drive", clock, application)
        permissions = Permissions(self._store)
        site = Site(record.host, record.collection_id, record.web_id, record.created_at)
        return Services(
            clock=clock,
            application=application,
            grants=self.grants,
            directory=users,
            mailbox=Mailbox(self._store, directory / "mail", users, record.sender, clock),
            site=site,
            lists=lists,
            drives=drives,
            uploads=Uploads(self._store, drives, directory / "uploads", clock),
            permissions=permissions,
            documents=DriveDocuments(site, permissions, record.client_secret),
            page_size=lambda: self.page_size,
            has_empty_pages=lambda: self.has_empty_pages,
        )

    def _make_site(self, *, is_empty: bool) -> None:
        """The lists and libraries of the configuration, where they are missing; or what every site is born with."""
        lists = self._services.lists
        # Whatever any of the shipped policies asks, so that the sandbox works under each of them. The last one's word
        # counts where two name a column alike, and it is the one that is used when nothing is set.
        names = sorted(SHIPPED_NAMES, key=lambda name: name == Settings.model_fields["policy"].default)
        ours = (*LIBRARIES, IMPORTS, *lists_of(*map(load_policy, names)))
        for definition in [BORN_WITH] if is_empty else ours:
            if lists.find(definition.name) is None:
                columns = [column.definition() for column in definition.columns]
                made = lists.create(definition.name, definition.title, definition.template, columns)
                lists.change_column(made, made.columns["Title"], {"required": False})
        self._services.drives.all()


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hjemmekontor sandbox {name}"))
