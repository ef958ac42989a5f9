"""SIGKILL at some moment of `curate`, then again: the tables and objects of an undisturbed run."""

import os
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MOMENTS = 12
"""A run is cut into this many moments; `make soak` kills at each, CI at three that change from day to day."""


def chosen():
    if os.environ.get("LONGTAKE_KILLS") == "all":
        return list(range(MOMENTS))
    day = int(time.time() // 86_400)
    return sorted({(5 * day + shift * MOMENTS // 3) % MOMENTS for shift in range(3)})


def test_killed_at_any_moment_and_run_again_it_ends_as_if_undisturbed(curate):
    whole = curate("whole")
    began = time.monotonic()
    assert whole.run().returncode == 10
    lasted_s = time.monotonic() - began
    for moment in chosen():
        job = curate(f"killed-{moment}")
        process = job.start()
        time.sleep(lasted_s * (moment + 0.5) / MOMENTS)
        job.kill(process)
        again = job.run()
        assert again.returncode == 10, f"moment {moment}: {again.err}"
        assert job.objects() == whole.objects(), f"moment {moment}"
        assert job.rows() == whole.rows(), f"moment {moment}"
