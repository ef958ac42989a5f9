"""The hooks that put pipelines into Kubeflow and take them out again; keys from a vault; quotas and priorities."""

from longtake.errors import EXIT_USER
from tests.chart.rendering import of_kind, one, pods_of

HELM_WAITS_S = 300
"""Helm's own --timeout; what it gives up itself it says nothing of."""
TOKEN = "/var/run/secrets/kubeflow/pipelines"


def test_pipelines_are_uploaded_after_every_change_and_taken_away_before_the_end(helm):
    hooks = {job["metadata"]["annotations"]["helm.sh/hook"]: job for job in of_kind(helm.objects("laptop"), "Job")}
    assert set(hooks) == {"post-install,post-upgrade,post-rollback", "pre-delete"}
    for when, job in hooks.items():
        (container,) = job["spec"]["template"]["spec"]["containers"]
        verb = "unpublish" if when == "pre-delete" else "publish"
        assert container["command"] == ["longtake", verb, "--values", "/etc/longtake/values.yaml"]


def test_the_hooks_find_the_values_of_the_release(helm):
    objects = helm.objects("laptop")
    for job in of_kind(objects, "Job"):
        pod = job["spec"]["template"]["spec"]
        (volume,) = [volume for volume in pod["volumes"] if "configMap" in volume]
        assert "values.yaml" in one(objects, "ConfigMap", volume["configMap"]["name"])["data"]
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts[volume["name"]] == "/etc/longtake"


def test_a_mistake_in_the_values_is_not_tried_again(helm):
    for job in of_kind(helm.objects("laptop"), "Job"):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        (rule,) = job["spec"]["podFailurePolicy"]["rules"]
        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"] == {"containerName": container["name"], "operator": "In", "values": [EXIT_USER]}


def test_a_hook_ends_by_itself_and_before_helm_gives_it_up(helm):
    for job in of_kind(helm.objects("laptop"), "Job"):
        assert job["spec"]["activeDeadlineSeconds"] < HELM_WAITS_S
    for job in of_kind(helm.objects("everything-on"), "Job"):
        assert job["spec"]["activeDeadlineSeconds"] == 120
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        assert job["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"


def test_the_hooks_run_in_the_pool_that_is_named(helm):
    for job in of_kind(helm.objects("everything-on"), "Job"):
        pod = job["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == {"pool": "cpu", "kubernetes.io/arch": "amd64"}
        assert pod["tolerations"][0] == {"key": "spot", "operator": "Exists"}
        assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "curation"
    for job in of_kind(helm.objects("cpu"), "Job"):
        assert not {"nodeSelector", "tolerations"} & set(job["spec"]["template"]["spec"])


def test_where_kubeflow_has_many_users_it_is_shown_a_token_that_is_good_for_it_alone(helm):
    for job in of_kind(helm.objects("aws"), "Job"):
        pod = job["spec"]["template"]["spec"]
        (token,) = [
            source["serviceAccountToken"]
            for volume in pod["volumes"]
            if "projected" in volume
            for source in volume["projected"]["sources"]
        ]
        assert (token["audience"], token["path"]) == ("pipelines.kubeflow.org", "token")
        environment = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
        assert environment["KF_PIPELINES_SA_TOKEN_PATH"] == f"{TOKEN}/token"
        assert TOKEN in [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
    for job in of_kind(helm.objects("laptop"), "Job"):
        assert not [volume for volume in job["spec"]["template"]["spec"]["volumes"] if "projected" in volume]


def test_no_hook_is_there_for_argo_or_where_somebody_else_uploads(helm):
    assert not of_kind(helm.objects("argo"), "Job")
    assert not of_kind(helm.objects("everything-off"), "Job")


def test_keys_come_from_the_vault_by_name(helm):
    assert one(helm.objects("everything-on"), "ExternalSecret")["spec"] == {
        "refreshInterval": "15m",
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "target": {"name": "longtake-s3", "creationPolicy": "Owner"},
        "data": [
            {"secretKey": key, "remoteRef": {"key": "video/longtake", "property": key}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ],
    }
    assert not of_kind(helm.objects("aws"), "ExternalSecret")


def test_priority_is_on_what_can_carry_it(helm):
    assert one(helm.objects("everything-on"), "PriorityClass")["value"] == 100_000
    for _, _, pod in pods_of(helm.objects("everything-on")):
        assert pod["priorityClassName"] == "longtake"
    objects = helm.objects("everything-on", "engine: argo")
    assert one(objects, "WorkflowTemplate", "-curate")["spec"]["podPriorityClassName"] == "longtake"
    assert not of_kind(helm.objects("argo"), "PriorityClass")  # named, and the cluster's own


def test_a_quota_is_there_where_it_is_wanted(helm):
    assert one(helm.objects("everything-on"), "ResourceQuota")["spec"]["hard"] == {
        "pods": "200",
        "requests.cpu": "512",
        "requests.nvidia.com/gpu": "16",
    }
    assert not of_kind(helm.objects("aws"), "ResourceQuota")
