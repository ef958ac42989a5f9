"""PodMonitor and alerts: there where their API is, and true to the pods and metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from longtake.telemetry import StepMetrics, TrainingMetrics
from pipelines.cluster.chart import CHART
from pipelines.compiling import CLONE
from tests.chart.rendering import PROMETHEUS, of_kind, one, pods_of

RULES = CHART / "files" / "rules.yaml"
ANNOTATION = "__meta_kubernetes_pod_annotation_longtake_io_metrics_port"


def relabel(labels, rules):
    """The labels as Prometheus leaves them, or None where it drops the target."""
    labels = dict(labels)
    for rule in rules:
        value = ";".join(labels.get(name, "") for name in rule["sourceLabels"])
        match = re.fullmatch(rule.get("regex", "(.*)"), value)
        if rule["action"] == "keep" and not match:
            return None
        if rule["action"] == "replace" and match:
            labels[rule["targetLabel"]] = match.expand(re.sub(r"\$(\d)", r"\\\1", rule.get("replacement", "$1")))
    return labels


@pytest.fixture
def target():
    """A step's pod under Kubeflow as Prometheus discovers it: no container of it declares a port."""
    return {
        "__address__": "10.1.2.3",
        "__meta_kubernetes_pod_ip": "10.1.2.3",
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_container_name": "main",
        "__meta_kubernetes_pod_container_init": "false",
        ANNOTATION: "9090",
        "__meta_kubernetes_pod_label_longtake_io_stage": "slicing",
        "__meta_kubernetes_pod_label_longtake_io_run": "a1b2",
        "__meta_kubernetes_pod_label_longtake_io_shard": "2of4",
    }


@pytest.fixture
def endpoint(helm):
    (endpoint,) = one(helm.objects("cpu"), "PodMonitor")["spec"]["podMetricsEndpoints"]
    return endpoint


@pytest.mark.parametrize(("apis", "kinds"), [(PROMETHEUS, {"PodMonitor", "PrometheusRule"}), ((), set())])
def test_they_are_there_only_where_the_cluster_has_their_api(helm, apis, kinds):
    objects = helm.objects("laptop", apis=apis)
    assert {obj["kind"] for obj in of_kind(objects, "PodMonitor", "PrometheusRule")} == kinds


def test_they_are_there_always_or_never_where_that_is_said(helm):
    assert len(of_kind(helm.objects("everything-on", apis=()), "PodMonitor", "PrometheusRule")) == 2
    assert not of_kind(helm.objects("everything-off"), "PodMonitor", "PrometheusRule")


def test_prometheus_selects_them_by_labels_of_yours(helm):
    for obj in of_kind(helm.objects("everything-on"), "PodMonitor", "PrometheusRule"):
        assert obj["metadata"]["labels"]["release"] == "prometheus"


def test_the_monitor_names_no_port_since_no_pod_declares_one(endpoint):
    assert not {"port", "portNumber", "targetPort"} & set(endpoint)


@pytest.mark.parametrize(
    ("address", "expected"), [("10.1.2.3", "10.1.2.3:9090"), ("fd00:10:244::1f", "[fd00:10:244::1f]:9090")]
)
def test_a_step_is_read_at_its_pods_address_and_the_port_of_its_annotation(endpoint, target, address, expected):
    found = relabel(target | {"__meta_kubernetes_pod_ip": address}, endpoint["relabelings"])
    assert found["__address__"] == expected
    assert (found["stage"], found["run"], found["shard"]) == ("slicing", "a1b2", "2of4")


@pytest.mark.parametrize(
    "other",
    [
        {"__meta_kubernetes_pod_container_name": "wait"},
        {"__meta_kubernetes_pod_container_name": "kfp-launcher", "__meta_kubernetes_pod_container_init": "true"},
        {"__meta_kubernetes_pod_phase": "Succeeded"},
        {"__meta_kubernetes_pod_phase": "Pending"},
        {ANNOTATION: ""},
    ],
)
def test_nothing_but_the_running_main_container_of_a_step_is_read(endpoint, target, other):
    assert relabel(target | other, endpoint["relabelings"]) is None


def test_a_metrics_own_stage_stays_its_label(endpoint):
    assert endpoint["honorLabels"] is True


def test_a_step_of_argo_serves_where_prometheus_looks(helm):
    steps = [pod for pod in pods_of(helm.objects("everything-on", "engine: argo")) if pod[0].startswith("Workflow")]
    assert steps
    for _, metadata, pod in steps:
        environment = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
        assert environment["LONGTAKE_METRICS"] == f"0.0.0.0:{metadata['annotations']['longtake.io/metrics-port']}"


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_the_alerts_of_the_release_are_those_of_the_file(helm):
    assert one(helm.objects("cpu"), "PrometheusRule")["spec"] == yaml.safe_load(RULES.read_text())


def test_alerts_ask_for_metrics_that_steps_serve():
    metrics = StepMetrics("any")
    TrainingMetrics(metrics)
    metrics.count_item("kept", "")
    metrics.count_input("done", 1.0)
    metrics.count_bytes("read", 1)
    metrics.show_success()
    served = {sample.name for family in metrics.registry.collect() for sample in family.samples} | {"up"}
    for rule in rules():
        asked = set(re.findall(r"\b(longtake_\w+|up)\b(?!\")", rule["expr"]))
        assert asked, rule["alert"]
        assert asked <= served, rule["alert"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_what_to_do_and_where_more_is_written(rule):
    notes = rule["annotations"]
    assert notes["summary"]
    assert notes["description"].endswith(".")
    page, _, heading = notes["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (CLONE / page).read_text(), re.MULTILINE)
    assert heading == rule["alert"].lower()
    assert rule["alert"] in headings


@pytest.mark.parametrize(
    "command", [["check", "rules", RULES], ["test", "rules", Path(__file__).parent / "alerts.yaml"]]
)
def test_prometheus_takes_the_alerts_and_fires_them_when_it_should(command):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not here: it comes with Prometheus")
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
