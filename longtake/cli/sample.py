"""`longtake sample`: films from a trained model."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from longtake.cli.bar import show_bar
from longtake.cli.given import read_mapping
from longtake.errors import UserError


@click.command(short_help="Films from a trained model.")
@click.option("--model", help="What a training wrote: path or URI of models/dit-<digest>.safetensors.")
@click.option("--data-root", help="Instead: the lake whose promoted model makes the films.")
@click.option("--prompt", "prompts", multiple=True, help="What a film shows; again: more films.")
@click.option(
    "--prompts", "prompts_file", type=click.Path(path_type=Path, dir_okay=False), help="A file with one prompt a line."
)  # fmt: skip
@click.option(
    "--set", "metrics", metavar="NAME=VALUE", multiple=True,
    help="A metric that the films are to have, in the units of `scores`: motion=20, clarity=0.9; again: more.",
)  # fmt: skip
@click.option(
    "--image", type=click.Path(path_type=Path, dir_okay=False), help="A picture that the films begin with: PNG, JPEG, WebP, BMP."
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Length.  [default: as in training]")
@click.option("--frames", type=click.IntRange(min=1), help="Instead of --seconds.")
@click.option("--size", metavar="WxH", help="Width x height in pixels, 80x48 for example.  [default: as in training]")
@click.option(
    "--seed", type=click.IntRange(0, 2**32), default=0, show_default=True, help="The same seed, the same film."
)
@click.option(
    "--count", type=click.IntRange(min=1), default=1, show_default=True, help="Films of each prompt; seeds count on."
)
@click.option("--steps", type=click.IntRange(min=1), help="Of the solver.  [default: 50]")
@click.option("--solver", type=click.Choice(["euler", "heun"]), help="[default: euler]")
@click.option("--guidance", type=click.FloatRange(min=0), help="Weight of the text; 1: none.  [default: 4]")
@click.option(
    "--guide", "guides", metavar="NAME=WEIGHT", multiple=True, help="Weight of a metric that is --set; 1: none; again: more.  [default: 1]"
)  # fmt: skip
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML: steps, solver, text_guidance, condition_guidance.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("films"), show_default=True,
    help="Folder; one with films of another request is refused.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One record a film, on standard output.")
def sample(
    model: str | None, data_root: str | None, prompts: tuple[str, ...], prompts_file: Path | None, metrics: tuple[str, ...],
    image: Path | None, seconds: float | None, frames: int | None, size: str | None, seed: int, count: int, steps: int | None,
    solver: str | None, guidance: float | None, guides: tuple[str, ...], config_file: Path | None, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Films from a trained model, as MP4, with a contact sheet and a page.

    \b
    longtake sample --model s3://lake/data/models/dit-1a2b3c4d.safetensors --prompt "waves break on a rocky shore"
    longtake sample --model dit.safetensors --prompts prompts.txt --count 4 --set motion=20 --set clarity=0.9
    longtake sample --data-root s3://lake/data --image first.png --seconds 4       # the promoted model
    """
    from longtake.dit.asking import read_pairs
    from longtake.dit.film_size import AskedSize
    from longtake.files.sampling import sample_to_folder
    from longtake.files.wishes import Wish, read_prompts

    given = {"steps": steps, "solver": solver, "text_guidance": guidance}
    config: dict[str, Any] = read_mapping(config_file) | {
        name: value for name, value in given.items() if value is not None
    }
    if prompts_file is not None:
        prompts += tuple(read_prompts(prompts_file))
    width, height = _read_size(size)
    wish = Wish(
        prompts=prompts or ("",), metrics=read_pairs(metrics, "--set"), guides=read_pairs(guides, "--guide"), image=image,
        seed=seed, count=count, size=AskedSize(frames=frames, seconds=seconds, height=height, width=width),
    )  # fmt: skip
    place = _find_model(model, data_root)
    with show_bar("sampling", 0) as bar:
        sampled = sample_to_folder(
            place, wish, out=out, config=config, show=bar.to, tell=lambda sentence: click.echo(sentence, err=True)
        )
    if as_json:
        click.echo(json.dumps([film.to_record() for film in sampled.films], indent=2))
    else:
        many = f"{len(sampled.films)} films" if len(sampled.films) > 1 else "1 film"
        click.echo(f"{many} in {out}, contact sheet {sampled.sheet}, page {sampled.page}")


def _find_model(model: str | None, data_root: str | None) -> str:
    if bool(model) == bool(data_root):
        raise UserError(
            "give --model with a path or URI, or --data-root of a lake that has a promoted model; one of the two"
        )
    if model:
        return model
    from longtake.lake import Lake
    from longtake.stages.models import list_models
    from longtake.stages.pointer import read_last

    lake = Lake(data_root or "")
    last = read_last(lake, "dit")
    if last is None or not last.model:
        newest = next(iter(list_models(lake)), None)
        way = "train one: longtake train"
        if newest:
            root = shlex.quote(data_root or "")
            way = f'promote the newest: longtake models promote {newest.name} --data-root {root} --reason "the first"'
        raise UserError(f"no model is promoted below {data_root}; give --model, or {way}")
    return last.model


def _read_size(size: str | None) -> tuple[int | None, int | None]:
    """Width and height."""
    if size is None:
        return None, None
    width, _, height = size.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UserError(f"--size {size} is no size; expected WIDTHxHEIGHT, 80x48 for example")
    return int(width), int(height)
