"""What is learned of a caption: the questions that captioning asks, each with the answer that it should have got."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.caption_tuning.seeds import Seed
from longtake.captioning.config import Asking, Rules
from longtake.captioning.dialogue import Ask, describe_ask, merge_ask, part_ask, parts_ask
from longtake.captioning.schema import NAMES
from longtake.errors import UserError
from longtake.records import Split, split_of

Question = Literal["parts", "part", "merge", "describe"]
QUESTIONS: Mapping[str, str] = {
    "parts": "all six parts, as JSON",
    "part": "one part",
    "merge": "the description, from six parts",
    "describe": "the description, from frames",
}
"""What is asked, in words."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One question about one clip, and its answer."""

    seed: Seed
    question: Question
    ask: Ask
    answer: str


def lessons_of(seed: Seed, asking: Asking, rules: Rules) -> list[Lesson]:
    """Of a seed with parts: the parts from the frames, and its text from the parts; of one without: its text from the frames."""
    found: list[tuple[Question, Ask, str]] = []
    if seed.parts is None:
        found.append(("describe", describe_ask(asking, rules), seed.text or ""))
    elif asking.passes == "one":
        found.append(("parts", parts_ask(asking), json.dumps(asdict(seed.parts), ensure_ascii=False)))
    else:
        found += [("part", part_ask(asking, name), getattr(seed.parts, name)) for name in NAMES]
    if seed.parts and seed.text:
        found.append(("merge", merge_ask(asking, rules, seed.parts), seed.text))
    return [Lesson(seed=seed, question=question, ask=ask, answer=answer) for question, ask, answer in found]


def split_seeds(seeds: Iterable[Seed], share: float) -> dict[Split, list[Seed]]:
    """Which captions teach and which judge, by a hash of what they come from. Raises UserError where one side is empty."""
    sides: dict[Split, list[Seed]] = {"train": [], "validation": []}
    for seed in seeds:
        sides[split_of(seed.source, share)].append(seed)
    sources = {seed.source for side in sides.values() for seed in side}
    if not sides["validation"]:
        raise UserError(
            f"none of the {len(sources)} videos and images falls into the held-out share {share:g}, which is drawn by a hash of their "
            f"ids; give more, or a larger share (judging: {{held_out_share: {_least_share(sources):g}}} holds one out)"
        )
    if not sides["train"]:
        raise UserError(
            f"all {len(sources)} videos and images fall into the held-out share {share:g}, and none is left to learn from; give more, or "
            "a smaller share (judging: {held_out_share: ...})"
        )
    return sides


def training_lessons(seeds: Iterable[Seed], config: CaptionTuningConfig) -> list[Lesson]:
    """All that some captions teach, in their order."""
    return [lesson for seed in seeds for lesson in lessons_of(seed, config.asking, config.rules)]


def _least_share(sources: Iterable[str]) -> float:
    """The smallest hundredth with which something is held out."""
    return next(n / 100 for n in range(1, 100) if any(split_of(source, n / 100) == "validation" for source in sources))
