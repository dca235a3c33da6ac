"""Uploads are examined apart: what a hostile file does to a process there, it does to nobody.

Run as a module it is a process that has no environment, has imported everything, and waits. For each file it forks
itself: the child has limits on memory and time, and is over with its one file. `Examiner` is what others call.
"""

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any, Final, NoReturn, Self

import msgspec
from PIL import Image

from agreements.documents import Language
from config.errors import ExpectedError
from integrations.documents.examining import TOO_MUCH, UNREADABLE, Finding, examined
from integrations.documents.uploads import UploadKind

SECONDS: Final = 90
"""More than the pages of a PDF may take to be drawn."""
MEMORY: Final = {UploadKind.PHOTO: 300_000_000, UploadKind.PDF: 1_000_000_000}
"""Bytes of its own that a process may take for one file, with some 30 MB for the program. A photo is made smaller
while it is read; a PDF of 25 MB is read as a whole."""
MAX_ANSWER: Final = 128 * 1024 * 1024
READ_AT_ONCE: Final = 1 << 20
LATE: Final = 256
"""No exit code."""
OUT_OF_TIME: Final = frozenset({LATE, -signal.SIGXCPU})
NOT_THERE: Final = "Prosessen som ser på filer, kunne ikke startes eller ble avbrutt."
LENGTHS: Final = struct.Struct(">II")
"""How long the facts are, as JSON, and how long the content is that follows."""
ROOT: Final = Path(__file__).parents[2]


class Answer(msgspec.Struct, frozen=True):
    """What comes back of a file; what a child that was taken over writes is held against this."""

    kind: UploadKind | None = None
    refusal: str | None = None
    fault: str | None = None
    ended: int | None = None


class NotExaminedError(ExpectedError):
    """Nothing can be said of the file: the process that looks at it could not be started, or was ended by others."""


class Examiner:
    """The process beside ours, started when it is needed. Not for several threads at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end()

    def examine(self, content: bytes, received_on: date, language: Language) -> Finding:
        """What the file is; the same input gives the same finding.

        Raises:
            NotExaminedError: it is none of the file's doing.
        """
        try:
            said, kept = self._ask({"on": received_on.isoformat(), "language": language}, content)
            answer = msgspec.json.decode(said, type=Answer)
        except msgspec.MsgspecError:
            return Finding(refusal=UNREADABLE, fault="an answer that is none")
        except (OSError, EOFError) as error:
            self._end()
            raise NotExaminedError(f"{NOT_THERE} ({type(error).__name__})") from None
        if answer.ended == -signal.SIGKILL:
            raise NotExaminedError(f"{NOT_THERE} (signal {signal.SIGKILL})")
        if answer.ended is not None:
            sentence = TOO_MUCH if answer.ended in OUT_OF_TIME else UNREADABLE
            return Finding(refusal=sentence, fault=f"ended with {answer.ended}")
        return Finding(answer.kind, kept, answer.refusal, answer.fault)

    def _ask(self, facts: Mapping[str, str], content: bytes) -> tuple[bytes, bytes]:
        process = self._process = self._process or _started()
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both ends are pipes")
        _write(process.stdin, facts, content)
        answer = _read(process.stdout)
        if answer is None:
            raise EOFError
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(BrokenPipeError):
            process.communicate()


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", __name__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd=ROOT)  # noqa: S603 - our own module


def _write(pipe: IO[bytes], facts: Mapping[str, object], content: bytes) -> None:
    said = json.dumps(facts).encode()
    pipe.write(LENGTHS.pack(len(said), len(content)))
    pipe.write(said)
    pipe.write(content)
    pipe.flush()


def _read(pipe: IO[bytes]) -> tuple[bytes, bytes] | None:
    """None when there is nothing more, or not all of it."""
    lengths = pipe.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    of_facts, of_content = LENGTHS.unpack(lengths)
    said, content = pipe.read(of_facts), pipe.read(of_content)
    return (said, content) if len(content) == of_content else None


# --- The process that waits, and its children -------------------------------------------------------------------


def _wait_for_files() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.preinit()
    while (asked := _read(sys.stdin.buffer)) is not None:
        said, content = asked
        answer, ended = _of_a_child(json.loads(said), content)
        if ended == 0 and _is_whole(answer):
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
        else:
            _write(sys.stdout.buffer, {"ended": ended}, b"")


def _is_whole(answer: bytes) -> bool:
    """Else whoever reads it would wait for the rest."""
    return len(answer) >= LENGTHS.size and len(answer) == LENGTHS.size + sum(LENGTHS.unpack_from(answer))


def _of_a_child(facts: Mapping[str, Any], content: bytes) -> tuple[bytes, int]:
    """What it wrote, and how it ended: 0, its exit code, the negative number of a signal, or LATE."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_a_child(writing, facts, content)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = _all_of(pipe.fileno())
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return answer or b"", LATE if answer is None else os.waitstatus_to_exitcode(status)


def _all_of(pipe: int) -> bytes | None:
    """None when it is not there in time, or more than anybody should have to say."""
    parts: list[bytes] = []
    size, until = 0, monotonic() + SECONDS
    while size <= MAX_ANSWER and select.select([pipe], [], [], max(until - monotonic(), 0))[0]:
        part = os.read(pipe, READ_AT_ONCE)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return None


def _be_a_child(writing: int, facts: Mapping[str, Any], content: bytes) -> NoReturn:
    """Never comes back. It has no hold of what the process before it reads and writes."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        resource.setrlimit(
            resource.RLIMIT_CPU, (SECONDS, SECONDS + 10)
        )  # the second is SIGKILL, which is others' doing
        memory = MEMORY[UploadKind.PDF if content.startswith(b"%PDF-") else UploadKind.PHOTO]
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        found = examined(content, date.fromisoformat(facts["on"]), facts["language"])
        with os.fdopen(writing, "wb") as pipe:
            _write(pipe, {"kind": found.kind, "refusal": found.refusal, "fault": found.fault}, found.content)
        os._exit(0)
    finally:
        os._exit(1)


if __name__ == "__main__":
    _wait_for_files()
