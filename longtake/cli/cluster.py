"""Verbs for a cluster: what Kubeflow and Argo take."""

from pathlib import Path

import click

from longtake.cli.given import from_clone
from longtake.cli.local import PIPELINES


@click.command("compile")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A folder other than the clone.")
def compile_(pipeline: str, out: Path | None) -> None:
    """Writes the YAML that the KFP UI takes, for a pipeline and for each of its components."""
    for path in from_clone("pipelines.compiling").compile_pipeline(pipeline, out):
        click.echo(path)
