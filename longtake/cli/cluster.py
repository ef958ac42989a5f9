"""Verbs for a cluster: what Kubeflow and Argo take."""

from pathlib import Path

import click

from longtake.cli.given import from_clone
from longtake.cli.local import PIPELINES


@click.command("compile")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option(
    "--values", "files", type=click.Path(path_type=Path), multiple=True, help="Values of the chart; again: merged."
)
@click.option("--target", type=click.Choice(("kfp", "argo")), default="kfp", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder; default: here.")
def compile_(pipeline: str, files: tuple[Path, ...], target: str, out: Path) -> None:
    """Writes the YAML that the KFP UI takes, or an Argo WorkflowTemplate and its CronWorkflows.

    Images, pools, resources and defaults are those of the chart's values; without any, they are the chart's own.
    """
    values = from_clone("pipelines.values").load_values(*files)
    module = "pipelines.compiling" if target == "kfp" else "pipelines.argo"
    click.echo(from_clone(module).compile_pipeline(pipeline, values, out))
