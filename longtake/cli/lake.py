"""`longtake lake`: look into a lake, or serve one."""

import json
from pathlib import Path

import click


@click.group()
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


@lake.command(short_help="SQL over the tables, by DuckDB.")
@click.argument("sql")
@click.option("--data-root", required=True, help="Where the tables are: s3://bucket/prefix or a folder.")
@click.option("--json", "as_json", is_flag=True, help="One record a row.")
def query(sql: str, data_root: str, as_json: bool) -> None:
    """SQL over the tables (videos, clips, scores, selections), by DuckDB: longtake lake query "select ..." --data-root URI."""
    from longtake.lake import Lake
    from longtake.lake.query import query_lake, show_answer

    root = Lake(data_root)
    root.objects.check(writable=False)
    answer = query_lake(root, sql)
    if as_json:
        click.echo(json.dumps(answer.to_pylist(), indent=2, default=str))
    else:
        show_answer(answer)
