"""The arithmetic of C.3: stretches of a video with their texts become chains of equal clips, apart from each other and in order."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from longtake.owl.annotations.plans import LONGEST_S, SEAM_S, ClipPlan, Conversion, LeftOut, first_words

Chain = list[ClipPlan]
"""Clips of which each begins where the one before ends, but at a cut."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Some seconds of a video and what is told of them."""

    start_s: float
    end_s: float
    text: str
    after_cut: bool = False
    """A cut lies between this and the span before it."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """Metrics of these seconds."""


def cut_spans(spans: Sequence[Span], conversion: Conversion) -> list[Chain]:
    """Clips of spans that follow each other without a gap, as scenes do: each span is cut from its beginning on.

    A clip stays within the first span's beginning and the last one's end. What is dropped ends a chain, but at a cut.
    """
    clip_s, chains, free_s, cut = conversion.clip_s, [Chain()], -math.inf, False
    for span in spans:
        cut = cut or span.after_cut
        begin_s = max(span.start_s, free_s)
        told_s = (span.end_s - begin_s) / clip_s
        count = max(0, math.floor(told_s + 1 - conversion.least_share + SEAM_S))
        fit = math.floor((spans[-1].end_s - begin_s) / clip_s + SEAM_S)
        for number in range(min(count, fit)):
            start_s = begin_s + number * clip_s
            if chains[-1] and not cut and start_s > free_s + SEAM_S:
                chains.append(Chain())
            free_s = begin_s + (number + 1) * clip_s
            chains[-1].append(_clip(start_s, free_s, span, bool(chains[-1]) and cut, conversion))
            cut = False
    return [chain for chain in chains if chain]


def cover_clips(
    duration_s: float, spans: Sequence[Span], cuts_s: Sequence[float], conversion: Conversion
) -> tuple[list[Chain], list[tuple[float, float]]]:
    """Clips of a video whose spans overlap and leave gaps, as events do: the video is cut from 0 on, and each clip takes the span that
    covers most of it; of those that cover as much the shortest, which says most of these seconds, then the earliest.

    Also the clips that no span covers enough: start_s, and the share that the best one covers. They end a chain.
    """
    clip_s, chains, missed = conversion.clip_s, [Chain()], []
    ordered, cuts = sorted(spans, key=lambda span: (span.start_s, span.end_s)), sorted(cuts_s)
    before: Span | None = None
    for number in range(math.floor(duration_s / clip_s + SEAM_S)):
        start_s, end_s = number * clip_s, (number + 1) * clip_s
        shares = [(min(span.end_s, end_s) - max(span.start_s, start_s)) / clip_s for span in ordered]
        best = min(range(len(ordered)), key=lambda one: _merit(shares[one], ordered[one]), default=None)
        if best is None or shares[best] < conversion.least_share - SEAM_S:
            missed.append((start_s, max(0.0, shares[best]) if best is not None else 0.0))
            chains.append(Chain())
            before = None
            continue
        span = ordered[best]
        new_scene = before is not None and span is not before and _near(start_s, cuts, conversion.cut_reach * clip_s)
        chains[-1].append(_clip(start_s, end_s, span, new_scene, conversion))
        before = span
    return [chain for chain in chains if chain], missed


def read_span(
    place: str, start: object, end: object, text: object, duration_s: float = LONGEST_S, after_cut: bool = False
) -> Span | LeftOut:
    """A stretch as a file gives it, cut off at the video's ends; or why it is none."""
    start_s, end_s, told = read_seconds(start), read_seconds(end), read_text(text)
    if start_s is None or end_s is None:
        return LeftOut(place=place, reason="not_a_number", detail=f"{start!r:.40} to {end!r:.40}")
    if not start_s < end_s:
        return LeftOut(place=place, reason="reversed", detail=f"{start_s:g} to {end_s:g} s")
    if not told:
        return LeftOut(place=place, reason="empty_text")
    start_s, end_s = max(0.0, start_s), min(end_s, duration_s)
    if not start_s < end_s:
        return LeftOut(place=place, reason="outside", detail=f"{start!r:.40} to {end!r:.40} of {duration_s:g} s")
    return Span(start_s=start_s, end_s=end_s, text=told, after_cut=after_cut)


def read_seconds(value: object) -> float | None:
    """A number of seconds, a day at most on either side of 0; none for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -LONGEST_S <= value <= LONGEST_S else None


def read_text(value: object) -> str:
    """A text on one line; "" for what is none, and for one that no file could hold (a lone surrogate)."""
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        return ""
    return " ".join(value.replace("\0", " ").split())


def _merit(share: float, span: Span) -> tuple[float, float, float]:
    """The least is the best; shares that differ by rounding are the same."""
    return -round(share, 6), span.end_s - span.start_s, span.start_s


def _near(at_s: float, cuts_s: Sequence[float], reach_s: float) -> bool:
    """Whether one of the sorted times is no farther away."""
    place = bisect_left(cuts_s, at_s - reach_s - SEAM_S)
    return place < len(cuts_s) and cuts_s[place] <= at_s + reach_s + SEAM_S


def _clip(start_s: float, end_s: float, span: Span, new_scene: bool, conversion: Conversion) -> ClipPlan:
    return ClipPlan(
        start_s=start_s, end_s=end_s, text=first_words(span.text, conversion.words), new_scene=new_scene, conditions=span.conditions
    )  # fmt: skip
