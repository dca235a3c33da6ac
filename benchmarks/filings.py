"""How fast agreements are filed: `python -m benchmarks.filings [--documents N] [--profile]`.

A filing is an agreement of 50 kB and its photo of 200 kB. Each of the two documents is looked for, uploaded, described,
labelled, read back and confirmed in the database. The stand-in for Graph is a process of its own
(`benchmarks.lean_graph`). It ends with an error when a demand is missed; a round that is not timed says by whose code
our processor's time goes, and `--profile` does so alone.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median

from msgspec import structs
from sqlalchemy import func, select

from agreements.actions import Action, Errand, ErrandKind
from agreements.case import Application, Case, Filing, FilingKind, Place, State
from agreements.people import Employee, Position, Snapshot, Unit
from agreements.policy import Policy
from agreements.staff import compare
from benchmarks.lean_graph import LeanGraph, lean_graph
from benchmarks.mail import settings
from benchmarks.measuring import at_least, at_most, memory_mb
from benchmarks.shares import shares_of
from config.policy_files import load_policy
from integrations.database.cases import Decided, Stamp, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from integrations.database.outgoing import Prepared, keep_prepared
from integrations.database.staff import apply_diff, known_before, known_employees
from integrations.database.tables import filings
from integrations.graph.quickxor import quick_xor_hash
from tasks import delivering
from tasks.night import night

DOCUMENTS, ROUND = 5_000, 500
ONE_AFTER_ANOTHER, AT_A_TIME = 8, 400
MILLISECONDS = 200
MIN_A_SECOND = 40.0
"""Documents; of filings, which are two documents each, the profile says what the rest is."""
MIN_GAIN = 15.0
MAX_GROWTH_MB = 5.0
SIZES = {FilingKind.AGREEMENT: 50_000, FilingKind.PHOTO: 200_000}
ON = date(2027, 3, 1)
STAMP = Stamp(ON, datetime(2027, 3, 1, 1, 30, tzinfo=UTC), "benchmark")
UNIT = Unit("helse", "Helse", None, "0900")
NOISE = os.urandom(max(SIZES.values()))


# --- What is to be filed -----------------------------------------------------------------------------------------


def employ(database: Database) -> None:
    who = Employee("0900", "Åse", "Regnglimt", "a@b.example", "a@b.example", date(2020, 1, 1))
    everybody = Snapshot((UNIT,), (replace(who, positions=(Position("p", UNIT.unit_id, 100.0, is_main=True),)),))
    with database.transaction() as connection:
        known = known_employees(connection)
        diff = compare(everybody, known, ON, before=known_before(connection, known, everybody, ON))
        apply_diff(connection, diff, everybody, "benchmark", STAMP)


def approve(database: Database, policy: Policy, ordinals: Sequence[int]) -> None:
    """So many approved cases, their documents written and due in the archive."""
    errands = tuple(Errand(ErrandKind.FILE_DOCUMENT, kind) for kind in SIZES)
    with database.transaction() as connection:
        add_cases(connection, [case(ordinal) for ordinal in ordinals])
        decided = []
        for version, before in load_cases(connection, [case(ordinal).number for ordinal in ordinals]).values():
            after = structs.replace(before, filings=tuple(Filing(kind) for kind in SIZES))
            decided.append(Decided(version, after, [Action("filing.prepare", before, after, errands=errands)]))
        save_decisions(connection, decided, policy, STAMP)
        for each in decided:
            for kind in SIZES:
                keep_prepared(connection, prepared(each.case.number, kind), ON)


def case(ordinal: int) -> Case:
    return Case(
        number=f"HK-2027-{ordinal:05d}",
        employee_number="0900",
        manager_number="0900",
        led_by="0900",
        unit_id=UNIT.unit_id,
        placed_in=UNIT.unit_id,
        state=State.APPROVED,
        applied_on=ON,
        application=Application(2.0, None, ON, None, Place.HOME),
    )


def prepared(number: str, kind: FilingKind) -> Prepared:
    content = f"{number} {kind} ".encode() + NOISE[: SIZES[kind]]
    path = f"{number[-5:]}/Hjemmekontor/{number}/{kind}.pdf"
    digest = sha256(content).hexdigest()
    return Prepared(number, kind, 1, path, content, "application/pdf", digest, quick_xor_hash(content))


# --- What is measured: the filing step of a night, without Prefect around it --------------------------------------


@dataclass(frozen=True, slots=True)
class Round:
    """So many documents: seconds by the clock, of our processor and of the stand-in's, and requests."""

    number: int
    seconds: float
    ours: float
    theirs: float
    requests: int

    @property
    def a_second(self) -> float:
        return self.number / self.seconds


class Office:
    """A database and a stand-in; each round approves some agreements and files them."""

    def __init__(self, directory: Path, graph: LeanGraph) -> None:
        url = f"sqlite:///{directory / 'filings.db'}"
        os.environ.update(settings(url, graph.url) | {"HK_ARCHIVE_RETENTION_LABEL": "Personalmappe"})
        self._graph = graph
        self._database = Database.open(url)
        migrate(self._database)
        employ(self._database)
        self._policy = load_policy("prosedyre-websak")
        self._next = iter(range(1, sys.maxsize))

    def file(self, number: int, *, one_after_another: bool = False) -> Round:
        approve(self._database, self._policy, [next(self._next) for _ in range(number // len(SIZES))])
        gc.collect()
        before, processor = self._graph.counts(), time.process_time()
        with night(ON):
            started = time.perf_counter()
            if one_after_another:
                counts = delivering.deliver_all(
                    ErrandKind.FILE_DOCUMENT,
                    delivering._file_document,  # noqa: SLF001 - the same errand, with nobody beside it
                    delivering.DOCUMENTS_FILED,
                    at_a_time=1,
                )
            else:
                counts = delivering.file_documents.fn()
            seconds = time.perf_counter() - started
        if counts != {delivering.DOCUMENTS_FILED: number}:
            raise RuntimeError(f"not all were filed: {counts}")
        after = self._graph.counts()
        return Round(
            number,
            seconds,
            time.process_time() - processor,
            after["processor seconds"] - before["processor seconds"],
            int(after["requests"] - before["requests"]),
        )

    def unconfirmed(self) -> int:
        with self._database.transaction() as connection:
            waiting = select(func.count()).select_from(filings).where(filings.c.verified_at.is_(None))
            return connection.scalar(waiting) or 0

    def close(self) -> None:
        self._database.close()


def at_once(directory: Path, number: int) -> bool:
    """Answers after 0 ms: what our own side costs, whose code costs it, and whether memory grows."""
    with lean_graph(0) as graph:
        office = Office(directory, graph)
        office.file(ROUND)
        held = memory_mb("VmRSS")
        rounds = [office.file(ROUND) for _ in range(number // ROUND)]
        growth = memory_mb("VmRSS") - held
        waiting = office.unconfirmed()
        profile(office)
        office.close()
    filed = number // ROUND * ROUND
    ours = sum(each.ours for each in rounds) / filed * 1_000
    print(
        f"{filed} documents at 0 ms an answer: of our processor {ours:.1f} ms each, of the stand-in's "
        f"{sum(each.theirs for each in rounds) / filed * 1_000:.1f} ms, "
        f"{sum(each.requests for each in rounds) / filed:.1f} requests each; load {os.getloadavg()[0]:.1f}"
    )
    a_second = median(each.a_second for each in rounds)
    print(f"{'filings a second: an agreement and its photo':<52}{a_second / len(SIZES):>9.2f} /s")
    results = [
        at_least("documents a second, by the clock (median of rounds)", a_second, MIN_A_SECOND, "/s"),
        at_most(f"memory after {filed} above after {ROUND}", growth, MAX_GROWTH_MB, "MB"),
        at_most("documents not confirmed in the database", waiting, 0, "x"),
    ]
    return all(results)


def from_afar(directory: Path) -> bool:
    """Answers after 200 ms: how many are under way at a time, beside one after another in the same run."""
    with lean_graph(MILLISECONDS) as graph:
        office = Office(directory, graph)
        alone = office.file(ONE_AFTER_ANOTHER, one_after_another=True)
        together = office.file(AT_A_TIME)
        office.close()
    print(
        f"at {MILLISECONDS} ms an answer: {alone.a_second:.2f} documents a second one after another, "
        f"{together.a_second:.2f} together; load {os.getloadavg()[0]:.1f}"
    )
    return at_least("throughput beside one document after another", together.a_second / alone.a_second, MIN_GAIN, "x")


def profile(office: Office) -> None:
    """One more round, looked at while it runs: by whose code the time of our processor goes."""
    with shares_of() as shares:
        measured = office.file(ROUND)
    filing = measured.ours / measured.number * len(SIZES)
    ours = filing * shares.ours
    print(
        f"By profile a filing, of {len(SIZES)} documents, is {filing * 1_000:.1f} ms of our processor: our own code "
        f"{ours * 1_000:.1f} ms, or {1 / ours:.0f} filings a second; the rest is\n{shares.printed()}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast agreements are filed.")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--profile", action="store_true", help="only say where a round's time goes, and demand nothing")
    options = parser.parse_args()
    if options.documents < ROUND:
        parser.exit(2, f"--documents must be at least {ROUND}: they are timed in rounds of so many.\n")
    with tempfile.TemporaryDirectory(prefix="hk-bench-") as directory:
        near, far = Path(directory, "near"), Path(directory, "far")
        if options.profile:
            only_profile(near)
            return 0
        return 0 if all([at_once(near, options.documents), from_afar(far)]) else 1


def only_profile(directory: Path) -> None:
    with lean_graph(0) as graph:
        office = Office(directory, graph)
        office.file(ROUND)
        profile(office)
        office.close()


if __name__ == "__main__":
    sys.exit(main())
