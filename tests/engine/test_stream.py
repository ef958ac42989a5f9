import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.engine import Lost, Pool, line, stream
from longtake.engine.devices import share_devices, visible_devices
from longtake.engine.host import Host
from longtake.engine.worker import dump, load
from longtake.errors import TransientError, UserError
from tests.engine import workers
from tests.engine.workers import Add, Dies, DiesInMake, Leaves, MakeAdd, Raises, Seen

CLONE = Path(__file__).parents[2]


def pool(make, *, name="only", workers=1, **kwargs):
    return Pool(name=name, make=make, workers=workers, **kwargs)


def children(pid):
    """Processes below the given one that still run."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True).stdout
    below = {pid}
    found = []
    for line_ in sorted(listed.splitlines(), key=lambda row: int(row.split()[0])):
        child, parent, state, name, *_ = line_.split()
        if int(parent) in below and not state.startswith("Z") and name != "ps":
            below.add(int(child))
            found.append(int(child))
    return found


def gone(pids, within_s=10.0):
    """Whether the processes end in time."""
    deadline = time.monotonic() + within_s
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Here:
    """An engine without processes, ten lines long: it answers when it is waited for, the newest worker first."""

    def __init__(self):
        self.most, self.batches = 0, []

    def start(self, pool_, index):
        return HereHandle(self, pool_)

    def wait(self, handles, timeout_s):
        return handles[-1:]

    def pack(self, item):
        return item

    def unpack(self, value):
        return value

    def kill(self, handle):
        pass


class HereHandle:
    def __init__(self, engine, pool_):
        self.engine, self.pool, self.worker, self.calls = engine, pool_, None, [None]

    def call(self, values):
        self.calls.append(values)
        self.engine.most = max(self.engine.most, len(self.calls))
        self.engine.batches.append((self.pool.name, len(values), self.pool.batch))

    def finish(self):
        self.calls.append([])

    def answer(self):
        values = self.calls.pop(0)
        if values is None:
            self.worker = self.pool.make()
        return self.worker(values) if values else []


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3))
@settings(max_examples=100)
def test_every_item_goes_once_through_every_pool_and_little_is_held_between(items, shapes):
    engine, taken, got, most = Here(), [], [], 0
    pools = [
        pool(partial(Add, 10**stage), name=str(stage), workers=workers, batch=batch)
        for stage, (workers, batch) in enumerate(shapes)
    ]
    rest = (taken.append(item) or item for item in range(1, items))
    for pair in line.Line(0, rest, pools, engine).run():
        got.append(pair)
        most = max(most, 1 + len(taken) - len(got))
    assert sorted(got) == [(k, k + sum(10**stage for stage in range(len(shapes)))) for k in range(items)]
    assert engine.most <= line.CALLS
    assert all(1 <= size <= batch for _, size, batch in engine.batches)
    asked = [workers * batch for workers, batch in shapes]
    assert most <= 2 * asked[0] + shapes[0][1] + sum(4 * size for size in asked)


def test_values_pass_from_process_to_process_and_workers_are_made_once_and_closed(tmp_path):
    pools = [
        pool(MakeAdd(1, folder=str(tmp_path)), name="a", workers=2),
        pool(MakeAdd(100, folder=str(tmp_path)), name="b", batch=4),
    ]
    assert sorted(stream(range(20), pools)) == [(k, k + 101) for k in range(20)]
    made = {path.name.partition("-")[2] for path in tmp_path.glob("made-*")}
    closed = {path.name.partition("-")[2] for path in tmp_path.glob("closed-*")}
    assert 2 <= len(closed) <= len(made) <= 3  # a second worker may come too late for any item
    assert closed <= made
    assert gone(map(int, made), 0)


def test_nothing_is_started_for_no_items():
    assert list(stream([], [pool(DiesInMake)])) == []


def test_items_that_gather_while_a_worker_is_busy_come_to_it_as_one_batch_in_order():
    pools = [pool(MakeAdd(0), name="feed"), pool(partial(Seen, 0.2), name="model", batch=4)]
    batches = {tuple(output[1]) for _, output in stream(range(12), pools)}
    assert all(batch == tuple(sorted(batch)) and len(batch) <= 4 for batch in batches)
    assert sum(map(len, batches)) == 12
    assert max(map(len, batches)) == 4


def test_items_are_taken_only_as_the_workers_and_the_caller_keep_up():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = stream(items(), [pool(MakeAdd(), batch=2)])
    for _ in range(5):
        next(results)
        time.sleep(0.05)
    assert len(taken) <= 5 + 2 * 2 + 2 + 2 * 2 + 2 * 2
    results.close()


def test_arrays_arrive_whole_and_read_only():
    pools = [pool(workers.Draws, name="draw"), pool(workers.Sums, name="sum", batch=2)]
    assert sorted(stream([10, 3_000_000], pools)) == [(10, (70, False)), (3_000_000, (21_000_000, False))]


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ("user", UserError, "user's own"),
        ("transient", TransientError, "passes"),
        ("both", RuntimeError, "Both: 1 and 2"),
        ("exit", RuntimeError, "SystemExit: 3"),
    ],
)
def test_what_a_worker_raises_is_raised_as_it_is_if_it_can_travel(what, kind, words):
    host = Host(load, dump)
    assert host.attempt("start", [dump(pickle.dumps(Raises))]) == []
    raised = host.attempt("call", [dump(what)])
    assert type(raised.error) is kind
    assert str(raised.error) == words
    assert "workers.py" in raised.trace


def test_after_an_exception_nothing_is_begun_and_what_was_worked_on_is_still_given():
    got = []
    with pytest.raises(UserError, match="user's own") as caught:
        got.extend(stream(["slow", "user", *"abcdefgh"], [pool(Raises, workers=2)]))
    assert ("slow", "slow") in got
    assert len(got) <= 4
    assert "in a worker of pool only" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (workers.RaisesInMake, UserError, "no such weights"),
        (DiesInMake, TransientError, "a worker of pool only died 3 times as it started: exit status 7"),
        (workers.Short, RuntimeError, "Short gave 0 outputs for 1 inputs"),
    ],
)
def test_a_worker_that_is_not_made_or_breaks_its_word_ends_the_stream(make, kind, words):
    with pytest.raises(kind, match=words):
        list(stream([1], [pool(make)]))


def test_a_worker_that_was_killed_is_made_anew_and_its_items_are_tried_again(tmp_path):
    items = ["a", f"once {tmp_path / 'died'}", "b", "c", "d", "e"]
    assert sorted(stream(items, [pool(Dies, batch=3)])) == sorted((item, item) for item in items)


def test_an_item_that_no_worker_survives_is_lost_and_its_neighbours_are_not():
    results = dict(stream(["a", "b", "poison", "c", "d"], [pool(MakeAdd(""), name="first"), pool(Dies, batch=4)]))
    assert results.pop("poison") == Lost("only", "killed by signal 9")
    assert results == {letter: letter for letter in "abcd"}


def test_workers_that_die_of_whatever_they_are_given_end_the_stream(monkeypatch):
    monkeypatch.setattr(line, "LOST_IN_A_ROW", 2)
    got = []
    with pytest.raises(TransientError, match=r"died on 2 items in a row: killed by signal 9"):
        got.extend(stream([f"poison {k}" for k in range(9)], [pool(Dies)]))
    assert [type(output) for _, output in got] == [Lost, Lost]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_being_told_to_end_kills_all_workers_at_once(kind, tmp_path):
    before = set(children(os.getpid()))

    def items():
        yield 1
        while not list(tmp_path.iterdir()):  # the worker sleeps for ten minutes now
            time.sleep(0.01)
        raise kind

    with pytest.raises(kind):
        next(stream(items(), [pool(partial(Leaves, str(tmp_path)))]))
    assert set(children(os.getpid())) == before


def test_closing_the_stream_kills_all_workers(tmp_path):
    before = set(children(os.getpid()))
    results = stream(range(100), [pool(MakeAdd(), name="quick", workers=2), pool(MakeAdd())])
    next(results)
    assert len(set(children(os.getpid())) - before) == 3
    results.close()
    assert set(children(os.getpid())) == before


def test_a_driver_that_is_killed_leaves_no_worker(tmp_path):
    program = (
        "from functools import partial; from longtake.engine import Pool, stream; from tests.engine.workers import Leaves;"
        f"list(stream([1, 2], [Pool(name='a', make=partial(Leaves, {str(tmp_path)!r}), workers=2)]))"
    )
    driver = subprocess.Popen([sys.executable, "-c", program], cwd=CLONE)
    while len(list(tmp_path.iterdir())) < 2:
        assert driver.poll() is None
        time.sleep(0.05)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert gone(workers)


def test_workers_find_their_devices_and_threads_in_their_environment(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    seen = [output[3] for _, output in stream(range(4), [pool(partial(Seen, 0.3), workers=2, gpus=1, cpus=2.5)])]
    assert {each["CUDA_VISIBLE_DEVICES"] for each in seen} == {"GPU-a", "GPU-b"}
    assert {each["OMP_NUM_THREADS"] for each in seen} == {"2"}


def test_workers_share_devices_by_their_fractions_and_across_pools():
    half, whole = pool(Add, name="half", workers=3, gpus=0.5), pool(Add, name="whole", workers=1, gpus=2)
    assert share_devices([half, whole, pool(Add, name="none")], list("0123")) == {
        ("half", 0): ["0"], ("half", 1): ["0"], ("half", 2): ["1"], ("whole", 0): ["2", "3"],
    }  # fmt: skip
    thirds = share_devices([pool(Add, workers=3, gpus=1 / 3)], ["0"])
    assert [*thirds.values()] == [["0"]] * 3


def test_more_devices_than_there_are_is_the_users_mistake(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UserError, match=r"GPUs asked for: 2 x 1 for only; this machine shows 0; ask for fewer"):
        list(stream([1], [pool(Add, workers=2, gpus=1)]))


def test_devices_are_those_of_the_variable_or_else_of_the_machine(monkeypatch, tmp_path):
    for name in ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_devices(tmp_path) == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_devices(tmp_path) == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert visible_devices(tmp_path) == ["5", "7"]


@pytest.mark.parametrize(
    "wrong", [{"workers": -1}, {"gpus": 1, "workers": 0}, {"batch": 0}, {"cpus": -1}, {"gpus": 1.5}, {"gpus": -0.5}]
)
def test_a_pool_that_cannot_be_is_refused(wrong):
    with pytest.raises(UserError, match=r"pool only: .*give"):
        pool(Add, **wrong)


def test_pools_need_names_of_their_own():
    for pools in ([], [pool(Add), pool(Add)]):
        with pytest.raises(UserError, match="a name of its own"):
            stream([1], pools)
