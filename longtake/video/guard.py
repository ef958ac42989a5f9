"""The way into raw video: one guarded worker process, or a pool of them. The caller's process never opens a media file.

Legend: N frames of a batch, H, W rows and columns of a picture, C its channels: blue, green, red.
"""

import errno
import math
import os
import queue
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast, get_args

import numpy as np
from pydantic import ValidationError

from longtake.config import dump_config
from longtake.errors import UserError
from longtake.video.config import Encoding, Limits
from longtake.video.faults import Reason, VideoFault
from longtake.video.glimpse import Glimpse, read_glimpse, view_bytes
from longtake.video.process import WorkerProcess
from longtake.video.records import Cut, Fit, GlimpseAnswer, Patches, Probe, Span, View, ViewAnswer

__all__ = ["Cut", "Fit", "FrameBatch", "Glimpse", "Guard", "GuardPool", "Patches", "Probe", "Span", "VideoFault"]

SLOTS = 2
BATCH_FRAMES = 32
BATCH_BYTES = 4 << 20
"""A batch is as many frames as fit into this, 1 to 32; two batches lie in shared memory."""
FRAME_BYTES = 24 << 20
"""The largest scaled frame. Two are under way at once, in memory of the worker (a memfd), not in /dev/shm."""

Pixels = Literal["bgr24", "gray8"]
Interpolation = Literal["area", "bilinear"]


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """Consecutive frames in the order of presentation."""

    frames_NHWC: np.ndarray
    """uint8, NHW for gray; a read-only view that is valid until the next batch is asked for: copy what is kept."""
    times_s: np.ndarray
    """float64 [N], strictly increasing: when each frame is shown, from the video's first frame."""
    first_frame: int
    """Index of the first of them."""


class Guard:
    """One worker process, started when first needed, replaced after a failure and after `files_per_worker` files.

    A context manager; one thread uses it at a time. Every method raises VideoFault for what is wrong with the file,
    OSError for what is wrong with this machine (no such file, disk full).
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._worker: WorkerProcess | None = None
        self._files = 0
        self._path: str | None = None
        self._work: Work | None = None

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; a later call starts a new one."""
        self._work = None
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, if one runs."""
        return self._worker.pid if self._worker else None

    def probe(self, path: Path) -> Probe:
        """What the file is: its first frame is decoded, its packets are counted."""
        with self._begin(path) as work:
            work.order("probe")
            probe = work.checked(Probe, work.receive("probe").get("probe"))
            work.receive("done")
        return probe

    def frames(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        pixels: Pixels = "bgr24",
        interpolation: Interpolation = "area",
    ) -> Iterator[FrameBatch]:
        """All frames, decoded in order, upright, stretched to width x height whatever their aspect.

        Packets that do not decode are skipped; VideoFault `corrupt` or `no_frames` comes after the last batch if too
        many do. The iterator may be left half-way; any later call on the guard ends it.
        """
        return self._frames(path, frame_shape(width, height, pixels), interpolation)

    def _frames(self, path: Path, shape: tuple[int, ...], interpolation: Interpolation) -> Iterator[FrameBatch]:
        batch = max(1, min(BATCH_FRAMES, BATCH_BYTES // math.prod(shape)))
        with self._begin(path) as work:
            slot_bytes = batch * math.prod(shape)
            memory = work.worker.share(SLOTS * slot_bytes)
            slots = [
                np.frombuffer(memory, np.uint8, slot_bytes, k * slot_bytes).reshape(batch, *shape) for k in range(SLOTS)
            ]
            work.order("frames", shape=[batch, *shape], interpolation=interpolation)
            first_frame = 0
            while (message := work.receive("frames", "done"))["kind"] == "frames":
                slot, times_s = work.checked_batch(message, first_frame, batch)
                yield FrameBatch(slots[slot][: len(times_s)], times_s, first_frame)
                first_frame += len(times_s)
                work.send({"free": slot})

    def glimpse(self, path: Path, views: Mapping[str, View]) -> Glimpse:
        """Decode all of the file once, and give each view the frames that are shown at its moments, upright.

        Packets that do not decode are skipped; VideoFault `corrupt` or `no_frames` if too many do. UserError for views
        that can't be, or together take more memory than 256 MiB.
        """
        sizes = view_bytes(views)
        with self._begin(path) as work:
            memory = np.frombuffer(work.worker.share(sum(sizes)), np.uint8)
            work.order("glimpse", views=[[type(view).__name__, asdict(view)] for view in views.values()], bytes=sizes)
            answer = work.checked(GlimpseAnswer, work.receive("glimpse").get("glimpse"))
            answers = [work.checked(ViewAnswer, given) for given in answer.views]
            work.receive("done")
            glimpse = read_glimpse(views, answer, answers, np.split(memory, np.cumsum(sizes[:-1])))
            if glimpse is None:
                raise work.worker.broken("a glimpse of something else than was asked for")
        return glimpse

    def cut(self, path: Path, spans: Sequence[Span], folder: Path, encoding: Encoding | None = None) -> list[Cut]:
        """Write each span as a clip and a poster into the folder, from one pass over the file; all of them or none.

        Every frame is decoded from the start of the file, never sought, so a span holds exactly the frames that
        `frames` numbers so. Spans are sorted and do not overlap, else UserError.
        """
        check_spans(spans)
        target = os.path.abspath(folder)  # noqa: PTH100 (links stay as they are)
        order: dict[str, Any] = {"spans": [asdict(span) for span in spans], "folder": target}
        order["encoding"] = dump_config(encoding or Encoding())
        cuts: list[Cut] = []
        try:
            if spans:
                with self._begin(path) as work:
                    work.order("cut", **order)
                    for span in spans:
                        cuts.append(self._receive_cut(work, span, Path(target)))
                    work.receive("done")
        except BaseException:
            for span in spans:
                for suffix in (".mp4", ".mp4.part", ".jpg", ".jpg.part"):
                    (Path(target) / f"{span.name}{suffix}").unlink(missing_ok=True)
            raise
        return cuts

    def _receive_cut(self, work: "Work", span: Span, folder: Path) -> Cut:
        message = work.receive("cut", "short")
        if message["kind"] == "short":
            raise UserError(
                f"span {span.name!r} ends at frame {span.end_frame}, but {work.path} has {message.get('frames')!r} "
                "frames; spans must come from the frames of this very file"
            )
        given = message.get("cut")
        if not isinstance(given, dict) or given.get("name") != span.name:
            raise work.worker.broken("a clip that was not asked for")
        paths = {"path": folder / f"{span.name}.mp4", "poster_path": folder / f"{span.name}.jpg"}
        return work.checked(Cut, given | paths)

    @contextmanager
    def _begin(self, path: Path) -> Iterator["Work"]:
        """A piece of work on one file; the worker does not outlive one that fails or is left half-way."""
        if self._work is not None:
            self.close()  # an iterator was left half-way and is still held by someone
        name = os.path.abspath(path)  # noqa: PTH100 (links stay as they are)
        if name != self._path:
            self._path = name
            self._files += 1
            if self._files > self.limits.files_per_worker:
                self.close()
        if self._worker is None:
            self._worker = WorkerProcess()
            self._files = 1
        work = self._work = Work(self, self._worker, name)
        try:
            yield work
        except BaseException:
            if self._work is work:
                self.close()
            raise
        self._work = None


class Work:
    """One request in the making: counts the time that is waited for it, and checks every answer."""

    def __init__(self, guard: Guard, worker: WorkerProcess, path: str) -> None:
        self.worker = worker
        self.path = path
        self._guard = guard
        self._left_s = guard.limits.wall_s

    def order(self, do: str, **fields: Any) -> None:
        """Ask for probe, frames, glimpse or cut."""
        self.send({"do": do, "path": self.path, "limits": dump_config(self._guard.limits), **fields})

    def send(self, message: dict[str, Any]) -> None:
        """Hand the worker a message. RuntimeError if another call has ended this work."""
        self._check_alive()
        self.worker.send(message)

    def receive(self, *kinds: str) -> dict[str, Any]:
        """The next message, of one of these kinds; a fault or error that the worker reports is raised."""
        self._check_alive()
        message, self._left_s = self.worker.receive(self._left_s)
        match message.get("kind"):
            case "fault" if message.get("reason") in get_args(Reason):
                raise VideoFault(cast(Reason, message["reason"]), str(message.get("detail")))
            case "os_error" if message.get("errno") in errno.errorcode:
                raise OSError(message["errno"], os.strerror(message["errno"]), self.path)
            case kind if kind in kinds:
                return message
        raise self.worker.broken(f"a message of kind {message.get('kind')!r}")

    def checked(self, kind: type[Any], given: object) -> Any:
        """The answer as a record within its bounds."""
        if not isinstance(given, dict):
            raise self.worker.broken(f"a {kind.__name__} that is no object")
        try:
            return kind(**given)
        except (ValidationError, TypeError) as error:
            raise self.worker.broken(f"a {kind.__name__} out of bounds: {error}") from None

    def checked_batch(self, message: dict[str, Any], first_frame: int, most: int) -> tuple[int, np.ndarray]:
        """Slot and times of a batch of 1 to `most` frames that continues at `first_frame`."""
        slot, times_s = message.get("slot"), message.get("times_s")
        if (
            slot in range(SLOTS)
            and isinstance(slot, int)
            and message.get("first_frame") == first_frame
            and isinstance(times_s, list)
            and 1 <= len(times_s) <= most
            and all(isinstance(time_s, float) and math.isfinite(time_s) for time_s in times_s)
        ):
            return slot, np.array(times_s, np.float64)
        raise self.worker.broken("a batch out of bounds")

    def _check_alive(self) -> None:
        if self._guard._work is not self:
            raise RuntimeError("this iterator was ended by a later call on its guard")


class GuardPool:
    """`size` guards for as many threads: `with pool.guard() as guard:` waits for a free one. A context manager."""

    def __init__(self, size: int, limits: Limits | None = None) -> None:
        if size < 1:
            raise UserError(f"a pool of {size} guards is asked for; 1 or more are needed")
        self._guards = [Guard(limits) for _ in range(size)]
        self._free: queue.LifoQueue[Guard] = queue.LifoQueue()
        for guard in self._guards:
            self._free.put(guard)

    def __enter__(self) -> "GuardPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def guard(self) -> Iterator[Guard]:
        """A guard of one's own for the length of the `with`."""
        guard = self._free.get()
        try:
            yield guard
        finally:
            self._free.put(guard)

    def close(self) -> None:
        """End all workers. No guard of the pool may be in use."""
        for guard in self._guards:
            guard.close()


def frame_shape(width: int, height: int, pixels: Pixels) -> tuple[int, ...]:
    """Rows, columns and channels of a scaled frame. Raises UserError for a size that shared memory can't take."""
    if pixels not in get_args(Pixels):
        raise UserError(f"pixels is {pixels!r}; it is one of {', '.join(get_args(Pixels))}")
    shape = (height, width, 3) if pixels == "bgr24" else (height, width)
    if width < 1 or height < 1 or math.prod(shape) > FRAME_BYTES:
        raise UserError(f"frames of {width}x{height} {pixels} are asked for; 1 to {FRAME_BYTES} bytes are possible")
    return shape


def check_spans(spans: Sequence[Span]) -> None:
    """Raises UserError unless spans are sorted, not empty, apart from each other and named uniquely."""
    end_frame = 0
    for span in spans:
        if not end_frame <= span.start_frame < span.end_frame:
            raise UserError(
                f"span {span.name!r} is frames {span.start_frame} to {span.end_frame} after frame {end_frame}; spans must "
                "be sorted, hold a frame and not overlap"
            )
        end_frame = span.end_frame
    if len({span.name for span in spans}) < len(spans):
        raise UserError("two spans have the same name; the name is that of the clip's file")
