"""The scheduling of a stream, the same for every engine: what is given to which worker, when, and what if it dies.

items -> waiting[0] -> pool 0 -> waiting[1] -> pool 1 -> ... -> waiting[-1] -> the caller
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from longtake.engine.backend import Backend, Died, Gone, Handle, Raised, Value
from longtake.engine.pools import Lost, Pool
from longtake.errors import TransientError

CALLS = 2
"""Under way a worker at most: one is worked on, the inputs of the next are on their way."""
STARTS = 3
"""Times in a row that a worker may die before it is made."""
DEATHS = 2
"""Of a worker while it had one item alone; then the item is lost."""
LOST_IN_A_ROW = 5
"""Items of a pool, with no output between; then it is not the items' fault."""
RESTARTS = 5
"""Times that an item may begin anew because the node that held it died."""
CLOSE_S = 10.0
"""For all workers to close in; then they are killed."""


@dataclass(eq=False)
class _Task:
    """An item on its way."""

    item: Any
    value: Value | Lost
    """What the pool that it waits for is given, or what the last pool gave."""
    deaths: int = 0
    """Of workers of this pool, while they had it alone."""
    restarts: int = 0


@dataclass(eq=False)
class _Seat:
    """The place of one worker in its pool, whoever sits there."""

    stage: int
    index: int
    handle: Handle
    ready: bool = False
    """Its worker is made."""
    failed_starts: int = 0
    calls: deque[list[_Task]] = field(default_factory=deque)
    alone: bool = False
    """It works on a suspect, and nothing else is given to it."""


class Line:
    """The pools in a row, and every item between them. `run` once."""

    def __init__(self, first: Any, rest: Iterator[Any], pools: Sequence[Pool], backend: Backend) -> None:
        self._pools = pools
        self._backend = backend
        self._rest = rest
        self._exhausted = False
        self._waiting: list[deque[_Task]] = [deque() for _ in range(len(pools) + 1)]
        self._suspects: list[deque[_Task]] = [deque() for _ in pools]
        self._lost_in_a_row = [0] * len(pools)
        self._held = 0
        self._error: BaseException | None = None
        self._take_in(first)
        # One worker of each pool before the second of any: a small cluster may not have room for all.
        order = sorted((index, stage) for stage, pool in enumerate(pools) for index in range(pool.workers))
        self._seats = [_Seat(stage, index, backend.start(pools[stage], index)) for index, stage in order]

    def run(self) -> Iterator[tuple[Any, Any]]:
        """Each item with its output, or Lost; workers that are left are the backend's to kill."""
        results = self._waiting[-1]
        while True:
            if self._error is None:
                self._dispatch()
            due = self._due()
            if not results and not (due if self._error else self._held or not self._exhausted):
                break
            self._collect(due, timeout_s=0.0 if results else None)
            if results and (done := self._result(results.popleft())):
                self._held -= 1
                yield done
        if self._error is not None:
            raise self._error
        self._finish()

    def _take_in(self, item: Any) -> None:
        self._waiting[0].append(_Task(item, self._backend.pack(item)))
        self._held += 1

    def _due(self) -> list[_Seat]:
        """Those whose answer is waited for; after an error, the last pool alone may end what it has begun."""
        if self._error is not None:
            return [seat for seat in self._seats if seat.calls and seat.stage == len(self._pools) - 1]
        return [seat for seat in self._seats if seat.calls or not seat.ready]

    def _dispatch(self) -> None:
        """Gives the workers all that they may have now, the last pool first."""
        for stage in reversed(range(len(self._pools))):
            while (seat := self._free_seat(stage)) is not None and (tasks := self._take(seat)):
                seat.calls.append(tasks)
                seat.handle.call([task.value for task in tasks])

    def _free_seat(self, stage: int) -> _Seat | None:
        """The least busy worker of the pool that may be given something."""
        last = stage == len(self._pools) - 1
        asker = self._pools[stage if last else stage + 1]
        if len(self._waiting[stage + 1]) >= 2 * asker.workers * asker.batch:
            return None
        pool = [seat for seat in self._seats if seat.stage == stage]
        most = 1 if self._suspects[stage] or not all(seat.ready for seat in pool) else CALLS
        free = [seat for seat in pool if seat.ready and not seat.alone and len(seat.calls) < most]
        return min(free, key=lambda seat: len(seat.calls), default=None)

    def _take(self, seat: _Seat) -> list[_Task]:
        """What the worker is given next: one suspect, or a batch, which is less than full only for an idle worker."""
        if self._suspects[seat.stage]:
            seat.alone = True
            return [self._suspects[seat.stage].popleft()]
        waiting, batch = self._waiting[seat.stage], self._pools[seat.stage].batch
        if seat.stage == 0 and not self._exhausted:
            wanted = max(0, batch - len(waiting))
            taken = list(islice(self._rest, wanted))
            for item in taken:
                self._take_in(item)
            self._exhausted = len(taken) < wanted
        if len(waiting) < batch and seat.calls:
            return []
        return [waiting.popleft() for _ in range(min(batch, len(waiting)))]

    def _collect(self, due: Sequence[_Seat], *, timeout_s: float | None) -> None:
        """Takes in the answers that are there, waiting for the first if told so."""
        by_handle = {id(seat.handle): seat for seat in due}
        if due:
            for handle in self._backend.wait([seat.handle for seat in due], timeout_s):
                self._take_answer(by_handle[id(handle)])

    def _take_answer(self, seat: _Seat) -> None:
        match seat.handle.answer():
            case Died(detail=detail):
                self._replace(seat, detail)
            case Raised(error=error, trace=trace):
                seat.calls.clear()
                error.add_note(f"in a worker of pool {self._pools[seat.stage].name}:\n{trace}")
                self._fail(error)
            case Gone(detail=detail):
                for task in seat.calls.popleft():
                    self._begin_anew(task, detail)
                seat.alone = False
            case values:
                if not seat.ready:
                    seat.ready, seat.failed_starts = True, 0
                    return
                for task, value in zip(seat.calls.popleft(), values, strict=True):
                    task.value, task.deaths = value, 0
                    self._waiting[seat.stage + 1].append(task)
                seat.alone = False
                self._lost_in_a_row[seat.stage] = 0

    def _replace(self, seat: _Seat, detail: str) -> None:
        """Buries a dead worker, puts what it held aside to be tried alone, and starts another in its place."""
        self._backend.kill(seat.handle)
        pool, calls = self._pools[seat.stage], list(seat.calls)
        seat.calls.clear()
        if self._error is not None:
            return
        if not seat.ready:
            seat.failed_starts += 1
            if seat.failed_starts == STARTS:
                self._fail(TransientError(f"a worker of pool {pool.name} died {STARTS} times as it started: {detail}"))
                return
        tasks = [task for call in calls for task in call]
        if len(tasks) == 1:
            tasks[0].deaths += 1
        for task in tasks:
            if task.deaths == DEATHS:
                self._lose(task, seat.stage, detail)
            else:
                self._suspects[seat.stage].append(task)
        if self._error is None:
            seat.ready, seat.alone = False, False
            seat.handle = self._backend.start(pool, seat.index)

    def _lose(self, task: _Task, stage: int, detail: str) -> None:
        name = self._pools[stage].name
        task.value = Lost(name, detail)
        self._waiting[-1].append(task)
        self._lost_in_a_row[stage] += 1
        if self._lost_in_a_row[stage] == LOST_IN_A_ROW:
            self._fail(TransientError(f"workers of pool {name} died on {LOST_IN_A_ROW} items in a row: {detail}"))

    def _begin_anew(self, task: _Task, detail: str) -> None:
        task.value, task.deaths = self._backend.pack(task.item), 0
        task.restarts += 1
        if task.restarts > RESTARTS:
            self._fail(TransientError(f"what was made of an item was lost {task.restarts} times: {detail}"))
        self._waiting[0].appendleft(task)

    def _fail(self, error: BaseException) -> None:
        """Keeps the first error, to be raised at the end; calls that no worker has begun are given up."""
        if self._error is None:
            self._error = error
            for seat in self._seats:
                seat.calls = deque(islice(seat.calls, 1))

    def _result(self, task: _Task) -> tuple[Any, Any] | None:
        """The pair to give, or nothing where the value is lost and the item begins anew."""
        value = task.value if isinstance(task.value, Lost) else self._backend.unpack(task.value)
        if isinstance(value, Gone):
            self._begin_anew(task, value.detail)
            return None
        return task.item, value

    def _finish(self) -> None:
        """Lets every worker close; what one raises then is raised."""
        closing = [seat.handle for seat in self._seats if seat.ready]
        for handle in closing:
            handle.finish()
        deadline = time.monotonic() + CLOSE_S
        while closing and (left_s := deadline - time.monotonic()) > 0:
            for handle in self._backend.wait(closing, left_s):
                closing.remove(handle)
                answer = handle.answer()
                if isinstance(answer, Raised):
                    raise answer.error
