"""`longtake caption FILE...`: six parts and a description of plain files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longtake.captioning.schema import NAMES
from longtake.config import load_config
from longtake.engine import Lost, stream
from longtake.files.given import check_files, uri_of, with_progress
from longtake.records import Caption, content_id
from longtake.stages.captioning import makers, pools_of, row_of
from longtake.stages.captioning_workers import Captioned, LookerOrder
from longtake.stages.config import CaptioningStageConfig
from longtake.stages.visiting import plain_file


@dataclass(frozen=True)
class CaptionedFile:
    """One file, and its row, which lies in no table: its ids are the digest of its content."""

    path: Path
    caption: Caption

    def to_record(self) -> dict[str, Any]:
        """The row; its facts as they are, not as a text."""
        facts = self.caption.facts and json.loads(self.caption.facts)
        return {"uri": uri_of(self.path), **asdict(self.caption), "facts": facts}


def caption_files(files: Sequence[Path], *, config: Mapping[str, Any]) -> list[CaptionedFile]:
    """Captions the files side by side; each is taken for one clip.

    A file that can't be captioned has a reason. Raises UserError for a file that is not there, or a wrong config.
    """
    settings = load_config(CaptioningStageConfig, config, where="captioning config")
    check_files(files)
    made_by = makers(settings)
    found: dict[Path, Captioned | Lost] = {}
    wanted = list(dict.fromkeys(files))
    pools = pools_of(settings, LookerOrder(settings.writing, settings.limits, plain_file), len(wanted))
    for path, captioned in with_progress("captioning", stream(wanted, pools, engine=settings.work.engine), len(wanted)):
        found[path] = captioned
    ids = {path: content_id(path) for path in wanted}
    rows = {path: row_of(ids[path], ids[path], found[path], settings.writing, made_by) for path in wanted}
    return [CaptionedFile(path, rows[path]) for path in files]


def show_captions(captioned: Sequence[CaptionedFile]) -> None:
    """Prints the description of each file, and its parts."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    for file in captioned:
        caption = file.caption
        if caption.reason:
            console.print(
                f"{file.path}: {caption.reason}" + (f" ({caption.detail})" if caption.detail else ""), soft_wrap=True
            )
            continue
        flagged = ", reads like orders to a model" if caption.flag else ""
        console.print(f"{file.path}: {caption.words} words by {caption.captioner}{flagged}", soft_wrap=True)
        console.print(Padding(caption.text or "", (0, 0, 0, 4)))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for name in NAMES:
            table.add_row(f"    {name}", getattr(caption, name))
        console.print(table)
