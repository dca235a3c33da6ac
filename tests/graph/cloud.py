"""A cloud in one place, over TLS: Graph on HTTP/2, the authority and a machine's identity service on HTTP/1.1."""

import asyncio
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import h11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

HOST = "127.0.0.1"
NAME = "cloud.sandvik.example"
"""What the certificate calls it as well. No name service knows it: only a proxy leads there."""
TOKEN = "a-token-of-this-cloud"
LIFETIME = 3600
MISCODED = b"<html>this page is said to be compressed"


@dataclass(slots=True)
class Asked:
    """One request as the cloud saw it; `form` holds the fields of its body and of its query."""

    version: str
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Cloud:
    """`refusals` are given for the next tokens asked for: status, Retry-After, body."""

    url: str
    certificate: Path
    asked: list[Asked] = field(default_factory=list)
    refusals: list[tuple[int, str | None, bytes]] = field(default_factory=list)

    def answer(self, asked: Asked, body: bytes) -> tuple[int, str | None, bytes]:
        parts = urlsplit(asked.path)
        fields = parse_qs(parts.query) | parse_qs(body.decode())
        asked.form = {name: values[0] for name, values in fields.items()}
        self.asked.append(asked)
        if parts.path.endswith("token") and self.refusals:
            return self.refusals.pop(0)
        if parts.path.endswith("token"):
            expires_on = int(datetime.now(UTC).timestamp()) + LIFETIME
            token = {"token_type": "Bearer", "access_token": TOKEN, "resource": "any"}
            return 200, None, json.dumps(token | {"expires_in": LIFETIME, "expires_on": str(expires_on)}).encode()
        return 200, None, json.dumps({"id": "site"}).encode()


@contextmanager
def cloud(directory: Path) -> Iterator[Cloud]:
    """Served from a thread of its own; `certificate` is what its clients must trust, and has the private key too."""
    certificate = directory / "cloud.pem"
    _make_certificate(certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    loop = asyncio.new_event_loop()
    running = Cloud("", certificate)

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        negotiated = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        speak = _speak_h2 if negotiated == "h2" else _speak_h11
        try:
            await speak(running, reader, writer)
        finally:
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(receive, HOST, 0, ssl=context))
    running.url = f"https://{HOST}:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_end(loop), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _speak_h2(running: Cloud, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    asked: dict[int, Asked] = {}
    bodies: dict[int, bytes] = {}
    while data := await reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = {str(name): str(value) for name, value in event.headers or []}
                asked[event.stream_id] = Asked("2", headers[":method"], headers[":path"], headers)
                bodies[event.stream_id] = b""
            elif isinstance(event, DataReceived):
                bodies[event.stream_id] += event.data or b""
            elif isinstance(event, StreamEnded):
                _, _, answer = running.answer(asked[event.stream_id], bodies[event.stream_id])
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/json")])
                connection.send_data(event.stream_id, answer, end_stream=True)
        writer.write(connection.data_to_send())


async def _speak_h11(running: Cloud, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    asked, body = Asked("1.1", "", "", {}), b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            headers = {name.decode(): value.decode() for name, value in event.headers}
            asked, body = Asked("1.1", event.method.decode(), event.target.decode(), headers), b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            status, retry_after, answer = running.answer(asked, body)
            kind = "text/html" if answer.startswith(b"<") else "application/json"
            told = [("Content-Type", kind), ("Content-Length", str(len(answer)))]
            told += [("Content-Encoding", "gzip")] if answer == MISCODED else []
            told += [] if retry_after is None else [("Retry-After", retry_after)]
            for part in (h11.Response(status_code=status, headers=told), h11.Data(answer), h11.EndOfMessage()):
                writer.write(connection.send(part) or b"")
            connection.start_next_cycle()
        else:
            return


def _make_certificate(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hjemmekontor test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName(NAME)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
