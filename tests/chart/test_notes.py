"""What an install says at its end."""

import re

import pytest

from tests.chart.rendering import NAMESPACE


def test_there_are_three_next_commands(helm, profile):
    notes = helm.notes(profile)
    assert re.findall(r"^  (\d)\. ", notes, re.MULTILINE) == ["1", "2", "3"]
    assert f"helm test longtake -n {NAMESPACE} --logs" in notes
    assert f"kubectl get pods -n {NAMESPACE} -l longtake.io/stage" in notes
    assert not re.search(r"{{|<nil>|<no value>|%!", notes)


def test_the_second_starts_a_run_the_way_the_engine_does(helm):
    assert f"argo submit -n {NAMESPACE} --from workflowtemplate/longtake-curate" in helm.notes("argo")
    assert "longtake submit curate" in helm.notes("laptop")
    assert "longtake compile curate" in helm.notes("everything-off")


@pytest.mark.parametrize(
    ("namespace", "given", "warned"),
    [
        ("video", "", True),
        ("kubeflow", "", False),
        ("video", "kfp: {multiUser: true}", False),
        ("video", "engine: argo", False),
    ],
)
def test_a_release_that_kubeflow_would_run_nothing_of_is_warned_of(helm, namespace, given, warned):
    assert ("runs every pipeline in its own namespace" in helm.notes(given=given, namespace=namespace)) == warned


def test_workload_identity_without_an_identity_is_warned_of(helm):
    assert "names no identity" in helm.notes()
    assert "names no identity" not in helm.notes("aws")
    assert "names no identity" not in helm.notes("laptop")
