"""A film decoder that goes on from a trained video model of ours: the same weights, states where its texts were."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pydantic import TypeAdapter

from longtake.config import load_config
from longtake.dit.config import Objective
from longtake.dit.film_size import nearest_size
from longtake.dit.model import DiT
from longtake.dit.trained import Card, Trained, load_trained, write_basis
from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder
from longtake.latents.config import EncodingConfig
from longtake.latents.opening import open_autoencoder
from longtake.latents.sample_set import SampleSet
from longtake.latents.text import MINILM_WIDTH, NoText, TextEncoder, open_text_encoder
from longtake.owl.film import DiTFilm, of_states


def film_of(
    trained: Trained,
    autoencoder: Autoencoder,
    text: TextEncoder | None = None,
    *,
    frames: int | None = None,
    fps: float | None = None,
    size_px: tuple[int, int] | None = None,
    objective: Objective | None = None,
) -> DiTFilm:
    """Length, rate and size are those of the model's samples where none are given; the objective is its own, `of_states`.

    A model of no text gets an untrained reader of states. Raises UserError for another autoencoder than its latents were made by.
    """
    sample_set = _sample_set(trained.card)
    if autoencoder.name != sample_set.autoencoder:
        raise UserError(
            f"this model makes latents of the autoencoder {sample_set.autoencoder}, and {autoencoder.name} was given; "
            "give the one that it had"
        )
    encoding = encoding_of(trained.card)
    usual = nearest_size(encoding.windows.sizes, size_px and size_px[1] / size_px[0])
    model = trained.model
    if encoding.text.encoder == "none":
        model = widened(model, MINILM_WIDTH if text is None or isinstance(text, NoText) else text.width)
    return DiTFilm(
        model, objective or of_states(trained.card.objective), autoencoder, text, frames=frames or usual.frames,
        fps=fps or encoding.windows.fps, size_px=size_px or (usual.height, usual.width),
    )  # fmt: skip


def open_dit_film(
    path: Path | str, *, encoding: EncodingConfig | None = None, device: torch.device | str = "cpu", **asked: Any
) -> DiTFilm:
    """From the file of a trained model, its autoencoder and its text encoder; `asked`: what `film_of` takes beside.

    `encoding` says where these two lie by now, if not where the card says. Raises UserError for a file that is no model.
    """
    trained = load_trained(path, device)
    encoding = encoding or encoding_of(trained.card)
    with TemporaryDirectory() as folder:
        basis = Path(folder) / "basis.safetensors"
        autoencoder = open_autoencoder(encoding, basis=basis if write_basis(path, basis) else None, device=device)
    return film_of(trained, autoencoder, open_text_encoder(encoding.text, device), **asked)


def encoding_of(card: Card) -> EncodingConfig:
    """How the samples were made that the model saw last."""
    sample_set = _sample_set(card)
    return load_config(EncodingConfig, sample_set.encoding, where=f"the encoding config of {sample_set.name}")


def widened(model: DiT, width: int, seed: int = 0) -> DiT:
    """The same weights, but for a new reader of texts of this width."""
    new = DiT(replace(model.config, text_width=width), model.conditions.statistics, seed)
    reader = {name: weight for name, weight in new.state_dict().items() if name.startswith("text.0.")}
    new.load_state_dict(model.state_dict() | reader)
    return new.to(next(model.parameters()).device)


def _sample_set(card: Card) -> SampleSet:
    return TypeAdapter(SampleSet).validate_python(dict(card.sample_set))
