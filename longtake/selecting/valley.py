"""The threshold on VTSS: the valley between the two Gaussians that the clips' scores are fitted by.

Koala-36M keeps what lies above the valley of its two Gaussians, 2.5 (section 4.3); it does not say how they are fitted. Here
by expectation maximisation on a histogram, which is as exact as its bins of 0.01 and takes the same memory however many
clips there are. In numpy alone: selecting runs in an image that has no scipy and no scikit-learn.

Legend: B bins, 2 Gaussians, the lower first; G thresholds that are looked at.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEAST, MOST, STEP = 1, 5, 100
"""VTSS lies between the first two; there are so many bins to a point."""
EDGES = np.arange(LEAST * STEP, MOST * STEP + 1) / STEP
"""[B + 1]: 1.00, 1.01, ... 5.00, each the double next to it, so that a score of 2.39 is in the bin that begins there."""
PAPER_THRESHOLD = 2.5
"""The valley of Koala-36M's own scores (section 4.3)."""

FEWEST_CLIPS = 100
"""The valley of so many clips still moves by a tenth of a point or two from one sample of footage to the next."""
LEAST_WEIGHT = 0.05
"""A Gaussian of less is a few odd clips, and not one of two kinds of footage."""
LEAST_SD = 0.1
"""Clips with one and the same score, as at an end of the scale, would shrink a Gaussian to nothing."""
CHANCE_SDS = 1.5
"""A valley has fewer clips than either peak by more than so many standard deviations of what chance makes."""
WINDOW = 30
"""Bins on either side of a place that are counted for it."""
_STARTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the clips that the lower Gaussian begins with; the likeliest end is taken."""
_ROUNDS, _SETTLED = 2000, 1e-9

_CENTRES = (EDGES[:-1] + EDGES[1:]) / 2

Counts = NDArray[np.int64]
How = Literal["given", "valley", "fallback"]


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two Gaussians, the lower first."""

    weights: tuple[float, float]
    """They add up to 1."""
    means: tuple[float, float]
    sds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cut:
    """The least VTSS that is kept, and why that one."""

    threshold: float
    how: How
    sentence: str
    """The same for people."""
    mixture: Mixture | None
    """What the scores were fitted by; None where there were too few."""


def count_scores(scores: Iterable[float]) -> Counts:
    """How many scores are in each bin [B]; one that is out of range counts in the bin at that end, NaN in none."""
    values = np.fromiter(scores, np.float64)
    bins = np.searchsorted(EDGES, values[~np.isnan(values)], side="right") - 1
    return np.bincount(bins.clip(0, len(_CENTRES) - 1), minlength=len(_CENTRES))


def bin_of(score: float) -> int:
    """Which bin a score is in, as `count_scores` says; it is no NaN."""
    return min(max(int(np.searchsorted(EDGES, score, side="right")) - 1, 0), len(_CENTRES) - 1)


def choose_threshold(counts_B: Counts, given: float | None = None) -> Cut:
    """The threshold that is given, else the valley to two decimals, else the paper's.

    Scores at the very ends of the scale were clipped to them: they would be peaks of their own, and are not fitted.
    """
    counts_B = np.concatenate([[0], counts_B[1:-1], [0]])
    clips = int(counts_B.sum())
    mixture = fit(counts_B) if clips >= FEWEST_CLIPS and np.count_nonzero(counts_B) > 1 else None
    if given is not None:
        return Cut(given, "given", f"{given:g}, as the config says", mixture)
    if mixture is None:
        why = (
            f"{clips} clips within the scale are too few to fit, {FEWEST_CLIPS} at least"
            if clips < FEWEST_CLIPS
            else "all are equal"
        )
        return _fallback(why, None)
    low, high = mixture.means
    if min(mixture.weights) < LEAST_WEIGHT:
        return _fallback(f"there is one kind of clip, around {mixture.means[np.argmax(mixture.weights)]:.1f}", mixture)
    valley = find_valley(mixture)
    if valley is None:
        return _fallback(f"the Gaussians around {low:.1f} and {high:.1f} run into one, without a valley", mixture)
    if not _is_seen(counts_B, mixture, valley):
        return _fallback(f"the scores do not thin out between the Gaussians around {low:.1f} and {high:.1f}", mixture)
    shares = [f"{mean:.1f} ({weight:.0%})" for mean, weight in zip(mixture.means, mixture.weights, strict=True)]
    return Cut(valley, "valley", f"{valley:g}, the valley between the clips around {' and '.join(shares)}", mixture)


def fit(counts_B: Counts) -> Mixture:
    """The likeliest mixture, from several starts; it depends on the counts alone. Two bins at least must have clips."""
    ends = [_maximise(counts_B, share) for share in _STARTS]
    return max(ends, key=lambda end: end[0])[1]


def find_valley(mixture: Mixture) -> float | None:
    """Where between the two means the density is least, to two decimals; None where it has one peak.

    Two Gaussians have two peaks at most, both between the means, so there is one valley or none.
    """
    low, high = mixture.means
    places_G = EDGES[(low <= EDGES) & (high >= EDGES)]
    heights_G = np.logaddexp(*_log_parts(mixture, places_G))
    inner = (heights_G[:-2] > heights_G[1:-1]) & (heights_G[1:-1] <= heights_G[2:])
    return float(places_G[1:-1][inner][0]) if inner.any() else None


def density(mixture: Mixture, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the clips a point of VTSS, at each place: of the lower Gaussian and of the upper [2, ...]."""
    parts: NDArray[np.float64] = np.exp(_log_parts(mixture, places))
    return parts


def _maximise(counts_B: Counts, share: float) -> tuple[float, Mixture]:
    """Log likelihood a clip, and the mixture, from a start at which the lower Gaussian has this share of the clips."""
    clips = counts_B.sum()
    below_B = np.diff(np.minimum(np.cumsum(counts_B), share * clips), prepend=0.0)
    clips_2B = np.stack([below_B, counts_B - below_B])
    likelihood = -math.inf
    for _ in range(_ROUNDS):
        weights_2 = clips_2B.sum(axis=1).clip(1e-12)
        means_2 = clips_2B @ _CENTRES / weights_2
        sds_2 = np.sqrt((clips_2B * (_CENTRES - means_2[:, None]) ** 2).sum(axis=1) / weights_2).clip(LEAST_SD)
        order = np.argsort(means_2)
        low, high = (
            (float(weights_2[n] / clips), float(means_2[n]), float(sds_2[n])) for n in order
        )  # (weight, mean, sd)
        mixture = Mixture((low[0], high[0]), (low[1], high[1]), (low[2], high[2]))
        logs_2B = _log_parts(mixture, _CENTRES)
        both_B = np.logaddexp(*logs_2B)
        before, likelihood = likelihood, float(counts_B @ both_B / clips)
        if likelihood - before < _SETTLED:
            break
        clips_2B = counts_B * np.exp(logs_2B - both_B)
    return likelihood, mixture


def _log_parts(mixture: Mixture, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of each Gaussian's density, its weight in it [2, ...]; the density itself is 0 far off."""
    weights_2, means_2, sds_2 = (np.array(of)[:, None] for of in (mixture.weights, mixture.means, mixture.sds))
    logs: NDArray[np.float64] = (
        np.log(weights_2.clip(1e-300) / sds_2 / math.sqrt(2 * math.pi)) - ((places - means_2) / sds_2) ** 2 / 2
    )
    return logs


def _is_seen(counts_B: Counts, mixture: Mixture, valley: float) -> bool:
    """Whether the clips themselves are fewer there than at either mean: two Gaussians fit an even spread with a valley too."""
    there, low, high = (_clips_about(counts_B, place) for place in (valley, *mixture.means))
    return all(peak - there > CHANCE_SDS * math.sqrt(peak + there) for peak in (low, high))


def _clips_about(counts_B: Counts, place: float) -> float:
    """Clips within WINDOW bins of the place, made up for bins that would lie beyond an end."""
    bin_ = int(np.searchsorted(EDGES, place))
    near_B = counts_B[max(0, bin_ - WINDOW) : bin_ + WINDOW]
    return float(near_B.sum()) * 2 * WINDOW / len(near_B)


def _fallback(why: str, mixture: Mixture | None) -> Cut:
    return Cut(PAPER_THRESHOLD, "fallback", f"{PAPER_THRESHOLD:g}, the paper's: {why}", mixture)
