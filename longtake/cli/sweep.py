"""Verbs of the scaling laws' runs: `plan` says which and at what cost, `sweep` trains them and fits the laws."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from longtake.cli.given import read_mapping
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.scaling.cells import Cell
    from longtake.stages.scaling_plan import SweepPlan
    from longtake.stages.scaling_sweep import Progress

SHOWN = 12
"""Lines of the next round that a terminal shows."""

PRESET = click.option("--preset", help="What the config changes: paper, hour (of one GPU), cpu, demo; default: paper.")
CONFIG = click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML: sweep_config.")
SAMPLES = click.option("--samples", default="clips", show_default=True, help="A sample set, a dataset or a family.")


@click.command(short_help="Which runs scaling laws need, and what they cost.")
@PRESET
@CONFIG
@click.option(
    "--data-root", help="The lake whose samples are trained on; without it: the paper's clips of 1,280 tokens."
)
@SAMPLES
@click.option(
    "--throughput",
    type=click.FloatRange(min=0, min_open=True),
    help="FLOPs a second of one trainer; default: measured here.",
)
@click.option("--next", "next_round", is_flag=True, help="Name the cells that come next.")
@click.option("--json", "as_json", is_flag=True, help="One record on standard output.")
def plan(
    preset: str | None, config_file: Path | None, data_root: str | None, samples: str, throughput: float | None,
    next_round: bool, as_json: bool,
) -> None:  # fmt: skip
    """The phases of a sweep, their runs, FLOPs and hours; nothing is trained.

    \b
    longtake plan --preset paper
    longtake plan --preset cpu --data-root s3://lake/data --next
    """
    config = _config(preset, config_file)
    if data_root:
        from longtake.lake import Lake
        from longtake.stages.scaling import Sweep
        from longtake.stages.scaling_plan import look_ahead

        found = look_ahead(Sweep.open(Lake(data_root), samples, config), timed=True, speed=throughput)
    else:
        from longtake.stages.scaling_plan import look_ahead_anywhere

        found = look_ahead_anywhere(config, speed=throughput)
    if as_json:
        record = asdict(found) | {"flops": found.flops, "hours": found.hours}
        click.echo(
            json.dumps(record if next_round else {k: v for k, v in record.items() if k not in ("next_cells", "wanted")})
        )
        return
    _show_plan(found)
    if found.refused:
        click.echo(f"no laws as planned: {found.refused}")
    if next_round:
        _show_cells("next", dict.fromkeys(found.next_cells, ""))
        if found.wanted:
            _show_cells("wanted for laws (give depths, budgets or grids that hold them)", dict(found.wanted))


@click.command(short_help="Trains the runs of a sweep, and fits scaling laws.")
@click.option("--data-root", required=True, help="Where samples are, and where runs and laws go.")
@SAMPLES
@PRESET
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="What it came to, as one record.")
def sweep(data_root: str, samples: str, preset: str | None, config_file: Path | None, as_json: bool) -> None:
    """Plans and trains round after round until nothing is left, then fits the laws and draws the page.

    Stopped, it goes on where it was: just run it again. What it will cost is said first; `cap_flops` and `cap_hours` of the config
    refuse what costs more.

    \b
    longtake sweep --data-root s3://lake/data --preset cpu
    """
    from longtake.lake import Lake
    from longtake.stages import scaling_fit, scaling_sweep
    from longtake.stages.scaling import Sweep
    from longtake.stages.scaling_plan import check_caps, look_ahead

    config = _config(preset, config_file)
    ahead = Sweep.open(Lake(data_root), samples, config)
    planned = look_ahead(ahead, timed=True)
    check_caps(ahead, planned)
    if not as_json:
        _show_plan(planned)
    with _live() as show:
        swept = scaling_sweep.follow(data_root=data_root, samples=samples, config=config, show=show)
    summary = scaling_fit.run(data_root=data_root, samples=samples, config=config)
    if as_json:
        click.echo(json.dumps({"sweep": json.loads(swept.to_json()), "laws": json.loads(summary.to_json())}))
        sys.exit(swept.exit_code)
    click.echo(f"{summary.runs} cells are done; page {summary.report_uri}")
    if summary.laws:
        click.echo(f"laws {summary.laws}: N_opt ~ C^{summary.size_exponent:.3f}")
        click.echo(f"ask them: longtake advise --flops 1e18 --data-root {data_root}")
    else:
        click.echo(f"no laws yet: {summary.why}")
    sys.exit(swept.exit_code)


def _config(preset: str | None, path: Path | None) -> dict[str, Any]:
    given = read_mapping(path)
    if unknown := sorted(set(given) - {"sweep_config"}):
        raise UserError(f"the config file {path} has {', '.join(unknown)}; expected sweep_config")
    config = dict(given.get("sweep_config") or {})
    return config | {"preset": preset} if preset else config


def _show_plan(found: "SweepPlan") -> None:
    """A row for each phase, and the sum."""
    from rich.console import Console
    from rich.table import Column, Table

    right = ("runs", "cells", "done", "FLOPs left", "hours")
    table = Table(
        Column("phase", no_wrap=True), *(Column(name, justify="right") for name in right), box=None, pad_edge=False
    )
    for cost in found.costs:
        name = f"{cost.phase} (about)" if cost.estimated else cost.phase
        hours = None if cost.hours is None else cost.hours / found.trainers
        table.add_row(name, *map(str, (cost.lines, cost.cells, cost.done)), f"{cost.flops:.3g}", _hours(hours))
    lines, cells, done = (sum(getattr(cost, name) for cost in found.costs) for name in ("lines", "cells", "done"))
    table.add_row("all", str(lines), str(cells), str(done), f"{found.flops:.3g}", _hours(found.hours), style="bold")
    Console(highlight=False).print(table)
    if found.hours is not None:
        click.echo(
            f"hours: of {found.trainers} trainers at once, each as fast as was measured; grids that must be widened come on top"
        )


def _hours(hours: float | None) -> str:
    if hours is None:
        return "-"
    return f"{hours:.2g}" if hours >= 0.1 else f"{60 * hours:.1f} min"


def _show_cells(name: str, cells: "Mapping[Cell, str]") -> None:
    """A line for each training, with the reason of its first cell."""
    from longtake.scaling.cells import lines_of

    lines = lines_of(cells)
    why = {cell.line: reason for cell, reason in cells.items()}
    click.echo(f"{name}: {len(cells)} cells of {len(lines)} runs")
    for line, marks in list(lines.items())[:SHOWN]:
        after = ", ".join(f"{tokens:,}" for tokens in marks)
        said = f"depth {line.depth}, batch {line.batch_tokens:,} tokens, lr {line.lr:g}, seed {line.seed}; after {after} tokens"
        click.echo(f"  {said}" + (f" ({why[line]})" if why[line] else ""))
    if len(lines) > SHOWN:
        click.echo(f"  and {len(lines) - SHOWN} more (--json names all)")


@contextmanager
def _live() -> "Iterator[Callable[[Progress], None]]":
    """A table that is drawn anew whenever a run is finished; without a terminal, a line for each."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda progress: click.echo(_line(progress), err=True) if progress.rows else None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda progress: live.update(_table(progress), refresh=True)


def _table(progress: "Progress") -> Any:
    from rich.table import Column, Table

    table = Table(
        Column("phase", no_wrap=True),
        Column("cells", justify="right"),
        caption=_line(progress),
        box=None,
        pad_edge=False,
    )
    for phase in progress.phases:
        table.add_row(phase.name, f"{progress.done_of(phase)} of {len(phase.cells)}")
    return table


def _line(progress: "Progress") -> str:
    eta = "" if progress.eta_s is None else f", about {progress.eta_s / 60:.0f} min left"
    last = ""
    if progress.rows:
        row = progress.rows[-1]
        came_to = f"loss {row.loss:.4f}" if row.loss is not None else f"no loss: {row.reason}"
        last = f"; depth {json.loads(row.config)['depth']}, batch {row.batch_tokens}, lr {row.lr:g}, {row.tokens:,} tokens: {came_to}"
    return f"{progress.done} cells done, {progress.left} to go in this round{eta}{last}"
