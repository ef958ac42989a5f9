"""Verbs that train: the video model, the world model, and helpers: the TSA network that scores clips and the model that captions them."""

import sys
from pathlib import Path
from typing import Any

import click

from longtake.cli.bar import show_bar
from longtake.cli.given import read_mapping
from longtake.errors import EXIT_DONE, UserError


@click.command(short_help="Trains a video model on encoded clips.")
@click.option("--data-root", required=True, help="Where tables, latents and models are.")
@click.option(
    "--samples", default="clips", show_default=True, help="What is learned from: a sample set, a dataset or a family."
)
@click.option("--start", default="", help="URI or path of the trained model to go on from.")
@click.option("--depth", type=click.IntRange(min=1), help="Of the model, which decides its size; else the config's.")
@click.option("--steps", type=click.IntRange(min=1), help="How long; else the config's.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML: training_config.")
@click.option("--json", "as_json", is_flag=True, help="What it came to, as one record.")
def train(
    data_root: str, samples: str, start: str, depth: int | None, steps: int | None, config_file: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Trains a video diffusion transformer on what `encoding` made of clips, and shows films that it makes.

    Stopped, it goes on where it was: just run it again.

    \b
    longtake train --data-root s3://lake/data --depth 8 --steps 100000
    longtake train --data-root s3://lake/data --start s3://lake/data/models/dit-1a2b3c4d5e6f.safetensors
    """
    from longtake.dit.step_record import UNJUDGED, say_losses
    from longtake.stages import training

    given = read_mapping(config_file)
    if unknown := sorted(set(given) - {"training_config"}):
        raise UserError(f"the config file {config_file} has {', '.join(unknown)}; expected training_config")
    config: dict[str, Any] = dict(given.get("training_config") or {})
    if depth is not None:
        config["model"] = {**(config.get("model") or {}), "depth": depth}
    if steps is not None:
        config["steps"] = steps
    with show_bar("training", steps or config.get("steps", 0)) as bar:
        summary = training.follow(
            data_root=data_root, samples=samples, config=config, start=start, show=bar.to,
            tell=lambda sentence: click.echo(f"longtake: {sentence}", err=True),
        )  # fmt: skip
    if as_json:
        click.echo(summary.to_json())
        sys.exit(summary.exit_code)
    losses = say_losses(summary.loss, summary.train_loss)
    click.echo(f"{losses} after {summary.steps:,} steps; model {summary.model}, page {summary.report_uri}")
    if summary.loss is None:
        click.echo(UNJUDGED)
    click.echo(f'films of it: longtake sample --model {summary.model} --prompt "..."')
    sys.exit(summary.exit_code)


@click.command("train-owl", short_help="Trains a stage of a world model, for long films.")
@click.option("--data-root", required=True, help="Where tables and models are.")
@click.option(
    "--stage", type=click.Choice(("alignment", "generative", "world")), help="Which of the three; else the config's, or world."
)  # fmt: skip
@click.option(
    "--start", default="", help="URI or path to go on from: a world model of the stage before, or a trained video model (dit-...)."
)  # fmt: skip
@click.option("--raw", default="", help="Where the videos of stories lie, for those that do not say it.")
@click.option("--steps", type=click.IntRange(min=1), help="How long; else the config's.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: owl_training_config, captioning_config."
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What it came to, as one record.")
def train_owl(
    data_root: str, stage: str | None, start: str, raw: str, steps: int | None, config_file: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Trains one stage of an Owl-1 world model: states that align with texts, that film, and texts of what happens next.

    Stopped, it goes on where it was: just run it again.

    \b
    longtake train-owl --data-root s3://lake/data --stage alignment --config owl.yaml
    longtake train-owl --data-root s3://lake/data --stage generative --start s3://lake/data/models/owl-1a2b3c4d5e6f.safetensors
    longtake train-owl --data-root s3://lake/data --stage world --start s3://lake/data/models/owl-6f5e4d3c2b1a.safetensors
    """
    from longtake.dit.step_record import UNJUDGED_WORLD, say_losses
    from longtake.stages import owl_training

    given = read_mapping(config_file)
    names = ("owl_training_config", "captioning_config")
    if unknown := sorted(set(given) - set(names)):
        raise UserError(f"the config file {config_file} has {', '.join(unknown)}; expected {', '.join(names)}")
    config: dict[str, Any] = dict(given.get("owl_training_config") or {})
    if steps is not None:
        config["training"] = {**(config.get("training") or {}), "steps": steps}
    with show_bar("training", (config.get("training") or {}).get("steps", 0)) as bar:
        summary = owl_training.follow(
            data_root=data_root, config=config, stage=stage or "", start=start, raw=raw,
            captioning_config=given.get("captioning_config") or {}, show=bar.to,
            tell=lambda sentence: click.echo(f"longtake: {sentence}", err=True),
        )  # fmt: skip
    if as_json:
        click.echo(summary.to_json())
        sys.exit(summary.exit_code)
    losses = say_losses(summary.loss, summary.train_loss)
    click.echo(f"{losses} after {summary.steps:,} steps; model {summary.model}, page {summary.report_uri}")
    if summary.loss is None:
        click.echo(UNJUDGED_WORLD)
    following = {"alignment": "generative", "generative": "world"}.get(summary.training_stage)
    if following:
        same = f" --config {config_file}" if config_file else ""
        click.echo(
            f"the next stage: longtake train-owl --data-root {data_root} --stage {following}{same} --start {summary.model}"
        )
    else:
        click.echo(f'films of it: longtake generate --model {summary.model} --prompt "..." --image FILE')
    sys.exit(summary.exit_code)


@click.command("train-tsa", short_help="Trains the network that scores clips (VTSS).")
@click.option(
    "--footage", multiple=True, type=click.Path(path_type=Path, file_okay=False),
    help="A folder of clean videos and photographs to put graded defects into; again: more.",
)  # fmt: skip
@click.option("--raw", help="Instead: where the raw videos of a lake lie, whose clips people have marked.")
@click.option("--data-root", help="And where its tables are.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: tsa_training_config, scoring_config, slicing_config."
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("tsa.safetensors"), show_default=True
)
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), default=Path("tsa-work"), show_default=True,
    help="What is finished is kept here, so that a training that was stopped goes on.",
)  # fmt: skip
def train_tsa(
    footage: tuple[Path, ...], raw: str | None, data_root: str | None, config_file: Path | None, out: Path, work: Path
) -> None:  # fmt: skip
    """Trains the network that gives clips their suitability score (VTSS), and says how good it is.

    \b
    longtake train-tsa --footage my-clips            # by graded defects, no marks needed
    longtake train-tsa --raw s3://footage/raw --data-root s3://lake/data   # by people's marks, from `fewest_labels` on
    """
    given = read_mapping(config_file)
    names = ("tsa_training_config", "scoring_config", "slicing_config")
    if unknown := sorted(set(given) - set(names)):
        raise UserError(f"the config file {config_file} has {', '.join(unknown)}; expected {', '.join(names)}")
    config, scoring, slicing = (given.get(name) or {} for name in names)
    if bool(footage) == bool(raw and data_root):
        raise UserError("give --footage FOLDER, or --raw and --data-root of a lake")
    if footage:
        from longtake.files.tsa_training import train_on_files
        from longtake.tsa_training.terminal import show_evaluation

        trained = train_on_files(footage, out=out, work=work, config=config, scoring=scoring)
        show_evaluation(trained.lesson.evaluation)
        weights: Path | str = trained.weights.absolute()
        click.echo(f"weights {weights}, page {trained.page}")
    else:
        from longtake.stages import tsa_training

        summary = tsa_training.run(
            raw=raw or "", data_root=data_root or "", slicing_config=slicing, scoring_config=scoring, config=config
        )
        weights = summary.weights
        click.echo(f"SRCC {summary.srcc} on the test sources; weights {summary.weights}, page {summary.report_uri}")
    click.echo(f"score with them: scoring_config: {{measuring: {{suitability: {{weights: {weights}}}}}}}")
    sys.exit(EXIT_DONE)


@click.command("tune-captioner", short_help="Tunes a vision-language model on captions.")
@click.argument("captions", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--model", help="Folder, s3:// or hub name of the model; else the config's.")
@click.option(
    "--videos", type=click.Path(path_type=Path, file_okay=False), help="Where the videos of a CSV are: <id>.mp4 and the like."
)  # fmt: skip
@click.option("--data-root", help="Instead of files: the lake whose captions are learned from.")
@click.option("--dataset", default="clips", show_default=True, help="And of which dataset.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: caption_tuning_config, captioning_config."
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("captioner"), show_default=True,
    help="The adapter's folder.",
)  # fmt: skip
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), default=Path("captioner-work"), show_default=True,
    help="What is finished is kept here, so that a training that was stopped goes on.",
)  # fmt: skip
def tune_captioner(
    captions: tuple[Path, ...], model: str | None, videos: Path | None, data_root: str | None, dataset: str,
    config_file: Path | None, out: Path, work: Path,
) -> None:  # fmt: skip
    """Tunes a vision-language model on captions of your own (LoRA), and says what it writes before and after.

    \b
    longtake tune-captioner seeds.jsonl --model LLaVA-FOLDER      # keys: media, the six parts, text
    longtake tune-captioner koala.csv --videos FOLDER --model LLaVA-FOLDER      # Koala-36M's columns
    longtake tune-captioner --data-root s3://lake/data --model LLaVA-FOLDER     # captions of a lake
    """
    given = read_mapping(config_file)
    names = ("caption_tuning_config", "captioning_config")
    if unknown := sorted(set(given) - set(names)):
        raise UserError(f"the config file {config_file} has {', '.join(unknown)}; expected {', '.join(names)}")
    config, captioning = (given.get(name) or {} for name in names)
    if bool(captions) == bool(data_root):
        both = ", one of the two" if captions else ""
        raise UserError(f"give files of captions (.jsonl, .csv), or --data-root of a lake that has some{both}")
    if model:
        config = {**config, "model": model}
    if captions:
        from longtake.files.caption_tuning import tune_on_files

        tuned = tune_on_files(captions, videos=videos, out=out, work=work, config=config)
        adapter, losses, page = str(tuned.adapter.absolute()), tuned.tuned.held_out_losses, str(tuned.page)
    else:
        from longtake.stages import caption_tuning

        summary = caption_tuning.run(
            data_root=data_root or "", dataset=dataset, captioning_config=captioning, config=config
        )
        adapter, losses, page = summary.adapter, (summary.loss_before, summary.loss_after), summary.report_uri
    before, after = ("none" if loss is None else f"{loss:.3f}" for loss in losses)
    click.echo(f"held-out loss {before} before, {after} after; adapter {adapter}, page {page}")
    said = f"captioner: transformers, transformers: {{model: {config.get('model')}, adapter: {adapter}}}"
    click.echo(f"caption with it: captioning_config: {{writing: {{{said}}}}}")
    sys.exit(EXIT_DONE)
