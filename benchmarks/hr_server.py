"""FINT's face over pages that were put together beforehand, in a process of its own: an HR system that costs nothing.

`python -m benchmarks.hr_server --employees 60000` prints one line of JSON (`Ready`) when it answers, and stops when its
standard input is closed. Two nights are served, `/first` and `/next`; between them one employee in a hundred marries.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from threading import Thread

import msgspec

from integrations.hr.fint.client import Access
from integrations.hr.fint.source import PAGE_SIZE
from sandbox.fint import TOKEN_PATH
from sandbox.hr.rows import Row, fint_rows
from sandbox.municipality import Municipality, Person, Picture

FIRST, NEXT = "/first", "/next"
NIGHTS = (FIRST, NEXT)
ONE_IN = 100
OPENS_ON = date(2026, 1, 5)
TODAY = date(2026, 1, 20)
TOKEN = {"access_token": "benchmark", "token_type": "Bearer", "expires_in": 3_600}


@dataclass(frozen=True, slots=True)
class Ready:
    """`employees` listed, fewer than asked for by those who have not begun yet; `megabytes` of JSON in one night."""

    port: int
    employees: int
    megabytes: float


def access_to(port: int, night: str) -> Access:
    url = f"http://127.0.0.1:{port}"
    return Access(url + night, url + TOKEN_PATH, "client", "secret", "username", "password")


@contextmanager
def hr_server(employees: int) -> Iterator[Ready]:
    """A started server that ends with the block."""
    command = [sys.executable, "-m", "benchmarks.hr_server", "--employees", str(employees)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:  # noqa: S603 - this very file
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server's pipes are missing")
        try:
            yield Ready(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def pages_of(night: str, rows: dict[str, list[Row]]) -> dict[str, bytes]:
    """Every answer of one night, by address without the host."""
    updated = str(int(datetime.combine(TODAY, datetime.min.time(), UTC).timestamp() * 1_000))
    answers = {}
    for path, entries in rows.items():
        total, place = len(entries), night + path
        answers[f"{place}/cache/size"] = msgspec.json.encode({"size": total})
        answers[f"{place}/last-updated"] = msgspec.json.encode({"lastUpdated": updated})
        for offset in range(0, total, PAGE_SIZE):
            page = entries[offset : offset + PAGE_SIZE]
            content = {"_embedded": {"_entries": page}, "total_items": total, "offset": offset, "size": len(page)}
            answers[f"{place}?offset={offset}&size={PAGE_SIZE}"] = msgspec.json.encode(content)
    return answers


def handler_of(answers: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    token = msgspec.json.encode(TOKEN)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes; the second would wait for an acknowledgement
        wbufsize = -1

        def do_GET(self) -> None:
            content = answers.get(self.path)
            self._answer(404 if content is None else 200, content or b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer(200, token)

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            del format, args

    return Handler


def pictures(employees: int) -> Iterator[tuple[str, Picture]]:
    picture = Municipality.generate(employees, opens_on=OPENS_ON).on(TODAY)
    yield FIRST, picture
    people = [_married(person) if place % ONE_IN == 0 else person for place, person in enumerate(picture.people)]
    yield NEXT, replace(picture, people=tuple(people))


def _married(person: Person) -> Person:
    return replace(person, family_name=f"{person.family_name} Vielselykt")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--employees", type=int, required=True)
    answers: dict[str, bytes] = {}
    listed = 0
    for night, picture in pictures(parser.parse_args().employees):
        answers |= pages_of(night, fint_rows(picture))
        listed = len(picture.people)
    size = sum(len(content) for address, content in answers.items() if address.startswith(FIRST))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(answers)) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        ready = Ready(server.server_address[1], listed, size / 1e6)
        print(json.dumps(asdict(ready)), flush=True)
        sys.stdin.read()
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
