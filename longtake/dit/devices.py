"""What a device can do: which precision pays, whether anything can be compiled, how many operations a second it has at most."""

import os
import shutil
import time
from functools import cache
from typing import Literal, Protocol

import torch

from longtake.dit.peaks import dense_flops

_SIZE, _ROUNDS = 1024, 5
"""Of the product that a processor is measured by, and how often."""


def pick_device() -> torch.device:
    """The GPU of this process, else the processor."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


class Precise(Protocol):
    """A config that says which precision."""

    @property
    def precision(self) -> Literal["auto", "float32", "bfloat16"]: ...


def choose_precision(config: Precise, device: torch.device) -> torch.dtype:
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
        return measured_flops(device, precision, torch.get_num_threads())
    return known_flops(torch.cuda.get_device_name(device), precision)


def known_flops(name: str, precision: torch.dtype) -> float | None:
    """Of a GPU of this name; None where it is not in the table, and of a part of one."""
    return dense_flops(name, "bfloat16" if precision == torch.bfloat16 else "float32")


@cache
def measured_flops(device: torch.device, precision: torch.dtype, threads: int) -> float:
    """The best of a few matrix products, with as many threads as the training has (the process's own; they name the answer)."""
    a = torch.ones(_SIZE, _SIZE, dtype=precision, device=device)
    best_s = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        a @ a
        best_s = min(best_s, time.perf_counter() - began)
    return 2 * _SIZE**3 / best_s
