import os
import signal

import pytest

from longtake.ending import Ended, ended_by_sigterm, shield
from longtake.engine import threads
from longtake.engine.threads import map_unordered


def tell():
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_ends_the_block_at_once():
    with pytest.raises(Ended, match="SIGTERM"), ended_by_sigterm():
        tell()


def test_a_shield_puts_the_end_off_until_it_is_through():
    done = []

    def work():
        with shield():
            with shield():
                tell()
                done.append("inner")
            done.append("outer")
        done.append("after")

    with pytest.raises(Ended), ended_by_sigterm():
        work()
    assert done == ["inner", "outer"]


def test_waiting_for_threads_is_never_broken_off_in_the_midst_of_a_lock(monkeypatch):
    finished = []

    def told_while_waiting(*args, **kwargs):
        tell()
        answer = wait(*args, **kwargs)
        finished.append(answer)
        return answer

    wait = threads.wait
    monkeypatch.setattr(threads, "wait", told_while_waiting)
    with pytest.raises(Ended), ended_by_sigterm():
        list(map_unordered(abs, [1, 2], workers=1))
    assert len(finished) == 1
    with ended_by_sigterm(), shield():
        pass  # the end that was told is spent
