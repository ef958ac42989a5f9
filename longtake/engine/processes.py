"""The local engine: each worker a process of this machine, at the other end of a socket pair."""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing import connection
from typing import Any, cast

from longtake.engine.backend import Answer, Died, Handle, Value
from longtake.engine.devices import share_devices, visible_devices
from longtake.engine.host import Verb
from longtake.engine.pools import Pool
from longtake.engine.threads import cores
from longtake.engine.worker import Parts, dump, load, receive, send

DEATH_CHECK_S = 1.0
"""How often a process is asked whether it lives: a child of its own may hold its connection open."""


class ProcessHandle:
    """One process; a thread sends, so that a large call to a busy worker holds nobody up."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.connection, theirs = connection.Pipe()
        command = [sys.executable, "-P", "-m", "longtake.engine.worker", str(theirs.fileno()), str(os.getpid())]
        with theirs:
            self._process = subprocess.Popen(  # a new interpreter, never a fork: Delta's writer does not survive one
                command, stdin=subprocess.DEVNULL, stdout=2, env=environment, pass_fds=[theirs.fileno()]
            )
        self._outbox: queue.SimpleQueue[tuple[Verb, Sequence[Parts]] | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send, name="send", daemon=True)
        self._sender.start()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process is gone; its last answers may still be there."""
        return self._process.poll() is not None

    def ask(self, verb: Verb, values: Sequence[Value]) -> None:
        """Adds a request to those under way."""
        self._outbox.put((verb, values))

    def call(self, values: Sequence[Value]) -> None:
        self.ask("call", values)

    def finish(self) -> None:
        self.ask("close", [])

    def answer(self) -> Answer:
        try:
            if self.connection.poll():
                raised, values = receive(self.connection)
                return values if raised is None else raised
        except (EOFError, OSError):
            pass
        return Died(self._death())

    def kill(self) -> None:
        """Ends the process; `reap` waits for it."""
        self._process.kill()

    def reap(self) -> None:
        """Lets go of everything of a killed process."""
        self._process.wait()
        self._outbox.put(None)
        self._sender.join(DEATH_CHECK_S)
        self.connection.close()

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # it died, and `answer` says so
            while (request := self._outbox.get()) is not None:
                send(self.connection, *request)

    def _death(self) -> str:
        # The connection closes a moment before the process is gone.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        status = self._process.poll()
        if status is None:
            return "it closed its connection"
        return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


class Processes:
    """The engine itself. Raises UserError if more GPUs are asked for than this machine shows."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._devices = share_devices(pools, visible_devices() if any(pool.gpus for pool in pools) else [])
        self._live: set[ProcessHandle] = set()

    def processors(self) -> int:
        return cores()

    def start(self, pool: Pool, index: int) -> Handle:
        make = pickle.dumps(pool.make)
        handle = ProcessHandle(self._environment(pool, index))
        self._live.add(handle)
        handle.ask("start", [dump(make)])
        return handle

    def _environment(self, pool: Pool, index: int) -> dict[str, str]:
        """This process's own, the way to all that it can import, as many threads as Ray would give, the devices."""
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109 (text)
        environment = {"OMP_NUM_THREADS": str(max(1, int(pool.cpus)))} | os.environ | {"PYTHONPATH": paths}
        if devices := self._devices.get((pool.name, index)):
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        return environment

    def wait(self, handles: Sequence[Handle], timeout_s: float | None) -> Sequence[Handle]:
        waited_for = cast("Sequence[ProcessHandle]", handles)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = DEATH_CHECK_S if deadline is None else max(0.0, min(DEATH_CHECK_S, deadline - time.monotonic()))
            ready = set(connection.wait([handle.connection for handle in waited_for], left_s))
            found = [handle for handle in waited_for if handle.connection in ready or (not ready and handle.ended)]
            if found or (deadline is not None and time.monotonic() >= deadline):
                return found

    def pack(self, item: Any) -> Value:
        return dump(item)

    def unpack(self, value: Value) -> Any:
        return load(value)

    def kill(self, handle: Handle) -> None:
        killed = cast("ProcessHandle", handle)
        self._live.discard(killed)
        killed.kill()
        killed.reap()

    def close(self) -> None:
        for handle in self._live:
            handle.kill()
        for handle in self._live:
            handle.reap()
