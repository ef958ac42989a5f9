"""Whether a new model is better than the one in use: the same samples and noise, video by video."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from longtake.promotion.config import PromotingConfig
from longtake.records import Sample, split_of


@dataclass(frozen=True, slots=True)
class Judged:
    """Losses of both models on one validation sample."""

    video_id: str
    loss: float
    """Of the new model, mean over the draws."""
    previous_loss: float
    """Of the one in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the new model is promoted, and why."""

    promoted: bool
    reason: str
    loss: float | None = None
    previous_loss: float | None = None
    error: float | None = None
    """Standard error of their difference, over videos; none where there is but one."""


def decide(judged: Sequence[Judged], config: PromotingConfig) -> Verdict:
    """Promoted, if the loss is lower by the margin and by more than chance.

    Samples of one video are alike, so that videos are what is counted: each weighs the same, however many samples it has.
    """
    pairs = _by_video(judged)
    loss, previous = fmean(new for new, _ in pairs), fmean(old for _, old in pairs)
    if not math.isfinite(loss):
        return Verdict(promoted=False, reason=f"its loss is {loss}", previous_loss=_finite(previous))
    if not math.isfinite(previous):
        return Verdict(promoted=True, reason=f"its loss is {loss:.4g}, that of the model in use {previous}", loss=loss)
    gains = [old - new for new, old in pairs]
    gain, error = previous - loss, stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else None
    needed = max(config.margin * previous, config.sigmas * (error or 0.0))
    way = "below" if gain >= 0 else "above"
    said = f"its loss {loss:.4g} is {abs(gain) / previous if previous else 0:.2%} {way} the {previous:.4g} of the model in use"
    if gain > 0 and gain >= needed:
        reason = f"{said}, on {_counted(judged, pairs)}"
        return Verdict(promoted=True, reason=reason, loss=loss, previous_loss=previous, error=error)
    return Verdict(
        promoted=False, reason=f"{said}, on {_counted(judged, pairs)}; {_wanted(config, previous, error)}", loss=loss,
        previous_loss=previous, error=error,
    )  # fmt: skip


def held_out(samples: Iterable[Sample], *shares: float) -> list[Sample]:
    """Samples that no model of these validation shares was trained on: a larger share holds out all that a smaller one does."""
    return [sample for sample in samples if split_of(sample.video_id, min(shares)) == "validation"]


def no_judge(share: float) -> str:
    """Why models can't be judged where nothing is held out, and what to do; `share` is that of the samples."""
    return (
        f"no video is held out from both models that could judge them; list more videos, or hold out more than {share:g} of them "
        "(selecting_config: {validation_share: ...}) and put the first model that is trained so into use with `longtake models promote`"
    )


def _by_video(judged: Iterable[Judged]) -> list[tuple[float, float]]:
    """Mean losses of each video, new and old."""
    videos: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        videos[one.video_id].append(one)
    return [
        (fmean(one.loss for one in each), fmean(one.previous_loss for one in each))
        for _, each in sorted(videos.items())
    ]


def _counted(judged: Sequence[Judged], pairs: Sequence[object]) -> str:
    samples, videos = (
        f"{n:,} {word}{'s' if n != 1 else ''}" for n, word in ((len(judged), "sample"), (len(pairs), "video"))
    )
    return f"{samples} of {videos}"


def _wanted(config: PromotingConfig, previous: float, error: float | None) -> str:
    by_chance = config.sigmas * (error or 0.0)
    if by_chance > config.margin * previous:
        return f"by chance alone it may differ by {by_chance / previous:.2%} ({config.sigmas:g} standard errors)"
    return f"a promotion needs {config.margin:.2%} less" if config.margin else "a promotion needs a lower one"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
