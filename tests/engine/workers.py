"""Workers of the engine's tests, importable from the clone's root by the processes that make them."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from longtake.errors import TransientError, UserError


class Both(Exception):
    """Pickles, but does not unpickle: its constructor takes more than its words."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@dataclass
class Add:
    """The input plus `number`, after `delay_s`; writes its own start and close into a folder, if given one."""

    number: int = 1
    delay_s: float = 0.0
    folder: str | None = None

    def __call__(self, inputs):
        time.sleep(self.delay_s)
        return [value + self.number for value in inputs]

    def close(self):
        if self.folder:
            (Path(self.folder) / f"closed-{os.getpid()}").touch()


@dataclass
class MakeAdd:
    number: int = 1
    delay_s: float = 0.0
    folder: str | None = None

    def __call__(self):
        if self.folder:
            (Path(self.folder) / f"made-{os.getpid()}").touch()
        return Add(self.number, self.delay_s, self.folder)


class Worker:
    """What the others share."""

    def close(self):
        pass


class Seen(Worker):
    """For each input: itself, the whole batch, the process, and what the environment says of it."""

    def __init__(self, delay_s=0.0):
        self.delay_s = delay_s
        self.environment = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")}

    def __call__(self, inputs):
        time.sleep(self.delay_s)
        return [(value, list(inputs), os.getpid(), self.environment) for value in inputs]


class Raises(Worker):
    """Raises by what it is given; anything else comes back as it is, late for "slow"."""

    def __call__(self, inputs):
        for value in inputs:
            match value:
                case "user":
                    raise UserError("user's own")
                case "transient":
                    raise TransientError("passes")
                case "both":
                    raise Both(1, 2)
                case "exit":
                    raise SystemExit(3)
                case "slow":
                    time.sleep(0.5)
        return inputs


class RaisesInMake:
    def __init__(self):
        raise UserError("no such weights")


class Dies(Worker):
    """Kills itself over "poison" always, and over "once FILE" if it can still make the file."""

    def __call__(self, inputs):
        for value in inputs:
            if str(value).startswith("poison"):
                os.kill(os.getpid(), signal.SIGKILL)
            if str(value).startswith("once "):
                try:
                    os.close(os.open(value[5:], os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    continue
                os.kill(os.getpid(), signal.SIGKILL)
        return inputs


class DiesInMake:
    def __init__(self):
        os._exit(7)


class Short(Worker):
    """One output too few."""

    def __call__(self, inputs):
        return inputs[1:]


class Draws(Worker):
    """An array of as many bytes as it is told."""

    def __call__(self, inputs):
        return [np.full(size, 7, np.uint8) for size in inputs]


class Sums(Worker):
    """Sums arrays, and says whether they are read-only."""

    def __call__(self, inputs):
        return [(int(array.sum(dtype=np.int64)), array.flags.writeable) for array in inputs]


class Leaves(Worker):
    """Tells its process id to a folder, then takes very long."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, inputs):
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(600)
        return inputs


class Where(Worker):
    """For each input: itself, the process, the Ray node that it is on, and the GPUs that it may see."""

    def __init__(self, delay_s=0.0):
        self.delay_s = delay_s

    def __call__(self, inputs):
        import ray

        time.sleep(self.delay_s)
        here = ray.get_runtime_context()
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
        return [(value, os.getpid(), here.get_node_id(), gpus) for value in inputs]


class Padded(Worker):
    """Each input with a megabyte, which Ray keeps on the node where it was made."""

    def __call__(self, inputs):
        time.sleep(0.05)
        return [(value, np.full(1 << 20, value % 251, np.uint8)) for value in inputs]


class Unpads(Worker):
    """Takes time, so that padded inputs wait for it; tells the node that it works on to a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, inputs):
        import ray

        (Path(self.folder) / ray.get_runtime_context().get_node_id()).touch()
        time.sleep(0.1)
        assert all((pad == value % 251).all() for value, pad in inputs)
        return [value + 1 for value, _ in inputs]
