"""What the linear autoencoder keeps of footage that it was not fitted on, by its channels, and how fast it is.

`python -m benchmarks.latents FOLDER` fits blocks of 4 x 8 x 8 on two thirds of the folder's videos and judges by the others: split by
file, never by clip. Components are nested: one fit gives the rows of all channels. One thread.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measure import machine, median, print_table
from longtake.latents.autoencoder import psnr
from longtake.latents.config import LinearConfig, Size, Windows
from longtake.latents.linear import LinearAutoencoder, fit_linear
from longtake.latents.windows import read_windows
from longtake.video.guard import Guard

CHANNELS = (4, 8, 16, 32, 64)
ROUNDS = 10
SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm")


def read_folder(folder: Path, size: Size, each: int) -> tuple[list[Tensor], list[Tensor]]:
    """Windows to fit on and windows to judge by, frames_BNHW3; every third file by name is judged by."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    with Guard() as guard:
        for number, path in enumerate(paths):
            windows = read_windows(path, guard, Windows(sizes=(size,), each=each))
            sides[number % 3 == 2].extend(torch.tensor(window.frames_NHW3)[None] for window in windows)
    return sides


def narrowed(autoencoder: LinearAutoencoder, channels: int) -> LinearAutoencoder:
    """The same with fewer components: what a fit of so many would have found."""
    return replace(autoencoder, basis_CD=autoencoder.basis_CD[:channels], std_C=autoencoder.std_C[:channels])


def judge(autoencoder: LinearAutoencoder, windows: list[Tensor]) -> tuple[float, float]:
    """Mean PSNR of whole windows, and of their first frames, from latents in bfloat16 as shards hold them."""
    whole, first = [], []
    for frames_BNHW3 in windows:
        latents_BCthw = autoencoder.encode(frames_BNHW3).to(torch.bfloat16).float()
        decoded_BNHW3 = autoencoder.decode(latents_BCthw)
        whole.append(psnr(frames_BNHW3, decoded_BNHW3))
        first.append(psnr(frames_BNHW3[:, 0], decoded_BNHW3[:, 0]))
    return sum(whole) / len(whole), sum(first) / len(first)


def time_it(autoencoder: LinearAutoencoder, frames_BNHW3: Tensor) -> tuple[float, float]:
    """Median seconds to encode and to decode one window."""
    encoding_s, decoding_s = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        latents_BCthw = autoencoder.encode(frames_BNHW3)
        encoded = time.perf_counter()
        autoencoder.decode(latents_BCthw)
        encoding_s.append(encoded - began)
        decoding_s.append(time.perf_counter() - encoded)
    return median(encoding_s), median(decoding_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 128], help="pixels of the windows")
    parser.add_argument("--each", type=int, default=4, help="windows of a video at most")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine(), "\n")
    for side in given.sides:
        size = Size(frames=17, height=side, width=side)
        fitted, held_out = read_folder(given.folder, size, given.each)
        began = time.perf_counter()
        whole = fit_linear(fitted, LinearConfig(channels=max(CHANNELS)))
        fit_s = time.perf_counter() - began
        rows = []
        for channels in CHANNELS:
            autoencoder = narrowed(whole, channels)
            smaller = 3 * 17 * side**2 / autoencoder.encode(fitted[0]).numel()
            seen, unseen = judge(autoencoder, fitted), judge(autoencoder, held_out)
            encoding_s, decoding_s = time_it(autoencoder, fitted[0])
            rows.append(
                (
                    channels,
                    f"{smaller:.0f} x",
                    f"{seen[0]:.1f}",
                    f"{unseen[0]:.1f}",
                    f"{unseen[1]:.1f}",
                    1 / encoding_s,
                    1 / decoding_s,
                )
            )
        print(
            f"17 frames of {side} x {side}, {len(fitted)} windows fitted on in {fit_s:.1f} s, {len(held_out)} of other videos held out\n"
        )
        print_table(
            ("channels", "fewer numbers", "PSNR fitted on, dB", "PSNR held out, dB", "of first frames, dB", "encoded/s", "decoded/s"), rows
        )  # fmt: skip


if __name__ == "__main__":
    main()
