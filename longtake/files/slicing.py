"""`longtake slice FILE...`: transitions and clips of plain files."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from longtake.config import load_config
from longtake.engine import cores, map_unordered
from longtake.files.given import check_files, uri_of, with_progress
from longtake.report.page import clock
from longtake.slicing import Slicing, slice_video
from longtake.slicing.features import use_one_thread
from longtake.stages.config import SlicingStageConfig
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard, GuardPool
from longtake.video.records import Span


@dataclass(frozen=True)
class SlicedFile:
    """One file: its slicing, or the reason why there is none."""

    path: Path
    slicing: Slicing | None = None
    reason: str | None = None
    detail: str | None = None
    written: tuple[Path, ...] = ()
    """The clips' files, in the order of the clips."""

    def to_record(self) -> dict[str, Any]:
        found = asdict(self.slicing) if self.slicing else dict.fromkeys(field.name for field in fields(Slicing))
        for number, clip in enumerate(found["clips"] or ()):
            clip["uri"] = uri_of(self.written[number]) if self.written else None
        return {"uri": uri_of(self.path), **found, "reason": self.reason, "detail": self.detail}


def slice_files(files: Sequence[Path], *, out: Path | None, config: Mapping[str, Any]) -> list[SlicedFile]:
    """Slices the files side by side, one a core, and cuts their clips into `out` if it is given.

    A file that can't be read has a reason. Raises UserError for a file that is not there, or a wrong config.
    """
    settings = load_config(SlicingStageConfig, config, where="slicing config")
    check_files(files)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    workers = min(cores(), len(files))
    use_one_thread()

    def work(job: tuple[Path, str]) -> tuple[str, SlicedFile]:
        path, stem = job
        try:
            with guards.guard() as guard:
                slicing = slice_video(path, settings.rule, guard=guard)
                written = _cut(guard, path, slicing, out, stem, settings) if out else ()
        except VideoFault as fault:
            return stem, SlicedFile(path, reason=fault.reason, detail=fault.detail)
        return stem, SlicedFile(path, slicing, written=written)

    stems = _distinct([path.stem for path in files])
    with GuardPool(workers, settings.limits) as guards:
        jobs = zip(files, stems, strict=True)
        found = dict(with_progress("slicing", map_unordered(work, jobs, workers=workers), len(files)))
    return [found[stem] for stem in stems]


def show_slicings(found: Sequence[SlicedFile]) -> None:
    """Prints each file with its transitions and clips."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True, markup=False)
    for file in found:
        if file.slicing is None:
            console.print(
                f"{file.path}: {file.reason} ({file.detail})" if file.detail else f"{file.path}: {file.reason}"
            )
            continue
        slicing = file.slicing
        size = "1 frame" if slicing.frames == 1 else f"{slicing.frames} frames"
        console.print(f"{file.path}: {size}, {slicing.fps:.2f} a second, {clock(slicing.duration_s)}")
        for item in slicing.transitions:
            place = f"at frame {item.start_frame}"
            if item.kind != "cut":
                place = f"over frames {item.start_frame} to {item.end_frame - 1}"
            console.print(f"    {item.kind} {place}, confidence {item.confidence:.2f}")
        for number, clip in enumerate(slicing.clips):
            name = f"  {file.written[number]}" if file.written else ""
            console.print(
                f"    clip {clock(clip.start_s)} to {clock(clip.end_s)}, frames {clip.start_frame} to {clip.end_frame - 1}{name}"
            )
        for shot in slicing.dropped:
            console.print(f"    {shot.reason}: {clock(shot.start_s)} to {clock(shot.end_s)}")


def _cut(
    guard: Guard, path: Path, slicing: Slicing, out: Path, stem: str, settings: SlicingStageConfig
) -> tuple[Path, ...]:
    spans = [
        Span(name=f"{number:03}", start_frame=clip.start_frame, end_frame=clip.end_frame)
        for number, clip in enumerate(slicing.clips, start=1)
    ]
    written = []
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out) as folder:
        for cut in guard.cut(path, spans, Path(folder), settings.encoding):
            written.append(cut.path.replace(out / f"{stem}-{cut.name}.mp4"))
            cut.poster_path.replace(out / f"{stem}-{cut.name}.jpg")
    return tuple(written)


def _distinct(stems: Sequence[str]) -> list[str]:
    """Files of one name in different folders get a number, so that none overwrites another's clips."""
    names: list[str] = []
    for stem in stems:
        name, number = stem, 2
        while name in names or (name != stem and name in stems):
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names
