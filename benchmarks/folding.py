"""Near-duplicates among many fingerprints: seconds, and the peer, which compares each with all representatives so far.

`python -m benchmarks.folding`. Both give the same answer, which is checked. The peer is left out above `--peer-up-to`.
"""

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.measure import clock, machine, median, print_table
from longtake.selecting.config import SelectingConfig
from longtake.selecting.fold import fold
from longtake.selecting.keys import BITS, Indices, Words


def unrelated(count: int, bits: int) -> Words:
    return np.random.default_rng(0).integers(0, 2**64, (count, 4), dtype=np.uint64)


def a_third_copies(count: int, bits: int) -> Words:
    """Footage as it is uploaded again: every third is another one with up to half of `bits` turned."""
    rng = np.random.default_rng(1)
    found = unrelated(count, bits)
    found[2::3] = found[rng.integers(0, count // 3, len(found[2::3])) * 3]
    return turned(found, bits // 4)


def one_family(count: int, bits: int) -> Words:
    """Black clips with a little noise: each is near each other."""
    return turned(np.zeros((count, 4), np.uint64), bits // 2)


def one_hash_varies(count: int, bits: int) -> Words:
    """Made to be slow: 192 bits are the same in all, so that keys tell little apart."""
    found = unrelated(count, bits)
    found[:, 1:] = 0
    return found


def turned(found: Words, most: int) -> Words:
    rng = np.random.default_rng(2)
    for _ in range(most):
        place = rng.integers(0, BITS, len(found))
        found[np.arange(len(found)), place // 64] ^= np.uint64(1) << (place % 64).astype(np.uint64)
    return found


def fold_by_comparing(fingerprints_N4: Words, bits: int) -> Indices:
    heads_N4 = np.empty_like(fingerprints_N4)
    heads: list[int] = []
    found = np.arange(len(fingerprints_N4))
    for number, own in enumerate(fingerprints_N4):
        near = np.bitwise_count(heads_N4[: len(heads)] ^ own).sum(axis=1) <= bits
        if near.any():
            found[number] = heads[int(near.argmax())]
        else:
            heads_N4[len(heads)] = own
            heads.append(number)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--bits", type=int, default=SelectingConfig().duplicate_bits)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-up-to", type=int, default=10_000)
    given = parser.parse_args()
    kinds: list[Callable[[int, int], Words]] = [unrelated, a_third_copies, one_family, one_hash_varies]
    print(f"{machine()}\ndifference of at most {given.bits} bits, median of {given.rounds}\n")
    lines = []
    for kind in kinds:
        for count in given.counts:
            fingerprints_N4 = kind(count, given.bits)
            found: list[Indices] = []
            seconds, peer = [], []
            for _ in range(given.rounds):
                seconds.append(clock(lambda: found.append(fold(fingerprints_N4, given.bits)))[0])  # noqa: B023
                if count <= given.peer_up_to:
                    peer.append(clock(lambda: found.append(fold_by_comparing(fingerprints_N4, given.bits)))[0])  # noqa: B023
            kept = int((found[0] == np.arange(count)).sum())
            same = all((one == found[0]).all() for one in found)
            wall, slow = median(seconds), median(peer) if peer else None
            lines.append(
                (kind.__name__.replace("_", " "), count, kept, wall, slow or "–", slow / wall if slow else "–",
                 ("yes" if same else "no") if peer else "–")
            )  # fmt: skip
    print_table(("fingerprints", "number", "representatives", "s", "peer s", "peer / ours", "same answer"), lines)


if __name__ == "__main__":
    main()
