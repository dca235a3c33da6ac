"""Who did something, and how the tenant writes names, times and ids."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from sandbox.graph.exchange import Document

Clock: TypeAlias = Callable[[], datetime]
"""The sandbox's business time, aware of its time zone."""

OSLO = ZoneInfo("Europe/Oslo")
APPLICATION_NAME = "Hjemmekontor"


class TenantUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the tenant's directory. `user_id` is the object id, `employee_id` the HR system's number."""

    user_id: str
    user_principal_name: str
    mail: str | None
    display_name: str
    employee_id: str | None = None
    manager_id: str | None = None
    account_enabled: bool = True


class Actor(msgspec.Struct, frozen=True):
    """A person; or without an e-mail address the application that called the API, or SharePoint itself."""

    actor_id: str
    display_name: str
    email: str | None = None
    is_application: bool = False

    @classmethod
    def person(cls, user: TenantUser) -> "Actor":
        return cls(user.user_id, user.display_name, user.mail or user.user_principal_name)

    def identity_set(self) -> Document:
        """Graph's identitySet. What an application makes carries SharePoint's pseudo user beside it, without e-mail."""
        if self.is_application:
            application = {"id": self.actor_id, "displayName": self.display_name}
            return {"application": application, "user": {"displayName": "SharePoint App"}}
        if self.email is None:
            return {"user": {"displayName": self.display_name}}
        return {"user": {"email": self.email, "id": self.actor_id, "displayName": self.display_name}}

    def without_address(self) -> Document:
        """The identitySet of a version in an item's history (listitem-list-versions.md, driveitem-list-versions.md)."""
        document = self.identity_set()
        return {**document, "user": {name: value for name, value in document["user"].items() if name != "email"}}


SYSTEM_ACCOUNT = Actor("", "System Account")
"""SharePoint itself, when it moves or repairs something: a user with a name and nothing else."""


def timestamp(moment: datetime) -> str:
    """As Graph writes times: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def opaque(prefix: str, seed: str, length: int) -> str:
    """An id that looks like the service's own and follows from `seed` alone: `prefix` and letters, digits, - and _."""
    digest = hashlib.sha512(seed.encode()).digest()
    return (prefix + base64.urlsafe_b64encode(digest).decode().rstrip("="))[:length]


def opaque_capitals(prefix: str, seed: str, length: int) -> str:
    """The same in capitals and digits, as the ids of drive items are."""
    digest = hashlib.sha512(seed.encode()).digest()
    return (prefix + base64.b32encode(digest).decode().rstrip("="))[:length]
