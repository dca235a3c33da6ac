"""Where the sandbox remembers: typed documents in one SQLite file, all of them in memory as well.

Every write goes through to the file, so that a later process continues where this one ended, however it ended.
"""

import sqlite3
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from config.errors import ExpectedError

DocumentT = TypeVar("DocumentT")

LOCK_SECONDS = 0.5

# Synchronous off: what a crash of the whole machine may lose is worth less here than the time of an fsync per write.
SCHEMA = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS document (
    number INTEGER PRIMARY KEY, shelf TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (shelf, key)
)
"""
PUT = """
INSERT INTO document (shelf, key, value) VALUES (?, ?, ?)
ON CONFLICT (shelf, key) DO UPDATE SET value = excluded.value
"""


class StoreInUseError(ExpectedError):
    """Another process has the file open. The message is one line that names the file."""


class Store:
    """One file of documents for one process. Use from several threads is safe: one transaction at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            StoreInUseError: another process has it open; two memories of one file would overwrite each other.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._connection.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            self._connection.close()
            if "locked" not in str(error):
                raise
            raise StoreInUseError(f"{path} is in use by another process; stop it first") from None
        self._counters = self.shelf("counter", int)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group writes, so that a killed process leaves all of them or none.

        An exception does not undo: memory and file must agree, so callers check everything before they write.
        """
        with self.lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("COMMIT")

    def shelf(self, name: str, kind: type[DocumentT]) -> "Shelf[DocumentT]":
        """The documents called `name`, decoded as `kind`."""
        return Shelf(self, name, kind)

    def next_number(self, counter: str) -> int:
        """The next of a row of whole numbers that starts with 1 and never repeats."""
        with self.lock:
            number = self._counters.get(counter, 0) + 1
            self._counters[counter] = number
            return number

    def last_number(self, counter: str) -> int:
        return self._counters.get(counter, 0)

    def close(self) -> None:
        with self.lock:
            self._connection.close()

    def read(self, shelf: str) -> list[tuple[str, bytes]]:
        with self.lock:
            rows = self._connection.execute("SELECT key, value FROM document WHERE shelf = ? ORDER BY number", (shelf,))
            return rows.fetchall()

    def write(self, shelf: str, key: str, value: bytes | None) -> None:
        """`None` removes the document."""
        with self.lock:
            if value is None:
                self._connection.execute("DELETE FROM document WHERE shelf = ? AND key = ?", (shelf, key))
            else:
                self._connection.execute(PUT, (shelf, key, value))


class Shelf(MutableMapping[str, DocumentT], Generic[DocumentT]):
    """A mapping whose every change is written to the store; iteration follows the order of first insertion."""

    def __init__(self, store: Store, name: str, kind: type[DocumentT]) -> None:
        self._store = store
        self._name = name
        decoder = msgspec.json.Decoder(kind)
        self._documents: dict[str, DocumentT] = {key: decoder.decode(value) for key, value in store.read(name)}

    def __getitem__(self, key: str) -> DocumentT:
        return self._documents[key]

    def __setitem__(self, key: str, document: DocumentT) -> None:
        self._store.write(self._name, key, msgspec.json.encode(document))
        self._documents[key] = document

    def __delitem__(self, key: str) -> None:
        del self._documents[key]
        self._store.write(self._name, key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)
