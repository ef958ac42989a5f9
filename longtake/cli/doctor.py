"""`longtake doctor`: whether longtake can work here."""

import json
import logging
import sys

import click


@click.command()
@click.option("--raw", help="Examine this place of raw videos too: s3://bucket/prefix or a folder.")
@click.option("--data-root", help="And this data root: a hidden object is written there and removed again.")
@click.option("--kfp", help="And the Kubeflow Pipelines server here; else KFP_ENDPOINT or KF_PIPELINES_ENDPOINT.")
@click.option(
    "--cluster/--no-cluster", default=None, help="And the cluster; else where a pod's identity or kubeconfig is."
)
@click.option("--json", "as_json", is_flag=True, help="A list of check, state, found and fix, on standard output.")
def doctor(raw: str | None, data_root: str | None, kfp: str | None, cluster: bool | None, as_json: bool) -> None:
    """Examines this machine or pod, and what is named: all problems at once, each with its fix.

    Exit code 0: nothing is bad (warnings do not count). 20: something is yours to fix. 30: something did not answer.
    """
    from rich.console import Console
    from rich.progress import track

    from longtake.doctor import exit_code, plan
    from longtake.doctor.page import show

    logging.getLogger("longtake").addHandler(logging.NullHandler())  # what it warns of is in the findings
    console = Console(stderr=True)
    checks = track(
        plan(raw, data_root, kfp, cluster),
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
