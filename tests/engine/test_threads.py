import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.engine import cores, map_unordered
from longtake.errors import UserError


@given(st.lists(st.integers()), st.integers(1, 5))
@settings(max_examples=30)
def test_every_item_gives_its_result_once_in_whatever_order(items, workers):
    assert sorted(map_unordered(lambda item: item + 1, items, workers=workers)) == sorted(item + 1 for item in items)


@pytest.mark.parametrize("workers", [1, 3])
def test_at_most_twice_the_workers_are_taken_ahead(workers):
    taken, most = [], 0

    def items():
        for item in range(40):
            taken.append(item)
            yield item

    for given_back, _ in enumerate(map_unordered(lambda item: item, items(), workers=workers)):
        most = max(most, len(taken) - given_back)
    assert len(taken) == 40
    assert most <= 2 * workers


def test_the_first_error_is_raised_after_the_results_that_were_being_made_and_nothing_new_begins():
    begun, before, both = [], [], threading.Barrier(2, timeout=10)

    def work(item):
        begun.append(item)
        if item < 2:
            both.wait()
        if item == 0:
            before.extend(begun)
            raise KeyError("first")
        return item

    results = map_unordered(work, range(1000), workers=2)
    got = []
    with pytest.raises(KeyError, match="first"):
        got.extend(results)
    assert 1 in got
    assert sorted(got) == sorted(set(begun) - {0})
    assert len(begun) - len(before) <= 8  # what was taken ahead, while the error was on its way


def test_a_result_that_takes_longer_than_the_error_is_still_given():
    raised = threading.Event()

    def work(item):
        if item == "bad":
            raised.set()
            raise ValueError("bad")
        raised.wait(10)
        time.sleep(0.05)
        return item

    results = map_unordered(work, ["slow", "bad"], workers=2)
    assert next(results) == "slow"
    with pytest.raises(ValueError, match="bad"):
        next(results)


def test_an_error_of_the_items_themselves_is_raised():
    def items():
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(map_unordered(lambda item: item, items(), workers=2))


def test_leaving_early_waits_for_what_is_being_worked_on_and_begins_nothing_new():
    ended = []

    def work(item):
        time.sleep(0.02)
        ended.append(item)
        return item

    results = map_unordered(work, range(100), workers=2)
    next(results)
    results.close()
    count = len(ended)
    assert count < 10
    time.sleep(0.1)
    assert len(ended) == count


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_being_told_to_end_waits_for_nothing(kind):
    stay, ended = threading.Event(), []

    def work(item):
        if item == 0:
            return item
        stay.wait(10)
        ended.append(item)
        return item

    results = map_unordered(work, range(4), workers=2)
    assert next(results) == 0
    with pytest.raises(kind):
        results.throw(kind)
    assert ended == []
    stay.set()


def test_cores_are_those_that_this_process_may_use_or_those_that_are_given(monkeypatch):
    monkeypatch.delenv("LONGTAKE_WORKERS", raising=False)
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setenv("LONGTAKE_WORKERS", "3")
    assert cores() == 3


@pytest.mark.parametrize("given_", ["0", "-1", "two", "", "1.5", "²"])
def test_a_wrong_number_of_workers_is_refused(given_, monkeypatch):
    monkeypatch.setenv("LONGTAKE_WORKERS", given_)
    with pytest.raises(UserError, match=r"LONGTAKE_WORKERS is .*; give a whole number from 1"):
        cores()
