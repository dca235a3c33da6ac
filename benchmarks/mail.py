"""How near to the ideal a night's mail goes out: `python -m benchmarks.mail [--mails N] [--milliseconds N [N ...]]`.

The stand-in for Graph is a process of its own and takes its time for every answer. Ideal is what that time alone costs:
mails x requests for each mail x time / requests at a time. It ends with an error when a demand is missed.
"""

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.measuring import memory_mb
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from integrations.database.outgoing import NewMail, add_mails
from integrations.graph.throttling import AT_A_TIME_IN_A_MAILBOX
from sandbox.web import serve
from tasks.mailing import MAILS_SENT, write_and_send_mail
from tasks.night import night

MAILS, MILLISECONDS = 1_000, (20, 200)
REQUESTS_A_MAIL = 2
"""The draft, and its sending. Looking is for mails in doubt."""
DEMANDED_FOR = 200
MAX_RATIO = 1.25
MAX_GROWTH_MB = 5.0
WARMING_UP = 100
WORKING_DAY = date(2027, 3, 1)
HTML = "<!DOCTYPE html><html><body>" + "<p>Du har søkt om å arbeide hjemmefra.</p>" * 150 + "</body></html>"
"""About as long as a mail of ours."""


# --- The stand-in ------------------------------------------------------------------------------------------------


def stand_in(milliseconds: int, ready: Connection) -> None:
    """Serve tokens, drafts and sendings until the pipe says stop; then tell how many, and how many at once."""
    counts = {"drafts": 0, "sent": 0, "at once": 0, "most at once": 0}

    async def take_time() -> None:
        counts["at once"] += 1
        counts["most at once"] = max(counts["most at once"], counts["at once"])
        await asyncio.sleep(milliseconds / 1_000)
        counts["at once"] -= 1

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "benchmark", "expires_in": 3_600})

    async def draft(request: Request) -> Response:
        await request.body()
        await take_time()
        counts["drafts"] += 1
        return JSONResponse({"id": f"AAkALg{counts['drafts']:08d}"}, 201)

    async def send(_: Request) -> Response:
        await take_time()
        counts["sent"] += 1
        return Response(None, 202)

    routes = [
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        Route("/v1.0/users/{user}/messages", draft, methods=["POST"]),
        Route("/v1.0/users/{user}/messages/{message}/send", send, methods=["POST"]),
    ]
    with serve(Starlette(routes=routes)) as server:
        ready.send(server.url)
        ready.recv()
    ready.send(counts)


@contextmanager
def graph(milliseconds: int) -> Iterator[tuple[str, dict[str, int]]]:
    """Its address; the counts are filled in at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=stand_in, args=(milliseconds, theirs))
    process.start()
    counts: dict[str, int] = {}
    try:
        yield ours.recv(), counts
        ours.send("stop")
        counts |= ours.recv()
    finally:
        process.join(10)


# --- What is measured: the mail step of a night, without Prefect around it ----------------------------------------


def fill_outbox(url: str, mails: int) -> None:
    database = Database.open(url)
    now = datetime.now(UTC).isoformat()
    with database.transaction() as connection:
        rows = [
            NewMail(f"mail/{now}/{ordinal}", {"to": "a@b.example", "subject": "Sak", "html": HTML, "text": ""}, [])
            for ordinal in range(mails)
        ]
        add_mails(connection, rows, WORKING_DAY)
    database.close()


def send_all(url: str, mails: int) -> float:
    """Seconds for a night that finds so many mails in its outbox."""
    fill_outbox(url, mails)
    gc.collect()
    with night(WORKING_DAY):
        started = time.perf_counter()
        counts = write_and_send_mail.fn()
        seconds = time.perf_counter() - started
    if counts != {MAILS_SENT: mails}:
        raise RuntimeError(f"not all were sent: {counts}")
    return seconds


def settings(database_url: str, graph_url: str) -> dict[str, str]:
    """The budget is lifted: what is measured is how well the requests follow on each other."""
    return {
        "HK_DATABASE_URL": database_url,
        "HK_HR_KIND": "csv",
        "HK_HR_URL": "/nowhere.csv",
        "HK_GRAPH_BASE_URL": f"{graph_url}/v1.0",
        "HK_GRAPH_TENANT_ID": "tenant",
        "HK_GRAPH_CLIENT_ID": "client",
        "HK_GRAPH_CLIENT_SECRET": "secret",
        "HK_GRAPH_SITE_ID": "x,1,2",
        "HK_MAIL_SENDER": "hk@sandvik.example",
        "HK_HR_MAIL": "hr@sandvik.example",
        "HK_MAILS_PER_MINUTE": "0",
        "HK_SHAREPOINT_UNITS_PER_MINUTE": "0",
    }


def measure(directory: Path, mails: int, milliseconds: int) -> bool:
    url = f"sqlite:///{directory / f'{milliseconds}.db'}"
    database = Database.open(url)
    migrate(database)
    database.close()
    with graph(milliseconds) as (graph_url, counts):
        os.environ.update(settings(url, graph_url))
        send_all(url, WARMING_UP)
        before = memory_mb("VmRSS")
        seconds = send_all(url, mails)
        growth = memory_mb("VmRSS") - before
    ideal = mails * REQUESTS_A_MAIL * milliseconds / 1_000 / AT_A_TIME_IN_A_MAILBOX
    is_demanded = milliseconds == DEMANDED_FOR
    demand = f"{MAX_RATIO} allowed" if is_demanded else "no demand"
    print(
        f"{mails} mails at {milliseconds} ms an answer: {seconds:.1f} s, ideal {ideal:.1f} s, "
        f"{seconds / ideal:.2f} times ({demand}); {growth:+.1f} MB ({MAX_GROWTH_MB} allowed); {json.dumps(counts)}"
    )
    sent_once = counts["sent"] == counts["drafts"] == mails + WARMING_UP
    few_at_once = counts["most at once"] <= AT_A_TIME_IN_A_MAILBOX
    return sent_once and few_at_once and growth <= MAX_GROWTH_MB and (not is_demanded or seconds / ideal <= MAX_RATIO)


def main() -> int:
    parser = argparse.ArgumentParser(description="How near to the ideal a night's mail goes out.")
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--milliseconds", type=int, nargs="+", default=MILLISECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hk-bench-") as directory:
        results = [measure(Path(directory), options.mails, each) for each in options.milliseconds]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
