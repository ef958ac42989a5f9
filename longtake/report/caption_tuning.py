"""The page of a captioner's tuning: how it learned, and what it writes before and after on captions that it has not seen."""

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from markupsafe import Markup

from longtake.caption_tuning.judging import Figures
from longtake.caption_tuning.lessons import QUESTIONS, Question
from longtake.caption_tuning.seeds import LeftOut
from longtake.caption_tuning.steps import Role, StepRecord
from longtake.report.curves import Axis, Series, chart_svg
from longtake.report.page import render_page
from longtake.report.plots import number

MAX_POINTS = 400
"""Of a curve; of more steps, the mean of every few."""
MAX_LEFT_OUT = 100
"""Captions that are listed by their place."""
MAX_CHARS = 3000
"""Of an answer."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The answers to one kind of question."""

    before: Figures
    after: Figures
    words: float
    """Of the references, mean."""
    distinct_2: float
    """Of the references."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """What was learned from, or held out."""

    name: str
    sources: int
    clips: int
    """Captions of clips."""
    images: int
    """Captions of images."""
    lessons: int
    """Questions about them."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One question about one clip."""

    question: str
    reference: str
    before: str
    before_reason: str
    """Why captioning would turn it down; empty where it would not."""
    after: str
    after_reason: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One held-out caption."""

    name: str
    place: str
    kind: str
    strip: str
    """Base64 of a JPEG."""
    told: list[Told]


@dataclass(frozen=True, kw_only=True)
class TuningSheet:
    """Everything that the page shows."""

    name: str
    """Of the model."""
    facts: Mapping[str, str]
    history: Sequence[StepRecord]
    compared: Mapping[Question, Compared]
    """By question."""
    learned: Mapping[Role, int]
    """Numbers of the model that learned, by its part."""
    weights: int
    """All its numbers."""
    sides: Sequence[Side]
    left_out: Sequence[LeftOut]
    sentences: Mapping[str, str]
    """Of the reasons."""
    samples: Sequence[Sample]
    too_long: int
    """Questions over the limit of tokens, each time that one came."""


def tuning_sheet(sheet: TuningSheet) -> str:
    """The page, which stands alone."""
    losses = [record.held_out_loss for record in sheet.history if record.held_out_loss is not None]
    answers = [item for pair in sheet.compared.values() for item in (pair.before, pair.after)]
    counts = Counter(item.reason for item in sheet.left_out)
    return render_page(
        "caption_tuning.html",
        title="Tuning of a captioner",
        place=sheet.name,
        facts=sheet.facts,
        sheet=sheet,
        loss=_change(losses[0], losses[-1]) if losses else None,
        perplexity=_change(*map(_perplexity, (losses[0], losses[-1]))) if losses else None,
        valid=_change(_valid(answers[::2]), _valid(answers[1::2]), percent=True) if answers else None,
        share=_percent(sum(sheet.learned.values()) / sheet.weights) if sheet.weights else "–",
        steps=sheet.history[-1].number if sheet.history else 0,
        curve=_curve(sheet.history),
        rows=[_row(QUESTIONS.get(name, name), pair) for name, pair in sheet.compared.items()],
        reasons=_reasons(sheet),
        left_out=[(count, reason, sheet.sentences.get(reason, "")) for reason, count in counts.most_common()],
        listed=sheet.left_out[:MAX_LEFT_OUT],
        questions=QUESTIONS,
        said=_said,
    )


def _curve(history: Sequence[StepRecord]) -> Markup:
    learned = [(record.number, record.loss) for record in history if record.loss is not None]
    every = math.ceil(len(learned) / MAX_POINTS) or 1
    parts = [learned[at : at + every] for at in range(0, len(learned), every)]
    means = [(fmean(step for step, _ in part), fmean(loss for _, loss in part)) for part in parts]
    held_out = [(float(record.number), record.held_out_loss) for record in history if record.held_out_loss is not None]
    series = [
        Series(points=means, name=f"learned from, mean of {every} steps" if every > 1 else "learned from", colour="dim"),
        Series(
            points=held_out, name="held out", style="dotted line",
            said=[f"step {step:g}: {number(loss)}" for step, loss in held_out],
        ),
    ]  # fmt: skip
    shown = [one for one in series if one.points]
    xs, ys = ([point[axis] for one in shown for point in one.points] for axis in (0, 1))
    return chart_svg(shown, Axis.over("step", xs), Axis.over("", ys), label="loss by step", width=700, height=240)


def _row(name: str, pair: Compared) -> dict[str, Any]:
    """A line of the table; its cells: before, after, reference."""
    before, after = pair.before, pair.after
    return {
        "name": name,
        "answers": f"{after.answers:,}",
        "cells": [
            (_percent(before.valid_share), _percent(after.valid_share), None),
            (number(before.words), number(after.words), number(pair.words)),
            (_decimals(before.distinct_2), _decimals(after.distinct_2), _decimals(pair.distinct_2)),
            (_decimals(before.rouge_l), _decimals(after.rouge_l), None),
            (_decimals(before.word_f1), _decimals(after.word_f1), None),
        ],
    }


def _reasons(sheet: TuningSheet) -> list[tuple[str, int, int, str]]:
    """Why answers would be turned down: how often before and after."""
    before, after = Counter[str](), Counter[str]()
    for pair in sheet.compared.values():
        before.update(pair.before.reasons)
        after.update(pair.after.reasons)
    names = sorted({*before, *after}, key=lambda name: (-before[name] - after[name], name))
    return [(name, before[name], after[name], sheet.sentences.get(name, "")) for name in names]


def _said(text: str) -> str:
    """A model's words as they can be shown: what is no sign becomes a replacement sign, what goes on for ever is cut."""
    shown = "".join(
        "�" if unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs", "Cn") and sign != "\n" else sign for sign in text
    )
    return shown if len(shown) <= MAX_CHARS else f"{shown[:MAX_CHARS]} …"


def _valid(figures: Sequence[Figures]) -> float:
    answers = sum(item.answers for item in figures)
    return sum(item.valid for item in figures) / answers if answers else math.nan


def _perplexity(loss: float) -> float:
    return math.exp(min(loss, 100.0))


def _change(before: float, after: float, *, percent: bool = False) -> dict[str, str]:
    show = _percent if percent else number
    return {"before": show(before), "after": show(after)}


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"


def _decimals(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
