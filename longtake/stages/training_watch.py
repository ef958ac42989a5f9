"""Shows what a training tells: log, progress, metrics."""

import logging
from collections.abc import Callable

from longtake.dit.step_record import StepRecord
from longtake.scaling.watching import LossWatch
from longtake.stages.step import Step
from longtake.stages.training_events import Began, Event, Finished, Kept
from longtake.stages.training_laws import compare
from longtake.telemetry import TrainingMetrics

log = logging.getLogger(__name__)


class Watch:
    """Shows each event: log, progress, metrics."""

    def __init__(
        self, step: Step, show: Callable[[int, int], None], tell: Callable[[str], None], laws: LossWatch | None = None
    ) -> None:  # fmt: skip
        self._step, self._metrics, self._show, self._tell = step, TrainingMetrics(step.metrics), show, tell
        self._laws = laws
        self.floor = laws.floor if laws else None
        self._steps = 0
        self._peak_flops: float | None = None
        self.params = 0
        self.step = 0
        self.finished: Finished | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case Began():
                self._peak_flops, self.params, self._steps = event.peak_flops, event.params, event.steps
                log.info("training", extra=vars(event))
                if event.step:
                    self._tell(f"goes on from step {event.step:,} of {event.steps:,}")
                self._step.begin(inputs=event.steps, skipped=event.step)
            case StepRecord():
                self._show_step(event)
            case Kept():
                log.info("checkpoint", extra={"at_s": event.at_s})
                self._metrics.show_checkpoint(event.at_s)
            case Finished():
                self.finished = event

    def _show_step(self, record: StepRecord) -> None:
        self.step = record.step
        peak = self._peak_flops
        self._metrics.show_step(record, record.flops / record.seconds / peak if peak and record.seconds else None)
        if record.skipped:
            said = {"step": record.step, "reason": record.skipped, "loss": record.loss, "norm": record.norm}
            log.warning("a step is skipped", extra=said)
        if record.validated is not None:
            log.info(
                "validation", extra={"step": record.step, "loss": record.validated.loss, "train_loss": record.loss}
            )
            if self._laws:
                compare(self._laws, self._metrics, record.step, record.validated)
        self._step.advance()
        self._show(record.step, self._steps)
