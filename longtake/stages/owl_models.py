"""What a training of a world model goes on from: another world model, a trained video model of ours, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from longtake.config import dump_config, load_config, merge
from longtake.dit.film_size import nearest_size
from longtake.dit.trained import Card, read_card
from longtake.errors import UserError
from longtake.lake.weights import fetch_weights
from longtake.latents.config import EncodingConfig
from longtake.latents.sample_set import SampleSet
from longtake.latents.text import MINILM_WIDTH
from longtake.owl.config import FilmConfig, OwlConfig
from longtake.owl.film import of_states
from longtake.owl.trained_world import WorldCard, read_world_card
from longtake.stages.encoding_workers import fetch_models
from longtake.stages.owl_training_config import OwlStageConfig

CLIP = ("frames", "fps", "height", "width")
"""What a config may say of a film decoder that is taken over."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A file to go on from."""

    uri: str
    path: Path
    """On this machine."""
    kind: Literal["world", "film"]
    card: WorldCard | Card


def read_start(uri: str, folder: Path) -> Start:
    """The file, brought into the folder, and what it says of itself. Raises UserError for one that is neither kind of model."""
    path = Path(fetch_weights(uri, folder)).expanduser()
    if not path.is_file():
        raise UserError(f"start {uri}: there is no such file; expected {_EXPECTED}")
    reasons = []
    for kind, read in (("world", read_world_card), ("film", read_card)):
        try:
            return Start(uri=uri, path=path, kind=kind, card=read(path))  # type: ignore[arg-type]
        except UserError as error:
            reasons.append(str(error))
    raise UserError(f"start {uri} is no model to go on from; expected {_EXPECTED}: {'; '.join(reasons)}")


_EXPECTED = "models/owl-<digest>.safetensors of an earlier stage, or models/dit-<digest>.safetensors, whose film decoder is taken over"


def fit_to(start: Start, config: OwlStageConfig, given: Mapping[str, Any]) -> OwlStageConfig:
    """The config with the parts that the start has; `given`: what it was loaded from. Raises UserError where it says otherwise."""
    if isinstance(start.card, WorldCard):
        owl = load_config(
            OwlConfig, merge(dump_config(start.card.config), given.get("owl") or {}), where="owl_training config: owl"
        )  # fmt: skip
        for part in ("lmm", "state"):
            if getattr(owl, part) != getattr(start.card.config, part):
                raise _other(start, f"owl.{part}")
        if (given.get("film") or {}) and config.film != start.card.film:
            raise _other(start, "film")
        return replace(config, owl=owl, film=start.card.film)
    told = given.get("film") or {}
    if unfit := sorted(set(told) - set(CLIP)):
        raise _other(start, f"film.{unfit[0]}")
    return replace(config, film=film_config_of(start.card, told))


def film_config_of(card: Card, told: Mapping[str, Any]) -> FilmConfig:
    """The film decoder that `trained_film.film_of` makes of the model of this card."""
    sample_set = TypeAdapter(SampleSet).validate_python(dict(card.sample_set))
    encoding = load_config(EncodingConfig, sample_set.encoding, where=f"the encoding config of {sample_set.name}")
    aspect = told["width"] / told["height"] if {"width", "height"} <= told.keys() else None
    usual = nearest_size(encoding.windows.sizes, aspect)
    shape = card.config if encoding.text.encoder != "none" else replace(card.config, text_width=MINILM_WIDTH)
    clip = {"frames": usual.frames, "fps": encoding.windows.fps, "height": usual.height, "width": usual.width}
    plain = FilmConfig(dit=shape, objective=of_states(card.objective), encoding=encoding)
    return load_config(FilmConfig, dump_config(plain) | clip | dict(told), where="owl_training config: film")


def fetch_parts(owl: OwlConfig, film: FilmConfig, folder: Path) -> tuple[OwlConfig, FilmConfig]:
    """The configs with every pretrained checkpoint that lies on S3 brought into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if owl.lmm.model:
        owl = replace(owl, lmm=replace(owl.lmm, model=fetch_weights(owl.lmm.model, folder)))
    if film.model:
        film = replace(film, model=fetch_weights(film.model, folder))
    return owl, replace(film, encoding=fetch_models(film.encoding, folder))


def _other(start: Start, name: str) -> UserError:
    return UserError(
        f"the owl_training config says {name}, and the model at {start.uri} has another; leave it out to go on "
        "with it, or train from nothing"
    )
