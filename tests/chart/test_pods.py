"""A scan of every pod that the chart makes, itself or by Argo: Pod Security `restricted`, and more."""

import pytest

from pipelines.cluster.chart import CHART
from pipelines.cluster.loading import load_values
from pipelines.cluster.pod import UID
from tests.chart.rendering import one, pods_of

VOLUMES = {"configMap", "emptyDir", "projected", "secret"}


@pytest.fixture(params=["", "engine: argo"], ids=["as it is", "argo"])
def pods(request, helm, profile):
    return list(pods_of(helm.objects(profile, request.param)))


def test_every_pod_is_restricted(pods):
    for name, _, pod in pods:
        whole = pod["securityContext"]
        assert whole["runAsNonRoot"] is True, name
        assert whole["runAsUser"] == whole["runAsGroup"] == whole["fsGroup"] == UID, name
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(pod), name
        for container in _containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert not {"privileged", "runAsUser", "procMount"} & set(own), name
            assert all("hostPort" not in port for port in container.get("ports", [])), name


def test_no_pod_mounts_what_is_the_nodes(pods):
    for name, _, pod in pods:
        for volume in pod["volumes"]:
            assert set(volume) - {"name"} <= VOLUMES, name


def test_every_pod_can_write_to_tmp(pods):
    for name, _, pod in pods:
        for container in _containers(pod):
            assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]], name


def test_every_container_asks_for_processors_and_memory_and_is_held_to_them(pods):
    for name, _, pod in pods:
        for container in _containers(pod):
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), name
            assert {"cpu", "memory"} <= set(resources["limits"]), name
            assert resources["requests"]["memory"] == resources["limits"]["memory"], name


def test_every_scratch_has_a_size(pods):
    for name, _, pod in pods:
        for volume in pod["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


def test_every_pod_is_one_that_network_policies_and_people_find(pods):
    for name, metadata, _ in pods:
        assert metadata["labels"]["longtake.io/stage"], name
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "longtake", name


def test_every_pod_has_the_account_of_its_own_and_a_token_only_where_it_is_used(helm, pods, profile):
    steps = load_values(CHART / "ci" / f"{profile}-values.yaml").service_account.name
    for name, _, pod in pods:
        if name.startswith("Job"):
            assert pod["serviceAccountName"] == "longtake-publish", name
            assert pod["automountServiceAccountToken"] is False, name
        else:  # Argo's executor and `doctor --cluster` speak to the API server
            assert pod["serviceAccountName"] == steps, name
            assert pod["automountServiceAccountToken"] is True, name


def test_an_image_is_named_by_its_digest_where_one_is_given(helm):
    images = load_values(CHART / "ci" / "everything-on-values.yaml").images
    for objects in (helm.objects("everything-on"), helm.objects("everything-on", "engine: argo")):
        for name, _, pod in pods_of(objects):
            for container in _containers(pod):
                assert container["image"] in {
                    f"{images.media.repository}@{images.media.digest}",
                    f"{images.torch.repository}:{images.torch.tag}",
                }, name
                assert container["imagePullPolicy"] == "Always"
            assert pod["imagePullSecrets"] == [{"name": "registry"}, {"name": "mirror"}], name


def test_the_test_looks_from_a_pod_like_that_of_the_step_doctor(helm):
    pod = one(helm.objects("gpu"), "Pod")["spec"]
    (container,) = pod["containers"]
    assert pod["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"}
    assert container["command"] == ["longtake", "doctor", "--cluster"]
    assert container["args"] == [
        "--raw=s3://acme-footage/raw",
        "--data-root=s3://acme-lake/data",
        "--endpoint=http://ml-pipeline.kubeflow.svc:8888",
    ]
    assert one(helm.objects("argo"), "Pod")["spec"]["containers"][0]["args"] == container["args"][:2]


def test_keys_of_s3_come_from_a_secret_or_there_are_none(helm, pods, profile):
    s3 = load_values(CHART / "ci" / f"{profile}-values.yaml").s3
    secret = {"workload": None, "secret": s3.secret.name, "external": "longtake-s3"}[s3.credentials]
    for name, _, pod in pods:
        if name.startswith("Job"):
            continue
        given = {entry["name"]: entry for entry in pod["containers"][0]["env"]}
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert (key in given) == (secret is not None), name
            assert not secret or given[key]["valueFrom"]["secretKeyRef"]["name"] == secret, name


def test_no_region_is_said_unless_one_is_given_since_eks_says_its_own(helm):
    def regions(profile):
        (container,) = one(helm.objects(profile), "Pod")["spec"]["containers"]
        return [entry["value"] for entry in container["env"] if entry["name"] == "AWS_REGION"]

    assert regions("laptop") == []
    assert regions("aws") == ["eu-central-1"]


def _containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]
