"""Drives and their items as Graph describes them."""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.graph.drives import Drive, DriveItem
from sandbox.graph.exchange import Document
from sandbox.graph.identity import timestamp
from sandbox.graph.permissions import Permissions
from sandbox.graph.site import Site

DOWNLOADS = "/_sandbox/download"
QUOTA_BYTES = 27_487_790_694_400


@dataclass(frozen=True, slots=True)
class DriveDocuments:
    """`download_key` signs the addresses that give a file to whoever holds them."""

    site: Site
    permissions: Permissions
    download_key: str

    def drive(self, drive: Drive) -> Document:
        """Graph's drive."""
        used = drive.size_of(drive.root)
        return {
            "createdDateTime": timestamp(drive.created_at),
            "description": "",
            "driveType": "documentLibrary",
            "id": drive.drive_id,
            "lastModifiedDateTime": timestamp(drive.root.modified_at),
            "name": drive.library.title,
            "quota": {
                "deleted": 0,
                "remaining": QUOTA_BYTES - used,
                "state": "normal",
                "total": QUOTA_BYTES,
                "used": used,
            },
            "webUrl": self.site.list_url(drive.library),
        }

    def item(self, drive: Drive, item: DriveItem, origin: str) -> Document:
        """Graph's driveItem."""
        document: Document = {
            "id": item.item_id,
            "name": item.name,
            "size": drive.size_of(item),
            "eTag": f'"{item.etag}"',
            "cTag": f'"{item.ctag}"',
            "createdBy": item.created_by.identity_set(),
            "createdDateTime": timestamp(item.created_at),
            "lastModifiedBy": item.modified_by.identity_set(),
            "lastModifiedDateTime": timestamp(item.modified_at),
            "fileSystemInfo": {
                "createdDateTime": timestamp(item.created_at),
                "lastModifiedDateTime": timestamp(item.modified_at),
            },
            "webUrl": self.web_url(drive, item),
            "parentReference": self._parent(drive, item),
        }
        if item.parent_id is None:
            document["root"] = {}
        if item.is_folder:
            document["folder"] = {"childCount": len(drive.children(item))}
        else:
            document["file"] = {"mimeType": item.media_type, "hashes": {"quickXorHash": item.quick_xor}}
            document["@microsoft.graph.downloadUrl"] = f"{origin}{self.download_path(drive, item)}"
        if self.permissions.granted_on(item):
            document["shared"] = {"scope": "users"}
        return document

    def tombstone(self, item: DriveItem) -> Document:
        """What a delta query says of a deleted item."""
        parent = {"driveId": item.drive_id, "driveType": "documentLibrary", "id": item.parent_id}
        return {
            "id": item.item_id,
            "deleted": {"state": "deleted"},
            "parentReference": parent,
            "folder" if item.is_folder else "file": {},
        }

    def web_url(self, drive: Drive, item: DriveItem) -> str:
        path = drive.path_of(item)
        return self.site.list_url(drive.library) + (f"/{quote(path)}" if path else "")

    def download_path(self, drive: Drive, item: DriveItem) -> str:
        """An address that gives the file without a token, as long as nobody changes its content."""
        return f"{DOWNLOADS}/{drive.drive_id}/{item.item_id}?tempauth={self.signature(item)}"

    def signature(self, item: DriveItem) -> str:
        text = f"{item.item_id} {item.content_version}"
        return hmac.new(self.download_key.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _parent(self, drive: Drive, item: DriveItem) -> Document:
        reference: Document = {
            "driveId": drive.drive_id,
            "driveType": "documentLibrary",
            "siteId": self.site.site_id.split(",")[1],
        }
        if item.parent_id is not None:
            parent = drive.get(item.parent_id)
            path = drive.path_of(parent)
            reference["id"] = parent.item_id
            reference["name"] = parent.name if path else drive.name
            reference["path"] = f"/drives/{drive.drive_id}/root:" + (f"/{path}" if path else "")
        return reference


def changed(document: Document) -> Document:
    """What a delta query says of an item: neither its path, nor a `cTag`, nor who changed it (driveitem-delta.md)."""
    parent = {name: value for name, value in document.get("parentReference", {}).items() if name != "path"}
    kept = {name: value for name, value in document.items() if name not in {"cTag", "lastModifiedBy"}}
    return {**kept, "parentReference": parent} if parent else kept


def retention_document(item: DriveItem) -> Document:
    """Graph's itemRetentionLabel; without a name where there is no label."""
    return item.retention_label or {"name": None}
