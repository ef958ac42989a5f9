"""A pipeline on this machine: the very pipeline that is compiled for a cluster, under Kubeflow's local runner.

The runner works in a child process, since it takes over logging and print; its steps say how far they are in JSON
lines, which become progress bars.
"""

import contextlib
import ctypes
import difflib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import IO, Any

from longtake.config import load_config
from longtake.datasets.naming import check_family
from longtake.errors import EXIT_FAULT, EXIT_TRANSIENT, UserError
from longtake.lake import Lake
from longtake.progress import Progress, read_progress
from longtake.shards import plan_shards
from longtake.stages.config import check_agreement
from longtake.stages.step import open_places
from pipelines.catalog import CATALOG
from pipelines.cluster.schedules import PARAMETERS
from pipelines.outcome import Outcome

_PR_SET_CHILD_SUBREAPER = 36


def run_locally(pipeline: str, parameters: Mapping[str, Any], *, log: Path | None = None) -> Outcome:
    """Runs the pipeline to its end and shows its progress on standard error.

    A wrong place, parameter or config is a UserError before anything starts. Ctrl-C and SIGTERM end the steps as a
    pod's end does: they commit what is finished, and only then does this process go.
    """
    parameters = _checked(pipeline, parameters)
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="longtake-run-", ignore_cleanup_errors=True))
        file = stack.enter_context(log.open("w")) if log else None
        child = stack.enter_context(_started(scratch))
        assert child.stdin
        child.stdin.write(json.dumps({"pipeline": pipeline, "parameters": parameters, "pipeline_root": scratch}))
        child.stdin.close()
        tail = _follow(child, outcome, file)
    if outcome.run:
        steps = read_progress(Lake(parameters["data_root"]), outcome.run)
        if child.returncode and not outcome.errors:
            outcome.errors += killed_steps(steps)
        outcome.steps = [asdict(step) for step in steps]
    if child.returncode and not outcome.errors:
        outcome.errors.append((EXIT_FAULT, f"{pipeline} failed; the end of its output:\n{tail}"))
    return outcome


def killed_steps(steps: list[Progress]) -> Iterator[tuple[int, str]]:
    """Exit code and sentence of each step whose process ended without a word: what it fails of, it writes down."""
    for step in steps:
        if step.state == "running":
            step.state, step.error = "failed", "killed"
            yield EXIT_TRANSIENT, f"{step.stage} {step.shard} was killed, most likely for want of memory (signal 9)"


@contextlib.contextmanager
def _started(scratch: str) -> Iterator["subprocess.Popen[str]"]:
    """The child that runs Kubeflow, leader of a process group of its own, which is ended with this block."""
    environment = {
        "TMPDIR": scratch,  # Kubeflow leaves folders behind
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # a folder named `components` where the user stands is not ours
    }
    if os.environ.get("LONGTAKE_METRICS") != "off":
        environment["LONGTAKE_METRICS"] = "127.0.0.1:0"  # steps side by side can't share a port
    before = signal.signal(signal.SIGTERM, _end)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "pipelines.local", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )
    try:
        with child:
            try:
                yield child
            except BaseException:  # in here: at its end the block around this waits for the child
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
                raise
    except BaseException:
        child.wait()  # its own block waits but a moment after Ctrl-C
        print("longtake: stopped; what is done is kept, and the same command goes on from there", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _checked(pipeline: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with whole URIs, after a look at all that can be wrong before Kubeflow is even loaded."""
    configs, known = CATALOG[pipeline].configs, [field.name for field in fields(PARAMETERS[pipeline])]
    checked = dict(parameters)
    for key, value in parameters.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(sorted(known))}"
            raise UserError(f"{pipeline}: unknown parameter {key!r}; {hint}")
        if key in configs:
            if not isinstance(value, Mapping | None):
                raise UserError(f"{pipeline}: {key} is {value!r}; expected names and values")
            checked[key] = dict(value or {})
    loaded: dict[str, Any] = {}
    wrong = []
    for key, config in configs.items():
        try:
            loaded[key] = load_config(config, checked.get(key) or {}, where=key.replace("_", " "))
        except UserError as error:
            wrong.append(str(error))
    if wrong:
        raise UserError("; ".join(wrong))
    if "selecting_config" in loaded:
        check_agreement(loaded["scoring_config"], loaded["selecting_config"])
    if "shards" in parameters:
        plan_shards({}, parameters["shards"])
    if "dataset" in parameters and CATALOG[pipeline].makes_datasets:
        check_family(parameters["dataset"])
    source, lake = open_places(parameters["raw"], parameters["data_root"])
    return {**checked, "raw": source.uri, "data_root": lake.data_root}


def _follow(child: "subprocess.Popen[str]", outcome: Outcome, log: IO[str] | None) -> str:
    """Reads the child's output to its end: events become bars and errors, all of it goes to the log; its last lines."""
    tail: list[str] = []
    assert child.stdout
    with _bars() as show:
        for line in child.stdout:
            if log:
                log.write(line)
            event = _event(line)
            if event is None:
                tail = [*tail[-29:], line.rstrip()]
            elif event["message"] == "progress":
                outcome.run = event["run"]
                show(event)
            elif event["message"] == "dataset":
                outcome.dataset = {"name": event["dataset"], "kept": event["kept"], "clips": event["clips"]}
            elif event["message"] == "weights":
                outcome.network = {"weights": event["weights"], "srcc": event["srcc"]}
            elif event["message"] == "model":
                outcome.model = {"uri": event["model"], "loss": event["loss"], "train_loss": event["train_loss"]}
            elif event["message"] == "news":
                outcome.news = {"new": event["new"], "enough": event["enough"]}
            elif event["message"] == "decision":
                outcome.decision = {name: event[name] for name in ("family", "decision", "in_use", "why")}
            elif event["message"] == "quarantined":
                outcome.quarantined.append(f"{event['uri']}: {event['reason']} ({event['detail']})")
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
    ours = isinstance(event, dict) and str(event.get("name")).startswith("longtake")
    return event if ours else None


@contextlib.contextmanager
def _bars() -> Iterator[Any]:
    """A function that shows a step's progress event as its bar, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, Any] = {}

        def show(event: Mapping[str, Any]) -> None:
            name = f"{event['stage']} {event['shard']}"
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=event["total"] or 1)
            done = event["done"] if event["total"] else int(event["state"] == "done")
            progress.update(tasks[name], completed=done, total=event["total"] or 1)

        yield show


def main() -> None:
    """The child: reads its order from standard input and lets Kubeflow run it, unless its parent goes first."""
    signal.signal(signal.SIGTERM, _end_all)
    if sys.platform == "linux":  # the shells around the steps go first: what they leave is to be waited for here
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    threading.Thread(target=_watch, args=(int(sys.argv[1]),), daemon=True).start()
    order = json.load(sys.stdin)
    from kfp import local

    from pipelines.cluster.defaults import CurateDefaults, PipelineDefaults, RetrainDefaults, ScaleDefaults
    from pipelines.cluster.nodes import Steps
    from pipelines.cluster.values import Values
    from pipelines.compiling import load_pipeline

    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=order["pipeline_root"])
    # Someone waits for it: what fails is said at once, and the same command tries again.
    steps = Steps(**{name: replace(step, retries=0) for name, step in vars(Values().steps).items()})
    one = PipelineDefaults(
        curate=CurateDefaults(shards=1), retrain=RetrainDefaults(shards=1), scale=ScaleDefaults(parts=1)
    )
    values = Values(steps=steps, pipelines=one)
    load_pipeline(order["pipeline"], values)(**order["parameters"])


def _watch(parent: int) -> None:
    """Ends this group when the parent is gone, also by SIGKILL: nobody would see what goes on."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_all(number: int, frame: object) -> None:
    """Tells the steps to end, waits until they have committed what they have, and goes."""
    signal.signal(number, signal.SIG_IGN)
    os.killpg(0, number)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(128 + number)


if __name__ == "__main__":
    main()
