"""The tenant against Microsoft Graph's published contract.

A validating proxy (Prism, outside this repository) stands between client and tenant. It refuses requests the contract
does not know and answers it does not allow, so every call here is a check of both sides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from config.sharepoint import ARCHIVE_LIBRARY
from sandbox.graph import GraphTenant
from sandbox.graph.reports import Report
from sandbox.web import serve
from tests.sandbox.conftest import IMMUTABLE, KARI, OLA, USERS, BusinessClock, token
from tests.sandbox.contract import CONTRACT, proxy_before
from tests.waiting import AT_MOST

REPORTED = ("hjemmekontor@sandvik.kommune.example", "<b@sandvik.kommune.example>", BusinessClock().now)
NOT_OFFERED = {
    "POST /drives/{drive-id}/items/{driveItem-id}/createLink",
    "POST /drives/{drive-id}/items/{driveItem-id}/copy",
}
"""Operations of the contract that this system does not use."""


@dataclass
class Checked:
    """Calls through the proxy. `seen` collects method and path of each."""

    tenant: GraphTenant
    client: httpx.Client
    seen: list[str] = field(default_factory=list)

    @property
    def site(self) -> str:
        """Commas escaped, as the client library does; the proxy takes bare ones for a list of values."""
        return "/sites/" + quote(self.tenant.site_id, safe="")

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:  # noqa: ANN401 - any JSON
        """The decoded answer of a call that must end with `status` and break no rule of the contract."""
        answer = self.client.request(method, path, **arguments)
        assert "sl-violations" not in answer.headers, f"{method} {path}: {answer.headers['sl-violations']}"
        assert "problem+json" not in answer.headers.get("Content-Type", ""), f"{method} {path}: {answer.text}"
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        self.seen.append(f"{method} {answer.request.url.path}")
        return answer.json() if answer.content and "json" in answer.headers.get("Content-Type", "") else None


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[Checked]:
    tenant = GraphTenant.open(tmp_path / "graph", USERS, BusinessClock())
    with (
        serve(tenant.application()) as server,
        proxy_before(server.url) as proxy_url,
        httpx.Client(base_url=proxy_url, timeout=AT_MOST) as client,
    ):
        client.headers["Authorization"] = f"Bearer {token(tenant, client, server.url)}"
        yield Checked(tenant, client)
    tenant.close()


def test_every_operation_keeps_the_contract(checked: Checked) -> None:
    call_users(checked)
    call_mail(checked)
    call_lists(checked)
    call_drives(checked)
    call_what_hangs_on_items(checked)
    call_with_errors(checked)
    missing = [operation for operation in operations() if not any(fits(operation, seen) for seen in checked.seen)]
    assert sorted(missing) == sorted(NOT_OFFERED)


def call_users(checked: Checked) -> None:
    page = checked.call("GET", "/users", params={"$top": "2", "$select": "id,mail,employeeId", "$filter": "id ne 'x'"})
    assert "@odata.nextLink" in page
    checked.call("GET", f"/users/{KARI.user_id}", params={"$expand": "manager"})
    checked.call("GET", f"/users/{KARI.user_id}/manager")
    checked.call("GET", "/users/delta()")
    checked.call("POST", "/$batch", json={"requests": [{"id": "1", "method": "GET", "url": "/users"}]})


def call_mail(checked: Checked) -> None:
    mailbox = f"/users/{checked.tenant.sender}"
    message = {
        "subject": "Hei",
        "body": {"contentType": "html", "content": "<p>Hei</p>"},
        "toRecipients": [{"emailAddress": {"address": OLA.mail, "name": "Ola Moe"}}],
        "internetMessageId": "<a@hjemmekontor>",
        "internetMessageHeaders": [{"name": "x-hjemmekontor-case", "value": "HK-1"}],
        "categories": ["HK-1"],
    }
    attachment = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "YQ=="}
    created = checked.call("POST", f"{mailbox}/messages", 201, json=message, headers=IMMUTABLE)
    address = f"{mailbox}/messages/{created['id']}"
    checked.call("PATCH", address, json={"subject": "Nytt"}, headers=IMMUTABLE)
    checked.call("POST", f"{address}/attachments", 201, json=attachment)
    checked.call("POST", f"{address}/send", 202)
    shown = checked.call("GET", address, headers=IMMUTABLE, params={"$select": "id,isDraft,internetMessageHeaders"})
    assert not shown["isDraft"]
    checked.call("GET", address, headers=IMMUTABLE)
    params = {"$filter": "internetMessageId eq '<a@hjemmekontor>'", "$top": "2", "$select": "id"}
    assert len(checked.call("GET", f"{mailbox}/messages", params=params)["value"]) == 1
    checked.call("GET", f"{mailbox}/mailFolders/sentitems/messages")
    checked.tenant.receive_mail(Report("<a@hjemmekontor>", OLA.mail or "", b"").written(*REPORTED))
    of_class = "singleValueExtendedProperties/Any(ep: ep/id eq 'String 0x001A' and ep/value eq 'REPORT.IPM.Note.NDR')"
    params = {
        "$filter": f"receivedDateTime ge 2026-03-02T00:00:00Z and {of_class}",
        "$select": "internetMessageHeaders",
    }
    assert len(checked.call("GET", f"{mailbox}/messages", params=params)["value"]) == 1
    checked.call("POST", f"{mailbox}/sendMail", 202, json={"message": message, "saveToSentItems": True})
    checked.call("DELETE", address, 204)


def call_lists(checked: Checked) -> None:
    site = checked.site
    checked.call("GET", site)
    checked.call("GET", f"{site}/lists", params={"$expand": "columns"})
    definition = {"name": "Antall", "displayName": "Antall", "number": {}, "indexed": True}
    wanted = {"displayName": "Ny liste", "columns": [definition], "list": {"template": "genericList"}}
    made = f"{site}/lists/{checked.call('POST', f'{site}/lists', 201, json=wanted)['id']}"
    checked.call("GET", made)
    checked.call("PATCH", made, json={"displayName": "Nyere liste"})
    checked.call("GET", f"{made}/columns")
    choice = {"name": "Valg", "choice": {"choices": ["a", "b"], "allowTextEntry": False}}
    column = f"{made}/columns/{checked.call('POST', f'{made}/columns', 201, json=choice)['id']}"
    checked.call("PATCH", column, json={"displayName": "Velg"})
    checked.call("DELETE", column, 204)
    item = checked.call("POST", f"{made}/items", 201, json={"fields": {"Antall": 3}})
    address = f"{made}/items/{item['id']}"
    checked.call("GET", f"{made}/items", params={"$expand": "fields", "$top": "5", "$filter": "fields/Antall eq 3"})
    checked.call("GET", f"{made}/items/delta()", params={"$expand": "fields"})
    checked.call("GET", address, params={"$expand": "fields"})
    checked.call("PATCH", address, json={"fields": {"Antall": 4}})
    checked.call("GET", f"{address}/fields")
    checked.call("PATCH", f"{address}/fields", json={"Antall": 5}, headers={"If-Match": "*"})
    checked.call("DELETE", address, 204)
    gone = checked.call("GET", f"{made}/items/delta()")
    assert gone["value"] == []
    checked.call("DELETE", made, 204)
    checked.tenant.add_list_item("Soknader", {"DagerPerUke": 2, "FraDato": "2026-04-01"}, KARI)
    by_person = checked.call("GET", f"{site}/lists/Soknader/items", params={"$expand": "fields"})
    assert by_person["value"][0]["createdBy"]["user"]["email"] == KARI.mail


def call_drives(checked: Checked) -> None:
    site = checked.site
    checked.call("GET", f"{site}/drive")
    checked.call("GET", f"{site}/drives")
    drive = f"/drives/{checked.call('GET', f'{site}/lists/{ARCHIVE_LIBRARY}/drive')['id']}"
    checked.call("GET", drive)
    root = checked.call("GET", f"{drive}/root")["id"]
    wanted = {"name": "HK-1", "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
    folder = checked.call("POST", f"{drive}/items/{root}/children", 201, json=wanted)["id"]
    binary = {"Content-Type": "application/octet-stream"}
    checked.call("PUT", f"{drive}/root:/a.txt:/content", 201, content=b"a", headers=binary)
    checked.call("PUT", f"{drive}/items/{folder}:/b.txt:/content", 201, content=b"b", headers=binary)
    checked.call("PUT", f"{drive}/items/{folder}/children/c.txt/content", 201, content=b"c", headers=binary)
    item = checked.call("GET", f"{drive}/root:/a.txt")["id"]
    address = f"{drive}/items/{item}"
    checked.call("PUT", f"{address}/content", 200, content=b"aa", headers=binary)
    checked.call("GET", f"{address}/versions", params={"$select": "id,lastModifiedBy"})
    checked.call("GET", f"{address}/content")  # the proxy itself follows the redirect
    checked.call("GET", address)
    checked.call("PATCH", address, json={"name": "d.txt", "parentReference": {"id": folder}})
    checked.call("GET", f"{drive}/items/{folder}/children", params={"$top": "2"})
    session = {"item": {"@microsoft.graph.conflictBehavior": "fail", "name": "e.txt"}}
    opened = checked.call("POST", f"{drive}/items/{folder}/createUploadSession", json=session)
    assert opened["uploadUrl"].startswith("http://127.0.0.1:")
    checked.call("POST", f"{drive}/items/{folder}:/f.txt:/createUploadSession", json={"item": {}})
    checked.call("DELETE", address, 204)
    checked.call("GET", f"{drive}/items/{root}/delta()")


def call_what_hangs_on_items(checked: Checked) -> None:
    site = checked.site
    drive = f"/drives/{checked.call('GET', f'{site}/lists/{ARCHIVE_LIBRARY}/drive')['id']}"
    address = f"{drive}/items/{checked.call('GET', f'{drive}/root:/HK-1')['id']}"
    invitation = {
        "recipients": [{"email": KARI.mail}],
        "roles": ["write"],
        "requireSignIn": True,
        "sendInvitation": False,
    }
    assert len(checked.call("POST", f"{address}/invite", json=invitation)["value"]) == 1
    checked.call("GET", f"{address}/permissions")
    checked.call("PATCH", f"{address}/retentionLabel", json={"name": "Personalmappe"})
    checked.call("GET", f"{address}/retentionLabel")
    checked.call("DELETE", f"{address}/retentionLabel", 204)
    item = checked.call("GET", f"{address}/listItem", params={"$expand": "fields"})
    checked.call("PATCH", f"{address}/listItem/fields", json={"Saksnummer": "HK-1"})
    checked.call("GET", f"{site}/lists/{ARCHIVE_LIBRARY}/items/{item['id']}/driveItem")
    checked.call("POST", f"{address}/permanentDelete", 204)
    deleted = checked.call("GET", f"{drive}/items/{checked.call('GET', f'{drive}/root')['id']}/delta()")
    assert deleted["value"]


def call_with_errors(checked: Checked) -> None:
    """Refusals in the form of the contract, which does not list 410 Gone; and a proof that the proxy does judge."""
    lists = f"{checked.site}/lists"
    checked.call("GET", "/users/nobody", 404)
    checked.call("GET", f"/users/{KARI.user_id}/messages", 403)
    checked.call("POST", f"{lists}/Soknader/items", 400, json={"fields": {"Ukjent": 1}})
    checked.call("DELETE", f"{lists}/Soknader/items/1", 412, headers={"If-Match": '"other"'})
    checked.call("POST", lists, 409, json={"displayName": "Soknader"})
    checked.call("GET", "/users", 401, headers={"Authorization": "Bearer x"})
    refused = checked.client.post(f"{lists}/Soknader/items", json={"unknown": {}})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")


def operations() -> list[str]:
    """Method and path template of every operation the contract lists."""
    lines = (CONTRACT / "operations.txt").read_text(encoding="utf-8").splitlines()
    return [" ".join(line.split()[:2]) for line in lines if line and not line.startswith("#")]


def fits(operation: str, seen: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/:]+", re.escape(operation))
    return re.fullmatch(pattern, seen) is not None
