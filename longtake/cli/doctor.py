"""`longtake doctor`: whether longtake can work here."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from longtake.cli.cluster import values_files
from longtake.cli.given import from_clone


@click.command(short_help="Examines this machine or pod: each problem with its fix.")
@click.option("--raw", help="Examine this place of raw videos too: s3://bucket/prefix or a folder.")
@click.option("--data-root", help="And this data root: a hidden object is written there and removed again.")
@click.option("--endpoint", help="And KFP's API here; else KFP_ENDPOINT or KF_PIPELINES_ENDPOINT.")
@values_files(help="What is not named is taken from these values of the chart; again: merged. Needs the clone.")
@click.option(
    "--cluster/--no-cluster", default=None, help="And the cluster; else where a pod's identity or kubeconfig is."
)
@click.option("--json", "as_json", is_flag=True, help="A list of check, state, found and fix, on standard output.")
def doctor(
    raw: str | None, data_root: str | None, endpoint: str | None, files: tuple[Path, ...], cluster: bool | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Examines this machine or pod, and what is named: all problems at once, each with its fix.

    Exit code 0: nothing is bad (warnings do not count). 20: something is yours to fix. 30: something did not answer.
    """
    from rich.console import Console
    from rich.progress import track

    from longtake.doctor import exit_code, plan
    from longtake.doctor.kubeflow import find_kfp
    from longtake.doctor.page import show

    if files:
        values = from_clone("pipelines.cluster.loading").load_values(*files)
        raw, data_root = raw or values.lake.raw, data_root or values.lake.data_root
        endpoint = find_kfp(endpoint) or (values.kfp.endpoint if values.engine == "kfp" else None)
        _reach_s3_as(values.s3)
    logging.getLogger("longtake").addHandler(logging.NullHandler())  # what it warns of is in the findings
    console = Console(stderr=True)
    checks = track(
        plan(raw, data_root, endpoint, cluster),
        "examining",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    findings = [finding for check in checks for finding in check.take()]
    if as_json:
        click.echo(json.dumps([finding.to_record() for finding in findings], indent=2))
    else:
        show(findings)
    sys.exit(exit_code(findings))


def _reach_s3_as(s3: Any) -> None:
    """Sets the variables that a pod with these values has, for the looks; what is set already has the last word."""
    if s3.region and "AWS_DEFAULT_REGION" not in os.environ:
        os.environ.setdefault("AWS_REGION", s3.region)
    if s3.endpoint and "AWS_ENDPOINT_URL" not in os.environ:
        os.environ.setdefault("AWS_ENDPOINT_URL_S3", s3.endpoint)
