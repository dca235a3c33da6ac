"""What hangs on a drive item: who may see it, its retention label, its fields in the library."""

from collections.abc import Mapping

from sandbox.graph.changes import paged
from sandbox.graph.drive_documents import retention_document
from sandbox.graph.drive_routes import TARGET, find_target
from sandbox.graph.drives import Drive
from sandbox.graph.errors import GraphError, invalid_request, item_not_found
from sandbox.graph.exchange import Answer, Call, Document, Route
from sandbox.graph.identity import TenantUser, timestamp
from sandbox.graph.list_routes import ListRoutes
from sandbox.graph.lists import ListItem
from sandbox.graph.odata import nested_select, select
from sandbox.graph.permissions import ROLES, permission_document, visitors_document
from sandbox.graph.services import Services


class SharingRoutes:
    """Permissions, retention labels and list fields of folders and files."""

    def __init__(self, services: Services, list_routes: ListRoutes) -> None:
        self._drives = services.drives
        self._lists = services.lists
        self._list_routes = list_routes
        self._permissions = services.permissions
        self._directory = services.directory
        self._application = services.application
        self._clock = services.clock

    def routes(self) -> list[Route]:
        return [
            Route("POST", f"{TARGET}/invite", self._invite),
            Route("GET", f"{TARGET}/permissions", self._list_permissions),
            Route("GET", f"{TARGET}/permissions/{{permission}}", self._permission),
            Route("DELETE", f"{TARGET}/permissions/{{permission}}", self._revoke),
            Route("GET", f"{TARGET}/retentionLabel", self._label),
            Route("PATCH", f"{TARGET}/retentionLabel", self._set_label),
            Route("DELETE", f"{TARGET}/retentionLabel", self._remove_label),
            Route("GET", f"{TARGET}/listItem", self._list_item),
            Route("GET", f"{TARGET}/listItem/fields", self._fields),
            Route("PATCH", f"{TARGET}/listItem/fields", self._edit_fields),
        ]

    def _invite(self, call: Call, names: Mapping[str, str]) -> Answer:
        item = find_target(self._drives, names)[1]
        wanted = call.json()
        roles = wanted.get("roles") or []
        if not roles or not set(roles).issubset(ROLES):
            raise invalid_request(f"The roles {roles} are not valid")
        if not wanted.get("requireSignIn") and not wanted.get("sendInvitation"):
            raise invalid_request("Either 'requireSignIn' or 'sendInvitation' must be true")
        users = [self._recipient(recipient) for recipient in wanted.get("recipients") or []]
        if not users:
            raise invalid_request("At least one recipient is needed")
        if wanted.get("retainInheritedPermissions") is False:
            self._permissions.stop_inheriting(item)
        granted = [self._permissions.grant(item, user, roles) for user in users]
        return Answer(body={"value": [permission_document(permission) for permission in granted]})

    def _recipient(self, recipient: Document) -> TenantUser:
        key = recipient.get("email") or recipient.get("objectId") or recipient.get("alias") or ""
        user = self._directory.find(key)
        if user is None:
            raise GraphError(400, "noResolvedUsers", "No users in the request could be resolved.")
        return user

    def _list_permissions(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = find_target(self._drives, names)
        documents = [
            permission_document(permission, None if holder.item_id == item.item_id else holder)
            for holder, permission in self._permissions.effective(drive, item)
        ]
        if self._permissions.lets_visitors_in(drive, item):
            documents.append(visitors_document(drive.root, is_root=item.parent_id is None))
        return paged(call, documents, lambda document: document)

    def _permission(self, _: Call, names: Mapping[str, str]) -> Answer:
        item = find_target(self._drives, names)[1]
        return Answer(body=permission_document(self._permissions.direct(item, names["permission"])))

    def _revoke(self, _: Call, names: Mapping[str, str]) -> Answer:
        item = find_target(self._drives, names)[1]
        self._permissions.revoke(item, names["permission"])
        return Answer(204)

    def _label(self, _: Call, names: Mapping[str, str]) -> Answer:
        return Answer(body=retention_document(find_target(self._drives, names)[1]))

    def _set_label(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, item = find_target(self._drives, names)
        name = call.json().get("name")
        if not isinstance(name, str):
            raise invalid_request("The name of the label is missing")
        label = {
            "name": name,
            "isLabelAppliedExplicitly": True,
            "labelAppliedBy": self._application.identity_set(),
            "labelAppliedDateTime": timestamp(self._clock()),
            "retentionSettings": {
                "behaviorDuringRetentionPeriod": "retain",
                "isDeleteAllowed": True,
                "isRecordLocked": False,
                "isMetadataUpdateAllowed": True,
                "isContentUpdateAllowed": True,
                "isLabelUpdateAllowed": True,
            },
        }
        labelled = drive.change(item, self._application, retention_label=label if name else None)
        return Answer(body=retention_document(labelled))

    def _remove_label(self, _: Call, names: Mapping[str, str]) -> Answer:
        drive, item = find_target(self._drives, names)
        drive.change(item, self._application, retention_label=None)
        return Answer(204)

    def _list_item(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, list_item = self._with_list_item(names)
        document = self._list_routes.item_document(drive.library, list_item)
        if nested_select(call.option("expand"), "fields")[0]:
            document["fields"] = self._list_routes.fields_document(drive.library, list_item)
        return Answer(body=document)

    def _fields(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, list_item = self._with_list_item(names)
        fields = self._list_routes.fields_document(drive.library, list_item)
        return Answer(body=select(fields, call.option("select")))

    def _edit_fields(self, call: Call, names: Mapping[str, str]) -> Answer:
        drive, list_item = self._with_list_item(names)
        edited = self._list_routes.edit(call, drive.library, list_item, call.json())
        return Answer(body=self._list_routes.fields_document(drive.library, edited))

    def _with_list_item(self, names: Mapping[str, str]) -> tuple[Drive, ListItem]:
        drive, item = find_target(self._drives, names)
        if item.list_item_id is None:
            raise item_not_found("The root of a library is no list item")
        return drive, self._lists.item(drive.library, item.list_item_id)
