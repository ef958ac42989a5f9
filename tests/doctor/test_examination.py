"""The examination as a whole, and the command."""

import json
import os
import subprocess
import sys

import pytest

from longtake.doctor import examine
from longtake.doctor.examination import Check, plan
from longtake.doctor.finding import good

CHECKS = [
    "python", "processors", "memory", "shared memory", "scratch", "home", "metrics", "packages", "codecs",
    "video worker", "accelerators", "tables", "raw", "data root", "Kubeflow Pipelines", "cluster",
]  # fmt: skip
BASE_ONLY = (
    "import sys\n"
    "for name in ('av', 'cv2', 'numpy', 'boto3', 'botocore', 'deltalake', 'duckdb', 'pyarrow', 'kfp', 'kubernetes',"
    " 'torch', 'ray', 'onnxruntime'): sys.modules[name] = None\n"
    "sys.argv = ['longtake', 'doctor', '--json']\n"
    "from longtake.cli import main; main()"
)


def longtake(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LONGTAKE_", "KF", "KUBE"))}
    clean |= {"KUBECONFIG": "/dev/null/absent"} | environment
    command = arguments[0] if arguments and isinstance(arguments[0], list) else ["-m", "longtake", "doctor", *arguments]
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=clean)


def states(done):
    return {record["check"]: record["state"] for record in json.loads(done.stdout)}


def test_a_look_that_breaks_is_a_finding_beside_what_it_had_found():
    def look():
        yield good("scratch", "is there")
        raise ZeroDivisionError("by zero")

    first, second = Check("scratch", look).take()
    assert first.state == "good"
    assert (second.check, second.state, second.found) == ("scratch", "bad", "ZeroDivisionError: by zero")


def test_the_plan_names_every_check_once_and_takes_none(tmp_path):
    assert [check.name for check in plan("s3://nowhere/x", "s3://nowhere/y", "http://nowhere", True)] == CHECKS


def test_a_machine_with_everything_and_two_folders_is_well(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.mp4").touch()
    done = longtake("--raw", str(tmp_path / "raw"), "--data-root", str(tmp_path / "data"), "--json")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert set(CHECKS) <= set(states(done))
    assert all(list(record) == ["check", "state", "found", "fix"] for record in json.loads(done.stdout))


def test_all_problems_come_at_once_each_with_its_fix_in_the_table_and_below_it(tmp_path, serve):
    arguments = [
        "--raw",
        "nowhere",
        "--data-root",
        "/proc/nowhere",
        "--endpoint",
        serve(lambda *given: (404, "{}")),
        "--cluster",
    ]
    settings = {"LONGTAKE_WORKERS": "0", "LONGTAKE_METRICS": "9090", "HOME": str(tmp_path / "absent")}
    done = longtake(*arguments, **settings)
    assert done.returncode == 20
    assert "Traceback" not in done.stdout + done.stderr
    table, sentences = done.stdout.split("What to do\n")
    assert max(map(len, done.stdout.splitlines())) <= 80
    words = " ".join(sentences.split())
    for problem, fix in (
        ("processors: LONGTAKE_WORKERS is '0'", "give a whole number"),
        ("metrics: LONGTAKE_METRICS is '9090'", "give host:port"),
        ("raw: there is no folder", "make it"),
        ("data root: the folder /proc/nowhere", "check the path"),
        ("Kubeflow Pipelines:", "port-forward"),
        ("cluster:", "KUBECONFIG"),
        ("warn home:", "set HOME"),
    ):
        assert problem in words
        assert fix in words
    for name in CHECKS:
        assert f"\n{name} " in table


def test_what_only_does_not_answer_is_exit_30():
    done = longtake("--endpoint", "http://127.0.0.1:9", "--json")
    assert done.returncode == 30
    assert states(done)["Kubeflow Pipelines"] == "bad"


@pytest.mark.slow
def test_what_is_not_named_is_taken_from_the_values_and_what_is_set_stays(tmp_path):
    (tmp_path / "raw").mkdir()
    values = tmp_path / "mine.yaml"
    values.write_text(
        "{lake: {dataRoot: s3://lake/data}, s3: {endpoint: http://127.0.0.1:9}, networkPolicy: {enabled: false}}"
    )
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    arguments = ("--values", str(values), "--raw", str(tmp_path / "raw"), "--json")
    done = longtake(*arguments, KFP_ENDPOINT="http://127.0.0.1:11", **keys)
    found = {record["check"]: record["found"] for record in json.loads(done.stdout)}
    assert str(tmp_path / "raw") in found["raw"]
    assert "http://127.0.0.1:9" in found["data root"]
    assert "http://127.0.0.1:11" in found["Kubeflow Pipelines"]


def test_with_argo_s_values_no_kubeflow_is_asked(tmp_path):
    (tmp_path / "mine.yaml").write_text("{engine: argo}")
    done = longtake(
        "--values", str(tmp_path / "mine.yaml"), "--raw", str(tmp_path), "--data-root", str(tmp_path / "data"), "--json"
    )
    assert states(done)["Kubeflow Pipelines"] == "skipped"


@pytest.mark.parametrize("name", ["KFP_ENDPOINT", "KF_PIPELINES_ENDPOINT"])
def test_the_server_of_kubeflow_is_found_by_either_variable(name, monkeypatch):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    (finding,) = next(check for check in plan() if check.name == "Kubeflow Pipelines").take()
    assert "http://127.0.0.1:9 does not answer" in finding.found


def test_a_bare_base_install_is_well_and_says_what_it_lacks():
    done = longtake(["-c", BASE_ONLY])
    assert done.returncode == 0, done.stdout + done.stderr
    found = states(done)
    assert {found[name] for name in ("codecs", "video worker", "accelerators", "tables", "cluster")} == {"skipped"}
    assert found["python"] == "good"
    assert found["scratch"] in ("good", "warn")  # a machine with a full disk is warned, and is not a bad base install


def test_a_step_may_call_it_as_a_function(data_root):
    findings = examine(data_root=data_root, cluster=False)
    assert [finding for finding in findings if finding.state == "bad"] == []
    assert {"data root", "conditional writes"} <= {finding.check for finding in findings}


@pytest.mark.parametrize("name", ["torch", "av", "boto3", "kubernetes"])
def test_the_plan_of_an_examination_loads_nothing_heavy(name):
    code = f"import sys; from longtake.doctor import plan; plan(); sys.exit('{name}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_a_scratch_folder_that_is_the_one_thing_to_mend():
    code = (
        "import tempfile, sys\n"
        "tempfile._candidate_tempdir_list = lambda: ['/nowhere']\n"
        "sys.argv = ['longtake', 'doctor', '--json']\n"
        "from longtake.cli import main; main()"
    )
    done = longtake(["-c", code])
    assert done.returncode == 20
    found = states(done)
    assert [name for name, state in found.items() if state == "bad"] == ["scratch"]
    assert found["video worker"] == found["tables"] == "skipped"
