"""`longtake tune-captioner`: an adapter for a captioner from files of seed captions; no lake is needed."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.caption_tuning.frames import FrameFiles
from longtake.caption_tuning.lessons import split_seeds
from longtake.caption_tuning.seed_files import read_jsonl, read_koala
from longtake.caption_tuning.seeds import LeftOut, Seed, Seeds, collect
from longtake.caption_tuning.steps import StepRecord
from longtake.caption_tuning.workers import KeeperOrder
from longtake.config import dump_config, load_config
from longtake.errors import UserError
from longtake.files.given import check_files, with_progress
from longtake.lake.weights import fetch_weights, weights_digest
from longtake.records import digest
from longtake.stages.caption_frames import keep_frames
from longtake.stages.caption_tuning_page import facts_of, tuning_page

if TYPE_CHECKING:
    from longtake.caption_tuning.tuning import Tuned

NO_MODEL = "nothing says which model is tuned; give --model (or model in the config): a folder, s3:// or hub name"
LISTED = 10
"""Captions that are left out, named on the terminal at most."""


@dataclass(frozen=True)
class TunedFiles:
    """What came of a tuning on files."""

    tuned: "Tuned"
    seeds: Seeds
    adapter: Path
    page: Path


def tune_on_files(
    files: Sequence[Path], *, videos: Path | None, out: Path, work: Path, config: Mapping[str, Any]
) -> TunedFiles:
    """Tunes a captioner on the captions of JSONL files and CSVs, writes the adapter to the folder `out` and a page beside it.

    `videos`: where the videos of CSVs are. What is finished in `work` is not done again. Raises UserError for a wrong config, and
    where no caption is left to learn from.
    """
    settings = load_config(CaptionTuningConfig, config, where="caption_tuning config")
    if not settings.model:
        raise UserError(NO_MODEL)
    check_files(files)
    seeds = collect(
        chain.from_iterable(_read(path, videos) for path in files), settings.rules if settings.held_to_rules else None
    )
    for sentence in say_seeds(seeds):
        print(sentence)
    check_any(seeds)
    # Mistakes are said before the work, not after it; a hub is asked later.
    if settings.model.startswith((".", "/", "~")) or Path(settings.model).exists():
        from longtake.captioning.vlm.loading import read_config

        read_config(settings.model)
    split_seeds(seeds.kept, settings.judging.held_out_share)

    from longtake.caption_tuning.adapter import save_adapter
    from longtake.caption_tuning.tuning import course_id, tune
    from longtake.captioning.vlm.loading import load_vlm

    frames = FrameFiles(work / f"frames-{digest(dump_config(settings.sampling), chars=8)}")
    frames.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="longtake-weights-") as scratch:
        vlm = load_vlm(fetch_weights(settings.model, Path(scratch)), dtype=settings.dtype, pooling=settings.pooling)
    kept, unread = keep_frames(
        seeds.kept, KeeperOrder(frames.folder, settings.sampling, settings.limits), with_progress
    )
    for sentence in say_left_out(unread):
        print(sentence)
    seeds = Seeds(kept, [*seeds.left_out, *unread])
    check_any(seeds)
    sides = split_seeds(seeds.kept, settings.judging.held_out_share)
    state = work / f"{course_id(sides, settings, weights_digest(settings.model))}.state"
    tuned = tune(vlm, sides, frames, settings, state, _show)
    facts = facts_of(tuned, sides, settings, {"captions": ", ".join(path.name for path in files)})
    save_adapter(tuned.pupil, out, facts)
    page = out.with_name(f"{out.name}.html")
    page.write_text(tuning_page(tuned, seeds, sides, frames, settings, facts), encoding="utf-8")
    return TunedFiles(tuned, seeds, out, page)


def say_seeds(seeds: Seeds) -> Iterator[str]:
    """How many captions there are, and which are left out, in words."""
    images = sum(seed.kind == "image" for seed in seeds.kept)
    yield f"captions to learn from: {len(seeds.kept) - images:,} of clips, {images:,} of images"
    yield from say_left_out(seeds.left_out)


def say_left_out(items: Sequence[LeftOut]) -> Iterator[str]:
    """Which captions are left out and why, the first few of them one by one."""
    if items:
        counts = ", ".join(
            f"{count:,} {reason}" for reason, count in Counter(item.reason for item in items).most_common()
        )
        yield f"{len(items):,} left out: {counts}"
    for item in items[:LISTED]:
        yield f"  {item.place}: {item.reason}" + (f", {item.detail}" if item.detail else "")
    if len(items) > LISTED:
        yield f"  and {len(items) - LISTED:,} more, listed on the page"


def check_any(seeds: Seeds) -> None:
    """Raises UserError where no caption is left."""
    if not seeds.kept:
        why = ", ".join(f"{count:,} {reason}" for reason, count in seeds.counts().most_common()) or "there are none"
        raise UserError(
            f"no caption is left to learn from ({why}); give captions with a video or image each, and if the rules turn yours down, "
            "others or none (caption_tuning_config: {rules: {...}} or {held_to_rules: false})"
        )


def _show(name: str, items: Iterator[Any], total: int) -> Iterator[Any]:
    """With a bar; the losses are said as they come."""
    for item in with_progress(name, items, total):
        if isinstance(item, StepRecord) and item.held_out_loss is not None:
            learned = "" if item.loss is None else f"loss {item.loss:.3f}, "
            print(f"step {item.number} of {total - 1}: {learned}held-out loss {item.held_out_loss:.3f}")
        yield item


def _read(path: Path, videos: Path | None) -> Iterator[Seed | LeftOut]:
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            return read_jsonl(path)
        case ".csv":
            if videos is None:
                raise UserError(
                    f"{path} names videos by their ids; give --videos, the folder with <id>.mp4 and the like"
                )
            return read_koala(path, videos)
    raise UserError(
        f"{path} ends in {path.suffix or 'nothing'}; captions are read from .jsonl and from .csv with Koala-36M's columns"
    )
