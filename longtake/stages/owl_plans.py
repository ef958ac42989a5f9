"""Plans of stories from what was told of films: captions of a dataset's clips, Vript, ActivityNet Captions."""

import logging
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from longtake.config import load_config
from longtake.datasets.members import read_members
from longtake.datasets.stored import read_dataset
from longtake.errors import UserError
from longtake.lake import Lake, key_below, open_store
from longtake.latents.conditions import known_metrics
from longtake.owl.annotations.activitynet import plan_activitynet
from longtake.owl.annotations.own import CUTS, plans_of_clips
from longtake.owl.annotations.plans import Conversion, StoryPlan, StoryPlans, clip_seconds
from longtake.owl.annotations.vript import plan_vript
from longtake.owl.config import FilmConfig
from longtake.owl.stories_config import StoriesConfig
from longtake.records import Caption, Clip, Video, split_of
from longtake.stages.captioning import makers
from longtake.stages.config import CaptioningStageConfig
from longtake.stages.owl_footage import Footage, LakeFootage, NamedFootage, fetch_tree

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """Stories on their two sides, and where their videos are."""

    name: str
    train: Sequence[StoryPlan]
    held_out: Sequence[StoryPlan]
    footage: Footage
    left_out: Mapping[str, int]
    """Entries, stretches and stories by the reason why they give nothing."""


def plan_stories(
    lake: Lake, stories: StoriesConfig, film: FilmConfig, folder: Path, *, raw: str, captioning_config: Mapping[str, Any]
) -> Planned:  # fmt: skip
    """The plans of what the config names; `folder` is scratch space. Raises UserError where there is no story to train on."""
    cutting = stories.cutting
    conversion = Conversion(
        clip_s=clip_seconds(film.frames, film.fps), least_share=cutting.least_share, cut_reach=cutting.cut_reach,
        words=cutting.words, most_clips=cutting.most_clips,
    )  # fmt: skip
    footage: Footage
    if stories.clips:
        name, share, found, footage = _of_clips(lake, stories.clips, conversion, raw, captioning_config)
    else:
        name, found, footage = _of_files(lake, stories, conversion, folder, raw)
        share = stories.validation_share
    left_out, sides = Counter(found.counts), {"train": list[StoryPlan](), "validation": list[StoryPlan]()}
    for plan in found.plans:
        if len(plan.clips) < cutting.least_clips:
            left_out["too_short"] += 1
        elif plan.video not in footage:
            left_out["no_video"] += 1
        else:
            sides[split_of(plan.video, share)].append(plan)
    counts = {side: len(plans) for side, plans in sides.items()}
    log.info("stories", extra={"stories": name, **counts, "left_out": dict(left_out)})
    if not sides["train"]:
        raise UserError(
            f"{name} gives no story to train on: {counts['validation']} are held out, left out were "
            f"{dict(left_out) or 'none'}; {_remedy(left_out, cutting.least_clips)}"
        )
    return Planned(
        name=name, train=sides["train"], held_out=sides["validation"], footage=footage, left_out=dict(left_out)
    )  # fmt: skip


def _remedy(left_out: Mapping[str, int], least: int) -> str:
    most = max(left_out, key=lambda reason: left_out[reason], default="")
    match most:
        case "no_video":
            return "say where the videos lie: raw, or for files that are named by their videos' ids stories.*.videos"
        case "no_caption":
            return "caption the clips first, or give the captioning_config that the captions were written by"
        case "too_short":
            return f"take longer videos, shorter clips (film: {{frames, fps}}), or fewer of them (cutting.least_clips {least})"
    return "give more videos, or hold fewer of them out"


def _of_clips(
    lake: Lake, dataset: str, conversion: Conversion, raw: str, captioning_config: Mapping[str, Any]
) -> tuple[str, float, StoryPlans, LakeFootage]:
    """Those of the clips that the dataset keeps, read from the raw videos: only there one clip goes on from the other."""
    data = read_dataset(lake, dataset)
    written = makers(load_config(CaptioningStageConfig, captioning_config, where="captioning config")).good
    clips: list[Clip] = []
    captions: dict[str, Caption] = {}
    conditions: dict[str, dict[str, float]] = {}
    videos: dict[str, Video] = {}
    for member in read_members(lake, data, captions=written):
        clips.append(member.clip)
        videos[member.clip.video_id] = member.video
        conditions[member.clip.clip_id] = known_metrics(member.score)
        if member.caption:
            captions[member.clip.clip_id] = member.caption
    store = open_store(raw or data.raw)
    reached = {
        name: video
        for name, video in videos.items()
        if any(key_below(uri, store.uri) is not None for uri in video.uris)
    }
    plans = plans_of_clips(clips, captions, conversion, conditions)
    return data.name, data.validation_share, plans, LakeFootage(store, reached)


def _of_files(
    lake: Lake, stories: StoriesConfig, conversion: Conversion, folder: Path, raw: str
) -> tuple[str, StoryPlans, NamedFootage]:
    files = stories.vript or stories.activitynet
    assert files is not None
    place = files.videos or raw
    if not place:
        raise UserError(
            f"nothing says where the videos of {stories.source} lie; give stories.{stories.source}.videos, or raw"
        )
    footage = NamedFootage.at(place)
    captions = fetch_tree(files.captions, folder)
    if stories.vript:
        times = fetch_tree(stories.vript.times, folder) if stories.vript.times else captions
        return "vript", plan_vript(captions, times, conversion), footage
    return "activitynet", plan_activitynet(captions, conversion, cuts_s=_cuts(lake, footage)), footage


def _cuts(lake: Lake, footage: NamedFootage) -> dict[str, list[float]]:
    """When there are cuts in each video, where this lake has listed and sliced it: by its name, with v_ and without."""
    names: dict[str, str] = {}
    for video in lake.tables.read(Video):
        for uri in video.uris:
            if key_below(uri, footage.store.uri) is not None:
                names[video.video_id] = PurePosixPath(uri).stem.removeprefix("v_")
    cuts: dict[str, list[float]] = defaultdict(list)
    for clip in lake.tables.read(Clip) if names else ():
        name = names.get(clip.video_id)
        if name is not None and clip.begins_with in CUTS and clip.start_s not in cuts[name]:
            insort(cuts[name], clip.start_s)
    log.info("cuts", extra={"videos": len(cuts), "cuts": sum(map(len, cuts.values()))})
    return {prefix + name: found for name, found in cuts.items() for prefix in ("", "v_")}
