"""A training step of the DiT against one of diffusers' Wan transformer: forward, backward, AdamW.

`python -m benchmarks.dit [--depth 4] [--width-per-layer 64] [--batch 2] [--rounds 20]`: equal width, depth, heads, MLP, latents, text and
batch; interleaved rounds in turns, the ratio by round; eager and compiled apart, compiled block by block where there is a C++
compiler. What is asked is at most 1.05. Wan has one time for a sample, no metrics, biases and GELU by tanh; the DiT a time for
each latent frame, four metrics, a mask of the text, no biases and GELU itself. `--profile` shows where the time of either goes.
"""

import argparse
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from torch import Tensor, nn

from benchmarks.measure import clock, machine, median, print_table
from longtake.dit.config import DiTConfig
from longtake.dit.devices import find_compiler
from longtake.dit.flops import params, tokens, train_flops
from longtake.dit.model import DiT

SHAPE = (5, 32, 32)
"""Latents of 17 frames at 256 x 256: 1,280 tokens."""
TEXT_TOKENS = 128
TARGET_RATIO = 1.05

Step = Callable[[], object]


def make_ours(config: DiTConfig, latents_BCthw: Tensor, text_BLD: Tensor, compiled: bool) -> Step:
    """One training step of the DiT, as a function."""
    model = DiT(config)
    batch = len(latents_BCthw)
    time_Bt = torch.rand(batch, 1).repeat(1, SHAPE[0])
    mask_BL = torch.ones(batch, TEXT_TOKENS, dtype=torch.bool)
    conditions = {name: torch.ones(batch) for name in config.conditions}
    return _step(model, lambda: model(latents_BCthw, time_Bt, text_BLD, mask_BL, conditions), latents_BCthw, compiled)


def make_wan(config: DiTConfig, latents_BCthw: Tensor, text_BLD: Tensor, compiled: bool) -> Step:
    """One training step of diffusers' model of the same size."""
    wan = WanTransformer3DModel(
        patch_size=(config.patch_t, config.patch_px, config.patch_px),
        num_attention_heads=config.heads,
        attention_head_dim=config.head,
        in_channels=config.channels,
        out_channels=config.channels,
        text_dim=config.text_width,
        freq_dim=config.frequency_width,
        ffn_dim=config.hidden,
        num_layers=config.depth,
    )
    model = cast(nn.Module, wan)
    time_B = torch.rand(len(latents_BCthw)) * 1000
    return _step(model, lambda: model(latents_BCthw, time_B, text_BLD, return_dict=False)[0], latents_BCthw, compiled)


def _step(model: nn.Module, forward: Callable[[], Tensor], target_BCthw: Tensor, compiled: bool) -> Step:
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    if compiled:
        for block in model.get_submodule("blocks").children():
            block.compile()

    def step() -> None:
        optimiser.zero_grad()
        F.mse_loss(forward(), target_BCthw).backward()
        optimiser.step()

    return step


def compare(ways: dict[str, Step], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor seconds of each round's step by way; every other round goes backwards."""
    for step in ways.values():
        step()
        step()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            found[name].append(clock(ways[name]))
    return found


def print_profile(ways: dict[str, Step]) -> None:
    for name, step in ways.items():
        step()
        with torch.profiler.profile() as profile:
            step()
        print(name, profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=20), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--width-per-layer", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--modes", nargs="+", choices=["eager", "compiled"], default=["eager", "compiled"])
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(0)
    config = DiTConfig(depth=given.depth, width_per_layer=given.width_per_layer)
    latents_BCthw = torch.randn(given.batch, config.channels, *SHAPE)
    text_BLD = torch.randn(given.batch, TEXT_TOKENS, config.text_width)
    tflops = given.batch * train_flops(config, SHAPE, TEXT_TOKENS) / 1e12
    print(
        f"{machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads\nDepth {config.depth}, width {config.width}, "
        f"{config.heads} heads, {params(config) / 1e6:.1f}M parameters, {given.batch} x {tokens(config, SHAPE)} tokens, "
        f"{TEXT_TOKENS} of text; {tflops:.3f} TFLOP a step of the DiT.\n"
    )
    rows: list[list[object]] = []
    for mode in given.modes:
        if mode == "compiled" and find_compiler() is None:
            print("No C++ compiler: nothing is compiled.\n")
            continue
        makers = {"DiT": make_ours, "diffusers' Wan": make_wan}
        ways = {name: make(config, latents_BCthw, text_BLD, mode == "compiled") for name, make in makers.items()}
        if given.profile:
            print_profile(ways)
            continue
        found = compare(ways, given.rounds)
        for clock_name, place in (("wall", 0), ("processor", 1)):
            ours, theirs = ([seconds[place] for seconds in rounds] for rounds in found.values())
            ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
            spread = f"{median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
            rows.append([mode, clock_name, median(ours), median(theirs), spread])
    if rows:
        print_table(["", "clock", "DiT: s a step", "Wan: s a step", f"ratio (asked: {TARGET_RATIO})"], rows)


if __name__ == "__main__":
    main()
