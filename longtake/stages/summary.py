"""The end of a run: what each step did, or which step and shard failed, why, and how to go on."""

import json
import logging
import os
import shlex
from collections.abc import Mapping

from longtake.lake import Lake
from longtake.progress import Progress, read_progress

log = logging.getLogger(__name__)

SAID_CHARS = 1000

_HEAD = "| step | shard | state | inputs | already done | rows |\n| --- | --- | --- | ---: | ---: | --- |\n"


def run(*, raw: str, data_root: str, run: str, pipeline: str, state: str, error: str = "") -> str:
    """Markdown for the end of a run, from the progress that its steps left in the lake, also kept there as an object.

    `state` and `error` are the word of Kubeflow or Argo on the whole: they speak where a step died before it could write
    anything.
    """
    lake = Lake(data_root)
    steps = read_progress(lake, run)
    failed = [step for step in steps if step.state != "done"]
    good = state.upper() == "SUCCEEDED" and not failed
    lines = [f"# {pipeline}: {'done' if good else 'failed'}", "", f"Run `{run}` · raw `{raw}` · data `{data_root}`", ""]
    lines += [_HEAD + "\n".join(_row(step) for step in steps), ""]
    if not good:
        lines += [_sentence(step) for step in failed] or [
            f"No step wrote down why. The cluster says: {_cell(_said(error) or state)}"
        ]
        lines += ["", *_way_on(_where(), pipeline, raw, data_root, run), ""]
    text = "\n".join(lines)
    lake.objects.put(f"reports/{run}/summary.md", text.encode(), overwrite=True)
    log.info("summary", extra={"run": run, "state": "done" if good else "failed", "steps": len(steps)})
    return text


def _where(environment: Mapping[str, str] = os.environ) -> str:
    """What runs this step: kfp, argo, or the local runner (here). Kubeflow stands on Argo: its pods have both variables."""
    if environment.get("LONGTAKE_POD"):
        return "kfp"
    return "argo" if environment.get("ARGO_CONTAINER_NAME") else "here"


def _way_on(where: str, pipeline: str, raw: str, data_root: str, run: str) -> list[str]:
    """Lines that say how to start this run again where it ran: on a cluster, the work is not for the reader's machine."""
    places = f"--raw {shlex.quote(raw)} --data-root {shlex.quote(data_root)}"
    sentence, command = {
        "kfp": (
            "press *Clone run* in the KFP UI, or give the same shards and configs to",
            f"longtake submit {pipeline} {places}",
        ),
        "argo": ("start it again in its namespace:", f"argo resubmit {shlex.quote(run)}"),
        "here": ("run it again with the same parameters:", f"longtake run {pipeline} {places}"),
    }[where]
    return [f"Nothing that is done is lost. To go on from here, {sentence}", "", f"    {command}"]


def _row(step: Progress) -> str:
    rows = ", ".join(f"{count} {name}" for name, count in step.items.items()) or "–"
    return f"| {step.stage} | {step.shard} | {step.state} | {step.total} | {step.skipped} | {_cell(rows)} |"


def _sentence(step: Progress) -> str:
    if step.state == "running":
        why = f"was killed, or still runs, after {step.done} of {step.total} inputs"
    else:
        why = f"failed after {step.done} of {step.total} inputs: {_cell(step.error or '')}"
    return f"- **{step.stage}**, shard {step.shard}, {why}"


def _said(error: str) -> str:
    """What the cluster says of the failure. Argo gives the nodes that failed as JSON, and that once more in quotes."""
    try:
        nodes = json.loads(error)
        nodes = json.loads(nodes) if isinstance(nodes, str) else nodes
    except ValueError:
        return error[:SAID_CHARS]
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        return error[:SAID_CHARS] if nodes else ""
    return "; ".join(f"{node.get('displayName')}: {node['message']}" for node in nodes if node.get("message"))[
        :SAID_CHARS
    ]


def _cell(text: str) -> str:
    """Text that may quote a file's name, safe inside a Markdown table."""
    return "".join(f"\\{char}" if char in "\\|*_`<>[]" else char for char in text.replace("\n", " "))
