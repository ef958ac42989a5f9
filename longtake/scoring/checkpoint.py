"""A TSA network on disk: one safetensors file with weights, architecture, calibration and how it came to be.

Weights are stored as float16, which halves the file, and computed with as float32.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from longtake.config import STRICT, dump_config, load_config
from longtake.errors import UserError
from longtake.records import METRICS
from longtake.scoring.architecture import Architecture
from longtake.scoring.network import TSANetwork

METADATA = "longtake_tsa"
"""The file's metadata entry with architecture, calibration and facts, a JSON object."""
EXPECTED = "give a checkpoint that `longtake train-tsa` wrote"


LEAST, MOST = 1.0, 5.0
"""The marks that people give (Koala-36M, section 4)."""
BEND = 8.0
"""How sharply VTSS bends to its ends: it is off a clipped line by 0.09 there, and by 0.01 half a mark away."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Calibration:
    """What the network's numbers stand for. Tuples follow the order of METRICS."""

    score_mean: float
    """VTSS at an output of 0."""
    score_sd: float = Field(gt=0)
    """VTSS of one more in the output."""
    label_medians_L: tuple[float, ...]
    """Of the sub-metrics in the training set, as they are measured."""
    label_means_L: tuple[float, ...]
    """After the logarithm, for those that get one."""
    label_sds_L: tuple[float, ...]
    """As above."""
    log_labels: tuple[str, ...] = ()
    """Sub-metrics of which the network reads log(1 + x): their tails are long."""

    def __post_init__(self) -> None:
        for name in ("label_medians_L", "label_means_L", "label_sds_L"):
            if len(getattr(self, name)) != len(METRICS):
                raise ValueError(f"{name} has {len(getattr(self, name))} numbers; expected {len(METRICS)}")
        if min(self.label_sds_L) <= 0:
            raise ValueError(f"label_sds_L has {min(self.label_sds_L)}; standard deviations are above 0")
        if unknown := set(self.log_labels) - set(METRICS):
            raise ValueError(f"log_labels names {sorted(unknown)}; the sub-metrics are {', '.join(METRICS)}")

    def to_vtss(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """VTSS, within 1 to 5, of the network's scores. It bends towards the ends: clipped, all that lies beyond would tie."""
        vtss = self.score_mean + self.score_sd * scores.astype(np.float64)
        return LEAST + _soften(vtss - LEAST) - _soften(vtss - MOST)


def _soften(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """max(0, x), rounded off around 0."""
    softened: NDArray[np.float64] = np.logaddexp(0, BEND * values) / BEND
    return softened


@plain_dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained network, ready to score."""

    network: TSANetwork
    """In evaluation mode."""
    calibration: Calibration
    facts: dict[str, str]
    """How it came to be: whatever its maker wrote down."""


def save_checkpoint(path: Path, network: TSANetwork, calibration: Calibration, facts: Mapping[str, str]) -> None:
    """Writes the file. ValueError where a weight is no number or too large for float16: such a network is broken."""
    halves = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    broken = [name for name, half in halves.items() if not half.isfinite().all()]
    if broken:
        raise ValueError(f"weights are not finite as float16: {', '.join(broken[:5])}")
    parts = {
        "architecture": dump_config(network.architecture),
        "calibration": dump_config(calibration),
        "facts": dict(facts),
    }
    # One entry, since safetensors writes several in no order: the same checkpoint is the same bytes.
    path.write_bytes(save(halves, {METADATA: json.dumps(parts)}))


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, on the CPU. UserError for a file that is none; OSError where there is no file to read."""
    parts, weights = _read(path)
    architecture = load_config(Architecture, parts["architecture"], where=f"{path}: architecture")
    calibration = load_config(Calibration, parts["calibration"], where=f"{path}: calibration")
    facts = {name: str(fact) for name, fact in parts["facts"].items()}
    with torch.random.fork_rng(devices=[]):  # loading draws nothing from the caller's generator
        network = TSANetwork(architecture)
    expected = {name: value.shape for name, value in network.state_dict().items()}
    if expected != {name: value.shape for name, value in weights.items()}:
        raise UserError(
            f"{path}: the weights do not fit the architecture beside them; train or fetch the checkpoint anew"
        )
    network.load_state_dict(weights)
    return Checkpoint(network.eval(), calibration, facts)


def _read(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Tensor]]:
    """What the file says of itself, and the weights as float32."""
    path.stat()  # a file that is not there is an OSError with its name
    try:
        with safe_open(path, framework="pt") as file:
            words = (file.metadata() or {}).get(METADATA, "{}")
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        parts = json.loads(words)
    except (SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not a safetensors file or is damaged ({error}); {EXPECTED}") from None
    for name in ("architecture", "calibration", "facts"):
        if not isinstance(parts, dict) or not isinstance(parts.get(name), dict):
            raise UserError(f"{path} says nothing of its {name}, as the checkpoint of a TSA network does; {EXPECTED}")
    return parts, weights
