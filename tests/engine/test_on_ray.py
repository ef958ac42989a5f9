"""On a real cluster of two nodes on this machine, and on a Ray that the engine starts for itself."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from longtake.engine import Lost, Pool, stream
from longtake.engine.on_ray import connect
from longtake.errors import TransientError, UserError
from tests.engine import workers
from tests.engine.clusters import two_nodes

pytest.importorskip("ray", reason="the ray extra is not installed")
pytestmark = pytest.mark.slow

CLONE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of two processors each, one of them with what is declared to be a GPU; this process is not connected."""
    with two_nodes() as nodes:
        yield nodes


@pytest.fixture(scope="module")
def connected(cluster):
    """The same, connected once for all tests that need no connection of their own."""
    import ray

    connect()
    yield cluster
    ray.shutdown()


def pool(make, *, name="only", workers=1, cpus=0.5, **kwargs):
    return Pool(name=name, make=make, workers=workers, cpus=cpus, **kwargs)


def test_the_engine_connects_to_the_cluster_of_the_environment_and_leaves_it(cluster, tmp_path, monkeypatch):
    import ray

    monkeypatch.chdir(tmp_path)  # actors find the clone from elsewhere too
    before = signal.getsignal(signal.SIGTERM)
    pools = [pool(workers.MakeAdd(1), name="a", workers=2), pool(workers.MakeAdd(100), name="b", batch=4)]
    assert sorted(stream(range(20), pools, engine="ray")) == sorted(stream(range(20), pools))
    assert not ray.is_initialized()
    assert signal.getsignal(signal.SIGTERM) is before


def test_arrays_arrive_whole_and_read_only_as_they_do_here(connected):
    pools = [pool(workers.Draws, name="draw"), pool(workers.Sums, name="sum", batch=2)]
    assert sorted(stream([10, 3_000_000], pools, engine="ray")) == sorted(stream([10, 3_000_000], pools))


def test_what_a_worker_raises_is_raised_as_it_is_after_what_was_worked_on(connected):
    got = []
    with pytest.raises(UserError, match="user's own") as caught:
        got.extend(stream(["slow", "user", *"abcdefgh"], [pool(workers.Raises, workers=2)], engine="ray"))
    assert (type(caught.value), str(caught.value)) == (UserError, "user's own")
    assert ("slow", "slow") in got
    assert len(got) <= 4


def test_what_making_a_worker_raises_is_raised_as_it_is(connected):
    with pytest.raises(UserError, match="no such weights"):
        list(stream([1], [pool(workers.RaisesInMake)], engine="ray"))


def test_an_item_that_no_worker_survives_is_lost_and_its_neighbours_are_not(connected, tmp_path):
    items = ["a", "b", "poison", "c", f"once {tmp_path / 'died'}", "d"]
    results = dict(stream(items, [pool(workers.Dies, batch=3)], engine="ray"))
    lost = results.pop("poison")
    assert isinstance(lost, Lost)
    assert lost.detail.startswith("The actor is dead because its worker process has died")
    assert results == {item: item for item in items if item != "poison"}


def test_two_actors_share_a_gpu_by_halves(connected):
    outputs = [
        output
        for _, output in stream(range(12), [pool(partial(workers.Where, 0.3), workers=2, gpus=0.5)], engine="ray")
    ]
    assert len({pid for _, pid, _, _ in outputs}) == 2
    assert {gpus for _, _, _, gpus in outputs} == {"0"}
    assert {node for _, _, node, _ in outputs} == {connected.second.node_id}


def test_more_gpus_than_the_cluster_has_are_the_users_mistake_after_a_while(connected, monkeypatch):
    monkeypatch.setattr("longtake.engine.on_ray.PLACE_S", 1.0)
    with pytest.raises(UserError, match=r"of pool only finds .* 3 x \(0\.5 CPU, 2 GPU\) for only; .* 1 GPU \("):
        list(stream([1], [pool(workers.MakeAdd(), workers=3, gpus=2)], engine="ray"))


def test_a_cluster_that_does_not_answer_may_answer_later(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(TransientError, match=r"no Ray cluster answers at RAY_ADDRESS=127\.0\.0\.1:1: .*refused"):
        connect()


def test_leaving_early_ends_the_actors(connected, tmp_path):
    results = stream(range(100), [pool(workers.MakeAdd(folder=str(tmp_path)), workers=2)], engine="ray")
    next(results)
    results.close()
    pids = [int(path.name.partition("-")[2]) for path in tmp_path.iterdir()]
    assert pids
    assert all_gone(pids)


def test_a_node_that_is_killed_in_the_middle_costs_no_item(connected, tmp_path):
    """The last that uses the cluster: its second node is gone afterwards."""
    taken, after = [], iter(range(40))

    def items():
        while connected.second in connected.worker_nodes or next(after, None) is not None:
            taken.append(len(taken))
            yield taken[-1]

    pools = [
        pool(workers.Padded, name="pad", workers=2),
        pool(partial(workers.Unpads, str(tmp_path)), name="unpad", workers=2, cpus=1.25),  # one fits on each node
    ]
    results = stream(items(), pools, engine="ray")
    got = [next(results) for _ in range(5)]
    while not (tmp_path / connected.second.node_id).exists():
        got.append(next(results))
    connected.remove_node(connected.second, allow_graceful=False)
    got.extend(results)
    assert sorted(got) == [(item, item + 1) for item in taken]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_ray_of_its_own_is_closed_to_others_writes_nothing_at_home_and_dies_with_its_driver(tmp_path):
    home, marks = tmp_path / "home", tmp_path / "marks"
    home.mkdir(), marks.mkdir()
    program = (
        "import json, os, ray\n"
        "from functools import partial\n"
        "from longtake.engine import Pool, stream\n"
        "from tests.engine.workers import Leaves, Where\n"
        f"pools = [Pool(name='a', make=Where, workers=1), Pool(name='b', make=partial(Leaves, {str(marks)!r}), workers=1)]\n"
        "def items():\n"
        "    yield 1\n"
        "    print(json.dumps([os.environ['RAY_AUTH_MODE'], ray.nodes()[0]['NodeManagerAddress']]), flush=True)\n"
        "list(stream(items(), pools, engine='ray'))\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"HOME": str(home)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=CLONE, env=clean, stdout=subprocess.PIPE, text=True) as driver:
        said = driver.stdout.readline()
        while not list(marks.iterdir()):
            assert driver.poll() is None
            time.sleep(0.1)
        driver.kill()
        assert driver.stdout.read() == ""
    assert json.loads(said)[0] == "token"
    assert list(home.iterdir()) == []
    assert all_gone([int(path.name) for path in marks.iterdir()])


def all_gone(pids, within_s=20.0):
    deadline = time.monotonic() + within_s
    while alive := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        if time.monotonic() > deadline:
            return not alive
        time.sleep(0.1)
    return True
