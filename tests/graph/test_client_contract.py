"""Our own requests, as they are on the wire, against Microsoft Graph's published contract."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY
from integrations.graph import mail
from integrations.graph.archive import Paper, archive_file
from integrations.graph.client import Graph
from integrations.graph.drive import (
    children_of,
    close_to_people,
    delete_item,
    download,
    ensure_folder,
    library_changes,
    put_file,
    share,
    site_address,
    version_of,
)
from integrations.graph.lists import list_changes
from integrations.graph.returned import reports_since, status_of
from sandbox.graph import GraphTenant
from sandbox.web import serve
from tests.graph.conftest import HASTY, Office, settings_for
from tests.graph.town import user
from tests.sandbox.contract import proxy_before

AASE = user("0001")
OUTSIDE = re.compile(r"^/(?!v1\.0/)|/root:/[^/]+/|/permissions/[^/]+$|/messages/[^/]+/\$value$")
"""Tokens and upload addresses are not Graph's own; paths of several segments are more than the contract describes, and
so are taking a permission away (permission-delete.md) and a mail's MIME content (outlook-get-mime-message.md)."""
HOP_BY_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding"})


@dataclass(slots=True)
class Judge:
    """An ASGI application: what the contract describes goes through the proxy, the rest straight to the tenant."""

    tenant: ASGIApp
    proxy_url: str
    judged: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if OUTSIDE.search(scope["path"]):
            await self.tenant(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._through_proxy(request)
        headers = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        headers.pop("content-encoding", None)
        await Response(answer.content, answer.status_code, headers)(scope, receive, send)

    async def _through_proxy(self, request: Request) -> httpx.Response:
        raw_path = await self._as_in_contract(request)
        query = f"?{request.url.query}" if request.url.query else ""
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        async with httpx.AsyncClient(timeout=20) as client:
            url = f"{self.proxy_url}{raw_path}{query}"
            answer = await client.request(request.method, url, content=await request.body(), headers=headers)
        self.judged.append(f"{request.method} {request.scope['path']}")
        if "sl-violations" in answer.headers or "problem+json" in answer.headers.get("Content-Type", ""):
            told = answer.headers.get("sl-violations") or answer.text
            self.violations.append(f"{request.method} {raw_path}: {told}")
        return answer

    async def _as_in_contract(self, request: Request) -> str:
        """The path, with the forms that only Graph's documentation names in the form that stands in the contract too.

        These are `root/children` and `root/delta` (driveitem-delta.md), and `delta` for `delta()`.
        """
        path: str = request.scope["raw_path"].decode().removeprefix("/v1.0")
        drive, of_root, rest = path.partition("/root/")
        if of_root:
            async with httpx.AsyncClient(headers={"Authorization": request.headers["Authorization"]}) as client:
                root = (await client.get(f"{self.proxy_url}{drive}/root")).json()
            path = f"{drive}/items/{root['id']}/{rest}"
        return f"{path}()" if path.endswith("/delta") else path


@dataclass(frozen=True, slots=True)
class Court:
    office: Office
    judge: Judge


@pytest.fixture
def court(office: Office) -> Iterator[Court]:
    application = office.tenant.application()
    with serve(application) as server, proxy_before(server.url) as proxy_url:
        judge = Judge(application, proxy_url)
        with serve(judge) as front:
            yield Court(Office(office.tenant, settings_for(office.tenant, front.url), office.gate), judge)


def test_every_request_of_ours_keeps_the_contract(court: Court) -> None:
    office, judge = court.office, court.judge
    office.tenant.add_list_item("Soknader", {"DagerPerUke": 2, "FraDato": "2027-04-01"}, AASE)

    async def everything(graph: Graph) -> None:
        await _read_lists(graph)
        await _use_folders(graph)
        await _archive(graph)
        await _send_mail(graph, office.tenant.sender)
        await _read_returned(graph, office.tenant)

    office.run(everything, HASTY)

    assert judge.violations == []
    ends = {re.sub(r".*[/:]", "", request) for request in judge.judged}
    used = {"delta", "drives", "children", "invite", "content", "createUploadSession", "messages", "send"}
    used |= {"permissions", "fields", "listItem", "retentionLabel"}
    assert ends >= used
    assert len(office.tenant.sent_messages()) == 2


async def _read_lists(graph: Graph) -> None:
    assert (await site_address(graph)).startswith("https://")
    changes = await list_changes(graph, "Soknader", None)
    assert [item.sender_mail for item in changes.items] == [AASE.mail]
    assert (await list_changes(graph, "Soknader", changes.token)).items == []


async def _use_folders(graph: Graph) -> None:
    folder_id = await ensure_folder(graph, CASE_LIBRARY, "HK-1")
    await share(graph, CASE_LIBRARY, folder_id, [AASE.mail or ""])
    await put_file(graph, CASE_LIBRARY, folder_id, "Avtaleutkast HK-1.pdf", b"draft")
    [upload] = (await library_changes(graph, CASE_LIBRARY, None)).items
    assert await download(graph, CASE_LIBRARY, upload.item_id) == b"draft"
    await close_to_people(graph, CASE_LIBRARY, folder_id)
    [child] = await children_of(graph, CASE_LIBRARY, folder_id)
    assert await delete_item(graph, CASE_LIBRARY, upload.item_id, version_of(child))


async def _archive(graph: Graph) -> None:
    small, large = b"small", b"large" * 1_000_000
    for name, content in (("liten.pdf", small), ("stor.pdf", large), ("stor.pdf", large)):
        paper = Paper(
            f"0001/{name}", content, {"Saksnummer": "HK-1", "ArkivertDato": date(2027, 3, 1)}, "Personalmappe"
        )
        assert (await archive_file(graph, ARCHIVE_LIBRARY, paper)).holds(content)


async def _send_mail(graph: Graph, sender: str) -> None:
    letter = mail.Mail([AASE.mail or ""], "Hjemmekontor: æøå", "<p>Hei</p>")
    assert await mail.recover(graph, sender, "key") is None
    identity = await mail.draft(graph, sender, "key", letter)
    await mail.address_anew(graph, sender, identity, letter)
    assert await mail.recover(graph, sender, "key") == mail.Found(identity, is_sent=False)
    assert await mail.is_sent(graph, sender, identity) is False
    await mail.send(graph, sender, identity)
    assert await mail.recover(graph, sender, "key") == mail.Found(identity, is_sent=True)
    assert await mail.is_sent(graph, sender, identity) is True


async def _read_returned(graph: Graph, tenant: GraphTenant) -> None:
    letter = mail.Mail(["borte@sandvik.kommune.example"], "Hjemmekontor", "<p>Hei</p>")
    await mail.send(graph, tenant.sender, await mail.draft(graph, tenant.sender, "lost", letter))
    [report] = await reports_since(graph, tenant.sender, None)
    assert report.about == mail.message_id_for("lost", tenant.sender)
    assert await reports_since(graph, tenant.sender, report.received_at) == [report]
    assert await status_of(graph, tenant.sender, report.identity) == "5.1.10"
