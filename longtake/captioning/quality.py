"""How good captions are, counted row by row in memory that does not grow: length, variety, coverage, and what was measured against them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from longtake.captioning.contradictions import Contradiction, contradictions
from longtake.captioning.facts import Facts
from longtake.captioning.schema import NAMES, Parts, count_words
from longtake.records import Caption, Clip
from longtake.report.reservoir import Reservoir

GRAMS = (1, 2, 3, 4)
DISTINCT_TEXTS = 100
"""The more texts, the fewer of their n-grams are new: shares are of so many at a time, so that corpora of any size compare."""
DISTINCT_BLOCKS = 10
"""Of so many texts, whose shares are averaged."""
SAMPLES, EXAMPLES, FLAGGED, FAILED = 24, 30, 20, 200
"""Rows that are kept for a page: of all, with a contradiction, flagged, and without a caption."""


@dataclass(frozen=True)
class Judged:
    """One caption and its clip, with what speaks against it."""

    caption: Caption
    clip: Clip
    against: tuple[Contradiction, ...] = ()


class CaptionTally:
    """What a page says of any number of captions, one by one; their order makes no difference."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """Clips by outcome and reason."""
        self.complaints: Counter[str] = Counter()
        """Answers that were turned down, by reason, whatever became of the clip."""
        self.captioners: Counter[str] = Counter()
        self.seconds = 0.0
        self.words: Counter[int] = Counter()
        """Captions by the number of their words."""
        self.flagged = 0
        self.checked = 0
        """Captions of clips with facts."""
        self.contradicted = 0
        """Of these, with any contradiction."""
        self.kinds: Counter[str] = Counter()
        """Captions by kind of contradiction."""
        self._with: Counter[str] = Counter()
        self._part_words: Counter[str] = Counter()
        self._texts: Reservoir[str] = Reservoir(DISTINCT_TEXTS * DISTINCT_BLOCKS)
        self._samples: Reservoir[Judged] = Reservoir(SAMPLES)
        self._against: Reservoir[Judged] = Reservoir(EXAMPLES)
        self._flags: Reservoir[Judged] = Reservoir(FLAGGED)
        self._failed: Reservoir[Judged] = Reservoir(FAILED)

    def add(self, caption: Caption, clip: Clip) -> None:
        """One row of the table with its clip."""
        self.counts[caption.outcome] += 1
        self.complaints.update((caption.complaints or "").split(",") if caption.complaints else ())
        self.captioners[caption.captioner] += 1
        self.seconds += clip.end_s - clip.start_s
        if caption.reason is not None:
            self._failed.offer(caption.clip_id, Judged(caption, clip))
            return
        self._count_words(caption)
        judged = Judged(caption, clip, self._judge(caption))
        self._samples.offer(caption.clip_id, judged)
        if judged.against:
            self._against.offer(caption.clip_id, judged)
        if caption.flag:
            self.flagged += 1
            self._flags.offer(caption.clip_id, judged)

    def _count_words(self, caption: Caption) -> None:
        if caption.text:
            self.words[count_words(caption.text)] += 1
            self._texts.offer(caption.clip_id, caption.text)
        for name in NAMES:
            if text := getattr(caption, name):
                self._with[name] += 1
                self._part_words[name] += count_words(text)

    def _judge(self, caption: Caption) -> tuple[Contradiction, ...]:
        if caption.facts is None:
            return ()
        texts = {name: getattr(caption, name) or "" for name in NAMES}
        parts = Parts(**texts) if any(texts.values()) else None
        found = tuple(contradictions(caption.text or "", parts, Facts.of_json(caption.facts)))
        self.checked += 1
        self.contradicted += bool(found)
        self.kinds.update(one.kind for one in found)
        return found

    @property
    def kept(self) -> int:
        """Clips with a caption."""
        return self.counts["kept", ""]

    @property
    def mean_words(self) -> float | None:
        return sum(words * n for words, n in self.words.items()) / self.words.total() if self.words else None

    @property
    def median_words(self) -> float | None:
        """Of the middle caption by length, or the mean of the two in the middle."""
        if not self.words:
            return None
        middle = ((self.words.total() - 1) // 2, self.words.total() // 2)
        seen, found = 0, []
        for words, n in sorted(self.words.items()):
            found += [words for place in middle if seen <= place < seen + n]
            seen += n
        return sum(found) / 2

    def coverage(self) -> dict[str, tuple[float, float]]:
        """Of each part the share of captions that have it, and its mean words."""
        captions = max(self.kept, 1)
        return {
            name: (self._with[name] / captions, self._part_words[name] / max(self._with[name], 1)) for name in NAMES
        }

    def distinct(self) -> tuple[dict[int, float], int]:
        """Share of n-grams that differ, by n, among so many texts at a time: 100, or all where there are fewer."""
        texts = self._texts.rows()
        each = min(DISTINCT_TEXTS, len(texts))
        blocks = [texts[at : at + each] for at in range(0, len(texts) - each + 1, each)] if each else []
        shares = [distinct_shares(block) for block in blocks]
        return {n: sum(share[n] for share in shares) / len(shares) for n in GRAMS} if shares else {}, each

    def samples(self) -> list[Judged]:
        """Some captions, the same in whatever order they came."""
        return self._samples.rows()

    def contradicting(self) -> list[Judged]:
        """Some of those that something measured speaks against."""
        return self._against.rows()

    def flags(self) -> list[Judged]:
        return self._flags.rows()

    def failed(self) -> list[Judged]:
        """Some clips without a caption, by reason."""
        return sorted(self._failed.rows(), key=lambda one: (one.caption.reason or "", one.caption.clip_id))

    def clips(self) -> list[Clip]:
        """All clips that a page may name."""
        return [one.clip for one in chain(self.samples(), self.contradicting(), self.flags(), self.failed())]


def distinct_shares(texts: Iterable[str]) -> dict[int, float]:
    """Of the runs of n words in all texts together the share that differ (distinct-n, Li et al. 2016), by n; 1 where there are none."""
    tokens = [re.findall(r"[\w'’-]+", text.lower()) for text in texts]
    shares = {}
    for n in GRAMS:
        grams = [gram for words in tokens for gram in _runs(words, n)]
        shares[n] = len(set(grams)) / len(grams) if grams else 1.0
    return shares


def _runs(words: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(n)), strict=False)
