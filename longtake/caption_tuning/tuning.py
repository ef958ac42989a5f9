"""A whole tuning, once captions and frames are there: the training, and what the model is worth before and after."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from longtake.caption_tuning.adapter import Pupil, count_all, make_pupil
from longtake.caption_tuning.batches import Plan
from longtake.caption_tuning.config import ALGORITHM_VERSION, CaptionTuningConfig
from longtake.caption_tuning.frames import FrameFiles
from longtake.caption_tuning.judging import Judged, judge
from longtake.caption_tuning.lessons import Lesson, training_lessons
from longtake.caption_tuning.seeds import Seed
from longtake.caption_tuning.steps import Role, StepRecord
from longtake.caption_tuning.training import Course
from longtake.captioning.dialogue import Answer
from longtake.captioning.vlm.decoding import Decoder
from longtake.captioning.vlm.decoding import Sequence as Said
from longtake.captioning.vlm.loading import VLM
from longtake.captioning.vlm.prompting import Example, encode
from longtake.config import dump_config
from longtake.records import Split, digest

Show = Callable[[str, Iterator[Any], int], Iterator[Any]]
"""Shows how far a stream is: its name, the stream, how many items."""


@dataclass(frozen=True)
class Exchange:
    """One held-out question, and its answers."""

    lesson: Lesson
    before: Judged
    after: Judged


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """What came of a tuning."""

    vlm: VLM
    pupil: Pupil
    counts: Mapping[Role, int]
    """Numbers that learned, by role."""
    weights: int
    """Numbers of the whole model."""
    history: list[StepRecord]
    lessons: Mapping[Split, int]
    """Questions that there are on each side."""
    exchanges: list[Exchange]
    """Held-out questions that the model has answered."""

    @property
    def held_out_losses(self) -> tuple[float | None, float | None]:
        """Before the first step and after the last one."""
        return self.history[0].held_out_loss, self.history[-1].held_out_loss


def tune(
    vlm: VLM,
    sides: Mapping[Split, Sequence[Seed]],
    files: FrameFiles,
    config: CaptionTuningConfig,
    state: Path,
    show: Show,
) -> Tuned:
    """Trains adapters into the model, going on from `state` if that is there, and judges it. Raises UserError."""
    torch.manual_seed(config.optimisation.seed)
    weights = count_all(vlm.model)
    pupil = make_pupil(vlm.model, config)
    lessons = {side: training_lessons(seeds, config) for side, seeds in sides.items()}
    taught, held_out = lessons["train"], sorted(lessons["validation"], key=lambda lesson: digest(lesson.seed.name))
    asked = [*taught, *held_out[: config.judging.loss_lessons]]
    optimisation = config.optimisation
    plan = Plan(
        [lesson.seed.kind for lesson in taught], config.images_per_video,
        step_size=optimisation.batch * optimisation.accumulation, epochs=optimisation.epochs, seed=optimisation.seed,
    )  # fmt: skip

    def example(place: int) -> Example:
        return encode_lesson(vlm, files, asked[place], answered=True)

    course = Course(vlm, pupil, example, plan, config, range(len(taught), len(asked)))
    judging = first_captions(held_out, config.judging.written)

    def judge_all(name: str) -> list[Judged]:
        questions = (encode_lesson(vlm, files, lesson, answered=False) for lesson in judging)
        answers = write_answers(vlm, questions, [lesson.ask.tokens for lesson in judging], config.judging.batch)
        answers = show(name, answers, len(judging))
        return [judge(lesson, answer, config.rules) for lesson, answer in zip(judging, answers, strict=True)]

    with pupil.as_before(), pupil.autocast():
        before = judge_all("captioning before")
    history = list(show("training", course.run(state), plan.steps + 1))
    with pupil.autocast():
        after = judge_all("captioning after")
    return Tuned(
        vlm=vlm, pupil=pupil, counts=pupil.count(), weights=weights, history=history,
        lessons={side: len(found) for side, found in lessons.items()},
        exchanges=[Exchange(*row) for row in zip(judging, before, after, strict=True)],
    )  # fmt: skip


def course_id(sides: Mapping[Split, Sequence[Seed]], config: CaptionTuningConfig, model: str) -> str:
    """What tells one training from another: the same captions, model (its digest) and config give the same weights."""
    how = dump_config(config)
    for name in ("model", "limits", "held_to_rules"):
        del how[name]
    for name in ("written", "batch", "shown"):
        del how["judging"][name]
    learned = {
        side: [[seed.name, seed.kind, seed.text, seed.parts and asdict(seed.parts)] for seed in seeds]
        for side, seeds in sides.items()
    }
    return digest("caption_tuning", ALGORITHM_VERSION, how, model, learned, chars=12)


def first_captions(lessons: Sequence[Lesson], most: int) -> list[Lesson]:
    """The questions about the first so many captions."""
    names = list(dict.fromkeys(lesson.seed.place for lesson in lessons))[:most]
    return [lesson for lesson in lessons if lesson.seed.place in names]


def encode_lesson(vlm: VLM, files: FrameFiles, lesson: Lesson, *, answered: bool) -> Example:
    """The question with its frames, as tokens, and if it is wanted the answer."""
    shown = files.load(lesson.seed.name) if lesson.ask.shows else None
    answer = lesson.answer if answered else None
    if shown is None:
        return encode(vlm, lesson.ask.prompt, None, answer)
    return encode(vlm, lesson.ask.prompt, shown.frames_NHW3, answer, shown.times_s)


def write_answers(vlm: VLM, questions: Iterable[Example], tokens: Sequence[int], slots: int) -> Iterator[Answer]:
    """What the model answers by itself, in the order of the questions; `tokens` at most each, nothing asked twice, no grammar.

    Written as captioning does, `slots` at a time.
    """
    decoder = Decoder(vlm, slots)
    order: list[Said] = []
    ended: set[Said] = set()
    waiting = zip(questions, tokens, strict=True)
    given = 0
    more = True
    while more or given < len(order):
        while more and decoder.free:
            if (found := next(waiting, None)) is None:
                more = False
            else:
                order.append(said := Said(tokens=found[1]))
                if decoder.add(found[0], said):
                    ended.add(said)
        if decoder.running:
            ended.update(decoder.step())
        while given < len(order) and order[given] in ended:
            yield _answer(vlm, order[given])
            given += 1


def _answer(vlm: VLM, said: Said) -> Answer:
    text = vlm.tokenizer.decode(said.ids, skip_special_tokens=True)
    return Answer(text=text, cut_off=said.cut_off, answer_tokens=len(said.ids), prompt_tokens=said.prompt_tokens)
