"""Our own requests, as they are on the wire, against Microsoft Graph's published contract."""

import ast
import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agreements.policy import Policy
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, IMPORT_LIBRARY, site_of
from hjemmekontor.check_graph import graph_lines
from integrations.graph import mail
from integrations.graph.archive import Paper, archive_file
from integrations.graph.client import Graph
from integrations.graph.directory import find_people
from integrations.graph.drive import (
    children_of,
    close_to_people,
    delete_item,
    download,
    ensure_folder,
    is_there,
    library_changes,
    put_file,
    rename,
    share,
    site_address,
    version_of,
)
from integrations.graph.lists import delete_list_item, list_changes, list_is_there
from integrations.graph.packages import hand_over
from integrations.graph.provisioning import provision
from integrations.graph.returned import reports_since, status_of
from sandbox.graph import Fault, GraphTenant
from sandbox.graph.identity import SYSTEM_ACCOUNT
from sandbox.web import serve
from tests.graph.conftest import HASTY, Office, settings_for
from tests.graph.town import EVERYBODY, user
from tests.sandbox.conftest import BusinessClock
from tests.sandbox.contract import proxy_before
from tests.waiting import AT_MOST

AASE = user("0001")
OUTSIDE = re.compile(
    r"^/(?!v1\.0/)|/permissions/[^/]+$|/items/[^/]+/versions$|/mailFolders/[^/]+$"
    r"|/messages/[^/]+/\$value$|/items/[^/]+:/[^/]+:$"
)
"""Tokens and upload addresses are not Graph's own; what BEYOND_THE_CONTRACT names the contract lacks."""
BEYOND_THE_CONTRACT = {
    "GET item versions": "listitem-list-versions.md",
    "DELETE folder permission": "permission-delete.md",
    "GET another mailbox": "mailfolder-get.md",
    "GET mail report": "outlook-get-mime-message.md",
    "GET file by name": "driveitem-get.md",
    "PUT fragment": "driveitem-createuploadsession.md",
    "GET upload session": "driveitem-createuploadsession.md",
    "DELETE upload session": "driveitem-createuploadsession.md",
    "GET download": "driveitem-get-content.md",
}
"""What is driven here and judged by nobody: where Microsoft describes it."""
ROOT = Path(__file__).parents[2]
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
        if request.method == "GET" and scope["path"].endswith("/content"):
            await self.tenant(scope, _no_body, send)  # the proxy follows the redirect itself, and we are to do so
            return
        headers = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        headers.pop("content-encoding", None)
        await Response(answer.content, answer.status_code, headers)(scope, receive, send)

    async def _through_proxy(self, request: Request) -> httpx.Response:
        raw_path = await self._as_in_contract(request)
        query = f"?{request.url.query}" if request.url.query else ""
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        async with httpx.AsyncClient(timeout=AT_MOST) as client:
            url = f"{self.proxy_url}{raw_path}{query}"
            answer = await client.request(request.method, url, content=await request.body(), headers=headers)
        self.judged.append(f"{request.method} {request.scope['path']}")
        if "sl-violations" in answer.headers or "problem+json" in answer.headers.get("Content-Type", ""):
            told = answer.headers.get("sl-violations") or answer.text
            self.violations.append(f"{request.method} {raw_path}: {told}")
        return answer

    async def _as_in_contract(self, request: Request) -> str:
        """The path, with the forms that only Graph's documentation names in the form that stands in the contract too.

        These are `root/children` and `root/delta` (driveitem-delta.md), `delta` for `delta()`, and what hangs on a path
        from the root (driveitem-createuploadsession.md). A path of several segments is one there: with its slashes
        escaped it is the same path to the tenant.
        """
        path: str = request.scope["raw_path"].decode().removeprefix("/v1.0")
        drive, by_path, below = path.partition("/root:/")
        if by_path:
            below, colon, action = below.partition(":/")
            below = below.replace("/", "%2F") + colon + action
            return (
                f"{drive}/items/{await self._root_of(request, drive)}:/{below}" if colon else f"{drive}/root:/{below}"
            )
        drive, of_root, rest = path.partition("/root/")
        if of_root:
            path = f"{drive}/items/{await self._root_of(request, drive)}/{rest}"
        return f"{path}()" if path.endswith("/delta") else path

    async def _root_of(self, request: Request, drive: str) -> str:
        async with httpx.AsyncClient(headers={"Authorization": request.headers["Authorization"]}) as client:
            root = (await client.get(f"{self.proxy_url}{drive}/root")).json()
        return str(root["id"])


async def _no_body() -> Message:
    return {"type": "http.request", "body": b""}


@dataclass(frozen=True, slots=True)
class Court:
    office: Office
    judge: Judge


@pytest.fixture
def court(tmp_path: Path, office: Office) -> Iterator[Court]:
    """A site that has nothing of ours yet, behind the judge."""
    people = [user(number) for number in EVERYBODY]
    tenant = GraphTenant.open(tmp_path / "bare", people, BusinessClock(), is_site_empty=True)
    application = tenant.application()
    with serve(application) as server, proxy_before(server.url) as proxy_url:
        judge = Judge(application, proxy_url)
        with serve(judge) as front:
            yield Court(Office(tenant, settings_for(tenant, front.url), office.gate), judge)
    tenant.close()


Asked = dict[str, set[str]]
"""What the client says it is doing, and the requests it makes for it: method and path."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found: Asked = defaultdict(set)

    def watched(name: str) -> None:
        ask = getattr(Graph, name)

        async def watch(graph: Graph, verb: str, address: str, doing: str, **rest: Any) -> httpx.Response:  # noqa: ANN401
            found[doing].add(f"{verb} {unquote(urlsplit(address).path).removeprefix('/v1.0')}")
            response: httpx.Response = await ask(graph, verb, address, doing, **rest)
            return response

        monkeypatch.setattr(Graph, name, watch)

    for name in ("repeatable", "once", "handed_out"):
        watched(name)
    return found


def test_every_request_of_ours_keeps_the_contract(court: Court, asked: Asked, policy: Policy) -> None:
    office, judge = court.office, court.judge
    in_nynorsk = msgspec.structs.replace(policy, language="nn")
    for each in (policy, in_nynorsk, policy):
        site = site_of(each, has_imports=True)
        office.run(lambda graph, site=site: provision(graph, site, dry_run=False))  # type: ignore[misc]  # its default is its type
    office.tenant.add_list_item("Soknader", {"DagerPerUke": 2, "FraDato": "2027-04-01"}, AASE)

    async def everything(graph: Graph) -> None:
        await _read_lists(graph, office.tenant)
        await _use_folders(graph)
        await _archive(graph, office.tenant)
        await _hand_over(graph)
        await _send_mail(graph, office.tenant.sender)
        await _read_returned(graph, office.tenant)
        assert await find_people(graph, ["0001", "nobody"])

    office.run(everything, HASTY)
    asyncio.run(graph_lines(office.settings))

    assert judge.violations == []
    assert len(office.tenant.sent_messages()) == 2
    assert_all_is_driven(asked, {request.replace(" /v1.0", " ", 1) for request in judge.judged})


def assert_all_is_driven(asked: Asked, judged: set[str]) -> None:
    """Each request that stands in the code was made, and the proxy saw it unless the contract lacks it."""
    in_code = requests_in_code()
    never = [pattern for pattern in in_code if not any(re.fullmatch(pattern, doing) for doing in asked)]
    assert never == [], "in the code, and driven by nothing here"
    unknown = [doing for doing in asked if not any(re.fullmatch(pattern, doing) for pattern in in_code)]
    assert unknown == [], "asked under a name that was not found in the code"
    assert {doing for doing, requests in asked.items() if not requests & judged} == set(BEYOND_THE_CONTRACT)


def requests_in_code() -> set[str]:
    """What requests are said to be doing, in every file that makes some: texts that begin with a verb, as patterns."""
    found = set()
    for path in (*(ROOT / "integrations" / "graph").glob("*.py"), ROOT / "hjemmekontor" / "check_graph.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            pattern = _pattern(node) if id(node) not in parts else ""
            if re.match(r"(GET|POST|PATCH|PUT|DELETE)(\\)? ", pattern):
                found.add(pattern)
    return found


def _pattern(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part) if isinstance(part, ast.Constant) else ".+" for part in node.values)
    return ""


async def _read_lists(graph: Graph, tenant: GraphTenant) -> None:
    assert (await site_address(graph)).startswith("https://")
    await list_is_there(graph, "Soknader")
    changes = await list_changes(graph, "Soknader", None)
    assert [item.sender_mail for item in changes.items] == [AASE.mail]
    assert (await list_changes(graph, "Soknader", changes.token)).items == []
    tenant.edit_list_item("Soknader", changes.items[0].item_id, {"DagerPerUke": 3}, SYSTEM_ACCOUNT)
    [touched] = (await list_changes(graph, "Soknader", changes.token)).items
    assert touched.sender_id == AASE.user_id, "by its history"
    tenant.faults.add(Fault(path_pattern="/items/delta", status=410))
    assert (await list_changes(graph, "Soknader", changes.token)).is_whole
    assert await delete_list_item(graph, "Soknader", touched.item_id, touched.version)


async def _use_folders(graph: Graph) -> None:
    await is_there(graph, CASE_LIBRARY)
    folder_id = await ensure_folder(graph, CASE_LIBRARY, "HK-1")
    await share(graph, CASE_LIBRARY, folder_id, [AASE.mail or ""])
    for _ in range(2):
        await put_file(graph, CASE_LIBRARY, folder_id, "Avtaleutkast HK-1.pdf", b"draft")
    [upload] = (await library_changes(graph, CASE_LIBRARY, None)).items
    assert await download(graph, CASE_LIBRARY, upload.item_id) == b"draft"
    below = await ensure_folder(graph, CASE_LIBRARY, "HK-1/Bilder")
    await put_file(graph, CASE_LIBRARY, below, "pult.jpg", b"photo")
    await rename(graph, CASE_LIBRARY, folder_id, "HK-1 Kari")
    [_, photo] = (await library_changes(graph, CASE_LIBRARY, None)).items
    assert photo.within == (below, folder_id)
    await rename(graph, CASE_LIBRARY, folder_id, "HK-1")
    await delete_item(graph, CASE_LIBRARY, below, "*")
    await close_to_people(graph, CASE_LIBRARY, folder_id)
    [child] = await children_of(graph, CASE_LIBRARY, folder_id)
    assert await delete_item(graph, CASE_LIBRARY, upload.item_id, version_of(child))


async def _archive(graph: Graph, tenant: GraphTenant) -> None:
    tenant.faults.add(Fault(method="PUT", path_pattern="/upload/", status=503))
    small, large = b"small", b"large" * 1_000_000
    for name, content in (("liten.pdf", small), ("stor.pdf", large), ("stor.pdf", large)):
        paper = Paper(
            f"0001/{name}", content, {"Saksnummer": "HK-1", "ArkivertDato": date(2027, 3, 1)}, "Personalmappe"
        )
        assert (await archive_file(graph, ARCHIVE_LIBRARY, paper)).holds(content)


async def _hand_over(graph: Graph) -> None:
    message = await archive_file(graph, IMPORT_LIBRARY, Paper("HK-1/arkivmelding.xml", b"<arkivmelding/>", {}))
    await hand_over(graph, IMPORT_LIBRARY, (message.item_id, "HK-1/arkivmelding.xml"), ("ferdig.txt", b"abc  HK-1"))


async def _send_mail(graph: Graph, sender: str) -> None:
    letter = mail.Mail([AASE.mail or ""], "Hjemmekontor: æøå", "<p>Hei</p>")
    await mail.is_there(graph, sender)
    assert await mail.recover(graph, sender, "key") is None
    spare = await mail.draft(graph, sender, "another", letter)
    assert [unsent.identity for unsent in await mail.unsent(graph, sender)] == [spare]
    await mail.remove(graph, sender, spare)
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
