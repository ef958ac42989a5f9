"""Near-duplicates: which clip stands for which, by the bits in which their fingerprints differ.

A clip is compared with the representatives before it: it joins the first near one, or is a representative itself.
Nothing is chained: who joins is near its representative, and no two representatives are near each other.
`keys` has how near ones are found.

Legend: N fingerprints, best first; 4 words of 64 bits each, W where only bits that vary are left; P pairs.
"""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longtake.selecting.keys import BITS, PIECE, WORDS, Indices, Words, count_keys, deal, keys_of, mates, pairs, plan

LEAF = 512
"""So few are compared all with all."""
CANDIDATES_EACH = 256
"""More candidates than this for each fingerprint, and the better half is folded first: who is folded is out of the way."""
NEAR_EACH = 16
"""The same for pairs that are near, which lie in memory."""
COMPARED_EACH = 500
"""Representatives of the better half that each fingerprint is compared with at most, on average."""

log = logging.getLogger(__name__)


def parse_fingerprints(fingerprints: Sequence[str]) -> Words:
    """[N, 4] from N strings of 64 hexadecimal digits; a ValueError names one that is none."""
    for fingerprint in fingerprints:
        if len(fingerprint) != BITS // 4 or not set(fingerprint) <= set("0123456789abcdef"):
            raise ValueError(f"{fingerprint!r} is no fingerprint; expected {BITS // 4} hexadecimal digits")
    return np.frombuffer(bytes.fromhex("".join(fingerprints)), ">u8").astype(np.uint64).reshape(-1, WORDS)


def preference(width: int, height: int, duration_s: float, clip_id: str) -> tuple[int, float, str]:
    """Sort key, best first: of near-duplicates the largest picture stands for the others, then the longest clip."""
    return -width * height, -duration_s, clip_id


def fold(fingerprints_N4: Words, bits: int) -> Indices:
    """Index of the representative of each fingerprint [N], itself where it stands for itself; they come best first.

    Near is a difference in at most `bits` of 256 (0..126). Near ones are never missed, unless the average fingerprint
    shares keys with more than COMPARED_EACH representatives, as made-up data may: then it is compared with the best of
    them alone, near ones may both be kept, and a warning says so. Memory is linear in N.
    """
    if not 0 <= bits <= BITS // 2 - 2:
        raise ValueError(f"bits is {bits}; expected 0 to {BITS // 2 - 2}")
    _, first, inverse = np.unique(_rows(fingerprints_N4), return_index=True, return_inverse=True)
    representative = np.arange(len(fingerprints_N4))
    if bits:
        distinct = np.sort(first)
        folding = _Folding(fingerprints_N4[distinct], bits)
        representative[distinct] = distinct[folding.fold(np.arange(len(distinct)))]
        if folding.cut_N.any():
            log.warning(
                "%d of %d fingerprints have too much in common: some were compared with the best few alone, "
                "and near-duplicates among them may be kept", folding.cut_N.sum(), len(representative),
            )  # fmt: skip
    return representative[first[inverse]]


class _Folding:
    """Fingerprints that all differ, best first, and how they are folded; they are named by ascending indices."""

    def __init__(self, fingerprints_N4: Words, bits: int) -> None:
        self.bits = bits
        self.words_WN, self.varying = deal(fingerprints_N4)
        self.cut_N = np.zeros(len(fingerprints_N4), np.bool_)
        """Which were not compared with all candidates."""

    def fold(self, who: Indices) -> Indices:
        """Which of them each is represented by [len(who)], as places in `who`."""
        count = len(who)
        near = self._near_of_few(who) if count <= LEAF else self._near_of_all(who)
        if near is not None:
            return _greedy(count, near)
        half = count // 2
        place = np.arange(count)
        place[:half] = self.fold(who[:half])
        heads = np.flatnonzero(place[:half] == np.arange(half))
        joined = self._join(who[heads], who[half:])
        found = joined < len(heads)
        place[half:][found] = heads[joined[found]]
        left = half + np.flatnonzero(~found)
        place[left] = left[self.fold(who[left])]
        return place

    def _near_of_few(self, who: Indices) -> Indices:
        """All near pairs as `_greedy` takes them, by comparing all with all."""
        count = len(who)
        words_WN = self.words_WN[:, who]
        found = [np.empty(0, np.int64)]
        rows = PIECE // LEAF
        for start in range(0, count, rows):
            apart = np.bitwise_count(words_WN[:, start : start + rows, None] ^ words_WN[:, None, : start + rows])
            late, early = np.nonzero(apart.sum(axis=0, dtype=np.uint16) <= self.bits)
            late += start
            found.append((late * count + early)[early < late])
        return np.concatenate(found)

    def _near_of_all(self, who: Indices) -> Indices | None:
        """All near pairs as `_greedy` takes them, by keys; None where they, or the candidates, are too many."""
        count = len(who)
        words_WN = self.words_WN[:, who]
        candidates, near = 0, 0
        found = [np.empty(0, np.int64)]
        for key_N in keys_of(words_WN, self.varying, self.bits):
            order, begins, many = mates(key_N, count)
            candidates += int(many.sum())
            if candidates > CANDIDATES_EACH * count:
                return None
            for late, early in pairs(order, begins, many):
                late, early = self._near(words_WN, late, early)
                found.append(late * count + early)
                near += len(late)
            if near > NEAR_EACH * count:
                return None
        return np.concatenate(found)

    def _join(self, heads: Indices, others: Indices) -> Indices:
        """Place of the first head that each other is near to; len(heads) where none is. No two heads are near."""
        words_WN = self.words_WN[:, np.concatenate([heads, others])]
        first = np.full(words_WN.shape[1], len(heads))
        most = max(1, COMPARED_EACH // count_keys(plan(self.bits, words_WN.shape[1], self.varying)))
        left = COMPARED_EACH * len(others)
        for key_N in keys_of(words_WN, self.varying, self.bits):
            order, begins, many = mates(key_N, len(heads))
            if many.sum() > left:
                self.cut_N[others[order[many > most] - len(heads)]] = True
                many = np.minimum(many, most)
            left -= int(many.sum())
            for late, early in pairs(order, begins, many):
                late, early = self._near(words_WN, late, early)
                np.minimum.at(first, late, early)
        return first[len(heads) :]

    def _near(self, words_WN: Words, late: Indices, early: Indices) -> tuple[Indices, Indices]:
        """Those of the pairs [P] that are near; most that are not are told by their first word."""
        apart = np.zeros(len(late), np.uint16)
        for word_N in words_WN:
            apart += np.bitwise_count(word_N[late] ^ word_N[early])
            close = apart <= self.bits
            late, early, apart = late[close], early[close], apart[close]
        return late, early


def _greedy(count: int, near: Indices) -> Indices:
    """Representatives from all near pairs, each said as `later * count + earlier`."""
    place = list(range(count))
    near = np.unique(near)
    for start in range(0, len(near), PIECE):
        later, earlier = np.divmod(near[start : start + PIECE], count)
        for late, early in zip(later.tolist(), earlier.tolist(), strict=True):
            if place[late] == late and place[early] == early:
                place[late] = early
    return np.array(place, np.int64)


def _rows(fingerprints_N4: Words) -> NDArray[np.void]:
    return np.ascontiguousarray(fingerprints_N4).view(np.dtype((np.void, 8 * WORDS))).ravel()
