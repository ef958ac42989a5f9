"""Rotary embedding in three dimensions: queries and keys are turned by where their token lies in time, height and width.

A head's width e is shared among them as 2 * (e // 6) for height, as much for width, the rest for time; in each, pairs of
numbers turn by the token's place times a frequency, base ** (-2 i / width of the share).

Legend: B batch, S video tokens, n heads, e width of a head, E half of it (pairs); T, H, W tokens in time, height and width.
"""

import torch
from torch import Tensor

Turns = tuple[Tensor, Tensor]
"""cos_S1e and sin_S1e, the sine with the sign that `rotate` needs."""


def shares(head_width: int) -> tuple[int, int, int]:
    """Numbers of a head that time, height and width turn; each even."""
    side = 2 * (head_width // 6)
    return head_width - 2 * side, side, side


def turns(grid_THW: tuple[int, int, int], head_width: int, base: float, device: torch.device | str = "cpu") -> Turns:
    """What `rotate` turns every token of the grid by; its tokens are in the order of time, then rows, then columns."""
    angles = []
    for axis, (places, share) in enumerate(zip(grid_THW, shares(head_width), strict=True)):
        pair = torch.arange(0, share, 2, dtype=torch.float32, device=device)
        angle = torch.arange(places, dtype=torch.float32, device=device)[:, None] * base ** -(pair / max(share, 1))
        along = [1, 1, 1]
        along[axis] = places
        angles.append(angle.view(*along, -1).expand(*grid_THW, -1))
    angle_SE = torch.cat(angles, -1).flatten(0, 2)
    cos_SE, sin_SE = angle_SE.cos(), angle_SE.sin()
    return torch.cat((cos_SE, cos_SE), -1)[:, None], torch.cat((-sin_SE, sin_SE), -1)[:, None]


def rotate(x_BSne: Tensor, turns: Turns) -> Tensor:
    """Every pair (i, i + e/2) of a head turned by its token's angle; lengths stay, and products depend on distances alone."""
    cos_S1e, sin_S1e = turns
    swapped_BSne = x_BSne.roll(x_BSne.shape[-1] // 2, -1)
    return torch.addcmul(x_BSne * cos_S1e, swapped_BSne, sin_S1e).type_as(x_BSne)
