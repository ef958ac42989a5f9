import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from kubernetes import client

from longtake.pod import label_own_pod


@pytest.fixture
def api_server():
    """The Kubernetes API as far as patching a pod goes; remembers what it was asked, answers `status`."""

    class Api(BaseHTTPRequestHandler):
        def do_PATCH(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.asked.append((self.path, self.headers["Content-Type"], body))
            self.send_response(self.server.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"kind": "Pod", "apiVersion": "v1"}')

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Api)
    server.asked, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def api(api_server, monkeypatch):
    monkeypatch.setenv("LONGTAKE_POD", "curate-x7-slicing")
    monkeypatch.setenv("LONGTAKE_NAMESPACE", "longtake")
    configuration = client.Configuration(host=f"http://127.0.0.1:{api_server.server_port}")
    configuration.retries = False
    with client.ApiClient(configuration) as connection:
        yield client.CoreV1Api(connection)


def test_a_step_labels_its_own_pod_with_its_run_and_shard(api, api_server):
    assert label_own_pod("5f1c", "2/4:0,7-9", api)
    ((path, kind, body),) = api_server.asked
    assert path == "/api/v1/namespaces/longtake/pods/curate-x7-slicing"
    assert "patch" in kind
    assert body == {"metadata": {"labels": {"longtake.io/run": "5f1c", "longtake.io/shard": "2of4"}}}


def test_a_step_without_shards_is_one_of_one(api, api_server):
    assert label_own_pod("5f1c", "", api)
    assert api_server.asked[0][2]["metadata"]["labels"]["longtake.io/shard"] == "1of1"


def test_a_refusal_is_a_warning_and_the_step_goes_on(api, api_server, caplog):
    api_server.status = 403
    assert not label_own_pod("5f1c", "", api)
    assert caplog.records[-1].levelname == "WARNING"
    assert caplog.records[-1].reason == "Forbidden"


def test_an_api_that_is_not_there_is_a_warning(monkeypatch, caplog):
    monkeypatch.setenv("LONGTAKE_POD", "x")
    monkeypatch.setenv("LONGTAKE_NAMESPACE", "y")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert not label_own_pod("5f1c")
    assert caplog.records[-1].levelname == "WARNING"


def test_outside_a_pod_nothing_is_asked(api_server, monkeypatch):
    monkeypatch.delenv("LONGTAKE_POD", raising=False)
    assert not label_own_pod("5f1c")
    assert not api_server.asked
