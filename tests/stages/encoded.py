"""A lake with clips, captions and a dataset, ready to be encoded: for tests of what encodes it and of what reads the samples."""

from longtake.config import load_config
from longtake.datasets.stored import write_dataset
from longtake.lake import Lake
from longtake.records import Clip
from longtake.stages import captioning, listing, slicing
from longtake.stages.config import CaptioningStageConfig
from tests.drawing import draw_film
from tests.rows import caption, dataset, score, selection

CONFIG = {
    "encoding": {
        "windows": {"sizes": [{"frames": 9, "height": 64, "width": 96}]},
        "linear": {"channels": 8},
    },
    "work": {"readers": 1},
}
"""Small, and over in a moment."""


def captions_by(**writing):
    """`made_by` of captions by the default config."""
    return captioning.makers(load_config(CaptioningStageConfig, writing, where="test")).good


def fill(folder, videos=3):
    """`videos` films of two clips each, all kept and captioned but the last clip by id, which is dropped; the lake."""
    for number in range(videos):
        draw_film(folder / "raw" / f"{number}.mp4", (2 * number + 1, 60), (2 * number + 2, 70))
    places = {"raw": str(folder / "raw"), "data_root": str(folder / "data")}
    listing.run(**places, shards=1)
    slicing.run(**places, config={"rule": {"min_clip_s": 1.0}})
    lake = Lake(places["data_root"])
    clips = sorted((row for row in lake.tables.read(Clip) if row.uri), key=lambda row: row.clip_id)
    kept, dropped = clips[:-1], clips[-1]
    lake.tables.merge([*map(selection, kept), selection(dropped, reason="dark")])
    lake.tables.merge([score(clip, motion=float(at), clarity=0.1 * at) for at, clip in enumerate(kept)])
    lake.tables.merge([caption(clip, text=f"Clip {at} drifts.", made_by=captions_by()) for at, clip in enumerate(kept)])
    made_by = {"slicing": clips[0].made_by, "scoring": "m", "selecting": "m"}
    write_dataset(lake, dataset(made_by=made_by, clips=len(kept), validation_share=0.0))
    return lake


def kept_clips(lake):
    """The clips that the dataset keeps, in the order of their ids."""
    return sorted((row for row in lake.tables.read(Clip) if row.uri), key=lambda row: row.clip_id)[:-1]
