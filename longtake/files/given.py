"""Files as the user gave them, and the bar that he watches."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from longtake.errors import UserError

Result = TypeVar("Result")


def check_files(files: Sequence[Path]) -> None:
    """Raises UserError for what is no file."""
    for path in files:
        if not path.is_file():
            raise UserError(f"{path} is a folder; give files" if path.is_dir() else f"there is no file {path}")


def uri_of(path: Path) -> str:
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 (".." goes, links stay)


def with_progress(name: str, results: Iterable[Result], total: int) -> Iterator[Result]:
    """The results, with a bar on standard error while they come."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(results, name, total=total, console=console, transient=True, disable=not console.is_terminal)
