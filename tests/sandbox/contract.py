"""The validating proxy (Prism, outside this repository) that stands between a client and the tenant."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import AT_MOST

CONTRACT = (Path(__file__).parents[2] / "../shared/contract/graph").resolve()
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "graph-contract"


@contextmanager
def proxy_before(url: str) -> Iterator[str]:
    """The address of a proxy that judges all traffic with the tenant at `url`; its paths begin below `/v1.0`.

    The test is skipped where the contract or the proxy is not installed.
    """
    _skip_without_tools()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = subprocess.Popen(  # noqa: S603 - the contract's own script
        [str(CONTRACT / "proxy"), f"{url}/v1.0", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(proxy, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        proxy.terminate()
        proxy.wait(timeout=AT_MOST)


def _skip_without_tools() -> None:
    for needed, reason in (
        (CONTRACT / "proxy", "the contract folder beside the repository is not here"),
        (
            CACHE / "node_modules" / ".bin" / "prism",
            "the validating proxy is not installed; its own script installs it",
        ),
    ):
        if not needed.exists():
            pytest.skip(reason)
    if shutil.which("node") is None:
        pytest.skip("node is not installed")


def _wait_for(proxy: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        assert proxy.poll() is None, "the validating proxy ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the validating proxy did not start")
