"""Who may do what with a folder or file: direct grants, inherited from the folders above."""

import base64
from collections.abc import Sequence

import msgspec

from sandbox.graph.drives import Drive, DriveItem
from sandbox.graph.errors import access_denied, item_not_found
from sandbox.graph.exchange import Document
from sandbox.graph.identity import Actor, TenantUser
from sandbox.store import Store

ROLES = ("read", "write", "owner")


class Permission(msgspec.Struct, frozen=True):
    permission_id: str
    item_id: str
    person: Actor
    roles: tuple[str, ...]


class Permissions:
    """Grants by item. Everything not granted is closed to people; the application may do all."""

    def __init__(self, store: Store) -> None:
        self._shelf = store.shelf("permission", Permission)
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

    def check_write(self, drive: Drive, folder: DriveItem, user: TenantUser) -> None:
        """GraphError 403 unless `user` may write in `folder`."""
        for item in drive.lineage(folder):
            for permission in self.granted_on(item):
                if permission.person.actor_id == user.user_id and {"write", "owner"}.intersection(permission.roles):
                    return
        raise access_denied(f"{user.user_principal_name} may not write in {drive.name}/{drive.path_of(folder)}")


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
