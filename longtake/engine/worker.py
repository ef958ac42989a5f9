"""A worker's process of the local engine: `python -m longtake.engine.worker CONNECTION_FD PARENT_PID`.

Values are pickled, as multiprocessing and Ray do it: both ends of the socket pair are this program on this machine, and
no file, network or user writes to it. What comes from outside is never unpickled: media by the guard, weights as safetensors.
"""

import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from longtake.engine.backend import Raised
from longtake.engine.host import Host, Verb

PARENT_CHECK_S = 1.0

Parts = list[Any]
"""A pickled value: its head, then its arrays as they lie in memory. An array that comes out of it is read-only."""


def dump(value: Any) -> Parts:
    """The value as parts; its arrays are not copied."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return [head, *(buffer.raw() for buffer in buffers)]


def load(parts: Parts) -> Any:
    """The value again."""
    return pickle.loads(parts[0], buffers=parts[1:])


def send(connection: "Connection[Any, Any]", head: Any, values: Sequence[Parts]) -> None:
    """One message: a head, and values. Raises OSError when nobody is left at the other end."""
    connection.send_bytes(pickle.dumps((head, [len(parts) for parts in values])))
    for parts in values:
        for part in parts:
            connection.send_bytes(part)


def receive(connection: "Connection[Any, Any]") -> tuple[Any, list[Parts]]:
    """One message. Raises EOFError or OSError when nobody is left at the other end."""
    head, counts = pickle.loads(connection.recv_bytes())
    return head, [[connection.recv_bytes() for _ in range(count)] for count in counts]


def main(connection_fd: int, parent_pid: int) -> None:
    """Answers one request after another until it is killed, or its parent is gone."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # sent to a whole group; the parent ends this process
        signal.signal(ending, signal.SIG_IGN)
    connection: Connection[Any, Any] = Connection(connection_fd)
    requests: queue.SimpleQueue[tuple[Verb, list[Parts]]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, parent_pid, requests), daemon=True).start()
    host = Host(load, dump)
    while True:
        verb, values = requests.get()
        answer = host.attempt(verb, values)
        del values  # not kept while the next request is waited for
        if isinstance(answer, Raised):
            send(connection, answer, [])
        else:
            send(connection, None, answer)
        del answer


def _listen(
    connection: "Connection[Any, Any]", parent_pid: int, requests: "queue.SimpleQueue[tuple[Verb, list[Parts]]]"
) -> None:
    """Takes requests while the worker works, and ends the process at once when the parent is gone."""
    # A sibling that was forked from the parent may hold the connection open: ask for the parent itself too.
    try:
        while True:
            if connection.poll(PARENT_CHECK_S):
                requests.put(receive(connection))
            elif os.getppid() != parent_pid:
                os._exit(0)
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:3]))
