"""The page on which clips are marked."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jinja2

from longtake import __version__
from longtake.annotating.queue import Candidate

MARKS = {1: "unusable", 2: "poor", 3: "fair", 4: "good", 5: "ideal"}
"""The scale in words. The paper publishes its ends alone: 1 is unsuitable or rejected, 5 most suitable."""

GUIDANCE = (
    (
        "Dynamic quality",
        (
            "Something moves: the moving area should be more than 30 % of the frame; less loses points.",
            "Camera work by a professional (pan, dolly, tracking shot) loses none.",
            "An amateur's shake loses points.",
        ),
    ),
    (
        "Static quality",
        (
            "The subject is distinct and rich in detail.",
            "The composition is sound, the picture is beautiful.",
            "Colours are vivid and saturated.",
        ),
    ),
    (
        "Naturalness",
        (
            "Unprocessed footage is best.",
            "Effects, transitions, subtitles and logos lose points.",
            "Political, terrorist, violent, gory or disturbing content is rejected: mark it 1.",
        ),
    ),
)
"""What annotators judge by (Koala-36M, section 4.3); no weights are published, one overall mark is given."""

BACK = 100
"""Clips marked before this start that one can go back to; pages stay small however many there are."""


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("longtake.annotating"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def render_page(
    annotator: str, clips: Sequence[Candidate], scores: Mapping[str, float], *, more: int, place: str, nonce: str
) -> str:
    """The whole page: those marked already lead `clips`; `more` clips wait for another start; `place` is the data root.

    It does not say what the network makes of a clip, so that nobody is led.
    """
    marked = sum(candidate.clip.clip_id in scores for candidate in clips)
    first = max(0, marked - BACK)
    state = {
        "earlier": first,
        "more": more,
        "place": place,
        "clips": [_shown(candidate, scores) for candidate in clips[first:]],
    }
    template = _environment().get_template("page.html")
    return template.render(
        annotator=annotator, state=state, marks=MARKS, guidance=GUIDANCE, place=place, nonce=nonce, version=__version__
    )


def _shown(candidate: Candidate, scores: Mapping[str, float]) -> dict[str, Any]:
    clip = candidate.clip
    facts = f"{clip.end_s - clip.start_s:.1f} s · {clip.width}×{clip.height} · {clip.fps:.4g} frames/s"
    return {"id": clip.clip_id, "score": scores.get(clip.clip_id), "width": clip.width, "facts": facts}
