"""The parts of the tenant, for the routes that show them."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.graph.directory import Directory
from sandbox.graph.drive_documents import DriveDocuments
from sandbox.graph.drives import Drives
from sandbox.graph.grants import Grants
from sandbox.graph.identity import Actor, Clock
from sandbox.graph.lists import Lists
from sandbox.graph.mailbox import Mailbox
from sandbox.graph.permissions import Permissions
from sandbox.graph.site import Site
from sandbox.graph.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Services:
    """`application` is who the API's callers are; `page_size` limits the pages of delta queries and folders."""

    clock: Clock
    application: Actor
    grants: Grants
    directory: Directory
    mailbox: Mailbox
    site: Site
    lists: Lists
    drives: Drives
    uploads: Uploads
    permissions: Permissions
    documents: DriveDocuments
    page_size: Callable[[], int]
    has_empty_pages: Callable[[], bool]
