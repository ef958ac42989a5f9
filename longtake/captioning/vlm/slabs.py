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
    """Of one layer, both [S, H, C, D]; which part is in use its `Slabs` say."""

    keys: Any
    values: Any

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
        self._slabs = [Slab(self) for _ in range(layers)]
        super().__init__(layers=list(self._slabs))
        self.lengths: list[int] = []
        """Tokens of each row in use."""
        self.end = 0
        self._rows = rows
        self._mask_SC = torch.zeros(rows, 0, dtype=torch.bool)
        """Which columns a row has."""

    @property
    def begin(self) -> int:
        """First column that a row in use has."""
        return self.end - max(self.lengths, default=0)

    @property
    def columns(self) -> int:
        """That there is room for."""
        return self._mask_SC.shape[1]

    def add(self, keys_and_values: Sequence[tuple[Tensor, Tensor]]) -> None:
        """A new last row, from what each layer has of one prompt: [1, H, T, D] twice."""
        length = keys_and_values[0][0].shape[2]
        if self.end < length or self.end == self.columns:
            self._make_room(max(length, self.end - self.begin), keys_and_values)
        row, columns = len(self.lengths), slice(self.end - length, self.end)
        for slab, (keys_1HTD, values_1HTD) in zip(self._slabs, keys_and_values, strict=True):
            slab.keys[row, :, columns] = keys_1HTD[0]
            slab.values[row, :, columns] = values_1HTD[0]
        self._mask_SC[row] = False
        self._mask_SC[row, columns] = True
        self.lengths.append(length)

    def drop(self, row: int) -> None:
        """The last row takes its place."""
        last, columns = len(self.lengths) - 1, slice(self.end - self.lengths[-1], self.end)
        if row < last:
            for slab in self._slabs:
                slab.keys[row, :, columns] = slab.keys[last, :, columns]
                slab.values[row, :, columns] = slab.values[last, :, columns]
            self._mask_SC[row] = self._mask_SC[last]
        self.lengths[row] = self.lengths[last]
        self.lengths.pop()

    def mask(self) -> Tensor:
        """bool [B, 1, 1, L + 1]: what each row's next token may look at, itself included. Makes room for it."""
        if self.end == self.columns:
            self._make_room(self.end - self.begin)
        rows = len(self.lengths)
        self._mask_SC[:rows, self.end] = True
        return self._mask_SC[:rows, None, None, self.begin : self.end + 1]

    def advance(self) -> None:
        """After a forward pass: each row has one token more."""
        self.end += 1
        self.lengths = [length + 1 for length in self.lengths]

    def _make_room(self, end: int, like: Sequence[tuple[Tensor, Tensor]] | None = None) -> None:
        """Moves what is in use so that it ends in column `end`, with as many behind it."""
        columns = max(self.columns, LEAST_COLUMNS, 2 * end)
        rows, kept, moved = len(self.lengths), slice(self.begin, self.end), slice(end - self.end + self.begin, end)
        for number, slab in enumerate(self._slabs):
            pair = like[number] if like else (slab.keys, slab.values)
            # zeros, since a masked column counts nothing only if it is a finite number
            room = [given.new_zeros(self._rows, given.shape[1], columns, given.shape[3]) for given in pair]
            if rows:
                room[0][:rows, :, moved] = slab.keys[:rows, :, kept]
                room[1][:rows, :, moved] = slab.values[:rows, :, kept]
            slab.keys, slab.values = room
            slab.is_initialized = True
        mask_SC = torch.zeros(self._rows, columns, dtype=torch.bool, device=room[0].device)
        mask_SC[:rows, moved] = self._mask_SC[:rows, kept]
        self._mask_SC, self.end = mask_SC, end
