"""Verbs that train helpers: the TSA network that scores clips."""

import sys
from pathlib import Path

import click

from longtake.cli.given import read_mapping
from longtake.errors import EXIT_DONE, UserError


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
