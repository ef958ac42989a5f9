"""One number a clip out of many annotators' marks: each one's habit is taken away first (Koala-36M, appendix B).

For annotator a with mean m_a and standard deviation s_a of all marks that he gave, and m and s of all marks together:

    debiased(a, clip) = m + s * (mark(a, clip) - m_a) / s_a        strictness and spread are the same for all
    score(clip)       = mean over a of debiased(a, clip)           one annotator's wavering averages out

Standard deviations are of the population (divided by n). It takes for granted that each annotator saw clips of about
the same kind: whoever saw only bad ones and marked them low is taken for strict.
"""

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean, pstdev

from longtake.records import Label

LOWEST, HIGHEST = 1.0, 5.0
"""The scale of marks and of VTSS."""


def debias(labels: Iterable[Label]) -> dict[str, float]:
    """The debiased score, 1 to 5, of each clip that has a mark, by clip_id.

    Someone who gave every clip the same mark (or marked one alone) tells no clip from another and is left out; a clip
    that only such people marked gets the mean of all marks. Of one annotator alone the marks stay as they are.
    """
    given = list(labels)
    if not given:
        return {}
    of_clip = defaultdict(list)
    for (clip_id, _), mark in debias_marks(given).items():
        of_clip[clip_id].append(mark)
    mean = fmean(label.score for label in given)
    scores = {label.clip_id: fmean(of_clip[label.clip_id] or [mean]) for label in given}
    return {clip_id: min(max(score, LOWEST), HIGHEST) for clip_id, score in scores.items()}


def debias_marks(labels: Iterable[Label]) -> dict[tuple[str, str], float]:
    """Each mark without its annotator's habit, by (clip_id, annotator); it may lie a little outside of 1 to 5.

    Marks of annotators who gave all clips the same are left out.
    """
    given = list(labels)
    of_annotator = defaultdict(list)
    for label in given:
        of_annotator[label.annotator].append(label.score)
    habits = {name: (fmean(marks), pstdev(marks)) for name, marks in of_annotator.items()}
    if not given:
        return {}
    every = [label.score for label in given]
    mean, sd = fmean(every), pstdev(every)
    return {
        (label.clip_id, label.annotator): mean + sd * (label.score - own_mean) / own_sd
        for label in given
        for own_mean, own_sd in (habits[label.annotator],)
        if own_sd > 0
    }
