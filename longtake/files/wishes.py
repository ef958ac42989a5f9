"""The films that somebody wants of a model, and what of it the model can do.

Legend: H, W rows and columns, 3 channels: blue, green, red; L text tokens, D their width; C channels of latents, h w their places.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from torch import Tensor

from longtake.dit.asking import check_metrics, check_names, say_left_open, say_unseen
from longtake.dit.film_size import AskedSize, FilmSize, plan_size, say_unseen_size
from longtake.dit.films import Frames, encode_first, fit_picture
from longtake.dit.guidance import TEXT, plan_guidance
from longtake.dit.sample import Request
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.trained import Card, write_basis
from longtake.errors import UserError
from longtake.lake.weights import fetch_weights
from longtake.latents.autoencoder import Autoencoder
from longtake.latents.opening import open_autoencoder
from longtake.latents.sample_set import SampleSet
from longtake.stages.samples import encoding_of, open_text_encoder_of

IMAGE_FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
IMAGE_PIXELS = 1 << 26
"""Width times height of a picture that is opened: 64 million."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What films somebody wants."""

    prompts: Sequence[str] = ("",)
    """`count` films of each; an empty one: of nothing in particular."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """In the units of the table `scores`."""
    guides: Mapping[str, float] = field(default_factory=dict)
    """Weights of metrics, over those of the sampling config."""
    image: Path | None = None
    """What they begin with."""
    size: AskedSize = field(default_factory=AskedSize)
    seed: int = 0
    """Of the first film of each prompt; those after it have the seeds after it."""
    count: int = 1

    @property
    def asks_for(self) -> list[str]:
        """What guidance can push towards."""
        return [*([TEXT] if any(self.prompts) else []), *self.metrics]

    def guided(self, config: SamplingConfig) -> SamplingConfig:
        """The config with the weights that are asked for."""
        weights: dict[Any, float] = {**config.condition_guidance, **self.guides}
        return replace(config, condition_guidance=weights)


@dataclass(frozen=True, kw_only=True)
class FilmPlan:
    """The films that a wish stands for."""

    prompts: list[str]
    requests: list[Request]
    """One for each film, as the prompts."""
    size: FilmSize
    fps: float
    autoencoder: Autoencoder
    said: list[str]
    """What is asked for although the model was not trained for it, and what is not asked for."""


def check_wish(wish: Wish, card: Card, config: SamplingConfig) -> None:
    """Raises UserError for what the model of this card cannot be asked for."""
    sample_set = sample_set_of(card)
    check_metrics(wish.metrics, card.config.conditions, sample_set.statistics)
    check_names(wish.guides, card.config.conditions, sample_set.statistics)
    for name in (*config.condition_guidance, *wish.guides):
        if name not in wish.metrics:
            raise UserError(f"guidance over {name} is given and no {name}; say how much of it, or leave the weight out")
    plan_guidance(wish.guided(config), card.objective, wish.asks_for)
    if any(wish.prompts) and encoding_of(sample_set).text.encoder == "none":
        raise UserError("this model was trained without text (text encoder none); leave the prompts out")
    if wish.image is not None and not card.objective.first_frame:
        raise UserError("this model never learned to go on from a picture (first_frame 0); leave the image out")


def plan_films(wish: Wish, card: Card, model: Path, folder: Path, device: str) -> FilmPlan:
    """`model` is the card's file; what is fetched for its encoders lies in the folder. Raises UserError."""
    sample_set = sample_set_of(card)
    encoding = encoding_of(sample_set)
    autoencoder = open_autoencoder_with(model, sample_set, folder, device)
    size, first_C1hw = wish.size, None
    if wish.image is not None:
        picture_HW3 = read_picture(wish.image)
        size = replace(size, aspect=picture_HW3.shape[1] / picture_HW3.shape[0])
    film = plan_size(size, encoding.windows, card.config, autoencoder)
    if wish.image is not None:
        if film.frames == 1:
            raise UserError("a film of one frame that begins with a picture is that picture; ask for more frames")
        first_C1hw = encode_first(autoencoder, fit_picture(picture_HW3, film.height, film.width))
    texts = encode_prompts(wish.prompts, sample_set, folder, device)
    said = [*say_unseen(wish.metrics, sample_set.statistics), *say_unseen_size(film, encoding.windows)]
    said += say_left_open(wish.asks_for, sample_set.statistics, card.objective)
    if not any(wish.prompts) and encoding.text.encoder != "none" and card.objective.text_dropout:
        said.append("no prompt was given: the films are of anything, by no text")
    said += say_cut(texts, encoding.text.tokens)
    requests = [
        Request(shape=film.shape, text_LD=text_LD, conditions=wish.metrics, seed=wish.seed + n, first_latent_C1hw=first_C1hw)
        for text_LD in texts
        for n in range(wish.count)
    ]  # fmt: skip
    return FilmPlan(
        prompts=[prompt for prompt in wish.prompts for _ in range(wish.count)],
        requests=requests,
        size=film,
        fps=encoding.windows.fps,
        autoencoder=autoencoder,
        said=said,
    )


def sample_set_of(card: Card) -> SampleSet:
    """What the model was trained on last."""
    return TypeAdapter(SampleSet).validate_python(dict(card.sample_set))


def open_autoencoder_with(model: Path, sample_set: SampleSet, folder: Path, device: str) -> Autoencoder:
    """The autoencoder that the model's latents were made by: its basis is in the model's file. Raises UserError where it is another now."""
    config, basis = encoding_of(sample_set), folder / "basis.safetensors"
    has_basis = write_basis(model, basis)
    if config.diffusers is not None:
        place = fetch_weights(config.diffusers.model, folder)
        config = replace(config, diffusers=replace(config.diffusers, model=place))
    autoencoder = open_autoencoder(config, basis=basis if has_basis else None, device=device)
    if autoencoder.name != sample_set.autoencoder:
        raise UserError(
            f"this model makes latents of the autoencoder {sample_set.autoencoder}, and what lies in its place is {autoencoder.name}; "
            "restore the one that it had"
        )
    return autoencoder


def encode_prompts(prompts: Sequence[str], sample_set: SampleSet, folder: Path, device: str) -> list[Tensor | None]:
    """Each prompt's text_LD; None of an empty one."""
    if not any(prompts):
        return [None] * len(prompts)
    encoder = open_text_encoder_of(sample_set, folder, device)
    return [encoder.encode([prompt])[0] if prompt else None for prompt in prompts]


def say_cut(texts: Sequence[Tensor | None], tokens: int) -> Iterator[str]:
    """A sentence where prompts are as long as the encoder reads."""
    cut = sum(text_LD is not None and len(text_LD) >= tokens for text_LD in texts)
    if cut:
        yield f"{cut} of {len(texts)} prompts have {tokens} tokens or more: the model reads no further"


def read_prompts(path: Path) -> list[str]:
    """A prompt a line, empty lines left out. Raises UserError where there is none."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8; expected a file with one prompt a line") from None
    if not any(lines):
        raise UserError(f"{path} holds no prompt; expected one a line")
    return [line for line in lines if line]


def read_picture(path: Path) -> Frames:
    """The image [H, W, 3], upright. Raises UserError for what is none."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > IMAGE_PIXELS:
                raise UserError(
                    f"{path} has {image.width} x {image.height} pixels; at most {IMAGE_PIXELS:,} can be read"
                )
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"there is no image {path}") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} is no image that can be read ({str(error)[:120]}); give PNG, JPEG, WebP or BMP"
        ) from None
    return np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])
