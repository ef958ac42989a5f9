"""Sweeps that are ready to run, by their names: what a config says besides counts over them."""

import difflib
from collections.abc import Mapping
from typing import Any

from longtake.config import merge
from longtake.errors import UserError

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "held_out": {"depth": 16, "depth_tokens": 10_000_000_000, "flops": 5.85e20, "sizes": 1},
    },
    "hour": {
        "training": {"model": {"width_per_layer": 64}, "images": 0.0, "schedule": {"warmup_steps": 50}},
        "depths": [2, 3, 4, 6], "budgets": [1e15, 3e15, 1e16, 3e16],
        "grid": {"depths": [2, 3, 4], "tokens": [50_000_000, 200_000_000]},
        "guess": {"batch_tokens": 40_960, "lr": 1e-3}, "held_out": {"depth": 8, "flops": 1e17},
    },
    "cpu": {
        "training": {
            "model": {"width_per_layer": 32, "conditions": []}, "images": 0.0, "schedule": {"warmup_steps": 20},
            "objective": {"first_frame": 0.0}, "validation": {"samples": 512, "draws": 4},
        },
        "depths": [2, 3, 4, 5], "budgets": [2e11, 4e11, 8e11, 1.6e12],
        "grid": {"depths": [2, 3, 4], "tokens": [125_000, 500_000]},
        "guess": {"batch_tokens": 180, "lr": 2e-3}, "held_out": {"depth": 6, "depth_tokens": 125_000, "flops": 4.8e12},
    },
    "demo": {
        "training": {
            "model": {"width_per_layer": 16, "conditions": []}, "images": 0.0, "schedule": {"warmup_steps": 10},
            "objective": {"first_frame": 0.0}, "validation": {"samples": 64, "draws": 4},
        },
        "depths": [2, 3, 4], "budgets": [7e8, 1.4e9, 2.8e9],
        "grid": {"depths": [2, 3], "tokens": [1_000, 4_000], "batches": 3, "lrs": 3, "lr_ratio": 4.0, "widenings": 0},
        "guess": {"batch_tokens": 24, "lr": 8e-3}, "repeats": 2,
    },
}  # fmt: skip
"""paper: the six sizes, the budgets and the token counts of the scaling paper. hour: one GPU, an hour or so (scaling note, F). cpu: two
processors, some hours, the thin family d = 32 L. demo: half a minute, which shows the way and not the laws."""


def with_preset(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config over the preset that it names (`preset`; none: the paper's grids and budgets). Raises UserError for one there is not."""
    name = config.get("preset")
    if name is not None and name not in PRESETS:
        near = difflib.get_close_matches(str(name), PRESETS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PRESETS)}"
        raise UserError(f"there is no preset {name!r}; {hint}")
    return merge(PRESETS[name] if name else {}, {key: value for key, value in config.items() if key != "preset"})
