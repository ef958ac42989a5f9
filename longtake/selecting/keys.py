"""Keys that near fingerprints share, so that near ones are found without comparing all with all.

The bits are dealt into C chunks. Fingerprints that differ in at most b bits differ in at most b chunks, so C - b agree;
with the chunks in C - b - 1 groups, two that agree are in one group (pigeonhole). Every two chunks of a group make a
key: near ones share a key, whatever b is. From C = b + 2 (one group: many keys of many bits) to 2b + 2 (groups of two:
b + 1 plain bands), the C that costs least is taken.

Legend: N fingerprints; 4 words of 64 bits each, W where only bits that vary are left; P pairs.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

BITS = 256
WORDS = BITS // 64
PIECE = 1 << 17
"""Pairs that are made at a time."""
SORT_NS, COMPARE_NS = 60, 30
"""What a key of one fingerprint, and what one pair costs, about: only speed depends on it."""

Words = NDArray[np.uint64]
Indices = NDArray[np.int64]


def plan(bits: int, count: int, varying: int = BITS) -> list[list[int]]:
    """Chunks by group, with the least work for so many fingerprints, so many of whose bits vary like tossed coins."""

    def cost(chunks: int) -> float:
        return count_keys(_groups(bits, chunks)) * (SORT_NS + COMPARE_NS * count / 2 / 2 ** (2 * varying / chunks))

    return _groups(bits, min(range(bits + 2, 2 * bits + 3), key=cost))


def _groups(bits: int, chunks: int) -> list[list[int]]:
    groups = chunks - bits - 1
    return [list(range(group, chunks, groups)) for group in range(groups)]


def count_keys(groups: list[list[int]]) -> int:
    return sum(len(group) * (len(group) - 1) // 2 for group in groups)


def deal(fingerprints_N4: Words) -> tuple[Words, int]:
    """The bits that are not the same in all, shuffled, and how many: neighbouring bits of a picture go together."""
    differ = np.bitwise_or.reduce(fingerprints_N4 ^ fingerprints_N4[:1], axis=0).tolist()
    places = [place for place in range(BITS) if differ[place // 64] >> place % 64 & 1]
    dealt_WN = np.zeros((max(1, -(-len(places) // 64)), len(fingerprints_N4)), np.uint64)
    for to, place in enumerate(np.random.default_rng(0).permutation(places).tolist()):
        bit_N = fingerprints_N4[:, place // 64] >> np.uint64(place % 64) & np.uint64(1)
        dealt_WN[to // 64] |= bit_N << np.uint64(to % 64)
    return dealt_WN, len(places)


def _cut(words_WN: Words, start: int, end: int) -> Words:
    """Bits [start, end), at most 64, of each fingerprint as one number [N]."""
    word, offset = divmod(start, 64)
    chunk_N = words_WN[min(word, len(words_WN) - 1)] >> np.uint64(offset)
    if offset + end - start > 64:
        chunk_N |= words_WN[word + 1] << np.uint64(64 - offset)
    return chunk_N & np.uint64((1 << (end - start)) - 1)


def mates(key_N: Words, heads: int) -> tuple[Indices, Indices, Indices]:
    """The fingerprints by key, then by index; where each one's key begins in that order; how many mates follow there.

    The mates of a fingerprint are those of the first `heads` that share its key and come before it; where there are
    others than heads, heads have none. [N] each.
    """
    count = len(key_N)
    shift = np.uint64(count.bit_length())
    both_N = np.sort(key_N << shift | np.arange(count, dtype=np.uint64))
    order = (both_N & (np.uint64(1) << shift) - np.uint64(1)).astype(np.int64)
    key_N = both_N >> shift
    starts = np.flatnonzero(np.append(True, key_N[1:] != key_N[:-1]))
    sizes = np.diff(np.append(starts, count))
    begins = np.repeat(starts, sizes)
    if heads == count:
        return order, begins, np.arange(count) - begins
    is_head = order < heads
    return order, begins, np.where(is_head, 0, np.repeat(np.add.reduceat(is_head, starts, dtype=np.int64), sizes))


def pairs(order: Indices, begins: Indices, mates_N: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each fingerprint with each of its mates, as the indices of the later and the earlier of each pair [P]."""
    placed = np.flatnonzero(mates_N)
    ends = np.cumsum(mates_N[placed])
    for part in np.split(placed, np.unique(np.searchsorted(ends, np.arange(PIECE, ends[-1:].sum(), PIECE)))):
        many = mates_N[part]
        late = np.repeat(order[part], many)
        step = np.arange(len(late)) - np.repeat(np.cumsum(many) - many, many)
        yield late, order[np.repeat(begins[part], many) + step]


def keys_of(words_WN: Words, varying: int, bits: int) -> Iterator[Words]:
    """Each key of the plan [N]; near fingerprints share at least one. It leaves room for an index beside it."""
    count = words_WN.shape[1]
    groups = plan(bits, count, varying)
    edges = np.linspace(0, varying, sum(map(len, groups)) + 1).astype(int).tolist()
    most = (64 - count.bit_length()) // 2
    for group in groups:
        chunks = [_cut(words_WN, edges[chunk], min(edges[chunk + 1], edges[chunk] + most)) for chunk in group]
        for one_N, other_N in combinations(chunks, 2):
            yield one_N << np.uint64(most) | other_N
