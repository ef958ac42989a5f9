"""Whether a world model remembers what no given picture shows: an object comes in, leaves, and comes back six segments later.

`python -m benchmarks.owl_arrivals [--out FOLDER]`. No text names its colour. "shown": the clips until it is hidden are the story's own, as
if a film were gone on with; right is their colour, by chance in one of seven cases. "filmed": the film decoder chooses a colour; right is
the one that the film itself gave it first; "chose" is the share of films in which that one can be told. Models learn from stories of which
half are such. The state of the whole past is set beside the state, by the same weights, of the last triplet alone, and beside the last
frame with the text. A training that is killed goes on.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.owl_models import HELD_OUT, VARIANTS, WORLD, films_of, learn, measure_seeds
from longtake.owl.film import LatentFilm
from longtake.owl.shapes.scoring import NOT_TOLD, Fact, score, share_right
from longtake.owl.shapes.world import Shown, draw_story
from longtake.owl.world_model import WorldModel

AFTER = 6
LEARNED = replace(WORLD, arrivals=0.5)
JUDGED = replace(WORLD, arrivals=1.0, gap=AFTER)
FILMS = 96
TEXT, STATE = "last frame + text", "state, none at cuts"
MEASURED = ("colour, shown", "colour, filmed", "chose", "texture, filmed", "events, filmed")


def judge_model(name: str, model: WorldModel, films: int) -> dict[str, float]:
    """Shares of what is right; a colour or a texture six segments after it was last seen."""
    shown, filmed = facts_of(name, model, films, shown=True), facts_of(name, model, films, shown=False)
    chosen = [fact.expected != NOT_TOLD for fact in filmed if fact.what == "colour"]
    shares = (
        share_right(shown, "colour", AFTER), share_right(filmed, "colour", AFTER), sum(chosen) / len(chosen),
        share_right(filmed, "texture", AFTER), share_right(filmed, "event"),
    )  # fmt: skip
    return {what: share or 0.0 for what, share in zip(MEASURED, shares, strict=True)}


def facts_of(name: str, model: WorldModel, films: int, *, shown: bool) -> list[Fact]:
    facts: list[Fact] = []
    for number in range(HELD_OUT, HELD_OUT + films):
        story = draw_story(number, JUDGED)
        with showing(model.film, story if shown else None):
            facts += score(story, films_of(model, VARIANTS[name], story)[0], JUDGED)
    return facts


@contextmanager
def showing(film: LatentFilm, shown: Shown | None) -> Iterator[None]:
    """Meanwhile the film decoder gives the story's own clips, until the one in which its object is last seen."""
    if shown is None:
        yield
        return
    hidden = next(k - shot.returns["colour"] for k, shot in enumerate(shown.shots) if "colour" in shot.returns) + 1
    true = [torch.from_numpy(clip.frames_NHW3) for clip in shown.story.clips[:hidden]]
    own = film.sample

    def sample(*given: Any, **named: Any) -> Tensor:
        return true.pop(0) if true else own(*given, **named)

    film.sample = sample  # type: ignore[method-assign]
    try:
        yield
    finally:
        del film.sample


def forget(model: WorldModel) -> WorldModel:
    """The language model still sees the picture, the prompt, and the last triplet."""
    model.owl.config = replace(model.owl.config, context=replace(model.owl.config.context, triplets=1, slack=1))
    return model


def rows_of(seed: int, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    text = learn(TEXT, seed, given.steps, given.out, world=LEARNED)
    state = learn(STATE, seed, given.steps, given.out, world=LEARNED)
    unused = learn(STATE, seed, given.steps, given.out)
    return {
        TEXT: judge_model(TEXT, text, given.films),
        STATE: judge_model(STATE, state, given.films),
        f"{STATE}, last triplet alone": judge_model(STATE, forget(state), given.films),
        f"{STATE}, of films without arrivals": judge_model(STATE, unused, given.films),
    }


if __name__ == "__main__":
    measure_seeds(__doc__ or "", MEASURED, rows_of, FILMS)
