"""`longtake trace`: one clip's whole story."""

from pathlib import Path

import click


@click.command(short_help="One clip's whole story: file, span, scores, reasons, uses.")
@click.argument("id")
@click.option("--data-root", required=True, help="Where the tables are: s3://bucket/prefix or a folder.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a page, with pictures.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def trace(id: str, data_root: str, html: Path | None, as_json: bool) -> None:
    """Where a clip comes from, what was measured on it, which datasets keep it or not, and why.

    ID is a clip's id, at least its first 6 digits, or a video's id.
    """
    from longtake.datasets.terminal import show_trace
    from longtake.datasets.trace import find_trace, render_trace
    from longtake.lake import Lake

    lake = Lake(data_root)
    lake.objects.check(writable=False)
    found = find_trace(lake, id)
    if html:
        html.write_text(render_trace(lake, found), encoding="utf-8")
    if as_json:
        click.echo(found.to_json())
    else:
        show_trace(found)
    if html:
        click.echo(f"the page is {html}", err=True)
