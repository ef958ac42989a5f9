"""Verbs for a cluster as a whole: what Kubeflow and Argo take, written to files or given to Kubeflow."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from longtake.cli.given import from_clone
from longtake.cli.local import PIPELINES
from longtake.errors import UserError

Verb = TypeVar("Verb", bound=Callable[..., Any])
TABLE_COLUMNS, SHOWN = 100, 20
"""Characters of a table, and of a value in it."""


def reaches_kubeflow(verb: Verb) -> Verb:
    """Adds the options that say which Kubeflow."""
    verb = click.option(
        "--namespace",
        envvar="KFP_NAMESPACE",
        show_envvar=True,
        default="",
        help="Your profile's, if KFP has many users; a token is then read from KFP_TOKEN.",
    )(verb)
    return click.option(
        "--endpoint",
        envvar="KFP_ENDPOINT",
        show_envvar=True,
        default="",
        help="KFP's API, like http://localhost:8888; links to runs begin with KF_PIPELINES_UI_ENDPOINT, if that is set.",
    )(verb)


def values_files(**settings: Any) -> Callable[[Verb], Verb]:
    """Adds the option --values."""
    return click.option("--values", "files", type=click.Path(path_type=Path), multiple=True, **settings)


def read_pairs(pairs: tuple[str, ...], **named: str | None) -> dict[str, str]:
    """`NAME=VALUE` and options of their own as one dictionary. Raises UserError for a name that is given twice."""
    texts = {name: text for name, text in named.items() if text is not None}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair!r} is not written NAME=VALUE")
        if name in texts:
            raise UserError(f"the parameter {name} is given twice; give it once")
        texts[name] = text
    return texts


def print_table(
    columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, elastic: int, whole: bool = False
) -> None:
    """Prints rows, `whole` or in at most 100 columns, where the column of number `elastic` gives way."""
    widths = [max(len(row[n]) for row in [columns, *rows]) for n in range(len(columns))]
    if not whole:
        shown = [min(width, SHOWN) for width in widths]
        others = sum(shown) - shown[elastic] + 2 * (len(columns) - 1)
        shown[elastic] = min(widths[elastic], TABLE_COLUMNS - others)
        widths = shown
    for row in [columns, *rows]:
        click.echo("  ".join(_fit(text, width) for text, width in zip(row, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """The text, which others may have written; what a terminal would take for a command is a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _fit(text: str, width: int) -> str:
    text = printable(text)
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"


@click.command("compile", short_help="Writes the YAML for the KFP UI, or for Argo.")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@values_files(help="Values of the chart; again: merged.")
@click.option("--target", type=click.Choice(("kfp", "argo")), default="kfp", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder; default: here.")
def compile_(pipeline: str, files: tuple[Path, ...], target: str, out: Path) -> None:
    """Writes the YAML that the KFP UI takes, or an Argo WorkflowTemplate and its CronWorkflows.

    Images, pools, resources and defaults are those of the chart's values; without any, they are the chart's own.
    """
    values = from_clone("pipelines.cluster.loading").load_values(*files)
    module = "pipelines.compiling" if target == "kfp" else "pipelines.argo.workflows"
    click.echo(from_clone(module).compile_pipeline(pipeline, values, out))


@click.command(short_help="Uploads the pipelines and schedules to KFP.")
@values_files(required=True, help="Values of the chart; again: merged.")
@reaches_kubeflow
@click.option("--wait-s", type=click.FloatRange(0), default=60.0, show_default=True, help="How long KFP may be silent.")
def publish(files: tuple[Path, ...], endpoint: str, namespace: str, wait_s: float) -> None:
    """Uploads every pipeline with these values, and keeps the schedules that they name.

    In the KFP UI it is then Create run, Start. The chart does this by itself after an install or upgrade. Again: what is
    there is left as it is.
    """
    values = from_clone("pipelines.cluster.loading").load_values(*files)
    from_clone("pipelines.kubeflow.access").check_release(values)
    publishing = from_clone("pipelines.kubeflow.publishing")
    with tempfile.TemporaryDirectory(prefix="longtake-publish-") as folder:
        packages = publishing.pack_all(values, Path(folder))
        kubeflow = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace, values, wait_s)
        for line in publishing.publish(kubeflow, values, packages):
            click.echo(line)


@click.command(short_help="Takes pipelines and schedules out of KFP again.")
@values_files(required=True, help="Values of the chart; again: merged.")
@reaches_kubeflow
@click.option("--wait-s", type=click.FloatRange(0), default=60.0, show_default=True, help="How long KFP may be silent.")
def unpublish(files: tuple[Path, ...], endpoint: str, namespace: str, wait_s: float) -> None:
    """Deletes the pipelines and schedules that longtake made, and stops their runs.

    The chart does this by itself before an uninstall. Finished runs stay as history; the lake is not touched.
    """
    values = from_clone("pipelines.cluster.loading").load_values(*files)
    kubeflow = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace, values, wait_s)
    for line in from_clone("pipelines.kubeflow.publishing").unpublish(kubeflow, values):
        click.echo(printable(line))
