"""Upload sessions: files that arrive in fragments, at an address of their own that wants no token."""

import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from sandbox.graph.drives import DriveItem, Drives, OnConflict
from sandbox.graph.errors import GraphError, invalid_request, item_not_found
from sandbox.graph.identity import Actor, Clock
from sandbox.store import Store

FRAGMENT_UNIT = 320 * 1024
MAX_FRAGMENT = 60 * 1024 * 1024
LIFETIME = timedelta(days=1)
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class UploadSession(msgspec.Struct, frozen=True):
    """A file on its way to `parent_id`/`name`. `received` and `total` are bytes; `total` comes with the first part."""

    session_id: str
    drive_id: str
    parent_id: str
    name: str
    on_conflict: OnConflict
    actor: Actor
    expires_at: datetime
    received: int = 0
    total: int | None = None

    @property
    def next_ranges(self) -> list[str]:
        return [] if self.received == self.total else [f"{self.received}-"]


class Uploads:
    """Open sessions; the bytes so far lie in `directory`."""

    def __init__(self, store: Store, drives: Drives, directory: Path, clock: Clock) -> None:
        self._sessions = store.shelf("upload", UploadSession)
        self._drives = drives
        self._directory = directory
        self._clock = clock

    def open(self, parent: DriveItem, name: str, on_conflict: OnConflict, actor: Actor) -> UploadSession:
        session = UploadSession(
            session_id=secrets.token_hex(16),
            drive_id=parent.drive_id,
            parent_id=parent.item_id,
            name=name,
            on_conflict=on_conflict,
            actor=actor,
            expires_at=self._clock() + LIFETIME,
        )
        self._sessions[session.session_id] = session
        return session

    def get(self, session_id: str) -> UploadSession:
        """GraphError 404 for one that is unknown, finished, cancelled or expired."""
        session = self._sessions.get(session_id)
        if session is None or session.expires_at < self._clock():
            raise item_not_found("The upload session was not found")
        return session

    @property
    def open_sessions(self) -> int:
        """How many have neither ended, been cancelled nor expired."""
        now = self._clock()
        return sum(session.expires_at >= now for session in self._sessions.values())

    def cancel(self, session_id: str) -> None:
        self.get(session_id)
        self._forget(session_id)

    def receive(self, session_id: str, content_range: str, fragment: bytes) -> UploadSession | tuple[DriveItem, bool]:
        """Take the next fragment; the session while there is more to come, else the item and whether it is new.

        Raises:
            GraphError: 416 for bytes that came already or come too early, 400 for a fragment that breaks the rules,
                409 when the last one meets a file that must not be replaced.
        """
        session = self.get(session_id)
        first, last, total = _parse(content_range)
        _check(session, first, last, total, len(fragment))
        part = self._directory / f"{session_id}.part"
        self._directory.mkdir(parents=True, exist_ok=True)
        with part.open("r+b" if part.exists() else "w+b") as file:
            file.truncate(first)
            file.seek(first)
            file.write(fragment)
        session = msgspec.structs.replace(session, received=last + 1, total=total)
        self._sessions[session_id] = session
        if session.received < total:
            return session
        drive = self._drives.get(session.drive_id)
        parent = drive.get(session.parent_id)
        finished = drive.put_file(parent, session.name, part, session.actor, session.on_conflict)
        self._forget(session_id)
        return finished

    def _forget(self, session_id: str) -> None:
        del self._sessions[session_id]
        (self._directory / f"{session_id}.part").unlink(missing_ok=True)


def _parse(content_range: str) -> tuple[int, int, int]:
    found = CONTENT_RANGE.fullmatch(content_range)
    if found is None:
        raise invalid_request("The Content-Range header is missing or malformed.")
    return int(found[1]), int(found[2]), int(found[3])


def _check(session: UploadSession, first: int, last: int, total: int, size: int) -> None:
    if last - first + 1 != size or last >= total:
        raise invalid_request("The Content-Range header does not match the provided content.")
    if session.total not in {None, total}:
        raise invalid_request("The total size differs from that of the first fragment.")
    if size > MAX_FRAGMENT:
        raise GraphError(413, "requestEntityTooLarge", "The fragment is larger than 60 MiB.")
    if first != session.received:
        raise GraphError(
            416, "invalidRange", "The uploaded fragment overlaps with data that has already been received."
        )
    if last + 1 < total and size % FRAGMENT_UNIT:
        raise invalid_request("Fragments other than the last must be a multiple of 320 KiB.")
