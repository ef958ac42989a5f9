"""A world model whole: what understands, what films, and what each stage of training learns of it (C.1, C.2).

Legend: X clips of all stories of a batch, Q state queries, D width of a state, L tokens of a text, T texts; C channels, t h w latents.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from longtake.owl.film import LatentFilm
from longtake.owl.owl import Owl
from longtake.owl.sequence import Reading
from longtake.owl.state import AlignmentHead, alignment_losses
from longtake.owl.story import Story
from longtake.owl.training_config import OwlTrainingConfig, Stage

MOST_CLIPS = 1 << 16
"""Of a story: so far apart are the numbers that seed the noise of two stories' clips."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """Some stories, ready to be learned from."""

    readings: Sequence[Reading]
    clips: Sequence[tuple[int, int]]
    """(story, clip) of each clip that is filmed, X of them."""
    captions: Sequence[str]
    """Of these."""
    latents_XCthw: Tensor
    new_scene_X: Tensor
    numbers_X: Tensor
    """What seeds each clip's noise."""
    conditions: Mapping[str, Tensor] = field(default_factory=dict)
    """Metrics_X by name, NaN where a clip's is unknown."""

    @property
    def positions(self) -> int:
        """That the language model reads."""
        return sum(len(reading.layout) for reading in self.readings)


class WorldModel(nn.Module):
    """Its parts, and their losses."""

    def __init__(self, owl: Owl, film: LatentFilm, seed: int = 0) -> None:
        super().__init__()
        self.owl, self.film = owl, film
        self.alignment = AlignmentHead(film.context_width, seed)
        self._learned = {f"owl.{name}" for name in owl.learned()}

    def prepare(self, stage: Stage) -> None:
        """What this stage learns wants gradients, and nothing else does: the film decoder is left alone while states are aligned."""
        for name, weight in self.named_parameters():
            part = name.partition(".")[0]
            learned = (
                name in self._learned if part == "owl" else part == ("alignment" if stage == "alignment" else "film")
            )
            weight.requires_grad_(learned)

    def lesson(self, stories: Sequence[Story], numbers: Sequence[int], config: OwlTrainingConfig) -> Lesson:
        """Reads and encodes: a function of the stories, their numbers in the stream, and the config."""
        chosen = [
            (row, clip)
            for row, (story, number) in enumerate(zip(stories, numbers, strict=True))
            for clip in choose_clips(len(story.clips), config.clips, config.seed, number)
        ]
        clips = [stories[row].clips[clip] for row, clip in chosen]
        frames_XNHW3 = torch.from_numpy(np.stack([clip.frames_NHW3 for clip in clips]))
        return Lesson(
            readings=[self.owl.read(story, repeat_prompt=config.repeats_prompt) for story in stories], clips=chosen,
            captions=[stories[row].clips[clip].caption or stories[row].text for row, clip in chosen],
            latents_XCthw=self.film.encode(frames_XNHW3),
            # the first clip goes on from the picture, also where a cut was before it
            new_scene_X=torch.tensor([clip.new_scene and at > 0 for clip, (_, at) in zip(clips, chosen, strict=True)]),
            numbers_X=torch.tensor([numbers[row] * MOST_CLIPS + clip for row, clip in chosen]),
            conditions={
                name: torch.tensor([clip.conditions.get(name, math.nan) for clip in clips])
                for name in sorted({name for clip in clips for name in clip.conditions})
            },
        )  # fmt: skip

    def losses(self, lesson: Lesson, config: OwlTrainingConfig) -> dict[str, Tensor]:
        """Each loss of the stage by its name, weighted: their sum is what is learned."""
        hidden_BLd, states = self.owl(lesson.readings)
        states_XQD = torch.stack([states[row][clip] for row, clip in lesson.clips])
        if config.stage == "alignment":
            different = list(dict.fromkeys(lesson.captions))  # clips of a story often share one, and encoders are slow
            text_TLD, mask_TL = self.film.read_text(different)
            rows_X = torch.tensor([different.index(caption) for caption in lesson.captions], device=mask_TL.device)
            predicted_XLD = self.alignment(states_XQD, mask_TL[rows_X])
            return {"alignment": alignment_losses(predicted_XLD, text_TLD[rows_X], mask_TL[rows_X]).mean()}
        film_X = self.film.losses(
            lesson.latents_XCthw, states_XQD, lesson.new_scene_X, lesson.numbers_X, config.seed, conditions=lesson.conditions
        )  # fmt: skip
        found = {"film": film_X.mean()}
        if config.stage == "world":
            found["dynamics"] = config.dynamics_weight * self.owl.dynamics_loss(lesson.readings, hidden_BLd)
        return found


def choose_clips(count: int, wanted: int, seed: int, number: int) -> Sequence[int]:
    """Which of a story's clips are filmed: all, or so many that are drawn."""
    if not wanted or wanted >= count:
        return range(count)
    return sorted(np.random.default_rng([seed, number]).choice(count, wanted, replace=False).tolist())
