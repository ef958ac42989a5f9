"""The parent's end of one worker: its process, its two pipes, the memory shared with it, and how it died."""

import contextlib
import importlib.util
import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from longtake.video.faults import VideoFault

START_S = 120.0
"""Seconds a worker may take to import what it needs, on a machine under load."""
MESSAGE_BYTES = 1 << 20
"""A longer message than this is not taken from a worker."""
KEPT_ENVIRONMENT = [
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
]
"""All that a worker inherits: no credentials, no tokens, no endpoints."""


class WorkerStartError(RuntimeError):
    """The worker process does not come up: this installation or machine is at fault, no video is."""


class WorkerProcess:
    """A running `longtake.video.worker`; every method that talks to it raises VideoFault if it has died."""

    def __init__(self) -> None:
        if importlib.util.find_spec("av") is None or importlib.util.find_spec("numpy") is None:
            raise UserError("reading video needs PyAV and numpy: pip install 'longtake[media]'")
        self._shared_fd = shared_memory_fd()
        self._shared_bytes = 0
        self._response_fd, worker_end = os.pipe()
        self._held = bytearray()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `kill`)
        command = [sys.executable, "-P", "-m", "longtake.video.worker"]
        try:
            self._process = subprocess.Popen(
                [*command, str(worker_end), str(self._shared_fd), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                env=worker_environment(),
                pass_fds=(worker_end, self._shared_fd),
            )
        except OSError:
            os.close(self._response_fd)
            os.close(self._shared_fd)
            self._stderr.close()
            raise
        finally:
            os.close(worker_end)
        try:
            self.receive(START_S)
        except VideoFault as fault:
            raise WorkerStartError(f"a video worker does not start: {fault.detail}") from None

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Hand the worker one message."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    def receive(self, timeout_s: float) -> tuple[dict[str, Any], float]:
        """The worker's next message, and what is left of the time for it; past that the worker is killed.

        Raises VideoFault `time_limit` then, and another if the worker has died.
        """
        deadline = time.monotonic() + timeout_s
        size = struct.unpack(">I", self._take(4, deadline))[0]
        if size > MESSAGE_BYTES:
            raise self.broken(f"a message of {size} bytes")
        try:
            message = json.loads(self._take(size, deadline))
        except ValueError:
            raise self.broken("a message that is no JSON") from None
        if not isinstance(message, dict):
            raise self.broken("a message that is no object")
        return message, max(0.0, deadline - time.monotonic())

    def share(self, size: int) -> memoryview:
        """A read-only view of the shared memory's first `size` bytes, valid while it is held."""
        if size > self._shared_bytes:
            os.ftruncate(self._shared_fd, size)
            self._shared_bytes = size
        return memoryview(mmap.mmap(self._shared_fd, size, access=mmap.ACCESS_READ))

    def broken(self, what: str) -> VideoFault:
        """Kill a worker that broke its protocol; the fault to raise."""
        self.kill()
        return VideoFault("worker_crashed", f"it sent {what}")

    def kill(self) -> int:
        """End the process, wait for it, let go of everything; its exit status. May be called again."""
        self._process.kill()
        status = self._process.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            os.close(self._response_fd)
            os.close(self._shared_fd)
            self._stderr.close()
        return status

    def _take(self, count: int, deadline: float) -> bytes:
        poll = select.poll()
        poll.register(self._response_fd, select.POLLIN)
        while len(self._held) < count:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.kill()
                raise VideoFault("time_limit", "the worker did not answer in time")
            data = os.read(self._response_fd, 1 << 16)
            if not data:
                raise self._death()
            self._held += data
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    def _death(self) -> VideoFault:
        """The fault that tells how a worker died which was not killed from here."""
        # The pipe closes a moment before the process is gone; a status of its own is what is wanted.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        self._stderr.seek(max(0, os.fstat(self._stderr.fileno()).st_size - 200))
        words = self._stderr.read().decode(errors="replace")
        status = self.kill()
        if status == -signal.SIGXCPU:
            return VideoFault("cpu_limit", "the worker spent its processor time")
        if status == -signal.SIGXFSZ:
            return VideoFault("output_limit", "the worker wrote too large a file")
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return VideoFault("worker_crashed", f"{how} {words}")


def shared_memory_fd() -> int:
    """A descriptor of new memory that has no name, so that nothing stays behind whoever dies.

    On Linux it is sealed against shrinking: a worker taken over cannot cut the pages from under its parent.
    """
    if sys.platform == "linux":
        import fcntl

        fd = os.memfd_create("longtake-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        return fd
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def worker_environment() -> dict[str, str]:
    """What a worker finds in its environment: an allow-list, the way to this very code, and one thread."""
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    paths = [root] if root not in sysconfig.get_paths().values() else []
    environment["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
