import contextlib
import inspect
import os
import signal
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from longtake.cli import main
from longtake.lake import Lake, open_store
from longtake.records import Caption, Clip, Score, Selection, Video
from pipelines.cluster.loading import load_values
from pipelines.kubeflow.api import connect
from pipelines.kubeflow.publishing import pack_all, publish
from tests.drawing import draw_raw
from tests.pipelines.kfp_api import KfpApi

CONFIG = """
slicing_config: {rule: {min_clip_s: 1.0}}
scoring_config: {measuring: {text: false}}
selecting_config: {by: thresholds, thresholds: {text_share: {}}}
captioning_config: {writing: {measured: {subject: false, text: false}}}
"""


@pytest.fixture(scope="session", autouse=True)
def shallow_stacks():
    """At every setting of a task KFP asks for the whole stack with its source lines, for one name: seconds, below pytest."""
    from kfp.dsl import pipeline_task

    light = types.SimpleNamespace(**vars(inspect) | {"stack": lambda: inspect.stack(0)[1:]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline_task, "inspect", light)
        yield


def descendants(pid):
    """Process ids of all that this process started, and they in turn."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc, to find the processes of a run")
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, generation = [], [pid]
    while generation:
        generation = [child for child, parent in parents.items() if parent in generation]
        found += generation
    return found


class Curate:
    """`longtake run curate` in a process group of its own, from a folder that holds one named `components`."""

    def __init__(self, raw, data_root, folder):
        (folder / "components" / "slicing").mkdir(parents=True, exist_ok=True)
        (folder / "components" / "__init__.py").write_text("raise RuntimeError('this is not the components you want')")
        (folder / "config.yaml").write_text(CONFIG)
        self.raw, self.data_root, self.folder = raw, data_root, folder

    def start(self, *options):
        command = [
            sys.executable,
            "-m",
            "longtake",
            "run",
            "curate",
            "--raw",
            self.raw,
            "--data-root",
            self.data_root,
        ]
        return subprocess.Popen(
            [*command, "--shards", "2", "--config", "config.yaml", *options],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONSAFEPATH": "1"},
        )

    def run(self, *options):
        process = self.start(*options)
        process.out, process.err = process.communicate()
        return process

    def kill(self, process):
        """SIGKILL to the run and all that it started."""
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()

    def rows(self):
        """All rows of every table."""
        tables = Lake(self.data_root).tables
        return {record.TABLE: tables.read(record) for record in (Video, Clip, Score, Selection, Caption)}

    def objects(self):
        """Every clip object, with its size."""
        return {item.key: item.bytes for item in Lake(self.data_root).objects.walk("clips/")}

    def versions(self):
        tables = Lake(self.data_root).tables
        return {record.TABLE: tables.version(record) for record in (Video, Clip, Score, Selection, Caption)}


@pytest.fixture
def raw_on_s3(s3, tmp_path):
    """The test footage on S3, a few more films than `draw_raw` has."""
    folder = tmp_path / "footage"
    draw_raw(folder)
    store = open_store(f"{s3}/raw")
    for path in folder.rglob("*.*"):
        store.upload(path.relative_to(folder).as_posix(), path)
    return store.uri


@pytest.fixture
def curate(raw_on_s3, s3, tmp_path):
    """A function that gives a `Curate` on the test footage into a data root of this name."""

    def make(name="data"):
        folder = tmp_path / name
        folder.mkdir()
        return Curate(raw_on_s3, f"{s3}/{name}", folder)

    return make


@dataclass
class Ended:
    """How a verb ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def sentence(self):
        """The one line of a verb that failed."""
        assert "Traceback" not in self.err
        (line,) = self.err.strip().splitlines()
        assert line.startswith("longtake: ")
        return line


@pytest.fixture
def longtake(monkeypatch, capsys):
    """A function that calls a verb in this process."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["longtake", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err)

    return call


@pytest.fixture
def no_kfp(monkeypatch):
    """Nobody's Kubeflow settings."""
    for name in ("KFP_ENDPOINT", "KFP_NAMESPACE", "KFP_TOKEN", "KF_PIPELINES_SA_TOKEN_PATH", "LONGTAKE_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("KF_PIPELINES_UI_ENDPOINT", raising=False)


@pytest.fixture
def kfp(no_kfp, monkeypatch):
    """An empty Kubeflow that the verbs find. A request that it refuses fails the test, unless it just looked for something."""
    with KfpApi() as stand_in:
        monkeypatch.setenv("KFP_ENDPOINT", stand_in.endpoint)
        yield stand_in
    assert [refusal for refusal in stand_in.refusals if refusal[0] != 404] == []


@pytest.fixture
def values_file(tmp_path):
    """A function that writes values of the chart to a file."""

    def write(text="{}", name="values.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """A function that compiles everything with values in YAML, once."""
    cache = {}

    def pack(text):
        if text not in cache:
            folder = tmp_path_factory.mktemp("packed")
            (folder / "values.yaml").write_text(text)
            values = load_values(folder / "values.yaml")
            with ThreadPoolExecutor() as thread:  # kfp reads the whole stack at each setting: here it is short
                cache[text] = values, thread.submit(pack_all, values, folder).result()
        return cache[text]

    return pack


@pytest.fixture
def patient(monkeypatch):
    """Pauses between attempts take no time."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def upgrade(kfp, packed):
    """A function that publishes values in YAML to the stand-in; what it says."""
    return lambda text="{}": "\n".join(publish(connect(kfp.endpoint), *packed(text)))
