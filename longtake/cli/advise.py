"""`longtake advise`: what to train on a budget, or for a loss."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtake.cli.cluster import printable
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.scaling.advice import Advice, BestSize, By
    from longtake.scaling.stored import StoredLaws

DEFAULT = "video-dit"
"""Published laws that are asked where no others are named."""
LABEL, COLUMNS = 10, 110
ABOVE_NOUGHT = click.FloatRange(min=0, min_open=True)
SIZES = {
    "loss": "by the loss law",
    "size": "by the size law",
    "predicted_size": "by the one its authors predict",
}


@click.command(short_help="What to train on a budget, or for a loss, by scaling laws.")
@click.option("--flops", type=ABOVE_NOUGHT, help="The budget, as 1e19.")
@click.option("--gpu-hours", type=ABOVE_NOUGHT, help="Or of all GPUs together; with --device and --mfu.")
@click.option(
    "--loss", type=ABOVE_NOUGHT, help="Or the validation loss that is to be reached: the least budget for it."
)
@click.option("--device", help="The GPU: h100, a100, l40s, ...; bfloat16.")
@click.option(
    "--mfu", type=click.FloatRange(0, 1, min_open=True), help="Share of its dense peak that trainings use, as 0.38."
)
@click.option("--gpus", type=click.IntRange(min=1), help="How many there are: says how long it takes.")
@click.option(
    "--laws",
    "place",
    default="",
    help="Published laws, those of the lake, a file or a URI; default: the lake's newest.",
)
@click.option("--data-root", help=f"The lake whose laws are meant; without it and --laws: the published {DEFAULT}.")
@click.option(
    "--by",
    type=click.Choice(["loss", "size"]),
    default="loss",
    show_default=True,
    help="The law that chooses the size.",
)
@click.option("--epsilon", type=click.FloatRange(min=0), help="Loss that makes no difference; default: a run's noise.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a config for train."
)
@click.option("--json", "as_json", is_flag=True, help="One record on standard output.")
def advise(
    flops: float | None, gpu_hours: float | None, loss: float | None, device: str | None, mfu: float | None, gpus: int | None,
    place: str, data_root: str | None, by: "By", epsilon: float | None, config_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Size, tokens, batch, learning rate and loss of the best training for a budget; and what smaller ones would cost.

    \b
    longtake advise --gpu-hours 500 --mfu 0.38 --device h100
    longtake advise --flops 1e19 --data-root s3://lake/data --config train.yaml
    longtake advise --loss 0.51
    """
    from longtake.scaling.advice import advise as ask

    if sum(value is not None for value in (flops, gpu_hours, loss)) != 1:
        raise UserError("advice is asked by a budget or by a loss: give one of --flops, --gpu-hours, --loss")
    pace = _flops_per_hour(device, mfu)
    if pace is None and (gpu_hours or gpus):
        raise UserError("--gpu-hours and --gpus need --device and --mfu, or nothing says what a GPU does in an hour")
    if gpu_hours and pace:
        flops = gpu_hours * pace
    laws = _read(place, data_root)
    advice = ask(laws, flops=flops, loss=loss, by=by, epsilon=epsilon)
    hours = advice.flops / pace if pace else None
    if config_file:
        _write_config(config_file, advice, laws, place)
    if as_json:
        click.echo(json.dumps(asdict(advice) | {"gpu_hours": hours}))
        return
    for label, text in _rows(advice, laws, loss, _duration(hours, device, mfu, gpus)):
        wrapped = textwrap.wrap(printable(text), COLUMNS - LABEL, break_on_hyphens=False)
        click.echo(label.ljust(LABEL) + f"\n{'':{LABEL}}".join(wrapped))
    if config_file:
        click.echo(f"train it: longtake train --data-root {data_root or '...'} --config {config_file}")


def _flops_per_hour(device: str | None, mfu: float | None) -> float | None:
    """Of one GPU."""
    from longtake.dit.peaks import dense_flops

    if device is None and mfu is None:
        return None
    if device is None or mfu is None:
        raise UserError(
            "--device and --mfu go together; the metric longtake_training_flops_used_ratio is a training's mfu"
        )
    peak = dense_flops(device, "bfloat16")
    if peak is None:
        raise UserError(
            f"no peak is known of the GPU {device!r}; there are B200, H200, H100, H100 PCIe, A100, L40S, L4, RTX 4090, MI300X and "
            "others; else give the budget as --flops"
        )
    return peak * mfu * 3600


def _read(place: str, data_root: str | None) -> "StoredLaws":
    from longtake.lake import Lake
    from longtake.stages.laws import read_laws

    if not data_root:
        return read_laws(place or DEFAULT)
    lake = Lake(data_root)
    lake.objects.check(writable=False)
    return read_laws(place, lake)


def _rows(advice: "Advice", laws: "StoredLaws", loss: float | None, duration: str) -> Iterator[tuple[str, str]]:
    """What is said, and of what."""
    from longtake.report.plots import amount

    choice, setting = advice.choice, advice.setting
    title = advice.source.partition(": ")[0]
    yield "laws", f"{advice.laws}{'' if laws.fitted else ', published'}: {title}"
    yield (
        "budget",
        f"{advice.flops:.3g} FLOPs" + ("" if loss is None else f", the fewest that come to {loss:g}") + duration,
    )
    yield "train", f"depth {choice.depth} ({amount(choice.params)} parameters) on {amount(choice.tokens)} tokens"
    if setting:
        yield "", f"{advice.steps:,} steps of {setting.batch_tokens:,} tokens, learning rate {setting.lr:g}, constant"
    else:
        yield "", "these laws do not say batch and learning rate"
    within = advice.interval
    doubt = (
        f"{within.low:.4f} to {within.high:.4f} with {advice.chance:.0%}"
        if within
        else "published laws have no interval"
    )
    yield "loss", f"{choice.loss:.4f} predicted ({doubt})"
    yield "best size", ", ".join(_say_size(size) for size in advice.sizes)
    yield "flat", f"half the best size {advice.half:+.5f} of loss, twice {advice.double:+.5f}"
    frugal, even = advice.frugal, f"within the {advice.epsilon:.2g} that make no difference"
    if frugal.depth < choice.depth:
        more = f"{frugal.loss - choice.loss:+.5f}, {even}"
        yield (
            "smaller",
            f"depth {frugal.depth} ({amount(frugal.params)}): {more}; films cost {advice.saved:.0%} fewer FLOPs",
        )
    else:
        yield "smaller", f"no smaller depth is {even}"
    for warning in advice.warnings:
        yield "mind", warning


def _say_size(size: "BestSize") -> str:
    from longtake.report.plots import amount

    doubt = f" ({amount(size.interval.low)} to {amount(size.interval.high)})" if size.interval else ""
    more = "" if size.by == "loss" else f" ({size.excess:+.5f} of loss)"
    return f"{amount(size.params)}{doubt} {SIZES[size.by]}{more}"


def _duration(hours: float | None, device: str | None, mfu: float | None, gpus: int | None) -> str:
    if hours is None:
        return ""
    return f", {hours:,.3g} GPU hours of {device} at {mfu:.0%}" + (f": {hours / gpus:,.3g} h on {gpus}" if gpus else "")


def _write_config(path: Path, advice: "Advice", laws: "StoredLaws", place: str) -> None:
    """For `longtake train --config`. Raises UserError where the file is there already."""
    import yaml

    from longtake.scaling.advice import training_config
    from longtake.scaling.family import Family

    is_file = "/" in place or place.endswith(".json")
    watched = laws.laws.name if not is_file else place if "://" in place else str(Path(place).absolute())
    config = training_config(advice, laws.family or Family(), watched)
    said = f"# {advice.flops:.3g} FLOPs by the laws {advice.laws}: a validation loss of {advice.choice.loss:.4f} is predicted.\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(said + yaml.safe_dump({"training_config": config}, sort_keys=False))
    except FileExistsError:
        raise UserError(f"the file {path} is there already; name another") from None
