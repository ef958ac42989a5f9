"""`longtake train-tsa`: a TSA network from a folder of footage, by graded defects; no lake is needed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake import __version__
from longtake.config import dump_config, load_config
from longtake.errors import UserError
from longtake.files.given import with_progress
from longtake.scoring.architecture import PRESETS
from longtake.stages.config import ScoringStageConfig
from longtake.stages.tsa_examples import examples_of, paint
from longtake.stages.tsa_page import training_page
from longtake.tsa_training.config import TSATrainingConfig
from longtake.tsa_training.course import Lesson, course_id, judge_samples, learn, save
from longtake.tsa_training.examples import ExampleFiles
from longtake.tsa_training.footage import STILLS, Source
from longtake.tsa_training.samples import Part

VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm")
SENTENCE = "the severity of defects that were put into clean footage: it stands in for people's marks"


@dataclass(frozen=True)
class Trained:
    """What came of a training on files."""

    lesson: Lesson
    weights: Path
    page: Path


def train_on_files(
    footage: Sequence[Path], *, out: Path, work: Path, config: Mapping[str, Any], scoring: Mapping[str, Any]
) -> Trained:
    """Trains on the videos and photographs of some folders, writes the checkpoint to `out` and a page beside it.

    What is finished in `work` is not done again. Raises UserError for a wrong config or too little footage.
    """
    settings = load_config(TSATrainingConfig, config, where="tsa_training config")
    measuring = load_config(ScoringStageConfig, scoring, where="scoring config")
    if settings.targets == "labels":
        raise UserError(
            "targets: labels needs the marks of a lake; give --raw and --data-root, or targets: curriculum with --footage"
        )
    sources = find_sources(footage)
    samples, unread = paint(sources, work, settings, measuring.measuring, measuring.limits, with_progress)
    for name, reason in unread.items():
        print(f"{name}: left out, {reason}")
    examples = examples_of(samples)
    networks = work / "networks" / course_id(examples, settings, PRESETS[settings.preset])
    lesson = learn(judge_samples(samples), examples, ExampleFiles(work / "examples"), settings, networks, print)
    uses: tuple[tuple[str, Part], ...] = (("trained on", "train"), ("stopped by", "validation"), ("judged on", "test"))
    facts = {use: ", ".join(sorted({s.shot.source for s in samples if s.part == part})) for use, part in uses}
    facts["config"] = json.dumps(dump_config(settings))
    out.parent.mkdir(parents=True, exist_ok=True)
    save(out, lesson, settings, facts)
    page = out.with_suffix(".html")
    page.write_text(
        training_page(lesson, settings, sentence=SENTENCE, facts={"made by": f"longtake {__version__}"} | facts),
        encoding="utf-8",
    )
    return Trained(lesson, out, page)


def find_sources(folders: Sequence[Path]) -> list[Source]:
    """Every video and photograph of the folders, in the order of names. Raises UserError for none, or for two of one name."""
    found: dict[str, Source] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"--footage {folder} is no folder; give one with videos, or with photographs")
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in (*VIDEOS, *STILLS):
                if path.stem in found:
                    raise UserError(f"{path} and {found[path.stem].path} have the same name; sources are known by it")
                found[path.stem] = Source(path.stem, path)
    if not found:
        raise UserError(
            f"there are no videos or photographs in {', '.join(map(str, folders))}; a training needs three files or more that end in "
            f"{', '.join((*VIDEOS, *STILLS))}, and does not look into folders below"
        )
    return [found[name] for name in sorted(found)]
