"""GPUs: those that this machine shows, against those that torch can use."""

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from longtake.doctor.finding import Finding, bad, good, skipped
from longtake.doctor.space import sized


@dataclass(frozen=True)
class Device:
    """A GPU that torch can use."""

    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Torch:
    """What torch says of itself."""

    version: str
    cuda: str | None
    """The CUDA that it was built for; None for the CPU build."""
    devices: tuple[Device, ...] = ()
    complaint: str = ""
    """Why it can't use CUDA, where it says so."""


def look_at_accelerators() -> Iterator[Finding]:
    yield judge_accelerators(ask_torch() if find_spec("torch") else None, visible_gpus())


def judge_accelerators(torch: Torch | None, visible: Sequence[str]) -> Finding:
    """`visible` names the GPUs that the machine shows to this container."""
    shown = f"{', '.join(visible)} shown to this container" if visible else "no GPU"
    if torch is None:
        return skipped("accelerators", f"{shown}; torch is not installed")
    built = f"torch {torch.version}" + (f" for CUDA {torch.cuda}" if torch.cuda else "")
    if torch.devices:
        names = ", ".join(f"{device.name} {sized(device.memory_bytes)}" for device in torch.devices)
        return good("accelerators", f"{names}; {built}")
    if not visible:
        return good("accelerators", f"{shown}; {built}")
    found = f"{shown}, but {built} finds none" + (f" ({torch.complaint})" if torch.complaint else "")
    if torch.cuda is None:
        fix = "use the torch image with the CUDA runtime, or install the CUDA build of torch 2.13"
    else:
        fix = f"give the node a driver for CUDA {torch.cuda} and the pod NVIDIA's container runtime"
    return bad("accelerators", found, fix)


def visible_gpus(devices: Path = Path("/dev")) -> list[str]:
    """GPUs by device file, or else by the names in NVIDIA_VISIBLE_DEVICES; "all" there is only an image's default."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):  # hidden on purpose
        return []
    if files := sorted(str(path) for path in devices.glob("nvidia[0-9]*")):
        return files
    named = os.environ.get("NVIDIA_VISIBLE_DEVICES", "")
    return [] if named in ("", "all", "none", "void") else named.split(",")


def ask_torch() -> Torch:
    """Imports torch, which takes seconds."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    properties = [torch.cuda.get_device_properties(number) for number in range(count)]
    devices = tuple(Device(found.name, found.total_memory) for found in properties)
    complaint = next((str(item.message).partition(". ")[0] for item in caught if "CUDA" in str(item.message)), "")
    return Torch(str(torch.__version__), torch.version.cuda, devices, complaint)
