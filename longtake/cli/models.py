"""`longtake models`: which trained model is in use, and how that changes."""

import getpass
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from longtake.cli.cluster import print_table, printable

if TYPE_CHECKING:
    from longtake.lake import Lake
    from longtake.promotion.entry import Entry
    from longtake.stages.models import ModelFile

DATA_ROOT = click.option("--data-root", required=True, help="Where models are: s3://bucket/prefix or a folder.")
FAMILY = click.option("--family", default="dit", show_default=True, help="Which models: one of each is in use.")
REASON = click.option("--reason", required=True, help="Why, in a sentence: it is kept.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(short_help="Which trained model is in use, and since when and why.")
def models() -> None:
    """Which trained model of a family is in use: a log of decisions, to which the pipeline retrain adds as well.

    No entry is ever changed. Where two decide at once, one is told of the other.
    """


@models.command("list")
@DATA_ROOT
@click.option("--family", help="Of this family alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_(data_root: str, family: str | None, as_json: bool) -> None:
    """All decisions, the oldest first, a star where the model in use came in; then the models that no decision names.

    --json has the decisions alone.
    """
    from longtake.promotion.entry import check_model_family, in_use
    from longtake.stages.models import list_models
    from longtake.stages.pointer import list_families, read_log, unknown_family

    lake = _open(data_root)
    families = list_families(lake)
    if family and families and check_model_family(family) not in families:
        raise unknown_family(lake, family, families)
    logs = {name: read_log(lake, name) for name in families}
    shown = [log for name, log in logs.items() if family in (None, name)]
    if as_json:
        click.echo(json.dumps([asdict(entry) for log in shown for entry in log], indent=2))
        return
    columns = ("", "family", "no", "decision", "loss", "before", "model", "at", "by", "reason")
    rows = []
    for log in shown:
        current = in_use(log)[-1:]
        rows += [("*" if entry in current else "", *_cells(entry)) for entry in log]
    named = {uri for log in logs.values() for entry in log for uri in (entry.model, entry.candidate)}
    others = [model for model in reversed(list_models(lake)) if model.uri not in named]
    said = [_count(len(rows), "decision"), *([f"{_count(len(others), 'model')} not promoted"] if others else [])]
    rows += [_cells_of_file(model) for model in others]
    if rows:
        print_table(columns, rows, elastic=9, whole=not sys.stdout.isatty())
    click.echo(", ".join(said), err=True)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _cells_of_file(model: "ModelFile") -> tuple[str, ...]:
    at = datetime.fromtimestamp(model.written_s, UTC).isoformat()[:16]
    steps = "" if model.steps is None else f"after {_count(model.steps, 'step')}"
    return "", "", "", "not promoted", _loss(model.loss), "", model.name, at, "", steps


def _loss(loss: float | None) -> str:
    return "" if loss is None else f"{loss:.4f}"


def _cells(entry: "Entry") -> tuple[str, ...]:
    from longtake.stages.models import short_name

    losses, name = map(_loss, (entry.loss, entry.previous_loss)), short_name(entry.candidate)
    return entry.family, str(entry.number), entry.decision, *losses, name, entry.at[:16], entry.by, entry.reason


@models.command(short_help="Puts a model into use.")
@click.argument("model")
@DATA_ROOT
@FAMILY
@REASON
@AS_JSON
def promote(model: str, data_root: str, family: str, reason: str, as_json: bool) -> None:
    """Puts MODEL into use, without judging it: its name in the lake, or a file that a training wrote; that is copied into the lake.

    \b
    longtake models promote dit-1a2b3c4d5e6f \\
        --data-root s3://lake/data --reason "sharper films"
    """
    from longtake.stages.models import find_model
    from longtake.stages.pointer import promote_by_hand

    lake = _open(data_root)
    _show(promote_by_hand(lake, find_model(lake, model), family, by=getpass.getuser(), reason=reason), as_json)


@models.command(short_help="Puts the model before into use again.")
@DATA_ROOT
@FAMILY
@REASON
@click.option(
    "--to", type=click.IntRange(1), help="The model in use after this decision, by its number; default: the one before."
)
@AS_JSON
def rollback(data_root: str, family: str, reason: str, to: int | None, as_json: bool) -> None:
    """Puts the model that was in use before the current one into use again; twice goes back two.

    retrain does not promote a model again that was rolled back; `longtake models promote` may.
    """
    from longtake.stages.pointer import roll_back_by_hand

    _show(roll_back_by_hand(_open(data_root), family, to, by=getpass.getuser(), reason=reason), as_json)


def _show(entry: "Entry", as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(entry), indent=2))
        return
    before = f"; before it was {entry.previous}" if entry.previous else ""
    click.echo(printable(f"{entry.family}: {entry.model} is in use, decision {entry.number}{before}"))


def _open(data_root: str) -> "Lake":
    from longtake.lake import Lake

    lake = Lake(data_root)
    lake.objects.check(writable=False)
    return lake
