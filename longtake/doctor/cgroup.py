"""The limits that the kernel holds this container to, in cgroups of version 2 or 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ENDLESS_BYTES = 1 << 60
"""Version 1 writes "no limit" as a number near 2**63."""


@dataclass(frozen=True)
class Cgroup:
    """What may be used at most; None where there is no limit."""

    cpus: float | None
    memory_bytes: int | None


def read_cgroup(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> Cgroup:
    """The tightest limits of this process's own cgroup and of those that it lies in."""
    cpus: list[float] = []
    memory_bytes: list[int] = []
    for controllers, path in _memberships(membership):
        for folder in _lineage(root / controllers, path):
            cpus += _quota(folder)
            for name in ("memory.max", "memory.limit_in_bytes"):
                text = _read(folder / name)
                if text.isdecimal() and int(text) < _ENDLESS_BYTES:
                    memory_bytes.append(int(text))
    return Cgroup(min(cpus, default=None), min(memory_bytes, default=None))


def _memberships(file: Path) -> Iterator[tuple[str, str]]:
    """(Folder of the controllers below the root, path of the cgroup); version 2 has no such folder."""
    for line in _read(file).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "cpu", "memory", "cpu,cpuacct", "cpuacct,cpu"):
            yield controllers, path


def _lineage(base: Path, path: str) -> Iterator[Path]:
    """The cgroup's folder and all above it. A container sees its own cgroup as the root, under whatever path it has."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    yield from (base.joinpath(*parts[:depth]) for depth in range(len(parts) + 1))


def _quota(folder: Path) -> Iterator[float]:
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
    if quota.isdecimal() and period.isdecimal() and int(period):  # "max" and -1 are no limit
        yield int(quota) / int(period)


def _read(path: Path) -> str:
    """The file's text; nothing where it is not there or not for us."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
