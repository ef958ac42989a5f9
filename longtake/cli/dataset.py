"""`longtake dataset`: what is in a dataset, how two differ, and the ways in and out."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from longtake.cli.bar import show_bar
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED, UserError

if TYPE_CHECKING:
    from longtake.lake import Lake

DATA_ROOT = click.option("--data-root", required=True, help="Where the tables are: s3://bucket/prefix or a folder.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(short_help="What is in a dataset, and the ways in and out.")
def dataset() -> None:
    """What is in a dataset, how two differ, and the ways in and out.

    A dataset is called by its name (clips-1a2b3c4d), or by its family (clips), which means the newest.
    """


@dataset.command("ls")
@DATA_ROOT
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def ls(data_root: str, as_json: bool) -> None:
    """All datasets, the oldest first."""
    from longtake.datasets.stored import list_datasets

    found = list_datasets(_open(data_root))
    for item in found:
        if as_json:
            click.echo(json.dumps(asdict(item)))
        else:
            click.echo(f"{item.clips:>12,} clips  {item.seconds / 3600:>10,.2f} h  {item.made_at[:16]}  {item.name}")
    if not as_json:
        click.echo(f"{len(found)} datasets" if len(found) != 1 else "1 dataset", err=True)


@dataset.command(short_help="Clips, hours, spreads and reasons of one dataset.")
@click.argument("name")
@DATA_ROOT
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the card as a page, with histograms."
)
@AS_JSON
def card(name: str, data_root: str, html: Path | None, as_json: bool) -> None:
    """Clips, hours, spreads and reasons of one dataset, beside Koala-36M and Panda-70M."""
    from longtake.datasets.captions import only_captions
    from longtake.datasets.card import describe, render_card
    from longtake.datasets.members import read_buckets
    from longtake.datasets.stored import read_dataset
    from longtake.datasets.terminal import show_card

    lake = _open(data_root)
    chosen = read_dataset(lake, name)
    with show_bar("reading", sum(chosen.counts.values())) as advance:
        described = describe(
            chosen, _counted(read_buckets(lake, chosen, dropped=True, captions=only_captions(lake)), advance)
        )
    if html:
        html.write_text(render_card(described), encoding="utf-8")
    if as_json:
        click.echo(described.to_json())
    else:
        show_card(described)
    if html:
        click.echo(f"the page is {html}", err=True)


@dataset.command(short_help="How one dataset differs from another.")
@click.argument("old")
@click.argument("new")
@DATA_ROOT
@AS_JSON
def diff(old: str, new: str, data_root: str, as_json: bool) -> None:
    """How dataset NEW differs from OLD: clips, reasons, makers and settings."""
    from longtake.datasets.diff import compare
    from longtake.datasets.stored import read_dataset
    from longtake.datasets.terminal import show_diff

    lake = _open(data_root)
    found = compare(lake, read_dataset(lake, old), read_dataset(lake, new))
    if as_json:
        click.echo(found.to_json())
    else:
        show_diff(found)


@dataset.command(short_help="Kept clips as Koala-36M's CSV, or WebDataset shards.")
@click.argument("name")
@DATA_ROOT
@click.option("--csv", type=click.Path(path_type=Path, dir_okay=False), help="A file with Koala-36M's columns.")
@click.option("--webdataset", help="A folder or s3://bucket/prefix for tar shards with the clips.")
@click.option("--shard-clips", type=int, default=10_000, show_default=True, help="Clips of a shard at most.")
@click.option("--shard-mb", type=int, default=1_000, show_default=True, help="A shard is full at so many megabytes.")
@click.option("--captions", help="Whose captions: a captioner, or a made_by; none: without.  [default: the only ones]")
@AS_JSON
def export(
    name: str,
    data_root: str,
    csv: Path | None,
    webdataset: str | None,
    shard_clips: int,
    shard_mb: int,
    captions: str | None,
    as_json: bool,
) -> None:
    """The kept clips of a dataset as Koala-36M's CSV, or as WebDataset shards.

    Scores in the CSV are longtake's own, on their own scales. Captions go with the clips that have them. A killed
    WebDataset export goes on where it was.
    """
    from longtake.datasets.captions import choose_captions
    from longtake.datasets.stored import read_dataset

    if (csv is None) == (webdataset is None):
        raise UserError("give --csv FILE or --webdataset PLACE, one of them")
    lake = _open(data_root)
    chosen = read_dataset(lake, name)
    told_by = choose_captions(lake, captions)
    if csv is not None:
        _export_csv(lake, chosen, csv, told_by, as_json)
    else:
        _export_shards(lake, chosen, webdataset or "", shard_clips, shard_mb, told_by, as_json)


def _export_csv(lake: "Lake", chosen: Any, csv: Path, captions: str | None, as_json: bool) -> None:
    from longtake.datasets.koala import write_rows
    from longtake.datasets.members import read_buckets

    part = csv.with_name(f".{csv.name}.part")
    rows = 0
    with show_bar("writing", chosen.clips) as advance:
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                for written in write_rows(read_buckets(lake, chosen, captions=captions), file):
                    rows += written
                    advance(written)
            part.replace(csv)
        finally:
            part.unlink(missing_ok=True)
    if as_json:
        click.echo(json.dumps({"dataset": chosen.name, "csv": str(csv), "rows": rows}))
    else:
        click.echo(f"{csv}: {rows:,} rows of {chosen.name}")


def _export_shards(
    lake: "Lake", chosen: Any, place: str, shard_clips: int, shard_mb: int, captions: str | None, as_json: bool
) -> None:
    from longtake.datasets.members import read_members
    from longtake.datasets.webdataset import Sizes, export_clips
    from longtake.lake import open_store

    sizes = Sizes(clips=shard_clips, megabytes=shard_mb)
    target = open_store(place)
    target.check(writable=True)
    with show_bar("exporting", chosen.clips) as advance:
        members = read_members(lake, chosen, captions=captions)
        shards = export_clips(lake, chosen, members, target, sizes=sizes, captions=captions, advance=advance)
    missing = [clip_id for shard in shards for clip_id in shard.missing]
    if as_json:
        click.echo(
            json.dumps({"dataset": chosen.name, "uri": target.uri, "shards": [asdict(s) for s in shards]}, indent=2)
        )
    else:
        for shard in shards:
            click.echo(f"{shard.bytes:>14,}  {len(shard.clips) - len(shard.missing):>8,} clips  {shard.key}")
    if missing:
        click.echo(
            f"{len(missing)} clips are left out, since their films are no longer in the lake: {missing[0]} ...",
            err=True,
        )
    sys.exit(EXIT_QUARANTINED if missing else EXIT_DONE)


@dataset.command("import", short_help="Cuts the clips that a CSV names from listed videos.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--raw", required=True, help="Where the raw videos lie, listed before: s3://bucket/prefix or a folder.")
@click.option("--data-root", required=True, help="Where tables and clips go: s3://bucket/prefix or a folder.")
@click.option("--family", required=True, help="What the dataset is called; a digest is added.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: encoding, validation_share, limits."
)
@AS_JSON
def import_(file: Path, raw: str, data_root: str, family: str, config_file: Path | None, as_json: bool) -> None:
    """Cuts the clips that FILE, a CSV with Koala-36M's columns, names from listed videos.

    A row's video is the one at its url, or else the one whose file is called as its videoID without the number.
    """
    from longtake.cli.given import read_mapping
    from longtake.datasets.terminal import show_import
    from longtake.stages import importing

    with show_bar("importing", 0) as advance:
        summary = importing.run(
            csv=str(file),
            raw=raw,
            data_root=data_root,
            family=family,
            config=read_mapping(config_file, "importing_config"),
            advance=advance.to,
        )
    if as_json:
        click.echo(summary.to_json())
    else:
        show_import(summary.dataset, summary.rows, summary.examples, summary.report_uri)
    sys.exit(summary.exit_code)


@dataset.command(short_help="A threshold on VTSS, or several, that keep a share.")
@DATA_ROOT
@click.option("--keep", type=float, default=0.77, show_default=True, help="Share of clips to keep.")
@click.option("--by", type=click.Choice(["vtss", "thresholds"]), help="Default: vtss where all clips have one.")
@click.option("--made-by", help="Whose scores, where the table has several makers.")
def tune(data_root: str, keep: float, by: str | None, made_by: str | None) -> None:
    """What keeps a share of the scored clips, as YAML for --config: a threshold on VTSS, or one on each bad side of a metric.

    Koala-36M kept 75 % by VTSS (36M of 48M), and 77 % by hand-set thresholds, which are not published.
    """
    from longtake.datasets.tuning import tune_thresholds

    if not 0 < keep <= 1:
        raise UserError(f"--keep is {keep}; give a share above 0 and up to 1")
    text, sentence = tune_thresholds(_open(data_root), keep, made_by, by)
    click.echo(text, nl=False)
    click.echo(sentence, err=True)


def _open(data_root: str) -> "Lake":
    from longtake.lake import Lake

    lake = Lake(data_root)
    lake.objects.check(writable=False)
    return lake


def _counted(buckets: Any, advance: Callable[[int], None]) -> Iterator[Any]:
    for members in buckets:
        yield members
        advance(len(members))
