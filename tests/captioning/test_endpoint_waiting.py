"""How long a server is left alone."""

import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.captioning.config import Requests
from longtake.captioning.endpoint_server import SharedClock
from longtake.captioning.endpoint_waiting import backoff_s, retry_after_s

NOW_S = 1_800_000_000


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": formatdate(NOW_S + 90, usegmt=True)}, 90),
        ({"retry-after": formatdate(NOW_S - 90, usegmt=True)}, 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1),
        ({"retry-after": "1e999"}, math.inf),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_read_as_seconds_milliseconds_or_a_date(headers, wait_s):
    assert retry_after_s(headers, NOW_S) == wait_s


@given(st.text())
def test_any_retry_after_is_a_wait_or_none(value):
    wait_s = retry_after_s({"retry-after": value}, NOW_S)
    assert wait_s is None or wait_s >= 0


@given(st.integers(1, 10_000), st.none() | st.floats(0, math.inf), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_at_least_what_was_asked_for_and_never_above_the_bound(attempt, asked_s, draw):
    requests = Requests(backoff_s=1, backoff_max_s=60)
    wait_s = backoff_s(attempt, asked_s, requests, draw)
    assert min(60, asked_s or 0) <= wait_s <= 60
    assert wait_s >= min(60, 2.0 ** min(attempt - 1, 60)) / 2


def test_the_back_off_doubles_and_half_of_it_is_drawn():
    requests = Requests(backoff_s=1, backoff_max_s=60)
    assert [backoff_s(attempt, None, requests, 0.0) for attempt in range(1, 5)] == [0.5, 1, 2, 4]
    assert [backoff_s(attempt, None, requests, 0.5) for attempt in (1, 2, 9)] == [0.75, 1.5, 45]


def test_shares_of_the_clock_add_up_to_the_time_that_has_passed(monkeypatch):
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    clock = SharedClock()
    with clock.count() as one:
        now_s = 1.0
        with clock.count() as other:
            now_s = 3.0
        now_s = 3.5
    assert (one(), other()) == (2.5, 1.0)
