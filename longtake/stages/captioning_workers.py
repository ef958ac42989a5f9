"""Who lives in the worker processes of captioning: a looker decodes and measures, a writer holds a model or asks a server.

The captioner `measured` needs neither: the looker writes itself. Each is made in its own process from a small order.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longtake.captioning.captioner import Written
from longtake.captioning.config import CaptioningConfig, Requests
from longtake.captioning.looking import look_at, open_tools
from longtake.captioning.opening import open_captioner
from longtake.captioning.seen import Seen
from longtake.lake.weights import fetch_weights
from longtake.scoring.faults import Unmeasurable
from longtake.stages.visiting import Locate, visit
from longtake.video.config import Limits
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard


@dataclass(frozen=True, kw_only=True, eq=False)
class Captioned:
    """What is known of one clip so far."""

    seen: Seen | None = None
    """For a writer; dropped there."""
    facts: str | None = None
    """As JSON."""
    written: Written | None = None
    gone: bool = False
    """The clip's object was removed since its row was written."""
    seconds: float = 0.0
    read_bytes: int = 0


@dataclass(frozen=True)
class LookerOrder:
    """Makes a `Looker` at what `locate` finds: clips of a lake, or plain files."""

    config: CaptioningConfig
    limits: Limits
    locate: Locate

    def __call__(self) -> "Looker":
        return Looker(self.config, self.limits, self.locate)


class Looker:
    """Decodes and measures, with a guard and tools of its own; writes where what is measured is all that is said."""

    def __init__(self, config: CaptioningConfig, limits: Limits, locate: Locate) -> None:
        import cv2

        cv2.setNumThreads(1)  # there is a worker for each processor
        self._config = config
        self._locate = locate
        self._guard = Guard(limits)
        self._tools = open_tools(config)
        self._captioner = open_captioner(config) if config.captioner == "measured" else None

    def __call__(self, inputs: Sequence[Any]) -> list[Captioned]:
        return [self._look(given) for given in inputs]

    def close(self) -> None:
        self._guard.close()

    def _look(self, given: Any) -> Captioned:
        seen = visit(self._locate, given, self._found)
        return replace(seen.found or Captioned(gone=True), seconds=seen.seconds, read_bytes=seen.read_bytes)

    def _found(self, path: Path) -> Captioned:
        try:
            return self._caption(look_at(path, self._guard, self._config, self._tools))
        except (VideoFault, Unmeasurable) as fault:
            return Captioned(written=Written(reason=fault.reason, detail=fault.detail or None))

    def _caption(self, seen: Seen) -> Captioned:
        facts = seen.facts.to_json() if seen.facts else None
        if self._captioner is None:
            return Captioned(seen=seen, facts=facts)
        return Captioned(facts=facts, written=self._captioner([seen])[0])


@dataclass(frozen=True)
class WriterOrder:
    """Makes a `Writer`."""

    config: CaptioningConfig
    requests: Requests

    def __call__(self) -> "Writer":
        return Writer(self.config, self.requests)


class Writer:
    """Holds a captioner, and has it write of all clips of a batch at the same time; what has a reason passes."""

    def __init__(self, config: CaptioningConfig, requests: Requests) -> None:
        with tempfile.TemporaryDirectory(prefix="longtake-weights-") as folder:
            self._captioner = open_captioner(_fetched(config, Path(folder)), requests)

    def __call__(self, looked: Sequence[Captioned]) -> list[Captioned]:
        waiting = [item.seen for item in looked if item.seen is not None]
        began = time.monotonic()
        written = iter(self._captioner(waiting) if waiting else ())
        each_s = (time.monotonic() - began) / max(1, len(waiting))
        return [
            item
            if item.seen is None
            else replace(item, seen=None, written=next(written), seconds=item.seconds + each_s)
            for item in looked
        ]

    def close(self) -> None:
        self._captioner.close()


def _fetched(config: CaptioningConfig, folder: Path) -> CaptioningConfig:
    """The same config, with weights that lie on S3 brought here."""
    given = config.transformers
    if config.captioner != "transformers" or given is None:
        return config
    adapter = fetch_weights(given.adapter, folder) if given.adapter else None
    return replace(config, transformers=replace(given, model=fetch_weights(given.model, folder), adapter=adapter))
