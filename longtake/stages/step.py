"""What every step does around its own work: telemetry, progress, its report, and the proof that all counts agree."""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from longtake.config import dump_config
from longtake.ending import Ended, ended_by_sigterm
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED, TransientError, UserError
from longtake.lake import Lake, Store, join_uri, open_store
from longtake.progress import Progress, ProgressWriter
from longtake.records import Record, made_by
from longtake.telemetry import Outcomes, StepMetrics, serve_metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Makers:
    """Who makes the rows of a step: `made_by` of its good rows, and of those that failed under the limits of the config.

    Limits make no difference to a good row, and all of it to a failed one: under other limits only that is tried again.
    """

    good: str
    failed: str

    @classmethod
    def of(cls, stage: str, version: int, config: Mapping[str, Any], limits: object) -> "Makers":
        return cls(made_by(stage, version, config), made_by(stage, version, {**config, "limits": dump_config(limits)}))


def open_places(raw: str, data_root: str) -> tuple[Store, Lake]:
    """The raw store and the lake, both reachable. Raises UserError, also where the one would list what the other made."""
    source, lake = open_store(raw), Lake(data_root)
    if f"{lake.data_root}/".startswith(f"{source.uri}/"):
        raise UserError(
            f"the data root {lake.data_root} lies in the raw prefix {source.uri}, so that the clips would be taken for "
            "raw videos; give one outside it"
        )
    source.check(writable=False)
    lake.objects.check(writable=True)
    return source, lake


def open_lake(data_root: str) -> Lake:
    """The lake, reachable, for a step that reads no raw footage. Raises UserError."""
    lake = Lake(data_root)
    lake.objects.check(writable=True)
    return lake


BY_HAND = "by-hand"
"""The run's name where no pipeline gave one."""


class CountMismatch(RuntimeError):
    """Metrics, table and report disagree: a fault of longtake, never of the data."""


@dataclass(kw_only=True)
class Summary:
    """What one step did on one shard, for people and for Kubeflow's metrics."""

    stage: str
    shard: str
    inputs: int = 0
    skipped: int = 0
    """Inputs that were done already."""
    gone: int = 0
    """Inputs that were removed or overwritten since they were listed: no row, the next listing finds out."""
    items: dict[str, int] = field(default_factory=dict)
    """All rows of this shard by outcome, or "outcome:reason"."""
    seconds: float = 0.0
    bytes_read: int = 0
    report_uri: str = ""

    @property
    def quarantined(self) -> int:
        return sum(n for name, n in self.items.items() if name.startswith("quarantined"))

    @property
    def exit_code(self) -> int:
        return EXIT_QUARANTINED if self.quarantined else EXIT_DONE

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"quarantined": self.quarantined})


class Step:
    """One run of one step on one shard. The stage counts through it; `finish` compares and closes the books."""

    def __init__(self, stage: str, lake: Lake, *, run: str, shard: str) -> None:
        self.lake = lake
        self.summary = Summary(stage=stage, shard=shard)
        self.metrics = StepMetrics(stage)
        self._writer = ProgressWriter(lake, Progress(stage=stage, shard=shard, run=run or BY_HAND))

    def facts(self, **more: str) -> dict[str, str]:
        """What tells this step's page from another's: the first line is the one that shows."""
        progress = self._writer.progress
        at = datetime.fromtimestamp(progress.started_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return {"begun": f"{at}, run {progress.run}", "data root": self.lake.data_root, **more}

    def begin(self, *, inputs: int, skipped: int) -> None:
        """Says how many inputs there are and how many of them an earlier run finished."""
        self.summary.inputs, self.summary.skipped = inputs, skipped
        progress = self._writer.progress
        progress.total, progress.done, progress.skipped = inputs, skipped, skipped
        for _ in range(skipped):
            self.metrics.count_input("skipped")
        self.metrics.show_progress(skipped / inputs if inputs else 1.0)
        self._writer.write()

    def count(self, uri: str, rows: Iterable[Record], *, seconds: float, read_bytes: int) -> None:
        """The input at `uri` is finished and gave these rows."""
        failed = False
        for row in rows:
            outcome, reason = row.outcome
            self.metrics.count_item(outcome, reason)
            if outcome == "quarantined":
                failed = True
                told = {"uri": uri, "reason": reason, "detail": getattr(row, "detail", None)}
                log.warning("quarantined: %r, %s", uri, reason, extra=told)  # a name is anybody's words
        self.metrics.count_input("quarantined" if failed else "done", seconds)
        self.metrics.count_bytes("read", read_bytes)
        self.summary.bytes_read += read_bytes
        self.advance()

    def expect(self, inputs: int) -> None:
        """There are so many more inputs than was known."""
        self._writer.progress.total += inputs

    def advance(self) -> None:
        """An input is finished that gives no row."""
        self._writer.advance()
        self.metrics.show_progress(self._writer.progress.done / max(1, self._writer.progress.total))

    def skip_gone(self, uri: str) -> None:
        """The input at `uri` was removed or overwritten before it could be read; the next listing finds out."""
        self.summary.gone += 1
        log.warning("gone since it was listed", extra={"uri": uri})
        self.metrics.count_input("gone")
        self._writer.advance()

    def finish(self, in_table: Outcomes, *, new: Outcomes, report: str, shown: Outcomes) -> Summary:
        """Closes the books on the shard's rows as the table has them now, of which `new` belong to this run's inputs.

        Raises CountMismatch unless the metrics counted just the new rows and the report showed just these counts.
        """
        for name, counted, expected in (
            ("the metrics", self.metrics.items(), new),
            ("the report", shown, in_table),
        ):
            if counted != expected:
                raise CountMismatch(
                    f"{self.summary.stage} {self.summary.shard}: {name} count {flat(counted)}, the table "
                    f"{flat(expected)}; nothing is lost, run the step again and report this"
                )
        return self.publish(report, items=flat(in_table))

    def publish(self, report: str, *, items: dict[str, int]) -> Summary:
        """Puts the page where the run's others are; `items` are what the step worked on, by outcome."""
        progress = self._writer.progress
        key = f"reports/{progress.run}/{progress.stage}-{progress.shard}.html"
        self.lake.objects.put(key, report.encode(), overwrite=True)
        self.summary.report_uri = progress.report_uri = join_uri(self.lake.data_root, key)
        self.summary.items = progress.items = items
        return self.summary

    def close(self, error: BaseException | None) -> None:
        progress = self._writer.progress
        progress.state = "failed" if error else "done"
        progress.error = _sentence(error)[:500] if error else None
        progress.eta_s = None
        self._writer.write()


@contextmanager
def open_step(stage: str, lake: Lake, *, run: str, shard: str) -> Iterator[Step]:
    """A step whose metrics are served and whose end, good or bad, is written down."""
    step = Step(stage, lake, run=run, shard=shard)
    with ended_by_sigterm(), serve_metrics(step.metrics) as place:
        log.info("step began", extra={"stage": stage, "shard": shard, "metrics": place, "pid": os.getpid()})
        try:
            yield step
        except BaseException as error:
            try:
                step.close(error)
            except (UserError, TransientError) as unwritten:  # the step's own error says more than this one
                log.error("the end of the step was not written down", extra={"reason": str(unwritten)})
            raise
        step.metrics.show_success()
        step.close(None)


def _sentence(error: BaseException) -> str:
    """The error's own words; the type of one that was not foreseen before them."""
    if isinstance(error, (UserError, TransientError, CountMismatch, Ended)):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped by Ctrl-C"
    return f"{type(error).__name__}: {error}"


def count_outcomes(rows: Iterable[Record]) -> Outcomes:
    return Counter(row.outcome for row in rows)


def flat(outcomes: Outcomes) -> dict[str, int]:
    """Counts by "outcome" or "outcome:reason"."""
    return {f"{outcome}:{reason}" if reason else outcome: n for (outcome, reason), n in sorted(outcomes.items())}
