"""A pipeline on this machine: the very pipeline that is compiled for a cluster, under Kubeflow's local runner.

The runner works in a child process, since it takes over logging and print; its steps say how far they are in JSON
lines, which become progress bars.
"""

import contextlib
import difflib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longtake.config import load_config
from longtake.errors import EXIT_DONE, EXIT_FAULT, EXIT_QUARANTINED, UserError
from longtake.lake import Lake, open_store
from pipelines.catalog import CATALOG


@dataclass
class Outcome:
    """How a local run ended."""

    run: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """One `longtake.progress.Progress` a step and shard, as the steps left it in the lake."""
    errors: list[tuple[int, str]] = field(default_factory=list)
    """(exit code, sentence) of each step that failed."""

    @property
    def exit_code(self) -> int:
        if self.errors:
            return min(code for code, _ in self.errors)  # a fault before a mistake before what may pass
        bad = any(name.startswith("quarantined") for step in self.steps for name in step["items"])
        return EXIT_QUARANTINED if bad else EXIT_DONE

    def show(self) -> None:
        """Prints what each step did, or what went wrong."""
        from rich.console import Console
        from rich.table import Table

        console = Console(highlight=False, soft_wrap=True)
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("step", "shard", "inputs", "already done", "rows"):
            table.add_column(column, justify="right" if column in ("inputs", "already done") else "left")
        for step in self.steps:
            rows = ", ".join(f"{count} {name}" for name, count in step["items"].items())
            table.add_row(step["stage"], step["shard"], str(step["total"]), str(step["skipped"]), rows or step["state"])
        console.print(table)
        for step in self.steps:
            if step["report_uri"]:
                console.print(f"report: {step['report_uri']}", markup=False)
        complaints = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        for _, sentence in self.errors:
            complaints.print(f"longtake: {sentence}")
        if self.errors:
            complaints.print("longtake: nothing that is done is lost; the same command goes on from here")


def run_locally(pipeline: str, parameters: Mapping[str, Any], *, log: Path | None = None) -> Outcome:
    """Runs the pipeline to its end and shows its progress on standard error.

    A wrong place, parameter or config is a UserError before anything starts.
    """
    parameters = _checked(pipeline, parameters)
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="longtake-run-") as scratch:
        order = {"pipeline": pipeline, "parameters": parameters, "pipeline_root": scratch}
        # -P and PYTHONSAFEPATH: a folder named `components` where the user stands is not ours.
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipelines.local"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"},
        )
        assert child.stdin
        with child, child.stdin as order_pipe:
            order_pipe.write(json.dumps(order))
            order_pipe.close()
            tail = _follow(child, outcome, log)
    if child.returncode and not outcome.errors:
        outcome.errors.append((EXIT_FAULT, f"{pipeline} failed; the end of its output:\n{tail}"))
    if outcome.run:
        outcome.steps = _steps(parameters["data_root"], outcome.run)
    return outcome


def _checked(pipeline: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with whole URIs, after a look at all that can be wrong before Kubeflow is even loaded."""
    configs = CATALOG[pipeline].configs
    known = {"raw", "data_root", "shards", *configs}
    for key, value in parameters.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(sorted(known))}"
            raise UserError(f"{pipeline}: unknown parameter {key!r}; {hint}")
        if key in configs:
            if not isinstance(value, Mapping):
                raise UserError(f"{pipeline}: {key} is {value!r}; expected keys and values")
            load_config(configs[key], value, where=key.replace("_", " "))
    if parameters["shards"] < 1:
        raise UserError(f"{parameters['shards']} shards were asked for; give at least 1")
    source, lake = open_store(parameters["raw"]), Lake(parameters["data_root"])
    source.check(writable=False)
    lake.objects.check(writable=True)
    return {**parameters, "raw": source.uri, "data_root": lake.data_root}


def _follow(child: "subprocess.Popen[str]", outcome: Outcome, log: Path | None) -> str:
    """Reads the child's output to its end: events become bars and errors, all of it goes to the log; its last lines."""
    tail: list[str] = []
    assert child.stdout
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("w")) if log else None
        bars = stack.enter_context(_bars())
        for line in child.stdout:
            if file:
                file.write(line)
            event = _event(line)
            if event is None:
                tail = [*tail[-29:], line.rstrip()]
            elif event["message"] == "progress":
                outcome.run = event["run"]
                bars(event)
            elif "failed" in event:
                outcome.errors.append((event["failed"], event["message"]))
    return "\n".join(tail)


def _event(line: str) -> dict[str, Any] | None:
    """The JSON log line of a step, if this is one."""
    text = line.strip()
    if not text.startswith('{"'):
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return (
        event
        if isinstance(event, dict) and str(event.get("logger", event.get("name", ""))).startswith("longtake")
        else None
    )


@contextlib.contextmanager
def _bars() -> Iterator[Any]:
    """A function that shows a step's progress event as its bar, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, Any] = {}

        def show(event: Mapping[str, Any]) -> None:
            name = f"{event['stage']} {event['shard']}"
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=event["total"] or 1)
            done = event["done"] if event["total"] else int(event["state"] == "done")
            progress.update(tasks[name], completed=done, total=event["total"] or 1)

        yield show


def _steps(data_root: str, run: str) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from longtake.progress import read_progress

    return [asdict(progress) for progress in read_progress(Lake(data_root), run)]


def main() -> None:
    """The child: reads its order from standard input and lets Kubeflow run it."""
    order = json.load(sys.stdin)
    from kfp import local

    from pipelines.compiling import load_pipeline

    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=order["pipeline_root"])
    load_pipeline(order["pipeline"])(**order["parameters"])


if __name__ == "__main__":
    main()
