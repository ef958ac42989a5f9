"""The config of each stage: one dictionary in a pipeline, a chart or a file, strictly loaded.

All of it goes into `made_by`, but limits only into that of what failed under them: a raised limit tries that again.
"""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.captioning.config import CaptioningConfig, Requests
from longtake.config import STRICT
from longtake.dit.config import Condition
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.evaluation.config import DriftLimits, EncoderConfig
from longtake.latents.config import EncodingConfig
from longtake.scoring.config import ScoringConfig
from longtake.selecting.config import SelectingConfig
from longtake.slicing.config import SlicingConfig
from longtake.video.config import Encoding, Limits


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ListingConfig:
    """Which objects below the raw prefix are videos, and what one of them may cost."""

    suffixes: tuple[Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")], ...] = (
        ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf",
        ".ogv", ".ts", ".vob", ".webm", ".wmv",
    )  # fmt: skip
    """Endings of names, in lower case, that are taken for video; other objects are counted and left alone."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one file may cost."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SlicingStageConfig:
    """How videos become clips."""

    rule: SlicingConfig = Field(default_factory=SlicingConfig)
    """Where the transitions are, and which spans are kept."""
    encoding: Encoding = Field(default_factory=Encoding)
    """How a clip is written."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one file may cost."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Work:
    """Who does the work of a step; it changes no row."""

    engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or actors of the Ray cluster at RAY_ADDRESS (without one, of a Ray on this machine)."""
    readers: int = Field(default=0, ge=0)
    """Workers that decode and measure; 0: one a processor of the machine or cluster."""
    models: int = Field(default=1, ge=1)
    """Workers that hold the aesthetic predictor, where the config has one, and with `model_gpus` the TSA network, which the
    readers hold otherwise."""
    model_batch: int = Field(default=16, ge=1)
    """Clips that are given to a model together."""
    model_gpus: float = Field(default=0.0, ge=0)
    """GPUs of each of them; 0.5: two share one."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScoringStageConfig:
    """How clips are measured."""

    measuring: ScoringConfig = Field(default_factory=ScoringConfig)
    """What is measured, on which frames."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one clip may cost."""
    work: Work = Field(default_factory=Work)
    """Who does it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CaptionWork:
    """Who captions; it changes no row."""

    engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or actors of the Ray cluster at RAY_ADDRESS (without one, of a Ray on this machine)."""
    readers: int = Field(default=0, ge=0)
    """Workers that decode and measure; `measured` writes there as well. 0: one a processor of the machine or cluster."""
    models: int = Field(default=1, ge=1)
    """Workers that hold a model, or ask a server."""
    model_batch: int = Field(default=64, ge=1)
    """Clips that are given to one of them together; of these, `transformers.slots` or `requests.concurrency` are under way at once."""
    model_gpus: float = Field(default=0.0, ge=0)
    """GPUs of each of them; 0.5: two share one."""
    requests: Requests = Field(default_factory=Requests)
    """How a server is asked."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CaptioningStageConfig:
    """How clips are captioned."""

    writing: CaptioningConfig = Field(default_factory=CaptioningConfig)
    """Who writes, what it is shown and asked, what is accepted."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one clip may cost."""
    work: CaptionWork = Field(default_factory=CaptionWork)
    """Who does it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EncodingWork:
    """Who encodes; it changes no latents."""

    engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or actors of the Ray cluster at RAY_ADDRESS (without one, of a Ray on this machine)."""
    readers: int = Field(default=0, ge=0)
    """Workers that decode clips; 0: one a processor of the machine or cluster."""
    models: int = Field(default=1, ge=1)
    """Workers that hold the autoencoder and the text encoder."""
    model_gpus: float = Field(default=0.0, ge=0)
    """GPUs of each of them; 0.5: two share one."""
    judged: float = Field(default=1.0, ge=0, le=1)
    """Share of clips that are decoded again for their PSNR, by a hash of their ids: a large autoencoder takes longer for that than for
    encoding."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EncodingStageConfig:
    """How a dataset becomes samples."""

    encoding: EncodingConfig = Field(default_factory=EncodingConfig)
    """What is taken of a clip, and who encodes it and its caption."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one clip may cost."""
    work: EncodingWork = Field(default_factory=EncodingWork)
    """Who does it."""


Length = Literal["2s", "8s", "24s"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScriptConfig:
    """How long a film is, where it is cut, and what happens in it."""

    film: Length = "8s"
    """The paper's, of clips of two seconds. 2s: 1 segment; 8s: 4 of one scene; 24s: 3 scenes of 4."""
    segments: int | None = Field(default=None, ge=1, le=100_000)
    """Instead of `film`."""
    cuts: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """Segments that begin a new scene, counted from 0; null: those of `film`, and none with `segments`."""
    dynamics: tuple[str, ...] = ()
    """Texts instead of the model's, each `TEXT@K`: d_K is written behind segment K and steers the one after it."""
    conditions: dict[Condition, float] = Field(default_factory=dict)
    """Metrics that the film is to have, in the units of `scores`, of those that the film decoder knows."""
    seed: int = Field(default=0, ge=0, le=2**32)
    """The same seed, the same film; with several prompts each has it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GeneratingConfig:
    """How films are made."""

    script: ScriptConfig = Field(default_factory=ScriptConfig)
    """Of every film of a run."""
    sampling: SamplingConfig = Field(default_factory=SamplingConfig)
    """How each segment is drawn; `text_guidance` is the weight of the state."""
    drift: DriftLimits = Field(default_factory=DriftLimits)
    """Lines that a segment is not to cross; none unless they are given."""
    on_drift: Literal["go_on", "anchor", "stop"] = "go_on"
    """What follows a segment that crosses one. go_on: it is noted; anchor: the next begins from the first picture again; stop: the film
    ends with it."""
    encoder: EncoderConfig = Field(default_factory=EncoderConfig)
    """What drift is seen by."""
    batch: int = Field(default=1, ge=1, le=256)
    """Films that the language model reads together; it changes no film but by rounding."""


def check_agreement(scoring: ScoringStageConfig, selecting: SelectingConfig) -> None:
    """Raises UserError for choosing by what scoring is told not to measure: said before the work, not after it."""
    network = "give scoring a network (scoring_config: {measuring: {suitability: {weights: ...}}})"
    if selecting.by != "thresholds" and scoring.measuring.suitability is None:
        raise UserError(
            f"selecting chooses by VTSS (by: {selecting.by}), which this scoring config does not predict; {network}, or choose "
            "by hand-set thresholds (selecting_config: {by: thresholds})"
        )
    if selecting.by == "vtss":
        return
    remedies = {
        "vtss": None if scoring.measuring.suitability else network,
        "text_share": None if scoring.measuring.text else "let scoring look for it (measuring: {text: true})",
        "aesthetic": None
        if scoring.measuring.aesthetics
        else "give scoring the weights (measuring: {aesthetics: ...})",
    }
    for metric, remedy in remedies.items():
        allowed = getattr(selecting.thresholds, metric)
        if remedy and (allowed.min is not None or allowed.max is not None):
            raise UserError(
                f"selecting has a threshold on {metric}, which this scoring config does not measure; {remedy}, or take the "
                f"threshold away (selecting_config: {{thresholds: {{{metric}: {{}}}}}})"
            )
