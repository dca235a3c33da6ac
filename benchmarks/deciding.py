"""How fast and how large a night's pass over the cases is: `python -m benchmarks.deciding [--runs N]`.

Deciding what is due and committing it, beside two others who fire the timers of as many cases in the same run, on
SQLite and under the same promises (WAL, full sync). Each pass is a process of its own on a fresh copy of the cases, and
they take turns, so that a busy machine slows all. It ends with an error when a demand is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import distinct, func, select

from agreements.calendar import is_working_day
from agreements.case import State
from agreements.decide import CHASING, EVALUATING, EXPIRING, FILING, OPENING
from benchmarks.databases import System, copy_file, systems
from benchmarks.measuring import Night, at_least, at_most
from benchmarks.peers.cases import FILL, NIGHT
from benchmarks.stock import TODAY, fill
from config.policy_files import load_policy
from config.settings import load_settings
from integrations.database.engine import Database
from integrations.database.tables import cases, events
from tasks.deciding import decide_batch, due_batches
from tasks.night import night, this_night

OPEN, DUE, RUNS = 10_000, 2_000, 5
FEW_AGREEMENTS, MANY_AGREEMENTS = 20_000, 200_000
MAX_GROWTH = 1.3
MAX_MEMORY_MB = 150.0
PASSES = (
    ("open-cases", [State.RECEIVED], OPENING),
    ("chase-documentation", [State.COLLECTING, State.IN_ASSESSMENT, State.SPECIAL_ASSESSMENT], CHASING),
    ("file-agreements", [State.APPROVED], FILING),
    ("trigger-evaluations", [State.ACTIVE], EVALUATING),
    ("expire-agreements", [State.ACTIVE], EXPIRING),
)
"""What the steps of a night decide, in order."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`times` is how many times as many due cases a second we must manage."""

    name: str
    module: str
    times: float


PEERS = (
    Peer("Viewflow 2.4", "benchmarks.peers.viewflow", 20.0),
    Peer("SpiffWorkflow 3.2", "benchmarks.peers.spiff", 5.0),
)


# --- What is measured: the nightly tasks without Prefect around them ---------------------------------------------


def one_night() -> Night:
    """The night of whatever database the settings name."""
    is_working_day(TODAY)  # the calendar imports its holidays when it is first asked
    with night(TODAY):
        measured = Night.timed(_decide_everything)
        _must_be_over(measured)
    return measured


def _decide_everything() -> int:
    for flow, states, rules in PASSES:
        for batch in due_batches(states):
            decide_batch.fn(flow, batch, rules)
    return DUE


def _must_be_over(measured: Night) -> None:
    with this_night().database.transaction() as connection:
        moved = connection.scalar(
            select(func.count(distinct(events.c.case_number))).where(events.c.business_date == TODAY)
        )
        still_due = connection.scalar(select(func.count()).where(cases.c.next_action_on <= TODAY))
    if moved != measured.due or still_due:
        raise RuntimeError(f"not the night that was to be measured: {moved} moved on, {still_due} still due")


# --- Measuring ---------------------------------------------------------------------------------------------------


def ours(system: System, total: int) -> Callable[[], Night]:
    """A night over a copy of `total` cases of which DUE are due, as often as it is called."""
    filled = system.create()
    database = Database.open(filled)
    fill(database, load_policy(load_settings().policy), total, DUE)
    database.close()
    return lambda: _in_a_process("benchmarks.deciding", "--only", url=system.copy(filled))


def theirs(peer: Peer, directory: Path) -> Callable[[], Night]:
    filled, copy = directory / f"{peer.module}.db", directory / f"{peer.module}-night.db"
    command = [sys.executable, "-m", peer.module, FILL, str(filled), "--total", str(OPEN), "--due", str(DUE)]
    subprocess.run(command, check=True)  # noqa: S603 - our own module

    def one() -> Night:
        copy_file(filled, copy)
        return _in_a_process(peer.module, NIGHT, str(copy))

    return one


def _in_a_process(module: str, *arguments: str, url: str = "") -> Night:
    """Its own, because a process remembers its peak of memory, and what it has imported and compiled."""
    command = [sys.executable, "-m", module, *arguments]
    surroundings = {**os.environ, "HK_DATABASE_URL": url}
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=surroundings)  # noqa: S603 - our own modules
    return Night(**json.loads(printed.stdout))


def in_turns(runs: int, *nights: Callable[[], Night]) -> list[list[Night]]:
    rounds = [[one() for one in nights] for _ in range(runs)]
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def report(name: str, nights: Sequence[Night]) -> None:
    rate, spent = median(each.a_second for each in nights), median(each.seconds for each in nights)
    print(
        f"{name:<52}{rate:>9.0f} due/s, {spent:.2f} s, {median(each.megabytes for each in nights):.0f} MB", flush=True
    )


def beside_the_peers(system: System, runs: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="hk-bench-") as directory:
        contestants = [ours(system, OPEN), *(theirs(peer, Path(directory)) for peer in PEERS)]
        us, *others = in_turns(runs, *contestants)
    report(f"{system.name}, ours", us)
    good = True
    for peer, them in zip(PEERS, others, strict=True):
        report(f"{system.name}, {peer.name}", them)
        times = median(one.a_second / other.a_second for one, other in zip(us, them, strict=True))
        good &= at_least(f"{system.name}, ours over {peer.name}", times, peer.times, "x")
    return good


def growth(system: System, runs: int) -> bool:
    """Cost follows what is due, not how many agreements there are."""
    few, many = in_turns(runs, ours(system, FEW_AGREEMENTS), ours(system, MANY_AGREEMENTS))
    report(f"{system.name}, {DUE} due of {FEW_AGREEMENTS}", few)
    report(f"{system.name}, {DUE} due of {MANY_AGREEMENTS}", many)
    ratio = median(one.seconds / other.seconds for one, other in zip(many, few, strict=True))
    peak = max(each.megabytes for each in many)
    fits = at_most(f"{system.name}, {MANY_AGREEMENTS} agreements, peak above imports", peak, MAX_MEMORY_MB, "MB")
    return at_most(f"{system.name}, from {FEW_AGREEMENTS} to {MANY_AGREEMENTS}", ratio, MAX_GROWTH, "x") and fits


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast and how large a night's pass over the cases is.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        json.dump(asdict(one_night()), sys.stdout)
        return 0
    print(f"{OPEN} open cases, {DUE} due, medians of {options.runs} runs", flush=True)
    with systems() as (sqlite, postgresql):
        results = [beside_the_peers(sqlite, options.runs), growth(sqlite, options.runs)]
        [on_postgresql] = in_turns(options.runs, ours(postgresql, OPEN))
        report(f"{postgresql.name}, ours (nothing demanded)", on_postgresql)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
