"""The state of a training in one safetensors file: weights, averages, moments, place in the order, and its curve."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from longtake import __version__
from longtake.dit.parallel import Replicas
from longtake.dit.step_record import Curve

FORMAT = "longtake training 2"


class Stateful(Protocol):
    """A training that can be left and taken up again."""

    device: torch.device
    precision: torch.dtype
    replicas: Replicas

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]: ...
    def go_on(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None: ...


class DamagedCheckpoint(Exception):
    """The file is no whole checkpoint."""


def save_checkpoint(path: Path, training: Stateful, curve: Curve) -> None:
    """Writes what `load_checkpoint` puts back. All workers call `state`; the first one writes."""
    tensors, plain = training.state()
    metadata = {
        "format": FORMAT,
        "state": json.dumps(plain),
        "curve": json.dumps(curve.to_json()),
        "made_with": json.dumps(made_with(training)),
    }
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path, metadata)


def load_checkpoint(path: Path, training: Stateful) -> tuple[Curve, dict[str, Any]]:
    """Puts the training where the checkpoint was taken; the curve until there, and what it was made with. Raises DamagedCheckpoint."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise DamagedCheckpoint(f"its format is {metadata.get('format')!r}, expected {FORMAT!r}")
            names = set(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
            training.go_on(tensors, json.loads(metadata["state"]))
            return Curve.from_json(json.loads(metadata["curve"])), json.loads(metadata["made_with"])
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
        raise DamagedCheckpoint(f"{type(error).__name__}: {error}") from None


def made_with(training: Stateful) -> dict[str, Any]:
    """What must be the same for a training to go on to the bit."""
    device = training.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    return {
        "longtake": __version__,
        "torch": torch.__version__,
        "device": name,
        "threads": torch.get_num_threads(),
        "workers": training.replicas.world,
        "precision": str(training.precision).removeprefix("torch."),
    }
