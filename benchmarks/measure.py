"""What all benchmarks share: the line that names the machine, clocks that count child processes, Markdown tables."""

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path


def machine() -> str:
    """Processor, cores, Python and date: a figure without them says nothing."""
    names = [
        line.split(":", 1)[1].strip()
        for line in (Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else [])
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, {date.today().isoformat()}"


def clock(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and processor seconds of this process and of children that ended, of one call."""
    before, began = _cpu_s(), time.perf_counter()
    work()
    return time.perf_counter() - began, _cpu_s() - before


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float | None]) -> str:
    """Mean (least to most) of what is known."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = sum(known) / len(known)
    return f"{mean:.2f}" if len(known) == 1 else f"{mean:.2f} ({min(known):.2f} to {max(known):.2f})"


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A Markdown table; floats with three figures."""
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---" for _ in head) + " |")
    for row in rows:
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print()


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
