"""What a device can do: which precision pays, whether anything can be compiled, how many operations a second it has at most."""

import os
import re
import shutil
import time

import torch

from longtake.dit.recipe import TrainingConfig

DENSE_FLOPS: tuple[tuple[str, float, float], ...] = (
    (r"\bB200\b", 2250e12, 75e12),
    (r"\bGH200\b", 990e12, 67e12),
    (r"\bH200 NVL\b", 835.5e12, 60e12),
    (r"\bH[28]00\b", 989.4e12, 66.9e12),
    (r"\bH100 NVL\b", 835.5e12, 60e12),
    (r"\bH100 PCIe\b", 756e12, 51.2e12),
    (r"\bH100\b", 989.4e12, 66.9e12),
    (r"\bA[18]00\b", 312e12, 19.5e12),
    (r"\bA40\b", 149.7e12, 37.4e12),
    (r"\bA30\b", 165e12, 10.3e12),
    (r"\bL40S\b", 362e12, 91.6e12),
    (r"\bL40\b", 181e12, 90.5e12),
    (r"\bL4\b", 121e12, 30.3e12),
    (r"\bRTX 4090\b", 165.2e12, 82.6e12),
    (r"\bRTX 3090\b", 71.2e12, 35.6e12),
    (r"\bMI300X\b", 1307.4e12, 163.4e12),
)
"""Name, peak of bfloat16 products and of float32 ones without TF32: makers' data sheets, never the figure with sparsity."""
_SIZE, _ROUNDS = 1024, 5
"""Of the product that a processor is measured by, and how often."""


def pick_device() -> torch.device:
    """The GPU of this process, else the processor."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def choose_precision(config: TrainingConfig, device: torch.device) -> torch.dtype:
    """Of products: bfloat16 where the device has units for it, unless told otherwise."""
    if config.precision != "auto":
        return torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    has_units = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if has_units else torch.float32


def find_compiler() -> str | None:
    """The C++ compiler that torch.compile needs, for a GPU's launchers as well; None where there is none."""
    found = (shutil.which(name) for name in (os.environ.get("CXX"), "g++", "c++", "clang++") if name)
    return next((path for path in found if path), None)


def peak_flops(device: torch.device, precision: torch.dtype) -> float | None:
    """Dense operations a second: a GPU's by its name, a processor's by a measured product; None for a GPU that is not known."""
    if device.type != "cuda":
        return measured_flops(device, precision)
    return known_flops(torch.cuda.get_device_name(device), precision)


def known_flops(name: str, precision: torch.dtype) -> float | None:
    """Of a GPU of this name; None where it is not in the table, and of a part of one."""
    if "MIG" in name:
        return None
    for pattern, bfloat16, float32 in DENSE_FLOPS:
        if re.search(pattern, name):
            return bfloat16 if precision == torch.bfloat16 else float32
    return None


def measured_flops(device: torch.device, precision: torch.dtype) -> float:
    """The best of a few matrix products, with as many threads as the training has."""
    a = torch.ones(_SIZE, _SIZE, dtype=precision, device=device)
    best_s = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        a @ a
        best_s = min(best_s, time.perf_counter() - began)
    return 2 * _SIZE**3 / best_s
