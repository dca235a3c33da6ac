"""`/drives/{drive}`: folders, files, their content, upload sessions and delta queries."""

from collections.abc import Mapping
from typing import cast

from sandbox.graph.changes import DeltaQuery, paged
from sandbox.graph.drive_documents import changed
from sandbox.graph.drives import Drive, DriveItem, Drives, OnConflict
from sandbox.graph.errors import GraphError, invalid_request, item_not_found
from sandbox.graph.exchange import Answer, Call, Document, Route
from sandbox.graph.identity import timestamp
from sandbox.graph.odata import nested_select, select
from sandbox.graph.services import Services
from sandbox.graph.uploads import UploadSession

CONFLICT = "@microsoft.graph.conflictBehavior"
UPLOADS = "/_sandbox/upload"
TARGET = "/drives/{drive}/{target}"


class DriveRoutes:
    """Files as the application sees them."""

    def __init__(self, services: Services) -> None:
        self._drives = services.drives
        self._uploads = services.uploads
        self._lists = services.lists
        self._documents = services.documents
        self._site = services.site
        self._application = services.application
        self._page_size = services.page_size

    def routes(self) -> list[Route]:
        child = "/drives/{drive}/items/{item}/children/{name}/content"
        return [
            Route("GET", "/sites/{site}/drive", self._default_drive),
            Route("GET", "/sites/{site}/drives", self._all),
            Route("GET", "/sites/{site}/lists/{list}/drive", self._drive_of_list),
            Route("GET", "/sites/{site}/lists/{list}/items/{item}/driveItem", self._of_list_item),
            Route("GET", "/drives/{drive}", self._drive),
            Route("PUT", child, self._put_child),
            Route("GET", TARGET, self._get),
            Route("PATCH", TARGET, self._move),
            Route("DELETE", TARGET, self._delete),
            Route("POST", f"{TARGET}/permanentDelete", self._delete),
            Route("GET", f"{TARGET}/children", self._children),
            Route("POST", f"{TARGET}/children", self._create_folder),
            Route("GET", f"{TARGET}/content", self._content),
            Route("PUT", f"{TARGET}/content", self._put),
            Route("POST", f"{TARGET}/createUploadSession", self._open_upload),
            Route("GET", f"{TARGET}/versions", self._versions),
            Route("GET", f"{TARGET}/delta", self._delta),
        ]

    def _default_drive(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        return Answer(body=select(self._documents.drive(self._drives.all()[0]), call.option("select")))

    def _all(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        return paged(
            call, self._drives.all(), lambda drive: select(self._documents.drive(drive), call.option("select"))
        )

    def _drive_of_list(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        drive = self._drives.of_library(names["list"])
        return Answer(body=select(self._documents.drive(drive), call.option("select")))

    def _of_list_item(self, call: Call, names: Mapping[str, str]) -> Answer:
        self._site.check(names["site"])
        drive = self._drives.of_library(names["list"])
        drive_item_id = self._lists.item(drive.library, names["item"]).drive_item_id
        return self._answer(call, drive, drive.get(drive_item_id or ""))

    def _drive(self, call: Call, names: Mapping[str, str]) -> Answer:
        return Answer(body=select(self._documents.drive(self._drives.get(names["drive"])), call.option("select")))

    def _get(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = self._target(names)
        return self._answer(call, drive, item)

    def _move(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = self._target(names)
        call.check_match(item.etag)
        wanted = call.json()
        reference = wanted.get("parentReference") or {}
        if reference.get("driveId") not in {None, drive.drive_id}:
            raise invalid_request("Items cannot be moved between drives by this request")
        parent_id = reference.get("id") or item.parent_id
        if parent_id is None:
            raise invalid_request("The root cannot be moved or renamed")
        moved = drive.move(item, drive.get(parent_id), wanted.get("name") or item.name, self._application)
        return self._answer(call, drive, moved)

    def _delete(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = self._target(names)
        call.check_match(item.etag, item.ctag)
        drive.delete(item)
        return Answer(204)

    def _children(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, folder = self._target(names)
        return paged(call, drive.children(folder), lambda item: self._shown(call, drive, item), self._page_size())

    def _create_folder(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, parent = self._target(names)
        wanted = call.json()
        if wanted.get("folder") is None or not isinstance(wanted.get("name"), str):
            raise invalid_request("Only folders can be made this way: 'name' and 'folder' are needed")
        behaviour = conflict_behaviour(call, wanted, "fail")
        folder = drive.create_folder(parent, wanted["name"], self._application, behaviour)
        return self._answer(call, drive, folder, status=201)

    def _content(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = self._target(names)
        if item.is_folder:
            raise invalid_request("You cannot get content for a folder")
        return Answer(302, None, {"Location": f"{call.origin}{self._documents.download_path(drive, item)}"})

    def _versions(self, call: Call, names: Mapping[str, str]) -> Answer:
        """Graph's driveItemVersions, newest first."""
        _, item = self._target(names)
        documents: list[Document] = [
            {"id": f"{item.version - age}.0", "lastModifiedBy": actor.without_address()}
            for age, actor in enumerate((item.modified_by, *item.history))
        ]
        return paged(call, documents, lambda document: document)

    def _put(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, parent, name = self._destination(names, None)
        return self._put_at(call, drive, parent, name)

    def _put_child(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive = self._drives.get(names["drive"])
        return self._put_at(call, drive, drive.get(names["item"]), names["name"])

    def _put_at(self, call: Call, drive: Drive, parent: DriveItem, name: str) -> Answer:
        existing = drive.child(parent, name)
        if existing is not None:
            call.check_match(existing.etag)
        behaviour = conflict_behaviour(call, {}, "replace")
        item, is_new = drive.put_file(parent, name, call.body, self._application, behaviour)
        return self._answer(call, drive, item, status=201 if is_new else 200)

    def _open_upload(self, call: Call, names: Mapping[str, str]) -> Answer:
        wanted = (call.json().get("item") or {}) if call.body else {}
        _, parent, name = self._destination(names, wanted.get("name"))
        behaviour = conflict_behaviour(call, wanted, "fail")
        session = self._uploads.open(parent, name, behaviour, self._application)
        address = {"uploadUrl": f"{call.origin}{UPLOADS}/{session.session_id}"}
        return Answer(body=address | session_document(session))

    def _delta(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, folder = self._target(names)
        query = DeltaQuery(
            call, f"{drive.drive_id} {folder.item_id}", self._lists.generation(), self._page_size(), ("token", "token")
        )
        page = drive.changes(query)
        value = [
            self._documents.tombstone(item) if item.deleted else changed(self._shown(call, drive, item))
            for item in page.documents
            if any(ancestor.item_id == folder.item_id for ancestor in drive.lineage(item))
        ]
        return Answer(body={"value": value, **page.link})

    def receive(self, call: Call, session_id: str) -> Answer:
        """A request to an upload address: a fragment, a question how far it is, or the end of it."""
        if "authorization" in call.headers:
            raise GraphError(401, "unauthenticated", "The upload address takes no Authorization header.")
        if call.method == "DELETE":
            self._uploads.cancel(session_id)
            return Answer(204)
        if call.method == "GET":
            return Answer(body=session_document(self._uploads.get(session_id)))
        result = self._uploads.receive(session_id, call.headers.get("content-range", ""), call.body)
        if isinstance(result, UploadSession):
            return Answer(202, session_document(result))
        item, is_new = result
        return self._answer(call, self._drives.get(item.drive_id), item, status=201 if is_new else 200)

    def download(self, call: Call, drive_id: str, item_id: str) -> Answer:
        """The bytes behind a download address; GraphError 401 when it is not, or no longer, a valid one."""
        drive = self._drives.get(drive_id)
        item = drive.get(item_id)
        if call.query.get("tempauth") != self._documents.signature(item):
            raise GraphError(401, "unauthenticated", "The download address is not valid.")
        return Answer(200, drive.file_of(item).read_bytes(), {"ETag": f'"{item.etag}"'}, item.media_type)

    def _target(self, names: Mapping[str, str]) -> tuple[Drive, DriveItem]:
        return find_target(self._drives, names)

    def _destination(self, names: Mapping[str, str], name: str | None) -> tuple[Drive, DriveItem, str]:
        """Folder and name of a file to write; missing folders of a path are made, as the service does."""
        drive = self._drives.get(names["drive"])
        start = drive.get(names["item"]) if names["item"] else drive.root
        if names["path"]:
            folders, _, file_name = names["path"].rstrip("/").rpartition("/")
            return drive, drive.folder_at(start, folders, self._application), file_name
        if start.is_folder:
            if name is None:
                raise invalid_request("The name of the file is missing")
            return drive, start, name
        if start.parent_id is None:
            raise item_not_found()
        return drive, drive.get(start.parent_id), start.name

    def _answer(self, call: Call, drive: Drive, item: DriveItem, status: int = 200) -> Answer:
        return Answer(status, self._shown(call, drive, item))

    def _shown(self, call: Call, drive: Drive, item: DriveItem) -> Document:
        document = self._documents.item(drive, item, call.origin)
        names = call.option("select")
        if nested_select(call.option("expand"), "children")[0]:
            document["children"] = [self._documents.item(drive, child, call.origin) for child in drive.children(item)]
            names = f"{names},children" if names else None
        return select(document, names)


def find_target(drives: Drives, names: Mapping[str, str]) -> tuple[Drive, DriveItem]:
    """The item that `{target}` points at, or GraphError 404."""
    drive = drives.get(names["drive"])
    start = drive.get(names["item"]) if names["item"] else drive.root
    return drive, drive.at(start, names["path"])


def conflict_behaviour(call: Call, wanted: Document, default: OnConflict) -> OnConflict:
    """From the body or the query.

    Raises:
        GraphError: 400 for an unknown one.
    """
    behaviour = wanted.get(CONFLICT) or call.query.get(CONFLICT) or default
    if behaviour not in {"fail", "replace", "rename"}:
        raise invalid_request(f"'{behaviour}' is not a conflict behavior")
    return cast("OnConflict", behaviour)


def session_document(session: UploadSession) -> Document:
    """Graph's uploadSession without its address."""
    return {"expirationDateTime": timestamp(session.expires_at), "nextExpectedRanges": session.next_ranges}
