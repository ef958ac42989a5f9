"""What a step tells the world while it runs: Prometheus metrics, and log lines in JSON.

Metrics have the prefix `longtake_`, base units, and labels with few values (stage, outcome, reason). They are served
on `/metrics` at `LONGTAKE_METRICS` (default 127.0.0.1 and any free port; a pod sets 0.0.0.0:9090; "off" serves none).
"""

import logging
import os
import sys
import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from pythonjsonlogger.json import JsonFormatter

from longtake import __version__
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.dit.step_record import StepRecord
    from longtake.records import Segment

Outcomes = Tally[tuple[str, str]]
"""How many rows had each (outcome, reason); the reason of a kept row is empty."""

log = logging.getLogger(__name__)

_DURATIONS_S = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)


class StepMetrics:
    """The metrics of one run of one step, in a registry of their own."""

    def __init__(self, stage: str) -> None:
        self.registry = CollectorRegistry()
        self.stage = stage
        self._items = Counter("longtake_items", "Rows written", ["stage", "outcome", "reason"], registry=self.registry)
        self._inputs = Counter("longtake_inputs", "Inputs looked at", ["stage", "outcome"], registry=self.registry)
        self._bytes = Counter("longtake_bytes", "Bytes of footage", ["stage", "direction"], registry=self.registry)
        self._duration = Histogram(
            "longtake_input_duration_seconds", "Time for one input", ["stage"], registry=self.registry,
            buckets=_DURATIONS_S,
        )  # fmt: skip
        self._progress = Gauge("longtake_progress_ratio", "Done inputs of all", ["stage"], registry=self.registry)
        self._success = Gauge(
            "longtake_last_success_timestamp_seconds", "When the step last ended well", ["stage"],
            registry=self.registry,
        )  # fmt: skip
        self._tokens = Counter(
            "longtake_tokens", "Tokens that a model read and wrote", ["stage", "direction"], registry=self.registry
        )
        self._model = Counter("longtake_model_seconds", "Time in a model", ["stage"], registry=self.registry)
        self._complaints = Counter(
            "longtake_answers_rejected", "Answers of a model that were turned down", ["stage", "reason"],
            registry=self.registry,
        )  # fmt: skip
        build = Gauge("longtake_build_info", "Always 1; the version is a label", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._progress.labels(stage).set(0)

    def count_item(self, outcome: str, reason: str) -> None:
        self._items.labels(self.stage, outcome, reason).inc()

    def count_input(self, outcome: str, duration_s: float | None = None) -> None:
        self._inputs.labels(self.stage, outcome).inc()
        if duration_s is not None:
            self._duration.labels(self.stage).observe(duration_s)

    def count_bytes(self, direction: str, size: int) -> None:
        self._bytes.labels(self.stage, direction).inc(size)

    def count_answers(self, *, prompt_tokens: int, answer_tokens: int, model_s: float, rejected: Iterable[str]) -> None:
        """What a model read and wrote for one input, and the reasons of answers that were of no use."""
        self._tokens.labels(self.stage, "read").inc(prompt_tokens)
        self._tokens.labels(self.stage, "written").inc(answer_tokens)
        self._model.labels(self.stage).inc(model_s)
        for reason in rejected:
            self._complaints.labels(self.stage, reason).inc()

    def show_progress(self, ratio: float) -> None:
        self._progress.labels(self.stage).set(ratio)

    def show_success(self) -> None:
        self._success.labels(self.stage).set(time.time())

    def items(self) -> Outcomes:
        """What the served counters say, read back from them."""
        return Tally(
            {
                (sample.labels["outcome"], sample.labels["reason"]): int(sample.value)
                for family in self._items.collect()
                for sample in family.samples
                if sample.name.endswith("_total") and sample.value
            }
        )


class TrainingMetrics:
    """What a training adds to the metrics of its step."""

    def __init__(self, metrics: StepMetrics) -> None:
        where: dict[str, Any] = {"registry": metrics.registry}
        self._steps = Counter("longtake_training_steps", "Steps of the optimiser", ["skipped"], **where)
        self._tokens = Counter("longtake_training_tokens", "Video tokens that were learned from", **where)
        self._flops = Counter("longtake_training_flops", "Operations of forward and backward passes", **where)
        self._seconds = Counter("longtake_training_seconds", "Time in steps, waiting for data included", **where)
        self._waited = Counter("longtake_training_data_wait_seconds", "Time that the device waited for data", **where)
        self._loss = Gauge("longtake_training_loss", "Mean over the batch of the last step", **where)
        self._parts = Gauge(
            "longtake_training_loss_part", "Of a loss that has several parts, by name", ["part"], **where
        )
        self._norm = Gauge("longtake_training_gradient_norm", "Of the last step, before it was bounded", **where)
        self._rate = Gauge("longtake_training_learning_rate", "Of the last step", **where)
        self._validation = Gauge("longtake_training_validation_loss", "Of the averaged weights", **where)
        self._predicted = Gauge(
            "longtake_training_validation_loss_predicted", "By scaling laws: value, and low and high of its band", ["bound"], **where
        )  # fmt: skip
        self._outside = Gauge(
            "longtake_training_validation_loss_outside", "1 while it is outside of that band", **where
        )  # fmt: skip
        self._used = Gauge("longtake_training_flops_used_ratio", "Of the devices' dense peak (MFU)", **where)
        self._micro = Gauge("longtake_training_micro_batch_samples", "That go through the model together", **where)
        self._kept = Gauge(
            "longtake_training_checkpoint_timestamp_seconds", "When the newest checkpoint in the lake was made",
            **where,
        )  # fmt: skip

    def show_step(self, record: "StepRecord", used: float | None) -> None:
        """`used`: operations a second, as a share of what the devices can do at most; None where that is not known."""
        self._steps.labels(record.skipped or "no").inc()
        self._tokens.inc(record.tokens)
        self._flops.inc(record.flops)
        self._seconds.inc(record.seconds)
        self._waited.inc(record.waited_s)
        self._loss.set(record.loss)
        for name, part in record.parts.items():
            self._parts.labels(name).set(part)
        self._norm.set(record.norm)
        self._rate.set(record.lr)
        self._micro.set(record.micro_batch)
        if used is not None:
            self._used.set(used)
        if record.validated is not None:
            self._validation.set(record.validated.loss)

    def show_predicted(self, *, low: float, value: float, high: float, outside: bool) -> None:
        """What laws predict of the validation loss, and whether it is outside of that."""
        for bound, loss in (("low", low), ("value", value), ("high", high)):
            self._predicted.labels(bound).set(loss)
        self._outside.set(outside)

    def show_checkpoint(self, made_s: float) -> None:
        self._kept.set(made_s)


class GeneratingMetrics:
    """What generating adds to the metrics of its step."""

    def __init__(self, metrics: StepMetrics) -> None:
        where: dict[str, Any] = {"registry": metrics.registry}
        self._segments = Counter("longtake_generating_segments", "Segments made", ["verdict"], **where)
        self._seconds = Counter(
            "longtake_generating_seconds", "Time in each part: state, film, dynamics", ["part"], **where
        )
        self._seam = Gauge(
            "longtake_generating_seam_ratio", "Step over the last seam against those about it; 1 is invisible", ["of"], **where
        )  # fmt: skip
        self._drift = Gauge(
            "longtake_generating_drift", "Of the last segment, as the table `segments` names the number", ["number"], **where
        )  # fmt: skip

    def show_segment(self, row: "Segment") -> None:
        self._segments.labels(row.verdict).inc()
        for part, seconds in (("state", row.state_s), ("film", row.film_s), ("dynamics", row.dynamics_s)):
            self._seconds.labels(part).inc(seconds)
        seams = (
            ("pixels", row.seam_pixel_ratio), ("features", row.seam_feature_ratio), ("flow", row.seam_flow_ratio),
        )  # fmt: skip
        for what, ratio in seams:
            if ratio is not None and not row.scene_cut:
                self._seam.labels(what).set(ratio)
        for number in DRIFT_SHOWN:
            if (value := getattr(row, number)) is not None:
                self._drift.labels(number).set(value)


DRIFT_SHOWN = (
    "similarity_to_first", "similarity_to_scene", "colour_levels_from_scene", "flow_px", "saturation", "contrast_levels", "sharpness",
)  # fmt: skip


@contextmanager
def serve_metrics(metrics: StepMetrics) -> Iterator[str]:
    """Serves the metrics while the block runs; gives `host:port`, or "" where they are off."""
    place = os.environ.get("LONGTAKE_METRICS", "127.0.0.1:0")
    if place == "off":
        yield ""
        return
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise UserError(f"LONGTAKE_METRICS is {place!r}; give host:port, or off")
    try:
        server, thread = start_http_server(int(port), addr=host, registry=metrics.registry)
    except OSError as error:  # work goes on without them
        log.warning("metrics are not served", extra={"place": place, "reason": error.strerror})
        yield ""
        return
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def log_json(level: int = logging.INFO) -> None:
    """Sends the log of `longtake` to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter("{message}{levelname}{name}", style="{", timestamp=True, rename_fields={"levelname": "level"})
    )
    root = logging.getLogger("longtake")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False
