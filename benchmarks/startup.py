"""What starting costs: the command, a bare step, and each step under Kubeflow's local runner, all with nothing left to do.

`python -m benchmarks.startup`. The peer of the pipeline row is the same pipeline with nothing in it but `pass`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measure import clock, machine, median, print_table
from longtake.demo.reels import write_video

EMPTY = """
import sys
from kfp import dsl, local
@dsl.component(base_image="python:3.11", install_kfp_package=False)
def nothing() -> None:
    pass
@dsl.pipeline
def empty() -> None:
    previous = None
    for _ in range(int(sys.argv[2])):
        task = nothing()
        task.set_caching_options(False)
        if previous is not None:
            task.after(previous)
        previous = task
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[1])
empty()
"""


def call(command: Sequence[object]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-500:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "raw").mkdir()
        write_video(np.zeros((75, 64, 64, 3), np.uint8), Path(folder) / "raw" / "film.mp4")
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY)
        config = Path(folder) / "step.json"
        config.write_text(json.dumps({"raw": f"{folder}/raw", "data_root": f"{folder}/data"}))
        longtake = [sys.executable, "-m", "longtake"]
        places = ["--raw", f"{folder}/raw", "--data-root", f"{folder}/data"]
        ways: dict[str, list[object]] = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "longtake --help": [*longtake, "--help"],
            "longtake doctor": [*longtake, "doctor", *places],
            "longtake compile curate": [*longtake, "compile", "curate", "--out", folder],
            "a pod labels itself: import kubernetes": [sys.executable, "-c", "from kubernetes import client, config"],
            "longtake step listing": [*longtake, "step", "listing", "--config", config],
            "longtake step slicing": [*longtake, "step", "slicing", "--config", config],
            "KFP's local runner, 1 empty task": [sys.executable, script, folder, 1],
            "KFP's local runner, 3 empty tasks": [sys.executable, script, folder, 3],
            "longtake run curate (3 tasks)": [*longtake, "run", "curate", *places],
        }
        call(ways["longtake run curate (3 tasks)"])  # all that follows finds everything done
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(given.rounds):
            for name, command in ways.items():
                runs[name].append(clock(lambda command=command: call(command)))  # type: ignore[misc]
    print(f"{machine()}\nmedian of {given.rounds}, nothing left to do in any of them\n")
    print_table(
        ("command", "wall s", "CPU s"),
        [(name, median([run[0] for run in done]), median([run[1] for run in done])) for name, done in runs.items()],
    )


if __name__ == "__main__":
    main()
