"""What a video becomes: plans of stories in equal clips, and what was left out with its reason (C.3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import Field
from pydantic.dataclasses import dataclass as config_dataclass

from longtake.config import STRICT
from longtake.errors import UserError

PAPER_CLIP_S = 4.0
"""Of one clip (C.3)."""
WORDS = 48
"""Of one text: the 64 tokens of `DynamicsConfig` are some 48 words of English."""
LONGEST_S = 86_400.0
"""Of a video: a day. What claims to be longer is a mistake, and would be cut into millions of clips."""
SEAM_S = 1e-6
"""Rounding of sums of seconds."""

REASONS = {
    "missing_keys": "The entry is no object, or lacks a key that is needed.",
    "not_a_number": "A time is no number of seconds: text, NaN, infinite, or beyond a day.",
    "reversed": "It ends before it begins, or when it begins.",
    "outside": "It lies outside of its video.",
    "overlaps": "It begins before the scene or clip before it has ended.",
    "empty_text": "There is no text, or half a character (a lone surrogate) in it.",
    "unpaired": "There are more times than sentences, or more sentences than times.",
    "no_times": "Nothing says when the scene begins and ends.",
    "put_aside": "Slicing dropped or quarantined the clip.",
    "no_caption": "The clip has no caption, or one that was put aside.",
    "uncovered": "No event covers enough of a clip's length.",
    "too_short": "What is told of the video fills not one clip.",
    "repeated": "The same video or scene came before.",
    "unreadable_line": "The line is no JSON.",
    "unreadable_file": "One file of a folder is no JSON, or holds nothing that was looked for.",
}
"""Why an entry, a stretch or a video gives nothing: the fixed list."""


@config_dataclass(frozen=True, kw_only=True, config=STRICT)
class Conversion:
    """How annotations become clips. The paper does not say (C.3, last item); each choice is a number here."""

    clip_s: float = Field(default=PAPER_CLIP_S, ge=0.1, le=600)
    """Seconds of a clip. To train a decoder: `clip_seconds` of its frames and rate (F.2, 10)."""
    least_share: float = Field(default=0.5, gt=0, le=1)
    """Of a clip that its text must tell of. Events that cover less give no clip; the tail of a scene that is shorter is dropped (2 of
    4 s), a longer one takes what is missing from the scene that follows. With 1, no clip crosses the end of a scene."""
    cut_reach: float = Field(default=0.5, ge=0, le=0.5)
    """A cut lies between two clips if it is no farther from where they meet than this share of a clip: 0.5, from the middle of the one
    to the middle of the other."""
    words: int = Field(default=WORDS, ge=1)
    """Of a clip's text and of a prompt; the rest is cut off."""
    most_clips: int = Field(default=0, ge=0)
    """Of one story; what follows is the next story. 0: any number."""


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """One clip: which seconds of the video, and what happens in them."""

    start_s: float
    end_s: float
    text: str
    new_scene: bool
    """There is a cut between the clip before and this one; never at a story's first clip, which begins with the story's image."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """As `story.Clip` has them."""


@dataclass(frozen=True, kw_only=True)
class StoryPlan:
    """A chain of clips of one video. All are equally long; each begins where the one before ends, but at a cut."""

    story_id: str
    video: str
    """Name of the video in its data set: the id that its file is named by."""
    prompt: str
    """t: the video's title, or the first clip's text."""
    clips: tuple[ClipPlan, ...]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that gave no clip."""

    place: str
    """The video, its scene or event, or the line."""
    reason: str
    """One of `REASONS`."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class StoryPlans:
    """All plans of some annotations, in their order, and all that was left out."""

    plans: tuple[StoryPlan, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How much was left out, by reason."""
        return Counter(one.reason for one in self.left_out)

    @property
    def seconds(self) -> float:
        """Of all clips."""
        return sum(clip.end_s - clip.start_s for plan in self.plans for clip in plan.clips)


def clip_seconds(frames: int, fps: float) -> float:
    """How much of a video one clip of a decoder goes on: its first frame repeats the last one of the clip before (F.2, 11)."""
    if frames < 2 or not fps > 0:
        raise UserError(
            f"a clip has {frames} frames at {fps:g} a second; at least 2 frames and a rate above 0 are needed"
        )
    return (frames - 1) / fps


def name_stories(
    video: str, title: str | None, stories: Sequence[Sequence[ClipPlan]], conversion: Conversion
) -> list[StoryPlan]:
    """The chains as plans, the longest cut up, each with the title as its prompt, or its first text."""
    size = conversion.most_clips
    parts = [
        chain[begin : begin + (size or len(chain))]
        for chain in stories
        for begin in range(0, len(chain), size or max(1, len(chain)))
    ]
    plans: list[StoryPlan] = []
    for number, (first, *others) in enumerate(parts):
        clips = (replace(first, new_scene=False), *others)
        prompt = first_words(title, conversion.words) if title else first.text
        plans.append(StoryPlan(story_id=f"{video}-{number}", video=video, prompt=prompt, clips=clips))
    return plans


def first_words(text: str, words: int) -> str:
    """The text on one line, cut behind so many words."""
    return " ".join(text.split()[:words])
