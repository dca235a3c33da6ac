"""What all benchmarks share: the clock, the memory of a process, and a figure beside its demand."""

import gc
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Night:
    """One pass over the cases: how long it took, how many moved on, and the peak of memory above the imports."""

    seconds: float
    due: int
    megabytes: float

    @property
    def a_second(self) -> float:
        return self.due / self.seconds

    @classmethod
    def timed(cls, work: Callable[[], int]) -> "Night":
        """`work` returns how many cases it moved on."""
        before = memory_mb("VmRSS")
        start = time.perf_counter()
        due = work()
        return cls(time.perf_counter() - start, due, memory_mb("VmHWM") - before)


def seconds(work: Callable[[], object]) -> float:
    gc.unfreeze()  # what the one before left behind is neither this one's cost nor its gain
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def memory_mb(what: str) -> float:
    """What the process holds (VmRSS) or has held at most (VmHWM).

    Linux counts the peak of the process that started this one into `ru_maxrss`; its own table does not.
    """
    if platform.system() != "Linux":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if platform.system() == "Darwin" else peak / 1e3
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - the kernel's table, not a file
        return next(int(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith(what))


def at_most(name: str, figure: float, limit: float, unit: str) -> bool:
    return _demanded(name, figure, f"at most {limit:g} {unit}", good=figure <= limit)


def at_least(name: str, figure: float, limit: float, unit: str) -> bool:
    return _demanded(name, figure, f"at least {limit:g} {unit}", good=figure >= limit)


def _demanded(name: str, figure: float, demand: str, *, good: bool) -> bool:
    unit = demand.rsplit(" ", 1)[1]
    print(f"{name:<52}{figure:>9.2f} {unit:<3} ({demand}){'' if good else '  MISSED'}", flush=True)
    return good
