"""How far a film drifts from its beginning, segment by segment, while it is made (the note's G.4).

What is kept of the film is its first segment's looks, its scene's first segment's, and its last frame: it does not grow.

Legend: N frames, P pairs of neighbours, H W rows and columns, 3 channels: blue, green, red; E width of features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.evaluation.appearance import Appearance, Frames, colour_distance, look_at
from longtake.evaluation.crossing import crossed
from longtake.evaluation.encoders import Encoder
from longtake.evaluation.film_drift import FilmDrift, summarise
from longtake.evaluation.segment_drift import SegmentDrift
from longtake.evaluation.similarity import Features, cosine, unit
from longtake.scoring.flow import flows, picture_of

__all__ = ["DriftMeter", "Encoder", "FilmDrift", "SegmentDrift", "crossed", "summarise"]

LEAST_LEVELS, LEAST_DISTANCE, LEAST_FLOW_PX = 0.25, 1e-4, 0.05
"""What rounding makes: in a ratio, less of a difference counts as this much, so that a still film's still seam has 1 and a jump in a
still film is large and finite."""
SMALLEST_PX, LARGEST_PX = 96, 256
"""Shorter side of frames whose flow is measured: the search misses small things in smaller ones, and takes long over larger."""

Steps = NDArray[np.float64]
"""3P: of pairs, levels, feature distance, flow."""
Numbers = dict[str, Any]
"""Some fields of a SegmentDrift."""


@dataclass(frozen=True, eq=False)
class _Anchor:
    """What segments are compared with."""

    NAMES: ClassVar[tuple[str, ...]] = ("feature_E", "means_3", "histogram_3L", "levels_3")

    look: Appearance
    feature_E: Features

    def remember(self) -> dict[str, NDArray[np.float64]]:
        look = self.look
        levels_3 = np.array([look.saturation, look.contrast_levels, look.sharpness], np.float64)
        kept = (self.feature_E, look.means_3, look.histogram_3L, levels_3)
        return dict(zip(self.NAMES, kept, strict=True))

    @classmethod
    def recall(cls, kept: Mapping[str, NDArray[np.float64]]) -> "_Anchor":
        saturation, contrast_levels, sharpness = kept["levels_3"].tolist()
        look = Appearance(
            means_3=kept["means_3"], saturation=saturation, contrast_levels=contrast_levels, sharpness=sharpness,
            histogram_3L=kept["histogram_3L"],
        )  # fmt: skip
        return cls(look, kept["feature_E"])


@dataclass(frozen=True, eq=False)
class _Last:
    """Where the film has come to."""

    frame_HW3: Frames
    feature_E: Features
    interior_3P: Steps


class DriftMeter:
    """Measures segments as they come."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._first: _Anchor | None = None
        self._scene: _Anchor | None = None
        self._first_feature_E: Features | None = None
        self._last: _Last | None = None
        self._segment = self._scenes = 0

    def add(self, frames_NHW3: Frames, new_scene: bool, carries_seam: bool = True) -> SegmentDrift:
        """The next segment of the film, uint8. `carries_seam`: its first frame repeats the last of the segment before, as the decoder
        makes it (F.2, 11), and is left out of all numbers; not so in a new scene and in the first segment, all of which is new.

        Raises UserError for frames of another shape than those before, and for a segment without a new frame.
        """
        last, cut = self._last, new_scene and self._last is not None
        new_NHW3 = frames_NHW3[1:] if carries_seam and last is not None and not cut else frames_NHW3
        self._check(frames_NHW3, new_NHW3)
        features_NE = _features(self.encoder, new_NHW3)
        mine = _Anchor(look_at(new_NHW3), features_NE.mean(0))
        if self._first is None or self._first_feature_E is None:
            self._first, self._first_feature_E = mine, features_NE[0]
        if cut or self._scene is None:
            self._scene, self._scenes = mine, self._scenes + 1
        frames = [*([last.frame_HW3] if last else []), *new_NHW3]
        along_NE = np.concatenate([last.feature_E[None], features_NE]) if last else features_NE
        steps_3P = _steps(frames, along_NE)
        seam_3, interior_3P = (steps_3P[:, 0], steps_3P[:, 1:]) if last else (None, steps_3P)
        row = SegmentDrift(
            index=self._segment, scene=self._scenes - 1, scene_cut=cut, frames=len(new_NHW3),
            **_seam(seam_3, np.concatenate([last.interior_3P, interior_3P], axis=1) if last else interior_3P),
            **_interior(interior_3P),
            **_kept(along_NE, self._first_feature_E, interior_3P),
            **_looks(mine, self._first, self._scene),
        )  # fmt: skip
        self._last = _Last(new_NHW3[-1].copy(), features_NE[-1], interior_3P)
        self._segment += 1
        return row

    def remember(self) -> dict[str, NDArray[np.float64]]:
        """All that is kept of the film but its last frame, to the bit: a meter that recalls it measures on as this one would.

        Nothing to remember before the first segment.
        """
        if self._first is None or self._scene is None or self._first_feature_E is None or self._last is None:
            return {}
        return {
            "counted_2": np.array([self._segment, self._scenes], np.float64),
            "first_feature_E": self._first_feature_E,
            "last_feature_E": self._last.feature_E,
            "last_interior_3P": self._last.interior_3P,
            **{f"first.{name}": value for name, value in self._first.remember().items()},
            **{f"scene.{name}": value for name, value in self._scene.remember().items()},
        }

    def recall(self, remembered: Mapping[str, NDArray[np.float64]], last_HW3: Frames) -> None:
        """What `remember` gave, and the film's last frame."""
        self._segment, self._scenes = (int(count) for count in remembered["counted_2"])
        self._first_feature_E = remembered["first_feature_E"]
        self._last = _Last(last_HW3.copy(), remembered["last_feature_E"], remembered["last_interior_3P"])
        self._first, self._scene = (
            _Anchor.recall({name: remembered[f"{which}.{name}"] for name in _Anchor.NAMES})
            for which in ("first", "scene")
        )

    def _check(self, frames_NHW3: Frames, new_NHW3: Frames) -> None:
        if frames_NHW3.ndim != 4 or frames_NHW3.shape[-1] != 3 or frames_NHW3.dtype != np.uint8:
            raise UserError(
                f"a segment is {frames_NHW3.dtype} {list(frames_NHW3.shape)}; expected frames [N, H, W, 3] of uint8"
            )
        if not len(new_NHW3):
            raise UserError(
                f"segment {self._segment} has {len(frames_NHW3)} frames, none of them new; give it at least one more"
            )
        if self._last is not None and frames_NHW3.shape[1:] != self._last.frame_HW3.shape:
            (rows, columns), (height, width) = frames_NHW3.shape[1:3], self._last.frame_HW3.shape[:2]
            raise UserError(
                f"segment {self._segment} is {columns}x{rows}, the film {width}x{height}; measure segments of one size"
            )


def _features(encoder: Encoder, frames_NHW3: Frames) -> Features:
    features_NE = np.asarray(encoder(frames_NHW3), np.float64)
    if features_NE.ndim != 2 or len(features_NE) != len(frames_NHW3):
        raise UserError(
            f"{encoder.name} gave features {list(features_NE.shape)} for {len(frames_NHW3)} frames; expected a row each"
        )
    return unit(features_NE)


def _steps(frames: Sequence[Frames], features_NE: Features) -> Steps:
    """From each frame to the next."""
    levels_P = [float(cv2.absdiff(a, b).mean()) for a, b in pairwise(frames)]
    distances_P = 1.0 - cosine(features_NE[1:], features_NE[:-1])
    return np.array([levels_P, distances_P, _flow_px(frames)], np.float64).reshape(3, -1)


def _flow_px(frames: Sequence[Frames]) -> list[float]:
    """Mean length of the flow from each frame to the next, pixels of the film."""
    side_px = min(frames[0].shape[:2])
    scale = min(max(side_px, SMALLEST_PX), LARGEST_PX) / side_px
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    lumas = [cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in frames]
    sized = [cv2.resize(luma_HW, None, fx=scale, fy=scale, interpolation=how).astype(np.uint8) for luma_HW in lumas]
    found = flows([picture_of(luma_hw) for luma_hw in sized])
    return [float(np.linalg.norm(flow.moved_hw2, axis=-1).mean()) / scale for flow in found]


def _seam(seam_3: Steps | None, about_3P: Steps) -> Numbers:
    """The step over the seam, and against the median of the interior pairs on both sides."""
    names = ("seam_pixel_levels", "seam_feature_distance", "seam_flow_px")
    ratios = ("seam_pixel_ratio", "seam_feature_ratio", "seam_flow_ratio")
    if seam_3 is None:
        return dict.fromkeys((*names, *ratios))
    found: Numbers = dict(zip(names, seam_3.tolist(), strict=True))
    if not about_3P.shape[1]:
        return found | dict.fromkeys(ratios)
    least_3 = np.array([LEAST_LEVELS, LEAST_DISTANCE, LEAST_FLOW_PX])
    ratio_3 = np.maximum(seam_3, least_3) / np.maximum(np.median(about_3P, axis=1), least_3)
    return found | dict(zip(ratios, ratio_3.tolist(), strict=True))


def _interior(interior_3P: Steps) -> Numbers:
    if not interior_3P.shape[1]:
        return dict.fromkeys(("flicker", "motion_levels", "flow_px"))
    levels, _, flow_px = interior_3P.mean(1).tolist()
    return {"flicker": (255 - levels) / 255, "motion_levels": levels, "flow_px": flow_px}


def _kept(along_NE: Features, first_E: Features, interior_3P: Steps) -> Numbers:
    """How alike frames stay; `along_NE` begins with the frame before the seam, where there is one."""
    to_before = np.maximum(cosine(along_NE[1:], along_NE[:-1]), 0)
    to_first = np.maximum(cosine(along_NE[1:], first_E), 0)
    return {
        "consistency": float(((to_before + to_first) / 2).mean()) if len(along_NE) > 1 else None,
        "adjacent_similarity": float(np.maximum(1 - interior_3P[1], 0).mean()) if interior_3P.shape[1] else None,
    }


def _looks(mine: _Anchor, first: _Anchor, scene: _Anchor) -> Numbers:
    look, (blue, green, red) = mine.look, mine.look.means_3.tolist()
    return {
        "similarity_to_first": float(cosine(mine.feature_E, first.feature_E)),
        "similarity_to_scene": float(cosine(mine.feature_E, scene.feature_E)),
        "blue_levels": blue, "green_levels": green, "red_levels": red,
        "saturation": look.saturation, "contrast_levels": look.contrast_levels, "sharpness": look.sharpness,
        "colour_levels_from_first": colour_distance(look.histogram_3L, first.look.histogram_3L),
        "colour_levels_from_scene": colour_distance(look.histogram_3L, scene.look.histogram_3L),
    }  # fmt: skip
