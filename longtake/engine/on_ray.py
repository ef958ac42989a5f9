"""The Ray engine: each worker an actor, and values between them objects of the cluster that never pass the driver."""

import logging
import os
import pickle
import secrets
import signal
import socket
import sysconfig
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from longtake.engine.backend import Answer, Died, Gone, Handle, Raised, Value
from longtake.engine.host import Host, Verb
from longtake.engine.pools import Pool
from longtake.engine.threads import cores
from longtake.errors import TransientError, UserError

OWN_PLACE_S = 60.0
"""A pool may be without a worker that has a place, on a Ray of our own: it will not grow."""
PLACE_S = 900.0
"""The same on a cluster, which may start a node for it."""
KNOCK_S = 10.0
CHECK_S = 2.0
DETAIL_CHARS = 300


class Actor:
    """A worker's process."""

    def __init__(self) -> None:
        self._host = Host(load=_same, dump=_same)

    def attempt(self, verb: Verb, *values: Any) -> Any:
        """What was raised or None, and for a call its outputs after that, an object each."""
        answer = self._host.attempt(verb, values)
        raised, outputs = (answer, [None] * len(values)) if isinstance(answer, Raised) else (None, answer)
        return (raised, *outputs) if verb == "call" else raised


def _same(value: Any) -> Any:
    return value


class ActorHandle:
    """One actor. All its outputs are owned by the driver, so they outlive it, though not their node."""

    def __init__(self, actor: Any, pool: Pool) -> None:
        self.actor = actor
        self.pool = pool
        self._placed: Any = actor.__ray_ready__.remote()
        self.since = time.monotonic()
        self._due: deque[tuple[Any, list[Any]]] = deque()

    @property
    def oldest(self) -> Any:
        """The reference that is there when the oldest call is answered."""
        return self._due[0][0]

    def ask(self, verb: Verb, values: Sequence[Value] = ()) -> None:
        """Adds a request to those under way."""
        if verb == "call":
            raised, *outputs = self.actor.attempt.options(num_returns=1 + len(values)).remote(verb, *values)
        else:
            raised, outputs = self.actor.attempt.remote(verb, *values), []
        self._due.append((raised, outputs))

    def call(self, values: Sequence[Value]) -> None:
        self.ask("call", values)

    def finish(self) -> None:
        self.ask("close")

    def answer(self) -> Answer:
        import ray
        from ray import exceptions

        raised, outputs = self._due.popleft()
        try:
            return ray.get(raised) or outputs
        except exceptions.ObjectLostError as error:  # an input was on a node that died
            return Gone(_brief(error))
        except (
            exceptions.RayActorError,
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
        ) as error:
            return Died(_brief(error))
        except exceptions.RayTaskError as error:  # of Ray itself, around the worker's code
            return (
                Gone(_brief(error))
                if isinstance(error.cause, exceptions.ObjectLostError)
                else Raised(error.cause, str(error))
            )

    def has_place(self) -> bool:
        """Whether the cluster has given it a process."""
        import ray

        return bool(ray.wait([self._placed], timeout=0, fetch_local=False)[0])


def _brief(error: Exception) -> str:
    """What Ray says of a death, without the ids before it and the advice after it."""
    text = " ".join(str(error).split())
    return text[max(0, text.find("The actor is dead")) :].partition(" Some common causes")[0][:DETAIL_CHARS]


class Actors:
    """The engine itself, on the cluster at RAY_ADDRESS, or else on a Ray of this machine, started and ended here."""

    def __init__(self) -> None:
        import ray

        self._pools: list[Pool] = []
        """Those of which a worker was started."""
        self._live: set[ActorHandle] = set()
        self._shut_down_after = not ray.is_initialized()
        if self._shut_down_after:
            connect()
        self._place_s = PLACE_S if os.environ.get("RAY_ADDRESS") else OWN_PLACE_S
        self._actor = ray.remote(Actor)

    def processors(self) -> int:
        import ray

        return int(ray.cluster_resources().get("CPU", 1))

    def start(self, pool: Pool, index: int) -> Handle:
        if pool not in self._pools:
            self._pools.append(pool)
        make = pickle.dumps(pool.make)
        options = self._actor.options(num_cpus=pool.cpus, num_gpus=pool.gpus, max_restarts=0, max_task_retries=0)
        handle = ActorHandle(options.remote(), pool)
        self._live.add(handle)
        handle.ask("start", [make])
        return handle

    def wait(self, handles: Sequence[Handle], timeout_s: float | None) -> Sequence[Handle]:
        import ray

        due = {handle.oldest: handle for handle in cast("Sequence[ActorHandle]", handles)}
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = CHECK_S if deadline is None else max(0.0, min(CHECK_S, deadline - time.monotonic()))
            found, _ = ray.wait(list(due), timeout=left_s, fetch_local=False)
            if found:
                found, _ = ray.wait(list(due), num_returns=len(due), timeout=0, fetch_local=False)
                return [due[ref] for ref in found]
            if deadline is not None and time.monotonic() >= deadline:
                return []
            self._check_places()

    def _check_places(self) -> None:
        """Raises UserError, or TransientError where others hold what the cluster has, for a pool that waits too long."""
        now = time.monotonic()
        for pool in self._pools:
            handles = [handle for handle in self._live if handle.pool is pool]
            late = all(now - handle.since > self._place_s for handle in handles)
            if late and not any(handle.has_place() for handle in handles):
                raise self._no_place(pool)

    def _no_place(self, pool: Pool) -> Exception:
        import ray

        total, free = ray.cluster_resources(), ray.available_resources()
        asked = ", ".join(
            f"{each.workers} x ({each.cpus:g} CPU, {each.gpus:g} GPU) for {each.name}" for each in self._pools
        )
        has = ", ".join(f"{total.get(name, 0):g} {name} ({free.get(name, 0):g} free)" for name in ("CPU", "GPU"))
        words = f"no worker of pool {pool.name} finds a place on the Ray cluster; asked for: {asked}; the cluster has: {has}"
        if sum(each.cpus for each in self._pools) <= total.get("CPU", 0) and sum(
            each.gpus for each in self._pools
        ) <= total.get("GPU", 0):
            return TransientError(f"{words}; others hold it")
        return UserError(f"{words}; ask for less, or add nodes")

    def kill(self, handle: Handle) -> None:
        import ray

        killed = cast("ActorHandle", handle)
        self._live.discard(killed)
        ray.kill(killed.actor)

    def pack(self, item: Any) -> Value:
        return item

    def unpack(self, value: Value) -> Any:
        import ray
        from ray import exceptions

        try:
            return ray.get(value)
        except exceptions.ObjectLostError as error:
            return Gone(_brief(error))

    def close(self) -> None:
        import ray

        for handle in self._live:
            ray.kill(handle.actor)
        self._live.clear()
        if self._shut_down_after:
            ray.shutdown()


def connect() -> None:
    """To the cluster at RAY_ADDRESS, or else starts a Ray on this machine that only this process's token opens.

    Raises TransientError if nobody answers there, UserError for a wrong token.
    """
    # Ray reads these as it starts, and hands them on to its own processes.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # each death is told by its answer
    address = os.environ.get("RAY_ADDRESS")
    if not address and not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # Ray would write one into the home folder
    import ray
    from ray import exceptions

    before = signal.getsignal(signal.SIGTERM)
    # Ray prints what workers write on this process's standard output; it is in its session's logs anyway.
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address:
            _knock(address)
            ray.init(address, runtime_env=_way_here(), **quiet)
        else:
            ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
    except ConnectionError as error:
        raise TransientError(f"no Ray cluster answers at RAY_ADDRESS={address}: {error}") from error
    except exceptions.AuthenticationError as error:
        raise UserError(f"the Ray cluster at RAY_ADDRESS={address} wants another RAY_AUTH_TOKEN: {error}") from error
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _knock(address: str) -> None:
    """Raises ConnectionError where nobody listens at HOST:PORT; Ray itself would try for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()
        except OSError as error:
            raise ConnectionError(str(error)) from error


def _way_here() -> dict[str, Any] | None:
    """What actors need to import this very package where it is a clone, on their machine too; Ray tells them the folder we are in."""
    root = str(Path(__file__).resolve().parents[2])
    if root in (*sysconfig.get_paths().values(), str(Path.cwd())) or "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        return None
    return {"env_vars": {"PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}}
