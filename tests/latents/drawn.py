"""Windows for tests: soft textures that drift, in which neighbouring pixels have much in common, as in footage."""

import torch
from torch.nn import functional as F


def drifting(seed, frames=9, height=32, width=48, speed=1):
    """frames_BNHW3, uint8, B = 1."""
    generator = torch.Generator().manual_seed(seed)
    spots = torch.randint(0, 256, (1, 3, height // 8, width // 8), generator=generator).float()
    picture = F.interpolate(spots, (height, width), mode="bicubic").clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8)
    return torch.stack([picture.roll(speed * frame, 2) for frame in range(frames)], dim=1)
