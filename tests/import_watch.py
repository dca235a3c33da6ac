"""Import modules in a process of its own and tell what they did besides defining things.

Reads `{"known": [[module, [names]]], "modules": [names]}` on standard input; what is known is imported unwatched first,
so that only the modules themselves answer for what happens. Writes `[[module, event, detail]]`.
"""

import contextlib
import importlib
import json
import os
import sys
import threading
from typing import Any

ACTS = (
    *("socket.", "subprocess.", "shutil.", "sqlite3.", "tempfile.", "urllib.", "_posixsubprocess."),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.kill", "os.putenv", "os.unsetenv", "os.chdir"),
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"),
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Python cannot take an audit hook away again, so it is told which module it is watching."""

    def __init__(self) -> None:
        self.module: str | None = None
        self.found: list[tuple[str, str, str]] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(ACTS) or self._writes(event, arguments):
            self.note(event, str(arguments)[:200])

    def note(self, event: str, detail: str) -> None:
        if self.module is not None:
            self.found.append((self.module, event, detail))

    def _writes(self, event: str, arguments: tuple[Any, ...]) -> bool:
        return event == "open" and bool(arguments[2] & WRITING)


def main() -> None:
    asked = json.load(sys.stdin)
    for module, names in asked["known"]:
        _load(module, names)
    watch = Watch()
    sys.addaudithook(watch)
    _watch_threads(watch)
    for name in asked["modules"]:
        watch.module = name
        importlib.import_module(name)
        watch.module = None
    json.dump(watch.found, sys.stdout)


def _watch_threads(watch: Watch) -> None:
    """Python 3.11 raises no audit event for a new thread."""

    class Watched(threading.Thread):
        def start(self) -> None:
            watch.note("threading.Thread.start", self.name)
            super().start()

    threading.Thread = Watched  # type: ignore[misc] # for this process only


def _load(module: str, names: list[str]) -> None:
    loaded = importlib.import_module(module)
    for name in names:
        if not hasattr(loaded, name):  # asking also wakes what a package loads only when it is used
            with contextlib.suppress(ImportError):
                importlib.import_module(f"{module}.{name}")


if __name__ == "__main__":
    main()
