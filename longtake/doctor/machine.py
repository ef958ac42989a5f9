"""Python, processors, memory, and the port of the metrics."""

import math
import os
import platform
from collections.abc import Iterator

from longtake.doctor.cgroup import read_cgroup
from longtake.doctor.finding import Finding, bad, good, skipped, warn
from longtake.doctor.packages import holds, python_asked
from longtake.doctor.space import sized
from longtake.engine import cores
from longtake.video.config import Limits

PARENT_BYTES = 512 << 20
"""What a step takes beside its workers: tables, S3 parts, pictures of one batch."""
WORKER_BYTES = 1 << 30
"""What a worker takes that cuts a film of 3840x2160: 0.7 GiB resident, measured; 1920x1080 takes 0.25."""


def look_at_python() -> Iterator[Finding]:
    yield judge_python(platform.python_version(), python_asked(), f"{platform.system()} {platform.machine()}")


def judge_python(version: str, asked: str | None, system: str) -> Finding:
    """Whether this Python is one of those that longtake was tried with; `asked` as in a package's metadata."""
    found = f"{version} on {system}"
    if asked and not holds(version, asked):
        return bad("python", f"{found}, where {asked} is asked for", "make a new environment with Python 3.11")
    return good("python", found)


def look_at_processors() -> Iterator[Finding]:
    yield judge_processors(cores(), read_cgroup().cpus)


def judge_processors(workers: int, limit_cpus: float | None) -> Finding:
    """Workers that are started side by side, against the processor time that the container has."""
    if limit_cpus is None:
        return good("processors", f"{counted(workers)}, no CPU limit")
    found = f"{counted(workers)}, CPU limit {limit_cpus:g}"
    if workers <= max(1, math.ceil(limit_cpus)):
        return good("processors", found)
    wanted = max(1, math.floor(limit_cpus))
    return warn("processors", found, f"set LONGTAKE_WORKERS={wanted}, else the workers slow each other down")


def look_at_memory() -> Iterator[Finding]:
    here_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit_bytes = read_cgroup().memory_bytes
    yield judge_memory(min(here_bytes, limit_bytes or here_bytes), cores(), limited=limit_bytes is not None)


def judge_memory(there_bytes: int, workers: int, *, limited: bool) -> Finding:
    """Whether so many workers may each cut a film of 3840x2160 at once.

    A file may ask for more, up to `limits.memory_bytes` of its stage's config; where that is more than there is, the
    kernel ends the pod before the limit puts the file aside, and this is said.
    """
    found = f"{sized(there_bytes)} for {counted(workers)}" + (", by its limit" if limited else "")
    room = (there_bytes - PARENT_BYTES) // WORKER_BYTES
    if room < workers:
        fewer = f", or set LONGTAKE_WORKERS={room}" if room > 0 else ""
        needed = sized(PARENT_BYTES + workers * WORKER_BYTES)
        return warn("memory", found, f"give it {needed}{fewer}, else a film of 3840x2160 may end the whole step")
    share_bytes = (there_bytes - PARENT_BYTES) // workers
    if share_bytes < Limits().memory_bytes:
        found += f"; limits.memory_bytes up to {sized(share_bytes)} protects them from each other"
    return good("memory", found)


def look_at_metrics() -> Iterator[Finding]:
    """Serves metrics for a moment, as a step does."""
    from longtake.telemetry import StepMetrics, serve_metrics

    asked = os.environ.get("LONGTAKE_METRICS", "127.0.0.1:0")
    with serve_metrics(StepMetrics("doctor")) as place:
        if place:
            yield good("metrics", f"can be served at {place}")
        elif asked == "off":
            yield skipped("metrics", "LONGTAKE_METRICS is off")
        else:
            yield warn(
                "metrics",
                f"LONGTAKE_METRICS is {asked} and can't be bound (a step works on without them)",
                "give a free port from 1024 on an address of this machine, as in 0.0.0.0:9090",
            )


def counted(workers: int) -> str:
    return f"{workers} worker{'s' * (workers != 1)}"
