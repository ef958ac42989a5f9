"""A trained world model in one file: what it has learned, what it is, and the basis of its latents.

Pretrained weights that training leaves as they are, a language model's under LoRA or an autoencoder's, stay where they were.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from longtake.config import dump_config
from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder
from longtake.latents.linear import LinearAutoencoder, load_linear
from longtake.latents.opening import open_autoencoder
from longtake.latents.text import open_text_encoder
from longtake.owl.config import FilmConfig, OwlConfig
from longtake.owl.diffusers_film import open_diffusers_film
from longtake.owl.film import DiTFilm, LatentFilm
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.words import OwnWords
from longtake.owl.world_model import WorldModel

FORMAT = "longtake owl 2"
_BASIS, _SAID = "basis.", "longtake"


@dataclass(frozen=True, kw_only=True)
class WorldCard:
    """What a world model is, and how far it came."""

    config: OwlConfig
    film: FilmConfig
    words: str | None
    """Of a small language model, as `OwnWords.to_json`."""
    trained_on: str
    """The stories."""
    run_id: str
    stage: str
    """The last one of its training; "" before any."""
    step: int
    """Of that stage."""
    loss: float | None
    """On stories that were held out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedWorld:
    """A world model, ready to film, with its card."""

    model: WorldModel
    card: WorldCard


def make_world(
    config: OwlConfig,
    film: FilmConfig,
    words: OwnWords | None,
    autoencoder: Autoencoder | None = None,
    statistics: Mapping[str, tuple[float, float]] | None = None,
) -> WorldModel:
    """Before any stage; `autoencoder` and `statistics` (of the metrics): of our transformer. Raises UserError for parts that do not fit."""
    decoder = make_film(film, autoencoder, config.seed, statistics)
    owl = Owl(config, open_lmm(config.lmm, words, config.seed), decoder.context_width)
    return WorldModel(owl, decoder, config.seed)


def make_film(
    config: FilmConfig,
    autoencoder: Autoencoder | None,
    seed: int = 0,
    statistics: Mapping[str, tuple[float, float]] | None = None,
) -> LatentFilm:
    """The film decoder, with first weights of the seed, or the pipeline's."""
    clip: dict[str, Any] = {
        "frames": config.frames,
        "fps": config.fps,
        "size_px": (config.height, config.width),
    }
    if config.kind == "diffusers":
        return open_diffusers_film(config.model, **clip)
    if autoencoder is None:
        autoencoder = open_autoencoder(config.encoding, basis=None)
    text = open_text_encoder(config.encoding.text)
    return DiTFilm.fresh(
        config.dit, autoencoder, text, objective=config.objective, statistics=statistics, seed=seed, **clip
    )


def save_world(path: Path, model: WorldModel, weights: Mapping[str, Tensor], card: WorldCard) -> None:
    """Writes these weights, the averages of a training mostly, over what the model has learned before."""
    learned = {f"owl.{name}" for name in model.owl.learned()}
    tensors = {
        name: weights.get(name, weight).detach().cpu().contiguous()
        for name, weight in model.named_parameters()
        if name in learned or not name.startswith("owl.")
    }
    said: dict[str, Any] = {"format": FORMAT, "card": _dump(card)}
    if isinstance(model.film, DiTFilm):  # of the metrics that it is conditioned on
        said["statistics"] = {name: list(pair) for name, pair in model.film.model.conditions.statistics.items()}
    if isinstance(model.film.autoencoder, LinearAutoencoder):
        with TemporaryDirectory() as folder:
            model.film.autoencoder.save(Path(folder) / "basis")
            with safe_open(Path(folder) / "basis", "pt") as file:
                tensors |= {f"{_BASIS}{name}": file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                said["basis"] = file.metadata() or {}
    save_file(tensors, path, {_SAID: json.dumps(said, sort_keys=True)})


Locate = Callable[[OwlConfig, FilmConfig], tuple[OwlConfig, FilmConfig]]


def where_they_were(config: OwlConfig, film: FilmConfig) -> tuple[OwlConfig, FilmConfig]:
    """The checkpoints of a world model lie where its card says."""
    return config, film


def load_world(
    path: Path | str, device: torch.device | str = "cpu", locate: Locate = where_they_were
) -> TrainedWorld:  # fmt: skip
    """The world model of a file, in evaluation mode; `locate` says where pretrained checkpoints lie on this machine.

    Raises UserError for a file that is none, or whose checkpoints are not there.
    """
    said = _read(path)
    card = _card(path, said)
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    words = None if card.words is None else OwnWords.from_json(card.words)
    model = make_world(*locate(card.config, card.film), words, _basis(tensors, said))
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(_BASIS)}
    own = dict(model.named_parameters())
    for name, weight in weights.items():
        if name not in own or own[name].shape != weight.shape:
            raise UserError(
                f"{path}: its weights {name} of {tuple(weight.shape)} are not those of the model that its card describes; its language "
                "model or its film decoder has been exchanged"
            )
        own[name].data = weight.to(own[name].dtype)
    if isinstance(model.film, DiTFilm):
        known = said.get("statistics", {})
        model.film.model.conditions.statistics.update({name: (pair[0], pair[1]) for name, pair in known.items()})
    return TrainedWorld(model=model.to(device).eval(), card=card)


def read_world_card(path: Path | str) -> WorldCard:
    """The card alone: no weights are read. Raises UserError."""
    return _card(path, _read(path))


def _read(path: Path | str) -> dict[str, Any]:
    try:
        with safe_open(path, "pt") as file:
            said: dict[str, Any] = json.loads((file.metadata() or {}).get(_SAID, "{}"))
    except SafetensorError as error:
        raise UserError(f"{path} is no safetensors file, or a damaged one ({error}); expected {_EXPECTED}") from None
    except OSError as error:
        raise UserError(f"{path}: no world model can be read there: {error}") from None
    if said.get("format") != FORMAT:
        kind = said.get("format", "another kind of file")
        raise UserError(f"{path} holds no world model of this version ({kind}); expected {_EXPECTED}")
    return said


_EXPECTED = "what the step owl_training writes: models/owl-<digest>.safetensors"


def _card(path: Path | str, said: Mapping[str, Any]) -> WorldCard:
    try:
        return TypeAdapter(WorldCard).validate_python(said["card"])
    except ValidationError as error:
        raise UserError(f"{path}: its card can't be read by this version: {error}") from None


def _dump(card: WorldCard) -> dict[str, Any]:
    return vars(card) | {"config": dump_config(card.config), "film": dump_config(card.film)}


def _basis(tensors: Mapping[str, Tensor], said: Mapping[str, Any]) -> Autoencoder | None:
    """The linear autoencoder that came along; None where none did."""
    if "basis" not in said:
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "basis"
        found = {name.removeprefix(_BASIS): tensor for name, tensor in tensors.items() if name.startswith(_BASIS)}
        save_file(found, path, said["basis"])
        return load_linear(path)
