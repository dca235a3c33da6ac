"""Who may do what with a folder or file: direct grants, inherited from the folders above."""

import base64
from collections.abc import Iterator, Sequence

import msgspec

from sandbox.graph.drives import Drive, DriveItem
from sandbox.graph.errors import access_denied, item_not_found
from sandbox.graph.exchange import Document
from sandbox.graph.identity import Actor, TenantUser
from sandbox.store import Store

ROLES = ("read", "write", "owner")
VISITORS = {"id": "5", "displayName": "Besøkende på Hjemmekontor", "loginName": "Besøkende på Hjemmekontor"}
"""The site's own group, which everybody is in: it may read all that has not been closed to it."""


class Permission(msgspec.Struct, frozen=True):
    permission_id: str
    item_id: str
    person: Actor
    roles: tuple[str, ...]


class Permissions:
    """Grants by item, which hold for all below it. Visitors may read everything; the application may do all.

    An item that no longer inherits has only the permissions granted on it.
    """

    def __init__(self, store: Store) -> None:
        self._shelf = store.shelf("permission", Permission)
        self._own = store.shelf("own permissions", bool)
        self._by_item: dict[str, dict[str, Permission]] = {}
        for permission in self._shelf.values():
            self._by_item.setdefault(permission.item_id, {})[permission.permission_id] = permission

    def grant(self, item: DriveItem, user: TenantUser, roles: Sequence[str]) -> Permission:
        """Give roles to a person; a person has one permission an item, so a second grant replaces the first."""
        login = f"i:0#.f|membership|{user.user_principal_name.lower()}"
        permission_id = base64.b64encode(login.encode()).decode().rstrip("=")
        permission = Permission(permission_id, item.item_id, Actor.person(user), tuple(roles))
        self._shelf[f"{item.item_id} {permission_id}"] = permission
        self._by_item.setdefault(item.item_id, {})[permission_id] = permission
        return permission

    def revoke(self, item: DriveItem, permission_id: str) -> None:
        """GraphError 404 unless it was granted on this very item."""
        self.direct(item, permission_id)
        del self._shelf[f"{item.item_id} {permission_id}"]
        del self._by_item[item.item_id][permission_id]

    def direct(self, item: DriveItem, permission_id: str) -> Permission:
        permission = self._by_item.get(item.item_id, {}).get(permission_id)
        if permission is None:
            raise item_not_found("The permission was not found")
        return permission

    def granted_on(self, item: DriveItem) -> list[Permission]:
        return list(self._by_item.get(item.item_id, {}).values())

    def stop_inheriting(self, item: DriveItem) -> None:
        """Shared for the first time without what it inherits; afterwards there is nothing left to shut out."""
        self._own.setdefault(item.item_id, True)

    def effective(self, drive: Drive, item: DriveItem) -> list[tuple[DriveItem, Permission]]:
        """What holds for the item, with where it was granted."""
        return [
            (holder, permission)
            for holder in self._as_far_as_it_inherits(drive, item)
            for permission in self.granted_on(holder)
        ]

    def lets_visitors_in(self, drive: Drive, item: DriveItem) -> bool:
        return all(holder.item_id not in self._own for holder in drive.lineage(item))

    def may_read(self, drive: Drive, item: DriveItem, user: TenantUser) -> bool:
        granted = {permission.person.actor_id for _, permission in self.effective(drive, item)}
        return user.user_id in granted or self.lets_visitors_in(drive, item)

    def _as_far_as_it_inherits(self, drive: Drive, item: DriveItem) -> Iterator[DriveItem]:
        for holder in drive.lineage(item):
            yield holder
            if holder.item_id in self._own:
                return

    def check_write(self, drive: Drive, folder: DriveItem, user: TenantUser) -> None:
        """GraphError 403 unless `user` may write in `folder`."""
        for _, permission in self.effective(drive, folder):
            if permission.person.actor_id == user.user_id and {"write", "owner"}.intersection(permission.roles):
                return
        raise access_denied(f"{user.user_principal_name} may not write in {drive.name}/{drive.path_of(folder)}")


def visitors_document(root: DriveItem, *, is_root: bool) -> Document:
    """The visitors' permission on the root, as everything below inherits it."""
    document: Document = {"id": "3", "roles": ["read"], "grantedToV2": {"siteGroup": dict(VISITORS)}}
    return document if is_root else document | {"inheritedFrom": {"driveId": root.drive_id, "id": root.item_id}}


def permission_document(permission: Permission, inherited_from: DriveItem | None = None) -> Document:
    """Graph's permission."""
    person = permission.person
    identity = person.identity_set()["user"]
    login = base64.b64decode(permission.permission_id + "=" * (-len(permission.permission_id) % 4)).decode()
    document: Document = {
        "id": permission.permission_id,
        "roles": list(permission.roles),
        "grantedTo": {"user": identity},
        "grantedToV2": {
            "user": identity,
            "siteUser": {"displayName": person.display_name, "id": person.actor_id, "loginName": login},
        },
    }
    if inherited_from is not None:
        document["inheritedFrom"] = {"driveId": inherited_from.drive_id, "id": inherited_from.item_id}
    return document
