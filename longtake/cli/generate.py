"""`longtake generate`: long films from a world model."""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from longtake.cli.bar import show_bar
from longtake.cli.cluster import printable
from longtake.cli.given import read_mapping
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.stages.generating import GeneratingSummary

LENGTHS = ("2s", "8s", "24s")


@click.command(short_help="Long films from a world model.")
@click.option("--model", default="", help="Path or URI of the world model: models/owl-<digest>.safetensors.")
@click.option("--image", default="", help="A picture that the film begins with: PNG, JPEG, WebP, BMP; path or URI.")
@click.option("--prompt", default="", help="What the film shows.")
@click.option(
    "--prompts", default="", metavar="FILE",
    help="Instead: many of them, a film each: one a line, VBench's and VBench-I2V's JSON, WebVid's CSV, Vript's captions.",
)  # fmt: skip
@click.option("--images", default="", metavar="FOLDER", help="Where the pictures are that a VBench-I2V file names.")
@click.option("--film", type=click.Choice(LENGTHS), help="1 segment; 4 of one scene; 3 scenes of 4.  [default: 8s]")
@click.option("--segments", type=click.IntRange(min=1), help="Instead of --film: how many.")
@click.option("--cuts", metavar="K,K", help="Segments, from 0, that begin a new scene: 4,8.")
@click.option(
    "--dynamics", metavar="TEXT@K", multiple=True,
    help="What happens next, said behind segment K instead of the model's own text: it steers segment K + 1; again: more.",
)  # fmt: skip
@click.option(
    "--set", "metrics", metavar="NAME=VALUE", multiple=True, help="A metric that the film is to have: motion=4; again: more."
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32), help="The same seed, the same film.  [default: 0]")
@click.option("--steps", type=click.IntRange(min=1), help="Of the solver, for each segment.  [default: 50]")
@click.option("--guidance", type=click.FloatRange(min=0), help="Weight of the state; 1: none.  [default: 4]")
@click.option(
    "--start-model", default="", help="A trained DiT that makes the picture from the text, where none is given."
)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path),
    help="YAML, generating_config: script, sampling, drift, on_drift, encoder, batch.",
)  # fmt: skip
@click.option("--data-root", help="The lake that films go to, segment by segment.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("films"), show_default=True,
    help="Without --data-root: a folder that becomes a small lake.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What came of it, as one record.")
def generate(
    model: str, image: str, prompt: str, prompts: str, images: str, film: str | None, segments: int | None, cuts: str | None,
    dynamics: tuple[str, ...], metrics: tuple[str, ...], seed: int | None, steps: int | None, guidance: float | None,
    start_model: str, config_file: Path | None, data_root: str | None, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Long films from a world model: state, film and dynamics in turn, each segment written as it is made.

    Stopped, a film goes on where it was: just run it again.

    \b
    longtake generate --model owl.safetensors --image cat.png --prompt "a cat on a wall" --film 24s
    longtake generate --model owl.safetensors --image cat.png --prompt "a cat on a wall" \\
        --segments 12 --dynamics "the cat jumps down@4"
    longtake generate --model owl.safetensors --prompts i2v.json --images crop/16-9 --data-root s3://lake/data
    """
    from longtake.dit.asking import RANGES, check_names, read_pairs
    from longtake.stages import generating

    if film and (segments or cuts):
        raise UserError(
            "--film says how long the film is and where it is cut; give it, or --segments and --cuts, one of the two"
        )
    asked = read_pairs(metrics, "--set")
    check_names(asked, list(RANGES), RANGES)
    script: dict[str, Any] = {
        "film": film, "segments": segments, "cuts": None if cuts is None else _read_cuts(cuts), "dynamics": list(dynamics) or None,
        "conditions": asked or None, "seed": seed,
    }  # fmt: skip
    config = _config(config_file, script, {"steps": steps, "text_guidance": guidance})
    logging.getLogger("longtake").addHandler(logging.NullHandler())  # what it warns of is told
    with show_bar("generating", 0) as bar:
        summary = generating.follow(
            data_root=data_root or str(out), model=model, prompt=prompt, image=image, prompts=prompts, images=images,
            start_model=start_model, config=config, show=bar.to,
            tell=lambda sentence: click.echo(f"longtake: {printable(sentence)}", err=True),
        )  # fmt: skip
    if as_json:
        click.echo(summary.to_json())
    else:
        _show(summary)
    sys.exit(summary.exit_code)


def _config(path: Path | None, script: Mapping[str, Any], sampling: Mapping[str, Any]) -> dict[str, Any]:
    """That of the file, with what the options say over it."""
    config: dict[str, Any] = dict(read_mapping(path, "generating_config"))
    for name, options in (("script", script), ("sampling", sampling)):
        given = {key: value for key, value in options.items() if value is not None}
        if given:
            config[name] = {**(config.get(name) or {}), **given}
    return config


def _read_cuts(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise UserError(f"--cuts {text!r} are no segments; expected numbers with commas between, such as 4,8")
    return [int(part) for part in parts]


def _show(summary: "GeneratingSummary") -> None:
    from longtake.report.page import clock
    from longtake.report.plots import number

    for film in summary.films:
        scenes = f" in {film['scenes']} scenes" if film["scenes"] > 1 else ""
        many = f"{film['segments']} segments" if film["segments"] > 1 else "1 segment"
        click.echo(f"{many}{scenes}, {clock(film['seconds'])}: {film['film']}")
        click.echo(f"  page {film['page']}")
        if film["segments"] > 1:
            times = film["seam_pixel_ratio"]
            seam = "" if times is None else f", seams {number(times)} times the steps about them"
            like = f"the last segment is like the first by {film['similarity_to_first']:.3f} ({film['encoder']})"
            click.echo(f"  {like}, motion {number(film['flow_px'])} px a frame{seam}")
    if len(summary.films) > 1:
        click.echo(f"{len(summary.films)} films, page {summary.report_uri}")
