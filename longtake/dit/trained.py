"""A trained model in one file: the averaged weights, what they are, and the basis of the latents that they were made for.

Nothing else is needed to sample from it, but an autoencoder that has a checkpoint of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from longtake.config import dump_config
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.errors import UserError

FORMAT = "longtake dit 1"
_BASIS, _SAID = "basis.", "longtake"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model is, what it was trained on, and how far it came."""

    config: DiTConfig
    objective: Objective
    statistics: Mapping[str, tuple[float, float]]
    """Mean and standard deviation of each metric that it is conditioned on, after its transformation."""
    sample_set: Mapping[str, Any]
    """The `SampleSet` that it saw last, as a dictionary: which autoencoder, which text encoder, windows of which sizes."""
    run_id: str
    step: int
    tokens: int
    """Video tokens seen in this run."""
    loss: float | None
    """On the validation draws, of these weights; None where nothing was held out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A model, ready to be asked, with its card."""

    model: DiT
    card: Card


def save_trained(
    path: Path, model: nn.Module | Mapping[str, Tensor], card: Card, basis: Path | None = None
) -> None:  # fmt: skip
    """Writes the weights of a model, or these, with its card; `basis` is the file of the linear autoencoder, which goes along."""
    weights = model.state_dict() if isinstance(model, nn.Module) else model
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    said: dict[str, Any] = {"format": FORMAT, "card": _dump(card)}
    if basis is not None:
        with safe_open(basis, "pt") as file:
            tensors |= {f"{_BASIS}{name}": file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            said["basis"] = file.metadata() or {}
    # One entry: the order of several is another in every file, and a model's name is the digest of its own.
    save_file(tensors, path, {_SAID: json.dumps(said, sort_keys=True)})


def load_trained(path: Path | str, device: torch.device | str = "cpu") -> Trained:
    """The model of a file, in evaluation mode. Raises UserError for a file that is none."""
    card = read_card(path)
    with safe_open(path, "pt", device=str(device)) as file:
        names = [name for name in file.keys() if not name.startswith(_BASIS)]  # noqa: SIM118
        weights = {name: file.get_tensor(name) for name in names}
    with torch.device(device):
        model = DiT(card.config, card.statistics)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"{path}: the weights are not those of the model that its card describes: {error}") from None
    return Trained(model=model.eval(), card=card)


def read_card(path: Path | str) -> Card:
    """The card alone: no weights are read. Raises UserError."""
    try:
        with safe_open(path, "pt") as file:
            said = _read(file)
    except SafetensorError as error:
        raise UserError(
            f"{path} is no safetensors file, or a damaged one ({error}); expected what `longtake train` writes: "
            "models/dit-<digest>.safetensors"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: no model can be read there: {error}") from None
    if said.get("format") != FORMAT:
        raise UserError(
            f"{path} holds no video model of this version ({said.get('format', 'another kind of file')}); expected "
            f"what `longtake train` writes: models/dit-<digest>.safetensors"
        )
    try:
        return TypeAdapter(Card).validate_python(said["card"])
    except ValidationError as error:
        raise UserError(f"{path}: its card can't be read by this version: {error}") from None


def write_basis(path: Path | str, out: Path) -> bool:
    """Writes the file of the linear autoencoder that came along with a model; False where none did."""
    with safe_open(path, "pt") as file:
        said = _read(file)
        if "basis" not in said:
            return False
        names = [name for name in file.keys() if name.startswith(_BASIS)]  # noqa: SIM118
        tensors = {name.removeprefix(_BASIS): file.get_tensor(name) for name in names}
    save_file(tensors, out, said["basis"])
    return True


def _read(file: Any) -> dict[str, Any]:
    """What the file says of itself."""
    said: dict[str, Any] = json.loads((file.metadata() or {}).get(_SAID, "{}"))
    return said


def _dump(card: Card) -> dict[str, Any]:
    plain = {field.name: getattr(card, field.name) for field in fields(card)}
    return plain | {
        "config": dump_config(card.config),
        "objective": dump_config(card.objective),
        "statistics": {name: list(pair) for name, pair in card.statistics.items()},
        "sample_set": dict(card.sample_set),
    }
