"""The Prefect server behind nginx, both as deploy/ sets them up: who gets in, and the page through it."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from websockets.sync.client import connect

from config.settings import Settings
from hjemmekontor.serve import deploy
from tests.flows.browsing import CHROMIUM, browser
from tests.flows.conftest import wait_until_healthy
from tests.test_deploy_files import DEPLOY, settings_in
from tests.waiting import AT_MOST

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
SECRET = "hjemmekontor:and a secret"
SESSION = "session=signed-in"

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine: apt-get install nginx-light")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


class SignIn(BaseHTTPRequestHandler):
    """As oauth2-proxy answers nginx: 202 and who it is, or 401; whoever comes to sign in is let in."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/oauth2/sign_in":
            self.send_response(302)
            self.send_header("Set-Cookie", f"{SESSION}; Path=/; HttpOnly")
            self.send_header("Location", parse_qs(asked.query)["rd"][0])
        else:
            is_known = SESSION in self.headers.get("Cookie", "")
            self.send_response(202 if is_known else 401)
            self.send_header("X-Auth-Request-User", "radgiver@example.no")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Nothing."""


@dataclass(frozen=True)
class Behind:
    """`address` is the proxy's, `server` the Prefect server's own."""

    address: str
    server: str
    log: Path


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("proxy")
    server, proxy = free_port(), free_port()
    sign_in = ThreadingHTTPServer(("127.0.0.1", 0), SignIn)
    thread = threading.Thread(target=sign_in.serve_forever)
    thread.start()
    found = Behind(f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{server}", folder / "access.log")
    try:
        with serving(folder, found, server), proxying(folder, found, server, sign_in.server_port):
            yield found
    finally:
        sign_in.shutdown()
        thread.join()
        sign_in.server_close()


@contextmanager
def serving(folder: Path, behind: Behind, port: int) -> Iterator[None]:
    """With the settings of deploy/server.env, but for places, the password and PostgreSQL."""
    shipped = settings_in(DEPLOY / "server.env")
    del shipped["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    own = {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": SECRET,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": behind.address,
        "PREFECT_UI_API_URL": f"{behind.address}/api",
    }
    command = [sys.executable, "-m", "prefect", "server", "start"]
    with (folder / "server.log").open("wb") as log:
        child = subprocess.Popen(command, env={**os.environ, **shipped, **own}, stdout=log, stderr=log)  # noqa: S603 - our own words
    try:
        wait_until_healthy(f"{behind.server}/api")
        yield
    finally:
        stop(child)


@contextmanager
def proxying(folder: Path, behind: Behind, server: int, sign_in: int) -> Iterator[None]:
    """The site as it is shipped, but for places, the password and the certificate."""
    said = (DEPLOY / "nginx-hjemmekontor.conf").read_text(encoding="utf-8")
    for shipped, here in (
        ("listen 443 ssl;", f"listen {behind.address.removeprefix('http://')};"),
        ("ssl_certificate /etc/ssl/certs/hjemmekontor.pem;", ""),
        ("ssl_certificate_key /etc/ssl/private/hjemmekontor.key;", ""),
        ("/var/log/nginx/hjemmekontor.log", str(behind.log)),
        ("127.0.0.1:4200", f"127.0.0.1:{server}"),
        ("127.0.0.1:4180", f"127.0.0.1:{sign_in}"),
        (encoded("hjemmekontor:CHANGE-ME"), encoded(SECRET)),
    ):
        assert shipped in said
        said = said.replace(shipped, here)
    kept = "".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder / 'nginx.pid'}; error_log {folder / 'error.log'};"
        f"events {{}} http {{ {kept} {said} }}"
    )
    child = subprocess.Popen([str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder)])  # noqa: S603 - our own words
    try:
        deadline = time.monotonic() + AT_MOST
        while not listens(behind.address):
            assert child.poll() is None and time.monotonic() < deadline, "nginx did not start"  # noqa: PT018 - one thing
            time.sleep(0.1)
        yield
    finally:
        stop(child)


def listens(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def encoded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def test_nobody_gets_in_without_signing_in(behind: Behind) -> None:
    page = requests.get(f"{behind.address}/deployments?page=2", allow_redirects=False, timeout=AT_MOST)
    assert (page.status_code, page.headers["Location"]) == (
        302,
        f"{behind.address}/oauth2/sign_in?rd=/deployments?page=2",
    )
    for path in ("/api/health", "/api/admin/version", "/api/metrics"):
        assert requests.get(f"{behind.address}{path}", timeout=AT_MOST).status_code == 401
    assert (
        requests.get(f"{behind.address}/oauth2/auth", headers={"Cookie": SESSION}, timeout=AT_MOST).status_code == 404
    )
    assert requests.get(f"{behind.server}/api/admin/version", timeout=AT_MOST).status_code == 401


def test_whoever_has_signed_in_needs_no_password_and_the_log_has_who_it_was(behind: Behind) -> None:
    known = {"Cookie": SESSION}
    assert requests.get(f"{behind.address}/api/admin/version", headers=known, timeout=AT_MOST).status_code == 200
    # Another password that a browser remembers changes nothing.
    wrong = {**known, "Authorization": "Basic d3Jvbmc6d3Jvbmc="}
    assert requests.get(f"{behind.address}/api/admin/version", headers=wrong, timeout=AT_MOST).status_code == 200
    figures = requests.get(f"{behind.address}/api/metrics", headers=known, timeout=AT_MOST)
    assert "# TYPE " in figures.text
    assert ' radgiver@example.no "GET /api/metrics HTTP/1.1" 200' in behind.log.read_text()


def test_a_forged_request_is_refused(behind: Behind) -> None:
    """What another site would make the browser of somebody who has signed in post."""
    forged = requests.post(
        f"{behind.address}/api/flows/", json={"name": "x"}, headers={"Cookie": SESSION}, timeout=AT_MOST
    )
    assert (forged.status_code, "CSRF" in forged.text) == (403, True)


def test_a_web_socket_gets_through(behind: Behind) -> None:
    """Events and logs, as `prefect` on another machine follows them: there the password is asked for as well."""
    for path in ("/api/events/out", "/api/logs/out"):
        address = f"{behind.address.replace('http', 'ws', 1)}{path}"
        with connect(address, subprotocols=["prefect"], additional_headers={"Cookie": SESSION}) as web_socket:  # type: ignore[list-item] # a name
            web_socket.send(json.dumps({"type": "auth", "token": SECRET}))
            assert json.loads(web_socket.recv(20))["type"] == "auth_success"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")
def test_the_page_works_through_it(behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From signing in to a run that is made of a form; and only the proxy is asked for anything."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "client"))
    for name, value in settings_in(DEPLOY / "worker.env").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_API_URL", f"{behind.server}/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", SECRET)
    # This process may know another server by now.
    with temporary_settings({PREFECT_API_URL: f"{behind.server}/api", PREFECT_API_AUTH_STRING: SECRET}):
        deploy(Settings())

    with browser(behind.address, None, tmp_path / "last-seen.png") as hr:
        hr.open_form("Vis sak")
        hr.write("Saksnummer", "HK-2027-00001")
        hr.submit()
    assert hr.asked == {behind.address.removeprefix("http://")}
    login = ("hjemmekontor", SECRET.partition(":")[2])
    answer = requests.get(f"{behind.server}/api/csrf-token?client=test", auth=login, timeout=AT_MOST)
    headers = {"Prefect-Csrf-Token": answer.json()["token"], "Prefect-Csrf-Client": "test"}
    wanted = {"deployments": {"name": {"any_": ["Vis sak"]}}}
    [run] = requests.post(
        f"{behind.server}/api/flow_runs/filter", json=wanted, auth=login, headers=headers, timeout=AT_MOST
    ).json()
    assert run["parameters"] == {"form": {"case_number": "HK-2027-00001"}}
