"""What the Dockerfiles and the build's context say, line by line."""

import re
from pathlib import Path

import pytest

CLONE = Path(__file__).parent.parent.parent
NAMES = sorted(path.parent.name for path in CLONE.glob("images/*/Dockerfile"))


def read_steps(name):
    """The instructions of a Dockerfile, one string each, without comments."""
    text = re.sub(r"^#.*\n", "", (CLONE / "images" / name / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [re.sub(r"\s+", " ", step) for step in text.replace("\\\n", " ").splitlines() if step.strip()]


@pytest.fixture(params=NAMES)
def steps(request):
    return read_steps(request.param)


@pytest.fixture
def last_stage(steps):
    start = max(number for number, step in enumerate(steps) if step.startswith("FROM"))
    return steps[start:]


def test_there_is_an_image_for_each_set_of_dependencies():
    assert NAMES == ["media", "torch"]


def test_every_stage_begins_from_the_base_that_is_given(steps):
    stages = [step.removeprefix("FROM ") for step in steps if step.startswith("FROM")]
    assert stages == ["${BASE} AS build", "build AS libraries", "build AS code", "${BASE}"]
    assert steps[0] == "ARG BASE=python:3.11-slim-bookworm"


def test_the_last_stage_runs_nothing_and_copies_what_the_others_built(last_stage):
    assert not [step for step in last_stage if step.startswith("RUN")]
    assert all("--from=" in step for step in last_stage if step.startswith("COPY"))


def test_the_user_is_a_number_other_than_root(last_stage):
    assert [step for step in last_stage if step.startswith("USER")] == ["USER 65532:65532"]


def test_nothing_is_fetched_but_by_pip_under_the_constraints(steps):
    assert not [step for step in steps if step.startswith("ADD") or re.search(r"\b(curl|wget|apt-get|git)\b", step)]
    fetching = [step for step in steps if "pip install" in step and "--no-deps" not in step]
    assert fetching
    assert all("-c constraints.txt" in step and "--no-cache-dir" in step for step in fetching)


def test_no_argument_and_no_variable_carries_a_secret(steps):
    named = [step for step in steps if step.startswith(("ARG", "ENV"))]
    assert not re.search(r"pass|secret|token|credential|key|auth", " ".join(named), re.IGNORECASE)
    assert all("--mount=type=secret,id=pip.conf" in step for step in steps if "pip install" in step)


def test_the_images_differ_in_their_libraries_and_their_labels_alone():
    media, torch = (
        {step for step in read_steps(name) if step.startswith(("ENV", "COPY", "USER", "CMD"))} for name in NAMES
    )
    assert media == torch


def test_nothing_of_the_clone_is_sent_to_the_builder_unless_it_is_named():
    rules = [line for line in (CLONE / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    sent = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert rules[0] == "*"
    assert sent == {"LICENSE", "README.md", "components", "constraints.txt", "longtake", "pipelines", "pyproject.toml"}
    assert {"**/.*", "**/__pycache__"} <= set(rules[rules.index("!pipelines") :])
