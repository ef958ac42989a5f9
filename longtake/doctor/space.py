"""Room to work in: shared memory, the scratch folder, the home folder."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from longtake.doctor.finding import Finding, bad, good, warn
from longtake.engine import cores

SHM = Path("/dev/shm")
SHM_BYTES = 256 << 20
"""What torch's data loaders and Ray want there at least; a container without further words has 64 MiB."""
VIDEO_BYTES = 2 << 30
"""A raw video of an hour in 1920x1080, where none is known."""
FULL_BYTES = 256 << 20
"""With less than this, nothing worth the name of work is done."""


def look_at_shared_memory() -> Iterator[Finding]:
    users = [name for name in ("torch", "ray") if find_spec(name)]
    usage = shutil.disk_usage(SHM) if os.access(SHM, os.W_OK) else None
    yield judge_shared_memory(usage.total if usage else None, usage.free if usage else 0, users)


def judge_shared_memory(size_bytes: int | None, free_bytes: int, users: Sequence[str]) -> Finding:
    """/dev/shm against what is put there. The guarded workers of video need none of it: their frames lie in memory
    without a name, which counts as the pod's own."""
    wanted = f"{' and '.join(users)} want {sized(SHM_BYTES)}" if users else "no torch and no Ray that would use it"
    fix = f"mount an emptyDir with medium: Memory at {SHM} (docker run --shm-size=1g)"
    if size_bytes is None:
        return warn("shared memory", f"{SHM} is not there or not writable", f"{fix}: locks between processes need it")
    found = f"{SHM} has {sized(size_bytes)}, {sized(free_bytes)} free; {wanted}"
    return warn("shared memory", found, fix) if users and free_bytes < SHM_BYTES else good("shared memory", found)


def look_at_scratch() -> Iterator[Finding]:
    read_only = bool(os.statvfs("/").f_flag & os.ST_RDONLY)
    folder, free_bytes = scratch_room()
    if folder is None:
        found = f"no folder that can be written: neither TMPDIR ({os.environ.get('TMPDIR', 'not set')}) nor /tmp"
        yield bad("scratch", found, "mount an emptyDir at /tmp, or set TMPDIR to a folder that this user may write")
    else:
        yield judge_scratch(folder, free_bytes, cores(), read_only_root=read_only)


def judge_scratch(folder: str, free_bytes: int, workers: int, *, read_only_root: bool = False) -> Finding:
    """Free room against a video of an hour, and its clips, for each worker."""
    found = f"{folder} has {sized(free_bytes)} free" + (", the root is read-only" if read_only_root else "")
    needed = scratch_needed(workers, VIDEO_BYTES)
    fix = f"free some, or set TMPDIR to a place with {sized(needed)} (a video and its clips for each worker)"
    if free_bytes < FULL_BYTES:
        return bad("scratch", found, fix)
    return warn("scratch", found, fix) if free_bytes < needed else good("scratch", found)


def scratch_room() -> tuple[str | None, int]:
    """The folder that temporary files go to, tried by writing one, and its free bytes; None where there is no such folder."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        return None, 0
    return folder, shutil.disk_usage(folder).free


def scratch_needed(workers: int, video_bytes: int) -> int:
    """Each worker holds one raw video and the clips that are cut from it, together about twice the video."""
    return workers * 2 * video_bytes


def look_at_home() -> Iterator[Finding]:
    """Ray, matplotlib, transformers and kfp write into the home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 (a home that is not known stays "~")
    if os.access(home, os.W_OK):
        yield good("home", home)
    else:
        yield warn(
            "home",
            f"{home} can't be written",
            "set HOME to a folder that can be, as in /tmp: libraries keep caches there",
        )


def sized(count_bytes: float) -> str:
    """Bytes as 512 MiB or 3.9 GiB."""
    if count_bytes < 1 << 30:
        return f"{count_bytes / (1 << 20):.0f} MiB"
    return f"{count_bytes / (1 << 30):.1f} GiB".replace(".0 ", " ")
