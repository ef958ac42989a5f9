"""The row type of every table: its columns with their units, its key, how it is partitioned, and what makes a row "done".

A missing row means "not done yet". A row with a `reason` means "done, and put aside, and why": what is bad in the
footage is data, never an exception that leaves a hole. Every row carries `made_by`, the digest of the stage, its
algorithm version and its config, so that a changed config makes new rows beside the old ones.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from longtake.evaluation.segment_drift import SegmentDrift

BUCKETS = 64
"""Partitions of every table that comes from footage; a shard is a set of whole buckets."""

Edge = Literal["start", "cut", "gradual", "end"]
"""What a clip begins or ends with: the ends of the video, a hard cut, or a gradual transition."""

Outcome = Literal["kept", "dropped", "quarantined"]
"""What became of a row: used, put aside by a rule, or put aside because it could not be read."""


Split = Literal["train", "validation"]
"""Which side of a dataset a clip is on."""

METRICS = (
    "motion", "moving_area", "camera_shake", "camera_motion", "still_share", "flicker", "clarity", "noise", "blockiness",
    "brightness", "contrast", "colourfulness", "clipped_share", "border_share", "text_share",
)  # fmt: skip
"""The 15 sub-metrics in their fixed order, the columns of `scores`; `longtake/scoring/metrics.py` says what each is."""


def bucket_of(video_id: str) -> int:
    """The partition, 0 to 63, of all rows that come from this video."""
    return int(hashlib.sha256(video_id.encode()).hexdigest()[:8], 16) % BUCKETS


SPLIT_STEPS = 10_000


def split_of(video_id: str, validation_share: float) -> Split:
    """The side of a video and of all that comes from it, by a hash of its id: the same for ever.

    A larger share keeps every video on the validation side that a smaller one had there.
    """
    place = int(hashlib.sha256(f"split {video_id}".encode()).hexdigest()[:8], 16) % SPLIT_STEPS
    return "validation" if place < validation_share * SPLIT_STEPS else "train"


def digest(*parts: object, chars: int = 32) -> str:
    """Hexadecimal digest of JSON values, the same for equal values in every process and for ever."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:chars]


def content_id(path: Path) -> str:
    """What names a file by its bytes: the `video_id` of a raw video, and both ids of a clip that lies in no lake."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def made_by(stage: str, version: int, config: Mapping[str, Any]) -> str:
    """Who made a row: digest of the stage, the version of its algorithm and the part of its config that changes rows."""
    return digest(stage, version, config, chars=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One raw file by content: files with equal bytes are one row that keeps every uri.

    A row with a `reason` could not be probed: its numbers are zero and nothing after listing reads it.
    """

    TABLE: ClassVar[str] = "videos"
    KEY: ClassVar[tuple[str, ...]] = ("video_id",)

    video_id: str
    """The first 32 hexadecimal digits of the SHA-256 of the content."""
    bucket: int
    uris: list[str]
    """Everywhere this content lies, sorted."""
    etags: list[str]
    """Version tag of the object at each uri when it was read: an unchanged tag is not read again."""
    bytes: int
    duration_s: float
    fps: float
    """Average frames per second."""
    width: int
    """Pixels as displayed, after rotation."""
    height: int
    codec: str
    frames: int
    """Video packets in the container; what decodes may be fewer."""
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One span of one video between two transitions, cut into a file of its own, or dropped with a `reason`.

    A video that could not be sliced has exactly one row, of zero length, with the reason.
    """

    TABLE: ClassVar[str] = "clips"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "made_by")

    clip_id: str
    """Digest of video, exact span and encoding: the same clip has the same id whatever found it."""
    bucket: int
    video_id: str
    uri: str | None
    """The clip's file, relative to the data root; none where the span was dropped."""
    poster_uri: str | None
    """A strip of stills from the clip (JPEG), relative to the data root."""
    start_frame: int
    """First frame, counted in the order of decoding."""
    start_s: float
    end_s: float
    """Presentation time of the first frame after the clip."""
    frames: int
    fps: float
    width: int
    height: int
    begins_with: Edge
    ends_with: Edge
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        if self.reason is None:
            return "kept", ""
        return ("dropped" if self.frames else "quarantined"), self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What was measured on one clip. A row with a `reason` could not be measured: its numbers are null.

    `longtake/scoring/metrics.py` has the unit, the range, the method and the source of each sub-metric.
    """

    TABLE: ClassVar[str] = "scores"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "made_by")

    clip_id: str
    bucket: int
    video_id: str
    motion: float | None
    moving_area: float | None
    camera_shake: float | None
    camera_motion: float | None
    still_share: float | None
    flicker: float | None
    clarity: float | None
    noise: float | None
    blockiness: float | None
    brightness: float | None
    contrast: float | None
    colourfulness: float | None
    clipped_share: float | None
    border_share: float | None
    text_share: float | None
    """Null also where the config asks for no text detection."""
    aesthetic: float | None
    """1 to 10, by a LAION-style predictor; null where no weights were given."""
    vtss: float | None
    """Video training suitability score, 1 to 5; null where no network has scored."""
    vtss_reason: str | None
    """The sub-metric that costs the clip most: with the median of the network's training clips in its place, VTSS would rise
    by `vtss_gain`. Null where none would raise it, and where no network has scored."""
    vtss_gain: float | None
    fingerprint: str | None
    """Perceptual hashes of a few frames, hexadecimal: near-duplicates differ in few bits."""
    scorer: str
    """Whose numbers these are: `longtake`, or where they were imported from."""
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How suitable one person finds one clip for training a video generator."""

    TABLE: ClassVar[str] = "labels"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "annotator")

    clip_id: str
    bucket: int
    video_id: str
    annotator: str
    """The name that the person gave, or that the import gives."""
    score: float
    """1 (unusable) to 5 (ideal): one overall mark for dynamic quality, static quality and naturalness."""
    marked_at: str
    """ISO 8601, UTC."""
    made_by: str
    """`annotate`, or where it was imported from: `label-studio`."""

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return "kept", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Whether one clip is in one dataset, and if not, why."""

    TABLE: ClassVar[str] = "selections"
    KEY: ClassVar[tuple[str, ...]] = ("dataset", "clip_id")

    dataset: str
    clip_id: str
    bucket: int
    video_id: str
    kept: bool
    reason: str | None
    """The first rule that the clip fails; none where it is kept."""
    detail: str | None
    """Every rule that it fails with its value; of a duplicate, the clip that stands for it."""
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("kept", "") if self.kept else ("dropped", self.reason or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What one clip shows, in words. A row with a `reason` has none: what it was given was no caption.

    All texts are a model's, or read off the screen: untrusted. They are escaped where they are shown, and name nothing.
    """

    TABLE: ClassVar[str] = "captions"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "made_by")

    clip_id: str
    bucket: int
    video_id: str
    subject: str | None
    movement: str | None
    environment: str | None
    visual: str | None
    """Visual language."""
    camera: str | None
    """Camera language."""
    overall: str | None
    text: str | None
    """All of it as one description."""
    words: int | None
    """Of the text."""
    captioner: str
    """Who wrote it, with a version: `measured 1`, or the kind and the name of a model. Never the one for the other."""
    facts: str | None
    """What was measured, as JSON (`longtake/captioning/facts.py`); null where nothing was to be measured."""
    flag: str | None
    """`instructions` where it reads like orders to a model; null else."""
    complaints: str | None
    """Reasons of the answers that were turned down before this one, in order, with commas between; null of none."""
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window of one clip as a model is trained on it: latents and text, in a shard. A row with a `reason` has none."""

    TABLE: ClassVar[str] = "samples"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "window", "made_by")

    clip_id: str
    window: int
    """Which of the clip's windows, from 0; a clip that could not be encoded has the row 0 alone."""
    bucket: int
    video_id: str
    shard: str | None
    """Key of the safetensors file, relative to the data root; its name is the digest of its content."""
    index: int | None
    """Which of the shard's samples: its tensors are `<index>.latents` and `<index>.text`."""
    start_s: float | None
    """Where the window begins in the clip."""
    frames: int | None
    height: int | None
    """Pixels that were encoded."""
    width: int | None
    latent_T: int | None
    """Shape of the latents; a model makes tokens of them in patches of its own."""
    latent_H: int | None
    latent_W: int | None
    text_tokens: int | None
    psnr: float | None
    """dB of what the autoencoder makes of its own latents, against the frames."""
    conditions: str | None
    """JSON: the metrics of `scores` that models are conditioned on, by name, in their units; null where one is unknown."""
    caption: str | None
    """The text that was encoded."""
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training of a model, finished or given up. The key is the digest of all that decides it, so running again is resuming."""

    TABLE: ClassVar[str] = "runs"
    KEY: ClassVar[tuple[str, ...]] = ("run_id",)

    run_id: str
    bucket: int
    """`bucket_of(run_id)`."""
    dataset: str
    params: int
    """All that is trained; `16 L d^2` follows from the config."""
    tokens: int
    """Video tokens seen, over all steps."""
    flops: float
    """Of training on them, by the model's own count."""
    batch_tokens: int
    lr: float
    """At its peak."""
    steps: int
    seconds: float
    loss: float | None
    """On the validation draws, of the averaged weights; null where the run failed."""
    train_loss: float | None
    """Mean of the last tenth of the steps."""
    loss_floor: float | None
    """What a law says cannot be got below; null where none was given."""
    checkpoint: str | None
    """URI of the averaged weights, with all that sampling needs."""
    config: str
    """JSON of the whole config."""
    reason: str | None
    """Why there is no loss: `diverged`, `out_of_memory`."""
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(SegmentDrift):
    """One segment of a film that a world model has made, with what was measured on it while it was made: the columns of SegmentDrift,
    and these. An anchor is a cut, too.
    """

    TABLE: ClassVar[str] = "segments"
    KEY: ClassVar[tuple[str, ...]] = ("rollout_id", "index")

    rollout_id: str
    """Digest of the model, the script and the configs: the same film has the same id."""
    bucket: int
    """`bucket_of(rollout_id)`."""
    dynamics: str
    """d_k, a model's text or a user's: untrusted. It is written behind this segment and steers the one after it."""
    dynamics_given: bool
    """It is the user's."""
    clip_uri: str
    """The segment's file, relative to the data root: only what it adds to the film."""
    state_uri: str
    """State, key frames, words and the drift meter's memory (safetensors), relative to the data root."""
    anchored: bool
    """It began from the film's first picture again, since the segment before had drifted."""
    seconds: float
    """What it adds to the film, in seconds of it."""
    state_s: float
    """Time that it took the language model to read."""
    film_s: float
    """Time in the film decoder."""
    dynamics_s: float
    """Time that it took the language model to write."""
    encoder: str
    """Whose features numbers of similarity are: they compare under the same one alone."""
    crossed: str | None
    """The lines that it crosses, in words; null: none."""
    verdict: Literal["go_on", "anchor", "stop"]
    """What was done about it."""
    vtss: float | None
    """Null where no network has scored."""
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return "kept", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named, immutable choice of clips: `<data_root>/datasets/<name>.json`. What it pins, a training run can repeat."""

    name: str
    """The family's name and a digest of what is in it: `clips-1a2b3c4d`. The same name never means two things."""
    raw: str
    """It covers the videos below this prefix."""
    made_at: str
    """ISO 8601, UTC."""
    versions: dict[str, int]
    """Version of each Delta table when it was made."""
    made_by: dict[str, str]
    """Whose rows count, for each stage: slicing, scoring, selecting."""
    configs: dict[str, dict[str, Any]]
    """What each stage was told, every default spelled out."""
    validation_share: float
    """What `split_of` takes."""
    vtss_threshold: float | None = None
    """The least VTSS that is kept; null where clips are not chosen by it, and in datasets from before there was VTSS."""
    vtss_how: Literal["given", "valley", "fallback"] | None = None
    """Where it comes from: the config, the valley of the clips' own scores, or the paper, since they have none."""
    counts: dict[str, int]
    """Clips by "outcome" or "outcome:reason"."""
    clips: int
    """Kept ones."""
    seconds: float
    """Of the kept ones."""


Record = Video | Clip | Score | Label | Selection | Caption | Sample | Run | Segment
