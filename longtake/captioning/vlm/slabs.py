"""The keys and values of sequences that are decoded side by side, in memory that stays where it is.

Rows end in the same column, so that one token of each is written at once; shorter ones begin later, and what lies before them is masked.
A sequence that ends gives its row to the last one, a new one gets the row behind; what all rows have behind them is no longer read.

Legend: S rows that there is room for, B rows in use, H heads, C columns that there is room for, L columns in use, D numbers of a head.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

LEAST_COLUMNS = 256
"""That room is made for at once; there are at least twice as many as are needed each time."""


class Slab(CacheLayerMixin):
    """Of one layer; which part is in use its `Slabs` say."""

    def __init__(self, whole: "Slabs") -> None:
        super().__init__()
        self._whole = whole

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Room is made by `Slabs.add`."""

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Writes one token a row; returns all of each row up to it: [B, H, L + 1, D]."""
        rows, begin, end = len(self._whole.lengths), self._whole.begin, self._whole.end
        self.keys[:rows, :, end] = key_states[:, :, 0]
        self.values[:rows, :, end] = value_states[:, :, 0]
        return self.keys[:rows, :, begin : end + 1], self.values[:rows, :, begin : end + 1]

    def get_seq_length(self) -> int:
        return self._whole.end - self._whole.begin

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_max_length(self) -> int:
        return -1


class Slabs(Cache):
    """Of all layers."""

    def __init__(self, rows: int, layers: int) -> None:
        super().__init__(layers=[Slab(self) for _ in range(layers)])
        self.lengths: list[int] = []
        """Tokens of each row in use."""
        self.end = 0
        self._rows = rows

    @property
    def begin(self) -> int:
        """First column that a row in use has."""
        return self.end - max(self.lengths, default=0)

    @property
    def columns(self) -> int:
        """That there is room for."""
        return self.layers[0].keys.shape[2] if self.layers[0].is_initialized else 0

    def add(self, keys_and_values: Sequence[tuple[Tensor, Tensor]]) -> None:
        """A new last row, from what each layer has of one prompt: [1, H, T, D] twice."""
        length = keys_and_values[0][0].shape[2]
        if self.end < length or self.end == self.columns:
            self._make_room(max(length, self.end - self.begin), keys_and_values)
        row, columns = len(self.lengths), slice(self.end - length, self.end)
        for slab, (keys_1HTD, values_1HTD) in zip(self.layers, keys_and_values, strict=True):
            slab.keys[row, :, columns] = keys_1HTD[0]
            slab.values[row, :, columns] = values_1HTD[0]
        self.lengths.append(length)

    def drop(self, row: int) -> None:
        """The last row takes its place."""
        last, columns = len(self.lengths) - 1, slice(self.end - self.lengths[-1], self.end)
        if row < last:
            for slab in self.layers:
                slab.keys[row, :, columns] = slab.keys[last, :, columns]
                slab.values[row, :, columns] = slab.values[last, :, columns]
        self.lengths[row] = self.lengths[last]
        self.lengths.pop()

    def mask(self) -> Tensor:
        """bool [B, 1, 1, L + 1]: what each row's next token may look at, itself included. Makes room for it."""
        if self.end == self.columns:
            self._make_room(self.end - self.begin)
        device = self.layers[0].keys.device
        starts_B = torch.tensor(self.lengths, device=device).neg() + self.end
        return (torch.arange(self.begin, self.end + 1, device=device) >= starts_B[:, None])[:, None, None]

    def advance(self) -> None:
        """After a forward pass: each row has one token more."""
        self.end += 1
        self.lengths = [length + 1 for length in self.lengths]

    def _make_room(self, end: int, like: Sequence[tuple[Tensor, Tensor]] | None = None) -> None:
        """Moves what is in use so that it ends in column `end`, with as many behind it."""
        columns = max(self.columns, LEAST_COLUMNS, 2 * end)
        rows, kept = len(self.lengths), slice(self.begin, self.end)
        for number, slab in enumerate(self.layers):
            pair = like[number] if like else (slab.keys, slab.values)
            # zeros, since a masked column counts nothing only if it is a finite number
            room = [given.new_zeros(self._rows, given.shape[1], columns, given.shape[3]) for given in pair]
            if rows:
                room[0][:rows, :, end - self.end + self.begin : end] = slab.keys[:rows, :, kept]
                room[1][:rows, :, end - self.end + self.begin : end] = slab.values[:rows, :, kept]
            slab.keys, slab.values = room
            slab.is_initialized = True
        self.end = end
