"""Every object of every file of `ci`: known to Kubernetes, ours to be billed, and gone with the release."""

import json
import re
import shutil

import kubernetes_validate
import pytest
import yaml

from longtake import __version__
from pipelines.cluster.chart import CHART
from pipelines.cluster.loading import load_values
from tests.chart.rendering import NAMESPACE, PROFILES, flat, of_kind, one, pods_of
from tests.crds import validate_custom

KUBERNETES = ("1.29", "1.33", "1.37")
CUSTOM = {"ExternalSecret", "PodMonitor", "PrometheusRule", "WorkflowTemplate", "CronWorkflow"}
OF_THE_CLUSTER = {"PriorityClass"}


def test_there_are_values_for_every_kind_of_cluster_that_is_promised():
    promised = {"laptop", "aws", "gke", "minio", "gpu", "argo", "everything-off", "everything-on"}
    assert promised <= set(PROFILES)


def test_the_chart_passes_lint(helm, profile):
    done = helm.lint(profile)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_knows_every_field(helm, profile, version):
    for obj in helm.objects(profile):
        if obj["kind"] not in CUSTOM:
            kubernetes_validate.validate(obj, version, strict=True)


def test_the_oldest_kubernetes_is_the_oldest_that_is_tested():
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={KUBERNETES[0]}.0-0"


def test_operators_know_every_field_of_their_objects(helm, profile):
    for obj in of_kind(helm.objects(profile), *CUSTOM - {"ExternalSecret"}):
        validate_custom(obj)


def test_every_object_has_the_labels_that_a_bill_is_split_by(helm, profile):
    mine = load_values(CHART / "ci" / f"{profile}-values.yaml").labels
    for obj in helm.objects(profile):
        labels = obj["metadata"]["labels"]
        assert mine.items() <= labels.items()
        assert labels["app.kubernetes.io/instance"] == "longtake"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
    for name, metadata, _ in pods_of(helm.objects(profile)):
        assert mine.items() <= metadata["labels"].items(), name


def test_a_label_of_yours_replaces_none_of_ours(helm):
    given = (
        "labels: {app.kubernetes.io/part-of: mine, sidecar.istio.io/inject: 'true', kueue.x-k8s.io/queue-name: mine}"
    )
    for engine in ("kfp", "argo"):
        objects = helm.objects("everything-on", f"{given}\nengine: {engine}")
        for name, metadata, _ in pods_of(objects):
            assert metadata["labels"]["app.kubernetes.io/part-of"] == "longtake", name
            if name.startswith(("Job", "Pod")):
                assert metadata["labels"]["sidecar.istio.io/inject"] == "false", name
            if name.endswith(("slicing", "-test")):
                assert metadata["labels"]["kueue.x-k8s.io/queue-name"] in ("curation", "training"), name
        for obj in objects:
            assert obj["metadata"]["labels"]["app.kubernetes.io/part-of"] == "longtake"


def test_nothing_is_made_outside_the_namespace_of_the_release(helm, profile):
    for obj in helm.objects(profile):
        assert ("namespace" in obj["metadata"]) == (obj["kind"] not in OF_THE_CLUSTER)
        assert obj["metadata"].get("namespace", NAMESPACE) == NAMESPACE


def test_names_are_there_once(helm, profile):
    names = [(obj["kind"], obj["metadata"]["name"]) for obj in helm.objects(profile)]
    assert len(names) == len(set(names))


def test_nothing_is_left_behind_by_an_uninstall(helm, profile):
    for obj in helm.objects(profile):
        notes = obj["metadata"].get("annotations", {})
        assert "helm.sh/resource-policy" not in notes
        if "helm.sh/hook" in notes:  # Helm forgets it once it is made
            job = "before-hook-creation,hook-succeeded"
            # Helm 3 deletes what succeeded before it fetches the log that `helm test --logs` shows.
            policy = "before-hook-creation" if notes["helm.sh/hook"] == "test" else job
            assert notes["helm.sh/hook-delete-policy"] == policy
        if obj["kind"] == "Job":
            assert obj["spec"]["ttlSecondsAfterFinished"] <= 86_400


def test_the_name_of_another_release_keeps_its_objects_apart(helm):
    done = helm.run("template", "night", str(CHART), "-n", NAMESPACE)
    names = {
        obj["metadata"]["name"] for obj in yaml.safe_load_all(done.stdout) if obj and obj["kind"] != "ServiceAccount"
    }
    assert all(name.startswith("night-longtake") for name in names), names


def test_the_longest_name_of_a_release_makes_no_name_too_long(helm):
    done = helm.run("template", "r" * 53, str(CHART), "-n", NAMESPACE)
    assert all(len(obj["metadata"]["name"]) <= 63 for obj in yaml.safe_load_all(done.stdout) if obj)


def test_the_version_of_the_chart_is_that_of_the_library():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__


def test_the_values_that_publish_reads_are_those_of_the_release(helm, profile, tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text(one(helm.objects(profile), "ConfigMap", "-values")["data"]["values.yaml"])
    assert load_values(path) == load_values(CHART / "ci" / f"{profile}-values.yaml")


def test_each_stage_has_a_file_that_it_can_be_run_with_by_hand(helm):
    data = one(helm.objects("everything-on"), "ConfigMap", "-configs")["data"]
    assert yaml.safe_load(data["slicing.yaml"]) == {
        "raw": "s3://acme-footage/raw",
        "data_root": "s3://acme-lake/data",
        "config": {"rule": {"sigmas": 2.5, "min_clip_s": 3.0}, "limits": {"wall_s": 7200, "memory_bytes": 2 << 30}},
    }


@pytest.mark.parametrize("what", ["pods", "configs"])
def test_a_step_that_is_added_to_the_values_is_in_the_chart_with_no_template_touched(helm, tmp_path, what):
    chart = tmp_path / "longtake"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("values.schema.json"))
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    values["steps"]["rating"] = values["steps"]["slicing"] | {"image": "torch", "cpu": 3}
    values["configs"]["rating"] = {"batch": 8}
    values["pipelines"]["score"] = {"atOnce": 2}
    (chart / "values.yaml").write_text(yaml.safe_dump(values))
    step = {
        "name": "rating",
        "metadata": {"labels": {"longtake.io/stage": "rating"}},
        "container": {"command": ["longtake"], "args": ["step", "rating"]},
    }
    spec = {"arguments": {"parameters": [{"name": "at_once"}, {"name": "rating_config"}]}, "templates": [step]}
    skeleton = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "spec": spec}
    (chart / "files" / "argo" / "score.yaml").write_text(
        json.dumps(skeleton | {"metadata": {"name": "longtake-score"}})
    )

    objects = helm.objects(given="engine: argo", chart=chart)
    if what == "configs":
        assert yaml.safe_load(one(objects, "ConfigMap", "-configs")["data"]["rating.yaml"])["config"] == {"batch": 8}
        parameters = one(objects, "WorkflowTemplate", "-score")["spec"]["arguments"]["parameters"]
        assert [parameter["value"] for parameter in parameters] == ["2", '{"batch":8}']
    else:
        ((_, metadata, pod),) = [found for found in pods_of(objects) if found[0].endswith(" rating")]
        assert metadata["labels"]["longtake.io/stage"] == "rating"
        assert pod["containers"][0]["image"] == f"longtake/python-torch:{__version__}"
        assert pod["containers"][0]["resources"]["limits"]["cpu"] == "3"


def test_no_text_of_a_template_is_left_in_an_object(helm, profile):
    for obj in of_kind(helm.objects(profile), "Job", "Pod", "Role", "NetworkPolicy", "PodMonitor"):
        for path, value in flat(obj):
            assert not re.search(r"{{|<nil>|<no value>|%!", str(value)), path
