"""`longtake demo`: serves a lake, puts reels with known transitions into it, runs `curate`, and compares."""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtake.config import load_config
from longtake.datasets.members import read_members
from longtake.datasets.stored import read_dataset
from longtake.demo.footage import get_footage
from longtake.demo.laws import find_laws
from longtake.demo.recipe import ENCODING, STEPS, TRAINING
from longtake.demo.reels import BIKES, REELS, Known, draw_reel, known_transitions
from longtake.demo.world import again, film_shapes
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED
from longtake.lake import Lake, Store, open_store
from longtake.lake.server import BUCKET, Server
from longtake.records import Clip, Run, Video
from longtake.stages import captioning, slicing
from longtake.stages.config import CaptioningStageConfig, SlicingStageConfig

RAW = f"s3://{BUCKET}/raw"
DATA = f"s3://{BUCKET}/data"
SLICING = {"rule": {"min_clip_s": 1.0}}
"""The demo's shots are short; the default leaves out clips under 2 s."""
SHARDS = 2


@dataclass(frozen=True)
class Compared:
    """Known transitions of one file, and what the clip table says of them."""

    name: str
    found: tuple[Known, ...]
    missed: tuple[Known, ...]
    false: int
    """Boundaries where none is known."""


def run_demo(folder: Path) -> int:
    """Runs the demo in `folder`, made if need be; the exit code. A second run finds everything done."""
    from pipelines.local import run_locally

    console = Console(highlight=False, soft_wrap=True)
    began = time.monotonic()
    with Server(folder / "lake") as server:
        os.environ.update(server.environment)
        console.print(f"[bold]1[/] An S3 server (SeaweedFS) on {server.endpoint}, data in {folder / 'lake'}")
        raw = open_store(RAW)
        drawn = put_raw(raw, folder / "footage")
        console.print(f"[bold]2[/] Raw footage in {RAW}: {drawn or 'there already'}")
        console.print(f"[bold]3[/] Pipeline curate, under Kubeflow's local runner, in {SHARDS} shards")
        parameters = {"raw": RAW, "data_root": DATA, "shards": SHARDS, "slicing_config": SLICING}
        outcome = run_locally("curate", parameters, log=folder / "curate.log")
        if outcome.exit_code not in (EXIT_DONE, EXIT_QUARANTINED):
            outcome.show()
            outcome.complain()
            return outcome.exit_code
        _show_transitions(console, Lake(DATA), outcome.steps)
        dataset = _show_dataset(console, Lake(DATA))
        _show_caption(console, Lake(DATA), dataset)
        console.print(f"[bold]7[/] Pipeline train: the clips as latents, and a video transformer in {STEPS} steps")
        parameters = {"raw": RAW, "data_root": DATA, "dataset": dataset, "encoding_config": ENCODING}
        trained = run_locally("train", parameters | {"training_config": TRAINING}, log=folder / "train.log")
        if trained.exit_code not in (EXIT_DONE, EXIT_QUARANTINED):
            trained.show()
            trained.complain()
            return trained.exit_code
        _show_learned(console, Lake(DATA), trained.model["uri"], folder / "films")
        console.print("[bold]8[/] Scaling laws of a transformer: planned, swept and fitted, on films that are drawn")
        find_laws(Lake(DATA), console, f"{trained.run}-laws")
        console.print(
            "[bold]9[/] A film of three scenes, by a small world model of drawn shapes that comes with longtake"
        )
        film_shapes(Lake(DATA), console, f"{trained.run}-film", folder / "long-film")
        shutil.rmtree(folder / "reports", ignore_errors=True)
        runs = {
            "curate": outcome.run,
            "train": trained.run,
            "laws": f"{trained.run}-laws",
            "film": f"{trained.run}-film",
        }
        reports = [p for name, run in runs.items() for p in _copy_reports(Lake(DATA), run, folder / "reports" / name)]
    console.print("[bold]10[/] Where to look")
    for path in reports:
        console.print(f"    {path.absolute().as_uri()}", markup=False)
    command = "longtake" if shutil.which("longtake") else sys.argv[0]
    question = f"select reason, count(*) from selections where dataset = '{dataset}' group by all order by all"
    for line in (
        f"    {folder / 'curate.log'} and train.log: everything that the pipelines printed",
        f"\n  The lake is still there. Serve it:  {command} lake serve {folder / 'lake'}",
        "  and with the two variables that it prints, in another terminal:",
        f"    {command} lake ls {RAW}",
        f'    {command} sample --model {trained.model["uri"]} --prompt "A street race."',
        f"    {command} dataset card {dataset} --data-root {DATA}",
        f"    {again(command, folder / 'long-film')}",
        f'    {command} lake query "{question}" --data-root {DATA}',
    ):
        console.print(line, markup=False)
    console.print(f"\nDone in {time.monotonic() - began:.0f} s. Run it again: nothing is left to do.")
    return EXIT_DONE


def put_raw(raw: Store, footage_folder: Path) -> str:
    """Puts the demo's raw objects that are missing; what they are, or "" if none was."""
    footage = get_footage(footage_folder)
    there = {item.key for item in raw.walk()}
    new: list[str] = []
    with tempfile.TemporaryDirectory(prefix="longtake-demo-") as scratch:
        for name in REELS:
            if name not in there:
                path = Path(scratch) / name
                draw_reel(name, footage, path)
                raw.upload(name, path)
                new.append(name)
    for name, data in (
        ("bikes.mp4", footage["bikes"].read_bytes()),
        ("again/bikes-copy.mp4", footage["bikes"].read_bytes()),
        ("broken.mp4", footage["bigbuckbunny"].read_bytes()[:100_000]),
        ("notes.txt", b"Not a video: left alone.\n"),
    ):
        if raw.put(name, data):
            new.append(name)
    return ", ".join(new)


def compare(known: Mapping[str, Sequence[Known]], videos: Sequence[Video], clips: Sequence[Clip]) -> list[Compared]:
    """Known transitions against the gaps between neighbouring rows of the clip table, file by file."""
    rows: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        rows[clip.video_id].append(clip)
    names = {uri.removeprefix(f"{RAW}/"): video.video_id for video in videos for uri in video.uris}
    compared = []
    for name, transitions in known.items():
        spans = sorted(rows[names[name]], key=lambda clip: clip.start_frame)
        gaps = [(a.start_frame + a.frames, b.start_frame) for a, b in itertools.pairwise(spans)]
        found = [t for t in transitions if any(a <= t.end_frame and t.start_frame <= b for a, b in gaps)]
        true = sum(any(a <= t.end_frame and t.start_frame <= b for t in transitions) for a, b in gaps)
        missed = tuple(t for t in transitions if t not in found)
        compared.append(Compared(name, tuple(found), missed, len(gaps) - true))
    return compared


def _show_transitions(console: Console, lake: Lake, steps: Sequence[Mapping[str, object]]) -> None:
    if steps and all(step["skipped"] == step["total"] for step in steps):
        total = sum(int(str(step["total"])) for step in steps if step["stage"] == "slicing")
        console.print(f"    Nothing to do: all {total} videos were listed, sliced and scored before.")
    known = {"bikes.mp4": BIKES} | {name: known_transitions(name) for name in REELS}
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("    video", "known", "found", "false", "missed"):
        table.add_column(column, no_wrap=column != "missed", overflow="fold")
    maker = slicing.makers(load_config(SlicingStageConfig, SLICING, where="slicing config")).good
    videos, clips = lake.tables.read(Video), lake.tables.read(Clip, made_by=maker)
    for result in compare(known, videos, clips):
        kinds = itertools.groupby(result.missed, key=lambda t: t.kind)
        missed = "; ".join(
            f"{k} of {', '.join(str(t.end_frame - t.start_frame) for t in ts)} frames" for k, ts in kinds
        )
        known_count = len(result.found) + len(result.missed)
        table.add_row(
            f"    {result.name}", str(known_count), str(len(result.found)), str(result.false), missed or "none"
        )
    console.print("[bold]4[/] Transitions that it found, against those that are known")
    console.print(table)
    for video in videos:
        if video.reason:
            console.print(f"    {video.uris[0].removeprefix(RAW + '/')}: quarantined, {video.reason}", markup=False)
        elif len(video.uris) > 1:
            names = " and ".join(uri.removeprefix(f"{RAW}/") for uri in video.uris)
            console.print(f"    {names}: the same bytes, one video", markup=False)
    kept = [clip for clip in clips if clip.reason is None]
    seconds = sum(clip.end_s - clip.start_s for clip in kept)
    console.print(f"    {len(kept)} clips, {seconds:.1f} s, of {sum(v.duration_s for v in videos):.1f} s of footage")


def _show_dataset(console: Console, lake: Lake) -> str:
    """The dataset that the run has made, and why clips are not in it; its name."""
    dataset = read_dataset(lake, "clips")
    console.print(
        f"[bold]5[/] Dataset {dataset.name}: the clips that are within every threshold, and why the others are not"
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    for name, count in sorted(dataset.counts.items(), key=lambda item: (item[0] != "kept", -item[1], item[0])):
        outcome, _, reason = name.partition(":")
        table.add_row(f"    {count}", outcome, reason.replace("_", " "))
    console.print(table)
    return dataset.name


def _show_caption(console: Console, lake: Lake, dataset: str) -> None:
    """How many captions there are, and the one of the longest clip."""
    makers = captioning.makers(load_config(CaptioningStageConfig, {}, where="captioning config"))
    members = [m for m in read_members(lake, read_dataset(lake, dataset), captions=makers.good) if m.caption]
    if not members:
        return
    words = [member.caption.words or 0 for member in members if member.caption]
    longest = max(members, key=lambda member: member.clip.end_s - member.clip.start_s)
    caption = longest.caption
    assert caption
    console.print(
        f"[bold]6[/] Captions of {len(members)} clips, {sum(words) / len(words):.0f} words in the mean, by `{caption.captioner}`: "
        "what can be measured, no model"
    )
    name = longest.video.uris[0].removeprefix(f"{RAW}/")
    console.print(f"    {name}, {longest.clip.start_s:.1f} to {longest.clip.end_s:.1f} s:", markup=False)
    # What is read off a screen is somebody's words: no markup of ours is looked for in it.
    console.print(Padding(Text(caption.text or ""), (0, 0, 0, 4)), width=min(console.width, 120), soft_wrap=False)


def _show_learned(console: Console, lake: Lake, model: str, folder: Path) -> None:
    """What the model has learned of the clips, in numbers, and where it can be seen."""
    from longtake.demo.learning import look

    (run,) = [run for run in lake.tables.read(Run) if run.checkpoint == model]
    found = look(lake, model, run.run_id, run.dataset, folder)
    console.print(
        f"    {run.params / 1e6:.1f} million weights; loss {found.first_loss:.2f} in its first steps, {found.last_loss:.2f} in its last"
    )
    console.print(
        f"    Asked by the caption and metrics of each of its {found.films} clips, it makes a film that is at {found.own_db:.1f} dB "
        f"to that clip and at {found.other_db:.1f} dB to the others; {found.right} of {found.films} are likest the very clip"
    )
    console.print(f"    {found.sheet.absolute().as_uri()}: each clip, and below it (*) the film", markup=False)


def _copy_reports(lake: Lake, run: str, folder: Path) -> list[Path]:
    """The run's reports as local files, so that a browser opens them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for item in lake.objects.walk(f"reports/{run}/"):
        path = folder / Path(item.key).name
        path.write_bytes(lake.objects.read(item.key))
        paths.append(path)
    return paths
