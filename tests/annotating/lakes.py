"""A lake with clips to mark, their rows written straight into the tables."""

from dataclasses import replace

from longtake.config import load_config
from longtake.lake import Lake
from longtake.stages import scoring, slicing
from longtake.stages.config import ScoringStageConfig, SlicingStageConfig
from tests.rows import clip, score, video

SCORING = {"measuring": {"text": False, "suitability": None}}


def fill(folder, scores, film=b"film"):
    """A lake with one clip a score (None: not scored yet), each with this film; the lake, and what annotating is told."""
    lake = Lake(str(folder / "data"))
    (folder / "raw").mkdir()
    sliced = slicing.makers(load_config(SlicingStageConfig, {}, where="test")).good
    scored = scoring.makers(load_config(ScoringStageConfig, SCORING, where="test")).good
    videos = [
        video(n, uris=[(folder / "raw" / f"{n}.mp4").as_uri()], video_id=f"{n:04x}" * 8) for n in range(len(scores))
    ]
    clips = [replace(clip(n, of), uri=f"clips/{n}.mp4", made_by=sliced) for n, of in enumerate(videos)]
    rows = [
        score(of, vtss=vtss, vtss_reason=None, vtss_gain=None, made_by=scored)
        for of, vtss in zip(clips, scores, strict=True)
        if vtss is not None
    ]
    for table in (videos, clips, rows):
        lake.tables.merge(table)
    for of in clips:
        lake.objects.put(of.uri, film)
    places = {"raw": str(folder / "raw"), "data_root": str(folder / "data"), "scoring_config": SCORING}
    return lake, clips, places
