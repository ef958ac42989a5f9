"""Defaults of the pipelines' parameters, as the values have them: a config for each stage, and what each pipeline has of its own."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.caption_tuning.config import CaptionTuningConfig
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
from pipelines.cluster.schedules import DatasetName, FamilyName, FewestNew, ModelFamily, Parts, SamplesName, Shards
from pipelines.cluster.texts import CAMEL


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Configs:
    """The config of each stage that has one: the default of the parameter `<stage>_config`."""

    listing: ListingConfig = Field(default_factory=ListingConfig)
    """Fields of ListingConfig that are not to have their default."""
    slicing: SlicingStageConfig = Field(default_factory=SlicingStageConfig)
    """Fields of SlicingStageConfig (rule, encoding, limits) that are not to have their default."""
    scoring: ScoringStageConfig = Field(default_factory=ScoringStageConfig)
    """Fields of ScoringStageConfig (measuring, limits, work) that are not to have their default."""
    selecting: SelectingConfig = Field(default_factory=SelectingConfig)
    """Fields of SelectingConfig (by, vtss_min, thresholds, duplicates, validation) that are not to have their default."""
    captioning: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Fields of CaptioningStageConfig (writing, limits, work) that are not to have their default."""
    encoding: EncodingStageConfig = Field(default_factory=EncodingStageConfig)
    """Fields of EncodingStageConfig (encoding, limits, work) that are not to have their default."""
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    """Fields of TrainingConfig (model, objective, batch_tokens, steps, lr, validation, ...) that are not to have their default."""
    promoting: PromotingConfig = Field(default_factory=PromotingConfig)
    """Fields of PromotingConfig (margin, sigmas, samples, draws) that are not to have their default."""
    tsa_training: TSATrainingConfig = Field(default_factory=TSATrainingConfig)
    """Fields of TSATrainingConfig (preset, targets, curriculum, split, optimisation, seeds) that are not to have their default."""
    caption_tuning: CaptionTuningConfig = Field(default_factory=CaptionTuningConfig)
    """Fields of CaptionTuningConfig (model, lora, vision, projector, optimisation, judging) that are not to have their default."""
    owl_alignment: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """Fields of OwlStageConfig (owl, film, stories, training, work, skip) that are not to have their default, of the first stage."""
    owl_generative: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """The same of the second: what it goes on from says owl and film."""
    owl_world: OwlStageConfig = Field(default_factory=OwlStageConfig)
    """The same of the third."""
    sweep: SweepConfig = Field(default_factory=SweepConfig)
    """Fields of SweepConfig (preset, depths, budgets, grid, repeats, held_out, cap_flops, work) that are not to have their default."""
    generating: GeneratingConfig = Field(default_factory=GeneratingConfig)
    """Fields of GeneratingConfig (script, sampling, drift, on_drift, encoder, batch) that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class CurateDefaults:
    """Defaults of the pipeline curate."""

    shards: Shards = 4
    """How many pods slice and score at once."""
    dataset: FamilyName = "clips"
    """Family of the datasets that it makes."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class TuneCaptionerDefaults:
    """Defaults of the pipeline tune-captioner."""

    dataset: DatasetName = "clips"
    """Whose clips: a dataset's name, or that of a family, whose newest dataset it is."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class TrainDefaults:
    """Defaults of the pipeline train."""

    dataset: DatasetName = "clips"
    """What is learned from: a dataset's name, or that of a family, whose newest dataset it is."""
    start: str = ""
    """URI of a trained model to go on from; empty: from the beginning."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class TrainOwlDefaults:
    """Defaults of the pipeline train-owl."""

    start: str = ""
    """URI of a world model to go on from, or of a trained video model whose film decoder is taken over; empty: from the beginning."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class RetrainDefaults:
    """Defaults of the pipeline retrain."""

    shards: Shards = 4
    """How many pods slice and score at once."""
    dataset: FamilyName = "clips"
    """Family of the datasets that it makes."""
    family: ModelFamily = "dit"
    """Family of the models: its promoted one is trained on, and may be replaced."""
    fewest_new: FewestNew = 1
    """New videos that are worth a training; 0: always."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class ScaleDefaults:
    """Defaults of the pipeline scale."""

    samples: SamplesName = "clips"
    """What its runs are trained on: a sample set, or a dataset or family of datasets, whose newest set it is."""
    parts: Parts = 4
    """How many pods train at once."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class GenerateDefaults:
    """Defaults of the pipeline generate."""

    model: str = ""
    """URI of the world model, as owl_training gave it out; empty: a run says which."""
    prompt: str = ""
    """What the film shows."""
    image: str = ""
    """URI of the picture that it begins with."""
    prompts: str = ""
    """URI of a file of prompts instead, a film each: one a line, VBench's, WebVid's or Vript's."""
    images: str = ""
    """Folder or prefix of the pictures that a VBench-I2V file names."""
    start_model: str = ""
    """URI of a trained DiT that makes the picture from the text, where none is given."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class PipelineDefaults:
    """Defaults of pipelines; those of raw and data_root are in `lake`, those of configs in `configs`."""

    curate: CurateDefaults = Field(default_factory=CurateDefaults)
    train: TrainDefaults = Field(default_factory=TrainDefaults)
    train_owl: TrainOwlDefaults = Field(default_factory=TrainOwlDefaults)
    retrain: RetrainDefaults = Field(default_factory=RetrainDefaults)
    scale: ScaleDefaults = Field(default_factory=ScaleDefaults)
    generate: GenerateDefaults = Field(default_factory=GenerateDefaults)
    tune_captioner: TuneCaptionerDefaults = Field(default_factory=TuneCaptionerDefaults)
