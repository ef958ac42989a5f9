"""Verbs for runs on a cluster: submit, runs, stop."""

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from longtake.cli.cluster import print_table, printable, reaches_kubeflow, read_pairs, values_files
from longtake.cli.given import from_clone, read_mapping
from longtake.cli.local import PIPELINES
from longtake.errors import EXIT_DONE, EXIT_FAULT, TransientError

PATIENCE_S = 10.0
"""How long `submit` waits for a port-forward that was begun just before it."""


@click.command(short_help="Starts a run on the cluster.")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option("--raw", help="Where the raw videos lie: s3://bucket/prefix.")
@click.option("--data-root", help="Where tables and clips go: s3://bucket/prefix.")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A parameter; YAML, unless it is text.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML: parameters by their names.")
@click.option("--name", help="Of the run; default: pipeline and time.")
@values_files(help="Compile with these values and send that; default: what is uploaded.")
@click.option("--experiment", help="What the run is filed under; default: the values'.")
@click.option("--service-account", help="Who its pods are; default: the values'.")
@reaches_kubeflow
@click.option("--wait", is_flag=True, help="Follow it to its end: exit code 0 if it succeeded, else 1.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each state, one a line.")
def submit(
    pipeline: str, raw: str | None, data_root: str | None, pairs: tuple[str, ...], config_file: Path | None,
    name: str | None, files: tuple[Path, ...], experiment: str | None, service_account: str | None, endpoint: str,
    namespace: str, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Starts a run on the cluster: the newest uploaded version of the pipeline, whose defaults are the cluster's.

    A config that is given takes the place of the pipeline's default as a whole.
    """
    given, texts = read_mapping(config_file), read_pairs(pairs, raw=raw, data_root=data_root)
    if files:
        values, order = _bring(pipeline, files, given, texts)
        kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace, values, PATIENCE_S)
    else:
        kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace, wait_s=PATIENCE_S)
        order = from_clone("pipelines.kubeflow.orders").order_newest(kfp, pipeline, given, texts)
    fields = order.on(service_account, experiment).fields(kfp)
    run = kfp.create_run(display_name=name or f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}", **fields)
    facts = {"run": run.run_id, "name": run.display_name, "pipeline": pipeline, "version": order.version}
    facts["page"] = kfp.page_of(run.run_id)
    if not as_json:
        click.echo(f"run {run.run_id} of {pipeline}, version {order.version}\npage {facts['page']}")
    elif not wait:
        click.echo(json.dumps(facts | {"state": run.state, "error": ""}))
    sys.exit(_follow(kfp, facts, as_json) if wait else EXIT_DONE)


def _bring(pipeline: str, files: tuple[Path, ...], given: dict[str, Any], texts: dict[str, str]) -> tuple[Any, Any]:
    """The values, and an order for the pipeline compiled with them."""
    values = from_clone("pipelines.cluster.loading").load_values(*files)
    parameters = from_clone("pipelines.kubeflow.parameters")
    with tempfile.TemporaryDirectory(prefix="longtake-submit-") as folder:
        package = from_clone("pipelines.kubeflow.package").pack(pipeline, values, Path(folder))
    checked = parameters.check_parameters(pipeline, parameters.spec_of(package.document), given, texts)
    return values, package.order(values, checked)


def _follow(kfp: Any, facts: dict[str, Any], as_json: bool) -> int:
    """Shows each state of the run until it is finished; the exit code."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    runs = from_clone("pipelines.kubeflow.runs")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    state, quiet = "", as_json or not console.is_terminal
    try:
        with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
            task = progress.add_task("")
            for run in runs.follow_run(kfp, facts["run"]):
                state, ending = run.state, runs.ending_of(run)
                progress.update(task, description=f"{facts['name']} {state}")
                if as_json:
                    click.echo(json.dumps(facts | {"state": state, "error": ending}))
                else:
                    console.print(f"{datetime.now(UTC):%H:%M:%S} {state} {ending}".rstrip())
    except KeyboardInterrupt:
        short = facts["run"][: runs.SHOWN_ID]
        click.echo(f"longtake: the run goes on; longtake stop {short} ends it; its page: {facts['page']}", err=True)
        raise
    except TransientError as error:
        raise TransientError(f"{error}; run {facts['run']} itself goes on") from None
    return EXIT_DONE if state == "SUCCEEDED" else EXIT_FAULT


@click.command("runs")
@click.option("--pipeline", type=click.Choice(PIPELINES), help="Of this one alone.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@reaches_kubeflow
@click.option("--json", "as_json", is_flag=True, help="One JSON list, with whole ids.")
def runs_(pipeline: str | None, limit: int, endpoint: str, namespace: str, as_json: bool) -> None:
    """Runs on the cluster, newest first. Times are UTC."""
    runs = from_clone("pipelines.kubeflow.runs")
    rows = runs.list_runs(from_clone("pipelines.kubeflow.api").connect(endpoint, namespace), limit, pipeline)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    shown = [
        (row.run[: runs.SHOWN_ID], row.name, row.pipeline, row.state, row.created[:16], _clock(row.duration_s))
        for row in rows
    ]
    print_table(("run", "name", "pipeline", "state", "created", "duration"), shown, elastic=1)


def _clock(duration_s: float) -> str:
    """Hours, minutes, seconds."""
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


@click.command()
@click.argument("run")
@reaches_kubeflow
def stop(run: str, endpoint: str, namespace: str) -> None:
    """Stops a run, given its id or how that begins. What it has finished is kept."""
    kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace)
    click.echo(printable(from_clone("pipelines.kubeflow.runs").stop_run(kfp, run)))
