"""The models of the ablations: the same film decoder and language model, given more or less, trained on stories of moving shapes.

All begin with one film decoder of a seed that was trained on pictures and captions, as Owl-1 begins with DynamiCrafter. Every model learns
from the same stories in the same order, and films as many clips in its last stage. A training that is killed goes on.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.measure import machine, print_table, spread
from longtake.dit.checkpoint import load_checkpoint, save_checkpoint
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.recipe import Schedule
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.step_record import Curve
from longtake.dit.train import train
from longtake.latents.config import LinearConfig
from longtake.latents.linear import LinearAutoencoder, fit_linear
from longtake.owl.config import (
    ContextConfig,
    DynamicsConfig,
    LMMConfig,
    OwlConfig,
    SmallConfig,
    StateConfig,
)
from longtake.owl.film import DiTFilm
from longtake.owl.loop import Script, draw_seed, rollout
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.things import CAPTION_WORDS, WORDS
from longtake.owl.shapes.world import Shown, draw_story
from longtake.owl.story import Frames, Story
from longtake.owl.training import OwlTraining, batches
from longtake.owl.training_config import OwlTrainingConfig
from longtake.owl.words import OwnWords
from longtake.owl.world_model import MOST_CLIPS, Lesson, WorldModel, choose_clips

WORLD = ShapesConfig(fps=4.0)
POOL, HELD_OUT = 2000, 1_000_000
"""Stories to learn from, and where the numbers of those that are judged by begin."""
CONTEXT_WIDTH = 64
OWL = OwlConfig(
    lmm=LMMConfig(small=SmallConfig(width=96, depth=3, heads=4, hidden=256), frame_px=32, patch_px=16),
    state=StateConfig(queries=8), dynamics=DynamicsConfig(tokens=12),
    context=ContextConfig(triplets=8, slack=1),
)  # fmt: skip
FILM = DiTConfig(
    depth=3, width_per_layer=32, head_width=32, patch_px=1, text_width=CONTEXT_WIDTH, frequency_width=64, conditions=()
)
SHIFT = 2.0
CAPTION_STEPS, ALIGNMENT_STEPS = 1000, 1200
LR, FILM_LR, ALIGNMENT_LR = 1e-3, 4e-3, 2e-3
FIRST_FRAME = 0.7
SAMPLING = SamplingConfig(steps=12, text_guidance=1.0)


@dataclass(frozen=True)
class Look:
    """What films are drawn by."""

    linear: LinearConfig = field(default_factory=lambda: LinearConfig(channels=16))
    """16 channels of 4 frames keep every colour and texture, and 94 % of the events, for the judge."""
    times: Literal["uniform", "logit_normal"] = "logit_normal"


SMOOTH = Look(LinearConfig(channels=16, step_t=1), "uniform")
"""Three times the work: every frame is a latent of its own, so that nothing jumps between blocks of frames."""
Told = Literal["nothing", "text", "caption", "state"]


@dataclass(frozen=True)
class Variant:
    """What the film decoder is given, and who writes the dynamics."""

    told: Told
    frame_at_cuts: bool = True
    dynamics: Literal["given", "written", "none"] = "given"
    aligned: bool = True
    """By stage 1."""
    trained_as: str = ""
    """The variant whose model it is."""


VARIANTS = {
    "captions": Variant("caption", frame_at_cuts=False),
    "last frame": Variant("nothing"),
    "last frame + text": Variant("text"),
    "state": Variant("state"),
    "state, none at cuts": Variant("state", frame_at_cuts=False),
    "state, not aligned": Variant("state", frame_at_cuts=False, aligned=False),
    "state, no dynamics": Variant("state", frame_at_cuts=False, dynamics="none"),
    "state, its own dynamics": Variant(
        "state", frame_at_cuts=False, dynamics="written", trained_as="state, none at cuts"
    ),
}


class WordVectors:
    """A text encoder of drawn vectors, a word each."""

    name, width = "words", CONTEXT_WIDTH

    def __init__(self) -> None:
        words = sorted({*WORDS, *CAPTION_WORDS})
        vectors_VD = torch.randn(len(words), CONTEXT_WIDTH, generator=torch.Generator().manual_seed(0))
        self._vectors = dict(zip(words, vectors_VD, strict=True))

    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        return [torch.stack([self._vectors[word] for word in text.split()]) for text in texts]


class Baseline(WorldModel):
    """No world model: the film decoder is given the caption or the text of the clip, or nothing beside the last frame."""

    def __init__(self, film: DiTFilm, told: Told) -> None:
        nn.Module.__init__(self)
        self.film, self.told = film, told
        self.owl = cast(Any, nn.Identity())  # what a training counts the weights of

    def prepare(self, stage: str) -> None:
        """All of it learns."""

    def lesson(self, stories: Sequence[Story], numbers: Sequence[int], config: OwlTrainingConfig) -> Lesson:
        chosen = [
            (row, clip)
            for row, number in enumerate(numbers)
            for clip in choose_clips(len(stories[row].clips), config.clips, config.seed, number)
        ]
        clips = [stories[row].clips[clip] for row, clip in chosen]
        frames_XNHW3 = torch.stack([torch.from_numpy(clip.frames_NHW3) for clip in clips])
        return Lesson(
            readings=[], clips=chosen, captions=[clip.caption if self.told == "caption" else clip.text for clip in clips],
            latents_XCthw=self.film.encode(frames_XNHW3),
            new_scene_X=torch.tensor([clip.new_scene and at > 0 for clip, (_, at) in zip(clips, chosen, strict=True)]),
            numbers_X=torch.tensor([numbers[row] * MOST_CLIPS + clip for row, clip in chosen]),
        )  # fmt: skip

    def losses(self, lesson: Lesson, config: OwlTrainingConfig) -> dict[str, Tensor]:
        text_XLD, mask_XL = self.film.read_text(lesson.captions)
        if self.told == "nothing":
            mask_XL = torch.zeros_like(mask_XL)
        loss_X = self.film.losses(
            lesson.latents_XCthw, text_XLD, lesson.new_scene_X, lesson.numbers_X, config.seed, mask_BQ=mask_XL
        )
        return {"film": loss_X.mean()}


def films_of(model: WorldModel, variant: Variant, shown: Shown) -> tuple[list[Frames], list[str]]:
    """The clips of a film by the story's script, what is new of each, and the dynamics."""
    story = shown.story
    if isinstance(model, Baseline):
        return list(_chain(model, variant, story)), [clip.text for clip in story.clips]
    later = [clip.text for clip in story.clips[1:]]
    texts = {"given": dict(enumerate(later)), "written": {}, "none": dict.fromkeys(range(len(later)), "")}[
        variant.dynamics
    ]
    cuts = frozenset(k for k, clip in enumerate(story.clips) if clip.new_scene and not variant.frame_at_cuts)
    script = Script(
        image_HW3=story.image_HW3,
        prompt=story.text,
        segments=len(story.clips),
        cuts=cuts,
        dynamics=texts,
        seed=HELD_OUT,
    )
    made = list(rollout(model.owl, model.film, script, SAMPLING))
    return [segment.new_frames_NHW3 for segment in made], [segment.dynamics for segment in made[:-1]]


def _chain(model: Baseline, variant: Variant, story: Story) -> Iterator[Frames]:
    last_HW3 = torch.from_numpy(story.image_HW3)
    for index, clip in enumerate(story.clips):
        cut = clip.new_scene and not variant.frame_at_cuts
        text_1LD, _ = model.film.read_text([clip.caption if model.told == "caption" else clip.text])
        frames_NHW3 = model.film.sample(
            None if model.told == "nothing" else text_1LD[0],
            first_HW3=None if cut else last_HW3,
            seed=draw_seed(HELD_OUT, index, 0),
            config=SAMPLING,
        )
        last_HW3 = frames_NHW3[-1]
        yield frames_NHW3.numpy() if cut else frames_NHW3[1:].numpy()


def as_given(story: Story, variant: Variant) -> Story:
    """The story as the variant learns from it: with the last frame at cuts too, or without dynamics."""
    clips = list(story.clips)
    if variant.frame_at_cuts:
        for number, clip in enumerate(clips):
            if clip.new_scene:
                before_1HW3 = clips[number - 1].frames_NHW3[-1:]
                clips[number] = replace(
                    clip, new_scene=False, frames_NHW3=np.concatenate([before_1HW3, clip.frames_NHW3[:-1]])
                )
    if variant.dynamics == "none":
        clips = [replace(clip, text="") for clip in clips]
    return replace(story, clips=clips)


@cache
def pool(world: ShapesConfig) -> tuple[Story, ...]:
    return tuple(draw_story(number, world).story for number in range(POOL))


@cache
def autoencoder(look: Look) -> LinearAutoencoder:
    return fit_linear(
        (torch.from_numpy(clip.frames_NHW3)[None] for story in pool(WORLD)[:200] for clip in story.clips), look.linear
    )


def fresh_film(first_frame: float, seed: int, look: Look) -> DiTFilm:
    return DiTFilm.fresh(
        FILM, autoencoder(look), WordVectors(), frames=WORLD.frames, fps=WORLD.fps, size_px=WORLD.size_px, seed=seed,
        objective=Objective(text_dropout=0.0, first_frame=first_frame, shift=SHIFT, times=look.times),
    )  # fmt: skip


def learn(name: str, seed: int, steps: int, out: Path, look: Look = Look(), world: ShapesConfig = WORLD) -> WorldModel:
    """The model of a variant, trained, or as far as it came before and then on; its averaged weights. Whatever the world, its film decoder
    begins with the captions of `WORLD`."""
    steps = CAPTION_STEPS if name == "captions" else steps
    variant = VARIANTS[name]
    filming = OwlTrainingConfig(
        batch=8, clips=8, steps=steps, dynamics_weight=0.1, lr=LR, film_lr=FILM_LR, ema=0.99, seed=seed,
        schedule=Schedule(kind="decay", warmup_steps=50, decay_share=0.3),
    )  # fmt: skip
    film = fresh_film(FIRST_FRAME if variant.told in ("state", "caption") else 1.0, seed, look)
    if name != "captions":
        film.load_state_dict(learn("captions", seed, CAPTION_STEPS, out, look).film.state_dict())
    if variant.told != "state":
        return _train(name, Baseline(film, variant.told), variant, filming, out, world)
    words = OwnWords.of(WORDS)
    model = WorldModel(Owl(replace(OWL, seed=seed), open_lmm(OWL.lmm, words, seed), CONTEXT_WIDTH), film, seed)
    if variant.aligned:
        aligning = replace(
            filming, stage="alignment", steps=ALIGNMENT_STEPS, repeat_prompt=False, lr=ALIGNMENT_LR, film_lr=LR
        )
        _train(f"{name}, stage 1", model, variant, aligning, out, world)
    return _train(name, model, variant, filming, out, world)


def _train(
    name: str, model: WorldModel, variant: Variant, config: OwlTrainingConfig, out: Path, world: ShapesConfig
) -> WorldModel:
    training = OwlTraining(model, config)
    name += ", arrivals" if world.arrivals else ""
    kept = out / f"{file_name(name, config.seed)}.checkpoint"
    curve = load_checkpoint(kept, training)[0] if kept.exists() else Curve()

    def stories(numbers: Sequence[int]) -> list[Story]:
        return [as_given(pool(world)[number % POOL], variant) for number in numbers]

    began = time.monotonic()
    for record in train(training, batches(stories, config, training.position.step)):
        curve.add(record)
        if record.step % 100 == 0 or record.step == config.steps:
            part = ", ".join(f"{what} {loss:.3f}" for what, loss in record.parts.items())
            print(
                f"{name}, seed {config.seed}, step {record.step}: {part}; {time.monotonic() - began:.0f} s", flush=True
            )
            save_checkpoint(kept.with_suffix(".new"), training, curve)
            kept.with_suffix(".new").rename(kept)
    with torch.no_grad():
        for weight_name, weight in model.named_parameters():
            if weight_name in training.averages.weights:
                weight.copy_(training.averages.weights[weight_name])
    return model.eval()


def file_name(name: str, seed: int) -> str:
    return f"{name.replace(' ', '-').replace(',', '')}-{seed}"


def measure_seeds(
    about: str,
    measured: Sequence[str],
    rows_of: Callable[[int, argparse.Namespace], Mapping[str, Mapping[str, float]]],
    films: int,
) -> None:
    """The command of a benchmark: the rows of each seed, and their table."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--films", type=int, default=films)
    parser.add_argument("--out", type=Path, default=Path("owl-memory"), help="checkpoints")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    seeds = []
    for seed in range(given.seeds):
        seeds.append(rows_of(seed, given))
        print(seed, seeds[-1], flush=True)
    print(machine())
    print_table(
        ("given", *measured),
        [(row, *(spread([rows[row][what] for rows in seeds]) for what in measured)) for row in seeds[0]],
    )
