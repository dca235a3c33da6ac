"""The one SharePoint site of the tenant: its id and its addresses."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sandbox.graph.errors import item_not_found
from sandbox.graph.exchange import Document
from sandbox.graph.identity import timestamp
from sandbox.graph.lists import LIBRARY, SharePointList

PATH = "/sites/hjemmekontor"
TITLE = "Hjemmekontor"


@dataclass(frozen=True, slots=True)
class Site:
    """`host` is the tenant's SharePoint host; the address leads nowhere, it only looks like the service's."""

    host: str
    collection_id: str
    web_id: str
    created_at: datetime

    @property
    def site_id(self) -> str:
        return f"{self.host},{self.collection_id},{self.web_id}"

    @property
    def url(self) -> str:
        return f"https://{self.host}{PATH}"

    def check(self, key: str) -> None:
        """GraphError 404 unless `key` is this site's id in one of its forms."""
        if key not in {self.site_id, self.collection_id, f"{self.host}:{PATH}", f"{self.host}:{PATH}:", "root"}:
            raise item_not_found("Requested site could not be found")

    def list_url(self, found: SharePointList) -> str:
        folder = "" if found.template == LIBRARY else "/Lists"
        return f"{self.url}{folder}/{quote(found.name)}"

    def document(self) -> Document:
        """Graph's site."""
        return {
            "createdDateTime": timestamp(self.created_at),
            "description": "",
            "displayName": TITLE,
            "id": self.site_id,
            "lastModifiedDateTime": timestamp(self.created_at),
            "name": PATH.rsplit("/", 1)[-1],
            "root": {},
            "siteCollection": {"hostname": self.host},
            "webUrl": self.url,
        }
