"""What the linear autoencoder makes of real footage that it was not fitted on."""

from pathlib import Path

import pytest
import torch

from longtake.latents.autoencoder import psnr
from longtake.latents.config import LinearConfig, Size, Windows
from longtake.latents.linear import fit_linear
from longtake.latents.windows import read_windows
from longtake.video.guard import Guard

FOOTAGE = Path(__file__).parents[3] / "shared" / "footage"
FITTED, HELD_OUT = ("mdn_crystal.mp4", "mdn_elf.mp4", "ocv_cup.mp4"), ("mdn_frog.mp4", "mdn_rabbit.mp4")


@pytest.mark.slow
def test_footage_that_it_has_not_seen_is_kept_at_25_db_in_16_channels():
    if not FOOTAGE.is_dir():
        pytest.skip("needs the real clips of shared/footage")

    def windows(names):
        with Guard() as guard:
            sizes = Windows(sizes=(Size(frames=17, height=128, width=192),), each=2)
            return [
                torch.tensor(window.frames_NHW3)[None]
                for name in names
                for window in read_windows(FOOTAGE / name, guard, sizes)
            ]

    autoencoder = fit_linear(windows(FITTED), LinearConfig(channels=16))
    found = [psnr(frames, autoencoder.decode(autoencoder.encode(frames))) for frames in windows(HELD_OUT)]
    assert sum(found) / len(found) > 25
