"""`longtake schedule`: runs that come again, on a cluster."""

import json
from pathlib import Path
from typing import Any

import click

from longtake.cli.cluster import print_table, reaches_kubeflow, read_pairs
from longtake.cli.given import from_clone, read_mapping
from longtake.cli.local import PIPELINES
from longtake.errors import UserError


@click.group()
def schedule() -> None:
    """Runs that come again on the cluster, each under a name.

    The chart makes those of its values (`schedules`). Whatever is done here to one of them lasts until its next upgrade.
    """


@schedule.command("set", short_help="Makes or changes a schedule.")
@click.argument("pipeline", type=click.Choice(PIPELINES))
@click.option("--cron", required=True, help='Six fields in UTC, seconds first: "0 0 2 * * *" is every night at two.')
@click.option("--name", help="Default: the pipeline's.")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A parameter; YAML, unless it is text.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML: parameters by their names.")
@click.option("--disable", is_flag=True, help="Make it, but let it sleep until schedule resume.")
@click.option("--experiment", help="What its runs are filed under; default: the values'.")
@click.option("--service-account", help="Who its pods are; default: the values'.")
@reaches_kubeflow
def set_(
    pipeline: str, cron: str, name: str | None, pairs: tuple[str, ...], config_file: Path | None, disable: bool,
    experiment: str | None, service_account: str | None, endpoint: str, namespace: str,
) -> None:  # fmt: skip
    """Makes or changes a schedule of the newest uploaded version of the pipeline.

    At most one of its runs is under way at a time, and what was missed is not made up for. The same again changes nothing.
    """
    schedules, name = from_clone("pipelines.kubeflow.schedules"), name or pipeline
    cron = from_clone("pipelines.cluster.cron").check_cron(cron)
    texts, given = read_pairs(pairs), read_mapping(config_file)
    kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace)
    order = from_clone("pipelines.kubeflow.orders").order_newest(kfp, pipeline, given, texts)
    existing = [run for run in schedules.ours(kfp) if run.display_name == name]
    if any(schedules.maker_of(run) == "publish" for run in existing):
        raise UserError(f"the schedule {name!r} is the chart's; change schedules.{name} in its values and upgrade it")
    wanted = schedules.Wanted(
        name=name,
        made_by="schedule",
        cron=cron,
        enabled=not disable,
        fields=order.on(service_account, experiment).fields(kfp),
    )
    done = schedules.keep_schedule(kfp, wanted, existing)
    click.echo(f"schedule {name}: {done} ({pipeline} at {cron}, version {order.version}{', paused' * disable})")


@schedule.command("ls")
@reaches_kubeflow
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def ls(endpoint: str, namespace: str, as_json: bool) -> None:
    """Every recurring run that KFP knows, whoever made it."""
    kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace)
    rows = from_clone("pipelines.kubeflow.schedules").list_schedules(kfp)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    columns = ("name", "pipeline", "cron", "state", "made_by")
    print_table(columns, [tuple(row[column] for column in columns) for row in rows], elastic=0)


@schedule.command()
@click.argument("name")
@reaches_kubeflow
def pause(name: str, endpoint: str, namespace: str) -> None:
    """Puts a schedule to sleep; a run that is under way goes on."""
    _set_enabled(name, endpoint, namespace, enabled=False)


@schedule.command()
@click.argument("name")
@reaches_kubeflow
def resume(name: str, endpoint: str, namespace: str) -> None:
    """Wakes a schedule."""
    _set_enabled(name, endpoint, namespace, enabled=True)


@schedule.command()
@click.argument("name")
@reaches_kubeflow
def rm(name: str, endpoint: str, namespace: str) -> None:
    """Deletes a schedule; a run that is under way goes on."""
    kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace)
    found = from_clone("pipelines.kubeflow.schedules").find_schedules(kfp, name)
    for run in found:
        kfp.delete_schedule(run.recurring_run_id)
    click.echo(f"schedule {name}: deleted{_until_upgrade(found)}")


def _set_enabled(name: str, endpoint: str, namespace: str, *, enabled: bool) -> None:
    kfp = from_clone("pipelines.kubeflow.api").connect(endpoint, namespace)
    found = from_clone("pipelines.kubeflow.schedules").find_schedules(kfp, name)
    if enabled and len(found) > 1:
        raise UserError(
            f"the schedule {name!r} is there {len(found)} times, since something was cut off; what made it (longtake publish, "
            "longtake schedule set) puts that right when it is called again"
        )
    for run in found:
        kfp.enable_schedule(run.recurring_run_id, enabled)
    click.echo(f"schedule {name}: {'resumed' if enabled else 'paused'}{_until_upgrade(found)}")


def _until_upgrade(found: list[Any]) -> str:
    schedules = from_clone("pipelines.kubeflow.schedules")
    chart_s = any(schedules.maker_of(run) == "publish" for run in found)
    return "; the next upgrade of the chart makes it again as its values say" if chart_s else ""
