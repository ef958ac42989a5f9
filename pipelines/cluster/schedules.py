"""Runs that come again, as the values have them, and what each pipeline takes from one: wrong ones are not installed."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, model_validator
from pydantic.dataclasses import dataclass

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.config import STRICT, load_config
from longtake.datasets.naming import FAMILY
from longtake.dit.recipe import TrainingConfig
from longtake.promotion.config import PromotingConfig
from longtake.scaling.config import SweepConfig
from longtake.selecting.config import SelectingConfig
from longtake.stages.config import (
    CaptioningStageConfig,
    EncodingStageConfig,
    GeneratingConfig,
    ListingConfig,
    ScoringStageConfig,
    SlicingStageConfig,
)
from longtake.stages.owl_training_config import OwlStageConfig
from longtake.tsa_training.config import TSATrainingConfig
from pipelines.cluster.cron import EXAMPLE
from pipelines.cluster.texts import CAMEL, Place

Shards = Annotated[StrictInt, Field(ge=1, le=64)]
DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,56}$", examples=["clips"])]
FamilyName = Annotated[str, Field(pattern=FAMILY, examples=["clips"])]
ModelFamily = Annotated[str, Field(pattern=FAMILY, examples=["dit"])]
FewestNew = Annotated[StrictInt, Field(ge=0)]
SamplesName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,56}(\.[0-9a-f]{8})?$", examples=["clips", "clips-1a2b3c4d.5e6f7a8b"])
]
Parts = Annotated[StrictInt, Field(ge=1, le=64)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DoctorParameters:
    """What the pipeline doctor can be given."""

    raw: Place = "s3://footage/raw"
    """Where the raw videos lie."""
    data_root: Place = "s3://lake/data"
    """Where all else goes."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CurateParameters(DoctorParameters):
    """What the pipeline curate can be given."""

    shards: Shards = 4
    """How many pods slice at once."""
    dataset: FamilyName = "clips"
    """The family's name; a digest of what was chosen is added to it."""
    listing_config: ListingConfig = Field(default_factory=ListingConfig)
    """Fields of ListingConfig that are not to have their default."""
    slicing_config: SlicingStageConfig = Field(default_factory=SlicingStageConfig)
    """Fields of SlicingStageConfig that are not to have their default."""
    scoring_config: ScoringStageConfig = Field(default_factory=ScoringStageConfig)
    """Fields of ScoringStageConfig that are not to have their default."""
    selecting_config: SelectingConfig = Field(default_factory=SelectingConfig)
    """Fields of SelectingConfig that are not to have their default."""
    captioning_config: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Fields of CaptioningStageConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainTSAParameters(DoctorParameters):
    """What the pipeline train-tsa can be given."""

    slicing_config: SlicingStageConfig = Field(default_factory=SlicingStageConfig)
    """Whose clips: the config that slicing was given."""
    scoring_config: ScoringStageConfig = Field(default_factory=ScoringStageConfig)
    """What is measured and looked at: the config that scoring was given."""
    tsa_training_config: TSATrainingConfig = Field(default_factory=TSATrainingConfig)
    """Fields of TSATrainingConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TuneCaptionerParameters(DoctorParameters):
    """What the pipeline tune-captioner can be given."""

    dataset: DatasetName = "clips"
    """Whose clips: a dataset's name, or that of a family, whose newest dataset it is."""
    captioning_config: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Whose captions are learned from: the config that captioning was given for them."""
    caption_tuning_config: CaptionTuningConfig = Field(default_factory=CaptionTuningConfig)
    """Fields of CaptionTuningConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainParameters(DoctorParameters):
    """What the pipeline train can be given."""

    dataset: DatasetName = "clips"
    """What is learned from: a dataset's name, or that of a family, whose newest dataset it is."""
    start: str = ""
    """URI of a trained model to go on from."""
    captioning_config: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Whose captions go with the clips: the config that captioning was given for them."""
    encoding_config: EncodingStageConfig = Field(default_factory=EncodingStageConfig)
    """Fields of EncodingStageConfig that are not to have their default."""
    training_config: TrainingConfig = Field(default_factory=TrainingConfig)
    """Fields of TrainingConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainOwlParameters(DoctorParameters):
    """What the pipeline train-owl can be given."""

    start: str = ""
    """URI of a world model to go on from, or of a trained video model whose film decoder is taken over."""
    captioning_config: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Whose captions go with a dataset's clips, where stories are those: the config that captioning was given for them."""
    owl_alignment_config: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """Fields of OwlStageConfig of the first stage that are not to have their default; `skip` leaves it out."""
    owl_generative_config: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """The same of the second stage."""
    owl_world_config: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """The same of the third stage."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RetrainParameters(CurateParameters):
    """What the pipeline retrain can be given."""

    family: ModelFamily = "dit"
    """The family of models that the new one belongs to: its promoted model is trained on, and may be replaced."""
    fewest_new: FewestNew = 1
    """New videos that are worth a training; 0: always."""
    encoding_config: EncodingStageConfig = Field(default_factory=EncodingStageConfig)
    """Fields of EncodingStageConfig that are not to have their default."""
    training_config: TrainingConfig = Field(default_factory=TrainingConfig)
    """Fields of TrainingConfig that are not to have their default."""
    promoting_config: PromotingConfig = Field(default_factory=PromotingConfig)
    """Fields of PromotingConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScaleParameters(DoctorParameters):
    """What the pipeline scale can be given."""

    samples: SamplesName = "clips"
    """What its runs are trained on: a sample set, or a dataset or family of datasets, whose newest set it is."""
    parts: Parts = 4
    """How many pods train at once."""
    sweep_config: SweepConfig = Field(default_factory=SweepConfig)
    """Fields of SweepConfig that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GenerateParameters(DoctorParameters):
    """What the pipeline generate can be given."""

    model: str = ""
    """URI of the world model."""
    prompt: str = ""
    """What the film shows."""
    image: str = ""
    """URI of the picture that it begins with."""
    prompts: str = ""
    """URI of a file of prompts instead, a film each."""
    images: str = ""
    """Where the pictures are that a VBench-I2V file names."""
    start_model: str = ""
    """URI of a trained DiT that makes the picture from the text, where none is given."""
    generating_config: GeneratingConfig = Field(default_factory=GeneratingConfig)
    """Fields of GeneratingConfig that are not to have their default."""


PARAMETERS: dict[str, type] = {
    "curate": CurateParameters,
    "doctor": DoctorParameters,
    "generate": GenerateParameters,
    "retrain": RetrainParameters,
    "scale": ScaleParameters,
    "train": TrainParameters,
    "train-owl": TrainOwlParameters,
    "train-tsa": TrainTSAParameters,
    "tune-captioner": TuneCaptionerParameters,
}


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Schedule:
    """A run that comes again: at most one at a time, and what was missed is not made up for."""

    pipeline: Literal[
        "curate", "doctor", "generate", "retrain", "scale", "train", "train-owl", "train-tsa", "tune-captioner"
    ]
    """What runs."""
    cron: Annotated[str, Field(pattern=r"^0( +[0-9*/,\-?A-Za-z]+){5}$", examples=[EXAMPLE])]
    """Six fields in UTC, seconds first: second (0), minute, hour, day of month, month, day of week."""
    enabled: bool = True
    """False: it is there, and sleeps."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters that are not to have the pipeline's default."""

    @model_validator(mode="after")
    def _check_parameters(self) -> "Schedule":
        load_config(PARAMETERS[self.pipeline], self.parameters, where="parameters")
        return self
