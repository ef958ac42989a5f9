"""How fast a sweep's models train here: from its own runs, or where there are none from a few steps on noise.

Legend: B samples, C channels, t h w latent frames, rows, columns; L text tokens, D their width.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from longtake.scaling.cells import Outcome
from longtake.stages.scaling import Sweep

WARM_STEPS, STEPS = 2, 5
LEAST_S = 0.5
"""That is measured at least, of one depth."""


def throughput(sweep: Sweep, depths: Sequence[int], outcomes: Sequence[Outcome]) -> dict[int, float]:
    """FLOPs a second of one trainer at each depth."""
    told = defaultdict(list)
    for outcome in outcomes:
        if outcome.seconds > 0 and outcome.flops > 0:
            told[outcome.cell.line.depth].append(outcome.flops / outcome.seconds)
    return {
        depth: statistics.median(told[depth]) if told[depth] else measure(sweep, depth) for depth in sorted(set(depths))
    }


def measure(sweep: Sweep, depth: int) -> float:
    """FLOPs a second of a trainer with `work.cpus` threads, or one GPU, on batches of noise of the grid's first size."""
    import torch

    from longtake.dit.batch import Batch
    from longtake.dit.devices import choose_precision, pick_device
    from longtake.dit.model import DiT
    from longtake.dit.train import Training
    from longtake.scaling.plan import first_batch

    family, device = sweep.family, pick_device()
    shape = max(family.shapes, key=lambda shape: family.shapes[shape])
    batch_tokens = first_batch(sweep.config, family, depth)
    samples = max(1, batch_tokens // family.sample_tokens)
    config = replace(sweep.training, model=family.at(depth), batch_tokens=batch_tokens)
    threads = torch.get_num_threads()
    torch.set_num_threads(sweep.config.work.cpus)
    try:
        training = Training(DiT(config.model, {}, 0).to(device), config, precision=choose_precision(config, device))
        dice = torch.Generator().manual_seed(0)
        text_BLD = torch.randn(samples, family.text_tokens, config.model.text_width, generator=dice)
        batch = Batch(
            latents_BCthw=torch.randn(samples, config.model.channels, *shape, generator=dice), text_BLD=text_BLD,
            text_mask_BL=torch.ones(samples, family.text_tokens, dtype=torch.bool), conditions={},
            numbers_B=torch.arange(samples), sample_ids=tuple(map(str, range(samples))), global_samples=samples, seen={}, bucket="noise",
        )  # fmt: skip
        for _ in range(WARM_STEPS):
            training.step(batch, training.draw(batch))
        began, flops, steps = time.perf_counter(), 0.0, 0
        while steps < STEPS or time.perf_counter() - began < LEAST_S:
            flops += training.step(batch, training.draw(batch)).flops
            steps += 1
        return flops / (time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
