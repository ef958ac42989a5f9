"""Whether a world model remembers what only its own film has shown: an object comes in, leaves, and comes back six segments later.

`python -m benchmarks.owl_arrivals [--out FOLDER]`. No picture that is given shows the object and no text names its colour, so that the
film decoder chooses one; right is the colour that the film itself gave it first. Models learn from stories of which half are such. The
state of the whole past is set beside the state, by the same weights, of the last triplet alone, and beside the last frame with the text.
A training that is killed goes on.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.measure import machine, print_table, spread
from benchmarks.owl_models import HELD_OUT, VARIANTS, WORLD, films_of, learn
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--films", type=int, default=FILMS)
    parser.add_argument("--out", type=Path, default=Path("owl-memory"), help="checkpoints")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(given.seeds):
        for name in (TEXT, STATE):
            model = learn(name, seed, given.steps, given.out, world=LEARNED)
            rows.setdefault(name, []).append(judge_model(name, model, given.films))
        rows.setdefault(f"{STATE}, last triplet alone", []).append(judge_model(STATE, forget(model), given.films))
        unused = learn(STATE, seed, given.steps, given.out)
        rows.setdefault(f"{STATE}, of films without arrivals", []).append(judge_model(STATE, unused, given.films))
        print({name: seeds[-1] for name, seeds in rows.items()}, flush=True)
    print(machine())
    print_table(
        ("given", *MEASURED),
        [(name, *(spread([seed[what] for seed in seeds]) for what in MEASURED)) for name, seeds in rows.items()],
    )


if __name__ == "__main__":
    main()
