"""Small lakes with a dataset in them, their rows written straight into the tables."""

from dataclasses import replace

from longtake.datasets.stored import write_dataset
from longtake.records import Clip, Score, Selection, Video
from tests.rows import clip, dataset, score, selection, video

NAME = "clips-0000aaaa"


def make_video(number, **fields):
    return video(number, video_id=f"{number:04x}" * 8, **fields)


def fill(
    lake, *, videos=6, clips=4, dropped=None, name=NAME, made_at="2026-01-01T00:00:00+00:00", films=False, **fields
):
    """A lake of `videos` x `clips` clips, in which `dropped` maps places in that order to reasons; the dataset."""
    of = [make_video(number) for number in range(videos)]
    cut = [
        replace(clip(number, v, clip_id=f"{100 * at + number:032x}"), uri=f"clips/{100 * at + number:032x}.mp4")
        for at, v in enumerate(of)
        for number in range(clips)
    ]
    scores = [score(c, clarity=at / len(cut), motion=float(at), vtss=2.6) for at, c in enumerate(cut)]
    reasons = dropped or {}
    chosen = [
        selection(c, dataset=name, **({"reason": reasons[at]} if at in reasons else {})) for at, c in enumerate(cut)
    ]
    for rows in (of, cut, scores, chosen):
        lake.tables.merge(rows)
    if films:
        for c in cut:
            lake.objects.put(c.uri, f"film of {c.clip_id}".encode() * 40)
    kept = [c for c, row in zip(cut, chosen, strict=True) if row.kept]
    made = dataset(
        name=name,
        made_at=made_at,
        versions={record.TABLE: lake.tables.version(record) for record in (Video, Clip, Score, Selection)},
        counts={"kept": len(kept), "dropped": len(cut) - len(kept)},
        clips=len(kept),
        seconds=2.0 * len(kept),
        **fields,
    )
    write_dataset(lake, made)
    return made
