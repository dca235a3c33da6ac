"""How fast and how large the sync of employees is: `python -m benchmarks.sync [--employees N] [--runs N]`.

Each figure stands beside a floor that was measured in the same run, in turns with it, so that a busy machine slows
both; it ends with an error when a demand is missed. The HR system is a process of its own (`benchmarks.hr_server`).
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import cycle
from statistics import median
from typing import Any

import msgspec
import requests
from sqlalchemy import Table, select

from agreements.people import Overrides, Snapshot
from agreements.policy import SyncGuard
from agreements.staff import HASH_BYTES, StaffDiff, compare, concerns
from benchmarks.databases import System, systems
from benchmarks.hr_server import FIRST, NEXT, TODAY, Ready, access_to, hr_server
from benchmarks.measuring import at_most, memory_mb, seconds
from integrations.database.cases import Stamp
from integrations.database.engine import Database
from integrations.database.ledger import SyncRun, last_good_run, record_run
from integrations.database.rejected import resolve_others, set_aside
from integrations.database.staff import apply_diff, known_before, known_employees
from integrations.database.tables import employees, leaves, positions, units
from integrations.hr.fint.client import FintClient
from integrations.hr.fint.source import EMPLOYMENTS, PAGE_SIZE, PERSONS, POSITIONS, UNITS, FintSource
from integrations.hr.values import Day, Percentage

EMPLOYEES, RUNS = 60_000, 5
SMALLER = 10
MAX_NIGHTLY = 1.5
MAX_FIRST_LOAD = 3.0
MAX_MEMORY_MB = 350.0
MAX_GROWTH = 1.1
"""Linear is 1.0; a tenth more for the clock of a machine that does other things as well."""

RESOURCES = (UNITS, EMPLOYMENTS, POSITIONS, PERSONS)
TABLES = (units, employees, positions, leaves)
POLICY_VERSION = "benchmark"
ACTOR = "sync-employees"
SOURCE = "hr"


# --- What is measured: the nightly task without Prefect around it ------------------------------------------------


def synchronise(database: Database, port: int, night: str) -> StaffDiff:
    started = time.monotonic()
    snapshot = FintSource(FintClient(access_to(port, night))).read_snapshot()
    with database.transaction() as connection:
        known = known_employees(connection)
        diff = compare(
            snapshot, known, TODAY, before=known_before(connection, known, snapshot, TODAY), overrides=Overrides()
        )
        last = last_good_run(connection)
        worries = concerns(diff, SyncGuard(), None if last is None else last.total)
        if worries or snapshot.rejected:
            raise RuntimeError(f"not the night that was to be measured: {worries}, {len(snapshot.rejected)} rejected")
        apply_diff(connection, diff, snapshot, POLICY_VERSION, stamp())
        set_aside(connection, SOURCE, snapshot.rejected, TODAY)
        resolve_others(connection, SOURCE, snapshot.rejected, TODAY)
        seconds_taken = time.monotonic() - started
        now = datetime.now(UTC)
        run = SyncRun("applied", TODAY, now, seconds_taken, "fint", diff.input_digest, snapshot.published_at)
        record_run(connection, diff, run)
    return diff


def stamp() -> Stamp:
    return Stamp(TODAY, datetime.now(UTC), ACTOR)


# --- The floors --------------------------------------------------------------------------------------------------


class _Page(msgspec.Struct):
    embedded: dict[str, list[msgspec.Raw]] = msgspec.field(name="_embedded")
    total_items: int


def read_and_hash(database: Database, port: int, night: str) -> None:
    """What no sync by hashes can do without, written plainly, step after step.

    All pages of a resource, all their rows decoded, a hash of each row, and the hashes the database knows. The rows
    are kept to the end, because nobody can be compared before the last resource has said what it knows of them.
    """
    decode = msgspec.json.Decoder(_Page).decode
    encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
    rows: list[msgspec.Struct] = []
    with requests.Session() as session:
        for each in RESOURCES:
            address = f"http://127.0.0.1:{port}{night}{each.path}"
            for page in map(decode, _pages(session, address)):
                rows.extend(each.decoder.decode(raw) for raw in page.embedded["_entries"])
    hashes = [blake2b(encode(row), digest_size=HASH_BYTES).digest() for row in rows]
    with database.transaction() as connection:
        known = connection.execute(select(employees.c.employee_number, employees.c.content_hash)).all()
    if len(known) >= len(hashes):
        raise RuntimeError("not the night that was to be measured")


def _pages(session: requests.Session, address: str) -> Iterator[bytes]:
    total = int(session.get(f"{address}/cache/size", timeout=60).json()["size"])
    for offset in range(0, total, PAGE_SIZE):
        yield session.get(address, params={"offset": offset, "size": PAGE_SIZE}, timeout=60).content


def _plain(value: object) -> object:
    return value.day if isinstance(value, Day) else value.value if isinstance(value, Percentage) else None


@contextmanager
def driver_of(database: Database) -> Iterator[Any]:
    """The driver's own connection, set up as the product sets it up."""
    with database.transaction() as connection:
        yield connection.connection.driver_connection


Rows = dict[Table, list[tuple[Any, ...]]]


def stored_rows(database: Database) -> Rows:
    with driver_of(database) as connection:
        return {table: connection.cursor().execute(f"SELECT * FROM {table.name}").fetchall() for table in TABLES}  # noqa: S608 - our own tables


def insert_plainly(database: Database, rows: Rows) -> None:
    """The same rows into the same tables with the driver's executemany."""
    mark = "?" if database.engine.dialect.name == "sqlite" else "%s"
    with driver_of(database) as connection:
        for table, content in rows.items():
            if content:
                marks = ", ".join(mark for _ in content[0])
                connection.cursor().executemany(f"INSERT INTO {table.name} VALUES ({marks})", content)  # noqa: S608 - our own tables


# --- Measuring ---------------------------------------------------------------------------------------------------


def report_ratio(name: str, figures: Sequence[float], floor: Sequence[float], limit: float) -> bool:
    print(f"{name:<52}{median(figures):>9.2f} s   over a floor of {median(floor):.2f} s", flush=True)
    ratios = [figure / beside for figure, beside in zip(figures, floor, strict=True)]
    return at_most(f"{name}, ratio (median of rounds)", median(ratios), limit, "x")


@dataclass(frozen=True, slots=True)
class Bench:
    """One database system, the HR system of full size and the smaller one."""

    system: System
    large: Ready
    small: Ready
    runs: int

    def first_load(self) -> bool:
        snapshot = FintSource(FintClient(access_to(self.large.port, FIRST))).read_snapshot()
        diff = compare(snapshot, {}, TODAY)
        ours, plain = [], []
        for _ in range(self.runs):
            with self._empty() as database:
                ours.append(seconds(lambda database=database: _load(database, diff, snapshot)))  # type: ignore[misc]
                rows = stored_rows(database)
            with self._empty() as database:
                plain.append(seconds(lambda database=database, rows=rows: insert_plainly(database, rows)))  # type: ignore[misc]
        return report_ratio(f"{self.system.name}, first load", ours, plain, MAX_FIRST_LOAD)

    def nightly(self) -> bool:
        """Night after night one in a hundred is another than the night before."""
        large, small, floor = [], [], []
        with self._empty() as database, self._empty() as smaller:
            synchronise(database, self.large.port, FIRST)
            synchronise(smaller, self.small.port, FIRST)
            nights = cycle((NEXT, FIRST))
            for _, night in zip(range(self.runs), nights, strict=False):
                large.append(seconds(lambda night=night: self._rerun(database, self.large, night)))  # type: ignore[misc]
                floor.append(seconds(lambda night=night: read_and_hash(database, self.large.port, night)))  # type: ignore[misc]
                small.append(seconds(lambda night=night: self._rerun(smaller, self.small, night)))  # type: ignore[misc]
        fast = report_ratio(f"{self.system.name}, nightly re-run", large, floor, MAX_NIGHTLY)
        per_employee = self.small.employees / self.large.employees
        growth = median(per_employee * one / other for one, other in zip(large, small, strict=True))
        name = f"{self.system.name}, cost of one from {self.small.employees} to {self.large.employees}"
        return at_most(name, growth, MAX_GROWTH, "x") and fast

    def memory(self) -> bool:
        url = self.system.create()
        good = True
        for night, name in ((FIRST, "first sync"), (NEXT, "nightly re-run")):
            command = [sys.executable, "-m", "benchmarks.sync", "--only", night, url, str(self.large.port)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very file
            megabytes = float(printed.stdout)
            good &= at_most(f"{self.system.name}, {name}, peak above imports", megabytes, MAX_MEMORY_MB, "MB")
        return good

    def _rerun(self, database: Database, hr: Ready, night: str) -> None:
        diff = synchronise(database, hr.port, night)
        if diff.new or diff.gone or not 0 < len(diff.changed) <= diff.read / 50:
            raise RuntimeError("not the night that was to be measured")

    @contextmanager
    def _empty(self) -> Iterator[Database]:
        database = Database.open(self.system.create())
        try:
            yield database
        finally:
            database.close()


def _load(database: Database, diff: StaffDiff, snapshot: Snapshot) -> None:
    with database.transaction() as connection:
        apply_diff(connection, diff, snapshot, POLICY_VERSION, stamp())


# --- Memory, in a process of its own because a process remembers its peak ----------------------------------------


def print_peak(night: str, url: str, port: int) -> None:
    before = memory_mb("VmRSS")
    database = Database.open(url)
    synchronise(database, port, night)
    database.close()
    print(memory_mb("VmHWM") - before)


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast and how large the sync of employees is.")
    parser.add_argument("--employees", type=int, default=EMPLOYEES)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", nargs=3, metavar=("NIGHT", "URL", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        night, url, port = options.only
        print_peak(night, url, int(port))
        return 0
    with hr_server(options.employees) as large, hr_server(options.employees // SMALLER) as small, systems() as both:
        print(f"{large.employees} employees, {large.megabytes:.0f} MB of JSON, medians of {options.runs} runs")
        results = []
        for system in both:
            bench = Bench(system, large, small, options.runs)
            results += [bench.memory(), bench.first_load(), bench.nightly()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
