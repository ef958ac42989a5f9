"""Whether a world model remembers what only its own film has shown: an object comes in, leaves, and comes back six segments later.

`python -m benchmarks.owl_arrivals [--out FOLDER]`. No picture that is given shows the object and no text names its colour, so that the
film decoder chooses one; right is the colour that the film itself gave it first. Models learn from stories of which half are such. The
state of the whole past is set beside the state, by the same weights, of the last triplet alone, and beside the last frame with the text.
A training that is killed goes on.
"""

import argparse
from dataclasses import replace

from benchmarks.owl_models import HELD_OUT, VARIANTS, WORLD, films_of, learn, measure_seeds
from longtake.owl.shapes.scoring import Fact, What, score, share_right
from longtake.owl.shapes.world import draw_story
from longtake.owl.world_model import WorldModel

AFTER = 6
LEARNED = replace(WORLD, arrivals=0.5)
JUDGED = replace(WORLD, arrivals=1.0, gap=AFTER)
FILMS = 96
TEXT, STATE = "last frame + text", "state, none at cuts"
MEASURED: tuple[What, ...] = ("colour", "texture", "event")


def judge_model(name: str, model: WorldModel, films: int) -> dict[str, float]:
    """Shares of what is right; a colour or a texture six segments after it was last seen."""
    facts: list[Fact] = []
    for number in range(HELD_OUT, HELD_OUT + films):
        shown = draw_story(number, JUDGED)
        facts += score(shown, films_of(model, VARIANTS[name], shown)[0], JUDGED)
    return {what: share_right(facts, what, 0 if what == "event" else AFTER) or 0.0 for what in MEASURED}


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
