"""The inside of a worker's process, the same on both engines: makes the worker, calls it, catches what it raises."""

import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Literal

from longtake.engine.backend import Raised, Value
from longtake.engine.pools import Worker

Verb = Literal["start", "call", "close"]


class Host:
    """Holds the one worker of its process."""

    def __init__(self, load: Callable[[Value], Any], dump: Callable[[Any], Value]) -> None:
        self._load = load
        self._dump = dump
        self._worker: Worker | None = None

    def attempt(self, verb: Verb, values: Sequence[Value]) -> list[Value] | Raised:
        """What the verb gives, or what it raised; `start` takes the pickled `make`."""
        try:
            return self._do(verb, values)
        except (Exception, SystemExit) as error:  # the driver judges it; a worker that exits has not died
            return Raised(_travelling(error), traceback.format_exc())

    def _do(self, verb: Verb, values: Sequence[Value]) -> list[Value]:
        if verb == "start":
            self._worker = pickle.loads(self._load(values[0]))()
            return []
        assert self._worker is not None
        if verb == "close":
            self._worker.close()
            return []
        outputs = self._worker([self._load(value) for value in values])
        if len(outputs) != len(values):
            raise RuntimeError(f"{type(self._worker).__name__} gave {len(outputs)} outputs for {len(values)} inputs")
        return [self._dump(output) for output in outputs]


def _travelling(error: BaseException) -> BaseException:
    """The error itself where it survives pickling, else a RuntimeError with its words."""
    words = RuntimeError(f"{type(error).__name__}: {error}")
    if isinstance(error, SystemExit):
        return words
    try:
        return error if type(pickle.loads(pickle.dumps(error))) is type(error) else words
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, LookupError, ImportError):
        return words
