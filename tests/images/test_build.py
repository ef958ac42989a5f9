"""`images/build.sh` with a container engine that only writes down what it is asked."""

import subprocess
from pathlib import Path

import pytest

from components.images import MEDIA
from longtake import __version__
from pipelines.cluster.places import Images

CLONE = Path(__file__).parent.parent.parent
ENGINE = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$1" in
    info) [ "$(basename "$0")" != "$DEAD" ] ;;
    run) printf '%sMB\\t/\\n' "$SIZE_MB" ;;
    images) echo "${SIZE:-800 MB}" ;;
esac
"""


@pytest.fixture
def build(tmp_path):
    """Runs the script; the engines named are installed, and the calls they got are the last attribute of the answer."""

    def build(*names, engines=("docker",), dead="", size_mb=800, **settings):
        for engine in engines:
            (tmp_path / engine).write_text(ENGINE)
            (tmp_path / engine).chmod(0o755)
        calls = tmp_path / "calls"
        calls.touch()
        given = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(calls), "SIZE_MB": str(size_mb), "DEAD": dead}
        done = subprocess.run(
            ["bash", CLONE / "images/build.sh", *names], env=given | settings, text=True, capture_output=True
        )
        done.calls = calls.read_text().splitlines()
        return done

    return build


def test_an_image_has_the_name_that_steps_and_chart_know_it_by(build):
    media, torch = (f"{image.repository}:{__version__}" for image in (Images().media, Images().torch))
    assert build("media", "torch").stdout.splitlines() == [f"{media}: 800 MB", f"{torch}: 800 MB"]
    assert media == MEDIA


def test_the_first_engine_that_answers_builds(build):
    done = build("media", engines=("docker", "podman", "buildah"), dead="docker")
    assert done.returncode == 0
    assert {call.split()[0] for call in done.calls[1:]} == {"podman"}


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_podman_and_buildah_are_asked_for_a_size_in_their_own_way(build, engine):
    done = build("torch", engines=(engine,), ENGINE=engine, SIZE="1.24 GB")
    assert done.stdout.endswith(": 1240 MB\n")


def test_without_an_engine_one_sentence_says_what_to_do(build):
    done = build("media", ENGINE="dockerless")
    assert done.returncode == 20
    assert done.stderr == "images: no answer from dockerless: install or start one, or name it with ENGINE=\n"


@pytest.mark.parametrize(("name", "most_mb"), [("media", 900), ("torch", 8000)])
def test_an_image_above_its_bound_is_refused_and_not_pushed(build, name, most_mb):
    assert build(name, size_mb=most_mb).returncode == 0
    done = build(name, size_mb=most_mb + 1, PUSH="1")
    assert done.returncode == 1
    assert f"{most_mb} MB at most" in done.stderr
    assert not [call for call in done.calls if " push " in call]


def test_a_registry_is_put_before_the_name_and_pushed_to_only_when_asked(build):
    assert not [call for call in build("media", REGISTRY="example.com/team").calls if " push " in call]
    done = build("media", REGISTRY="example.com/team", PUSH="1")
    assert done.calls[-1] == f"docker push example.com/team/longtake/python-media:{__version__}"


def test_pips_settings_are_mounted_as_a_secret(build, tmp_path):
    asked = next(call for call in build("media", PIP_CONF=str(tmp_path / "pip.conf")).calls if " build " in call)
    assert f"--secret id=pip.conf,src={tmp_path}/pip.conf" in asked
    assert "--secret" not in next(call for call in build("torch").calls[-3:] if " build " in call)


@pytest.mark.parametrize(("given", "platform"), [({}, "linux/amd64"), ({"PLATFORM": "linux/arm64"}, "linux/arm64")])
def test_an_image_is_for_the_nodes_and_not_for_the_machine_that_builds_it(build, given, platform):
    asked = [call for call in build("media", **given).calls if not call.endswith("info")]
    assert asked
    assert all(f"--platform {platform} " in call for call in asked)


def test_base_and_index_are_arguments_of_the_build(build):
    asked = build(
        "torch", BASE="python@sha256:0", TORCH_INDEX="https://example.com/cpu", ENGINE_ARGS="--pull --quiet"
    ).calls
    words = next(call for call in asked if " build " in call)
    for expected in (
        "--build-arg BASE=python@sha256:0",
        "--build-arg TORCH_INDEX=https://example.com/cpu",
        "--pull --quiet",
    ):
        assert expected in words
