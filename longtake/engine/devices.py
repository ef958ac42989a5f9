"""Which GPUs each worker of this machine may see."""

import os
from collections.abc import Sequence
from pathlib import Path

from longtake.engine.pools import Pool
from longtake.errors import UserError


def visible_devices(devices: Path = Path("/dev")) -> list[str]:
    """The machine's GPUs as CUDA_VISIBLE_DEVICES names them, or that variable's own where it is set."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [] if given in ("", "-1") else given.split(",")
    return [str(number) for number, _ in enumerate(devices.glob("nvidia[0-9]*"))]


def share_devices(pools: Sequence[Pool], devices: Sequence[str]) -> dict[tuple[str, int], list[str]]:
    """The devices of each worker (pool, index) that asks for any: the first with enough of them free.

    Raises UserError if they do not suffice.
    """
    free = dict.fromkeys(devices, 1.0)
    shares: dict[tuple[str, int], list[str]] = {}
    for pool in pools:
        part = min(pool.gpus, 1.0)
        for index in range(pool.workers if part else 0):
            chosen = [name for name, left in free.items() if left >= part - 1e-9][: max(1, int(pool.gpus))]
            if len(chosen) < pool.gpus:
                asked = ", ".join(f"{each.workers} x {each.gpus:g} for {each.name}" for each in pools if each.gpus)
                raise UserError(
                    f"GPUs asked for: {asked}; this machine shows {len(devices)}; "
                    "ask for fewer workers or a fraction each, or name the devices in CUDA_VISIBLE_DEVICES"
                )
            for name in chosen:
                free[name] -= part
            shares[pool.name, index] = chosen
    return shares
