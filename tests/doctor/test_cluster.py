import base64
import json

import pytest
import yaml

pytest.importorskip("kubernetes", reason="the extra kfp is not installed")

from longtake.doctor.cluster import APIS, identity_in_pod, judge_api, look_at_cluster

ALL = {api.group: ("v1", list(api.resources)) for api in APIS}


def cluster(groups, refused=()):
    """A stand-in for the API server: what /version, /apis and /apis/<group>/<version> say."""

    def answer(method, path, body):
        assert method == "GET"
        if path.split("/")[-2] in refused or path.strip("/") in refused:
            return 403, json.dumps({"kind": "Status", "code": 403})
        if path == "/version/":
            keys = ("major", "minor", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform")
            return 200, json.dumps(dict.fromkeys(keys, "1") | {"gitVersion": "v1.36.3"})
        if path == "/apis/":
            listed = []
            for name, (version, _) in groups.items():
                preferred = {"groupVersion": f"{name}/{version}", "version": version}
                listed.append({"name": name, "versions": [preferred], "preferredVersion": preferred})
            return 200, json.dumps({"kind": "APIGroupList", "groups": listed})
        _, group, version = path.strip("/").split("/")
        resources = [
            {"name": name, "singularName": "", "namespaced": True, "kind": "K", "verbs": ["get"]}
            for name in groups[group][1]
        ]
        return 200, json.dumps(
            {"kind": "APIResourceList", "groupVersion": f"{group}/{version}", "resources": resources}
        )

    return answer


@pytest.fixture
def use(tmp_path, monkeypatch):
    """`use(url)` writes a kubeconfig that leads there."""

    def write(url):
        path = tmp_path / "kubeconfig"
        context = {"cluster": "c", "user": "u", "namespace": "films"}
        config = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": context}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "sesame"}}],
        }
        path.write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(path))

    return write


def look(wanted=None):
    findings = list(look_at_cluster(wanted))
    assert all(finding.fix for finding in findings if finding.state in ("bad", "warn"))
    assert "sesame" not in str(findings)
    return {finding.check: finding for finding in findings}


def test_a_cluster_with_every_api_is_good_throughout(serve, use):
    use(serve(cluster(ALL)))
    found = look()
    assert {finding.state for finding in found.values()} == {"good"}
    assert set(found) == {"cluster", *(api.name for api in APIS)}
    assert "v1.36.3" in found["cluster"].found
    assert found["cluster"].found.endswith("context here, namespace films")


def test_without_argo_workflows_no_pipeline_can_run_and_the_other_apis_are_matters_of_choice(serve, use):
    use(serve(cluster({})))
    found = look()
    assert found.pop("Argo Workflows").state == "warn"
    assert found.pop("cluster").state == "good"
    assert {finding.state for finding in found.values()} == {"skipped"}
    assert "no alerts" in found["Prometheus"].found


def test_an_operator_that_is_too_old_is_a_warning_that_names_what_it_lacks(serve, use):
    use(serve(cluster(ALL | {"argoproj.io": ("v1alpha1", ["workflows", "workflowtemplates"])})))
    finding = look()["Argo Workflows"]
    assert finding.state == "warn"
    assert "has no cronworkflows" in finding.found


def test_a_group_that_may_not_be_asked_is_a_warning_and_the_others_are_still_asked(serve, use):
    use(serve(cluster(ALL, refused=("ray.io",))))
    found = look()
    assert found["KubeRay"].state == "warn"
    assert "system:discovery" in found["KubeRay"].fix
    assert found["External Secrets"].state == "good"


def test_an_identity_that_may_ask_nothing_is_a_warning(serve, use):
    use(serve(cluster(ALL, refused=("apis",))))
    assert look()["cluster"].state == "warn"


@pytest.mark.parametrize(("status", "transient"), [(401, False), (503, True)])
def test_a_server_that_refuses_or_is_ill_is_bad(serve, use, status, transient):
    use(serve(lambda *given: (status, "{}")))
    finding = look()["cluster"]
    assert (finding.state, finding.transient) == ("bad", transient)


def test_a_cluster_that_does_not_answer_may_come_back(use):
    use("http://127.0.0.1:9")
    finding = look()["cluster"]
    assert (finding.state, finding.transient) == ("bad", True)
    assert "Connection refused" in finding.found


def test_a_server_that_can_not_be_trusted_is_bad(serve, use):
    use(serve(cluster(ALL)).replace("http:", "https:"))
    finding = look()["cluster"]
    assert (finding.state, finding.transient) == ("bad", False)
    assert "no trusted connection" in finding.found


@pytest.mark.parametrize("text", ["clusters: []\n", "{"])
def test_a_kubeconfig_that_can_not_be_read_is_bad(tmp_path, monkeypatch, text):
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))
    finding = look()["cluster"]
    assert finding.state == "bad"
    assert "the kubeconfig can't be used" in finding.found


def test_without_a_kubeconfig_a_cluster_is_looked_at_only_if_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert look()["cluster"].state == "skipped"
    assert look(wanted=True)["cluster"].state == "bad"


def test_a_cluster_that_is_not_asked_for_is_left_alone(use):
    use("http://127.0.0.1:9")
    assert look(wanted=False)["cluster"].state == "skipped"


def test_in_a_pod_the_namespace_and_the_service_account_are_said(tmp_path):
    body = base64.urlsafe_b64encode(json.dumps({"sub": "system:serviceaccount:films:longtake"}).encode()).rstrip(b"=")
    (tmp_path / "namespace").write_text("films")
    (tmp_path / "token").write_text(f"head.{body.decode()}.signature")
    assert identity_in_pod(tmp_path) == "namespace films, service account longtake"


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_of_each_api_all_that_is_used_must_be_there(api):
    assert judge_api(api, "v1", api.resources).state == "good"
    assert judge_api(api, "v1", ()).state == "warn"
    assert judge_api(api, None, ()).fix
