"""The `longtake` command. Every verb imports what it needs when it runs, so that `--help` costs nothing."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from longtake import __version__
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED, EXIT_USER, UserError, explain

STEPS = ("listing", "slicing")
PIPELINES = ("curate",)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="longtake")
def cli() -> None:
    """Raw footage becomes a clip dataset, a video generator, and long, consistent films.

    \b
    Exit codes: 0 done, 10 done with some items quarantined, 20 a mistake of yours (the message says which),
    30 something did not answer: try again, 1 a fault of longtake, 130 Ctrl-C, 143 ended by SIGTERM.
    """


@cli.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("longtake-demo"), show_default=True)
def demo(folder: Path) -> None:
    """The whole chain on real footage: an S3 server, raw reels, the pipeline, what it found against what is known."""
    from longtake.demo import run_demo

    sys.exit(run_demo(folder))


@cli.command()
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option("--raw", required=True, help="Where the raw videos lie: s3://bucket/prefix or a folder.")
@click.option("--data-root", required=True, help="Where tables and clips go: s3://bucket/prefix or a folder.")
@click.option("--shards", type=int, default=1, show_default=True, help="Steps that may run at once on this machine.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML: listing_config, slicing_config.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the pipeline's whole output in this file.")
@click.option("--json", "as_json", is_flag=True, help="Print run, exit code, errors and what each step did as JSON.")
def run(
    pipeline: str, raw: str, data_root: str, shards: int, config_file: Path | None, log: Path | None, as_json: bool
) -> None:
    """Runs a pipeline on this machine, under Kubeflow's own local runner. Again: what is done is skipped."""
    local = _from_clone("pipelines.local")
    parameters = _mapping(config_file)
    for name in ("raw", "data_root", "shards"):
        if name in parameters:
            raise UserError(f"the config file {config_file} gives {name}; give it as --{name.replace('_', '-')} alone")
    parameters |= {"raw": raw, "data_root": data_root, "shards": shards}
    outcome = local.run_locally(pipeline, parameters, log=log)
    if as_json:
        click.echo(outcome.to_json())
    else:
        outcome.show()
    outcome.complain()
    sys.exit(outcome.exit_code)


@cli.command("compile")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A folder other than the clone.")
def compile_(pipeline: str, out: Path | None) -> None:
    """Writes the YAML that the KFP UI takes, for a pipeline and for each of its components."""
    for path in _from_clone("pipelines.compiling").compile_pipeline(pipeline, out):
        click.echo(path)


@cli.command()
@click.argument("name", type=click.Choice(STEPS))
@click.option("--config", "config_file", type=click.Path(path_type=Path), required=True, help="YAML or JSON.")
def step(name: str, config_file: Path) -> None:
    """Runs one step in this process; the file holds its parameters, the same as its Kubeflow component has.

    \b
    raw: s3://footage/raw
    data_root: s3://lake/data
    config: {}
    """
    from longtake.stages.by_name import run_step
    from longtake.telemetry import log_json

    log_json()
    summary = run_step(name, _mapping(config_file))
    click.echo(summary.to_json())
    sys.exit(summary.exit_code)


@cli.command("slice")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Cut the clips into this folder.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: rule, encoding, limits, or a curate config."
)
@click.option("--json", "as_json", is_flag=True, help="One record a file, on standard output.")
def slice_(files: tuple[Path, ...], out: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Transitions and clips of video files; no lake is needed."""
    from longtake.files import show_slicings, slice_files

    slicings = slice_files(files, out=out, config=_mapping(config_file, "slicing_config"))
    if as_json:
        click.echo(json.dumps([found.to_record() for found in slicings], indent=2))
    else:
        show_slicings(slicings)
    sys.exit(EXIT_QUARANTINED if any(found.reason for found in slicings) else EXIT_DONE)


@cli.group()
def lake() -> None:
    """Look into a lake, or serve one on this machine."""


@lake.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", type=click.IntRange(1024, 55_535), help="Of S3; else the last one, or any free one.")
def serve(folder: Path, port: int | None) -> None:
    """Serves FOLDER as S3 on 127.0.0.1 (bucket `lake`) until Ctrl-C. For laptops and tests, not for a cluster."""
    from longtake.lake.server import Server

    with Server(folder, port) as server:
        click.echo(f"S3 on {server.endpoint}, bucket s3://lake. In another terminal:\n")
        for name, value in server.environment.items():
            click.echo(f"    export {name}={value}")
        if not server.owned:
            click.echo("\nAnother process serves this folder already.")
            return
        click.echo("\nCtrl-C stops it; what was written stays.")
        server.wait()


@lake.command("ls")
@click.argument("uri")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def ls(uri: str, as_json: bool) -> None:
    """Objects below a URI, with their sizes."""
    from longtake.lake import open_store

    store = open_store(uri)
    store.check(writable=False)
    total, count = 0, 0
    for item in store.walk():
        total, count = total + item.bytes, count + 1
        if as_json:
            click.echo(json.dumps({"uri": f"{store.uri}/{item.key}", "bytes": item.bytes, "etag": item.etag}))
        else:
            click.echo(f"{item.bytes:>14,}  {item.key}")
    if not as_json:
        click.echo(f"{total:>14,}  in {count} objects", err=True)


@lake.command()
@click.argument("sql")
@click.option("--data-root", required=True, help="Where the tables are: s3://bucket/prefix or a folder.")
@click.option("--json", "as_json", is_flag=True, help="One record a row.")
def query(sql: str, data_root: str, as_json: bool) -> None:
    """SQL over the tables (videos, clips), by DuckDB: longtake lake query "select ..." --data-root URI."""
    from longtake.lake import Lake
    from longtake.lake.query import query_lake, show_answer

    root = Lake(data_root)
    root.objects.check(writable=False)
    answer = query_lake(root, sql)
    if as_json:
        click.echo(json.dumps(answer.to_pylist(), indent=2, default=str))
    else:
        show_answer(answer)


def _from_clone(module: str) -> Any:
    """A module that Kubeflow needs and only the clone has."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("pipelines", "components"):
            raise UserError(
                "this verb needs the pipelines, which are in the repository and not in the wheel; "
                "clone it and install it with pip install -e '.[media,lake,kfp]'"
            ) from None
        raise


def _mapping(path: Path | None, inside: str = "") -> dict[str, Any]:
    """A YAML or JSON file as a dictionary, or the part of it under the key `inside` if it has one; empty without a file."""
    from longtake.yamlfile import read_yaml

    loaded = {} if path is None else read_yaml(path) or {}
    if isinstance(loaded, dict) and inside in loaded:
        loaded = loaded[inside] or {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise UserError(f"the config file {path} holds {loaded!r:.60}; expected names and values")
    return loaded


def main() -> None:
    """Runs the command; every failure that can be foreseen is one line on standard error and an exit code."""
    try:
        result = cli(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USER)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        foreseen = explain(error)
        if foreseen is None:
            raise
        click.echo(f"longtake: {foreseen[1]}", err=True)
        sys.exit(foreseen[0])
    sys.exit(result if isinstance(result, int) else EXIT_DONE)


if __name__ == "__main__":
    main()
