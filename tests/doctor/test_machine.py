import socket

import pytest

from longtake.doctor.machine import judge_memory, judge_processors, judge_python, look_at_metrics

GIB = 1 << 30


def test_a_python_out_of_the_asked_range_is_bad():
    assert judge_python("3.12.1", "<3.13,>=3.11", "Linux x86_64").state == "good"
    assert judge_python("3.12.1", None, "Linux x86_64").state == "good"
    finding = judge_python("3.13.0", "<3.13,>=3.11", "Linux x86_64")
    assert finding.state == "bad"
    assert "3.11" in finding.fix


@pytest.mark.parametrize(
    ("workers", "limit_cpus", "wanted"),
    [(64, None, None), (2, 2.0, None), (2, 1.5, None), (1, 0.5, None), (64, 2.0, 2), (4, 2.5, 2), (2, 0.5, 1)],
)
def test_more_workers_than_the_cpu_limit_are_told_the_number_that_fits(workers, limit_cpus, wanted):
    finding = judge_processors(workers, limit_cpus)
    assert finding.state == ("good" if wanted is None else "warn")
    assert (f"LONGTAKE_WORKERS={wanted}," in finding.fix) is (wanted is not None)


@pytest.mark.parametrize(
    ("gib", "workers", "words"),
    [(8, 4, ""), (2, 1, ""), (4, 4, "give it 4.5 GiB, or set LONGTAKE_WORKERS=3"), (1, 1, "give it 1.5 GiB, else")],
)
def test_memory_holds_a_large_film_for_each_worker_or_says_how_much_or_how_many(gib, workers, words):
    finding = judge_memory(gib * GIB, workers, limited=True)
    assert finding.state == ("warn" if words else "good")
    assert finding.fix.startswith(words)


def test_a_worker_s_limit_above_its_share_of_the_memory_is_said():
    assert "limits.memory_bytes up to 1.9 GiB" in judge_memory(8 * GIB, 4, limited=True).found
    assert "limits" not in judge_memory(32 * GIB, 4, limited=False).found


def test_metrics_that_can_be_served_are_good_and_none_are_asked_for_with_off(monkeypatch):
    monkeypatch.delenv("LONGTAKE_METRICS", raising=False)
    assert [finding.state for finding in look_at_metrics()] == ["good"]
    monkeypatch.setenv("LONGTAKE_METRICS", "off")
    assert [finding.state for finding in look_at_metrics()] == ["skipped"]


def test_a_taken_port_of_the_metrics_is_a_warning(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("LONGTAKE_METRICS", f"127.0.0.1:{taken.getsockname()[1]}")
        (finding,) = look_at_metrics()
    assert finding.state == "warn"
    assert "free port" in finding.fix
