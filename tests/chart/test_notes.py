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


def test_workload_identity_without_an_identity_is_warned_of(helm):
    assert "names no identity" in helm.notes()
    assert "names no identity" not in helm.notes("aws")
    assert "names no identity" not in helm.notes("laptop")


@pytest.mark.parametrize(
    ("repository", "warned"),
    [
        ("longtake/python-media", True),
        ("python-media", True),
        ("localhost/python-media", False),
        ("localhost:5000/python-media", False),
        ("ghcr.io/acme/python-media", False),
    ],
)
def test_an_image_of_no_registry_is_warned_of_since_docker_io_would_be_asked(helm, repository, warned):
    notes = helm.notes(given=f"images: {{media: {{repository: {repository}}}, torch: {{repository: ghcr.io/a/b}}}}")
    assert (f"WARNING: {repository}: no registry is named" in notes) == warned
    assert "ghcr.io/a/b" not in notes


def test_more_processors_than_there_is_memory_for_are_warned_of(helm):
    notes = helm.notes(given="steps: {slicing: {cpu: 16, memory: 8Gi}}").replace("\n", " ")
    assert (
        "steps.slicing.memory is 8Gi; 16 processors with limits.memory_bytes 4294967296 may need 65 GiB: one hostile"
        in notes
    )
    assert "steps.listing.memory is" not in notes


def test_as_much_memory_as_the_limits_add_up_to_is_not_warned_of(helm, profile):
    assert "one hostile" not in helm.notes(profile)
    limited = "steps: {slicing: {cpu: 16, memory: 9Gi}}\nconfigs: {slicing: {limits: {memory_bytes: 536870912}}}"
    assert "one hostile" not in helm.notes(given=limited)
