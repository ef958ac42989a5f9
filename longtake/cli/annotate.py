"""`longtake annotate`: people's marks of clips."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from longtake.cli.given import read_mapping
from longtake.errors import UserError


@click.command(short_help="Mark clips from 1 to 5 on a page; import marks; compare annotators.")
@click.option("--data-root", required=True, help="Where tables and clips are: s3://bucket/prefix or a folder.")
@click.option("--raw", help="The raw videos whose clips are meant: s3://bucket/prefix or a folder.")
@click.option("--annotator", help="Your name; the same each time.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: slicing_config, scoring_config, as for run."
)
@click.option(
    "--near", type=click.FloatRange(1, 5), default=2.5, show_default=True, help="VTSS whose clips come first."
)
@click.option("--shuffled", is_flag=True, help="In an order by chance instead: marks for training a first network.")
@click.option("--clips", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Of one start at most.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="On 127.0.0.1; 0: a free one."
)
@click.option(
    "--import", "export", type=click.Path(path_type=Path), help="Take the marks of Label Studio's JSON export instead."
)
@click.option("--control", help="With --import: the rating's name, where a task has several.")
@click.option("--tasks", type=click.Path(path_type=Path), help="Write a file of tasks for Label Studio instead.")
@click.option("--agreement", is_flag=True, help="Show how far annotators agree instead.")
@click.option("--json", "as_json", is_flag=True, help="With --import and --agreement: for programs.")
def annotate(
    data_root: str,
    raw: str | None,
    annotator: str | None,
    config_file: Path | None,
    near: float,
    shuffled: bool,
    clips: int,
    port: int,
    export: Path | None,
    control: str | None,
    tasks: Path | None,
    agreement: bool,
    as_json: bool,
) -> None:
    """Serves a page on 127.0.0.1 that shows one clip after the other; keys 1 to 5 say how suitable it is for training.

    \b
    longtake annotate --annotator ann \\
        --raw s3://footage/raw --data-root s3://lake/data
    longtake annotate --data-root s3://lake/data --agreement
    """
    if sum((export is not None, tasks is not None, agreement)) > 1:
        raise UserError("give one of --import, --tasks and --agreement, or none for the page")
    if agreement:
        _show_agreement(data_root, as_json)
        return
    if raw is None:
        raise UserError("--raw is missing: the prefix below which the clips' videos lie")
    config = read_mapping(config_file)
    if export is not None:
        _import(export, raw, data_root, config.get("slicing_config") or {}, control, as_json)
        return
    if tasks is not None:
        from longtake.annotating.label_studio import LABELLING_CONFIG
        from longtake.stages.labels import tasks_of

        found = tasks_of(raw=raw, data_root=data_root, slicing_config=config.get("slicing_config") or {})
        tasks.write_text(json.dumps(found, indent=1), encoding="utf-8")
        click.echo(f"{tasks}: {len(found):,} tasks, for a project that is set up with\n\n{LABELLING_CONFIG}", err=True)
        return
    if annotator is None:
        raise UserError("--annotator is missing: your name, the same each time")
    _serve(raw, data_root, annotator, config, None if shuffled else near, clips, port)


def _serve(
    raw: str, data_root: str, annotator: str, config: dict[str, Any], near: float | None, clips: int, port: int
) -> None:
    from longtake.stages.annotating import catch_end, open_desk

    with open_desk(
        raw=raw,
        data_root=data_root,
        annotator=annotator,
        slicing_config=config.get("slicing_config"),
        scoring_config=config.get("scoring_config"),
        near=near,
        clips=clips,
        port=port,
    ) as (desk, url):
        wait_for_end = catch_end()
        had, new, more = len(desk.round.marked), len(desk.round.open), desk.round.more
        click.echo(
            f"{desk.annotator} has marked {had:,} clips; {new:,} come now{f', {more:,} more wait' if more else ''}."
        )
        click.echo(f"Open this address in a browser on this machine:\n\n    {url}\n")
        click.echo("Ctrl-C stops it. Every mark is kept, and the next start goes on where this one ended.")
        wait_for_end()
    click.echo(f"\n{desk.given:,} mark{'' if desk.given == 1 else 's'} saved.")


def _import(
    export: Path, raw: str, data_root: str, slicing_config: dict[str, Any], control: str | None, as_json: bool
) -> None:
    from longtake.stages.labels import import_labels

    found = import_labels(export, raw=raw, data_root=data_root, slicing_config=slicing_config, control=control)
    click.echo(json.dumps(asdict(found), indent=2) if as_json else "\n".join(found.sentences()))


def _show_agreement(data_root: str, as_json: bool) -> None:
    from longtake.annotating.agreement import measure_agreement
    from longtake.annotating.terminal import show_agreement
    from longtake.lake import Lake
    from longtake.stages.labels import read_labels

    lake = Lake(data_root)
    lake.objects.check(writable=False)
    labels = read_labels(lake)
    if not labels:
        raise UserError(f"there are no marks below {lake.data_root}; give some with longtake annotate --annotator NAME")
    found = measure_agreement(labels)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        show_agreement(found)
