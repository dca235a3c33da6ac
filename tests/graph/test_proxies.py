"""Where a proxy stands between us and Microsoft: all of what we ask goes through it, and nothing of this machine's."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.sharepoint import CASE_LIBRARY
from integrations.graph.client import Graph
from integrations.graph.drive import download, ensure_folder, share
from integrations.graph.proxies import proxy_for
from tests.graph.cloud import NAME, cloud
from tests.graph.conftest import Office
from tests.graph.proxy import proxy_to
from tests.graph.test_identity import APP, assert_looked, look
from tests.graph.town import user

GRAPH = "https://graph.microsoft.com/v1.0"
AASE = user("0001")


def test_token_graph_and_downloads_go_through_the_proxy(tmp_path: Path) -> None:
    with cloud(tmp_path) as sky, proxy_to("127.0.0.1", urlsplit(sky.url).port or 0) as proxy:
        there = sky.url.replace("127.0.0.1", NAME)
        behind = {"HTTPS_PROXY": proxy.url, "HK_GRAPH_BASE_URL": f"{there}/v1.0", "HK_GRAPH_AUTHORITY": there}
        assert look(sky, **APP, **behind, HK_GRAPH_CLIENT_SECRET="hemmelig", addresses=(f"{there}/file",)) == ""
        token, site, file = sky.asked
        assert [token.path.endswith("/token"), site.version, file.path] == [True, "2", "/file"]
        assert proxy.asked == [urlsplit(there).netloc] * 3
        sky.asked.pop()
        assert_looked(sky)


def test_what_is_on_this_machine_is_asked_directly(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def read(graph: Graph) -> bytes:
        folder = await ensure_folder(graph, CASE_LIBRARY, "HK-1")
        await share(graph, CASE_LIBRARY, folder, [AASE.mail or ""])
        return await download(graph, CASE_LIBRARY, office.tenant.upload(CASE_LIBRARY, "HK-1", "a.txt", b"hei", AASE))

    assert office.run(read) == b"hei"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"ALL_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "db.example, .microsoft.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "db.example"}, "http://proxy.example:3128"),
    ],
)
def test_the_proxy_is_the_environments(
    environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(GRAPH) == proxy
    assert proxy_for("https://127.0.0.1:8443/v1.0") is None
    assert proxy_for("https://localhost/v1.0") is None
