"""Who may do what: roles of the namespace, each verb with its use."""

import pytest

from tests.chart.rendering import of_kind, one


def rules_of(role):
    return {
        (group, resource, verb, *rule.get("resourceNames", []))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("engine", ["kfp", "argo"])
def test_no_right_holds_beyond_the_namespace_and_none_is_a_wildcard(helm, profile, engine):
    objects = helm.objects(profile, f"engine: {engine}")
    assert not of_kind(objects, "ClusterRole", "ClusterRoleBinding")
    for role in of_kind(objects, "Role"):
        assert not any("*" in word for rule in rules_of(role) for word in rule)
    for binding in of_kind(objects, "RoleBinding"):
        assert binding["roleRef"]["kind"] == "Role"


def test_argos_executor_may_report_and_nothing_else(helm):
    role = one(helm.objects("argo"), "Role")
    assert rules_of(role) == {
        ("argoproj.io", "workflowtaskresults", "create"),
        ("argoproj.io", "workflowtaskresults", "patch"),
    }


def test_a_step_under_kubeflow_reads_the_one_secret_and_the_one_config_map_of_its_artifacts(helm):
    rules = rules_of(one(helm.objects("laptop"), "Role"))
    assert {rule for rule in rules if rule[1] in ("secrets", "configmaps")} == {
        ("", "secrets", "get", "mlpipeline-minio-artifact"),
        ("", "configmaps", "get", "kfp-launcher"),
    }
    assert {verb for _, resource, verb, *_ in rules if resource == "pods"} == {"get", "patch"}  # labels its own


def test_the_upload_has_no_right_at_all_unless_kubeflow_asks_for_one(helm):
    assert [role["metadata"]["name"] for role in of_kind(helm.objects("laptop"), "Role")] == ["longtake-steps"]
    role = one(helm.objects("everything-on"), "Role", "-publish")
    assert {group for group, *_ in rules_of(role)} == {"pipelines.kubeflow.org"}


def test_each_account_is_bound_to_its_own_role(helm, profile):
    objects = helm.objects(profile)
    accounts = {account["metadata"]["name"] for account in of_kind(objects, "ServiceAccount")}
    for binding in of_kind(objects, "RoleBinding"):
        (subject,) = binding["subjects"]
        assert subject["name"] in accounts
        assert subject["namespace"] == binding["metadata"]["namespace"]
        assert one(objects, "Role", binding["roleRef"]["name"])


def test_the_identity_is_an_annotation_of_the_steps_account(helm):
    account = one(helm.objects("aws"), "ServiceAccount", "longtake")
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/longtake"
    }


def test_an_account_that_is_there_already_is_left_alone(helm):
    objects = helm.objects("everything-off")
    assert not of_kind(objects, "ServiceAccount", "Role", "RoleBinding")
    assert one(objects, "Pod")["spec"]["serviceAccountName"] == "default"
