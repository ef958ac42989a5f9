"""Places that tests of several folders need: a real S3 server, a folder, and neither with the user's own AWS settings."""

import os
import signal
import uuid

import pytest
from hypothesis import settings

from longtake.errors import UserError

# Tests share their machine: how long an example takes says nothing. The same examples each time, so that what fails for one fails for all;
# LONGTAKE_EXPLORE=1 draws others.
settings.register_profile("longtake", deadline=None, derandomize="LONGTAKE_EXPLORE" not in os.environ)
settings.load_profile("longtake")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # in a shell's background, which our children would inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_aws(monkeypatch):
    """Nobody's AWS settings, nor those of the test before."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The embedded S3 server, one for each process of pytest."""
    from longtake.lake.server import Server

    try:
        server = Server(tmp_path_factory.mktemp("served")).__enter__()
    except UserError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def s3(server, no_aws, monkeypatch):
    """The URI of an empty prefix on the server, its credentials in the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://lake/{uuid.uuid4().hex}"


@pytest.fixture(params=["file", "s3"])
def data_root(request, tmp_path):
    """An empty place of each kind."""
    return str(tmp_path / "root") if request.param == "file" else request.getfixturevalue("s3")
