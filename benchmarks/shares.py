"""What a process spends its processor time on, by whose code it is: looked at some hundred times a second.

A profiler that counts calls makes what makes many calls look dearer than it is; looking at the stack costs all alike.
What the standard library does, and what is written in C, is whose Python asked for it.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

EVERY = 0.004
"""Seconds of processor time; a kernel's clock seldom tells less apart."""
ROOT = str(Path(__file__).parents[1])
PACKAGES = "site-packages/"
WHOSE = {
    "SDK (msgraph, kiota, azure)": ("msgraph", "msgraph_core", "kiota_", "azure", "std_uritemplate", "opentelemetry"),
    "HTTP (httpx, httpcore, h11, h2)": ("httpx", "httpcore", "h11", "h2", "hpack", "hyperframe", "anyio", "sniffio"),
    "database (SQLAlchemy, SQLite)": ("sqlalchemy", "psycopg"),
    "Prefect": ("prefect", "pydantic"),
}
"""Packages by the beginning of their names."""
OURS = {
    "our own: hashes": f"{ROOT}/integrations/graph/quickxor",
    "our own: Graph": f"{ROOT}/integrations/graph/",
    "our own: database": f"{ROOT}/integrations/database/",
    "our own: the rest": ROOT,
}
"""Our own files by the beginning of their paths, what is told apart first."""
OUR_OWN = "our own"
EVENT_LOOP = "event loop (asyncio)"
TURN = "_run_once"
"""The loop's own function: who began the loop has not asked for what it does."""
POOL = "HTTP: the pool's look at its connections"
POOL_LOOKS = "_assign_requests_to_connections"
"""httpcore looks at all it has at every request: by HTTP/1.1 one for each document under way, by HTTP/2 one in all."""
OTHERS = "others"
SHOWN = 10


@dataclass(slots=True)
class Shares:
    """How often each was found at work, and in which function."""

    found: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)

    @property
    def ours(self) -> float:
        """The share of our own code, between 0 and 1."""
        return sum(count for whose, count in self.found.items() if whose.startswith(OUR_OWN)) / self._looks

    @property
    def _looks(self) -> int:
        return sum(self.found.values()) or 1

    def printed(self) -> str:
        looks = self._looks
        lines = [f"    {whose:<68}{count / looks:>6.1%}" for whose, count in self.found.most_common()]
        dearest = [f"    {where:<68}{count / looks:>6.1%}" for where, count in self.at.most_common(SHOWN)]
        return "\n".join([*lines, f"where most often, of {looks} looks:", *dearest])

    def look(self, _signal: int, frame: FrameType | None) -> None:
        whose, where = _at_work(frame)
        self.found[whose] += 1
        self.at[where] += 1


def _at_work(frame: FrameType | None) -> tuple[str, str]:
    """Whose code the innermost frame of the stack is that is not the standard library's, and which function."""
    found: tuple[str, str] | None = None
    while frame is not None and frame.f_code.co_name != TURN:
        path, name = frame.f_code.co_filename, frame.f_code.co_qualname
        whose = whose_is(path)
        if found is None and whose is not None:
            found = whose, f"{path.rpartition(PACKAGES)[2].removeprefix(ROOT)[-30:]}: {name[-36:]}"
        if POOL_LOOKS in name:
            return POOL, POOL_LOOKS
        frame = frame.f_back
    return found or (EVENT_LOOP, EVENT_LOOP)


def whose_is(path: str) -> str | None:
    """None for the standard library, which works for whoever called it."""
    _, installed, name = path.rpartition(PACKAGES)
    if installed:
        names = (whose for whose, packages in WHOSE.items() if name.startswith(packages))
        return next(names, OTHERS)
    return next((whose for whose, beginning in OURS.items() if path.startswith(beginning)), None)


@contextmanager
def shares_of() -> Iterator[Shares]:
    """Look at the main thread while the block runs."""
    shares = Shares()
    before = signal.signal(signal.SIGPROF, shares.look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield shares
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
