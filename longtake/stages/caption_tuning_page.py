"""The page of a tuning, from what came of it, and the facts that are written into the adapter."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.caption_tuning.frames import FrameFiles
from longtake.caption_tuning.judging import references, summarise
from longtake.caption_tuning.lessons import Lesson
from longtake.caption_tuning.seeds import REASONS, Seed, Seeds
from longtake.captioning.faults import ANSWER_REASONS
from longtake.captioning.schema import NAMES
from longtake.config import dump_config
from longtake.records import Split
from longtake.report.caption_tuning import Compared, Sample, Side, Told, TuningSheet, tuning_sheet
from longtake.video.faults import REASONS as VIDEO_REASONS

if TYPE_CHECKING:
    from longtake.caption_tuning.tuning import Exchange, Tuned


def facts_of(
    tuned: "Tuned", sides: Mapping[Split, Sequence[Seed]], config: CaptionTuningConfig, more: Mapping[str, str]
) -> dict[str, str]:
    """What an adapter says of its making: on what, from what, how good."""
    before, after = (math.nan if loss is None else loss for loss in tuned.held_out_losses)
    steps = tuned.history[-1].number
    return {
        "tuned": f"{config.model}, {steps} steps, held-out loss {before:.3f} to {after:.3f}",
        **more,
        "learned from": f"{len(sides['train'])} captions, {tuned.lessons['train']} questions",
        "judged by": f"{len(sides['validation'])} captions, {tuned.lessons['validation']} questions",
        "config": json.dumps(dump_config(config)),
    }


def tuning_page(
    tuned: "Tuned", seeds: Seeds, sides: Mapping[Split, Sequence[Seed]], frames: FrameFiles, config: CaptionTuningConfig,
    facts: Mapping[str, str],
) -> str:  # fmt: skip
    """The page, which stands alone."""
    before, after = [item.before for item in tuned.exchanges], [item.after for item in tuned.exchanges]
    was, wanted = summarise(before), references(before)
    compared = {
        question: Compared(before=was[question], after=now, words=wanted[question][0], distinct_2=wanted[question][1])
        for question, now in summarise(after).items()
    }
    return tuning_sheet(
        TuningSheet(
            name=tuned.vlm.name, facts=facts, history=tuned.history, compared=compared, learned=tuned.counts, weights=tuned.weights,
            sides=[
                _side("learned from", sides["train"], tuned.lessons["train"]),
                _side("held out", sides["validation"], tuned.lessons["validation"]),
            ],
            left_out=seeds.left_out, sentences=VIDEO_REASONS | ANSWER_REASONS | REASONS,
            samples=_samples(tuned.exchanges, frames, config.judging.shown), too_long=sum(record.too_long for record in tuned.history),
        )
    )  # fmt: skip


def _side(name: str, seeds: Sequence[Seed], lessons: int) -> Side:
    images = sum(seed.kind == "image" for seed in seeds)
    sources = len({seed.source for seed in seeds})
    return Side(name=name, sources=sources, clips=len(seeds) - images, images=images, lessons=lessons)


def _samples(exchanges: "Sequence[Exchange]", frames: FrameFiles, most: int) -> list[Sample]:
    """The first few captions, each with all that was asked about it."""
    samples: dict[str, Sample] = {}
    for exchange in exchanges:
        lesson, before, after = exchange.lesson, exchange.before, exchange.after
        place = lesson.seed.place
        if place not in samples:
            if len(samples) == most:
                break
            strip = base64.b64encode(frames.strip(lesson.seed.name)).decode()
            samples[place] = Sample(name=lesson.seed.source, place=place, kind=lesson.seed.kind, strip=strip, told=[])
        samples[place].told.append(
            Told(
                question=lesson.question, reference=_named(lesson, before.reference, True),
                before=_named(lesson, before.text, before.is_read), before_reason=before.reason or "",
                after=_named(lesson, after.text, after.is_read), after_reason=after.reason or "",
            )
        )  # fmt: skip
    return list(samples.values())


def _named(lesson: Lesson, text: str, is_read: bool) -> str:
    """Six parts with their names."""
    if lesson.question != "parts" or not is_read:
        return text
    return "\n".join(f"{name}: {said}" for name, said in zip(NAMES, text.split("\n"), strict=True))
