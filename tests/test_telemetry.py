import io
import json
import logging
import re
import socket
import sys
import threading
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from longtake import __version__
from longtake.errors import UserError
from longtake.telemetry import StepMetrics, log_json, serve_metrics

BASE_UNITS = ("_seconds", "_bytes", "_ratio", "_info", "_tokens", "_rejected", "_items", "_inputs", "_created")


def scrape(place):
    """All samples, by name and labels."""
    with urllib.request.urlopen(f"http://{place}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return families, {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.fixture
def metrics():
    return StepMetrics("slicing")


def test_what_was_counted_is_served_while_the_step_runs(metrics):
    stage = ("stage", "slicing")
    with serve_metrics(metrics) as place:
        metrics.count_item("kept", "")
        metrics.count_item("kept", "")
        metrics.count_item("dropped", "too_short")
        metrics.count_input("done", 0.3)
        metrics.count_input("skipped")
        metrics.count_bytes("read", 1000)
        metrics.show_progress(0.5)
        metrics.show_success()
        families, samples = scrape(place)
    assert samples["longtake_items_total", ("outcome", "kept"), ("reason", ""), stage] == 2
    assert samples["longtake_items_total", ("outcome", "dropped"), ("reason", "too_short"), stage] == 1
    assert samples["longtake_inputs_total", ("outcome", "done"), stage] == 1
    assert samples["longtake_bytes_total", ("direction", "read"), stage] == 1000
    assert samples["longtake_input_duration_seconds_count", stage] == 1
    assert samples["longtake_input_duration_seconds_bucket", ("le", "0.5"), stage] == 1
    assert samples["longtake_progress_ratio", stage] == 0.5
    assert samples["longtake_last_success_timestamp_seconds", stage] > 1.7e9
    assert samples["longtake_build_info", ("version", __version__)] == 1
    assert {family.name for family in families if not family.name.startswith("longtake_")} == set()


def test_names_are_in_base_units_and_labels_have_few_values(metrics):
    metrics.count_item("kept", "")
    metrics.count_input("done", 1.0)
    metrics.count_bytes("read", 1)
    with serve_metrics(metrics) as place:
        families, _ = scrape(place)
    for family in families:
        assert family.name.endswith(BASE_UNITS), family.name
        assert family.documentation
        for sample in family.samples:
            assert set(sample.labels) <= {"stage", "outcome", "reason", "direction", "version", "le"}


def test_the_counts_are_read_back_from_the_very_counters(metrics):
    assert metrics.items() == {}
    for outcome, reason in [("kept", ""), ("kept", ""), ("quarantined", "corrupt")]:
        metrics.count_item(outcome, reason)
    assert metrics.items() == {("kept", ""): 2, ("quarantined", "corrupt"): 1}


def test_two_steps_in_one_process_count_apart(metrics):
    other = StepMetrics("slicing")
    metrics.count_item("kept", "")
    assert other.items() == {}


def test_by_default_they_are_served_on_this_machine_alone_and_no_longer_than_the_step(metrics, monkeypatch):
    monkeypatch.delenv("LONGTAKE_METRICS", raising=False)
    threads = threading.active_count()
    with serve_metrics(metrics) as place:
        assert re.fullmatch(r"127\.0\.0\.1:\d+", place)
    with pytest.raises(OSError):
        scrape(place)
    assert threading.active_count() == threads


def test_off_serves_none(metrics, monkeypatch):
    monkeypatch.setenv("LONGTAKE_METRICS", "off")
    with serve_metrics(metrics) as place:
        assert place == ""


@pytest.mark.parametrize(
    "place", ["", "9090", ":9090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:²"]
)
def test_a_wrong_address_is_refused(metrics, monkeypatch, place):
    monkeypatch.setenv("LONGTAKE_METRICS", place)
    with pytest.raises(UserError, match=r"LONGTAKE_METRICS is .*; give host:port, or off"), serve_metrics(metrics):
        pass


def test_a_port_in_use_or_a_host_that_is_not_ours_is_told_and_stops_no_work(metrics, monkeypatch, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for place in (f"127.0.0.1:{taken.getsockname()[1]}", "192.0.2.1:0"):
            monkeypatch.setenv("LONGTAKE_METRICS", place)
            with serve_metrics(metrics) as served:
                assert served == ""
            assert caplog.records[-1].place == place


def test_the_log_is_one_json_object_a_line(monkeypatch):
    root = logging.getLogger("longtake")
    before = root.handlers, root.level, root.propagate
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    try:
        log_json()
        log_json()
        logging.getLogger("longtake.stages").info("one\nline", extra={"done": 3})
        logging.getLogger("longtake.stages").debug("not this")
    finally:
        root.handlers, root.level, root.propagate = before
    (line,) = said.getvalue().splitlines()
    found = json.loads(line)
    assert found | {"timestamp": ""} == {
        "message": "one\nline", "level": "INFO", "name": "longtake.stages", "done": 3, "timestamp": "",
    }  # fmt: skip
