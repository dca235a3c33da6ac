"""A Microsoft Graph v1.0 tenant on this machine: mail, lists, libraries and users, over HTTP and in-process."""

from sandbox.graph.errors import GraphError
from sandbox.graph.faults import Fault
from sandbox.graph.identity import Actor, TenantUser
from sandbox.graph.mailbox import SentMessage
from sandbox.graph.tenant import GraphTenant, StoredFile

__all__ = ["Actor", "Fault", "GraphError", "GraphTenant", "SentMessage", "StoredFile", "TenantUser"]
