"""A whole training, once its examples are there: every seed, the one that is kept, its judgement and its file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from longtake.config import dump_config
from longtake.errors import UserError
from longtake.records import METRICS, digest
from longtake.scoring.architecture import PRESETS, Architecture
from longtake.scoring.checkpoint import Calibration, save_checkpoint
from longtake.scoring.network import TSANetwork
from longtake.selecting.config import Range, Thresholds
from longtake.tsa_training.agreement import agree
from longtake.tsa_training.config import ALGORITHM_VERSION, Curriculum, TSATrainingConfig
from longtake.tsa_training.defects import KINDS
from longtake.tsa_training.evaluation import Judged, evaluate
from longtake.tsa_training.examples import Example, ExampleFiles, ExampleSet, calibrate
from longtake.tsa_training.eyes import eyes_digest, read_eyes
from longtake.tsa_training.findings import Evaluation
from longtake.tsa_training.fitting import Epoch
from longtake.tsa_training.samples import Part, Sample, Shot, draw_drawn, draw_test, draw_training
from longtake.tsa_training.training import VIDEO_BRANCHES, Training, ablation, name_of, only

Tell = Callable[[str], None]
VALIDATION_SHARE = 0.12
"""Of the samples that are trained on: so many more to stop by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What came of a training."""

    network: TSANetwork
    calibration: Calibration
    seed: int
    """Whose network is kept: of all seeds the median on the validation sources."""
    evaluation: Evaluation
    """Of the network that is kept, on the test sources."""
    judged: list[Judged]
    """Every example with what that network says of it."""
    history: dict[str, list[Epoch]]
    """Of what the network consists of, by seed and branches."""
    ablation: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """Figures on the test sources by row, a dictionary for each seed."""


def draw_samples(shots: Iterable[Shot], parts: Mapping[str, Part], config: Curriculum) -> list[Sample]:
    """Everything that a curriculum trains on, stops by and is judged by."""
    of: dict[Part, list[Shot]] = {"train": [], "validation": [], "test": []}
    for shot in shots:
        of[parts[shot.source]].append(shot)
    for part, found in of.items():
        if not found:
            raise UserError(f"no shot of the {part} sources is {config.shot_s:g} s long; give more or longer footage")
    stopping = round(config.samples * VALIDATION_SHARE)
    return [
        *draw_training(of["train"], config.samples, "train", config),
        *draw_drawn(config),
        *draw_training(of["validation"], stopping, "validation", config),
        *draw_test(of["test"], config),
    ]


def learn(
    judge: Callable[[Example, float, NDArray[np.float32]], Iterable[Judged]],
    examples: Sequence[Example],
    files: ExampleFiles,
    config: TSATrainingConfig,
    folder: Path,
    tell: Tell,
) -> Lesson:
    """Trains a network for each seed, and judges the median one. `judge` makes rows of an example, its VTSS and its labels.

    What is finished in `folder` is not trained again.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    labels_NL = np.stack([files.labels(example.name) for example in examples])
    learned = np.array([example.part == "train" for example in examples])
    targets_N = np.array([example.target for example in examples])
    data = ExampleSet(examples, files, calibrate(labels_NL[learned], targets_N[learned]), device)
    architecture = PRESETS[config.preset]
    eyes = read_eyes(config.eyes, architecture.eyes) if architecture.eyes else {}
    rows = ablation(architecture) if config.ablation else {"": architecture}
    alone = () if architecture.eyes else VIDEO_BRANCHES
    branches = [only(architecture, name) for name in alone if getattr(architecture, name)]
    consists_of = {name_of(part) for part in (architecture, *branches)}
    networks: dict[int, TSANetwork] = {}
    trainings: dict[int, Training] = {}
    history: dict[str, list[Epoch]] = {}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in rows if name}
    for seed in config.seeds:
        seed_folder = folder / f"seed-{seed}"
        seed_folder.mkdir(parents=True, exist_ok=True)

        def told(name: str, epoch: Epoch, seed: int = seed) -> None:
            branches = name.rsplit("-", 1)[0]
            tell(f"seed {seed}, {branches}: epoch {epoch.number + 1}, loss {epoch.loss:.3f}, SRCC {epoch.srcc:.3f}")

        training = trainings[seed] = Training(data, config.optimisation, seed, seed_folder, told, eyes)
        for name, row in rows.items():
            network = training.train(row)
            if name:
                figures[name].append(_figures(training, network, data))
            if row == architecture:
                networks[seed] = network
                history |= {
                    f"seed {seed} {name.rsplit('-', 1)[0]}": epochs
                    for name, epochs in training.history.items()
                    if name in consists_of
                }
    ranked = sorted(networks, key=lambda seed: _srcc(trainings[seed], networks[seed], data, "validation"))
    seed = ranked[len(ranked) // 2]
    vtss_N = trainings[seed].scores(networks[seed], range(len(examples)))
    judged = [
        row
        for example, vtss, labels_L in zip(examples, vtss_N, labels_NL, strict=True)
        for row in judge(example, float(vtss), labels_L)
    ]
    evaluation = evaluate(judged, vtss_min=config.vtss_min, thresholds=measured_thresholds(labels_NL))
    return Lesson(
        network=networks[seed], calibration=data.calibration, seed=seed,
        evaluation=evaluation, judged=judged, history=history, ablation=figures,
    )  # fmt: skip


def measured_thresholds(labels_NL: NDArray[np.float32]) -> Thresholds:
    """The default hand-set thresholds, but for sub-metrics that no example has: text where it was not looked for."""
    missing = [name for name, labels_N in zip(METRICS, labels_NL.T, strict=True) if np.isnan(labels_N).all()]
    return replace(Thresholds(), **{name: Range() for name in missing})


def save(path: Path, lesson: Lesson, config: TSATrainingConfig, facts: Mapping[str, str]) -> None:
    """Writes the checkpoint, with its figures on the test sources beside what it was trained on."""
    found = lesson.evaluation
    said = {name: f"SRCC {group.srcc.value:.3f} on {group.samples} clips" for name, group in found.groups.items()}
    said["ladders"] = f"{found.ladders.all.count} of {found.ladders.all.of} neighbouring pairs in order"
    save_checkpoint(path, lesson.network, lesson.calibration, {**facts, "seed": str(lesson.seed), **said})


def course_id(examples: Sequence[Example], config: TSATrainingConfig, architecture: Architecture) -> str:
    """What tells one training from another: the same footage, marks, eyes and optimisation give the same networks."""
    learned = sorted((example.name, example.target, example.part) for example in examples)
    eyes = eyes_digest(read_eyes(config.eyes, architecture.eyes)) if architecture.eyes else ""
    how = dump_config(config.optimisation)
    return digest("tsa_training", ALGORITHM_VERSION, how, dump_config(architecture), eyes, learned, chars=12)


def judge_samples(samples: Iterable[Sample]) -> Callable[[Example, float, NDArray[np.float32]], list[Judged]]:
    """Rows of a curriculum's examples. A clean clip of the test stands at the foot of each ladder of its shot."""
    by_name = {sample.name: sample for sample in samples}
    ladders: dict[str, list[str]] = {}
    for sample in by_name.values():
        if sample.part == "test" and sample.ladder and sample.step == 1:
            ladders.setdefault(sample.group, []).append(sample.ladder)

    def judge(example: Example, vtss: float, labels_L: NDArray[np.float32]) -> list[Judged]:
        sample = by_name[example.name]
        stands_on: Sequence[str | None] = [sample.ladder or None]
        if sample.part == "test" and not sample.defects:
            stands_on = [*ladders.get(sample.group, []), None][: max(1, len(ladders.get(sample.group, [])))]
        return [
            Judged(
                sample_id=sample.name, source=sample.shot.source, kinds=tuple(kind for kind, _ in sample.defects),
                severities=tuple(severity for _, severity in sample.defects),
                dimensions=tuple(KINDS[kind].dimension for kind, _ in sample.defects), ladder=ladder, step=sample.step,
                held_out_source=sample.part == "test", held_out_kind=sample.held_out_kind, target=sample.target, vtss=vtss,
                metrics=tuple(labels_L.tolist()),
            )
            for ladder in stands_on
        ]  # fmt: skip

    return judge


def _figures(training: Training, network: TSANetwork, data: ExampleSet) -> dict[str, float]:
    """PLCC, SRCC, KRCC and RMSE on the test sources."""
    indices = data.part("test")
    found = agree(training.scores(network, indices), _targets(data, indices), [""] * len(indices), draws=0)
    return {name: getattr(found, name).value for name in ("plcc", "srcc", "krcc", "rmse")}


def _srcc(training: Training, network: TSANetwork, data: ExampleSet, part: Part) -> float:
    indices = data.part(part)
    found = agree(training.scores(network, indices), _targets(data, indices), [""] * len(indices), draws=0)
    return found.srcc.value


def _targets(data: ExampleSet, indices: Sequence[int]) -> NDArray[np.float64]:
    return np.array([data.examples[index].target for index in indices])
