import json
import socket
import ssl

import pytest

from longtake.doctor.kubeflow import judge_answer, judge_silence, look_at_kfp

HEALTHY = {"commit_sha": "abc", "tag_name": "2.17.0", "multi_user": True, "pipeline_store": "database"}


def ask(serve, status, text):
    asked = []

    def answer(method, path, body):
        asked.append((method, path))
        return status, text

    (finding,) = look_at_kfp(f"{serve(answer)}/")
    assert asked == [("GET", "/apis/v2beta1/healthz")]
    return finding


def test_a_server_of_2_17_is_good_and_says_its_version_users_and_store(serve):
    finding = ask(serve, 200, json.dumps(HEALTHY))
    assert finding.state == "good"
    assert finding.found.startswith("server 2.17.0, multi-user, pipelines in the database, SDK 2.17")


def test_an_older_server_is_a_warning(serve):
    finding = ask(serve, 200, json.dumps(HEALTHY | {"tag_name": "2.15.2", "multi_user": False}))
    assert finding.state == "warn"
    assert "upgrade" in finding.fix


def test_the_ui_s_server_hands_on_the_same_under_its_own_names():
    answer = {"apiServerTagName": "2.17.1", "apiServerReady": True, "multi_user": False, "pipelineStore": "kubernetes"}
    assert (
        judge_answer("http://kfp", answer, "no SDK").found
        == "server 2.17.1, single-user, pipelines in the kubernetes, no SDK"
    )
    down = judge_answer("http://kfp", {"apiServerReady": False}, "no SDK")
    assert (down.state, down.transient) == ("bad", True)


def test_a_server_built_without_a_version_is_good():
    assert judge_answer("http://kfp", {"tag_name": "unknown"}, "").state == "good"


@pytest.mark.parametrize(("status", "text"), [(401, "{}"), (403, "{}"), (200, "<html>log in</html>"), (200, "[1]")])
def test_a_login_before_the_server_is_a_warning(serve, status, text):
    finding = ask(serve, status, text)
    assert finding.state == "warn"
    assert "login" in finding.found
    assert "port-forward" in finding.fix


@pytest.mark.parametrize(("status", "transient"), [(404, False), (503, True)])
def test_an_answer_of_something_else_is_bad_and_5xx_may_pass(serve, status, transient):
    finding = ask(serve, status, "{}")
    assert (finding.state, finding.transient) == ("bad", transient)


def test_a_server_that_does_not_answer_may_come_back():
    (finding,) = look_at_kfp("http://127.0.0.1:9")
    assert (finding.state, finding.transient) == ("bad", True)
    assert "Connection refused" in finding.found


@pytest.mark.parametrize(
    ("cause", "transient"),
    [
        (ssl.SSLCertVerificationError("self-signed"), False),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (TimeoutError(), True),
    ],
)
def test_silence_may_pass_unless_the_name_or_the_certificate_is_wrong(cause, transient):
    finding = judge_silence("https://kfp", cause)
    assert (finding.state, finding.transient) == ("bad", transient)
    assert finding.fix


@pytest.mark.parametrize("url", ["kfp.example.com", "file:///etc/passwd", "https://"])
def test_what_is_no_web_address_is_bad_and_is_not_opened(url):
    (finding,) = look_at_kfp(url)
    assert finding.state == "bad"
    assert "http://" in finding.fix


def test_no_server_is_asked_where_none_is_named():
    (finding,) = look_at_kfp(None)
    assert finding.state == "skipped"
    assert "--endpoint" in finding.found
