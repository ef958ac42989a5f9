"""What pods of ours may talk to."""

from ipaddress import ip_address, ip_network

import pytest

from pipelines.cluster.chart import CHART
from pipelines.cluster.loading import load_values
from tests.chart.rendering import of_kind, one

METADATA = "169.254.169.254"


def egress_of(helm, profile="laptop", given=""):
    return one(helm.objects(profile, given), "NetworkPolicy")["spec"]["egress"]


def ports_to(rules, address):
    """TCP ports on which the address may be reached."""
    return {
        port["port"]
        for rule in rules
        for peer in rule["to"]
        if "ipBlock" in peer and ip_address(address) in ip_network(peer["ipBlock"]["cidr"])
        for port in rule["ports"]
        if port["protocol"] == "TCP"
    }


def namespaces(rules):
    """Namespaces that may be reached on any port."""
    return {
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in rules
        if "ports" not in rule
        for peer in rule["to"]
        if "namespaceSelector" in peer
    }


def test_every_pod_of_ours_is_held_both_ways(helm, profile):
    policies = of_kind(helm.objects(profile), "NetworkPolicy")
    assert len(policies) == load_values(CHART / "ci" / f"{profile}-values.yaml").network_policy.enabled
    for policy in policies:
        assert policy["spec"]["podSelector"] == {
            "matchExpressions": [{"key": "longtake.io/stage", "operator": "Exists"}]
        }
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_no_rule_allows_everything(helm, profile):
    for policy in of_kind(helm.objects(profile), "NetworkPolicy"):
        for rule in policy["spec"]["egress"]:
            assert rule["to"]
            assert "ports" in rule or all("namespaceSelector" in peer for peer in rule["to"])
        for rule in policy["spec"]["ingress"]:
            assert rule["from"]
            assert rule["ports"]


def test_only_prometheus_comes_in_and_only_to_the_metrics(helm):
    (rule,) = one(helm.objects("gke"), "NetworkPolicy")["spec"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gmp-system"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 9090}]
    (rule,) = one(helm.objects("everything-on"), "NetworkPolicy")["spec"]["ingress"]
    assert rule == {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 9464}]}


def test_names_are_asked_of_the_clusters_dns_or_of_the_node(helm):
    (rule, *_) = egress_of(helm)
    assert rule["ports"] == [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert ports_to([rule], "169.254.20.10") == {53}
    assert ports_to([rule], "8.8.8.8") == set()


def test_s3_outside_the_cluster_is_reached_on_its_port_alone(helm):
    rules = egress_of(helm, "minio")
    assert ports_to(rules, "192.168.10.7") == {9000}
    assert ports_to(rules, "192.168.20.7") == {443, 6443}  # the API server
    assert ports_to(rules, "93.184.216.34") == set()


def test_s3_in_the_cluster_is_reached_by_its_namespace(helm):
    assert namespaces(egress_of(helm, "laptop")) == {"s3", "kubeflow"}


def test_argo_needs_no_way_to_kubeflow(helm):
    assert namespaces(egress_of(helm, "argo")) == set()
    assert namespaces(egress_of(helm, "everything-on")) == {"kfp"}


@pytest.mark.parametrize(("profile_", "open_"), [("aws", True), ("laptop", False), ("gke", False), ("minio", False)])
def test_the_nodes_identity_is_behind_a_door_that_only_workload_identity_opens(helm, profile_, open_):
    assert (80 in ports_to(egress_of(helm, profile_), METADATA)) == open_


def test_more_ways_out_are_taken_as_they_are(helm):
    assert egress_of(helm, "everything-on")[-1] == {
        "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}],
        "ports": [{"protocol": "TCP", "port": 3128}],
    }


def test_no_address_is_no_rule(helm):
    rules = egress_of(helm, "laptop", "networkPolicy: {s3: {cidrs: []}, kubernetesApi: {cidrs: []}}")
    assert ports_to(rules, "93.184.216.34") == set()
    assert all(rule["to"] for rule in rules)
