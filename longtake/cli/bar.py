"""A progress bar on standard error, for verbs that may take longer than two seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Bar:
    """A bar on standard error; calling it adds."""

    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    def __call__(self, more: int) -> None:
        self._progress.advance(self._task, more)

    def to(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def show_bar(what: str, total: int) -> Iterator[Bar]:
    """Shown while the block runs, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress, progress.add_task(what, total=total or None))
