"""Which films are asked for: prompts, first pictures and the script, read and checked before any weights are."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from longtake.config import dump_config
from longtake.dit.asking import RANGES, check_metrics
from longtake.dit.films import Frames, encode_png, fit_picture, sample_films
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.files.wishes import Wish, check_wish, plan_films, read_picture
from longtake.lake import Lake, ObjectChanged, join_uri, open_store
from longtake.lake.places import split_uri
from longtake.lake.weights import fetch_weights, weights_digest
from longtake.owl.config import ALGORITHM_VERSION
from longtake.owl.loop import Script
from longtake.owl.prompts import check_prompt, parse_override, read_prompts
from longtake.owl.trained_world import WorldCard
from longtake.records import digest
from longtake.stages.config import GeneratingConfig, ScriptConfig

STAGE = "generating"
FOLDER = "rollouts/"
"""Of the lake: `rollouts/<rollout_id>/` has all of a film."""
FILMS = {"2s": (1, ()), "8s": (4, ()), "24s": (12, (4, 8))}
"""Segments and cuts of the paper's films (D)."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a ScriptConfig comes to."""

    segments: int
    cuts: tuple[int, ...]
    dynamics: Mapping[int, str]
    conditions: Mapping[str, float]
    seed: int


def read_plot(config: ScriptConfig) -> Plot:
    """Raises UserError for a cut or a text of a segment that the film does not have."""
    segments, cuts = FILMS[config.film]
    if config.segments is not None:
        segments, cuts = config.segments, ()
    cuts = cuts if config.cuts is None else tuple(sorted(set(config.cuts)))
    if cuts and cuts[-1] >= segments:
        raise UserError(
            f"there is a cut before segment {cuts[-1]}, and the film has segments 0 to {segments - 1}; give fewer cuts, or more segments"
        )
    return Plot(
        segments=segments, cuts=cuts, dynamics=parse_override(config.dynamics, segments), conditions=dict(config.conditions.items()),
        seed=config.seed,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One film: its text, and the file of the picture that it begins with; None: it is made from the text."""

    prompt: str
    picture: Path | None


def read_wanted(prompt: str, prompts: str, image: str, images: str, folder: Path) -> list[Wanted]:
    """Films of one prompt, or of a file of them; what lies on S3 is fetched into the folder. Raises UserError."""
    if bool(prompt.strip()) == bool(prompts):
        both = ", one of the two" if prompts else ""
        raise UserError(f"say what the film shows (prompt), or give a file of prompts (prompts){both}")
    given = fetch_file(image, folder) if image else None
    if prompt.strip():
        return [Wanted(prompt=check_prompt(prompt), picture=given)]
    pictures = fetch_folder(images, folder) if images else None
    read = read_prompts(fetch_file(prompts, folder), pictures)
    return [Wanted(prompt=one.text, picture=one.image or given) for one in read]


def fetch_file(place: str, folder: Path) -> Path:
    """A file as it lies on this machine. Raises UserError where there is none."""
    kind, path = split_uri(place)
    if kind == "file":
        if not Path(path).is_file():
            raise UserError(f"there is no file {path}")
        return Path(path)
    parent, _, name = place.rpartition("/")
    target = Path(tempfile.mkdtemp(dir=folder)) / name
    try:
        open_store(parent).fetch(name, target)
    except ObjectChanged:
        raise UserError(f"there is no object {place}") from None
    return target


def fetch_folder(place: str, folder: Path) -> Path:
    """A folder of pictures as it lies on this machine."""
    kind, path = split_uri(place)
    if kind == "file":
        return Path(path)
    store, target = open_store(place), Path(tempfile.mkdtemp(dir=folder))
    for item in store.walk():
        if "/" not in item.key:
            store.fetch(item.key, target / item.key, etag=item.etag)
    return target


@dataclass(frozen=True, kw_only=True)
class Order:
    """One film that is to be made, under the name that all that decides it gives it."""

    rollout_id: str
    wanted: Wanted
    plot: Plot

    def key(self, name: str) -> str:
        return f"{FOLDER}{self.rollout_id}/{name}"


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What films are made by."""

    model: Path
    card: WorldCard
    config: GeneratingConfig
    start_model: str = ""
    """Place of a DiT that makes first pictures from texts."""

    def order(self, wanted: Sequence[Wanted]) -> list[Order]:
        """The same film asked for twice is made once. Raises UserError for a picture that can't be read, and for none."""
        check_config(self.config)
        plot, weights = read_plot(self.config.script), weights_digest(str(self.model))
        known: Sequence[str] = self.card.film.dit.conditions if self.card.film.kind == "dit" else ()
        check_metrics(plot.conditions, known, dict.fromkeys(RANGES, (0.0, 1.0)))
        drawn = [one.prompt for one in wanted if one.picture is None]
        if drawn and not self.start_model:
            raise UserError(
                f"no picture is given to begin the film {drawn[0]!r:.60} with; give one (image), or a trained DiT that makes it from "
                "the text (start_model)"
            )
        start = weights_digest(self.start_model) if drawn else ""
        how = {name: value for name, value in dump_config(self.config).items() if name not in ("script", "batch")}
        orders: dict[str, Order] = {}
        for one in wanted:
            script = {
                "image": start if one.picture is None else digest_picture(self.fit(one.picture)),
                "prompt": one.prompt, "segments": plot.segments, "cuts": plot.cuts,
                "dynamics": sorted(plot.dynamics.items()), "conditions": dict(plot.conditions), "seed": plot.seed,
            }  # fmt: skip
            rollout_id = digest(STAGE, ALGORITHM_VERSION, weights, script, how)
            orders[rollout_id] = Order(rollout_id=rollout_id, wanted=one, plot=plot)
        return list(orders.values())

    def fit(self, picture: Path) -> Frames:
        """The picture at the film decoder's size."""
        film = self.card.film
        return fit_picture(read_picture(picture), film.height, film.width)

    def begin(self, lake: Lake, order: Order, scratch: Path, device: str) -> Script:
        """The film's script; its first picture is kept in the lake, so that an interrupted film goes on from the same one."""
        key, plot = order.key("first.png"), order.plot
        if not lake.objects.exists(key):
            picture = order.wanted.picture
            first_HW3 = self.fit(picture) if picture is not None else self.draw(order, scratch, device)
            said = {"model": self.model.name, "prompt": order.wanted.prompt, "config": dump_config(self.config)}
            lake.objects.put(order.key("script.json"), json.dumps(said, indent=1).encode(), overwrite=True)
            lake.objects.put(key, encode_png(first_HW3))
        stored = np.frombuffer(lake.objects.read(key), np.uint8)
        return Script(
            image_HW3=np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8), prompt=order.wanted.prompt,
            segments=plot.segments, cuts=frozenset(plot.cuts), dynamics=plot.dynamics, seed=plot.seed, conditions=plot.conditions,
        )  # fmt: skip

    def draw(self, order: Order, scratch: Path, device: str) -> Frames:
        """The first frame of what `start_model` makes of the text, at the film decoder's size."""
        from longtake.dit.trained import load_trained, read_card

        path = Path(fetch_weights(self.start_model, scratch))
        card, wish = read_card(path), Wish(prompts=(order.wanted.prompt,), seed=order.plot.seed)
        sampling = SamplingConfig(steps=self.config.sampling.steps, solver=self.config.sampling.solver)
        check_wish(wish, card, sampling)
        plan = plan_films(wish, card, path, scratch, device)
        model = load_trained(path, device).model
        (frames_NHW3,) = sample_films(model, card.objective, plan.autoencoder, plan.requests, sampling)
        return fit_picture(frames_NHW3[0], self.card.film.height, self.card.film.width)


def check_config(config: GeneratingConfig) -> None:
    """Raises UserError where drift is to be acted on and no line is drawn."""
    if config.on_drift != "go_on" and not any(value is not None for value in vars(config.drift).values()):
        raise UserError(
            f"on_drift is {config.on_drift!r}, and there is no line to be crossed; give one, such as drift: {{similarity_at_least: 0.7}}"
        )


def digest_picture(picture_HW3: Frames) -> str:
    return hashlib.sha256(f"{picture_HW3.shape}".encode() + picture_HW3.tobytes()).hexdigest()[:32]


def uris_of(lake: Lake, order: Order) -> dict[str, Any]:
    """Where the film and its page lie, once they do."""
    return {
        name: join_uri(lake.data_root, order.key(f"film.{kind}")) for name, kind in (("film", "mp4"), ("page", "html"))
    }
