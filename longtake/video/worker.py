"""The guarded process: takes one piece of work at a time from its parent, and opens hostile files for it.

`python -m longtake.video.worker RESPONSE_FD SHARED_FD PARENT_PID`. Requests are lines of JSON on standard input;
responses go to RESPONSE_FD, each a 4-byte big-endian length and JSON; pixels go through the memory of SHARED_FD. It
imports the standard library, av and numpy only, and holds nothing worth stealing.
"""

import errno
import gc
import json
import math
import mmap
import os
import queue
import resource
import select
import signal
import struct
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import av
import av.subtitles.stream  # av loads it with the first container, when the memory limit may forbid it
import numpy as np

from longtake.video.decode import OURS, Footage
from longtake.video.encode import ShortFootageError, cut_clips
from longtake.video.faults import VideoFault
from longtake.video.look import LENSES, Sight, look
from longtake.video.probe import probe_video
from longtake.video.scale import SLOTS, Batch, scaled_batches

if TYPE_CHECKING:
    from longtake.video.config import Encoding, Limits

PARENT_CHECK_S = 1.0


class Channel:
    """Both directions of talk with the parent; the process ends at once when the parent is gone, whatever it does."""

    def __init__(self, response_fd: int, parent_pid: int) -> None:
        self._response_fd = response_fd
        self._parent_pid = parent_pid
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def receive(self) -> dict[str, Any]:
        """The next message of the parent, waiting for it."""
        return self._requests.get()

    def send(self, kind: str, **fields: object) -> None:
        """Write one message whole."""
        body = json.dumps({"kind": kind, **fields}).encode()
        message = memoryview(struct.pack(">I", len(body)) + body)
        while message:
            message = message[os.write(self._response_fd, message) :]

    def _listen(self) -> None:
        # A sibling that was forked from the parent may hold the pipe open after the parent's death: ask for the
        # parent itself too.
        held = b""
        while True:
            ready, _, _ = select.select([0], [], [], PARENT_CHECK_S)
            if os.getppid() != self._parent_pid:
                os._exit(0)
            if not ready:
                continue
            data = os.read(0, 1 << 16)
            if not data:
                os._exit(0)
            *lines, held = (held + data).split(b"\n")
            for line in lines:
                self._requests.put(json.loads(line))


def main(response_fd: int, shared_fd: int, parent_pid: int) -> None:
    """Serve requests until the parent is gone."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # sent to a whole group; the parent commits, and ends this process
        signal.signal(ending, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = Channel(response_fd, parent_pid)
    gc.freeze()  # what was imported stays: the collections below look at the last file's leavings alone
    channel.send("ready")
    while True:
        request = channel.receive()
        if "do" not in request:
            continue  # a slot let go of after the last batch
        limits = cast("Limits", SimpleNamespace(**request["limits"]))
        limit_resources(limits)
        gc.collect()  # containers and decoders of PyAV are cycles, of many megabytes each
        try:
            work(request, limits, channel, shared_fd)
        except VideoFault as fault:
            channel.send("fault", reason=fault.reason, detail=fault.detail)
        except ShortFootageError as error:
            channel.send("short", frames=error.frames)
        except MemoryError as error:
            channel.send("fault", reason="memory_limit", detail=str(error))
        except (av.FFmpegError, OSError) as error:
            report_error(error, channel)


def limit_resources(limits: "Limits") -> None:
    """Bound this process for one piece of work: memory, file size, and processor time on top of what is spent."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = math.ceil(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent_s + math.ceil(limits.cpu_s), hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def work(request: dict[str, Any], limits: "Limits", channel: Channel, shared_fd: int) -> None:
    """Do what is asked for and send the answer."""
    path = request["path"]
    open_footage = partial(Footage, path, max_pixels=limits.max_pixels, max_corrupt_share=limits.max_corrupt_share)
    match request["do"]:
        case "probe":
            channel.send("probe", probe=probe_video(open_footage))
        case "frames":
            with open_footage() as footage:
                send_frames(footage, request, channel, shared_fd)
        case "glimpse":
            with open_footage() as footage:
                channel.send("glimpse", glimpse=look(footage, open_sights(request, shared_fd)))
        case "cut":
            encoding = cast("Encoding", SimpleNamespace(**request["encoding"]))
            with open_footage() as footage:
                for cut in cut_clips(footage, path, request["spans"], request["folder"], encoding):
                    channel.send("cut", cut=cut)
    channel.send("done")


def send_frames(footage: Footage, request: dict[str, Any], channel: Channel, shared_fd: int) -> None:
    """Fill the shared slots in turn; each is filled again only after the parent has let go of it."""
    shape = tuple(request["shape"])  # frames a slot, height, width, channels if any
    slot_bytes = math.prod(shape)
    shared = mmap.mmap(shared_fd, SLOTS * slot_bytes)
    slots = [np.frombuffer(shared, np.uint8, slot_bytes, k * slot_bytes).reshape(shape) for k in range(SLOTS)]
    free = list(range(SLOTS))

    def acquire() -> Batch:
        slot = free.pop(0) if free else int(channel.receive()["free"])
        return Batch(slot, slots[slot])

    for batch in scaled_batches(footage, acquire, request["interpolation"]):
        channel.send("frames", slot=batch.slot, first_frame=batch.first_frame, times_s=batch.times_s)


def open_sights(request: dict[str, Any], shared_fd: int) -> list[Sight]:
    """A sight for each view that is asked for, with a stretch of the shared memory to itself."""
    sizes = request["bytes"]
    memories = np.split(np.frombuffer(mmap.mmap(shared_fd, sum(sizes)), np.uint8), np.cumsum(sizes[:-1]))
    return [
        Sight(view["times_s"], memory, partial(LENSES[kind], SimpleNamespace(**view)))
        for (kind, view), memory in zip(request["views"], memories, strict=True)
    ]


def report_error(error: av.FFmpegError | OSError, channel: Channel) -> None:
    """Tell a limit from this machine's trouble, and that from the file's."""
    text = f"{error.strerror or error}"
    if error.errno == errno.EFBIG:
        channel.send("fault", reason="output_limit", detail=text)
    elif error.errno == errno.ENOMEM:
        channel.send("fault", reason="memory_limit", detail=text)
    elif error.errno in OURS:
        channel.send("os_error", errno=error.errno, text=text)
    else:
        channel.send("fault", reason="corrupt", detail=text)


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:4]))
