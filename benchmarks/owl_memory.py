"""What a world state is worth: the ablations that the Owl-1 paper lacks, on stories of moving shapes.

`python -m benchmarks.owl_memory [--csv MINE.csv] [--only state]`. A story's object leaves and comes back, or
its place is cut away from and cut back to; its colour and texture stand in no text that is read. Films are made segment by segment from
the first picture, with the script's texts; a judge that knows no model reads off what came back after eight segments.

last frame: the film decoder goes on with the last frame alone. + text: and the text of the clip. state: Owl-1, stage 1 and stage 3, last
frame given also at cuts. state, none at cuts: as the paper has it. not aligned: without stage 1. Then what dynamics do: without any;
written by the language model; the user's. "Kinds of events" are those that the judge sees in a film of nine segments. A run that is killed
goes on; what the table of runs has is not run again (give another one to measure anew).
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.measure import machine, print_table, spread
from benchmarks.owl_models import FILM, HELD_OUT, SMOOTH, VARIANTS, WORLD, films_of, learn
from longtake.evaluation.texts import text_variety
from longtake.latents.config import EncodingConfig, TextConfig
from longtake.owl.config import FilmConfig
from longtake.owl.shapes.scoring import Fact, score, share_right
from longtake.owl.shapes.world import draw_story
from longtake.owl.trained_world import WorldCard, save_world
from longtake.owl.words import OwnWords
from longtake.owl.world_model import WorldModel

AFTER = 8
"""Segments that a fact is hidden for, where it is judged."""
JUDGED = replace(WORLD, gap=AFTER)
FILMS = 96
CSV = Path(__file__).with_suffix(".csv")
MEASURED = ("colour", "texture", "events", "kinds of events", "distinct texts", "repetition")
Figures = dict[str, float | None]
SHIPPED = "state, none at cuts"
"""The demo films by it."""


def save(model: WorldModel, steps: int, path: Path) -> None:
    """As `longtake generate` takes it, in numbers of half the width."""
    film = FilmConfig(
        dit=FILM, objective=model.film.objective, frames=WORLD.frames, fps=WORLD.fps, height=WORLD.height_px, width=WORLD.width_px,
        encoding=EncodingConfig(linear=SMOOTH.linear, text=TextConfig(encoder="none")),
    )  # fmt: skip
    words = model.owl.lmm.words
    assert isinstance(words, OwnWords)
    card = WorldCard(
        config=model.owl.config, film=film, words=words.to_json(), trained_on="stories of moving shapes", run_id="owl_memory",
        stage="world", step=steps, loss=None,
    )  # fmt: skip
    save_world(path, model, {name: weight.half() for name, weight in model.named_parameters()}, card)


def judge_model(name: str, model: WorldModel, films: int) -> Figures:
    """What came back after `AFTER` segments, and how the dynamics are."""
    facts: list[Fact] = []
    texts, kinds = [], []
    for number in range(films):
        shown = draw_story(HELD_OUT + number, JUDGED)
        made, said = films_of(model, VARIANTS[name], shown)
        found = score(shown, made, JUDGED)
        facts += found
        kinds.append(len({fact.found for fact in found if fact.what == "event"} - {None}))
        texts.append(said)
    variety = text_variety(texts)
    return {
        "colour": share_right(facts, "colour", AFTER), "texture": share_right(facts, "texture", AFTER),
        "events": share_right(facts, "event"), "kinds of events": sum(kinds) / len(kinds),
        "distinct texts": variety.distinct_share, "repetition": variety.repetition_rate,
    }  # fmt: skip


def found(name: str, seed: int, given: argparse.Namespace) -> Figures:
    """Of the table of earlier runs, or measured now and added to it."""
    known = read(given.csv)
    if (name, seed) not in known:
        model = learn(VARIANTS[name].trained_as or name, seed, given.steps, given.out)
        add(given.csv, name, seed, judge_model(name, model, given.films))
    return read(given.csv)[name, seed]


def read(path: Path) -> dict[tuple[str, int], Figures]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            (row["given"], int(row["seed"])): {what: float(row[what]) if row[what] else None for what in MEASURED}
            for row in csv.DictReader(file)
        }


def add(path: Path, name: str, seed: int, figures: Figures) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        if new:
            lines.writerow(("given", "seed", *MEASURED))
        lines.writerow(
            (name, seed, *("" if figures[what] is None else round(figures[what] or 0.0, 4) for what in MEASURED))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--films", type=int, default=FILMS)
    parser.add_argument("--csv", type=Path, default=CSV, help="what is measured already")
    parser.add_argument("--out", type=Path, default=Path("owl-memory"), help="checkpoints")
    parser.add_argument("--only", choices=list(VARIANTS), action="append")
    parser.add_argument("--save", type=Path, help=f"instead: train {SHIPPED!r} for the demo, and write it there")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if given.save:
        save(learn(SHIPPED, 0, given.steps, given.out, SMOOTH), given.steps, given.save)
        return
    rows = []
    for name in given.only or VARIANTS:
        seeds = [found(name, seed, given) for seed in range(given.seeds)]
        rows.append((name, *(spread([seed[what] for seed in seeds]) for what in MEASURED)))
    print(machine())
    print_table(("given", *MEASURED), rows)


if __name__ == "__main__":
    main()
