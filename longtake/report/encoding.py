"""The page of an encoding: what became of the clips, how well latents keep them, their shapes, and some to look at."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from markupsafe import Markup

from longtake.records import Clip, Sample
from longtake.report.distribution import bin_edges, count_into
from longtake.report.page import count_rows, render_page
from longtake.report.pictures import PAGE_BYTES, choose, in_turn, left_out
from longtake.report.plots import histogram_svg, number
from longtake.report.reservoir import Reservoir

SAMPLES, WORST, FAILED = 10, 4, 200
"""Rows that are kept for a page: of all, with the lowest PSNR, and without a sample."""
SHAPES = 20
"""That are listed."""


@dataclass(frozen=True)
class Shown:
    """One sample, or a clip without any."""

    sample: Sample
    clip: Clip


class EncodingTally:
    """What a page says of any number of rows, one by one; their order makes no difference."""

    def __init__(self, fps: float) -> None:
        """`fps`: frames of a window per second of footage."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """Rows by outcome and reason."""
        self.shapes: Counter[tuple[int, ...]] = Counter()
        """Samples by frames, height, width, and t, h, w of their latents."""
        self.psnrs: Counter[float] = Counter()
        """Samples by PSNR, to a tenth of a dB."""
        self.text_tokens: Counter[int] = Counter()
        self.seconds = 0.0
        """Of footage in the samples."""
        self._fps = fps
        self._samples: Reservoir[Shown] = Reservoir(SAMPLES)
        self._failed: Reservoir[Shown] = Reservoir(FAILED)
        self._worst: list[Shown] = []

    def add(self, sample: Sample, clip: Clip) -> None:
        """One row."""
        self.counts[sample.outcome] += 1
        shown = Shown(sample, clip)
        if sample.frames is None:
            self._failed.offer(clip.clip_id, shown)
            return
        shape = (sample.frames, sample.height, sample.width, sample.latent_T, sample.latent_H, sample.latent_W)
        self.shapes[tuple(side or 0 for side in shape)] += 1
        self.text_tokens[sample.text_tokens or 0] += 1
        self.seconds += sample.frames / self._fps
        if sample.psnr is not None:
            self.psnrs[round(sample.psnr, 1)] += 1
        if sample.window == 0:
            self._samples.offer(clip.clip_id, shown)
            if sample.psnr is not None:
                self._worst = sorted([*self._worst, shown], key=_badness)[:WORST]

    @property
    def kept(self) -> int:
        return self.counts["kept", ""]

    @property
    def mean_psnr(self) -> float | None:
        """Of the samples that were judged; None where none was."""
        return sum(value * n for value, n in self.psnrs.items()) / self.psnrs.total() if self.psnrs else None

    def samples(self) -> list[Shown]:
        """Some samples, the same in whatever order they came."""
        return self._samples.rows()

    def worst(self) -> list[Shown]:
        """Those whose latents say least of them, where they are not among the samples."""
        shown = {one.clip.clip_id for one in self.samples()}
        return [one for one in self._worst if one.clip.clip_id not in shown]

    def failed(self) -> list[Shown]:
        """Some clips without a sample, by reason."""
        return sorted(self._failed.rows(), key=lambda one: (one.sample.reason or "", one.clip.clip_id))

    def clips(self) -> list[Clip]:
        """All clips that a page may name."""
        return [one.clip for one in chain(self.samples(), self.worst(), self.failed())]


def encoding_sheet(
    tally: EncodingTally,
    strip: Callable[[Clip], bytes],
    *,
    channels: int,
    statistics: Mapping[str, tuple[float, float]],
    sentences: Mapping[str, str],
    facts: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """The page; captions on it are untrusted, and escaped.

    `strip` gives frames of a clip above what was decoded of them (JPEG), empty where it is missing. `statistics` are mean and
    deviation of each condition. `names` says where a video lies by video_id, of all `tally.clips()`.
    """
    total = tally.counts.total()
    values: dict[str, Any] = {
        "title": "Encoding",
        "place": f"dataset {facts['dataset']}",
        "facts": facts,
        "counts": count_rows(tally.counts, sentences),
        "total": total,
        "tally": tally,
        "share_kept": tally.kept / total if total else None,
        "hours": tally.seconds / 3600,
        "psnr": _histogram(tally.psnrs, "PSNR, dB"),
        "texts": _histogram(tally.text_tokens, "text tokens"),
        "mean_tokens": sum(length * n for length, n in tally.text_tokens.items()) / max(1, tally.text_tokens.total()),
        "shapes": [_shape(shape, count, channels) for shape, count in tally.shapes.most_common(SHAPES)],
        "more_shapes": max(0, len(tally.shapes) - SHAPES),
        "statistics": {name: tuple(map(number, pair)) for name, pair in statistics.items()},
        "samples": tally.samples(),
        "worst": tally.worst(),
        "failed": tally.failed(),
        "failed_count": total - tally.kept,
        "names": names,
    }
    pictured = [one.clip for one in in_turn(values["samples"], values["worst"])]
    room = PAGE_BYTES - len(render_page("encoding.html", **values, pictures={}, missing=0).encode())
    pictures = choose(pictured, strip, room)
    return render_page("encoding.html", **values, pictures=pictures, missing=left_out(pictured, pictures))


def _badness(shown: Shown) -> tuple[float, str]:
    return shown.sample.psnr or 0.0, shown.clip.clip_id


def _histogram(values: Mapping[float, int] | Mapping[int, int], label: str) -> Markup | str:
    """Bars of values with how often each comes; empty where there are none."""
    listed = [float(value) for value, n in values.items() for _ in range(n)]
    edges = bin_edges(listed)
    return histogram_svg(count_into(listed, edges), edges, label=label) if listed else ""


def _shape(shape: tuple[int, ...], count: int, channels: int) -> dict[str, Any]:
    """A line of the table of shapes."""
    frames, height, width, t, h, w = shape
    return {
        "window": f"{frames} × {height} × {width}",
        "latents": f"{channels} × {t} × {h} × {w}",
        "smaller": f"{3 * frames * height * width / (channels * t * h * w):.0f} ×",
        "bytes": 2 * channels * t * h * w,
        "count": count,
    }
