"""Checkpoints of one run in the lake: written whole or not at all, the newest few kept, uploaded while the training goes on."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from longtake.ending import shield
from longtake.errors import TransientError
from longtake.lake import Lake, ObjectChanged

if TYPE_CHECKING:
    from longtake.dit.checkpoint import Stateful
    from longtake.dit.step_record import Curve

FOLDER = "training/"
_ATTEMPTS = 5
"""At fetching the newest one, while another attempt at the same run may be clearing up."""

Loaded = TypeVar("Loaded")

log = logging.getLogger(__name__)


def clear_checkpoints(lake: Lake, run_id: str) -> None:
    """Nothing goes on from a training that is done."""
    for item in list(lake.objects.walk(f"{FOLDER}{run_id}/")):
        if item.key.endswith(".checkpoint"):
            lake.objects.delete(item.key)


def take_up(checkpoints: "Checkpoints", training: "Stateful") -> "Curve | None":
    """Puts the training where the newest checkpoint has it; its curve until there, None where there is no checkpoint."""
    from longtake.dit.checkpoint import DamagedCheckpoint, load_checkpoint, made_with

    found = checkpoints.resume(lambda path: load_checkpoint(path, training), DamagedCheckpoint)
    if found is None:
        return None
    curve, before = found
    log.info("going on", extra={"step": checkpoints.last_step})
    now = made_with(training)
    if differs := {
        name: f"{before.get(name)} then, {value} now" for name, value in now.items() if before.get(name) != value
    }:
        log.warning("going on, though not to the bit: this is another kind of machine", extra=differs)
    return curve


class Checkpoints:
    """Those of a run, `training/<run_id>/<step>.checkpoint`."""

    def __init__(self, lake: Lake, run_id: str, folder: Path, keep: int) -> None:
        """`folder` is scratch space for two of them; `keep` stay in the lake."""
        self._objects, self._prefix, self._folder, self._keep = lake.objects, f"{FOLDER}{run_id}/", folder, keep
        self._uploader = ThreadPoolExecutor(1, "checkpoints")
        self._upload: Future[float] | None = None
        self.last_step: int | None = None
        """Of the newest one that was begun here or found."""
        self._damaged: set[str] = set()
        """Keys whose objects are of no use: they give way to good ones."""
        self.since_s = time.monotonic()
        """When the newest one was begun, or this run."""

    def resume(self, load: Callable[[Path], Loaded], damaged: type[Exception]) -> Loaded | None:
        """What `load` makes of the newest one that is whole; None where there is none."""
        path = self._folder / "resumed"
        for _ in range(_ATTEMPTS):
            try:
                for key in reversed(self._keys()):
                    self._objects.fetch(key, path)
                    try:
                        loaded = load(path)
                    except damaged as error:
                        log.error("a damaged checkpoint is passed over", extra={"key": key, "reason": str(error)})
                        self._damaged.add(key)
                        continue
                    finally:
                        path.unlink()
                    self.last_step = int(Path(key).stem)
                    return loaded
                return None
            except ObjectChanged:  # gone since it was listed: there is a newer one
                continue
        raise TransientError(f"the checkpoints below {self._objects.uri}/{self._prefix} keep changing")

    def keep(self, step: int, save: Callable[[Path], None]) -> None:
        """Saves to this machine, then uploads in the background; waits for the upload before, whose failure is only said."""
        try:
            self.wait()
        except TransientError as error:
            log.error("a checkpoint did not reach the lake; the next one is tried", extra={"reason": str(error)})
        path = self._folder / f"{step:09}"
        save(path)
        self.last_step, self.since_s = step, time.monotonic()
        with shield():
            self._upload = self._uploader.submit(self._put, step, path)

    def take_uploaded(self) -> float | None:
        """When the newest upload was made (epoch), once it is through; each is told once. Its failure is for `wait`."""
        upload = self._upload
        if upload is None or not upload.done() or upload.exception() is not None:
            return None
        self._upload = None
        return upload.result()

    def wait(self) -> None:
        """Until what was begun is in the lake. Raises what the upload raised."""
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.result()

    def close(self) -> None:
        """Ends the thread; an upload under way is finished first."""
        self._uploader.shutdown(cancel_futures=True)

    def _put(self, step: int, path: Path) -> float:
        key = f"{self._prefix}{step:09}.checkpoint"
        try:
            if key in self._damaged:
                self._objects.delete(key)
            self._objects.upload(key, path)
        finally:
            path.unlink()
        for key in self._keys()[: -self._keep]:
            self._objects.delete(key)
        return time.time()

    def _keys(self) -> list[str]:
        """The oldest first."""
        return sorted(item.key for item in self._objects.walk(self._prefix) if item.key.endswith(".checkpoint"))
