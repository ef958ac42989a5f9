"""How far each step of a run is, as small JSON objects in the lake: `progress/<run>/<stage>-<shard>.json`.

Whoever looks later (the summary at the end of a run, an operator, a dashboard) needs neither the pod nor its log.
"""

import json
import logging
import re
import time
from dataclasses import asdict, dataclass, field
from typing import Literal

from longtake.errors import UserError
from longtake.lake import Lake

log = logging.getLogger(__name__)

State = Literal["running", "done", "failed"]
_WRITE_EVERY_S = 5.0
_LOG_EVERY_S = 0.5


@dataclass(kw_only=True)
class Progress:
    """One step on one shard."""

    stage: str
    shard: str
    run: str
    state: State = "running"
    done: int = 0
    """Inputs that are finished, those found finished included."""
    total: int = 0
    skipped: int = 0
    """Inputs that an earlier run had finished."""
    eta_s: float | None = None
    items: dict[str, int] = field(default_factory=dict)
    """Rows by "outcome" or "outcome:reason", this run's and earlier ones'."""
    report_uri: str | None = None
    error: str | None = None
    started_s: float = field(default_factory=time.time)
    updated_s: float = 0.0

    @property
    def key(self) -> str:
        return f"progress/{self.run}/{self.stage}-{self.shard}.json"


class ProgressWriter:
    """Writes a `Progress` to the lake every few seconds and at every change of state, and to the log likewise."""

    def __init__(self, lake: Lake, progress: Progress) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}", progress.run):
            raise UserError(f"the run {progress.run!r} is no name; give letters, digits, dots and dashes")
        self.progress = progress
        self._lake = lake
        self._began = time.monotonic()
        self._written = self._logged = 0.0

    def advance(self, done: int = 1) -> None:
        """Counts finished inputs and estimates the time left from this run's own pace."""
        progress = self.progress
        progress.done += done
        worked = progress.done - progress.skipped
        if worked > 0:
            progress.eta_s = (progress.total - progress.done) * (time.monotonic() - self._began) / worked
        self.write(now=False)

    def write(self, *, now: bool = True) -> None:
        at = time.monotonic()
        if now or at - self._logged >= _LOG_EVERY_S:
            self._logged = at
            self._log()
        if now or at - self._written >= _WRITE_EVERY_S:
            self._written = at
            self.progress.updated_s = time.time()
            data = json.dumps(asdict(self.progress), indent=1).encode()
            self._lake.objects.put(self.progress.key, data, overwrite=True)

    def _log(self) -> None:
        p = self.progress
        shown = {"stage": p.stage, "shard": p.shard, "run": p.run, "done": p.done, "total": p.total, "state": p.state}
        if p.state == "failed":
            log.error("%s failed", p.stage, extra=shown | {"error": p.error})
        else:
            log.info("progress", extra=shown | {"eta_s": None if p.eta_s is None else round(p.eta_s, 1)})


def read_progress(lake: Lake, run: str) -> list[Progress]:
    """All steps of a run, stages in the order in which they began, then by shard."""
    found = [Progress(**json.loads(lake.objects.read(entry.key))) for entry in lake.objects.walk(f"progress/{run}/")]
    began = {progress.stage: progress.started_s for progress in sorted(found, key=lambda p: p.started_s, reverse=True)}
    return sorted(found, key=lambda progress: (began[progress.stage], progress.stage, progress.shard))
