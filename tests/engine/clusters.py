"""A Ray cluster on this machine, for tests."""

import multiprocessing
from contextlib import contextmanager

import pytest


@contextmanager
def two_nodes():
    """Two nodes of two processors each, the `second` with what is declared to be a GPU; RAY_ADDRESS is theirs meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # on the loopback of a test
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        nodes = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 2,
                "include_dashboard": False,
                "_system_config": {"health_check_period_ms": 500},
            },
        )
        try:
            nodes.second = nodes.add_node(num_cpus=2, num_gpus=1)
            patch.setenv("RAY_ADDRESS", nodes.address)
            yield nodes
        finally:
            nodes.shutdown()


def run_apart(check, *given, timeout_s=800):
    """Calls it in a process of its own: a driver of Ray that saw another cluster end is ended itself a minute later, at times."""
    process = multiprocessing.get_context("spawn").Process(target=check, args=given)
    process.start()
    process.join(timeout_s)
    ended = process.exitcode
    if ended is None:
        process.kill()
    assert ended == 0, f"{check.__name__} ended with {ended}: see its traceback"
