"""What the tests of alerts share: a webhook on loopback, runs in a state that is told of, and what was told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.flows.conftest import PrefectServer
from tests.flows.deploying import post
from tests.waiting import AT_MOST


@contextmanager
def listening(page: bytes = b"", encoding: str | None = None) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback, and what is posted to it; it answers with `page`."""
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # whoever closes first must not be we: Prefect calls a webhook once

        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            if encoding is not None:
                self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def automations(server: PrefectServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = post(server, "/automations/filter", {})
    return found


def deployment_id(server: PrefectServer, name: str) -> str:
    (found,) = (each["id"] for each in post(server, "/deployments/filter", {}) if each["name"] == name)
    return str(found)


def run_of(server: PrefectServer, deployment: str, state: str, name: str | None = None) -> str:
    """A run in this state, as a worker would have brought it there."""
    body = {"state": {"type": "PENDING"}, "enforce_parameter_schema": False}
    run = str(post(server, f"/deployments/{deployment_id(server, deployment)}/create_flow_run", body)["id"])
    for each in ({"type": "RUNNING"}, {"type": state, "name": name}):
        post(server, f"/flow_runs/{run}/set_state", {"state": each, "force": True})
    return run


def alerts_sent(server: PrefectServer, deployment: str = "varsle-drift") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = post(server, "/flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}})
    return found


def wait_for(look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is looked for
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.3)
    pytest.fail("it did not come")
