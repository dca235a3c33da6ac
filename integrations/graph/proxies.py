"""The proxy between us and Microsoft, as the environment names it: HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

BESIDE_THE_PROXY: Final[Mapping[str, httpx.AsyncBaseTransport | None]] = {
    "all://127.0.0.1": None,
    "all://localhost": None,
    "all://[::1]": None,
}
"""What a client of httpx, which reads the environment itself, asks without a proxy: this machine."""


def proxy_for(address: str) -> str | None:
    """The proxy that leads to this address, for a transport of our own, which reads no environment by itself."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if _is_this_machine(host) or proxy_bypass(host if parts.port is None else f"{host}:{parts.port}"):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
