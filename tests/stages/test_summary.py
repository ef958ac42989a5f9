"""The page at the end of a run."""

import json

import pytest

from longtake.lake import Lake
from longtake.progress import Progress, ProgressWriter
from longtake.stages import summary


@pytest.fixture
def end(tmp_path, monkeypatch):
    """A function that ends the run r1 in this state, on this machine."""
    for name in ("LONGTAKE_POD", "ARGO_CONTAINER_NAME"):
        monkeypatch.delenv(name, raising=False)

    def run(state, error=""):
        return summary.run(raw="raw", data_root=str(tmp_path), run="r1", pipeline="curate", state=state, error=error)

    return run


@pytest.mark.parametrize("state", ["SUCCEEDED", "Succeeded"])
def test_success_is_success_in_kubeflow_s_word_and_in_argo_s(end, state):
    assert end(state).startswith("# curate: done")


@pytest.mark.parametrize("state", ["FAILED", "Failed", "Error", ""])
def test_everything_else_is_a_failure_with_the_command_to_go_on(end, state):
    text = end(state)
    assert text.startswith("# curate: failed")
    assert "longtake run curate --raw raw" in text


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({}, "longtake run curate --raw raw --data-root "),
        ({"ARGO_CONTAINER_NAME": "main"}, "argo resubmit r1\n"),
        ({"ARGO_CONTAINER_NAME": "main", "LONGTAKE_POD": "x"}, "longtake submit curate --raw raw --data-root "),
    ],
)
def test_a_run_is_to_go_on_where_it_ran(end, monkeypatch, environment, command):
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    text = end("Failed")
    assert f"    {command}" in text
    assert ("Clone run" in text) == ("LONGTAKE_POD" in environment)


def test_a_step_that_wrote_down_why_is_quoted_and_not_the_cluster(end, tmp_path):
    progress = Progress(stage="slicing", shard="1of2", run="r1", state="failed", total=3, error="no such bucket")
    ProgressWriter(Lake(str(tmp_path)), progress).write()
    text = end("Failed", "the cluster's word")
    assert "- **slicing**, shard 1of2, failed after 0 of 3 inputs: no such bucket" in text
    assert "cluster" not in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("", "Failed"),
        ("null", "Failed"),
        ("OOMKilled", "OOMKilled"),
        (
            '[{"displayName": "listing", "message": "gone"}, {"displayName": "curate-x", "message": ""}]',
            "listing: gone",
        ),
        ('[{"displayName": "li', '\\[{"displayName": "li'),
        ('{"a": 1}', '{"a": 1}'),
        ("x" * 5000, "x" * summary.SAID_CHARS),
    ],
)
def test_what_the_cluster_says_is_said_where_no_step_did(end, error, said):
    assert f"The cluster says: {said}\n" in end("Failed", error)
    if error.startswith("[") and error.endswith("]"):
        assert f"The cluster says: {said}\n" in end("Failed", json.dumps(error))
