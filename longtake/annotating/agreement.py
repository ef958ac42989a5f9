"""How far annotators agree, before and after debiasing.

Debiasing moves and stretches each annotator's marks as a whole, so it can't change the correlation of two annotators.
What it can change is what compares marks themselves (Krippendorff's alpha) or averages several people's.

Legend: A annotators, C clips, N marks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from longtake.annotating.debiasing import debias_marks
from longtake.records import Label

MIN_SHARED = 3
"""Clips that two must share for a correlation: over two clips it is always 1 or -1."""
Marks = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class AnnotatorAgreement:
    """One annotator beside the others. `before` and `after` are about debiasing; None where it is not defined."""

    annotator: str
    marks: int
    mean: float
    sd: float
    """Of the population; 0: the same mark for every clip, which debiasing leaves out."""
    shared: int
    """Clips that somebody else marked as well."""
    plcc_before: float | None
    """Pearson correlation of his marks with the mean of the others' marks, over shared clips."""
    plcc_after: float | None
    srcc_before: float | None
    """The same by ranks (Spearman)."""
    srcc_after: float | None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """All annotators."""

    marks: int
    clips: int
    shared_clips: int
    """Clips with two marks or more."""
    pairs: int
    """Pairs of annotators with a correlation: enough shared clips, and neither gave them all one mark."""
    pairwise_plcc: float | None
    """Mean over pairs; debiasing does not change it."""
    pairwise_srcc: float | None
    alpha_before: float | None
    """Krippendorff's alpha for intervals: 1 perfect, 0 no better than chance. None without shared clips or differences."""
    alpha_after: float | None
    annotators: tuple[AnnotatorAgreement, ...]


def measure_agreement(labels: Iterable[Label]) -> Agreement:
    """What the marks say of those who gave them; annotators by name."""
    given = list(labels)
    names = sorted({label.annotator for label in given})
    clips = sorted({label.clip_id for label in given})
    before_AC = _table({(label.clip_id, label.annotator): label.score for label in given}, clips, names)
    after_AC = _table(debias_marks(given), clips, names)
    pairs = [
        (plcc, srcc)
        for a, b in combinations(before_AC, 2)
        if (plcc := correlate(a, b)) is not None and (srcc := correlate_ranks(a, b)) is not None
    ]
    shared_C = (~np.isnan(before_AC)).sum(axis=0) > 1
    return Agreement(
        marks=len(given),
        clips=len(clips),
        shared_clips=int(shared_C.sum()),
        pairs=len(pairs),
        pairwise_plcc=fmean(plcc for plcc, _ in pairs) if pairs else None,
        pairwise_srcc=fmean(srcc for _, srcc in pairs) if pairs else None,
        alpha_before=interval_alpha(before_AC),
        alpha_after=interval_alpha(after_AC),
        annotators=tuple(_beside_others(index, name, before_AC, after_AC) for index, name in enumerate(names)),
    )


def correlate(a_C: Marks, b_C: Marks) -> float | None:
    """Pearson correlation over the places where both have a number; None for too few, and where one does not vary."""
    both_C = ~(np.isnan(a_C) | np.isnan(b_C))
    a_N, b_N = a_C[both_C], b_C[both_C]
    if len(a_N) < MIN_SHARED or np.ptp(a_N) == 0 or np.ptp(b_N) == 0:
        return None
    return float(np.clip(np.corrcoef(a_N, b_N)[0, 1], -1.0, 1.0))


def correlate_ranks(a_C: Marks, b_C: Marks) -> float | None:
    """Spearman correlation: `correlate` of the ranks, in which equal numbers share their mean rank."""
    both_C = ~(np.isnan(a_C) | np.isnan(b_C))
    return correlate(_ranks(a_C[both_C]), _ranks(b_C[both_C]))


def interval_alpha(marks_AC: Marks) -> float | None:
    """Krippendorff's alpha for intervals, 1 - D_observed / D_expected, of clips with two marks or more.

    Squared differences within clips over those between any two marks, both as sums of squares about a mean.
    """
    count_C = (~np.isnan(marks_AC)).sum(axis=0)
    shared_AC, count_C = marks_AC[:, count_C > 1], count_C[count_C > 1]
    n = int(count_C.sum())
    if n == 0:
        return None
    within_C = np.nansum((shared_AC - np.nanmean(shared_AC, axis=0)) ** 2, axis=0)
    observed = float((2 * count_C * within_C / (count_C - 1)).sum() / n)
    expected = float(2 * np.nansum((shared_AC - np.nanmean(shared_AC)) ** 2) / (n - 1))
    return 1 - observed / expected if expected else None


def _beside_others(index: int, name: str, before_AC: Marks, after_AC: Marks) -> AnnotatorAgreement:
    own_C = before_AC[index]
    before_others_C, after_others_C = (_means(np.delete(marks_AC, index, axis=0)) for marks_AC in (before_AC, after_AC))
    return AnnotatorAgreement(
        annotator=name,
        marks=int((~np.isnan(own_C)).sum()),
        mean=float(np.nanmean(own_C)),
        sd=float(np.nanstd(own_C)),
        shared=int((~np.isnan(own_C) & ~np.isnan(before_others_C)).sum()),
        plcc_before=correlate(own_C, before_others_C),
        plcc_after=correlate(after_AC[index], after_others_C),
        srcc_before=correlate_ranks(own_C, before_others_C),
        srcc_after=correlate_ranks(after_AC[index], after_others_C),
    )


def _table(marks: dict[tuple[str, str], float], clips: list[str], names: list[str]) -> Marks:
    """[A, C], NaN where there is no mark."""
    place_A, place_C = ({item: at for at, item in enumerate(items)} for items in (names, clips))
    table_AC = np.full((len(names), len(clips)), np.nan)
    for (clip_id, name), mark in marks.items():
        table_AC[place_A[name], place_C[clip_id]] = mark
    return table_AC


def _means(marks_AC: Marks) -> Marks:
    """Mean mark of each clip, [C], NaN where nobody gave one."""
    count_C = (~np.isnan(marks_AC)).sum(axis=0)
    return np.where(count_C > 0, np.nansum(marks_AC, axis=0) / np.maximum(count_C, 1), np.nan)


def _ranks(values_N: Marks) -> Marks:
    """Ranks from 1; what differs in the ninth decimal is equal, since means of the same marks may differ there."""
    _, place_N, counts = np.unique(np.round(values_N, 9), return_inverse=True, return_counts=True)
    ranks: Marks = (np.cumsum(counts) - (counts - 1) / 2)[place_N]
    return ranks
